"""A step that is done for the whole field is one cell of the grid."""

from __future__ import annotations

import pytest

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


def test_all_steps_fit_below_one_row_of_names():
    layout = arrange_grid(DECAM, STEPS, 46, 10)
    assert [block.step for block in layout.blocks] == list(STEPS)
    assert (layout.height, layout.hidden_before, layout.hidden_after) == (9, 0, 0)
    assert layout.header_at(layout.blocks[0]) == (layout.blocks[0].x, 0)
    assert layout.header_at(layout.blocks[1]) is None
    assert layout.title_at(layout.blocks[-1]) == (layout.blocks[-1].x + 3, 8)
    rows = [layout.position(block, arm, 0)[1] for block in layout.blocks[:-1] for arm in (0, 1)]
    assert rows == [2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("height", [4, 5, 6, 7, 8])
def test_where_there_is_less_room_the_page_has_the_step_under_the_cursor(height):
    layout = arrange_grid(DECAM, STEPS, 46, height, LAST)
    assert LAST in [block.step.name for block in layout.blocks]
    assert layout.height <= height
    assert layout.hidden_before + len(layout.blocks) + layout.hidden_after == len(STEPS)
