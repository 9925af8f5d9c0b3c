"""Several exposures in a row before one is an ALARM."""

from __future__ import annotations

import pytest

from qltui.instruments.base import get_instrument
from qltui.model import Exposure, Measurement, Status, StepReport
from qltui.quality.judge import judge
from qltui.quality.limits import Context, LimitSet
from qltui.quality.limits_edit import make_entry, merge_entry
from qltui.quality.limits_file import LimitsError, parse_limits
from qltui.quality.limits_text import limits_toml, row_text
from qltui.quality.verdict import judge_step
from qltui.quality.whatif import judge_again

DESI = get_instrument("desi")
CONTEXT = Context("b3", "b", "SCIENCE", "DARK", 20191001)
METRIC = DESI.metric("NOISE_AMP")
TOML = """
[[limit]]
metric = "NOISE_AMP"
normal = [0, 2]
warning = [0, 4]
in_a_row = 3
source = "-"
"""


def limits(text=TOML):
    return LimitSet("desi", parse_limits(text, DESI, where="x"))


def judged(value, *before, after=(), text=TOML):
    asked = []

    def bad_before(metric, camera, element, count):
        asked.append((metric, camera, element, count))
        return before

    measurement = Measurement("NOISE_AMP", (value, 1.0), ("A", "B"))
    return judge(measurement, METRIC, limits(text), CONTEXT, bad_before=bad_before, bad_after=lambda *_: after), asked


@pytest.mark.parametrize(
    ("before", "status", "reason"),
    [
        ((), Status.WARNING, "1 of 3 in a row"),
        ((True,), Status.WARNING, "2 of 3 in a row"),
        ((True, True), Status.ALARM, "3 in a row"),
        ((True, False), Status.WARNING, "2 of 3 in a row"),
        ((False, True), Status.WARNING, "1 of 3 in a row"),
        ((True, True, True), Status.ALARM, "3 in a row"),
    ],
)
def test_the_third_in_a_row_is_an_alarm(before, status, reason):
    judgement, asked = judged(5.0, *before)
    assert (judgement.statuses, judgement.reason) == ((status, Status.NORMAL), reason)
    assert asked == [("NOISE_AMP", "b3", "A", 2)]


@pytest.mark.parametrize(
    ("before", "after", "status", "reason"),
    [
        ((), (True,), Status.WARNING, "2 of 3 in a row"),
        ((), (True, True), Status.ALARM, "3 in a row, 2 of them later"),
        ((True,), (True, False), Status.ALARM, "3 in a row, 1 of them later"),
        ((False, True), (True, False), Status.WARNING, "2 of 3 in a row"),
        ((True,), (False, True), Status.WARNING, "2 of 3 in a row"),
        ((True, True), (True, True), Status.ALARM, "3 in a row"),
    ],
)
def test_those_after_it_count_where_they_are_known_already(before, after, status, reason):
    judgement, _ = judged(5.0, *before, after=after)
    assert (judgement.statuses[0], judgement.reason) == (status, reason)


@pytest.mark.parametrize(
    ("value", "status"), [(1.0, Status.NORMAL), (3.0, Status.WARNING), (float("nan"), Status.UNKNOWN)]
)
def test_what_is_no_alarm_asks_nobody(value, status):
    judgement, asked = judged(value, True, True)
    assert judgement.statuses[0] is status
    assert asked == []


def test_without_it_an_alarm_is_one_at_once():
    judgement, asked = judged(5.0, text=TOML.replace("in_a_row = 3\n", ""))
    assert (judgement.statuses[0], judgement.reason, asked) == (Status.ALARM, "", [])


def test_without_a_record_the_first_is_a_warning():
    report = StepReport("CHECK_CCDS", Status.NORMAL, 0.1, (Measurement("NOISE_AMP", (5.0,), ("A",)),))
    exposure = Exposure("desi", 20191001, 1, "SCIENCE", "/x")
    result = judge_step(report, DESI, exposure, "b3", limits())
    assert (result.status, result.judgements[0].reason) == (Status.WARNING, "1 of 3 in a row")


# -- as text ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["0", "-1", "101", "true", '"3"', "2.0"])
def test_a_file_with_another_thing_is_refused(value):
    with pytest.raises(LimitsError, match=r"in_a_row: .* is not a number of exposures"):
        limits(TOML.replace("= 3", f"= {value}"))


def test_it_is_written_read_edited_and_part_of_the_identity():
    (limit,) = limits().limits
    assert (limit.in_a_row, row_text(limit)) == (3, "ALARM after 3 in a row")
    assert parse_limits(limits_toml([limit]), DESI, where="x") == (limit,)
    plain = limits(TOML.replace("in_a_row = 3\n", ""))
    assert row_text(plain.limits[0]) == ""
    assert "in_a_row" not in plain.content
    assert plain.identity != limits().identity
    assert limits(TOML.replace("= 3\nsource", "= 1\nsource")).identity == plain.identity
    kept = make_entry(DESI, "NOISE_AMP", (0, 2), (0, 4), pattern=limit, source="-")
    changed = make_entry(DESI, "NOISE_AMP", (0, 2), (0, 4), pattern=limit, in_a_row=5, source="-")
    assert (kept.in_a_row, changed.in_a_row) == (3, 5)
    assert parse_limits(merge_entry(TOML, changed, DESI), DESI, where="x", from_site=True)[0].in_a_row == 5
    with pytest.raises(LimitsError, match="in_a_row"):
        make_entry(DESI, "NOISE_AMP", (0, 2), (0, 4), pattern=limit, in_a_row=0, source="-")


def test_what_would_be_is_counted_one_after_the_other():
    after = judge_again(None, limits().limits[0], "A")
    values = (5.0, 5.0, 1.0, 5.0, 5.0, 5.0, None, 5.0)
    found = [after(value, None, Status.UNKNOWN.severity) for value in values]
    names = ["WARNING", "WARNING", "NORMAL", "WARNING", "WARNING", "ALARM", "UNKNOWN", "WARNING"]
    assert found == [Status[name].severity for name in names]
