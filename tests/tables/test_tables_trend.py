"""Trends as data: pairs, bins that lose nothing, straight lines with known errors."""

from __future__ import annotations

import math
import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "tui"))

import known

from qltui.instruments.base import get_instrument
from qltui.tables.straight_line import fit_line, moments_of, quantile
from qltui.tables.trend import read_trend
from qltui.tables.trend_choice import TrendChoice, parse_nights
from qltui.tables.trend_numbers import summaries, trend_table

DESI = get_instrument("desi")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with known.make_known(tmp_path_factory.mktemp("trend") / "qltui.db") as opened:
        yield opened


def test_values_are_those_of_the_record_and_of_the_last_process(store):
    trend = read_trend(store, TrendChoice("SKYCONT", cameras=("b3",)), DESI)
    assert [point.expid for point in trend.points] == [3577, 3578, 3579, 3580]
    assert [point.value for point in trend.points] == [known.sky_of(number, "b3") for number in range(3577, 3581)]
    assert {point.normal for point in trend.points} == {(100.0, 300.0)}
    assert trend_table(trend).rows[0].values[0] == "2019-10-02T03:00:00.000Z"


def test_bins_have_the_counts_extremes_and_line_of_the_single_values(store):
    for x in ("time", "AIRMASS"):
        choice = TrendChoice("NOISE_AMP", x=x)
        single = summaries(read_trend(store, choice, DESI), DESI)
        binned = summaries(read_trend(store, choice, DESI, bins=7, most=3), DESI)
        assert [item.name for item in binned] == ["b", "r", "z", "all"]
        for one, other in zip(single, binned, strict=True):
            assert (one.count, one.outside, one.low, one.high) == (other.count, other.outside, other.low, other.high)
            assert one.mean == pytest.approx(other.mean)
            assert one.line.slope == pytest.approx(other.line.slope, abs=1e-6)
            assert one.line.intercept == pytest.approx(other.line.intercept, rel=1e-6)
        assert max(item.high for item in binned) == 25.1


def test_a_ratio_is_paired_by_exposure(store):
    trend = read_trend(store, TrendChoice("SKYCONT", over="EXPTIME", cameras=("b3",)), DESI)
    assert trend.points[0].value == pytest.approx(known.sky_of(3577, "b3") / 1000.0)
    assert trend.unit == "e-/A/s"
    assert math.isnan(trend.points[0].normal[0])


def test_what_cannot_be_paired_is_refused_in_words(store):
    trend = read_trend(store, TrendChoice("NOISE_AMP", over="XYSHIFTS"), DESI)
    assert "choose one of these, XYSHIFTS:dx" in trend.fault
    assert read_trend(store, TrendChoice("NOISE_AMP", over="XYSHIFTS:dx", cameras=("b3",)), DESI).points


def test_an_unknown_name_tells_what_there_is(store):
    assert "NOISE_AMP" in read_trend(store, TrendChoice("NOISE_AMPS"), DESI).fault


def test_a_straight_line_has_the_errors_of_ordinary_least_squares():
    numpy = pytest.importorskip("numpy")
    source = random.Random(1)
    x = [source.uniform(5, 9) for _ in range(50)]
    y = [3.0 + 0.5 * value + source.gauss(0, 0.2) for value in x]
    line = fit_line(moments_of(zip(x, y, strict=True), 0.0, y[0]))
    design = numpy.vander(x, 2)
    answer, residual, *_ = numpy.linalg.lstsq(design, numpy.array(y), rcond=None)
    errors = numpy.sqrt(numpy.diag(residual[0] / 48 * numpy.linalg.inv(design.T @ design)))
    assert (line.slope, line.intercept) == pytest.approx(tuple(answer))
    assert (line.slope_error, line.intercept_error) == pytest.approx(tuple(errors))
    assert line.r == pytest.approx(numpy.corrcoef(x, y)[0, 1])
    assert line.at(7.0) == pytest.approx(answer[0] * 7 + answer[1])


def test_there_is_no_line_through_one_abscissa():
    assert fit_line(moments_of([(2.0, 1.0), (2.0, 3.0)], 0.0, 0.0)) is None
    assert fit_line(moments_of([(2.0, 1.0)], 0.0, 0.0)) is None


def test_quantiles_are_interpolated():
    assert quantile([1.0, 2.0, 3.0, 4.0], 0.5) == 2.5
    assert math.isnan(quantile([], 0.5))


def test_nights_are_dates_days_or_all():
    assert parse_nights("20191001-20191031") == ((20191001, 20191031), 0)
    assert parse_nights("2019-10-01") == ((20191001, 20191001), 0)
    assert parse_nights("30") == (None, 30)
    assert parse_nights("all") == (None, 0)
    with pytest.raises(ValueError, match="no range of nights"):
        parse_nights("yesterday")
