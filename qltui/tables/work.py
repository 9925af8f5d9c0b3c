"""What the engine has to do, and what nobody has reduced yet, as tables."""

from __future__ import annotations

from typing import Final

from qltui.store.workload import RawExposure, WorkItem, Workload
from qltui.tables.alarms import short_time
from qltui.tables.table import Column, Row, Styled, Table

__all__ = ["raw_table", "work_table"]

_TRIGGERS: Final = {"NEW": "new", "BACKLOG": "backlog", "REPROCESS": "again"}

_WORK_COLUMNS: Final = (
    Column("expid", "exposure", align=">", doc="number of the exposure"),
    Column("state", "state", doc="in flight, or its place in the queue"),
    Column("cameras", "cameras", align=">", doc="cameras that have ended, of all that are reduced"),
    Column("obstype", "obstype", doc="kind of exposure"),
    Column("program", "program", doc="program of the exposure"),
    Column("trigger", "why", doc="new, backlog, or reduced again"),
    Column("since", "since", "UT", doc="when it began, or was put in the queue"),
    Column("who", "by", doc="who asked for it"),
    Column("night", "night", align=">", doc="night of the exposure, YYYYMMDD", shown=False),
    Column("process", "process", align=">", doc="number of the process", shown=False),
)

_RAW_COLUMNS: Final = (
    Column("expid", "exposure", align=">", doc="number of the exposure"),
    Column("night", "night", align=">", doc="night of the exposure, YYYYMMDD", shown=False),
    Column("time", "start", "UT", doc="start of the exposure"),
    Column("obstype", "obstype", doc="kind of exposure"),
    Column("program", "program", doc="program of the exposure"),
    Column("tile", "tile", align=">", doc="number of the tile"),
    Column("exptime", "time", "s", ".0f", ">", "exposure time"),
    Column("cameras", "in file", align=">", doc="cameras in the raw file"),
    Column("state", "state", doc="waits for a choice, stopped by an observer, or never reduced"),
)


def work_table(found: Workload) -> Table:
    """Return what is in flight and what waits, in the order in which it will be done; keys are process numbers."""
    waiting = 0
    rows = []
    for item in found.work:
        waiting += item.state == "waiting"
        rows.append(Row(item.process, _work_values(item, waiting)))
    return Table("work", "Work", _WORK_COLUMNS, tuple(rows))


def _work_values(item: WorkItem, place: int) -> tuple[str | int | Styled | None, ...]:
    running = item.state == "running"
    state = Styled("in flight", "active") if running else Styled(f"waits, {place}." if place else "waits", "text")
    count = f"{item.done}/{item.cameras}" if running else str(item.cameras)
    why = _TRIGGERS.get(item.trigger, item.trigger)
    since = short_time(item.since)
    return (item.expid, state, count, item.obstype, item.program, why, since, item.who, item.night, item.process)


def raw_table(found: Workload) -> Table:
    """Return the exposures that nobody has reduced, the newest first; keys are pairs of night and number."""
    return Table("raw", "Not reduced", _RAW_COLUMNS, tuple(_raw_row(item) for item in found.raw))


def _raw_row(item: RawExposure) -> Row:
    state = Styled("waits", "active") if item.held else Styled("stopped", "odd") if item.cancelled else Styled("never")
    start = short_time(item.time)
    return Row(
        (item.night, item.expid),
        (
            item.expid, item.night, start, item.obstype, item.program, item.tile, item.exptime, item.cameras, state,
        ),
    )  # fmt: skip
