"""The exposures of a night, or of several, as a table; and what they add up to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from qltui.instruments.base import Instrument, StepDefinition
from qltui.model import Status
from qltui.store.history import NightPage, NightRow, NightTotals, StepOutcome
from qltui.store.history_cells import CellValue
from qltui.store.wanted import Term
from qltui.tables.camera import find_metric
from qltui.tables.conditions import clock_words, condition_points
from qltui.tables.reach import reach_terms
from qltui.tables.table import Column, Judged, Row, Styled, Table, Value

__all__ = [
    "FLAG_ROLES",
    "cells_table",
    "night_table",
    "night_terms",
    "overall",
    "step_titles",
    "totals_line",
    "totals_table",
]

FLAG_ROLES: Final = {"good": "strong", "bad": "bad", "junk": "bad", "test": "odd"}
"""How the observer's judgement is drawn; it was not checked by us, so that it is never green."""

_REACH: Final = {
    "obstype": "obstype",
    "type": "obstype",
    "program": "program",
    "filter": "program",
    "flag": "flag",
    "tile": "tile",
    "status": "status",
    "verdict": "status",
}
_SHOWN: Final = ("seeing", "sky", "airmass")
"""Conditions that are shown before anybody chooses."""


def night_terms(words: str, instrument: Instrument, programs: Sequence[str] = ()) -> tuple[Term, ...]:
    """Return what of a filter can be asked of the whole record.

    Parameters
    ----------
    programs : sequence of str
        Names of programs that a word may be.
    """
    obstypes = {name for step in instrument.steps for name in step.obstypes}
    return reach_terms(words, _REACH, (*obstypes, *programs))


def step_titles(steps: Sequence[StepDefinition]) -> dict[str, str]:
    """Return short titles of steps, by name: without the words that all of them begin with.

    >>> step_titles(INSTRUMENT.steps)["CHECK_CCDS"]
    'CCDS'
    """
    split = [step.title.split() for step in steps]
    common = 0
    while split and all(len(words) > common + 1 and words[common] == split[0][common] for words in split):
        common += 1
    return {step.name: " ".join(words[common:]) for step, words in zip(steps, split, strict=True)}


def overall(row: NightRow) -> Status:
    """Return the status of an exposure: while it is reduced, good ones are only the ones that have come so far."""
    unfinished = row.state == "running" and row.status.severity < Status.WARNING.severity
    return Status.RUNNING if unfinished else row.status


def _columns(instrument: Instrument, *, several: bool) -> tuple[Column, ...]:
    titles = step_titles(instrument.steps)
    return (
        Column("expid", "exposure", format="d", align=">", doc="number of the exposure"),
        Column("night", "night", format="d", align=">", doc="night of the exposure, YYYYMMDD", shown=several),
        Column("status", "verdict", doc="the worst of all cameras and steps, as it was judged last"),
        Column("flag", "flag", doc="the observer's judgement: good, bad, junk or test"),
        Column("comments", "C", format="d", align=">", doc="comments on it"),
        Column("obstype", "obstype", doc="kind of exposure"),
        Column("program", "program", doc="program of the exposure"),
        Column("tile", "tile", format="d", align=">", doc="number of the tile"),
        Column("ut", "UT", doc="start of the exposure, universal time"),
        Column("local", "local", doc="start of the exposure, time of the observatory"),
        Column("exptime", "time", "s", ".0f", ">", "exposure time"),
        *(
            Column(
                item.name, item.title.lower(), item.unit, item.format, ">", item.definition, shown=item.name in _SHOWN
            )
            for item in sorted(instrument.conditions, key=lambda item: _place(item.name))
        ),
        *(
            Column(
                step.name.lower(),
                titles[step.name],
                align=">",
                doc=f"{step.title}: worst status, and how many cameras are not good in it",
            )
            for step in instrument.steps
        ),
        Column("cameras", "good", align=">", doc="cameras that are good, of those that were expected"),
        Column("object", "object", doc="the observer's words in the header"),
        Column("headline", "in words", doc="what the verdict says"),
        Column("seconds", "took", "s", ".1f", ">", "from the begin of the reduction to its end", shown=False),
        Column("process", "process", format="d", align=">", doc="number of its newest process", shown=False),
        Column("state", "state", doc="of its newest process", shown=False),
    )


def _place(name: str) -> int:
    return _SHOWN.index(name) if name in _SHOWN else len(_SHOWN)


def night_table(page: NightPage, instrument: Instrument) -> Table:
    """Return the exposures of a page; keys are pairs of night and number."""
    zone = ZoneInfo(instrument.timezone)
    several = page.first != page.last
    nights = f"{page.first}" if not several else f"{page.first} to {page.last}"
    rows = tuple(Row(row.key, _values(row, instrument, zone)) for row in page.rows)
    count = f" of {page.total:,}" if page.total > len(rows) else ""
    note = f"{len(rows)}{count}: there are older ones" if page.older else ""
    columns = _columns(instrument, several=several)
    return Table("night", f"Night {nights}" if not several else f"Nights {nights}", columns, rows, note)


