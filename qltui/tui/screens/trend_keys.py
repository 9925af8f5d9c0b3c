"""Keys of the Monitor that change what its chart shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qltui.tui.screens.follower import Change, TrendFollower

if TYPE_CHECKING:
    from qltui.tui.widgets.step_grid import StepGrid

__all__ = ["TrendKeys"]


class TrendKeys:
    """Actions on the chart: `follower`, `grid` and `trend_soon` are the screen's."""

    if TYPE_CHECKING:
        follower: TrendFollower
        grid: StepGrid

        def trend_soon(self) -> None:
            """Read the chart's values without waiting for the next look."""

    def action_metric(self, by: int) -> None:
        """Show the trend of another metric."""
        self._change_trend(lambda process, cursor: self.follower.next_metric(process, cursor, by))

    def action_arm(self) -> None:
        """Show the trend of another arm."""
        self._change_trend(self.follower.next_arm)

    def action_element(self) -> None:
        """Show the trend of another element."""
        self._change_trend(self.follower.next_element)

    def action_cameras(self) -> None:
        """Show the trend of the camera under the cursor alone, or of all of its arm."""
        self._change_trend(self.follower.toggle_cameras)

    def action_obstypes(self) -> None:
        """Show the trend over exposures of this kind, or of all kinds."""
        self._change_trend(self.follower.toggle_obstypes)

    def _change_trend(self, change: Change) -> None:
        process, cursor = self.grid.process, self.grid.cursor
        if process is not None and cursor is not None:
            change(process, cursor)
            self.trend_soon()
