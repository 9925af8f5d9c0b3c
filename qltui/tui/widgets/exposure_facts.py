"""What surrounds the numbers of an exposure: who reduced it when, how long it took, with what; what was said."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from qltui.instruments.base import Instrument
from qltui.store.views import ProcessView
from qltui.tables.cells import step_view
from qltui.tables.exposure import utc_text
from qltui.tables.wording import in_words_of, program_text
from qltui.tui.text import Line, cells, clean, wrap
from qltui.tui.words import duration, night_date, span

if TYPE_CHECKING:
    from qltui.store.details import ExposureDetails, JobRow

__all__ = ["fact_lines", "local_time", "process_words"]

_NAME: Final = 13
"""Cells of the names at the left."""

_SHOWN_NOTES: Final = 6


def local_time(seconds: float | None, timezone: str) -> str:
    """Return hour and minute at the observatory, ``"20:40"``; empty where there is no time."""
    if seconds is None:
        return ""
    try:
        return datetime.fromtimestamp(seconds, UTC).astimezone(ZoneInfo(timezone)).strftime("%H:%M")
    except (ValueError, OverflowError, OSError):
        return ""


def _fact(name: str, words: str, width: int, role: str = "text") -> list[Line]:
    """Return a name and words beside it, on as many lines as they need; nothing without words."""
    words, room = clean(words), max(10, width - _NAME - 2)
    # Breaking lines takes away the blanks that align what fits.
    parts = [words] if cells(words) <= room else wrap(words, room)
    return [
        ((f" {name if not index else '':<{_NAME}}", "dim"), (part, role)) for index, part in enumerate(parts) if part
    ]


def process_words(process: ProcessView) -> str:
    """Return what started a process and when it ended, in a few words."""
    who = f" by {process.who}" if process.who else ""
    words = [f"{process.trigger}{who}", process.state]
    if process.started is not None and process.ended is not None:
        words.append(f"took {span(process.ended - process.started)}")
    if process.shutter_closed is not None and process.ended is not None:
        late = process.ended - process.shutter_closed
        # After a day that is no waiting time any more: it was reduced again.
        if 0 <= late < 86400:
            words.append(f"{duration(late)} after the shutter closed")
    return ", ".join(words)


def _exposure_facts(process: ProcessView, instrument: Instrument, width: int) -> list[Line]:
    exposure = process.exposure
    facts = [f"night {night_date(exposure.night)}", exposure.obstype, program_text(exposure.program)]
    facts += [in_words_of(f"tile {exposure.tile}", instrument)] if exposure.tile is not None else []
    facts += [f"{exposure.exptime:g} s"] if exposure.exptime is not None else []
    facts += [f"airmass {exposure.airmass:.2f}"] if exposure.airmass is not None else []
    facts += [f'seeing {exposure.seeing:.2f}"'] if exposure.seeing is not None else []
    lines = _fact("exposure", f"{exposure.expid}  " + "  ".join(fact for fact in facts if fact), width, "strong")
    if exposure.object:
        lines += _fact("object", exposure.object, width)
    if process.shutter_closed is not None:
        began = process.shutter_closed - (exposure.exptime or 0.0)
        local = local_time(process.shutter_closed, instrument.timezone)
        words = f"{utc_text(began)} to {utc_text(process.shutter_closed)[-8:]} UTC, closed {local} local time"
        lines += _fact("shutter", words, width)
    for problem in exposure.problems:
        lines += _fact("problem", problem, width, "warn")
    return lines


def _run_facts(process: ProcessView, count: int, width: int) -> list[Line]:
    which = f"{process.number}" if count < 2 else f"{process.number}, one of {count}"
    lines = _fact("process", f"{which}: {process_words(process)}", width)
    began = f"begun {utc_text(process.started)} UTC" if process.started is not None else "not begun"
    lines += _fact("", f"queued {utc_text(process.queued)} UTC, {began}", width, "dim")
    lines += _fact("settings", process.configuration or "not recorded", width)
    lines += _fact("limits", process.limit_set or "not recorded", width)
    return lines + _fact("code", process.code_version or "not recorded", width)


def _times(process: ProcessView, instrument: Instrument, jobs: Sequence[JobRow], width: int) -> list[Line]:
    lines: list[Line] = []
    for index, step in enumerate(instrument.steps_for(process.exposure.obstype)):
        views = {camera: step_view(process, camera, step.name) for camera in process.cameras}
        took = {camera: view.seconds for camera, view in views.items() if view is not None and view.seconds is not None}
        if not took:
            continue
        slowest = max(took, key=lambda camera: took[camera])
        words = f"{step.title:<16} median {span(statistics.median(took.values()))}, {slowest} {span(took[slowest])}"
        lines += _fact("times" if not index else "", words, width)
    known = {job.camera: job.seconds for job in jobs if job.seconds is not None}
    if known:
        slowest = max(known, key=lambda camera: known[camera])
        words = f"median {span(statistics.median(known.values()))}, {slowest} {span(known[slowest])}"
        lines += _fact("", f"{'whole camera':<16} {words}", width)
    again = [f"{job.camera} attempt {job.attempt}" for job in jobs if job.attempt > 1]
    return lines + (_fact("again", ", ".join(again), width, "warn") if again else [])


def _said(details: ExposureDetails, width: int) -> list[Line]:
    """Return flag and comments, the newest comment first."""
    lines: list[Line] = []
    if details.flag is not None:
        flag = details.flag
        reason = f": {flag.reason}" if flag.reason else ""
        words = f"{flag.value}{reason}  ({flag.author}, {utc_text(flag.time)} UTC)"
        lines += _fact("flag", words, width, "strong" if flag.value == "good" else "warn")
    for index, comment in enumerate(reversed(details.comments)):
        about = f", process {comment.process}" if comment.process is not None else ""
        edited = ", edited" if comment.edited is not None else ""
        words = f"{comment.text}  ({comment.author}, {utc_text(comment.created)} UTC{about}{edited})"
        lines += _fact("comments" if not index else "", words, width)
    return lines


def _used(process: ProcessView, camera: str, jobs: Sequence[JobRow], width: int) -> list[Line]:
    """Return what the camera under the cursor was calibrated with, and what its recipe noted."""
    view = process.cameras.get(camera)
    lines: list[Line] = []
    if view is not None and view.calibrations:
        longest = max(cells(clean(kind)) for kind in view.calibrations)
        for index, (kind, path) in enumerate(sorted(view.calibrations.items())):
            words = f"{clean(kind):<{longest}}  {clean(path)}"
            lines += _fact(f"{camera} used" if not index else "", words, width)
    found = next((job.notes for job in jobs if job.camera == camera), ())
    for index, note in enumerate(found[:_SHOWN_NOTES]):
        lines += _fact(f"{camera} notes" if not index else "", note, width)
    return lines


def fact_lines(
    process: ProcessView, details: ExposureDetails, instrument: Instrument, camera: str, width: int
) -> list[Line]:
    """Return everything about an exposure and its process but the values; what `camera` used stands at the end."""
    return [
        *_exposure_facts(process, instrument, width),
        *_said(details, width),
        *_run_facts(process, len(details.processes), width),
        *_times(process, instrument, details.jobs, width),
        *_used(process, camera, details.jobs, width),
        *_fact("raw file", process.exposure.path, width, "dim"),
    ]
