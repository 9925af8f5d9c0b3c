"""Keys of the Night screen: which nights, which page of them, and what the map shows."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding

__all__ = ["NIGHT_BINDINGS"]

NIGHT_BINDINGS: Final = [
    Binding("p", "night(-1)", "night before", id="night.previous", tooltip="go to the night before"),
    Binding("n", "night(1)", "night after", id="night.next", tooltip="go to the night after"),
    Binding("D", "nights", "nights", id="night.range", tooltip="choose nights: from - to, one, or all"),
    Binding("less_than_sign", "page(-1)", "older", id="night.older", tooltip="show the exposures before these"),
    Binding("greater_than_sign", "page(1)", "newer", id="night.newer", tooltip="show the exposures after these"),
    Binding("m", "metric(1)", "metric", id="night.metric", tooltip="map the next metric, cameras by their values"),
    Binding("M", "metric(-1)", "metric back", id="night.metric-back", tooltip="map the metric before"),
    Binding("S", "statistics", "statistics", id="night.statistics", tooltip="times and medians, or the map again"),
    Binding("u", "metric(0)", "verdicts", id="night.statuses", tooltip="map the worst status of each camera"),
]
