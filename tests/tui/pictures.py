"""Hand-made pictures of a night, and a record of them that a viewer can ask."""

from __future__ import annotations

import math
from dataclasses import replace

from qltui.instruments.base import get_instrument
from qltui.model import Exposure, Judgement, Status, Verdict
from qltui.store.views import (
    CameraView,
    CommandView,
    EngineView,
    ExposureRow,
    LogLine,
    MonitorView,
    ProcessView,
    StepView,
    TrendPoint,
)

REAL = get_instrument("desi")
DESI = replace(
    REAL,
    metrics=tuple(
        replace(metric, meaning=f"What a bad {metric.title} means.", action=f"What to do about {metric.name}.")
        for metric in REAL.metrics
    ),
)
"""DESI with sentences of our own, so that pictures do not change when its metrics are explained better."""

NOW = 1569992400.0  # 2019-10-02 05:00:00 UT
NAN = math.nan


def judgement(metric, values, elements=("",), status=Status.NORMAL, statuses=None, **other):
    count = len(values)
    statuses = statuses or (status,) * count
    base = {
        "references": (NAN,) * count,
        "normal": ((0.0, 4.0),) * count,
        "warning": ((-1.0, 5.0),) * count,
    }
    return Judgement(metric, tuple(elements), tuple(values), statuses=tuple(statuses), **(base | other))


NOISE_BAD = judgement(
    "NOISE_AMP",
    (3.0, 3.1, 25.1, 2.9),
    "ABCD",
    statuses=(Status.NORMAL, Status.NORMAL, Status.ALARM, Status.NORMAL),
    references=(3.1, 3.0, 3.1, 2.9),
    normal=((2.1, 4.1),) * 4,
    warning=((1.6, 4.6),) * 4,
    reference_from="header",
    limit_set="default",
)
NOISE = replace(NOISE_BAD, values=(3.0, 3.1, 3.2, 2.9), statuses=(Status.NORMAL,) * 4)
BIAS = judgement("BIAS_AMP", (1200.1, 1180.4, 1210.0, 1195.2), "ABCD", normal=((1150.0, 1250.0),) * 4)
LITFRAC = judgement(
    "LITFRAC_AMP", (NAN, NAN, NAN, NAN), "ABCD", Status.NOT_CHECKED, reason="no limit applies to this obstype"
)
SHIFTS = judgement("XYSHIFTS", (0.02, -0.04), ("dx", "dy"), normal=((-0.5, 0.5),) * 2, warning=((-1.0, 1.0),) * 2)
SHIFTS_BAD = replace(SHIFTS, values=(1.5, 0.1), statuses=(Status.ALARM, Status.NORMAL))
SHIFTS_WARN = replace(SHIFTS, values=(0.1, 0.8), statuses=(Status.NORMAL, Status.WARNING))
GOODFIB = judgement("NGOODFIB", (500.0,), normal=((495.0, 500.0),), warning=((450.0, 500.0),))
GOODFIB_WARN = replace(GOODFIB, values=(460.0,), statuses=(Status.WARNING,))
SKYCONT = judgement("SKYCONT", (190.0,), normal=((150.0, 230.0),), warning=((115.0, 265.0),))


def exposure(expid=3579, **other):
    values = {
        "night": 20191001,
        "obstype": "SCIENCE",
        "program": "DARK",
        "path": f"/data/20191001/{expid:08d}/desi-{expid:08d}.fits.fz",
        "exptime": 1000.0,
        "mjd": 58757.917,
        "tile": 1129,
        "airmass": 1.08,
        "seeing": 1.12,
    }
    return Exposure("desi", expid=expid, **(values | other))


def step(name, status=Status.NORMAL, judgements=(), **other):
    return StepView(name, status, seconds=other.pop("seconds", 0.34), judgements=tuple(judgements), **other)


def good_steps():
    return (
        step("CHECK_CCDS", judgements=(NOISE, BIAS, LITFRAC)),
        step("CHECK_FIBERS", judgements=(GOODFIB, SHIFTS), seconds=0.21),
        step("CHECK_SPECTRA", judgements=(SKYCONT,), seconds=0.3),
    )


def camera(name, status=Status.NORMAL, steps=None, **other):
    return CameraView(name, status, steps=good_steps() if steps is None else tuple(steps), seconds=0.9, **other)


def running_cameras():
    """The night of the design: some done, some running, one missing, three of them bad."""
    cameras = {item.name: camera(item.name) for item in DESI.cameras}
    ccds, fibers, spectra = good_steps()
    cameras["b3"] = camera("b3", Status.ALARM, (step("CHECK_CCDS", Status.ALARM, (NOISE_BAD, BIAS)), fibers, spectra))
    cameras["b7"] = camera("b7", Status.WARNING, (ccds, step("CHECK_FIBERS", Status.WARNING, (SHIFTS_WARN,)), spectra))
    cameras["r5"] = camera("r5", Status.RUNNING, (ccds, step("CHECK_FIBERS", Status.ALARM, (GOODFIB, SHIFTS_BAD))))
    cameras["z2"] = camera("z2", Status.RUNNING, (ccds, step("CHECK_FIBERS", Status.WARNING, (GOODFIB_WARN,))))
    cameras["z8"] = camera("z8", Status.MISSING, (), reason="not in the file")
    for name in ("b4", "r3", "z3"):
        cameras[name] = camera(
            name, Status.RUNNING, (ccds, fibers, step("CHECK_SPECTRA", Status.RUNNING, seconds=None))
        )
    for name in ("r6", "r7", "z5", "z6"):
        cameras[name] = camera(name, Status.RUNNING, (ccds, step("CHECK_FIBERS", Status.RUNNING, seconds=None)))
    for name in ("r9", "z9"):
        cameras[name] = camera(name, Status.WAITING, ())
    return cameras


