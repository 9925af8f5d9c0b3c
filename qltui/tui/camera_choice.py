"""The choice of cameras: a map of the instrument in the last lines, by arms and units."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from qltui.instruments.base import Instrument
from qltui.tui.prompt import TypingScreen
from qltui.tui.symbols import Charset
from qltui.tui.text import Line, clean
from qltui.tui.widgets.lines import Lines
from qltui.tui.widgets.rule import Heading, rule_line

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.events import Key

__all__ = ["CamerasScreen", "choice_lines", "neighbour_camera"]

_ARROWS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}


def _axes(instrument: Instrument) -> tuple[list[str], list[str], dict[tuple[str, str], str]]:
    """Return arms, units, and the camera of each pair of them."""
    arms = list(dict.fromkeys(camera.arm for camera in instrument.cameras))
    units = list(dict.fromkeys(camera.unit for camera in instrument.cameras))
    return arms, units, {(camera.arm, camera.unit): camera.name for camera in instrument.cameras}


def neighbour_camera(instrument: Instrument, name: str, dx: int, dy: int) -> str:
    """Return the next camera in a direction; places without one are skipped, at the edge it stays."""
    arms, units, names = _axes(instrument)
    camera = instrument.camera(name)
    arm, unit = arms.index(camera.arm) + dy, units.index(camera.unit) + dx
    while 0 <= arm < len(arms) and 0 <= unit < len(units):
        found = names.get((arms[arm], units[unit]))
        if found is not None:
            return found
        arm, unit = arm + dy, unit + dx
    return name


def choice_lines(
    instrument: Instrument, chosen: Collection[str], cursor: str, question: str, width: int, charset: Charset
) -> list[Line]:
    """Return the map: a tick for each camera that is chosen, the cursor on one of them, and the keys."""
    arms, units, names = _axes(instrument)
    left = max(len(arm) for arm in arms) + 3
    pitch = max(1, min(3, (width - left - 1) // len(units)))
    tick = "x" if charset.ascii else "✔"
    count = f"{len(chosen)} of {len(instrument.cameras)}"
    lines: list[Line] = [rule_line([Heading(0, f"{clean(question)}: {count} cameras", focused=True)], width)]
    for row in range(max(len(unit) for unit in units)):
        # Long names of units are written downwards.
        heads = "".join(f"{unit[row : row + 1]:<{pitch}}" for unit in units)
        lines.append(((" " * left, ""), (heads, "title")))
    for arm in arms:
        line: Line = ((f" {arm:<{left - 1}}", "title"),)
        for unit in units:
            name = names.get((arm, unit))
            mark = " " if name is None else tick if name in chosen else "·"
            role = ("strong" if name in chosen else "dim") + ("+cursor" if name == cursor else "")
            line = (*line, (mark, role), (" " * (pitch - 1), ""))
        lines.append(line)
    keys = (
        ("space", "this one"), ("a", "all"), ("n", "none"), ("i", "the others"), ("r", instrument.arm_title),
        ("c", instrument.unit_title), ("enter", "go"), ("esc", "back"),
    )  # fmt: skip
    return [*lines, tuple(run for key, words in keys for run in ((f" {key}", "key"), (f" {words} ", "text")))]


class _Map(Lines):
    """The map in the last lines."""

    def __init__(self, screen: CamerasScreen) -> None:
        super().__init__(classes="last-lines")
        self._chooser = screen

    def _all(self, width: int) -> list[Line]:
        chooser = self._chooser
        return choice_lines(
            chooser.instrument, chooser.chosen, chooser.cursor, chooser.question, width, self.app.charset
        )

    def get_content_height(self, container: object, viewport: object, width: int) -> int:  # noqa: ARG002
        """Return how many rows the map needs."""
        return len(self._all(width))

    def draw(self, width: int, height: int) -> Sequence[Line]:  # noqa: ARG002
        """Return the map."""
        return self._all(width)


class CamerasScreen(TypingScreen[tuple[str, ...] | None]):
    """Asks for cameras; answers with their names in the order of the instrument, with none where esc was pressed.

    Parameters
    ----------
    instrument : Instrument
        Whose cameras there are.
    question : str
        What they are chosen for.
    chosen : iterable of str
        Those that are chosen at first.
    """

    def __init__(self, instrument: Instrument, question: str, chosen: Iterable[str] = ()) -> None:
        super().__init__()
        self.instrument = instrument
        self.question = question
        known = {camera.name for camera in instrument.cameras}
        self.chosen: frozenset[str] = frozenset(chosen) & known
        self.cursor = instrument.cameras[0].name

    def compose(self) -> ComposeResult:
        """Put the map in the last lines."""
        yield _Map(self)

    def take_key(self, event: Key) -> None:
        """Move, choose, take or go back."""
        if event.key in ("escape", "ctrl+c") or event.character == "q":
            self.dismiss(None)
        elif event.key == "enter":
            if self.chosen:
                self.dismiss(tuple(camera.name for camera in self.instrument.cameras if camera.name in self.chosen))
        elif event.key in _ARROWS:
            self.cursor = neighbour_camera(self.instrument, self.cursor, *_ARROWS[event.key])
            self.show()
        else:
            self._choose(event.key if event.key == "space" else event.character or "")
            self.show()

    def _choose(self, key: str) -> None:
        every = frozenset(camera.name for camera in self.instrument.cameras)
        here = self.instrument.camera(self.cursor)
        if key == "space":
            self.chosen = self.chosen ^ {self.cursor}
        elif key == "a":
            self.chosen = every
        elif key == "n":
            self.chosen = frozenset()
        elif key == "i":
            self.chosen = every - self.chosen
        elif key in ("r", "c"):
            kind = "arm" if key == "r" else "unit"
            row = {item.name for item in self.instrument.cameras if getattr(item, kind) == getattr(here, kind)}
            # A row that is chosen already is taken back whole.
            self.chosen = self.chosen - row if row <= self.chosen else self.chosen | row
