"""Which exposures of the last nights other limits would judge differently, counted from what the record keeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from qltui.instruments.base import Instrument
from qltui.model import Status, worst
from qltui.quality.limits import Context, LimitSet
from qltui.quality.whatif import Flips, Rule, changed_metrics, make_rule, overall_after, step_after
from qltui.store.codec import text_value, unpack
from qltui.store.database import Database, Row

__all__ = ["flips"]

_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class _Run:
    """The newest finished process of an exposure; `kind` numbers what limits are picked by."""

    process: int
    expid: int
    status: Status
    kind: int


_Element = tuple[str, str, str]
"""Metric, camera, element."""


def flips(database: Database, instrument: Instrument, before: LimitSet, after: LimitSet, nights: int) -> Flips:
    """Return what `after` in the place of `before` would change in the newest nights.

    Only metrics whose entries differ are judged again. An exposure's status is that of its newest finished process.

    Parameters
    ----------
    database : Database
        The record.
    instrument : Instrument
        Whose cameras there are.
    before, after : LimitSet
        The limits in force, and others.
    nights : int
        How many of the newest nights are looked at.
    """
    runs, kinds, (first, last) = _runs(database, instrument.name, nights)
    found: dict[int, dict[_Element, tuple[Status, Status]]] = {}
    for metric in changed_metrics(before, after) if runs else ():
        for series, camera, element in _series(database, instrument.name, metric):
            if camera not in {item.name for item in instrument.cameras}:
                continue
            arm = instrument.camera(camera).arm
            contexts = [Context(camera, arm, *kind) for kind in kinds]
            rules = [make_rule(metric, element, context, before, after) for context in contexts]
            if not any(rules):
                continue
            rows = _values(database, series, first, last)
            for process, old, new in _flipped(rows, runs, rules):
                found.setdefault(process, {})[(metric, camera, element)] = (Status(old), Status(new))
    return _summary(database, runs, found)


def _runs(
    database: Database, instrument: str, nights: int
) -> tuple[dict[int, _Run], list[tuple[str, str, int]], tuple[float, float]]:
    """Return the newest finished process of each exposure by its number, the kinds of exposures, and the times."""
    rows = database.sql(
        """SELECT process.id, exposure.expid, process.status, exposure.obstype, exposure.program, night.night,
                  process.time
           FROM (SELECT night.id, night.night FROM night JOIN instrument ON instrument.id = night.instrument_id
                 WHERE instrument.name = ? ORDER BY night.night DESC LIMIT ?) AS night
           CROSS JOIN exposure ON exposure.night_id = night.id
           CROSS JOIN process ON process.id = (
               SELECT max(id) FROM process
               WHERE process.exposure_id = exposure.id AND process.state IN ('done', 'failed')
           )""",
        (text_value(instrument), nights),
    )
    kinds: dict[tuple[str, str, int], int] = {}
    runs = {
        process: _Run(process, expid, Status(status), kinds.setdefault((obstype, program, night), len(kinds)))
        for process, expid, status, obstype, program, night, _ in rows
    }
    times = [row[6] for row in rows]
    return runs, list(kinds), (min(times), max(times)) if times else (0.0, 0.0)


def _series(database: Database, instrument: str, metric: str) -> list[Row]:
    return database.sql(
        """SELECT series.id, series.camera, series.element
           FROM instrument JOIN series ON series.instrument_id = instrument.id
           WHERE instrument.name = ? AND series.metric = ?""",
        (text_value(instrument), text_value(metric)),
    )


def _values(database: Database, series: int, first: float, last: float) -> list[Row]:
    return database.sql(
        """SELECT process_id, value, reference, status FROM measurement
           WHERE series_id = ? AND time BETWEEN ? AND ?""",
        (series, first, last),
    )


def _flipped(rows: Iterable[Row], runs: Mapping[int, _Run], rules: list[Rule | None]) -> Iterable[tuple[int, str, str]]:
    """Yield process, old and new status of every value that gets another one."""
    for process, value, reference, status in rows:
        run = runs.get(process)
        if run is None:
            continue
        rule = rules[run.kind]
        if rule is not None:
            new = rule(value, reference, status)
            if new != status:
                yield process, status, new


def _summary(
    database: Database, runs: Mapping[int, _Run], found: Mapping[int, Mapping[_Element, tuple[Status, Status]]]
) -> Flips:
    better = worse = 0
    counts: dict[str, list[int]] = {}
    examples: list[tuple[int, Status, Status]] = []
    for process in sorted(found, reverse=True):
        run, elements = runs[process], found[process]
        status = _after(database, run, elements)
        if status is run.status:
            continue
        is_worse = status.severity > run.status.severity
        better, worse = better + (not is_worse), worse + is_worse
        for metric in {
            name for (name, _, _), (old, new) in elements.items() if (new.severity > old.severity) == is_worse
        }:
            counts.setdefault(metric, [0, 0])[is_worse] += 1
        examples.append((run.expid, run.status, status))
    order = sorted(counts, key=lambda name: (-sum(counts[name]), name))
    by_metric = tuple((metric, counts[metric][0], counts[metric][1]) for metric in order)
    return Flips(len(runs), better, worse, by_metric, tuple(examples[:_EXAMPLES]))


def _after(database: Database, run: _Run, elements: Mapping[_Element, tuple[Status, Status]]) -> Status:
    """Return the status that an exposure would have."""
    most = worst(new for _, new in elements.values())
    if most.severity >= run.status.severity:
        return most
    if worst(old for old, _ in elements.values()).severity < run.status.severity:
        return run.status
    return _without(database, run, elements)


def _without(database: Database, run: _Run, elements: Mapping[_Element, tuple[Status, Status]]) -> Status:
    """Return the status of an exposure whose worst values have become milder: the others have to be looked at."""
    rows = database.sql(
        """SELECT job.camera, job.attempt, job.status, step.name, step.status, step.judgements, step.numbers
           FROM job LEFT JOIN step ON step.job_id = job.id WHERE job.process_id = ? ORDER BY job.attempt""",
        (run.process,),
    )
    last = {row[0]: row[1] for row in rows}
    touched = {camera for _, camera, _ in elements}
    rest = [row for row in rows if row[1] == last[row[0]] and row[0] not in touched]
    if any(row[2] == run.status.value for row in rest):
        # Another camera is as bad for its own reasons.
        return run.status
    cameras: dict[str, tuple[Status, list[Status], list[Status]]] = {}
    for camera, attempt, status, step, step_status, words, numbers in rows:
        if attempt != last[camera]:
            continue
        entry = cameras.setdefault(camera, (Status(status), [], []))
        if step is None:
            continue
        before = after = Status(step_status)
        if camera in touched:
            flipped = {
                (metric, element): new for (metric, name, element), (_, new) in elements.items() if name == camera
            }
            after = step_after(before, unpack(words, numbers), flipped)
        entry[1].append(before)
        entry[2].append(after)
    return overall_after(cameras)
