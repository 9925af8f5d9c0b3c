"""The two lines on top: which exposure, and what is happening to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from qltui.instruments.base import Instrument
from qltui.model import Exposure, Status
from qltui.store.views import EngineView, MonitorView, ProcessView
from qltui.tables.wording import program_text
from qltui.tui.health import Health
from qltui.tui.symbols import STATUS_MARKS, Charset
from qltui.tui.text import Line, beside, clean, fit, join, line_width
from qltui.tui.widgets.lines import Lines
from qltui.tui.words import duration, night_date, plural, span

__all__ = ["StatusBar", "StatusPicture", "activity", "identity", "status_lines"]

_LATE = 3600.0
"""From this age on the time since the shutter closed says nothing about the reduction [s]."""

_TRIGGERS: Final = {"NEW": "so far", "BACKLOG": "from the backlog", "REPROCESS": "again"}

_ENGINE: Final = {"dead": Status.ALARM, "troubled": Status.ALARM, "stale": Status.WARNING}


@dataclass(frozen=True, slots=True)
class StatusPicture:
    """What the status bar shows.

    Attributes
    ----------
    view : MonitorView
        The record's picture.
    health : Health
        Of the engine.
    now : float
        Time of the drawing [s since 1970].
    looking_back : bool
        Whether an older exposure is shown than the latest.
    error : str
        Why the record could not be read; empty where it could.
    notes : tuple of Line
        What stands at the upper right: alarms, mode, observer.
    """

    view: MonitorView
    health: Health
    now: float
    looking_back: bool = False
    error: str = ""
    notes: tuple[Line, ...] = ()


def identity(exposure: Exposure, width: int, title: str, tile: str) -> Line:
    """Return the line that says which exposure this is."""
    kind = " ".join(part for part in (clean(exposure.obstype), clean(program_text(exposure.program))) if part)
    parts: list[Line] = [
        (("exp ", "dim"), (str(exposure.expid), "strong"), (f"  {kind}", "text")),
        ((f"{tile} ", "dim"), (str(exposure.tile), "text")) if exposure.tile is not None else (),
        ((f"{exposure.exptime:.0f} s", "text"),) if exposure.exptime is not None else (),
        (("MJD ", "dim"), (f"{exposure.mjd:.3f}", "text")) if exposure.mjd is not None else (),
        (("airmass ", "dim"), (f"{exposure.airmass:.2f}", "text")) if exposure.airmass is not None else (),
        (("seeing ", "dim"), (f'{exposure.seeing:.2f}"', "text")) if exposure.seeing is not None else (),
        (("revision ", "dim"), (str(exposure.revision), "text")) if exposure.revision > 1 else (),
        ((clean(exposure.object)[:40], "text"),) if exposure.object else (),
    ]
    head: Line = ((f" {title} ", "strong"), (night_date(exposure.night), "text"))
    return (*head, ("   ", ""), *beside(parts, width - line_width(head) - 3))


def _bar(fraction: float, width: int) -> Line:
    """Return a progress bar with a resolution of half a cell."""
    halves = round(max(0.0, min(1.0, fraction)) * width * 2)
    full, half = divmod(halves, 2)
    return (("━" * full + "╸" * half, "active"), ("─" * (width - full - half), "rule"))


def _steps_done(process: ProcessView, instrument: Instrument) -> float:
    """Return which fraction of all cells of the grid has come to an end."""
    done = total = 0
    for camera in process.cameras.values():
        if camera.status is Status.NOT_EXPECTED:
            continue
        steps = len(instrument.steps_of(process.exposure.obstype, camera.camera))
        total += steps
        done += steps if camera.status.is_final else sum(step.status.is_final for step in camera.steps)
    return done / total if total else 0.0


def _shutter(process: ProcessView, now: float) -> float | None:
    """Return when the shutter closed, or None where that says nothing about the reduction: long ago, or done again."""
    since = process.shutter_closed
    return since if since is not None and process.trigger == "NEW" and 0 <= now - since < _LATE else None


def _reducing(process: ProcessView, instrument: Instrument, now: float, mark: str, room: int) -> Line:
    """Return the progress of a process that runs."""
    head: Line = (
        (f"{mark} ", "active"),
        (f"reducing {process.done}/{process.expected}", "text"),
    )
    since = _shutter(process, now)
    if since is not None:
        tail: Line = ((duration(now - since), "strong"), (" since shutter", "text"))
    elif process.started is not None:
        tail = ((duration(now - process.started), "strong"), (f" {_TRIGGERS.get(process.trigger, '')}", "text"))
    else:
        tail = ()
    length = min(60, room - line_width(head) - line_width(tail) - 3)
    bar = (_bar(_steps_done(process, instrument), length),) if length >= 5 else ()
    return (*join([head, *bar], " "), ("  ", ""), *tail)


def _finished(process: ProcessView, charset: Charset) -> Line:
    """Return what became of the process on the screen, in a few words."""
    if process.state == "done":
        took = ""
        if process.ended is not None:
            since = _shutter(process, process.ended)
            if since is not None:
                took = f" {span(process.ended - since)} after shutter"
            elif process.started is not None:
                took = f" in {span(process.ended - process.started)}"
        return ((f"{charset.mark(Status.NOT_CHECKED)} done{took}", "text"),)
    if process.state == "waiting":
        return ((f"{charset.mark(Status.WAITING)} waits for its turn", "text"),)
    status = Status.FAILED if process.state == "failed" else Status.CANCELLED
    return ((f"{charset.mark(status)} {process.state}", STATUS_MARKS[status].role),)


def activity(picture: StatusPicture, instrument: Instrument, charset: Charset, room: int) -> Line:
    """Return what is happening, or why nothing is, in at most `room` cells."""
    health, process, engine = picture.health, picture.view.process, picture.view.engine
    if picture.error:
        return ((f"{charset.mark(Status.FAILED)} ", "bad"), (clean(picture.error), "warn"))
    if not health.is_alive:
        status = _ENGINE.get(health.kind, Status.NOT_CHECKED)
        role = STATUS_MARKS[status].role
        words = ((f"{charset.mark(status)} ", role), (health.words, "strong"))
        return (*words, (f"   {health.action}", "text")) if health.action else words
    if engine.state == "compiling":
        return _compiling(engine, charset)
    if process is not None and process.state == "running":
        return _reducing(process, instrument, picture.now, charset.mark(Status.RUNNING), room)
    if engine.state in ("paused", "stopping"):
        detail = f": {clean(engine.detail)}" if engine.detail else ""
        words_of = {"paused": "the engine is paused, new exposures wait", "stopping": "the engine is stopping"}
        return ((f"{charset.mark(Status.CANCELLED)} ", "odd"), (words_of[engine.state] + detail, "strong"))
    if process is None:
        return ((f"{charset.mark(Status.NOT_CHECKED)} waiting for the first exposure", "text"),)
    return _finished(process, charset)


def _compiling(engine: EngineView, charset: Charset) -> Line:
    words = clean(engine.detail) or "compiling the numerical kernels, once after installation: about 10 s"
    return ((f"{charset.mark(Status.RUNNING)} ", "active"), (words, "text"))


def _counts(picture: StatusPicture) -> list[Line]:
    """Return queue, incomplete files and disk, as far as there is something to say."""
    view, engine = picture.view, picture.view.engine
    parts: list[Line] = []
    others = [number for number in view.running if view.process is None or number != view.process.number]
    if picture.looking_back:
        parts.append((("looking back", "active"), (" l latest", "dim")))
    elif others:
        parts.append(((f"+{len(others)} running", "active"),))
    if engine.incomplete:
        parts.append(((f"{plural(engine.incomplete, 'file')} incomplete", "warn"),))
    if engine.queue or picture.health.is_alive:
        parts.append((("queue ", "dim"), (str(engine.queue), "text")))
    if engine.disk_used is not None:
        used = engine.disk_used
        # By the levels of the site, which the engine has judged by.
        level = next((disk.level for disk in engine.disks if "state" in disk.of), "")
        role = {"alarm": "bad", "warning": "warn"}.get(level, "text")
        note = " full" if level else ""
        parts.append((("disk ", "dim"), (f"{used * 100:.0f} %{note}", role)))
    return parts


def status_lines(picture: StatusPicture, instrument: Instrument, charset: Charset, width: int) -> list[Line]:
    """Return the two lines of the status bar."""
    process = picture.view.process
    notes = beside(picture.notes, width // 4)
    if process is None:
        night = night_date(picture.view.night) if picture.view.night else "no night yet"
        first: Line = ((f" {instrument.title} ", "strong"), (night, "text"), ("   no exposure yet", "dim"))
    else:
        room = width - (line_width(notes) + 3 if notes else 0)
        first = identity(process.exposure, room, instrument.title, instrument.tile_title)
    if notes:
        first = (*fit(first, width - line_width(notes) - 1), *notes, (" ", ""))
    counts = _counts(picture)
    right = beside(counts, max(0, width // 2 - 2))
    room = width - line_width(right) - 5
    left = activity(picture, instrument, charset, room)
    if picture.error or not picture.health.is_alive:
        # What is wrong comes before how much disk there is.
        right = beside(counts, max(0, width - line_width(left) - 5))
    gap = width - line_width(left) - line_width(right) - 2
    if gap < 2:
        return [first, ((" ", ""), *left)]
    return [first, ((" ", ""), *left, (" " * gap, ""), *right)]


class StatusBar(Lines):
    """The status lines; `show` gives them a new picture."""

    def __init__(self, instrument: Instrument, picture: StatusPicture) -> None:
        super().__init__(id="status")
        self._instrument = instrument
        self.picture = picture

    def show(self, picture: StatusPicture) -> None:
        """Show another picture."""
        self.picture = picture
        self.redraw()

    def draw(self, width: int, height: int) -> Sequence[Line]:  # noqa: ARG002
        """Return the two lines."""
        return status_lines(self.picture, self._instrument, self.charset, width)

    def tick(self, now: float, health: Health) -> None:
        """Let the clock move on."""
        self.show(replace(self.picture, now=now, health=health))