def _values(row: NightRow, instrument: Instrument, zone: tzinfo) -> tuple[Value, ...]:
    exposure = row.exposure
    point = condition_points([(exposure, row.status)], instrument, None)[0]
    conditions = sorted(instrument.conditions, key=lambda item: _place(item.name))
    return (
        exposure.expid,
        exposure.night,
        overall(row),
        Styled(row.flag, FLAG_ROLES.get(row.flag, "")),
        row.comments or None,
        exposure.obstype,
        exposure.program,
        exposure.tile,
        "" if point.time is None else clock_words(point.time, UTC),
        "" if point.time is None else clock_words(point.time, zone),
        exposure.exptime,
        *(point.values.get(item.name) for item in conditions),
        *(_step_value(row.steps.get(step.name)) for step in instrument.steps),
        f"{row.good}/{row.expected}" if row.expected else "",
        exposure.object,
        row.headline,
        row.seconds,
        row.process,
        row.state,
    )


def _step_value(outcome: StepOutcome | None) -> Value:
    return None if outcome is None else Judged(outcome.odd, outcome.status)


# -- totals --------------------------------------------------------------------------------------------------------

_TOTALS: Final = (
    Column("obstype", "obstype", doc="kind of exposure"),
    Column("exposures", "exposures", format="d", align=">", doc="how many"),
    Column("hours", "open", "h", ".2f", ">", "open-shutter time"),
    Column("good", "good", format="d", align=">", doc="judged good, or flagged so"),
    Column("warning", "warning", format="d", align=">", doc="judged with a warning"),
    Column("bad", "bad", format="d", align=">", doc="alarm, failed or missing, or flagged bad or junk"),
    Column("open", "open", format="d", align=">", doc="not judged, or not finished"),
    Column("test", "test", format="d", align=">", doc="flagged as a test"),
)


def totals_table(page: NightPage) -> Table:
    """Return what the exposures of the whole range add up to, by type, and in all."""
    lines = [*page.totals, _sum(page.totals)] if len(page.totals) > 1 else list(page.totals)
    rows = tuple(
        Row(
            item.obstype,
            (
                item.obstype or "none", item.exposures, item.seconds / 3600.0, item.good, item.warning, item.bad,
                item.open, item.test,
            ),
        )
        for item in lines
    )  # fmt: skip
    return Table("night.totals", "Totals", _TOTALS, rows)


def _sum(totals: Sequence[NightTotals]) -> NightTotals:
    return NightTotals(
        "all",
        *(sum(getattr(item, name) for item in totals) for name in ("exposures", "seconds", "good", "warning")),
        *(sum(getattr(item, name) for item in totals) for name in ("bad", "open", "test")),
    )


def totals_line(page: NightPage) -> str:
    """Return the totals in one line."""
    if not page.totals:
        return ""
    whole = _sum(page.totals)
    parts = [f"{whole.exposures:,} exposures", f"{whole.seconds / 3600.0:.2f} h open shutter"]
    counts = (("good", whole.good), ("warning", whole.warning), ("bad", whole.bad), ("open", whole.open))
    parts += [f"{count:,} {name}" for name, count in (*counts, ("test", whole.test)) if count]
    return "   ".join(parts)


def cells_table(
    rows: Sequence[NightRow], metric: str, values: Mapping[tuple[int, str], CellValue], instrument: Instrument
) -> Table:
    """Return a row for each exposure and camera: status and reason, or the worst element of a metric."""
    definition = find_metric(instrument, metric) if metric else None
    columns: tuple[Column, ...] = (
        Column("night", "night", format="d", align=">", doc="night of the exposure, YYYYMMDD"),
        Column("expid", "exposure", format="d", align=">", doc="number of the exposure"),
        Column("camera", "camera", doc="name of the camera"),
        Column("status", "status", doc="as it was judged last"),
    )
    if definition is None:
        columns = (*columns, Column("reason", "reason", doc="why, where it was noted"))
    else:
        unit, form = definition.unit, definition.format
        columns = (
            *columns,
            Column("element", "of", doc="the worst element of the metric"),
            Column("value", metric, unit, form, ">", definition.definition),
        )
    lines = []
    for row in rows:
        for camera, status in row.cameras.items():
            found: tuple[Value, ...] | None = (status, row.reasons.get(camera, ""))
            if definition is not None:
                value = values.get((row.exposure_id, camera))
                found = (value.status, value.element, value.value) if value is not None else None
            if found is not None:
                lines.append(Row((*row.key, camera), (*row.key, camera, *found)))
    return Table("night.cells", f"night cells {metric}".strip(), columns, tuple(lines))
