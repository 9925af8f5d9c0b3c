"""Spectra of fibres over all arms, several of them overlaid, with the known lines of sky or lamps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from textual.binding import Binding

from qltui.instruments.base import resolve
from qltui.model import Status
from qltui.tables.fibers import Fibers, FiberShelf
from qltui.tables.spectra import MOST_FIBERS, Spectrum, read_spectra, spectrum_table
from qltui.tui import charts
from qltui.tui.fiber_facts import FiberFacts
from qltui.tui.prompt import WordsScreen
from qltui.tui.screens.base import PANE_BINDINGS, PaneRow
from qltui.tui.screens.focal_plane import fiber_view
from qltui.tui.screens.subject_screen import SubjectScreen
from qltui.tui.spectrum_chart import Y_RANGES, SpectrumLook, spectrum_spec, zoomed
from qltui.tui.text import Line, clean
from qltui.tui.widgets.chart_pane import ChartPane

if TYPE_CHECKING:
    from qltui.instruments.fiber_view import MarkedLine
    from qltui.store.products import Subject
    from qltui.tui.selection import Selection
    from qltui.tui.widgets.lines import Lines

__all__ = ["SpectraScreen"]

_WIDE: Final = 120


class SpectrumPane(ChartPane):
    """A chart of spectra; what is saved is the spectra themselves."""

    def __init__(self, *, id: str) -> None:  # noqa: A002
        super().__init__(id=id, empty="no spectrum yet")
        self.spectra: tuple[Spectrum, ...] = ()

    def save(self, directory: Path, suffix: str = ".csv") -> Path:
        """Write the spectra that are shown, with their errors, and return the name of the file.

        Raises
        ------
        ValueError
            Where there is none.
        """
        from qltui.tables.writers import write_table

        if not self.spectra:
            msg = "there is no spectrum"
            raise ValueError(msg)
        numbers = "-".join(str(number) for number in dict.fromkeys(item.fiber for item in self.spectra))
        return write_table(spectrum_table(self.spectra), directory / f"spectra-{numbers}{suffix}")


@dataclass(frozen=True, slots=True)
class _Detail:
    fibers: Fibers
    number: int | None
    spectra: tuple[Spectrum, ...]
    lines: tuple[MarkedLine, ...]
    problems: tuple[str, ...]


class SpectraScreen(SubjectScreen):
    """The spectrum of one fibre, with those that were pinned laid over it."""

    NAME = "spectra"
    BINDINGS: ClassVar = [
        *PANE_BINDINGS,
        Binding("n,down", "fiber(1)", "next", id="spectra.next", tooltip="go to the next fibre of this kind"),
        Binding("p,up", "fiber(-1)", "before", id="spectra.before", tooltip="go to the fibre before, of this kind"),
        Binding("f", "kind", "kind", id="spectra.kind", tooltip="step through all fibres, bad ones, or one class"),
        Binding("i", "number", "number", id="spectra.number", tooltip="go to a fibre by its number"),
        Binding("space", "pin", "overlay", id="spectra.pin", tooltip="keep this fibre while others are shown, or not"),
        Binding("u", "unpin", "clear", id="spectra.unpin", tooltip="lay no other fibre over this one"),
        Binding("a", "arm", "arm", id="spectra.arm", tooltip="all arms, or one after the other"),
        Binding("plus,equals_sign,z", "zoom(0.5)", "zoom", id="spectra.zoom-in", tooltip="half the wavelengths"),
        Binding("minus,Z", "zoom(2)", "zoom out", id="spectra.zoom-out", tooltip="twice the wavelengths"),
        Binding("left", "pan(-0.25)", "bluer", id="spectra.left", tooltip="to shorter wavelengths", show=False),
        Binding("right", "pan(0.25)", "redder", id="spectra.right", tooltip="to longer wavelengths", show=False),
        Binding("home", "whole", "whole", id="spectra.whole", tooltip="show all wavelengths", show=False),
        Binding("v", "values", "y range", id="spectra.values", tooltip="take in all values, 99 % or 95 % of them"),
        Binding("s", "lines", "lines", id="spectra.lines", tooltip="mark the known lines of sky or lamps, or not"),
        Binding("W", "save_ecsv", "save ECSV", id="spectra.save-ecsv", tooltip="write the spectra with units, as ECSV"),
        Binding("m", "plane", "focal plane", id="spectra.plane", tooltip="show this fibre on the focal plane"),
    ]
    FOOTER: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "spectrum": (
            *("spectra.next", "spectra.kind", "spectra.number", "spectra.pin", "spectra.arm", "spectra.zoom-in"),
            *("spectra.values", "pane.save"),
        ),
    }

    def __init__(self) -> None:
        self._view = fiber_view(self.viewer.instrument)
        self._shelf = FiberShelf()
        self._number: int | None = None
        self._camera = ""
        self._pinned: tuple[int, ...] = ()
        self._kind = ""
        self._seen_as = SpectrumLook()
        self._detail: _Detail | None = None
        super().__init__()

    def make_panes(self) -> Sequence[Lines]:
        """Return the chart and the facts."""
        self.spectrum = SpectrumPane(id="spectrum")
        self.facts = FiberFacts(self._view, self.viewer.instrument.unit_title, id="facts")
        return (self.spectrum, self.facts)

    def plan(self, width: int, height: int) -> Sequence[PaneRow]:  # noqa: ARG002
        """Return the chart, beside the facts where there is room."""
        if width >= _WIDE:
            return [PaneRow((("spectrum", 1.0), ("facts", 0.33)))]
        return [PaneRow((("spectrum", 1.0),))]

    def heading(self, pane: str) -> str:
        """Return the words above a pane."""
        if pane == "facts":
            return "Fibre"
        detail = self._detail
        if detail is None or detail.number is None:
            return "Spectra"
        index = detail.fibers.index(detail.number) or 0
        group = clean(str(detail.fibers.group[index])) or "no class"
        arm = f"  {self._seen_as.arm} alone" if self._seen_as.arm else ""
        kind = f"  stepping through {self._kind}" if self._kind else ""
        problem = f"  {clean(detail.problems[0])}" if detail.problems else ""
        return f"Fibre {detail.number}  {group}{arm}{kind}{problem}"

    # -- what is read ------------------------------------------------------------------------------------------

    def choose(self, selection: Selection) -> None:
        """Open at the fibre or the camera that the observer looks at."""
        if selection.element.isascii() and selection.element.isdigit():
            self._number = int(selection.element[:12])
        elif selection.camera and selection.camera != self._camera:
            self._number = None
        self._camera = selection.camera

    def look_at(self) -> Callable[[Subject], _Detail | None]:
        """Read the fibres of all cameras, and the spectra of those that are chosen."""
        view, instrument, shelf = self._view, self.viewer.instrument, self._shelf
        number, pinned, camera = self._number, self._pinned, self._camera
        if view is None:
            return lambda _: None

        def read(subject: Subject) -> _Detail:
            charts.load()
            fibers = shelf.read(subject.paths(view.product), instrument.cameras, view)
            chosen = number if number is not None else _first(fibers, camera, instrument.cameras)
            wanted = list(dict.fromkeys([*([chosen] if chosen is not None else []), *pinned]))
            spectra, problems = read_spectra(wanted, fibers, subject.paths(view.spectra), instrument.cameras, view)
            lines = resolve(view.lines)(subject.exposure.obstype) if view.lines else ()
            return _Detail(fibers, chosen, spectra, tuple(lines), problems)

        return read

    def show_detail(self, subject: Subject | None, detail: _Detail | None) -> None:
        """Show the spectra."""
        self._detail = detail
        if detail is not None:
            self._number = detail.number
            element = "" if detail.number is None else str(detail.number)
            self.viewer.selection = replace(self.viewer.selection, element=element)
        words = "no exposure was reduced yet" if subject is None else "this instrument has no fibres"
        if subject is not None and detail is not None:
            why = "; ".join(detail.problems) or "it left none"
            words = f"no spectrum of exposure {subject.exposure.expid} ({clean(subject.exposure.obstype)}): {why}"
        self._draw(words)

    def _draw(self, words: str = "") -> None:
        detail = self._detail
        index = None
        if detail is not None and detail.number is not None:
            index = detail.fibers.index(detail.number)
        self.facts.show(detail.fibers if detail is not None else None, index)
        spectra = detail.spectra if detail is not None else ()
        lines = detail.lines if detail is not None else ()
        self.spectrum.spectra = spectra
        columns = max(40, self.spectrum.size.width - 12) * self.viewer.charset.columns
        self.spectrum.show(spectrum_spec(spectra, self._seen_as, lines, columns), "spectra", words)
        self.draw_frame()

    # -- keys --------------------------------------------------------------------------------------------------

    def _go_to(self, number: int) -> None:
        self._number = number
        self.ask_again()

    def _kinds(self) -> list[str]:
        """Return what one can step through: all, bad fibres, each class."""
        groups = self._detail.fibers.group.tolist() if self._detail is not None else []
        return ["", "bad", *sorted({name for group in groups for name in group.split("+") if name})]

    def _of_kind(self, fibers: Fibers) -> list[int]:
        """Return the numbers of the fibres of the kind that one steps through."""
        numbers = [int(number) for number in fibers.number]
        if not self._kind:
            return numbers
        if self._kind == "bad":
            statuses = fibers.statuses(self._seen_as.arm)
            return [n for n, status in zip(numbers, statuses, strict=True) if status in (Status.ALARM, Status.WARNING)]
        groups = fibers.group.tolist()
        return [n for n, group in zip(numbers, groups, strict=True) if self._kind in group.split("+")]

    def action_fiber(self, by: int) -> None:
        """Go to the next fibre of the kind that one steps through."""
        detail = self._detail
        if detail is None or detail.number is None:
            return
        numbers = self._of_kind(detail.fibers)
        here = self._number if self._number is not None else detail.number
        after = [number for number in numbers if (number > here if by > 0 else number < here)]
        if after:
            self._go_to(after[0] if by > 0 else after[-1])
        else:
            self.say(f"no {'next' if by > 0 else 'earlier'} fibre{f' of kind {self._kind}' if self._kind else ''}")

    def action_kind(self) -> None:
        """Step through another kind of fibres."""
        kinds = self._kinds()
        self._kind = kinds[(kinds.index(self._kind) + 1) % len(kinds)] if self._kind in kinds else ""
        self.draw_frame()

    def action_number(self) -> None:
        """Ask for the number of a fibre."""

        def take(words: str | None) -> None:
            digits = (words or "").strip()
            if not digits or self._detail is None:
                return
            known = digits.isascii() and digits.isdigit() and self._detail.fibers.index(int(digits[:12])) is not None
            if known:
                self._go_to(int(digits))
            else:
                self.say(f"no fibre {clean(digits)}", "warn")

        self.app.push_screen(WordsScreen("fibre "), take)

    def action_pin(self) -> None:
        """Keep this fibre while others are shown, or let it go."""
        number = self._number
        if number is None:
            return
        if number in self._pinned:
            self._pinned = tuple(other for other in self._pinned if other != number)
            self.say(f"fibre {number} is not kept any more")
        elif len(self._pinned) >= MOST_FIBERS - 1:
            self.say(f"at most {MOST_FIBERS} fibres are laid over each other: u lets them go", "warn")
        else:
            self._pinned = (*self._pinned, number)
            self.say(f"fibre {number} stays while you go to others")

    def action_unpin(self) -> None:
        """Let all fibres go but this one."""
        self._pinned = ()
        self.ask_again()

    def _set_look(self, look: SpectrumLook) -> None:
        self._seen_as = look
        self._draw()

    def action_arm(self) -> None:
        """Show all arms, or one after the other."""
        arms = ["", *dict.fromkeys(camera.arm for camera in self.viewer.instrument.cameras)]
        self._set_look(replace(self._seen_as, arm=arms[(arms.index(self._seen_as.arm) + 1) % len(arms)], x_range=None))

    def _seen(self) -> list[Spectrum]:
        return [item for item in self.spectrum.spectra if self._seen_as.arm in ("", item.arm)]

    def action_zoom(self, factor: float) -> None:
        """Show fewer or more wavelengths."""
        self._set_look(zoomed(self._seen_as, self._seen(), factor))

    def action_pan(self, shift: float) -> None:
        """Go to shorter or longer wavelengths."""
        self._set_look(zoomed(self._seen_as, self._seen(), 1.0, shift))

    def action_whole(self) -> None:
        """Show all wavelengths."""
        self._set_look(replace(self._seen_as, x_range=None))

    def action_values(self) -> None:
        """Take in all values, or most of them."""
        after = Y_RANGES[(Y_RANGES.index(self._seen_as.y_range) + 1) % len(Y_RANGES)]
        self._set_look(replace(self._seen_as, y_range=after))

    def action_lines(self) -> None:
        """Mark known lines, or not."""
        self._set_look(replace(self._seen_as, lines=not self._seen_as.lines))

    def action_save_ecsv(self) -> None:
        """Write the spectra as ECSV."""
        self.run_worker(self._save(lambda directory: self.spectrum.save(directory, ".ecsv")), group="save")

    def action_plane(self) -> None:
        """Show the fibre on the focal plane."""
        self.viewer.go("focal-plane", self.viewer.selection)

    def head(self) -> Line:
        """Return the exposure, and which fibres are kept."""
        kept = f"  kept {', '.join(map(str, self._pinned))}" if self._pinned else ""
        return (*super().head(), (kept, "dim")) if kept else super().head()


def _first(fibers: Fibers, camera: str, cameras: Sequence[object]) -> int | None:
    """Return the first fibre of a camera, or of all; None where there is none."""
    unit = next((str(getattr(item, "unit", "")) for item in cameras if getattr(item, "name", "") == camera), "")
    for number, name in zip(fibers.number.tolist(), fibers.unit.tolist(), strict=True):
        if not unit or name == unit:
            return int(number)
    return None
