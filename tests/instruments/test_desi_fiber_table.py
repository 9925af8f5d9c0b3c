"""The per-fibre table: what the pictures of a metric are drawn from, against the metrics of the same camera."""

from __future__ import annotations

import numpy as np
import pytest

from qltui.instruments import run as runner
from qltui.instruments.desi.files import inspect
from qltui.instruments.table_file import read_columns
from qltui.model import CameraTask
from qltui.simulate.calibrations import simulate_calibrations
from qltui.simulate.exposure import simulate_exposure
from qltui.simulate.request import SimulationRequest


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """Per-fibre table and measurements of one camera of each kind of exposure."""
    root = tmp_path_factory.mktemp("fibers")
    simulate_calibrations(root / "calib", "mini", 1, cameras=("r0",))
    made = {}
    for number, obstype in enumerate(("SCIENCE", "ARC", "FLAT"), start=1):
        path = simulate_exposure(SimulationRequest(obstype, number, cameras=("r0",)), root / "raw").path
        task = CameraTask(inspect(path), "r0", str(root / "calib"), products_directory=str(root / obstype))
        report = runner.reduce_camera(task, lambda _: None)
        product = next(item for item in report.products if item.kind == "fibers")
        values = {item.metric: item for step in report.steps for item in step.measurements}
        made[obstype] = (read_columns(product.path, "FIBERS"), values)
    return made


def test_sky_fibers_have_the_sky_that_the_metric_has(tables):
    table, values = tables["SCIENCE"]
    sky = table.columns["CLASS"] == "SKY"
    assert sky.any()
    assert set(table.columns["OBJTYPE"][sky]) == {"SKY"}
    assert np.isfinite(table.columns["SKYCONT"][sky]).all()
    low, high = (float(edge(table.columns["SKYMAG"][sky])) for edge in (np.min, np.max))
    assert low <= values["SKYRBAND"].values[0] <= high
    assert np.isnan(table.columns["SKYMAG"][~sky]).all()


def test_the_curve_of_the_fit_goes_through_the_targets(tables):
    table, values = tables["SCIENCE"]
    fitted, snr = table.columns["SNR_FIT"], table.columns["SNR"]
    classes = {name for names in table.columns["CLASS"] for name in names.split("+")} - {"", "SKY"}
    assert classes == set(values["FIDSNR_TGT"].elements)
    known = np.isfinite(fitted)
    np.testing.assert_array_equal(known, [bool(name) and name != "SKY" for name in table.columns["CLASS"]])
    residual = (snr[known] - fitted[known]) / fitted[known]
    assert abs(np.median(residual)) < 0.1


def test_lost_light_of_fibers_and_of_the_class_agree(tables):
    table, values = tables["SCIENCE"]
    delta = values["DELTAMAG_TGT"]
    for name, value in zip(delta.elements, delta.values, strict=True):
        members = [name in names.split("+") for names in table.columns["CLASS"]]
        assert np.median(table.columns["DELTAMAG"][members]) == pytest.approx(value)
    np.testing.assert_allclose(table.columns["DELTAMAG"], table.columns["MAG"] - table.columns["MAG_CAT"])


def test_places_on_the_focal_plane_are_kept_with_their_unit(tables):
    table, _ = tables["SCIENCE"]
    assert table.units["FIBER_X"] == table.units["FIBER_Y"] == "mm"
    radius = np.hypot(table.columns["FIBER_X"], table.columns["FIBER_Y"])
    assert radius.min() > 50
    assert radius.max() < 410


def test_calibrations_tell_what_each_fiber_gave(tables):
    arc, values = tables["ARC"]
    assert arc.columns["ARCGOOD"].sum() == values["CHECKARC"].values[0]
    assert np.isfinite(arc.columns["ARCSIGMA"]).all()
    flat, values = tables["FLAT"]
    assert flat.columns["FLATMEAN"].mean() == pytest.approx(values["CHECKFLAT"].values[0], abs=1e-6)
    for table in (arc, flat):
        assert "CLASS" not in table
        assert "FIBER_X" not in table
