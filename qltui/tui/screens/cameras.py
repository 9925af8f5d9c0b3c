"""Which cameras are reduced: chosen on the focal plane, by name or by chance, and what the engine really uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual.binding import Binding

from qltui.tui.camera_map import MapPicture, cameras_word, groups_of
from qltui.tui.prompt import ChoiceScreen, WordsScreen
from qltui.tui.screens.base import PANE_BINDINGS, PaneRow, PaneScreen
from qltui.tui.screens.cameras_question import CamerasAnswer, arguments_of, ask_cameras, facts, names_table
from qltui.tui.text import Line, clean
from qltui.tui.widgets.camera_map import CameraMap
from qltui.tui.widgets.drawn import Drawn
from qltui.tui.widgets.table import TableView

if TYPE_CHECKING:
    from qltui.store.selections import CameraSelection
    from qltui.tui.widgets.lines import Lines

__all__ = ["CamerasScreen"]

_FACTS: Final = 5
_NAMES: Final = 22
"""Of the width for the names [cells]; more where there is room."""


class CamerasScreen(PaneScreen):
    """A map with a tick for each camera, the names that selections have, and what the engine uses now."""

    NAME = "cameras"
    BINDINGS: ClassVar = [
        *PANE_BINDINGS,
        Binding(
            "p", "preset(1)", "next preset", id="cameras.preset", tooltip="tick the next selection that has a name"
        ),
        Binding("P", "preset(-1)", "preset before", id="cameras.preset-before", show=False, tooltip="the one before"),
        Binding("n", "random", "random", id="cameras.random", tooltip="tick so many at random; the seed is shown"),
        Binding("a", "all", "all", id="cameras.all", tooltip="tick all cameras"),
        Binding("o", "none", "none", id="cameras.none", tooltip="take all ticks away"),
        Binding("i", "invert", "invert", id="cameras.invert", tooltip="tick those that are not ticked"),
        Binding("u", "used", "as used", id="cameras.used", tooltip="tick what the engine uses now"),
        Binding("S", "keep", "keep", id="cameras.keep", tooltip="keep what is ticked under a name"),
        Binding("D", "delete", "delete", id="cameras.delete", tooltip="forget the selection under the cursor; asks"),
    ]
    FOOTER: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "map": ("camera-map.toggle", "camera-map.ask", "cameras.preset", "cameras.random", "cameras.all",
                "cameras.none", "cameras.keep"),
        "names": ("table.open", "cameras.keep", "cameras.delete"),
    }  # fmt: skip

    def __init__(self) -> None:
        self._answer: CamerasAnswer | None = None
        self._choice: CameraSelection | None = None
        super().__init__()
        self._groups = groups_of(self.viewer.instrument)

    # -- panes -------------------------------------------------------------------------------------------------

    def make_panes(self) -> Sequence[Lines]:
        """Return map, names and facts."""
        self.map = CameraMap(self.viewer.instrument, id="map")
        self.names = TableView(id="names", empty="nothing has a name")
        self.facts = Drawn(id="facts")
        return (self.map, self.names, self.facts)

    def plan(self, width: int, height: int) -> Sequence[PaneRow]:  # noqa: ARG002
        """Return the map beside the names, above the facts."""
        share = min(0.28, max(0.2, _NAMES / width))
        return [PaneRow((("map", 1.0 - share), ("names", share))), PaneRow((("facts", 1.0),), height=_FACTS)]

    def heading(self, pane: str) -> str:
        """Return the words above a pane."""
        if pane == "map":
            return "Focal plane" if self.viewer.instrument.rows else "Cameras"
        return "Names" if pane == "names" else "Selection"

    def head(self) -> Line:
        """Return how many are selected."""
        if self._choice is None or self._answer is None:
            return ()
        count = sum(name not in self._answer.off for name in self._choice.cameras)
        return ((f"{count} {cameras_word(self.viewer.instrument)} selected", "text"),)

    # -- what is read ------------------------------------------------------------------------------------------

    def question(self) -> Any:
        """Ask which cameras are used, which selections there are, and what was reduced last."""
        return ask_cameras(self.viewer.instrument, frozenset(self._own_off()))

    def _own_off(self) -> Sequence[str]:
        config = self.viewer.config
        return config.cameras.off if config is not None else ()

    @property
    def _off(self) -> frozenset[str]:
        """What is switched off, as the engine says."""
        return self._answer.off if self._answer is not None else frozenset(self._own_off())

    def show(self, answer: CamerasAnswer | None) -> None:
        """Show what is used; what is ticked stays until it is asked for or taken back."""
        if answer is None:
            self.facts.show(lambda _width, _charset: [(("  no record yet", "dim"),)])
            return
        before, self._answer = self._answer, answer
        if self._choice is None or (before is not None and self._choice == before.used):
            self._choice = answer.used
        self.names.show(names_table(answer))
        self._draw()

    def _draw(self) -> None:
        answer, choice = self._answer, self._choice
        if answer is None or choice is None:
            return
        cursor = self.map.cursor
        self.map.show(
            MapPicture(
                frozenset(choice.cameras),
                frozenset(answer.used.cameras) - answer.off,
                answer.off,
                answer.statuses,
                self._groups,
                cursor,
            )
        )
        lines = facts(choice, answer, self.viewer.instrument, cursor, self._groups)
        self.facts.show(lambda _width, _charset: lines)
        self._show_head()

    # -- ticking -----------------------------------------------------------------------------------------------

    def _choose(self, cameras: Sequence[str]) -> None:
        """Tick these, in the order of the instrument."""
        from qltui.store.selections import CameraSelection

        wanted = frozenset(cameras)
        names = tuple(camera.name for camera in self.viewer.instrument.cameras if camera.name in wanted)
        self._choice = CameraSelection("as chosen", names)
        self._draw()

    def _take_named(self, name: str) -> None:
        if self._answer is not None and name in self._answer.named:
            self._choice = self._answer.named[name]
            self._draw()

    def on_camera_map_moved(self, _event: CameraMap.Moved) -> None:
        """Say what is under the cursor."""
        self._draw()

    def on_camera_map_toggled(self, event: CameraMap.Toggled) -> None:
        """Tick a camera, or take its tick away."""
        if self._choice is not None:
            self._choose(tuple(frozenset(self._choice.cameras) ^ {event.camera}))

    async def on_camera_map_asked(self, _event: CameraMap.Asked) -> None:
        """Ask the engine to use what is ticked."""
        if self._answer is None or self._choice is None:
            return
        if not self._choice.cameras:
            self.say("at least one has to be selected", "warn")
            return
        await self.request("select_cameras", arguments_of(self._choice, self._answer))

    def on_table_view_chosen(self, event: TableView.Chosen) -> None:
        """Tick what has this name."""
        self._take_named(str(event.key))
        self.focus_pane("map")

    # -- keys --------------------------------------------------------------------------------------------------

    def action_preset(self, by: int) -> None:
        """Tick the next selection that has a name."""
        if self._answer is None or self._choice is None:
            return
        names = [item.name for item in (*self._answer.presets, *self._answer.saved)]
        at = names.index(self._choice.name) if self._choice.name in names else (-1 if by > 0 else 0)
        self._take_named(names[(at + by) % len(names)])

    def action_all(self) -> None:
        """Tick all cameras."""
        self._take_named("All")

    def action_none(self) -> None:
        """Take all ticks away."""
        self._choose(())

    def action_invert(self) -> None:
        """Tick those that are not ticked."""
        if self._choice is not None:
            chosen = frozenset(self._choice.cameras)
            names = [camera.name for camera in self.viewer.instrument.cameras]
            self._choose([name for name in names if name not in chosen])

    def action_used(self) -> None:
        """Tick what the engine uses now."""
        if self._answer is not None:
            self._choice = self._answer.used
            self._draw()

    def action_random(self) -> None:
        """Ask how many, and choose them by chance."""

        def typed(words: str | None) -> None:
            from qltui.store.selections import make_selection

            text = (words or "").split()
            if not text:
                return
            if len(text) > 2 or not all(item.isascii() and item.isdigit() and len(item) < 10 for item in text):
                self.say("how many, and if you like the seed: 10 or 10 42", "warn")
                return
            arguments = {"random": int(text[0])} | ({"seed": int(text[1])} if len(text) > 1 else {})
            try:
                self._choice = make_selection(self.viewer.instrument, arguments, off=self._off)
            except ValueError as error:
                self.say(clean(str(error)), "warn")
                return
            self._draw()

        self.app.push_screen(WordsScreen("how many at random, and the seed: ", "10"), typed)

    def action_keep(self) -> None:
        """Ask for a name and keep what is ticked under it."""
        choice = self._choice
        if choice is None or not choice.cameras:
            self.say("at least one has to be selected", "warn")
            return

        async def typed(words: str | None) -> None:
            name = " ".join((words or "").split())
            if name:
                await self.request("save_selection", {"name": name, "cameras": list(choice.cameras)})

        self.app.push_screen(WordsScreen("keep as: "), typed)

    def action_delete(self) -> None:
        """Forget the selection under the cursor of the names."""
        name = str(self.names.cursor_key)
        if self._answer is None or all(item.name != name for item in self._answer.saved):
            self.say(f"{clean(name)} was not saved by an observer and stays")
            return

        async def answered(key: str | None) -> None:
            if key is not None:
                await self.request("delete_selection", {"name": name})

        self.app.push_screen(ChoiceScreen(f"Forget {name}?", [("y", "yes")]), answered)