CULPRITS = (
    (Status.ALARM, "b3 C  noise 25.1 e-  (3.1)"),
    (Status.ALARM, "r5    traces dx +1.50 px"),
    (Status.WARNING, "b7    traces dy +0.80 px"),
    (Status.WARNING, "z2    460 of 500 fibres good"),
    (Status.MISSING, "z8    not in the file"),
)


def process(number=7, state="running", cameras=None, verdict=None, expid=3579, **other):
    cameras = running_cameras() if cameras is None else cameras
    values = {
        "trigger": "NEW",
        "queued": NOW - 7,
        "started": NOW - 5,
        "ended": None if state in ("running", "waiting") else NOW + 1,
        "shutter_closed": NOW - 6,
        "verdict": verdict or Verdict(Status.ALARM, "16 of 30 cameras good so far", CULPRITS, 16, 30),
    }
    values |= {key: value for key, value in other.items() if key in values or key in ("who", "limit_set")}
    return ProcessView(number, exposure(expid), state=state, cameras=cameras, **values)


def good_process(number=6, expid=3578):
    cameras = {item.name: camera(item.name) for item in DESI.cameras}
    verdict = Verdict(Status.NORMAL, "all 30 cameras good", (), 30, 30)
    return process(number, "done", cameras, verdict, expid)


def engine(state="reducing", **other):
    values = {
        "pid": 4711,
        "host": "",
        "heartbeat": NOW - 1,
        "queue": 1,
        "disk_used": 0.63,
        "slots": ("b4 CHECK SPECTRA", "r6 CHECK FIBERS"),
        "data_directory": "/data/desi",
    }
    return EngineView(state, **(values | other))


def row(view, status=Status.NORMAL):
    return ExposureRow(view.exposure, view.number, view.state, status, view.verdict.headline)


def log_lines(count=12):
    texts = (
        ("info", "3579 SCIENCE dark, tile 1129: complete, 30 expected, 29 in the file", ""),
        ("info", "b3 CHECK CCDS started", "b3"),
        ("alarm", "b3 CHECK CCDS ended (0.34 s)  ALARM  NOISE_AMP C 25.1 e-", "b3"),
        ("warning", "b7 CHECK FIBERS ended (0.21 s)  WARNING  XYSHIFTS dy +0.80 px", "b7"),
        ("info", "r0 CHECK FIBERS ended (0.20 s)  NORMAL", "r0"),
        ("alarm", "r5 CHECK FIBERS ended (0.21 s)  ALARM  XYSHIFTS dx +1.50 px", "r5"),
    )
    lines = []
    for number in range(1, count + 1):
        level, text, name = texts[(number - 1) % len(texts)]
        lines.append(LogLine(number, NOW - count + number, level, text, 3579, name))
    return lines


def trend_points(metric="SKYCONT", cameras=("b0", "b3"), elements=("",), count=25):
    points = []
    for index in range(count):
        for at, name in enumerate(cameras):
            for element in elements:
                value = 190 + 25 * math.sin(index / 4 + at / 3) + 2 * at
                status = Status.NORMAL if 150 <= value <= 230 else Status.WARNING
                points.append(
                    TrendPoint(
                        NOW - (count - index) * 700, 3500 + index, name, element, value, status, (150.0, 230.0),
                        (115.0, 265.0), "SCIENCE", "DARK", index,
                    )
                )  # fmt: skip
    return points


class FakeRecord:
    """A record made by hand; counts what it is asked."""

    def __init__(self, *processes, engine_view=None, lines=(), version=1):
        self.processes = list(processes)
        self.engine_view = engine_view or engine()
        self.lines = list(lines)
        self.number = version
        self.asked = []
        self.sent = []
        self.answers = {}
        self.fault = None
        self.open_alarms = []

    def _maybe_fail(self):
        if self.fault is not None:
            raise self.fault

    def version(self):
        self._maybe_fail()
        return self.number

    def engine(self):
        self._maybe_fail()
        return self.engine_view

    def monitor_view(self, process=None):
        self._maybe_fail()
        self.asked.append(("view", process))
        found = [item for item in self.processes if process is None or item.number == process]
        shown = found[-1] if found else None
        night = shown.exposure.night if shown else None
        running = tuple(item.number for item in self.processes if item.state == "running")
        rows = tuple(row(item) for item in self.processes)
        return MonitorView(self.number, night, self.engine_view, shown, running, rows)

    def log_lines(self, after=0, limit=200):
        return [line for line in self.lines if line.number > after][-limit:]

    def trend(self, metric, cameras=(), elements=(), *, night=None, obstypes=()):
        self.asked.append(("trend", metric, tuple(cameras), tuple(elements), night, tuple(obstypes)))
        return trend_points(metric, cameras, elements or ("",))

    def alarms(self, *, open_only=False, limit=200):
        return self.open_alarms

    def send_command(self, name, arguments=None, who=""):
        self._maybe_fail()
        self.sent.append((name, dict(arguments or {}), who))
        return len(self.sent)

    def command(self, number):
        name, arguments, who = self.sent[number - 1]
        state, words = self.answers.get(number, ("pending", ""))
        return CommandView(number, name, arguments, who, NOW, state, None, words)
