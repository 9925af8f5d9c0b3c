"""Text files of the engine: their end, their levels, and nothing that is no ordinary file."""

from __future__ import annotations

import os

import pytest

from qltui.store.log_pages import LogChoice, LogRow
from qltui.tables import log_files
from qltui.tables.log import log_table, log_text
from qltui.tables.log_files import file_page
from qltui.tables.writers import to_csv

LINES = """\
2026-11-23 03:34:38,128 INFO    MainProcess qltui.engine.recorder: Exposure 3579 ended
2026-11-23 03:34:39,128 WARNING MainProcess qltui.engine.recorder: b3 is noisy
Traceback (most recent call last):
2026-11-23 03:34:40,128 ERROR   MainProcess qltui.engine.slots: \x1b[31mr5 was killed
"""


@pytest.fixture
def state(tmp_path):
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "engine.log").write_text(LINES)
    (logs / "worker-0.log").write_text("")
    (logs / "notes.txt").write_text("not a log")
    (logs / "link.log").symlink_to("/etc/passwd")
    return tmp_path


def test_only_ordinary_logs_are_listed(state):
    assert log_files.log_files(state) == ("engine.log", "worker-0.log")
    assert log_files.log_files(state / "nowhere") == ()
    assert log_files.log_files(None) == ()


def test_levels_and_times_are_read(state):
    page = file_page(state, "engine.log", LogChoice())
    assert [row.level for row in page.rows] == ["info", "warning", "info", "error"]
    assert page.rows[1].time - page.rows[0].time == 1.0
    assert page.rows[2].time == page.rows[1].time
    assert page.begins
    assert page.ends


@pytest.mark.parametrize(
    ("choice", "count"),
    [
        (LogChoice(level="warning"), 2),
        (LogChoice(camera="b3"), 1),
        (LogChoice(expid=3579), 1),
        (LogChoice(words="KILLED r5"), 1),
        (LogChoice(words="nothing of it"), 0),
    ],
)
def test_filters(state, choice, count):
    assert len(file_page(state, "engine.log", choice).rows) == count


def test_of_a_long_file_the_end_is_read_from_a_whole_line_on(state, monkeypatch):
    monkeypatch.setattr(log_files, "MOST_BYTES", 100)
    page = file_page(state, "engine.log", LogChoice())
    assert [row.level for row in page.rows] == ["error"]
    assert not page.begins


def test_pipes_links_and_paths_are_refused(state):
    os.mkfifo(state / "logs" / "pipe.log")
    for name in ("pipe.log", "link.log", "../../etc/passwd"):
        with pytest.raises(OSError):
            file_page(state, name, LogChoice())


def test_a_line_as_text_and_as_table():
    row = LogRow(7, 1569981600.0, "alarm", "b3 noisy", 3579, "b3", 6)
    assert log_text(row) == "2019-10-02 02:00:00  ALARM 3579 b3 noisy"
    text = to_csv(log_table([row]))
    assert text.splitlines()[1] == "2019-10-02 02:00:00,alarm,3579,b3,6,b3 noisy,7"
    assert log_text(LogRow(8, 1e30, "info", "x")).startswith("?")
