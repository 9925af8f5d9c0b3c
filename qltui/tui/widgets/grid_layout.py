"""Where the cells of the step grid lie: pure arithmetic, for any instrument and any size of terminal."""

from __future__ import annotations

from dataclasses import dataclass

from qltui.instruments.base import Instrument, StepDefinition

__all__ = ["Block", "GridLayout", "Place", "arrange_grid", "move"]


_GAP = 2
"""Between cells and the title behind them."""


@dataclass(frozen=True, slots=True)
class Place:
    """A cell of the grid: a camera's name and a step's."""

    camera: str
    step: str


@dataclass(frozen=True, slots=True)
class Block:
    """One step's cells.

    Attributes
    ----------
    step : StepDefinition
        The step.
    x, y : int
        Upper left corner of its title, in cells of the pane.
    column, row : int
        Which block it is from the left and from the top.
    """

    step: StepDefinition
    x: int
    y: int
    column: int
    row: int


@dataclass(frozen=True, slots=True)
class GridLayout:
    """The grid as it fits into a pane.

    Attributes
    ----------
    arms, units : tuple of str
        Rows and columns of every block.
    cameras : mapping of (arm, unit) to name
        The cameras there are.
    steps : tuple of StepDefinition
        All steps of the exposure, those that are not visible too.
    blocks : tuple of Block
        The blocks that fit.
    pitch : int
        Cells from one camera to the next.
    header_rows : int
        Rows that the names of the units take, written downwards.
    hidden_before, hidden_after : int
        Steps that do not fit.
    height : int
        Rows in use.
    field : str
        Name of what stands for all cameras together: the one cell of the steps that are done for the whole field.
    titles_beside : bool
        Whether the names of the units stand once on top, and the title of each step behind its cells.
    """

    arms: tuple[str, ...]
    units: tuple[str, ...]
    cameras: dict[tuple[str, str], str]
    steps: tuple[StepDefinition, ...]
    blocks: tuple[Block, ...]
    pitch: int
    header_rows: int
    hidden_before: int
    hidden_after: int
    height: int
    field: str = ""
    titles_beside: bool = False

    def position(self, block: Block, arm: int, unit: int) -> tuple[int, int]:
        """Return column and row of a cell of the pane."""
        above = 0 if self.titles_beside else 1 + self.header_rows
        return block.x + unit * self.pitch, block.y + above + arm

    def title_at(self, block: Block) -> tuple[int, int]:
        """Return column and row of a step's title."""
        if not self.titles_beside:
            return block.x, block.y
        cells = 1 if block.step.of_field else (len(self.units) - 1) * self.pitch + 1
        return block.x + cells + _GAP, block.y

    def header_at(self, block: Block) -> tuple[int, int] | None:
        """Return column and row of the names of a step's units; None where they stand on top of another step."""
        if self.titles_beside:
            return (block.x, 0) if block.row == 0 else None
        return block.x, block.y + 1


def label_width(arms: tuple[str, ...]) -> int:
    """Return the cells to the left of the first block: blanks, the name of the arm, blanks."""
    return max((len(arm) for arm in arms), default=0) + 4


def _block_width(step: StepDefinition, units: int, pitch: int) -> int:
    return len(step.title) if step.of_field else max(len(step.title), (units - 1) * pitch + 1)


def _spread(steps: tuple[StepDefinition, ...], units: int, room: int, *, air: bool) -> tuple[int, int, int]:
    """Return how many blocks fit side by side, their pitch, and the gap between them."""
    for count in range(len(steps), 0, -1):
        for pitch, gap in (((2, 4), (2, 2)) if air else ()) + ((1, 3), (1, 2), (1, 1)):
            widest = max(
                sum(_block_width(step, units, pitch) for step in steps[start : start + count])
                for start in range(len(steps) - count + 1)
            )
            if widest + gap * (count - 1) <= room:
                return count, pitch, gap
    return 1, 1, 1


