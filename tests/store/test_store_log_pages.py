"""The log in pages: nothing is told twice, nothing is left out, whatever is filtered."""

from __future__ import annotations

import pytest

from qltui.store import log_pages
from qltui.store.log_pages import LogChoice
from qltui.store.record import Store


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "qltui.db") as opened:
        with opened.transaction():
            for number in range(1, 1201):
                level = "alarm" if number % 100 == 0 else "warning" if number % 10 == 0 else "info"
                camera = f"b{number % 3}" if number % 2 else ""
                opened.log(level, f"line {number} 50% done", 3500 + number // 400, camera, now=1000.0 + number)
        yield opened


def numbers(page):
    return [int(row.text.split()[1]) for row in page.rows]


def test_paging_back_and_forth_finds_every_line_once(store):
    page = store.ask(log_pages.newest, LogChoice(), 500)
    assert page.ends
    assert not page.begins
    found = numbers(page)
    while not page.begins:
        page = store.ask(log_pages.older, LogChoice(), page.rows[0].number, 500)
        found = numbers(page) + found
    assert found == list(range(1, 1201))
    page, forward = store.ask(log_pages.newer, LogChoice(), 0, 500), []
    while True:
        forward += numbers(page)
        if page.ends:
            break
        page = store.ask(log_pages.newer, LogChoice(), page.rows[-1].number, 500)
    assert forward == found


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (LogChoice(expid=3502, level="alarm"), [800, 900, 1000, 1100]),
        (LogChoice(level="warning", words="LINE 120"), [120, 1120, 1200]),
        (LogChoice(expid=3503), [1200]),
        (
            LogChoice(camera="b1", words="line 7 done 1", level="info"),
            [n for n in range(1, 1200, 2) if n % 3 == 1 and "7" in str(n)],
        ),
        (LogChoice(words="3503"), [1200]),
    ],
)
def test_filters(store, choice, expected):
    rows = store.ask(log_pages.all_lines, choice, 2000)
    assert [int(row.text.split()[1]) for row in rows] == expected


def test_percent_signs_are_looked_for_as_they_are(store):
    assert len(store.ask(log_pages.all_lines, LogChoice(words="50%"), 5000)) == 1200
    assert store.ask(log_pages.all_lines, LogChoice(words="5%0"), 5000) == ()


def test_find_goes_both_ways(store):
    first = store.ask(log_pages.newest, LogChoice(), 1).rows[0].number
    back = store.ask(log_pages.find, LogChoice(), "line 400", first, -1)
    assert numbers(store.ask(log_pages.around, LogChoice(), back, 4)) == [399, 400, 401, 402]
    assert store.ask(log_pages.find, LogChoice(), "line 400", back, 1) is None
    assert store.ask(log_pages.find, LogChoice(level="alarm"), "line", back, 1) == back + 100


def test_neighbours(store):
    assert store.ask(log_pages.neighbour, 3501, -1) == 3500
    assert store.ask(log_pages.neighbour, 3501, 1) == 3502
    assert store.ask(log_pages.neighbour, 3500, -1) is None
    assert store.ask(log_pages.neighbour, None, -1) == 3503
    assert store.ask(log_pages.neighbour, None, 1) is None
