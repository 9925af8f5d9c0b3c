"""All fibres of an exposure at their places: good and bad, by class, or by what they bring."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Final, cast

from textual.binding import Binding

from qltui.instruments.base import resolve
from qltui.instruments.fiber_view import FiberView
from qltui.model import Status
from qltui.tables.fibers import Fibers, FiberShelf
from qltui.tui.fiber_facts import FiberFacts
from qltui.tui.prompt import WordsScreen
from qltui.tui.screens.base import PANE_BINDINGS, PaneRow
from qltui.tui.screens.subject_screen import SubjectScreen
from qltui.tui.text import clean
from qltui.tui.widgets.fiber_map import FiberMap, Shown

if TYPE_CHECKING:
    from qltui.instruments.base import Instrument
    from qltui.store.products import Subject
    from qltui.tui.selection import Selection
    from qltui.tui.widgets.lines import Lines

__all__ = ["FocalPlaneScreen", "fiber_view"]

_FACTS: Final = 46
"""Of the width, at most, for what is said of one fibre [cells]."""


def fiber_view(instrument: Instrument) -> FiberView | None:
    """Return where the instrument keeps its fibres; None where it has none."""
    return cast("FiberView", resolve(instrument.fibers)) if instrument.fibers else None


class FocalPlaneScreen(SubjectScreen):
    """A map of all fibres, and what is known of the one under the cursor."""

    NAME = "focal-plane"
    BINDINGS: ClassVar = [
        *PANE_BINDINGS,
        Binding("m", "shown(1)", "value", id="plane.shown", tooltip="shade by another value; good and bad, classes"),
        Binding("M", "shown(-1)", "value before", id="plane.shown-before", tooltip="the value before", show=False),
        Binding("t", "place", "place", id="plane.place", tooltip="on the focal plane or on the sky"),
        Binding("a", "arm", "arm", id="plane.arm", tooltip="one arm after the other, then all"),
        Binding("n", "bad(1)", "next bad", id="plane.next-bad", tooltip="go to the next fibre that is not good"),
        Binding("p", "bad(-1)", "bad before", id="plane.bad-before", tooltip="go to the one before that is not good"),
        Binding("i", "number", "number", id="plane.number", tooltip="go to a fibre by its number"),
    ]
    FOOTER: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "plane": ("fibers.open", "plane.shown", "plane.place", "plane.arm", "plane.next-bad", "plane.number"),
    }

    def __init__(self) -> None:
        self._view = fiber_view(self.viewer.instrument)
        self._shelf = FiberShelf()
        self._place = 0
        self._kind = 0
        self._arm = ""
        self._wanted: int | None = None
        super().__init__()

    def make_panes(self) -> Sequence[Lines]:
        """Return the map and the facts."""
        self.plane = FiberMap(id="plane")
        self.facts = FiberFacts(self._view, self.viewer.instrument.unit_title, id="facts")
        return (self.plane, self.facts)

    def plan(self, width: int, height: int) -> Sequence[PaneRow]:  # noqa: ARG002
        """Return the map beside the facts."""
        share = min(0.44, _FACTS / width)
        return [PaneRow((("plane", 1.0 - share), ("facts", share)))]

    def heading(self, pane: str) -> str:
        """Return the words above a pane."""
        if pane == "facts":
            return "Fibre"
        shown = self.plane.shown
        where = self.plane.place.title if self.plane.place is not None else ""
        arm = (
            f"{self.viewer.instrument.arm_title} {shown.arm}"
            if shown.arm
            else f"all {self.viewer.instrument.arm_title}s"
        )
        unit = f" [{shown.unit}]" if shown.unit else ""
        return f"Fibres on the {where}  {shown.title}{unit}  {arm}" if where else "Fibres"

    # -- what is read ------------------------------------------------------------------------------------------

    def choose(self, selection: Selection) -> None:
        """Take over arm and fibre that the observer looks at."""
        cameras = {camera.name: camera for camera in self.viewer.instrument.cameras}
        if selection.camera in cameras and selection.process is not None:
            self._arm = cameras[selection.camera].arm
        if selection.element.isdigit():
            self._wanted = int(selection.element[:12])

    def look_at(self) -> Callable[[Subject], Fibers | None]:
        """Read the fibres of all cameras."""
        view, cameras, shelf = self._view, self.viewer.instrument.cameras, self._shelf
        if view is None:
            return lambda _: None
        return lambda subject: shelf.read(subject.paths(view.product), cameras, view)

    def show_detail(self, subject: Subject | None, detail: Fibers | None) -> None:
        """Show the fibres."""
        words = "no exposure was reduced yet" if subject is None else "this instrument has no fibres"
        if subject is not None and detail is not None:
            words = f"{subject.exposure.expid} ({clean(subject.exposure.obstype)}) left no table of fibres"
        self._show(detail, words)
        if self._wanted is not None and self.plane.move_to(self._wanted):
            self._wanted = None

    def _show(self, fibers: Fibers | None, words: str) -> None:
        choices = self._choices(fibers)
        kind = choices[self._kind % len(choices)]
        # One value cannot stand for all arms.
        arm = self._arm or (fibers.arms[0] if fibers is not None and kind.kind not in ("state", "class") else "")
        place = self._view.places[self._place] if self._view is not None else None
        self.plane.show(fibers, place, replace(kind, arm=arm if kind.kind != "class" else ""), words)

    def _choices(self, fibers: Fibers | None) -> list[Shown]:
        """Return what can be shown of these fibres."""
        choices = [Shown(), Shown("class", "classes")]
        if self._view is not None and fibers is not None:
            choices += [
                Shown(value.column, value.title, value.unit, value.format)
                for value in self._view.values
                if value.column in fibers.values
            ]
        return choices

    # -- keys --------------------------------------------------------------------------------------------------

    def on_fiber_map_moved(self, _event: FiberMap.Moved) -> None:
        """Say what is known of the fibre under the cursor."""
        self.facts.show(self.plane.fibers, self.plane.index)
        if self.is_current:
            self.draw_frame()

    def on_fiber_map_chosen(self, _event: FiberMap.Chosen) -> None:
        """Show the spectrum of the fibre."""
        fibers, index = self.plane.fibers, self.plane.index
        if fibers is None or index is None:
            return
        unit, arm = str(fibers.unit[index]), self._arm or fibers.arms[0]
        cameras = self.viewer.instrument.cameras
        name = next((camera.name for camera in cameras if camera.unit == unit and camera.arm == arm), "")
        number = str(int(fibers.number[index]))
        self.viewer.go("spectra", replace(self.viewer.selection, camera=name, element=number))

    def _again(self) -> None:
        self._show(self.plane.fibers, self.plane.words)
        self.draw_frame()

    def action_shown(self, by: int) -> None:
        """Show another value of each fibre."""
        self._kind = (self._kind + by) % len(self._choices(self.plane.fibers))
        self._again()

    def action_place(self) -> None:
        """Show the fibres at their other places."""
        if self._view is not None:
            self._place = (self._place + 1) % len(self._view.places)
            self._again()

    def action_arm(self) -> None:
        """Show one arm after the other, then all."""
        arms = ["", *dict.fromkeys(camera.arm for camera in self.viewer.instrument.cameras)]
        self._arm = arms[(arms.index(self._arm) + 1) % len(arms)]
        self._again()

    def action_bad(self, by: int) -> None:
        """Go to the next fibre that is not good."""
        fibers, index = self.plane.fibers, self.plane.index
        if fibers is None or index is None:
            return
        bad = [i for i, status in enumerate(fibers.statuses(self._arm)) if status in (Status.WARNING, Status.ALARM)]
        if not bad:
            self.say("no fibre is known to be bad")
            return
        after = [i for i in bad if (i > index if by > 0 else i < index)]
        chosen = (after[0] if by > 0 else after[-1]) if after else (bad[0] if by > 0 else bad[-1])
        self.plane.move_to(int(fibers.number[chosen]))

    def action_number(self) -> None:
        """Ask for the number of a fibre."""

        def take(words: str | None) -> None:
            digits = (words or "").strip()
            if digits.isascii() and digits.isdigit() and self.plane.move_to(int(digits[:12])):
                return
            if digits:
                self.say(f"no fibre {clean(digits)}", "warn")

        self.app.push_screen(WordsScreen("fibre "), take)
