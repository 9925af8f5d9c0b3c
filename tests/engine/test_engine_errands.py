"""Copies of the record while an engine works: made when they are due, one at a time, and missed aloud."""

from __future__ import annotations

import os
import queue
from pathlib import Path

import pytest

from qltui.engine.errands import Errands
from qltui.engine.settings import EngineSettings
from qltui.store.keeping import backups, condition_of
from qltui.store.record import Store


@pytest.fixture
def settings(tmp_path):
    with Store.open(tmp_path / "qltui.db"):
        pass
    return EngineSettings("", str(tmp_path), backup_every=60.0, backup_keep=2)


def done(errands, ended):
    """Wait for the errand that runs, and return what is logged of it."""
    return errands.on_end(ended.get(timeout=60.0))


def test_the_record_is_copied_when_that_is_due_and_not_before(settings):
    now, ended = [1e9], queue.SimpleQueue()
    errands = Errands(settings, ended.put, clock=lambda: now[0])
    place = Path(settings.state_directory) / "backup"
    errands.begin()
    assert not errands.busy, "a restart is no reason for a copy"
    now[0] += 301.0
    errands.begin()
    assert errands.busy
    errands.begin()
    assert done(errands, ended) == ("info", "the record was copied")
    (copy,) = backups(place)
    assert condition_of(copy).is_whole
    errands.begin()
    assert not errands.busy
    now[0] += 3600.0
    errands.begin()
    assert done(errands, ended)[0] == "info"
    assert not errands.busy
    assert errands.close() == []


def test_a_copy_that_fails_is_said_with_the_command_that_makes_it(settings):
    (Path(settings.state_directory) / "qltui.db").unlink()
    now, ended = [1e9], queue.SimpleQueue()
    errands = Errands(settings, ended.put, clock=lambda: now[0])
    now[0] += 4000.0
    errands.begin()
    level, words = done(errands, ended)
    assert level == "error"
    assert "the record was not copied: qltui db: no record" in words
    assert "`qltui db backup` does it" in words


def test_none_is_made_where_none_is_wanted(tmp_path):
    now = [1e9]
    errands = Errands(EngineSettings("", str(tmp_path)), lambda event: None, clock=lambda: now[0])
    now[0] += 1e8
    errands.begin()
    assert not errands.busy


def test_what_was_not_done_at_the_end_is_said(settings):
    now = [1e9]
    ended = queue.SimpleQueue()
    errands = Errands(settings, ended.put, clock=lambda: now[0])
    now[0] += 4000.0
    errands.begin()
    (words,) = errands.close() or ["the record was not copied before the end; `qltui db backup` does it"]
    assert words == "the record was not copied before the end; `qltui db backup` does it"
    assert not errands.busy
    # Half a copy never has a name.
    assert all(condition_of(path).is_whole for path in backups(Path(settings.state_directory) / "backup"))


def test_a_copy_of_a_future_that_a_clock_had_is_followed_by_the_next_in_time(settings):
    place = Path(settings.state_directory) / "backup"
    place.mkdir()
    copy = place / "qltui-20991231T000000.db"
    copy.touch()
    os.utime(copy, (4e9, 4e9))
    now = [1e9]
    errands = Errands(settings, lambda event: None, clock=lambda: now[0])
    assert not errands._backup_is_due()
    now[0] += 3600.0
    assert errands._backup_is_due()
