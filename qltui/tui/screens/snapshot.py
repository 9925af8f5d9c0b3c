"""What the Monitor reads at one go: only what has changed since it last looked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qltui.store.views import EngineView, LogLine, MonitorView, TrendPoint
from qltui.tui.screens.asking import open_alarms
from qltui.tui.source import Source
from qltui.tui.widgets.trend import TrendQuery

__all__ = ["Snapshot", "read_snapshot", "read_trend"]

_LOG_LINES = 1000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One look at the record; `view` is None where only the heartbeat has moved on. `alarms` counts the open ones."""

    engine: EngineView
    view: MonitorView | None
    log: tuple[LogLine, ...] = ()
    alarms: int = 0


def read_snapshot(seen: int | None, process: int | None, last_line: int) -> Callable[[Source], Snapshot]:
    """Return a query for what is new since version `seen`; None reads everything.

    Parameters
    ----------
    seen : int or None
        Version that is on the screen.
    process : int or None
        Number of the process to show; None for the latest.
    last_line : int
        Number of the last line of the log that is on the screen.
    """

    def query(source: Source) -> Snapshot:
        if seen is not None and source.version() == seen:
            return Snapshot(source.engine(), None)
        view = source.monitor_view(process)
        log = tuple(source.log_lines(after=last_line, limit=_LOG_LINES))
        return Snapshot(view.engine, view, log, open_alarms(source))

    return query


def read_trend(query: TrendQuery) -> Callable[[Source], tuple[TrendPoint, ...]]:
    """Return a query for the values that a chart shows."""

    def read(source: Source) -> tuple[TrendPoint, ...]:
        elements = (query.element,) if query.element else ()
        points = source.trend(
            query.definition.name, query.cameras, elements, night=query.night, obstypes=query.obstypes
        )
        return tuple(points)

    return read
