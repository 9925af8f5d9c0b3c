"""A pane with a chart in a running app: what is drawn, what is said instead, and its points in a file."""

from __future__ import annotations

import csv
import threading
from dataclasses import replace

import pytest
from textual.app import App

from qltui.tui.charts import ChartSpec, LegendEntry, Limit, Series, draw_chart
from qltui.tui.symbols import get_charset
from qltui.tui.widgets import chart_pane
from qltui.tui.widgets.chart_pane import ChartPane

SPEC = ChartSpec(
    (Series(((0.0, 3.0), (50.0, 4.0), (100.0, 90.0)), "series1", marker="+"), Series((), "dim", spans=((25, 1, 5),))),
    (Limit(((0.0, 6.0), (100.0, 6.0)), "normal"),),
    (0.0, 100.0),
    ((0.0, "0"), (50.0, "50")),
    "d",
    y_limits=(0.0, 10.0),
    y_title="NOISE_AMP",
    y_unit="e-",
    legend=(LegendEntry("+", "b", "series1"),),
)


class PaneApp(App[None]):
    charset = get_charset("braille")

    def compose(self):
        yield ChartPane(id="chart", empty="nothing measured")


@pytest.fixture
async def pane():
    app = PaneApp()
    async with app.run_test(size=(60, 16)) as pilot:
        await app.workers.wait_for_complete()
        await pilot.pause()
        yield app.query_one(ChartPane)


def marks(pane):
    return sum(line.count("+") for line in pane.text.splitlines()[1:])


async def test_title_marks_limit_and_what_is_beyond_the_range(pane):
    pane.show(SPEC)
    lines = pane.text.splitlines()
    assert lines[0].split() == ["NOISE_AMP", "[e-]", "+", "b"]
    assert any(line.rstrip().endswith("normal") for line in lines)
    assert marks(pane) == 2
    assert "↑" in lines[1]
    assert lines[-1].split()[-1] == "d"


async def test_a_moved_cursor_and_another_axis_are_drawn_again(pane):
    pane.show(SPEC)
    axis = pane.text.count("│")
    pane.show(replace(SPEC, cursor=(50.0, 4.0)))
    assert pane.text.count("│") > axis + 5
    pane.show(replace(SPEC, y_limits=None, log=True))
    assert marks(pane) == 3


async def test_without_a_chart_it_says_why(pane, tmp_path):
    assert pane.text.strip() == "nothing measured"
    with pytest.raises(ValueError, match="there is no chart yet"):
        pane.save(tmp_path)
    pane.show(SPEC)
    pane.show(None, empty="no values of \x1b[31mNOISE_AMP")
    assert "no values of" in pane.text
    assert "\x1b" not in pane.text


async def test_points_and_bars_are_saved(pane, tmp_path):
    pane.show(SPEC, "noise")
    with pane.save(tmp_path).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["series"], row["x [d]"], row["y [e-]"], row["y_high [e-]"]) for row in rows] == [
        ("1", "0.0", "3.0", ""),
        ("1", "50.0", "4.0", ""),
        ("1", "100.0", "90.0", ""),
        ("2", "25", "1", "5"),
    ]


async def test_where_curves_cannot_be_drawn_that_is_said(monkeypatch):
    monkeypatch.setattr(chart_pane, "load", lambda: "plotext is missing")
    app = PaneApp()
    async with app.run_test(size=(60, 16)) as pilot:
        await app.workers.wait_for_complete()
        await pilot.pause()
        pane = app.query_one(ChartPane)
        pane.show(SPEC)
        assert pane.text.strip() == "plotext is missing"


def dense(outlier):
    """Return a chart of 2,000 joined points with one far away."""
    points = [(index / 20.0, float(index % 7)) for index in range(2000)]
    points[1234] = (points[1234][0], outlier)
    return replace(SPEC, series=(Series(tuple(points), "series1", joined=True),), y_limits=None, limits=())


async def test_a_dense_chart_is_drawn_in_a_thread_and_the_last_one_counts(pane, monkeypatch):
    threads = []

    def noted(*arguments):
        threads.append(threading.current_thread())
        return draw_chart(*arguments)

    monkeypatch.setattr(chart_pane, "draw_chart", noted)
    first, last = dense(500.0), dense(40.0)
    pane.show(first)
    pane.show(last)
    await pane.app.workers.wait_for_complete()
    assert threads
    assert threading.main_thread() not in threads
    wanted = draw_chart(last, *pane.size, pane.charset)
    assert pane.text.splitlines() == ["".join(text for text, _ in line).rstrip() for line in wanted]
    # The outlier is drawn, and decides about the range.
    assert any(line.lstrip().startswith("40") for line in pane.text.splitlines())
    count = len(threads)
    pane.redraw()
    await pane.app.workers.wait_for_complete()
    assert len(threads) == count
    pane.show(SPEC)
    assert marks(pane) == 2
