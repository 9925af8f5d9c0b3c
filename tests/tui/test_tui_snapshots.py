"""What the Monitor looks like, in pictures; everything that is said in words is asserted elsewhere."""

from __future__ import annotations

import pictures as p
import pytest

CASES = {
    "day-80x24": ({}, (80, 24), ()),
    "day-200x60": ({}, (200, 60), ()),
    "night-red-80x24": ({"theme": "night-red"}, (80, 24), ()),
    "mono-ascii-80x24": ({"theme": "mono", "charset": "ascii"}, (80, 24), ()),
    "values-80x24": ({}, (80, 24), ("enter",)),
    "palette-80x24": ({}, (80, 24), ("ctrl+p", "t", "r")),
}


async def settle(pilot):
    app = pilot.app
    await pilot.pause()
    await app.poll()
    await app.workers.wait_for_complete()
    await app.poll()
    await pilot.pause()


@pytest.mark.parametrize("name", CASES)
def test_the_monitor_looks_as_it_did(name, make_app, snap_compare):
    options, size, keys = CASES[name]
    app = make_app(p.FakeRecord(p.good_process(), p.process(), lines=p.log_lines(40)), **options)

    async def prepare(pilot):
        await settle(pilot)
        await pilot.press(*keys)
        await settle(pilot)

    assert snap_compare(app, terminal_size=size, run_before=prepare)
    app.reader.close()


def test_an_empty_night_looks_as_it_did(make_app, snap_compare):
    app = make_app(p.FakeRecord(engine_view=p.engine("idle", queue=0, slots=())))
    assert snap_compare(app, terminal_size=(80, 24), run_before=settle)
    app.reader.close()
