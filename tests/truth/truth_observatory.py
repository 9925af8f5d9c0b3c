"""A small observatory: exposures with known truth go in at one end, judgements come out at the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qltui.instruments.base import get_instrument
from qltui.instruments.desi import recipe, recipe_spectra
from qltui.instruments.desi.files import inspect
from qltui.instruments.desi.state import Kind, State
from qltui.instruments.run import reduce_camera
from qltui.model import CameraReport, CameraTask, Exposure, Status, Verdict
from qltui.quality.limits_file import load_limits
from qltui.quality.results import CameraResult
from qltui.quality.verdict import camera_result, exposure_verdict, judge_step
from qltui.simulate.camera import SimulatedCamera, simulate_camera
from qltui.simulate.exposure import simulate_exposure
from qltui.simulate.faults import parse_fault
from qltui.simulate.request import CAMERAS, SimulationRequest

DESI = get_instrument("desi")
LIMITS = load_limits(DESI)


@dataclass
class Shot:
    """An exposure that was simulated: what it should be, and what is true of it."""

    exposure: Exposure
    request: SimulationRequest
    truth: dict[str, Any]

    def camera(self, name: str) -> SimulatedCamera:
        """All arrays that are true of one camera."""
        return simulate_camera(self.request, name)


@dataclass
class Observatory:
    """Exposes, reduces and judges; products of good calibrations serve the science that follows."""

    root: Path
    size: str = "mini"
    calib: Path = Path()
    night: dict[str, dict[str, str]] = field(default_factory=dict)
    count: int = 0

    def expose(self, obstype: str, cameras=CAMERAS, *, faults=(), seed: int = 1, **values) -> Shot:
        self.count += 1
        request = SimulationRequest(
            obstype,
            self.count,
            seed=seed,
            size=self.size,
            cameras=tuple(cameras),
            faults=tuple(parse_fault(text) for text in faults),
            **values,
        ).complete()
        made = simulate_exposure(request, self.root / "raw")
        return Shot(inspect(made.path), request, made.truth)

    def task(self, shot: Shot, camera: str, products: str = "") -> CameraTask:
        options = {"preview": False, "spectra": False}
        return CameraTask(shot.exposure, camera, str(self.calib), self.night.get(camera, {}), products, options)

    def state(self, shot: Shot, camera: str) -> State:
        """The whole recipe of one camera, all its arrays kept."""
        state = recipe.check_ccds(recipe.begin(self.task(shot, camera)))
        if state.kind == Kind.DARK:
            return state
        last = {
            Kind.SKY: recipe_spectra.check_spectra,
            Kind.ARC: recipe_spectra.check_arc,
            Kind.FLAT: recipe_spectra.check_fiberflat,
        }
        return last[state.kind](recipe.check_fibers(state))

    def reduce(self, shot: Shot, camera: str, products: str = "") -> tuple[CameraReport, CameraResult]:
        report = reduce_camera(self.task(shot, camera, products), lambda event: None)
        judged = [judge_step(step, DESI, shot.exposure, camera, LIMITS) for step in report.steps]
        steps = [step.name for step in DESI.steps_for(shot.exposure.obstype)]
        return report, camera_result(camera, judged, steps)

    def judge(self, shot: Shot, cameras=None) -> tuple[Verdict, dict[str, CameraResult]]:
        expected = tuple(cameras or shot.request.cameras)
        results = {}
        for name in expected:
            if name in shot.exposure.cameras:
                results[name] = self.reduce(shot, name)[1]
            else:
                results[name] = CameraResult(name, Status.MISSING, "not in the file")
        return exposure_verdict(DESI, shot.exposure, results, expected), results

    def calibrate(self, cameras: tuple[str, ...]) -> None:
        """Take a zero, an arc and a flat with these cameras, and keep what they give for the night."""
        cameras = tuple(name for name in cameras if name not in self.night)
        for obstype in ("ZERO", "ARC", "FLAT") if cameras else ():
            shot = self.expose(obstype, cameras)
            for name in cameras:
                report, result = self.reduce(shot, name, str(self.root / "products"))
                assert result.status is Status.NORMAL, (obstype, name, bad_metrics(result))
                kinds = {product.kind: product.path for product in report.products}
                wanted = DESI.calibration_products[obstype]
                self.night.setdefault(name, {})[wanted] = kinds[wanted]


def bad_metrics(result: CameraResult) -> dict[str, str]:
    """What is not normal, by metric, with elements and values: for messages of failed tests."""
    return {
        judgement.metric: f"{judgement.status} {dict(zip(judgement.elements, judgement.values, strict=True))}"
        f" {judgement.reason}"
        for step in result.steps
        for judgement in step.judgements
        if judgement.status is not Status.NORMAL
    } | {step.step: f"{step.status} {step.reason}" for step in result.steps if step.reason}
