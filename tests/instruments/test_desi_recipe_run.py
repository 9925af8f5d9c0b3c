"""One camera from file to report: events, products, what is missing, what fails."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from qltui.instruments import run as runner
from qltui.instruments.base import get_instrument
from qltui.instruments.desi import measure_fibers, recipe
from qltui.instruments.desi.calibration import Calibrations
from qltui.instruments.desi.files import inspect, read_camera_header
from qltui.instruments.errors import ReductionError
from qltui.model import CameraTask, Exposure, Status
from qltui.quality.limits_file import load_limits
from qltui.quality.verdict import judge_step
from qltui.reduction.binning import bin_image
from qltui.simulate.calibrations import simulate_calibrations
from qltui.simulate.exposure import simulate_exposure
from qltui.simulate.request import SimulationRequest


@pytest.fixture(scope="module")
def night(tmp_path_factory):
    """One exposure of each kind with two cameras, and their calibrations."""
    root = tmp_path_factory.mktemp("recipe")
    simulate_calibrations(root / "calib", "mini", 1, cameras=("b0", "r0"))
    exposures = {}
    for number, obstype in enumerate(("SCIENCE", "ARC", "FLAT", "ZERO", "DARK"), start=1):
        request = SimulationRequest(obstype, number, cameras=("b0", "r0"))
        exposures[obstype] = inspect(simulate_exposure(request, root / "raw").path)
    return root, exposures


def task(night, obstype="SCIENCE", camera="r0", **options) -> CameraTask:
    root, exposures = night
    return CameraTask(exposures[obstype], camera, **{"calibration_directory": str(root / "calib"), **options})


def reduced(given):
    events = []
    return runner.reduce_camera(given, events.append), events


def values(report):
    return {item.metric: item for step in report.steps for item in step.measurements}


def test_events_tell_each_step(night):
    report, events = reduced(task(night, process=7, attempt=2))
    told = [(event.step, event.kind) for event in events]
    assert told == [(step.step, kind) for step in report.steps for kind in ("started", "finished")]
    assert {(event.process, event.camera, event.attempt) for event in events} == {(7, "r0", 2)}
    assert [event.report for event in events if event.kind == "finished"] == list(report.steps)
    assert all(step.status is Status.NORMAL for step in report.steps)
    assert report.peak_memory > 0
    assert report.seconds >= sum(step.seconds for step in report.steps)
    assert report.products == ()


@pytest.mark.parametrize(
    ("obstype", "kinds"),
    [
        ("SCIENCE", {"fibers", "preview", "spectra"}),
        ("ARC", {"fibers", "preview", "spectra", "linewidths"}),
        ("FLAT", {"fibers", "preview", "spectra", "fiberflat"}),
        ("ZERO", {"fibers", "preview", "biaslevels"}),
        ("DARK", {"fibers", "preview"}),
    ],
)
def test_products_are_complete_and_say_where_they_come_from(night, tmp_path, obstype, kinds):
    report, _ = reduced(task(night, obstype, products_directory=str(tmp_path / "new" / "place")))
    assert report.notes == () or obstype == "SCIENCE"
    assert {product.kind for product in report.products} == kinds
    assert sorted(path.name for path in (tmp_path / "new" / "place").iterdir()) == sorted(
        Path(product.path).name for product in report.products
    )
    for product in report.products:
        assert Path(product.path).stat().st_size == product.size
        assert len(product.sha256) == 64
        with fits.open(product.path, memmap=False) as hdus:
            hdus.verify("exception")
            header = hdus[0].header
            assert (header["CAMERA"], header["OBSTYPE"], header["CREATOR"][:5]) == ("r0", obstype, "qltui")
            history = "".join(header["HISTORY"])
            assert "overscan" in history
            assert str(task(night, obstype).exposure.path) in history


def test_night_products_are_read_back_by_later_exposures(night, tmp_path):
    products = {}
    for obstype in ("FLAT", "ARC", "ZERO"):
        report, _ = reduced(task(night, obstype, products_directory=str(tmp_path)))
        products.update({product.kind: product.path for product in report.products})
    mine = {kind: products[kind] for kind in ("fiberflat", "linewidths", "biaslevels")}
    exposure = night[1]["SCIENCE"]
    calibration = Calibrations(str(night[0] / "calib")).for_camera(
        exposure, "r0", read_camera_header(exposure, "r0"), mine
    )
    assert {kind: calibration.used[kind] for kind in mine} == mine
    assert calibration.fiberflat.flat.shape == (20, 408)
    assert calibration.line_widths.ysigma_coeff.shape == (20, 3)
    assert set(calibration.bias_levels) == set("ABCD")
    report, _ = reduced(task(night, night_calibrations=mine))
    assert report.calibrations["fiberflat"] == products["fiberflat"]
    assert values(report)["BIAS_AMP"].references["calibration"] == pytest.approx(
        values(report)["BIAS_AMP"].values, abs=2
    )
    assert not report.notes


def test_per_fiber_table(night, tmp_path):
    report, _ = reduced(task(night, products_directory=str(tmp_path)))
    (table,) = (product.path for product in report.products if product.kind == "fibers")
    with fits.open(table, memmap=False) as hdus:
        fibers, amplifiers = hdus["FIBERS"].data, hdus["AMPLIFIERS"].data
        assert len(fibers) == 20
        assert fibers["GOOD"].all()
        assert {"SNR", "MAG", "DX", "DY", "XSIGMA", "WSIGMA", "OBJTYPE", "SKYCONT"} <= set(fibers.names)
        assert list(amplifiers["NAME"]) == ["A", "B", "C", "D"]
        assert amplifiers["NOISE"] == pytest.approx(values(report)["NOISE_AMP"].values)


def test_preview_is_the_mean_of_blocks():
    image = np.arange(70, dtype=np.float32).reshape(7, 10)
    small, factor = bin_image(image, 4)
    assert (small.shape, factor) == ((2, 3), 3)
    assert small[1, 2] == image[3:6, 6:9].mean()
    assert bin_image(image, 100)[1] == 1


def test_without_traces_only_the_detector_is_measured(night):
    report, _ = reduced(task(night, calibration_directory=""))
    measured = values(report)
    assert math.isfinite(measured["NOISE_AMP"].values[0])
    for metric in ("XWSIGMA", "NGOODFIB", "XYSHIFTS", "SKYCONT", "FIDSNR_TGT"):
        assert measured[metric].not_applicable
        assert "calibration" in measured[metric].reason
    assert all(step.status is Status.NORMAL for step in report.steps)


def test_without_fibermap_the_sky_is_still_measured(night):
    given = task(night)
    blind = replace(given.exposure, auxiliary={}, path=str(unaccompanied(given.exposure, night[0])))
    report, _ = reduced(replace(given, exposure=blind))
    measured = values(report)
    assert measured["SKYCONT"].values[0] == pytest.approx(190, abs=60)
    assert measured["FIDSNR_TGT"].not_applicable
    assert measured["SKYCONT"].reason == "from the faintest fibres"
    assert any("faintest" in note for note in report.notes)


def unaccompanied(exposure: Exposure, root: Path) -> Path:
    """The raw file in a directory of its own."""
    alone = root / "alone" / Path(exposure.path).name
    alone.parent.mkdir(exist_ok=True)
    alone.write_bytes(Path(exposure.path).read_bytes())
    return alone


def test_a_camera_that_is_not_in_the_file_fails_with_a_reason(night):
    report, _ = reduced(task(night, camera="z0"))
    first, *later = report.steps
    assert first.status is Status.FAILED
    assert "z0 is not in desi-00000001.fits.fz" in first.reason
    assert [step.status for step in later] == [Status.CANCELLED] * 2
    assert {step.reason for step in later} == {"CHECK CCDS failed"}
    assert report.products == ()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ReductionError("the sky is too bright; wait"), "the sky is too bright; wait"),
        (KeyError("x"), "internal error, KeyError: 'x'"),
        (MemoryError(), "MemoryError"),
    ],
)
def test_a_step_that_fails_cancels_the_later_ones(night, monkeypatch, caplog, error, words):
    def fail(state):
        raise error

    monkeypatch.setattr(recipe, "check_fibers", fail)
    runner.resolve.cache_clear()
    try:
        report, events = reduced(task(night))
    finally:
        monkeypatch.undo()
        runner.resolve.cache_clear()
    assert [step.status for step in report.steps] == [Status.NORMAL, Status.FAILED, Status.CANCELLED]
    assert words in report.steps[1].reason
    assert len([event for event in events if event.kind == "finished"]) == 3
    assert ("Traceback" in caplog.text) == isinstance(error, KeyError)


def test_a_metric_that_fails_takes_no_other_with_it(night, monkeypatch, caplog):
    def fail(state):
        raise ZeroDivisionError("nobody thought of this")

    monkeypatch.setattr(measure_fibers, "trace_shifts", fail)
    runner.resolve.cache_clear()
    try:
        report, _ = reduced(task(night))
    finally:
        monkeypatch.undo()
        runner.resolve.cache_clear()
    assert all(step.status is Status.NORMAL for step in report.steps)
    measured = values(report)
    assert math.isnan(measured["XYSHIFTS"].values[0])
    assert not measured["XYSHIFTS"].not_applicable
    assert "nobody thought of this" in measured["XYSHIFTS"].reason
    assert "Traceback" in caplog.text
    assert measured["NGOODFIB"].values == (20.0,)


def test_products_that_cannot_be_written_are_a_note(night, tmp_path):
    (tmp_path / "file").write_text("not a directory")
    report, _ = reduced(task(night, products_directory=str(tmp_path / "file" / "below")))
    assert all(step.status is Status.NORMAL for step in report.steps)
    assert report.products == ()
    assert any(note.startswith("products not written") for note in report.notes)


def test_an_exposure_time_that_is_missing_is_not_invented(night):
    given = task(night, "DARK")
    report, _ = reduced(replace(given, exposure=replace(given.exposure, exptime=None)))
    rate = values(report)["COSMICS_RATE"]
    assert all(math.isnan(value) for value in rate.values)
    assert rate.reason == "no exposure time in the header"


def test_warm_up_leaves_nothing_to_compile(night):
    runner.warm_up("desi")
    from qltui.reduction import extraction, shifts, skykernels

    for kernel in (extraction._sum_clean, shifts._centroids, skykernels.subtract):
        compiled = len(kernel.signatures)
        for obstype in ("SCIENCE", "ARC", "FLAT"):
            reduced(task(night, obstype))
        assert len(kernel.signatures) == compiled == 1


def test_science_is_compared_with_the_widths_that_the_nights_arc_gave():
    from types import SimpleNamespace

    from qltui.instruments.desi.calibration import LineWidths
    from qltui.instruments.desi.measure_ccd import _calibrated_widths

    rows = SimpleNamespace(xsigma=np.full(5, 1.06), ysigma=np.full(5, 1.3))
    coefficients = np.array([[1.1, 0.2, 0.0]] * 4 + [[0.0, 0.0, 0.0]])  # the last fibre has no fit
    arc = SimpleNamespace(line_widths=LineWidths(coefficients, 3600.0, 5900.0))
    assert _calibrated_widths(SimpleNamespace(rows=rows, calibration=arc)) == pytest.approx((1.06, 1.1))
    none = SimpleNamespace(line_widths=None)
    assert _calibrated_widths(SimpleNamespace(rows=rows, calibration=none)) == pytest.approx((1.06, 1.3))


def test_components_that_are_switched_off_say_so(night, tmp_path):
    off = {"cosmics": False, "preview": False, "spectra": False}
    science, _ = reduced(task(night, products_directory=str(tmp_path / "off"), options=off))
    whole, _ = reduced(task(night, products_directory=str(tmp_path / "on")))
    left_out = {product.kind for product in whole.products} - {product.kind for product in science.products}
    assert left_out == {"preview", "spectra"}
    assert set(values(science)) == set(values(whole)), "what is not measured is said, not left out"
    dark, _ = reduced(task(night, "DARK", options=off))
    rate = values(dark)["COSMICS_RATE"]
    assert all(math.isnan(value) for value in rate.values)
    assert rate.not_applicable, "it is not checked, and not unknown"
    assert "switched off" in rate.reason
    limits = load_limits(get_instrument("desi"))
    step = next(step for step in dark.steps if any(item is rate for item in step.measurements))
    judged = judge_step(step, get_instrument("desi"), night[1]["DARK"], "r0", limits)
    (judgement,) = (item for item in judged.judgements if item.metric == "COSMICS_RATE")
    assert judgement.status is Status.NOT_CHECKED
    assert judgement.reason == rate.reason
    assert not judged.status.is_good
