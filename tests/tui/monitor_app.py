"""The Monitor on a hand-made record: preparation of the tests of its keys and of its looks."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pictures as p
import pytest
from pressing import settle

__all__ = ["monitor", "night", "whole"]


def night():
    return p.FakeRecord(p.good_process(), p.process(), lines=p.log_lines(40))


def whole(app):
    """What stands on the screen, as text."""
    return "\n".join("".join(segment.text for segment in line) for line in app.screen._compositor.render_strips())


@pytest.fixture
def monitor(make_app):
    """Return a context manager: an app with its pilot, after the first look."""

    @asynccontextmanager
    async def start(record=None, size=(80, 24), **options):
        app = make_app(record if record is not None else night(), **options)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await settle(app, pilot)
            yield app, pilot
        app.reader.close()

    return start
