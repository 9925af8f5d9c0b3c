"""The bell: once for each exposure and cause that calls for somebody."""

from __future__ import annotations

import dataclasses

import pictures as p
import pytest

from qltui.model import Status
from qltui.store.errors import StoreError
from qltui.store.views import AlarmView, DiskView
from qltui.tui.bell import BELL_KEY, AlarmBell, hear
from qltui.tui.memory import Memory
from qltui.tui.source import NothingYet, Reader


def alarm(number, cause="b3 noise", expid=3579, status=Status.ALARM):
    return AlarmView(number, float(number), expid, status, cause)


def test_the_first_look_is_silent_and_a_new_cause_rings():
    rings, heard = hear(None, [alarm(1)])
    assert not rings
    rings, heard = hear(heard, [alarm(1)])
    assert not rings
    rings, heard = hear(heard, [alarm(2, "r5 traces"), alarm(1)])
    assert rings
    rings, heard = hear(heard, [alarm(3, expid=3580), alarm(2, "r5 traces")])
    assert rings


def test_a_cause_that_comes_again_after_it_was_acknowledged_is_not_new():
    _, heard = hear(None, [])
    rings, heard = hear(heard, [alarm(1)])
    assert rings
    rings, heard = hear(heard, [])
    assert not rings
    rings, heard = hear(heard, [alarm(9)])
    assert not rings


def test_only_the_levels_that_are_wanted_ring():
    _, heard = hear(None, [])
    missing = alarm(1, "z8 missing", status=Status.MISSING)
    assert not hear(heard, [missing])[0]
    assert hear(heard, [missing], (Status.ALARM, Status.MISSING))[0]


def test_a_disk_that_is_full_rings_and_again_after_it_was_cleared():
    full = DiskView(("state",), "/state", used=0.99, free=1e7, size=1e9, level="alarm")
    filling = dataclasses.replace(full, used=0.85, level="warning")
    _, heard = hear(None, [], disks=[filling])
    rings, heard = hear(heard, [], disks=[full])
    assert rings
    rings, heard = hear(heard, [], disks=[full])
    assert not rings
    rings, heard = hear(heard, [], disks=[filling])
    assert not rings
    assert hear(heard, [], disks=[full])[0]
    assert not hear(None, [], disks=[full])[0]


@pytest.fixture
def listening():
    record = p.FakeRecord()
    reader = Reader(lambda: record)
    yield record, reader
    reader.close()


async def test_it_listens_where_the_record_has_changed(listening):
    record, reader = listening
    rung = []
    bell = AlarmBell(Memory())
    ring = lambda: rung.append(1)  # noqa: E731
    assert not await bell.listen(reader, ring)
    record.open_alarms = [alarm(1)]
    assert not await bell.listen(reader, ring)
    record.number += 1
    assert await bell.listen(reader, ring)
    record.number += 1
    assert not await bell.listen(reader, ring)
    assert rung == [1]


async def test_it_can_be_switched_off_and_what_came_meanwhile_is_not_made_up_for(listening):
    record, reader = listening
    memory = Memory()
    bell = AlarmBell(memory)
    rung = []
    await bell.listen(reader, lambda: rung.append(1))
    assert not bell.toggle()
    assert memory.get(BELL_KEY, True) is False
    record.open_alarms = [alarm(1)]
    record.number += 1
    await bell.listen(reader, lambda: rung.append(1))
    assert bell.toggle()
    record.number += 1
    await bell.listen(reader, lambda: rung.append(1))
    assert rung == []


def test_the_site_says_whether_it_is_on_at_first():
    assert AlarmBell(Memory()).is_on
    assert not AlarmBell(Memory(), is_on=False).is_on


async def test_a_record_that_fails_or_is_not_there_is_silent(listening):
    record, reader = listening
    record.fault = StoreError("locked")
    assert not await AlarmBell(Memory()).listen(reader, lambda: pytest.fail("rang"))
    nothing = Reader(NothingYet)
    assert not await AlarmBell(Memory()).listen(nothing, lambda: pytest.fail("rang"))
    nothing.close()
