"""A record of a season, written through the store's own API: for measuring screens and queries on what they must bear.

Every exposure, process, camera and step of all nights is there, with statuses, verdicts, alarms, comments, flags, log
and headers. All measurements are there for the last nights and for cameras with a fault; of the others the first
element of a few metrics, or the record would have 280 million values.
"""

from __future__ import annotations

import multiprocessing
import random
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qltui import __version__
from qltui.instruments.base import Instrument, get_instrument
from qltui.model import Exposure, Status, Trigger, Verdict, worst
from qltui.quality.results import CameraResult, StepResult
from qltui.quality.verdict import exposure_verdict
from qltui.season.plan import Planned, SeasonPlan, plan_night
from qltui.season.templates import Mould, MouldStep
from qltui.season.values import camera_steps, first_elements
from qltui.store.record import Store
from qltui.store.views import CameraView, EngineView, StepView
from qltui.store.whole import CameraRows, camera_rows

__all__ = ["Filled", "fill", "headline_metrics"]

_OBSERVERS = ("Ann", "Ben", "Cleo")
_REMARKS = ("clouds in the west", "wind shakes the dome", "guiding lost for a minute", "looks fine", "seeing jumped")
_TARGETS = (("ELG", 180), ("LRG", 110), ("QSO", 90), ("STAR", 20), ("SKY", 40))
"""Names and usual numbers of what a unit of the instrument looks at."""
_PER_BATCH = 40
"""Exposures of one transaction."""
_AHEAD = 2
"""Nights that are made before they can be written: the record is the slower of the two, and nights are large."""


@dataclass(frozen=True, slots=True)
class Filled:
    """What was written."""

    nights: int
    exposures: int
    processes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class _Moulds:
    """Of each type of exposure and camera: everything, and what is kept of old nights."""

    full: Mapping[str, Mould]
    brief: Mapping[str, Mould]


def headline_metrics(instrument: Instrument) -> frozenset[str]:
    """Return the metrics whose first element is kept of all nights: one of every exposure, and what tells the depth."""
    amplifier = [metric.name for metric in instrument.metrics if metric.elements][1:2]
    depth = [instrument.depth.metric] if instrument.depth else []
    return frozenset(amplifier + depth)


def fill(
    path: Path,
    instrument: Instrument,
    moulds: Mapping[str, Mould],
    plan: SeasonPlan,
    *,
    limits: str = "{}",
    detailed: int = 30,
    progress: Callable[[int, float], None] | None = None,
) -> Filled:
    """Write a season into a new record.

    Parameters
    ----------
    path : Path
        The record; nothing may be there yet.
    moulds : mapping
        Good cameras by type of exposure (`qltui.season.templates.read_moulds`).
    limits : str
        Content of the limit set.
    detailed : int
        How many of the last nights have all their measurements.
    progress : callable, optional
        Told the number of the night that is done, and the seconds so far.

    Raises
    ------
    FileExistsError
        Where there is a record already.
    """
    if path.exists():
        msg = f"{path} is there already; name another directory, or remove it"
        raise FileExistsError(msg)
    path.parent.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    written = processes = 0
    depth_metric = instrument.depth.metric if instrument.depth is not None else ""
    with Store.open(path) as store:
        numbers = (store.configuration(f'[site]\ninstrument = "{instrument.name}"\n', "site"), store.limit_set(limits))
        for number, night in enumerate(_nights(instrument, moulds, plan, detailed)):
            for start in range(0, len(night), _PER_BATCH):
                with store.transaction():
                    for item in night[start : start + _PER_BATCH]:
                        processes += _write(store, item, numbers, depth_metric)
            written += len(night)
            if progress is not None:
                progress(number + 1, time.monotonic() - begun)
        _end(store, plan)
    return Filled(plan.nights, written, processes, time.monotonic() - begun)


