"""Processes as a table, and the cameras of one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from qltui.instruments.base import Instrument
from qltui.model import Status
from qltui.store.processes import STATES, CameraRun, ProcessEntry, ProcessPage
from qltui.store.wanted import Term
from qltui.tables.alarms import iso_time, short_time
from qltui.tables.reach import reach_terms
from qltui.tables.table import Column, Row, Styled, Table, Value

__all__ = ["STATE_SHAPES", "process_status", "process_terms", "processing_table", "runs_table", "state_words"]

STATE_SHAPES: Final = {
    "waiting": Status.WAITING,
    "running": Status.RUNNING,
    "failed": Status.FAILED,
    "cancelled": Status.CANCELLED,
    "superseded": Status.NOT_CHECKED,
}
"""What a process that did not end as it should looks like; one that is done has its verdict."""

_REACH: Final = {
    "obstype": "obstype",
    "program": "program",
    "filter": "program",
    "tile": "tile",
    "exposure": "exposure",
    "expid": "exposure",
    "status": "status",
    "verdict": "status",
    "state": "state",
    "why": "trigger",
    "trigger": "trigger",
    "by": "who",
    "who": "who",
}
_TRIGGERS: Final = {"NEW": "new", "BACKLOG": "backlog", "REPROCESS": "again"}
_STATE_ROLES: Final = {"running": "active", "failed": "bad", "cancelled": "odd", "superseded": "dim", "waiting": "dim"}

_COLUMNS: Final = (
    Column("process", "process", format="d", align=">", doc="number of the process"),
    Column("expid", "exposure", format="d", align=">", doc="number of the exposure"),
    Column("state", "state", doc="waiting, running, done, failed, cancelled, superseded; an older run says so"),
    Column("status", "verdict", doc="the worst of its cameras"),
    Column("trigger", "why", doc="new, backlog, or reduced again"),
    Column("who", "by", doc="who asked for it"),
    Column("started", "begun", "UT", doc="month, day and UT at which it began"),
    Column("seconds", "took", "s", ".1f", ">", "from its begin to its end"),
    Column("cameras", "good", align=">", doc="cameras that are good, of those that were expected"),
    Column("obstype", "obstype", doc="kind of exposure"),
    Column("program", "program", doc="program of the exposure"),
    Column("tile", "tile", format="d", align=">", doc="number of the tile"),
    Column("exptime", "time", "s", ".0f", ">", "exposure time"),
    Column("night", "night", format="d", align=">", doc="night of the exposure, YYYYMMDD"),
    Column("configuration", "configuration", doc="settings in force: name and beginning of the checksum"),
    Column("limit_set", "limits", doc="limits in force: name and beginning of the checksum"),
    Column("reason", "reason", doc="why it ended so"),
    Column("headline", "in words", doc="what the verdict says"),
    Column("code", "code", doc="version of the program", shown=False),
    Column("queued_utc", "queued", "UTC", doc="when it was put in the queue, ISO 8601", shown=False),
    Column("started_utc", "begun", "UTC", doc="when it began, ISO 8601", shown=False),
    Column("ended_utc", "ended", "UTC", doc="when it ended, ISO 8601", shown=False),
)

_RUNS: Final = (
    Column("camera", "camera", doc="name of the camera"),
    Column("status", "status", doc="how it came out"),
    Column("seconds", "took", "s", ".2f", ">", "in the worker, in its last attempt"),
    Column("attempt", "attempt", format="d", align=">", doc="which try this was, from 1"),
    Column("step", "last step", doc="the last step that it began"),
    Column("reason", "reason", doc="why, where it was noted"),
)


def process_terms(words: str, instrument: Instrument, programs: Sequence[str] = ()) -> tuple[Term, ...]:
    """Return what of a filter can be asked of the whole record."""
    obstypes = {name for step in instrument.steps for name in step.obstypes}
    terms = reach_terms(words, _REACH, (*obstypes, *programs))
    # A state without a column is one of the words that a process has.
    states = {term.values[0] for term in terms}
    return terms + tuple(
        term
        for term in reach_terms(words, {}, STATES)
        if term.values[0] in STATES and term.values[0] not in states
        for term in (Term("words", term.values, part=True, negated=term.negated),)
    )


def process_status(entry: ProcessEntry) -> Status:
    """Return what a process is drawn as: its verdict only where it is done."""
    return STATE_SHAPES.get(entry.state, entry.status)


def state_words(entry: ProcessEntry) -> str:
    """Return the state of a process; a run that was followed by another over the same exposure says so."""
    return "done, older" if entry.state == "done" and not entry.newest else entry.state


def processing_table(page: ProcessPage) -> Table:
    """Return the processes of a page, newest first; keys are their numbers."""
    rows = tuple(Row(entry.number, _values(entry)) for entry in page.rows)
    count = f" of {page.total:,}" if page.total is not None else ""
    note = f"{len(rows)}{count}: there are older ones" if page.older else ""
    return Table("processing", "Processing history", _COLUMNS, rows, note)


def _values(entry: ProcessEntry) -> tuple[Value, ...]:
    return (
        entry.number,
        entry.expid,
        Styled(state_words(entry), _STATE_ROLES.get(entry.state, "text" if entry.newest else "dim")),
        process_status(entry),
        _TRIGGERS.get(entry.trigger, entry.trigger),
        entry.who,
        short_time(entry.started),
        entry.seconds,
        f"{entry.good}/{entry.expected}" if entry.expected else f"–/{entry.cameras}",
        entry.obstype,
        entry.program,
        entry.tile,
        entry.exptime,
        entry.night,
        entry.configuration,
        entry.limit_set,
        entry.reason,
        entry.headline,
        entry.code_version,
        iso_time(entry.queued),
        iso_time(entry.started),
        iso_time(entry.ended),
    )


def runs_table(process: int, runs: Sequence[CameraRun]) -> Table:
    """Return the cameras of a process, what is not good first; keys are names of cameras."""
    ordered = sorted(runs, key=lambda run: -run.status.severity)
    rows = tuple(
        Row(run.camera, (run.camera, run.status, run.seconds, run.attempt, run.last_step, run.reason))
        for run in ordered
    )
    return Table("processing.cameras", f"Cameras of process {process}", _RUNS, rows)
