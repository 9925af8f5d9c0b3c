"""Faults in a night with DECam: each raises the alarm that names the CCD, the amplifier, the backplane or the field."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from qltui.engine.runs import Run, is_fit
from qltui.engine.settings import EngineSettings
from qltui.engine.tasks import camera_task
from qltui.instruments.base import get_instrument
from qltui.instruments.decam.files import inspect
from qltui.instruments.errors import IncompleteFileError
from qltui.instruments.run import reduce_camera
from qltui.model import Exposure, Status, Trigger
from qltui.quality.limits_file import load_limits
from qltui.simulate.decam import SimulationRequest, simulate_exposure
from qltui.simulate.decam.faults import Fault
from qltui.simulate.decam.night import night_requests, parse_plan
from qltui.store.codec import exposure_time
from qltui.store.record import Store
from qltui.store.trends import bad_after, bad_before

DECAM = get_instrument("decam")
LIMITS = load_limits(DECAM)
CCDS = ("S29", "S20", "S10", "S4", "S5", "S6", "S3", "N3", "N4", "N5", "N10", "N20", "N29")
"""From the middle to the edge, five of them on backplane 4."""

GOOD = parse_plan(["ZERO", "ZERO", "FLAT", "FLAT", "SCIENCE", "SCIENCE", "SCIENCE"])


@dataclass
class Night:
    """A night that is reduced in the order of time, each exposure judged by the record of those before it."""

    root: Path
    store: Store

    def take(self, request: SimulationRequest) -> dict[str, Status]:
        """Expose, reduce, judge and record; returns the alarms, by their words."""
        exposure = inspect(simulate_exposure(request, self.root / "raw").path)
        settings = EngineSettings("decam", self.root, self.root, options={"preview": False})
        number = self.store.enqueue(self.store.add_exposure(exposure), Trigger.NEW, "test", (*CCDS, "FIELD"))
        (queued,) = (item for item in self.store.waiting(9) if item.number == number)
        run = Run(queued, DECAM, LIMITS, settings)
        self.store.start_process(number)
        for camera, result in run.prepare(None).items():
            self.store.set_camera_status(number, camera, result.status, result.reason)
        while not run.is_done:
            self._reduce(run, run.ready[0])
        self.store.finish_process(number, run.verdict(), run.state)
        return {alarm.cause: alarm.status for alarm in run.new_alarms()}

    def _reduce(self, run: Run, camera: str) -> None:
        exposure, attempt = run.queued.exposure, run.begin(camera)
        self.store.start_job(run.number, camera, attempt)
        report = reduce_camera(camera_task(self.store, run, camera, attempt), lambda event: None)
        for step in report.steps:
            judged = run.judge(
                camera, step, self._history(exposure), *map(self._bad(exposure), (bad_before, bad_after))
            )
            assert judged is not None
            self.store.finish_step(run.number, camera, attempt, step, judged.judgements, judged.status)
        result = run.end(camera)
        fit = dict.fromkeys(DECAM.calibration_products.values(), is_fit(result))
        self.store.finish_job(run.number, report, result.status, result.reason, fit=fit)

    def _history(self, exposure: Exposure):
        def history(metric, camera, element, count):
            same = DECAM.metric(metric).elements != "amplifier"
            return self.store.history(
                metric, camera, element, count, exposure_time(exposure), instrument="decam",
                obstypes=(exposure.obstype,) if same else (),
                programs=(exposure.program,) if same and exposure.program else (),
            )  # fmt: skip

        return history

    def _bad(self, exposure: Exposure):
        return lambda question: lambda *what: self.store.ask(question, exposure, *what)


@pytest.fixture(scope="module")
def template() -> SimulationRequest:
    return SimulationRequest("ZERO", 229001, 20130831, seed=11, ccds=CCDS, focus_chips=False, seeing=0.9, airmass=1.1)


@pytest.fixture(scope="module")
def night(tmp_path_factory, template) -> Iterator[Night]:
    """Two zeros, two flats and three good exposures; none of them raises an alarm."""
    root = tmp_path_factory.mktemp("night")
    made = Night(root, Store.open(root / "qltui.db"))
    for request in night_requests(template, GOOD):
        assert made.take(request) == {}, request.obstype
    yield made
    made.store.close()


FAULTS = (
    (
        "SCIENCE,noisy_amplifier:S4:B:25,dead_amplifier:N4:A,bias_jump:N5:A:80,missing_ccd:N10,row_jump:S3:30",
        ("S4 B  noise 2", "N4 A  bias 0.0 <", "N5 A  bias ", "N10  not in the file"),
    ),
    ("SCIENCE,bad_backplane:BKP4:20", ("backplane BKP4: 5 cameras  noise ",)),
    ("SCIENCE,focus_ring:0.8", ("FIELD  field FWHM radial ",)),
    ("SCIENCE,guiding_trail:1.5", ("FIELD  trail ", "all cameras  ellipticity ")),
    ("SCIENCE,clouds:1.5", ("FIELD  field sources median worst ", "  sources ")),
    ("SCIENCE,moon:6", ("FIELD  field sky median worst ", "all cameras  sky ")),
    ("SCIENCE,defocus:1.5", ("FIELD  field ellipticity ", "  sources ")),
    ("TWILIGHT,over_illumination", ("FIELD  13 CCDs saturated ", "all cameras  saturated 100.00 >")),
)
"""Faults of exposures, in the order of the night, and what the alarms must say. A step of the bias within rows,
which the overscan takes away, must raise none."""


@pytest.fixture(scope="module")
def alarms(night: Night, template: SimulationRequest) -> dict[str, dict[str, Status]]:
    """All exposures with a fault, minutes apart, after the good ones."""
    requests = night_requests(template, (*GOOD, *parse_plan([words for words, _ in FAULTS])))[len(GOOD) :]
    gaps = [(b.date_obs - a.date_obs).total_seconds() for a, b in itertools.pairwise(requests)]
    assert all(30 < gap < 3600 for gap in gaps)
    return {words: night.take(request) for (words, _), request in zip(FAULTS, requests, strict=True)}


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "expected"), FAULTS)
def test_every_fault_raises_the_alarm_that_names_its_place(alarms, fault, expected):
    raised = alarms[fault]
    for words in expected:
        assert any(words in alarm for alarm in raised), raised
    if "missing_ccd" in fault:
        assert len(raised) == len(expected), raised
    if "backplane" not in fault:
        assert not any("backplane" in alarm for alarm in raised), raised


@pytest.mark.slow
def test_a_cloud_is_no_fault_of_seeing_or_focus(alarms):
    words = " ".join(alarms["SCIENCE,clouds:1.5"])
    assert "FWHM" not in words
    assert "ellipticity" not in words
    assert "sky" not in words


def test_a_file_that_is_cut_off_is_incomplete(template, tmp_path):
    faults = (Fault.parse("truncated_file"),)
    made = simulate_exposure(replace(template, ccds=("S4", "N4"), faults=faults).complete(), tmp_path)
    with pytest.raises(IncompleteFileError):
        inspect(made.path)
