"""The exposures of a night or of many: one page of them, what they add up to, and how each camera came out.

A season has 240,000 exposures. `qltui.store.schema_survey.Outcome` has one short row for each, in the order of the
nights, so that the newest page and the totals of a range are found without reading the exposures themselves.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from qltui.instruments.base import Instrument
from qltui.model import Exposure, Status, worst
from qltui.store.codec import EXPOSURE_COLUMNS, exposure_from_row, text_value
from qltui.store.database import Database, Row
from qltui.store.survey_views import CLASSES
from qltui.store.wanted import Term, conditions

__all__ = [
    "BEYOND",
    "NightPage",
    "NightRow",
    "NightTotals",
    "NightWish",
    "StepOutcome",
    "field_of",
    "neighbour_night",
    "night_page",
]

BEYOND: Final = 99999999
"""After every night."""

_STATUS: Final = {status.value: status for status in Status}
_EXPOSURE: Final = ", ".join(f"exposure.{column.column_name}" for column in EXPOSURE_COLUMNS)
_STATUS_WORD: Final = "CASE outcome.status WHEN '' THEN 'WAITING' ELSE outcome.status END"
_COLUMNS: Final = {
    "obstype": "outcome.obstype",
    "program": "outcome.program",
    "flag": "outcome.flag",
    "tile": "max(outcome.field, -1)",
    "status": _STATUS_WORD,
    "kind": "outcome.obstype || ' ' || outcome.program",
    "words": f"outcome.obstype || ' ' || outcome.program || ' ' || outcome.flag || ' ' || {_STATUS_WORD}",
}
"""What of an exposure can be asked of a whole season, and where it is kept."""
_SUMMED: Final = {"obstype": "obstype", "program": "program", "kind": "obstype || ' ' || program"}
"""What the sums of nights know."""

_SPREADS: Final = (Status.MISSING, Status.FAILED, Status.CANCELLED)
"""Of a camera: steps that it never began came out like it."""


@dataclass(frozen=True, slots=True)
class NightWish:
    """Which exposures are wanted.

    Attributes
    ----------
    instrument : str
        Name of the instrument.
    first, last : int or None
        Nights YYYYMMDD, both included; None for the newest night.
    terms : tuple of Term
        What they must have.
    before : tuple of (int, int) or None
        Night and number: only exposures before this one.
    limit : int
        How many at most; the newest of them.
    field : tuple of (str, tuple of str)
        The camera that stands for the whole field, and its steps, which no other has (`field_of`); empty for none.
    """

    instrument: str
    first: int | None = None
    last: int | None = None
    terms: tuple[Term, ...] = ()
    before: tuple[int, int] | None = None
    limit: int = 500
    field: tuple[str, tuple[str, ...]] = ("", ())


class StepOutcome(NamedTuple):
    """One step of one exposure over all cameras: the worst status, and cameras that have a status other than NORMAL."""

    status: Status
    odd: int


@dataclass(frozen=True, slots=True)
class NightRow:
    """One exposure of the page.

    Attributes
    ----------
    exposure_id : int
        Its number in the record.
    process : int or None
        Its newest process; `state`, `status`, `headline`, `good`, `expected` and `seconds` are of that one.
    cameras : mapping
        Camera to the status of the last run over it.
    reasons : mapping
        Camera to the reason for its status, where one was noted.
    steps : mapping
        Step to what came of it.
    comments : int
        How many.
    flag : str
        The observer's judgement, empty for none.
    """

    exposure_id: int
    exposure: Exposure
    process: int | None
    state: str
    status: Status
    headline: str
    good: int
    expected: int
    seconds: float | None
    comments: int
    flag: str
    cameras: Mapping[str, Status] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    steps: Mapping[str, StepOutcome] = field(default_factory=dict)

    @property
    def key(self) -> tuple[int, int]:
        """Night and number: stays the same whatever the record does."""
        return self.exposure.night, self.exposure.expid


@dataclass(frozen=True, slots=True)
class NightTotals:
    """Exposures of one type: how many, their open-shutter time [s], and how many are in each class (`CLASSES`)."""

    obstype: str
    exposures: int = 0
    seconds: float = 0.0
    good: int = 0
    warning: int = 0
    bad: int = 0
    open: int = 0
    test: int = 0


@dataclass(frozen=True, slots=True)
class NightPage:
    """A page of exposures, oldest first, and what all that were wished for add up to.

    Attributes
    ----------
    first, last : int or None
        Nights that were asked for; None where the record has none.
    rows : tuple of NightRow
        The page.
    totals : tuple of NightTotals
        By type of exposure, of the whole range and not of the page alone; empty where nobody counted.
    older : bool
        Whether there are wished ones before the page.
    """

    first: int | None
    last: int | None
    rows: tuple[NightRow, ...] = ()
    totals: tuple[NightTotals, ...] = ()
    older: bool = False

    @property
    def total(self) -> int:
        """Exposures that were wished for, as far as they were counted."""
        return sum(item.exposures for item in self.totals) or len(self.rows)


# -- the page ------------------------------------------------------------------------------------------------------


def night_page(database: Database, wish: NightWish) -> NightPage:
    """Return the newest exposures that are wished for, oldest first, and the totals of all of them."""
    instrument = _instrument(database, wish.instrument)
    first, last = wish.first, wish.last
    if first is None or last is None:
        first = last = neighbour_night(database, wish.instrument, BEYOND, -1)
    if instrument is None or first is None or last is None:
        return NightPage(first, last)
    where, values = conditions(wish.terms, _COLUMNS)
    scope = (f"outcome.instrument_id = ? AND outcome.night BETWEEN ? AND ?{where}", [instrument, first, last, *values])
    found = _page(database, wish, *scope)
    older, found = len(found) > wish.limit, found[: wish.limit]
    jobs, reasons = _cameras(database, [row.exposure_id for row in found])
    counts, begun = _step_counts(database, jobs), _begun(database, jobs)
    rows = tuple(
        replace(
            row,
            cameras={camera: status for camera, (_, status) in jobs[row.exposure_id].items()},
            reasons=reasons[row.exposure_id],
            steps=_step_outcomes(jobs[row.exposure_id], counts[row.exposure_id], begun, wish),
        )
        for row in found
    )
    totals = _totals(database, wish, (instrument, first, last), scope)
    return NightPage(first, last, rows[::-1], totals, older)


def field_of(instrument: Instrument) -> tuple[str, tuple[str, ...]]:
    """Return what a `NightWish` is told of the field of an instrument."""
    field = instrument.field_camera
    return ("", ()) if field is None else (field.name, tuple(step.name for step in instrument.steps if step.of_field))


def _instrument(database: Database, name: str) -> int | None:
    rows = database.sql("SELECT id FROM instrument WHERE name = ?", (text_value(name),))
    return int(rows[0][0]) if rows else None


def _page(database: Database, wish: NightWish, where: str, values: Sequence[object]) -> list[NightRow]:
    """Return the page, newest first, and one more where there are older ones."""
    if wish.before is not None:
        where += " AND (outcome.night, outcome.expid) < (?, ?)"
        values = [*values, *wish.before]
    rows = database.sql(
        f"""SELECT page.exposure_id, page.process, page.state, page.status, page.flag, process.headline, process.good,
                   process.expected, process.started, process.ended,
                   (SELECT count(*) FROM comment
                    WHERE comment.exposure_id = page.exposure_id AND comment.deleted IS NULL),
                   page.night, {_EXPOSURE}
            FROM (SELECT outcome.exposure_id, outcome.process, outcome.state, outcome.status, outcome.flag,
                         outcome.night, outcome.expid
                  FROM outcome WHERE {where} ORDER BY outcome.night DESC, outcome.expid DESC LIMIT ?) AS page
            CROSS JOIN exposure ON exposure.id = page.exposure_id
            LEFT JOIN process ON process.id = page.process
            ORDER BY page.night DESC, page.expid DESC""",  # noqa: S608 -- columns and words of our own
        (*values, wish.limit + 1),
    )
    return [_row(wish.instrument, row) for row in rows]


def _row(instrument: str, row: Row) -> NightRow:
    exposure_id, process, state, status, flag, headline, good, expected, started, ended, comments, night = row[:12]
    return NightRow(
        exposure_id=exposure_id,
        exposure=exposure_from_row(instrument, night, row[12:]),
        process=process,
        state=state,
        status=_STATUS.get(status, Status.WAITING),
        headline=headline or "",
        good=good or 0,
        expected=expected or 0,
        seconds=ended - started if ended is not None and started is not None else None,
        comments=comments,
        flag=flag,
    )


def _totals(
    database: Database, wish: NightWish, nights: tuple[int, int, int], scope: tuple[str, Sequence[object]]
) -> tuple[NightTotals, ...]:
    """Return the totals by type: from the sums of nights where they know enough, else from a night's own exposures.

    Of many nights with another condition there are none: a look at every exposure is no price for a number.
    """
    if all(term.column in _SUMMED for term in wish.terms):
        where, values = conditions(wish.terms, _SUMMED)
        rows = database.sql(
            f"""SELECT obstype, sum(exposures), sum(seconds), sum(good), sum(warning), sum(bad), sum(undecided),
                       sum(test)
                FROM night_sum WHERE instrument_id = ? AND night BETWEEN ? AND ?{where}
                GROUP BY obstype ORDER BY obstype""",  # noqa: S608 -- columns and words of our own
            (*nights, *values),
        )
        return tuple(NightTotals(*row) for row in rows if row[1])
    return _counted(database, *scope) if nights[1] == nights[2] else ()


def _counted(database: Database, where: str, values: Sequence[object]) -> tuple[NightTotals, ...]:
    rows = database.sql(
        f"""SELECT obstype, class, count(*), ifnull(sum(exptime), 0) FROM outcome WHERE {where}
            GROUP BY obstype, class""",  # noqa: S608 -- columns and words of our own
        values,
    )
    found: dict[str, NightTotals] = {}
    for obstype, number, count, seconds in rows:
        before, kind = found.get(obstype, NightTotals(obstype)), CLASSES[number]
        counts = {"exposures": before.exposures + count, kind: getattr(before, kind) + count}
        found[obstype] = replace(before, seconds=before.seconds + seconds, **counts)
    return tuple(total for _, total in sorted(found.items()))


# -- cameras and steps ---------------------------------------------------------------------------------------------

_Jobs = dict[str, tuple[int, Status]]
_Counts = dict[str, dict[Status, int]]


def _cameras(database: Database, exposures: Sequence[int]) -> tuple[dict[int, _Jobs], dict[int, dict[str, str]]]:
    """Return, of the last run over each camera, its job and status by exposure, and the reasons that were noted."""
    rows = database.sql(
        """SELECT process.exposure_id, job.camera, job.id, job.status, job.reason
           FROM json_each(?) AS wanted
           CROSS JOIN process ON process.exposure_id = wanted.value
           CROSS JOIN job ON job.process_id = process.id
           ORDER BY process.id, job.attempt""",
        (json.dumps(list(exposures)),),
    )
    found: dict[int, _Jobs] = {exposure: {} for exposure in exposures}
    reasons: dict[int, dict[str, str]] = {exposure: {} for exposure in exposures}
    for exposure, camera, job, status, reason in rows:
        found[exposure][camera] = (job, _STATUS[status])
        reasons[exposure][camera] = reason
    return found, {exposure: {k: v for k, v in known.items() if v} for exposure, known in reasons.items()}


def _step_counts(database: Database, jobs: Mapping[int, _Jobs]) -> dict[int, _Counts]:
    """Return how many cameras of each exposure have each status in each step; counted where the rows are."""
    wanted = {exposure: [job for job, _ in cameras.values()] for exposure, cameras in jobs.items()}
    rows = database.sql(
        """SELECT exposure.key, step.name, step.status, count(*)
           FROM json_each(?) AS exposure CROSS JOIN json_each(exposure.value) AS wanted
           CROSS JOIN step ON step.job_id = wanted.value
           GROUP BY exposure.key, step.name, step.status ORDER BY min(step.id)""",
        (json.dumps(wanted),),
    )
    counts: dict[int, _Counts] = {exposure: {} for exposure in jobs}
    for exposure, name, status, number in rows:
        counts[int(exposure)].setdefault(name, {})[_STATUS[status]] = number
    return counts


def _begun(database: Database, jobs: Mapping[int, _Jobs]) -> dict[int, set[str]]:
    """Return, of the jobs whose status counts in steps that they never reached, the steps that they did reach."""
    broken = [job for cameras in jobs.values() for job, status in cameras.values() if status in _SPREADS]
    begun: dict[int, set[str]] = {job: set() for job in broken}
    for job, name in database.sql(
        """SELECT step.job_id, step.name FROM json_each(?) AS wanted
           CROSS JOIN step ON step.job_id = wanted.value""",
        (json.dumps(broken),),
    ):
        begun[job].add(name)
    return begun


def _step_outcomes(
    jobs: _Jobs, counts: _Counts, begun: Mapping[int, set[str]], wish: NightWish
) -> dict[str, StepOutcome]:
    """Return what came of each step that any camera began; one that failed or is missing counts in all of its own."""
    field, of_field = wish.field[0], set(wish.field[1])
    found = {name: dict(statuses) for name, statuses in counts.items()}
    for camera, (job, status) in jobs.items():
        if status in _SPREADS:
            own = found.keys() & of_field if camera == field else found.keys() - of_field
            for name in own - begun[job]:
                found[name][status] = found[name].get(status, 0) + 1
    return {
        name: StepOutcome(worst(statuses), sum(number for status, number in statuses.items() if not status.is_good))
        for name, statuses in found.items()
    }


# -- nights --------------------------------------------------------------------------------------------------------


def neighbour_night(database: Database, instrument: str, night: int, by: int) -> int | None:
    """Return the night with exposures before (`by` < 0) or after another; None where there is none."""
    most, sign = ("max", "<") if by < 0 else ("min", ">")
    rows = database.sql(
        f"""SELECT {most}(night.night) FROM instrument JOIN night ON night.instrument_id = instrument.id
            WHERE instrument.name = ? AND night.night {sign} ?""",  # noqa: S608 -- words of our own
        (text_value(instrument), night),
    )
    return int(rows[0][0]) if rows and rows[0][0] is not None else None
