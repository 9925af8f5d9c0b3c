"""The judge: pairing, inclusive ends, one-sided ranges, references in order, and what may never be green."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qltui.instruments.base import get_instrument
from qltui.model import Measurement, Status
from qltui.quality.judge import judge
from qltui.quality.limits import Context, Limit, LimitSet, Reference

DESI = get_instrument("desi")
CONTEXT = Context("b3", "b", "SCIENCE", "DARK", 20191001)
AMPS = ("A", "B", "C", "D")
THREE = (Reference("number", 3.0),)


def limit_set(*limits: Limit) -> LimitSet:
    return LimitSet("test", limits)


def noise(normal=(-1.5, 1.5), warning=(-2.0, 2.0), references=THREE, **options) -> Limit:
    return Limit("NOISE_AMP", normal, warning, references, **options)


def judged(values, limits, *, elements=AMPS, history=None, **options):
    measurement = Measurement("NOISE_AMP", tuple(values), elements[: len(values)], **options)
    extra = {} if history is None else {"history": history}
    return judge(measurement, DESI.metric("NOISE_AMP"), limits, CONTEXT, **extra)


def test_swapped_amplifiers_are_seen():
    limits = limit_set(noise(references=(Reference("header"),)))
    header = {"header": (3.0, 1.0, 1.0, 3.0)}
    assert judged((3.0, 1.0, 1.0, 3.0), limits, references=header).status is Status.NORMAL
    swapped = judged((1.0, 3.0, 3.0, 1.0), limits, references=header)
    assert swapped.statuses == (Status.WARNING,) * 4


@pytest.mark.parametrize(
    ("value", "status"),
    [
        (1.5, Status.NORMAL),
        (4.5, Status.NORMAL),
        (math.nextafter(4.5, 9), Status.WARNING),
        (5.0, Status.WARNING),
        (1.0, Status.WARNING),
        (math.nextafter(5.0, 9), Status.ALARM),
        (math.nextafter(1.0, 0), Status.ALARM),
    ],
)
def test_ranges_include_their_ends(value, status):
    assert judged((value,), limit_set(noise())).status is status


def test_one_sided_range_is_never_bad_on_the_other_side():
    limits = limit_set(noise((-0.9, math.inf), (-1.2, math.inf)))
    assert judged((1e30,), limits).status is Status.NORMAL
    assert judged((2.0,), limits).status is Status.WARNING
    assert judged((1.0,), limits).status is Status.ALARM


def test_worst_element_gives_the_status():
    result = judged((3.0, 4.8, 25.0, 3.0), limit_set(noise()))
    assert result.statuses == (Status.NORMAL, Status.WARNING, Status.ALARM, Status.NORMAL)
    assert result.status is Status.ALARM


def test_references_are_tried_in_order():
    references = (
        Reference("header"),
        Reference("calibration"),
        Reference("history", count=5),
        Reference("number", 9.0),
    )
    limits = limit_set(noise(references=references))
    both = {"header": (2.0, math.nan), "calibration": (8.0, 4.0)}
    result = judged((2.0, 4.0), limits, references=both)
    assert result.references == (2.0, 4.0)
    assert result.reference_from == "header; calibration"
    assert judged((3.0,), limits, history=lambda *_: [6.0, 1.0, 5.0]).references == (5.0,)
    assert judged((3.0,), limits, history=lambda *_: [6.0, math.nan, 5.0]).references == (9.0,)


def test_history_is_asked_for_the_amplifier_itself():
    asked = []

    def history(*arguments):
        asked.append(arguments)
        return [3.0, 3.1, 2.9]

    judged((3.0, 3.0), limit_set(noise(references=(Reference("history", count=20),))), history=history)
    assert asked == [("NOISE_AMP", "b3", "A", 20), ("NOISE_AMP", "b3", "B", 20)]


def test_reference_of_another_length_is_none():
    result = judged((3.0, 3.0), limit_set(noise(references=(Reference("header"),))), references={"header": (3.0,)})
    assert result.status is Status.NOT_CHECKED
    assert "no header" in result.reason


def test_otherwise_holds_where_no_reference_has_a_value():
    fallback = noise((2.0, 5.5), (1.5, 7.0), (Reference("number", 0.0),))
    limits = limit_set(noise(references=(Reference("header"),), otherwise=fallback))
    assert judged((3.0, 6.0, 9.0), limits).statuses == (Status.NORMAL, Status.WARNING, Status.ALARM)
    assert judged((9.0,), limits, references={"header": (9.0,)}).status is Status.NORMAL


def test_relative_ranges_scale_with_the_reference():
    limits = limit_set(noise((-0.006, math.inf), (-0.008, math.inf), (Reference("header"),), relative=True))
    values, header = (497.0, 496.0, 495.0), (500.0,) * 3
    result = judged(values, limits, references={"header": header})
    assert result.statuses == (Status.NORMAL, Status.WARNING, Status.ALARM)
    assert result.normal[0] == (497.0, math.inf)


def test_what_was_not_checked_says_why():
    nothing = judged((3.0,), limit_set())
    assert nothing.status is Status.NOT_CHECKED
    assert "no limit" in nothing.reason
    inapplicable = judged((math.nan,), limit_set(noise()), not_applicable=True, reason="no traces")
    assert (inapplicable.status, inapplicable.reason) == (Status.NOT_CHECKED, "no traces")
    unknown = judged((math.nan,), limit_set(noise()), reason="overscan is constant")
    assert (unknown.status, unknown.reason) == (Status.UNKNOWN, "overscan is constant")
    assert judged((math.nan,), limit_set()).status is Status.UNKNOWN


finite = st.floats(allow_nan=False, allow_infinity=False)
anything = st.floats()
ends = st.tuples(st.floats(allow_nan=False), st.floats(allow_nan=False)).map(sorted)


@given(values=st.lists(anything, max_size=4), inner=ends, outer=ends, reference=anything, relative=st.booleans())
def test_only_finite_values_inside_the_range_are_normal(values, inner, outer, reference, relative):
    warning = (min(inner[0], outer[0]), max(inner[1], outer[1]))
    limits = limit_set(noise(tuple(inner), warning, (Reference("header"),), relative=relative))
    result = judged(values, limits, references={"header": (reference,) * len(values)})
    for value, status, (low, high), (lowest, highest) in zip(
        result.values, result.statuses, result.normal, result.warning, strict=True
    ):
        if not math.isfinite(value):
            assert status is Status.UNKNOWN
        elif not math.isfinite(reference):
            assert status is Status.NOT_CHECKED
        elif status is Status.NORMAL:
            assert low <= value <= high
        elif status is Status.WARNING:
            assert lowest <= value <= highest
            assert not low <= value <= high
        else:
            assert status is Status.ALARM
            assert not lowest <= value <= highest
    lengths = {len(item) for item in (result.references, result.normal, result.warning, result.statuses)}
    assert lengths == {len(values)}
    assert (result.status is Status.NORMAL) == (bool(values) and all(s is Status.NORMAL for s in result.statuses))


@given(values=st.permutations([1.0, 2.0, 3.0, 4.0]))
def test_pairing_follows_names_not_ranks(values):
    limits = limit_set(noise((-0.1, 0.1), (-0.2, 0.2), (Reference("number", dict(zip(AMPS, values, strict=True))),)))
    result = judged((1.0, 2.0, 3.0, 4.0), limits)
    for status, value, reference in zip(result.statuses, result.values, values, strict=True):
        assert (status is Status.NORMAL) == (value == reference)