def arrange_grid(
    instrument: Instrument, steps: tuple[StepDefinition, ...], width: int, height: int, first: str = ""
) -> GridLayout:
    """Return a layout of the grid in `width` x `height` cells.

    Blocks stand side by side as far as they fit, then below one another; of what is left over, the page with the
    step called `first` is shown.
    """
    arms = tuple(dict.fromkeys(camera.arm for camera in instrument.cameras))
    units = tuple(dict.fromkeys(camera.unit for camera in instrument.cameras))
    cameras = {(camera.arm, camera.unit): camera.name for camera in instrument.cameras}
    header = min(2, max((len(unit) for unit in units), default=1))
    left = label_width(arms)
    if not steps:
        return GridLayout(arms, units, cameras, steps, (), 1, header, 0, 0, 0)
    across, pitch, gap = _spread(steps, len(units), width - left - 1, air=width >= 66)
    field = instrument.field_camera.name if instrument.field_camera is not None else ""
    if across == 1 < len(steps) and _has_room_beside(steps, len(units), width - left):
        blocks = _stacked(steps, left, header, len(arms), height, first)
        start = steps.index(blocks[0].step)
        used = blocks[-1].y + (1 if blocks[-1].step.of_field else len(arms))
        hidden = len(steps) - start - len(blocks)
        return GridLayout(
            arms, units, cameras, steps, blocks, 1, header, start, hidden, used, field, titles_beside=True
        )
    block_height = 1 + header + len(arms)
    down = max(1, (height + 1) // (block_height + 1)) if across < len(steps) else 1
    page = across * down
    wanted = next((index for index, step in enumerate(steps) if step.name == first), 0)
    start = min(wanted // page * page, max(0, len(steps) - 1))
    shown = steps[start : start + page]
    found = []
    x = left
    for index, step in enumerate(shown):
        column, row = index % across, index // across
        x = left if column == 0 else x
        found.append(Block(step, x, row * (block_height + 1), column, row))
        x += _block_width(step, len(units), pitch) + gap
    used = (found[-1].row + 1) * (block_height + 1) - 1
    hidden = len(steps) - start - len(shown)
    return GridLayout(arms, units, cameras, steps, tuple(found), pitch, header, start, hidden, used, field)


def _has_room_beside(steps: tuple[StepDefinition, ...], units: int, room: int) -> bool:
    """Return whether the title of each step fits behind its cells."""
    return all((1 if step.of_field else units) + _GAP + len(step.title) <= room for step in steps)


def _stacked(
    steps: tuple[StepDefinition, ...], left: int, header: int, arms: int, height: int, first: str
) -> tuple[Block, ...]:
    """Return blocks below one another under one row of names: half as high as with names above each of them."""
    whole = sum(1 if step.of_field else arms for step in steps) <= height - header
    page = len(steps) if whole else max(1, (height - header) // arms)
    wanted = next((index for index, step in enumerate(steps) if step.name == first), 0)
    start = wanted // page * page
    blocks, y = [], header
    for row, step in enumerate(steps[start : start + page]):
        blocks.append(Block(step, left, y, 0, row))
        y += 1 if step.of_field else arms
    return tuple(blocks)


def _extent(layout: GridLayout, step: int) -> tuple[int, int]:
    """Return rows and columns of a step's block; one cell where it is done for the whole field."""
    return (1, 1) if layout.steps[step].of_field else (len(layout.arms), len(layout.units))


def move(layout: GridLayout, place: Place, dx: int, dy: int) -> Place:
    """Return the cell next to `place`; beyond the edge of a step lies the next step.

    Places without a camera are skipped; where nothing lies in that direction, `place` is returned.
    """
    found = {name: key for key, name in layout.cameras.items()}
    step = next((index for index, item in enumerate(layout.steps) if item.name == place.step), 0)
    if not layout.steps or (place.camera not in found and not layout.steps[step].of_field):
        return place
    names = found.get(place.camera, (layout.arms[0], layout.units[0]))
    arm, unit = (layout.arms.index(names[0]), layout.units.index(names[1]))
    if layout.steps[step].of_field:
        arm, unit = 0, 0
    across = max((block.column for block in layout.blocks), default=0) + 1
    for _ in range(len(layout.arms) * len(layout.units) * len(layout.steps)):
        unit, arm = unit + dx, arm + dy
        beside = not 0 <= unit < _extent(layout, step)[1]
        beyond = not 0 <= arm < _extent(layout, step)[0]
        step += dx * beside + dy * across * beyond
        if not 0 <= step < len(layout.steps):
            return place
        arms, units = _extent(layout, step)
        unit = (0 if dx > 0 else units - 1) if beside else min(unit, units - 1)
        arm = (0 if dy > 0 else arms - 1) if beyond else min(arm, arms - 1)
        if layout.steps[step].of_field:
            return Place(layout.field, layout.steps[step].name)
        name = layout.cameras.get((layout.arms[arm], layout.units[unit]))
        if name is not None:
            return Place(name, layout.steps[step].name)
    return place
