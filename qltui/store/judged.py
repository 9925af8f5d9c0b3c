"""How other limits would have judged the last nights: only metrics whose limits differ are looked at again.

Of everything else the record knows the worst already: the status of each camera, and what the steps of a camera say
beside the metric. That is read only for cameras that would become better, which are few.
"""

from __future__ import annotations

import bisect
import itertools
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from qltui.instruments.base import Instrument
from qltui.model import Status, worst
from qltui.quality.limits import Context, Limit, LimitSet
from qltui.quality.whatif import Flips, Judge, changed_metrics, count_flips, judge_again
from qltui.store.codec import text_value
from qltui.store.database import Database

__all__ = ["Judged", "flips", "judged"]

_STATUS: Final = {status.value: status for status in Status}
_SEVERITY: Final = {status.value: status.severity for status in Status}


@dataclass(frozen=True, slots=True)
class Judged:
    """The newest finished process of an exposure; `status` is its recorded verdict."""

    process: int
    expid: int
    night: int
    obstype: str
    program: str
    status: Status
    time: float


def judged(database: Database, instrument: str, nights: int) -> list[Judged]:
    """Return the newest finished process of every exposure of the last `nights` nights, in the order of time."""
    rows = database.sql(
        """SELECT process.id, exposure.expid, night.night, exposure.obstype, exposure.program, process.status,
                  process.time
           FROM (SELECT night.id, night.night FROM night JOIN instrument ON instrument.id = night.instrument_id
                 WHERE instrument.name = ? ORDER BY night.night DESC LIMIT ?) AS night
           CROSS JOIN exposure ON exposure.night_id = night.id
           CROSS JOIN process ON process.id = (
               SELECT max(id) FROM process
               WHERE process.exposure_id = exposure.id AND process.state IN ('done', 'failed'))
           ORDER BY process.time""",
        (text_value(instrument), nights),
    )
    return [
        Judged(process, expid, night, obstype, program, _STATUS[status], when)
        for process, expid, night, obstype, program, status, when in rows
    ]


Step = Callable[[int, int], None]
"""Told how many of how many parts are done; what it raises stops the work."""


def flips(
    database: Database,
    instrument: Instrument,
    before: LimitSet,
    after: LimitSet,
    nights: int = 30,
    *,
    step: Step = lambda _done, _total: None,
) -> Flips:
    """Return which exposures of the last nights would have another status.

    Parameters
    ----------
    instrument : Instrument
        Whose cameras and arms.
    before : LimitSet
        That are in force.
    after : LimitSet
        That are thought of.
    nights : int
        How many of the newest nights.
    step : callable
        Told how many of how many metrics' series have been judged anew.
    """
    found = judged(database, instrument.name, nights)
    metrics = changed_metrics(before, after)
    anew = _Anew(database, instrument, before, after, found)
    anew.judge_metrics(metrics, step)
    changed = anew.changed_cameras(metrics)
    cameras = {process: _cameras(database, process) for process in changed}
    exposures = [(item.process, item.expid, item.night, item.status) for item in found]
    flipped = count_flips(exposures, cameras, _statuses(changed, cameras))
    counts = {metric: anew.count(metric, {flip.process for flip in flipped}) for metric in metrics}
    return Flips(
        nights=tuple(sorted({item.night for item in found})),
        exposures=len(found),
        flips=flipped,
        by_metric=tuple((metric, *pair) for metric, pair in counts.items() if any(pair)),
    )


def _cameras(database: Database, process: int) -> dict[str, Status]:
    """Return the status of each camera that is expected: the last attempt counts."""
    rows = database.sql("SELECT camera, status, max(attempt) FROM job WHERE process_id = ? GROUP BY camera", (process,))
    statuses = {str(camera): _STATUS[status] for camera, status, _ in rows}
    return {camera: status for camera, status in statuses.items() if status is not Status.NOT_EXPECTED}


