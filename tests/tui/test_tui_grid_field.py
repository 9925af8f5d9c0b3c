"""A step that is done for the whole field is one cell of the grid."""

from __future__ import annotations

from qltui.instruments.base import get_instrument
from qltui.tui.widgets.grid_layout import Place, arrange_grid, move

DECAM = get_instrument("decam")
STEPS = DECAM.steps_for("SCIENCE")
LAST = next(step.name for step in STEPS if not step.of_field and step is STEPS[-2])
FIELD_STEP = STEPS[-1].name


def test_arrows_go_to_the_field_and_back():
    layout = arrange_grid(DECAM, STEPS, 190, 20)
    assert STEPS[-1].of_field
    camera = layout.cameras[layout.arms[0], layout.units[-1]]
    field = Place("FIELD", FIELD_STEP)
    assert move(layout, Place(camera, LAST), 1, 0) == field
    assert move(layout, field, 1, 0) == field
    assert move(layout, field, -1, 0) == Place(camera, LAST)


def test_the_field_needs_no_columns_of_its_own():
    layout = arrange_grid(DECAM, STEPS, 130, 20)
    block = next(block for block in layout.blocks if block.step.of_field)
    assert block.column == 3
    assert block.x + len(block.step.title) <= 130


def test_below_the_last_row_lies_the_field_where_blocks_lie_below_one_another():
    layout = arrange_grid(DECAM, STEPS, 46, 40)
    camera = layout.cameras[layout.arms[-1], layout.units[4]]
    assert move(layout, Place(camera, LAST), 0, 1) == Place("FIELD", FIELD_STEP)
    assert move(layout, Place("FIELD", FIELD_STEP), 0, -1).step == LAST