# -- made in a process of its own ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Run:
    """One run over an exposure: the rows of its cameras, and how it ended."""

    trigger: Trigger
    who: str
    queued: float
    ended: float
    end: str
    reason: str
    cameras: tuple[CameraRows, ...]
    verdict: Verdict
    targets: Mapping[tuple[str, str], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Taken:
    """One exposure, its runs, and what observers say of it: (author, text, about the run) and (value, author)."""

    exposure: Exposure
    closed: float
    runs: tuple[_Run, ...]
    comment: tuple[str, str, bool] | None = None
    flag: tuple[str, str] | None = None


class _Maker:
    """Makes nights; one in the process that makes them, so that the moulds travel once."""

    def __init__(self, instrument: str, moulds: Mapping[str, Mould], plan: SeasonPlan, detailed: int) -> None:
        self.instrument = get_instrument(instrument)
        self.plan = plan
        self.detailed = detailed
        few = headline_metrics(self.instrument)
        brief = {
            obstype: Mould(obstype, {name: first_elements(steps, few) for name, steps in mould.cameras.items()})
            for obstype, mould in moulds.items()
        }
        self.moulds = _Moulds(moulds, brief)

    def night(self, number: int) -> list[_Taken]:
        """Return all exposures of a night."""
        rng = random.Random(f"{self.plan.seed}:{number}")  # noqa: S311 - nothing secret
        full = number >= self.plan.nights - self.detailed
        planned = plan_night(self.plan, self.instrument, tuple(self.moulds.full), number)
        return [_taken(self.instrument, self.moulds, item, rng, full=full) for item in planned]


_maker: list[_Maker] = []


def _begin(*args: Any) -> None:
    """Prepare the process that makes nights."""
    _maker[:] = [_Maker(*args)]


def _night(number: int) -> list[_Taken]:
    return _maker[0].night(number)


def _nights(
    instrument: Instrument, moulds: Mapping[str, Mould], plan: SeasonPlan, detailed: int
) -> Iterator[list[_Taken]]:
    """Give the nights in order; one is written while the next are made."""
    context = multiprocessing.get_context("spawn")
    arguments = (instrument.name, moulds, plan, detailed)
    with ProcessPoolExecutor(1, mp_context=context, initializer=_begin, initargs=arguments) as pool:
        waiting: deque[Future[list[_Taken]]] = deque()
        for number in range(plan.nights):
            waiting.append(pool.submit(_night, number))
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _taken(instrument: Instrument, moulds: _Moulds, planned: Planned, rng: random.Random, *, full: bool) -> _Taken:
    """Return one exposure with its runs and what observers say of it."""
    exposure = planned.exposure
    closed = planned.start + (exposure.exptime or 0.0) + 20.0
    runs = [_run(instrument, moulds, planned, rng, closed, full=full)]
    if planned.again:
        again = Planned(exposure, planned.start, "done", planned.faults[:1], planned.missing)
        runs.append(_run(instrument, moulds, again, rng, closed + 3600.0, full=full, again=True))
    chance = rng.random()
    author = rng.choice(_OBSERVERS)
    comment = (author, rng.choice(_REMARKS), chance < 0.01) if chance < 0.03 else None
    flag = (rng.choice(("bad", "junk", "test", "good")), author) if planned.faults and chance < 0.3 else None
    return _Taken(exposure, closed, tuple(runs), comment, flag)


def _run(
    instrument: Instrument,
    moulds: _Moulds,
    planned: Planned,
    rng: random.Random,
    queued: float,
    *,
    full: bool,
    again: bool = False,
) -> _Run:
    """Return one run over an exposure."""
    names = [camera.name for camera in instrument.cameras]
    trigger = Trigger.REPROCESS if again else Trigger.NEW
    who = rng.choice(_OBSERVERS) if again else "engine"
    if planned.end == "superseded":
        verdict = Verdict(Status.WAITING, "")
        return _Run(trigger, who, queued, queued, planned.end, "the file was rewritten", (), verdict)
    cameras = [_camera(moulds, planned, name, rng, full=full) for name in names]
    verdict = _verdict(instrument, planned, cameras, names)
    ended = queued + 1.0 + max((camera.seconds or 0.0 for camera in cameras), default=0.0) * len(names) / 2.0
    reason = {"failed": "3 workers died in CHECK CCDS", "cancelled": "asked for by Ann"}.get(planned.end, "")
    rows = tuple(camera_rows(camera, queued + 1.0) for camera in cameras)
    targets = _targets(instrument, rng) if planned.exposure.obstype in instrument.on_sky else {}
    return _Run(trigger, who, queued, ended, planned.end, reason, rows, verdict, targets)


def _targets(instrument: Instrument, rng: random.Random) -> dict[tuple[str, str], int]:
    """Return how many targets each unit of the instrument saw, by class."""
    units = dict.fromkeys(camera.unit for camera in instrument.cameras)
    return {(unit, name): round(rng.gauss(mean, mean / 10)) for unit in units for name, mean in _TARGETS}


def _camera(moulds: _Moulds, planned: Planned, name: str, rng: random.Random, *, full: bool) -> CameraView:
    """Return a camera as it ended."""
    if name in planned.missing:
        return CameraView(name, Status.MISSING, "not in the file")
    if planned.end == "cancelled" and rng.random() < 0.7:
        return CameraView(name, Status.CANCELLED, "asked for by Ann")
    if planned.end == "failed" and rng.random() < 0.3:
        return CameraView(name, Status.FAILED, "killed after 120 s in CHECK CCDS", 2, 120.0)
    bad = name in planned.faults
    mould = (moulds.full if full or bad else moulds.brief)[planned.exposure.obstype].cameras.get(name, ())
    if not mould:
        return CameraView(name, Status.NOT_CHECKED, "no example of this camera")
    drift = _drift(planned.start, name)
    steps = camera_steps(mould, rng, drift, bad=bad) if full or bad else _brief_steps(mould, rng, drift)
    seconds = sum(step.seconds or 0.0 for step in steps) * 1.2
    return CameraView(name, worst(step.status for step in steps), "", 1, seconds, steps, {}, 400_000_000)


def _brief_steps(mould: tuple[MouldStep, ...], rng: random.Random, drift: float) -> tuple[StepView, ...]:
    """Return good steps of a night long ago: a step whose values are not kept was good all the same."""
    return tuple(
        step if step.judgements else StepView(step.step, Status.NORMAL, "", step.seconds)
        for step in camera_steps(mould, rng, drift)
    )


def _drift(start: float, name: str) -> float:
    """Return how far a camera has drifted, in units of scatter: slowly to and fro, each at its own pace."""
    own = sum(map(ord, name))
    days = start / 86400.0
    return 1.5 * ((days / (37.0 + own % 50) + own * 0.37) % 2.0 - 1.0)


def _verdict(instrument: Instrument, planned: Planned, cameras: Sequence[CameraView], names: Sequence[str]) -> Verdict:
    """Return the verdict as quality says it; most exposures are good, and need no causes."""
    if all(camera.status is Status.NORMAL for camera in cameras):
        return Verdict(Status.NORMAL, f"all {len(names)} cameras good", (), len(names), len(names))
    results = {
        camera.camera: CameraResult(
            camera.camera,
            camera.status,
            camera.reason,
            tuple(StepResult(step.step, step.status, step.reason, step.judgements) for step in camera.steps),
        )
        for camera in cameras
    }
    return exposure_verdict(instrument, planned.exposure, results, names)


# -- written -------------------------------------------------------------------------------------------------------


def _end(store: Store, plan: SeasonPlan) -> None:
    """Leave the record as an engine that was stopped at dawn leaves it."""
    rows = store.exposures(limit=1)
    now = (rows[-1].exposure.mjd or 0.0) * 86400.0 - 40587.0 * 86400.0 + 1800.0 if rows else 0.0
    store.log("info", f"Engine stopped after {plan.nights} nights", now=now)
    store.beat(EngineView("stopped", heartbeat=now, detail="the night is over", version=__version__), now=now)


def _write(store: Store, taken: _Taken, numbers: tuple[int, int], depth_metric: str) -> int:
    """Write one exposure with its runs and what observers say of it; returns how many runs."""
    identifier = store.add_exposure(taken.exposure, now=taken.closed)
    process = None
    for run in taken.runs:
        process = _write_run(store, taken.exposure.expid, identifier, run, numbers, depth_metric)
    if taken.comment:
        author, text, about_run = taken.comment
        store.add_comment(identifier, author, text, process if about_run else None, now=taken.closed + 300.0)
    if taken.flag:
        value, author = taken.flag
        store.set_flag(identifier, value, author, "looked at", now=taken.closed + 400.0)
    return len(taken.runs)


def _write_run(
    store: Store, expid: int, identifier: int, run: _Run, numbers: tuple[int, int], depth_metric: str
) -> int:
    """Write one run over an exposure, and return its number."""
    names = [camera.camera for camera in run.cameras]
    process = store.enqueue(
        identifier, run.trigger, run.who, names, numbers[0], __version__, numbers[1], now=run.queued
    )
    if run.cameras:
        store.start_process(process, now=run.queued + 1.0)
        store.record_cameras(process, run.cameras)
    store.finish_process(process, run.verdict, run.end, run.reason, now=run.ended)
    if run.cameras:
        _tell(store, process, expid, run.verdict, run.queued, run.ended)
        store.count_targets(process, run.targets)
        store.settle(process, depth_metric)
    return process


def _tell(store: Store, process: int, expid: int, verdict: Verdict, now: float, ended: float) -> None:
    """Write the lines of the log, and the alarms."""
    store.log("info", f"Exposure {expid} started, {verdict.expected} cameras expected", expid, process=process, now=now)
    for status, words in verdict.culprits:
        level = "warning" if status is Status.WARNING else "alarm"
        store.log(level, f"{words}  {status.value}", expid, words.split()[0], process, now=ended)
    bad = [(status, words) for status, words in verdict.culprits if status in (Status.ALARM, Status.MISSING)]
    if bad:
        for alarm in store.raise_alarms(process, bad, now=ended):
            if alarm.number % 5:
                store.acknowledge(alarm.number, _OBSERVERS[alarm.number % 3], now=ended + 120.0)
    text = f"Exposure {expid} is ready: {verdict.status.value}, {verdict.headline}"
    store.log("info", text, expid, process=process, now=ended)