def _statuses(
    changed: dict[int, dict[str, _Change]], cameras: dict[int, dict[str, Status]]
) -> dict[int, dict[str, Status]]:
    """Return the new status of every camera of which something changes."""
    found: dict[int, dict[str, Status]] = {}
    for process, changes in changed.items():
        for camera, change in changes.items():
            now = cameras[process].get(camera)
            if now is None:
                continue
            status = change.status_of_camera(now)
            if status is not now:
                found.setdefault(process, {})[camera] = status
    return found


@dataclass(frozen=True, slots=True)
class _Change:
    """The worst of the metrics in one camera, before and after; `others` is the worst of everything beside them."""

    before: Status
    after: Status
    others: Status

    def status_of_camera(self, now: Status) -> Status:
        """Return what a camera would be."""
        if self.after.severity >= now.severity:
            return self.after
        # It was as bad as it is for another reason, or it becomes as good as the rest of it.
        return now if self.before.severity < now.severity else worst([self.after, self.others])


@dataclass(frozen=True, slots=True)
class _Kinds:
    """Kinds of exposures: obstype, program and a night of each, and the kind of every exposure by its place."""

    contexts: Sequence[tuple[str, str, int]]
    of: Sequence[int]


class _Anew:
    """Judges values anew, and keeps the worst of each camera of each exposure before and after."""

    def __init__(
        self, database: Database, instrument: Instrument, before: LimitSet, after: LimitSet, found: Sequence[Judged]
    ) -> None:
        self._database = database
        self._instrument = instrument
        self._limits = before, after
        self._found = found
        self._place = {item.process: place for place, item in enumerate(found)}
        self._worst: dict[str, tuple[bytearray, bytearray]] = {}
        self._of_metric: dict[str, tuple[bytearray, bytearray]] = {}

    def judge_metrics(self, metrics: Sequence[str], step: Step) -> None:
        """Judge all values of some metrics."""
        series = {metric: self._series(metric) for metric in metrics}
        total = sum(map(len, series.values()))
        done = itertools.count()
        for metric in metrics:
            self._judge_metric(metric, series[metric], lambda: step(next(done), total))

    def _judge_metric(self, metric: str, every: Sequence[tuple[int, str, str]], step: Callable[[], None]) -> None:
        count = len(self._found)
        of_metric: dict[str, tuple[bytearray, bytearray]] = {}
        kinds = self._kinds(metric)
        for series, camera, element in every:
            step()
            pair = of_metric.setdefault(camera, (bytearray(count), bytearray(count)))
            self._judge_series(series, kinds, self._judges(metric, camera, element, kinds), pair)
        _take_worst(self._worst, of_metric)
        whole = {"": (bytearray(count), bytearray(count))}
        for pair in of_metric.values():
            _take_worst(whole, {"": pair})
        self._of_metric[metric] = whole[""]

    def count(self, metric: str, processes: Collection[int]) -> tuple[int, int]:
        """Return in how many of some processes the worst of a metric would be better, and worse."""
        old, new = self._of_metric[metric]
        places = [self._place[process] for process in processes]
        return sum(new[place] < old[place] for place in places), sum(new[place] > old[place] for place in places)

    def _judge_series(
        self, series: int, kinds: _Kinds, judges: Sequence[Judge], pair: tuple[bytearray, bytearray]
    ) -> None:
        """Judge the values of one series; this is the loop that a million values go through."""
        places, kind_of, severities = self._place, kinds.of, _SEVERITY
        old, new = pair
        for process, value, reference, word in self._values(series):
            place = places.get(process)
            if place is None:
                continue
            before = severities[word]
            after = judges[kind_of[place]](value, reference, before)
            if before > old[place]:
                old[place] = before
            if after > new[place]:
                new[place] = after

    def _kinds(self, metric: str) -> _Kinds:
        """Return the kinds of exposures by which limits of a metric may differ."""
        starts = sorted(
            {limit.valid_from for limits in self._limits for limit in limits.limits if limit.metric == metric}
        )
        numbers: dict[tuple[str, str, int], int] = {}
        contexts: list[tuple[str, str, int]] = []
        of: list[int] = []
        for item in self._found:
            kind = (item.obstype, item.program, bisect.bisect_right(starts, item.night))
            if kind not in numbers:
                numbers[kind] = len(contexts)
                contexts.append((item.obstype, item.program, item.night))
            of.append(numbers[kind])
        return _Kinds(contexts, of)

    def _judges(self, metric: str, camera: str, element: str, kinds: _Kinds) -> list[Judge]:
        arm = self._instrument.camera(camera).arm
        judges = []
        for obstype, program, night in kinds.contexts:
            context = Context(camera, arm, obstype, program, night)
            before, after = (limits.select(metric, context, element) for limits in self._limits)
            judges.append(_judge(before, after, element))
        return judges

    def _series(self, metric: str) -> list[tuple[int, str, str]]:
        rows = self._database.sql(
            """SELECT series.id, series.camera, series.element FROM series
               JOIN instrument ON instrument.id = series.instrument_id WHERE instrument.name = ? AND metric = ?""",
            (self._instrument.name, metric),
        )
        known = set(self._instrument.tasks)
        return [(int(number), str(camera), str(element)) for number, camera, element in rows if camera in known]

    def _values(self, series: int) -> Sequence[tuple[Any, ...]]:
        """Return process, value, reference and status of every value of a series in these nights."""
        if not self._found:
            return ()
        first, last = self._found[0].time, self._found[-1].time
        return self._database.sql(
            """SELECT process_id, value, reference, status FROM measurement
               WHERE series_id = ? AND time BETWEEN ? AND ?""",
            (series, first, last),
        )

    def changed_cameras(self, metrics: Collection[str]) -> dict[int, dict[str, _Change]]:
        """Return, by process and camera, where the worst of the metrics would be another one."""
        found: dict[int, dict[str, _Change]] = {}
        for camera, (old, new) in self._worst.items():
            for place, (before, after) in enumerate(zip(old, new, strict=True)):
                if before == after:
                    continue
                process = self._found[place].process
                better = after < before
                others = self._others(process, camera, metrics) if better else _ORDER[0]
                found.setdefault(process, {})[camera] = _Change(_ORDER[before], _ORDER[after], others)
        return found

    def _others(self, process: int, camera: str, metrics: Collection[str]) -> Status:
        """Return the worst of a camera beside some metrics: its other metrics, and steps that did not end well."""
        rows = self._database.sql(
            """SELECT status, judgements FROM step WHERE job_id = (
                   SELECT id FROM job WHERE process_id = ? AND camera = ? ORDER BY attempt DESC LIMIT 1)""",
            (process, camera),
        )
        statuses: list[Status] = []
        for step, words in rows:
            judgements = [(name, _worst_of(marks)) for name, _, marks, *_ in json.loads(words)]
            beside = [status for name, status in judgements if name not in metrics]
            if worst(status for _, status in judgements) is not _STATUS[step]:
                # The step itself went wrong, whatever its metrics say.
                beside.append(_STATUS[step])
            statuses += beside
        return worst(statuses, _ORDER[0])


_ORDER: Final = tuple(sorted(Status, key=lambda status: status.severity))


def _take_worst(into: dict[str, tuple[bytearray, bytearray]], more: Mapping[str, tuple[bytearray, bytearray]]) -> None:
    """Keep the worse of two severities, place by place."""
    for name, pair in more.items():
        before = into.get(name)
        into[name] = pair if before is None else (_worse(before[0], pair[0]), _worse(before[1], pair[1]))


def _worse(one: bytearray, other: bytearray) -> bytearray:
    return bytearray(map(max, one, other))


def _worst_of(words: Sequence[str]) -> Status:
    return worst(_STATUS[word] for word in words)


def _bare(limit: Limit | None) -> Limit | None:
    """Return what of an entry says how a value is judged."""
    return None if limit is None else replace(limit, source="", from_site=False, from_record=False)


def _judge(before: Limit | None, after: Limit | None, element: str) -> Judge:
    """Return what judges anew; what has the same limit as before keeps its status, to the bit."""
    if _bare(before) == _bare(after):
        return lambda value, reference, severity: severity  # noqa: ARG005 - the form of a Judge
    return judge_again(before, after, element)
