"""Where the panes of the Night screen lie: table, map and facts; or the table over the statistics of its nights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from qltui.tui.screens.base import PaneRow

if TYPE_CHECKING:
    from collections.abc import Callable

    from qltui.instruments.base import Instrument
    from qltui.tui.screens.night_question import NightAnswer

__all__ = ["NightStatistics", "night_heading", "night_plan"]

_WIDE: Final = 120
_STATISTICS: Final = "night.statistics"


def night_plan(instrument: Instrument, width: int, height: int, *, statistics: bool) -> Sequence[PaneRow]:
    """Return the table above the map and the facts, beside them where there is room; or above the statistics."""
    if statistics:
        if height >= 40:
            return (
                PaneRow((("table", 1.0),), share=1.0),
                PaneRow((("time", 1.0),), height=14),
                PaneRow((("quantities", 1.0),), share=1.0),
            )
        return (PaneRow((("time", 1.0),), share=1.0), PaneRow((("quantities", 1.0),), share=1.2))
    across = len(instrument.cameras) + len({camera.arm for camera in instrument.cameras}) + 13
    if width >= _WIDE and height >= 40:
        return (PaneRow((("table", 1.0),)), PaneRow((("map", float(across)), ("facts", 1.0)), height=height // 3))
    narrow = float(across) if across <= width // 2 + 4 else 0.55
    return (
        PaneRow((("table", 1.0),), share=1.2),
        PaneRow((("map", narrow), ("facts", 1.0 if narrow > 4 else 0.45)), share=1.0),
    )


def night_heading(pane: str, summary: str, metric: str) -> str:
    """Return the words above a pane; `summary` is of the table, `metric` of the map."""
    words = {
        "table": f"Exposures  {summary}",
        "map": f"Map  {metric or 'worst status'}",
        "time": "Open-shutter and lost time",
        "quantities": "What was measured",
    }
    return words.get(pane, "Exposure and totals")


class NightStatistics:
    """The key for the statistics of the nights on the screen; `place_panes` and `ask_again` are the screen's."""

    if TYPE_CHECKING:
        viewer: Any
        query_one: Any
        place_panes: Callable[[], None]
        ask_again: Callable[[], None]

    @property
    def with_statistics(self) -> bool:
        """Whether they are shown."""
        return bool(self.viewer.memory.get(_STATISTICS, default=False))

    def action_statistics(self) -> None:
        """Show what the nights add up to instead of the map, or the map again."""
        self.viewer.memory.set(_STATISTICS, None if self.with_statistics else True)
        self.place_panes()
        self.ask_again()

    def show_statistics(self, answer: NightAnswer) -> None:
        """Show both tables, where they were asked for."""
        if answer.statistics is not None:
            for name, table in zip(("time", "quantities"), answer.statistics, strict=True):
                self.query_one(f"#{name}").show(table)
