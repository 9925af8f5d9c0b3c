"""Which files are complete."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from qltui.engine.settle import reconcile, refused, signature
from qltui.instruments.files import Candidate

NOW = 1_570_000_000.0


def candidate(name="a", size=10, age=0.0, hint=False, expid=1):
    return Candidate(name, 20191001, expid, size, int((NOW - age) * 1e9), hint)


def look(found, known=None, pending=None, clock=100.0):
    return reconcile(found, known or {}, pending or {}, clock=clock, now=NOW, settle_seconds=2.0)


def test_a_fresh_file_is_waited_for_and_then_ready():
    first = look([candidate()])
    assert first.ready == ()
    assert first.pending["a"].due(2.0) == 102.0
    assert look([candidate()], pending=first.pending, clock=101.9).ready == ()
    assert [item.path for item in look([candidate()], pending=first.pending, clock=102.0).ready] == ["a"]


def test_a_file_that_grows_is_not_ready():
    pending = {}
    for clock in range(20):
        result = look([candidate(size=clock)], pending=pending, clock=float(clock))
        assert result.ready == ()
        pending = result.pending
    assert pending["a"].since == NOW


def test_what_is_complete_by_word_or_old_is_ready_at_once():
    assert look([candidate(hint=True)]).ready
    assert look([candidate(age=3600.0)]).ready
    assert not look([candidate(age=-3600.0)]).ready, "a clock ahead of ours proves nothing"


def test_newest_first():
    ready = look([candidate(f"{n}", expid=n, hint=True) for n in (3, 9, 5)]).ready
    assert [item.expid for item in ready] == [9, 5, 3]


def test_what_is_known_is_left_alone_until_it_changes():
    old = candidate(age=3600.0)
    assert look([old], known={"a": signature(old)}).pending == {}
    assert look([candidate(age=1800.0)], known={"a": signature(old)}).ready
    assert look([candidate(size=11, age=3600.0)], known={"a": signature(old)}).ready


def test_one_that_was_refused_is_looked_at_again_ever_more_rarely():
    entry = look([candidate(age=3600.0)]).pending["a"]
    delays = []
    clock = 100.0
    for _ in range(8):
        entry = refused(entry, "cut off", clock, may_become_good=True)
        delays.append(entry.retry_at - clock)
        assert look([entry.candidate], pending={"a": entry}, clock=entry.retry_at - 0.1).ready == ()
        clock = entry.retry_at
        assert look([entry.candidate], pending={"a": entry}, clock=clock).ready
    assert delays == [2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]


def test_one_that_waiting_cannot_help_waits_for_a_change():
    entry = refused(look([candidate()]).pending["a"], "no FITS", 100.0, may_become_good=False)
    assert math.isinf(entry.retry_at)
    assert look([candidate()], pending={"a": entry}, clock=1e9).ready == ()
    changed = look([candidate(size=11)], pending={"a": entry}, clock=200.0)
    assert changed.pending["a"].reason == ""
    assert look([candidate(size=11)], pending=changed.pending, clock=202.0).ready


def test_what_is_gone_is_said():
    assert look([], pending=look([candidate()]).pending).gone == ("a",)


files = st.builds(
    candidate,
    st.sampled_from("abcd"),
    st.integers(0, 3),
    st.floats(-1e5, 1e5),
    st.booleans(),
)


@given(st.lists(files, unique_by=lambda item: item.path), st.lists(files, unique_by=lambda item: item.path))
def test_nothing_is_lost_and_nothing_done_twice(before, after):
    first = look(before)
    known = {item.path: signature(item) for item in first.ready}
    rest = {path: entry for path, entry in first.pending.items() if path not in known}
    second = look(after, known, rest, clock=200.0)
    for item in after:
        done = known.get(item.path) == signature(item)
        assert done != (item.path in second.pending)
    assert {item.path for item in second.ready} <= set(second.pending)
    # Every file left alone is ready in the end.
    third = look(after, known, second.pending, clock=300.0)
    assert {item.path for item in third.ready} == set(second.pending)
