"""The table of a campaign says what was lost, and what the observer read."""

from __future__ import annotations

from harness import Account, Fault
from table import lines, row, wrong


def account(**values):
    return Account(Fault("files", "cut off", 50, 5, "desi", lambda site, rng, n: None), **values)


def test_a_good_row_tells_what_was_shown_of_what_is_not_good():
    good = account(
        tries=2, entered=2, accounted=2, seconds=[1.0, 3.0, 2.0], shown={"NORMAL: all": 9, "FAILED: \x1bx": 1}
    )
    assert row(good) == ("files", "cut off", "2", "2", "2", "0", "0", "0", "2.0 / 3.0", "FAILED: x (+1 others)")
    assert not wrong([good])
    assert lines([good])[0].split()[:3] == ["class", "fault", "tries"]


def test_what_must_not_be_is_told_whole():
    for values in ({"lost": 1}, {"twice": 1}, {"green": 1}, {"failures": ["7 waits for ever"]}):
        assert len(wrong([account(**values), account()])) == 1
    assert "7 waits for ever" in wrong([account(failures=["7 waits for ever"])])[0]


def test_what_cannot_be_tried_says_why():
    assert row(account(skipped="no setpriv"))[-1] == "not tried: no setpriv"
