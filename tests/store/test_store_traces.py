"""Bins of tracks: SQLite's sums are those of the values one by one, whatever is kept apart."""

from __future__ import annotations

import itertools
import math
import random

import pytest

from qltui.model import Status
from qltui.store import traces
from qltui.store.series import Scope, Track, pair_tracks, series_of

NIGHTS = (20191001, 20191002, 20191004)


@pytest.fixture
def season(store, make_exposure, make_judgement, reduce):
    """Three nights of twelve exposures of two programs and of none; one value far away, two that are not known."""
    drawn = random.Random(5)
    values = [round(drawn.gauss(3.0, 0.2), 3) for _ in range(36)]
    values[18], values[3], values[20] = 900.0, math.nan, math.nan
    for number, value in enumerate(values):
        exposure = make_exposure(3500 + number, night=NIGHTS[number // 12], program=("DARK", "BRIGHT", "")[number % 3])
        status = Status.ALARM if value > 10.0 else Status.NORMAL
        reduce(exposure, {"b0": make_judgement(value, 10.0 + number % 5, status=status)})
    return store


def _binned(points, edges, apart, program):
    """Return what a list of values is in pieces: count, extremes, mean, by piece and program."""
    found = {}
    for point in points:
        if not math.isfinite(point.value):
            continue
        place = point.x if apart else point.time
        piece = min(int((place - edges[0]) / ((edges[-1] - edges[0]) / (len(edges) - 1))), len(edges) - 2)
        found.setdefault((piece, point.program if program else ""), []).append(point)
    return sorted(
        (
            name,
            len(items),
            min(item.value for item in items),
            max(item.value for item in items),
            sum(item.value for item in items) / len(items),
            sum(item.status.value in ("WARNING", "ALARM") for item in items),
        )
        for (_, name), items in found.items()
    )


SCOPES = (Scope(), Scope(programs=("DARK",)), Scope(obstypes=("SCIENCE",)))


@pytest.mark.parametrize("few", [50, 0])
def test_bins_are_the_sums_of_the_values(season, monkeypatch, few):
    # With none in a piece that are few, every piece is a query of its own.
    monkeypatch.setattr(traces, "_FEW_IN_A_PIECE", few)
    keys = {key.element: key for key in season.ask(series_of, "desi", "NOISE_AMP")}
    for by_program, against, scope in itertools.product((False, True), (False, True), SCOPES):
        tracks = pair_tracks([keys["A"]], [keys["B"]]) if against else (Track(keys["A"]),)
        points = season.ask(traces.trace_points, tracks, scope)
        assert any(math.isnan(point.value) for point in points)
        assert max(point.value for point in points) == 900.0
        places = [point.x if against else point.time for point in points]
        low, high, count = min(places), max(places), 7
        edges = [low + (high - low) * index / count for index in range(count)] + [math.nextafter(high, math.inf)]
        bins = season.ask(traces.trace_bins, tracks, scope, edges, by_program=by_program)
        seen = sorted((item.program, item.count, item.low, item.high, item.mean, item.outside) for item in bins)
        wanted = _binned(points, edges, against, by_program)
        assert [item[:4] + item[5:] for item in seen] == [item[:4] + item[5:] for item in wanted]
        assert [item[4] for item in seen] == pytest.approx([item[4] for item in wanted])
        assert max(item.high for item in bins) == 900.0
        assert sum(item.outside for item in bins) == 1
        assert {item.program for item in bins} == ({point.program for point in points} if by_program else {""})
