"""The recipe of DECam on small simulated CCDs: what is measured is what was put in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qltui.instruments.base import get_instrument
from qltui.instruments.decam.field_picture import field_picture
from qltui.instruments.decam.files import inspect, read_ccd
from qltui.instruments.decam.layout import PLACES
from qltui.instruments.run import reduce_camera
from qltui.instruments.table_file import read_columns, read_plane
from qltui.model import CameraReport, CameraTask, Exposure, Measurement, Status
from qltui.simulate.decam import SimulationRequest, simulate_exposure
from qltui.simulate.decam.faults import Fault

INSTRUMENT = get_instrument("decam")
CCDS = ("S4", "S29", "N4", "N31")
NIGHT = 20130831


@dataclass
class Shot:
    """A simulated exposure and what its CCDs gave."""

    exposure: Exposure
    truth: Mapping[str, Any]
    reports: dict[str, CameraReport]
    directory: Path

    def values(self, camera: str, metric: str) -> dict[str, float]:
        measurement = self.measurement(camera, metric)
        return dict(zip(measurement.elements, measurement.values, strict=True))

    def measurement(self, camera: str, metric: str) -> Measurement:
        found = [m for step in self.reports[camera].steps for m in step.measurements if m.metric == metric]
        assert len(found) == 1, f"{metric} of {camera}"
        return found[0]

    def product(self, camera: str, kind: str) -> str:
        return next((p.path for p in self.reports[camera].products if p.kind == kind), "")


def reduce_shot(
    request: SimulationRequest, root: Path, earlier: tuple[Shot, ...] = (), **options: str | float | int | bool
) -> Shot:
    """Simulate an exposure, reduce its CCDs with the masters of earlier ones, and consolidate the field."""
    made = simulate_exposure(request, root)
    exposure = inspect(made.path)
    directory = root / "products" / str(exposure.expid)
    reports: dict[str, CameraReport] = {}
    alike = [shot for shot in earlier if shot.exposure.obstype == exposure.obstype]
    for camera in exposure.cameras:
        masters = {
            kind: shot.product(camera, kind)
            for kind in INSTRUMENT.calibration_products.values()
            for shot in earlier
            if camera in shot.reports and shot.product(camera, kind)
        }
        task = CameraTask(
            exposure, camera, night_calibrations=masters, products_directory=str(directory), options=options,
            frames=tuple(shot.exposure.path for shot in alike),
        )  # fmt: skip
        reports[camera] = reduce_camera(task, lambda event: None)
    gathered = {name: tuple(m for s in report.steps for m in s.measurements) for name, report in reports.items()}
    products = {name: {p.kind: p.path for p in report.products} for name, report in reports.items()}
    task = CameraTask(
        exposure, "FIELD", products_directory=str(directory), gathered=gathered, gathered_products=products,
        options=options,
    )  # fmt: skip
    reports["FIELD"] = reduce_camera(task, lambda event: None)
    return Shot(exposure, json.loads(made.truth_path.read_text()), reports, directory)


def asked(obstype: str, number: int, **more: Any) -> SimulationRequest:
    return SimulationRequest(obstype, 229000 + number, NIGHT, seed=7, ccds=CCDS, **more)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("decam")


@pytest.fixture(scope="module")
def calibrations(root: Path) -> tuple[Shot, ...]:
    shots: tuple[Shot, ...] = ()
    for number, obstype in enumerate(("ZERO", "ZERO", "ZERO", "FLAT", "FLAT")):
        shots = (*shots, reduce_shot(asked(obstype, number), root, shots))
    return shots


@pytest.fixture(scope="module")
def science(root: Path, calibrations: tuple[Shot, ...]) -> Shot:
    return reduce_shot(asked("SCIENCE", 10, ellipticity=0.12, angle=30.0), root, calibrations, reduced=True)


def test_bias_and_noise_of_amplifiers(calibrations: tuple[Shot, ...]) -> None:
    # An overscan of 256 x 10 pixels knows its level to 0.035 ADU and its noise to 1.4 %; here are three of them.
    for camera in CCDS:
        for name in ("A", "B"):
            known = [shot.truth["ccds"][camera]["amplifiers"][name] for shot in calibrations[:3]]
            level = [shot.values(camera, "BIAS_AMP")[name] for shot in calibrations[:3]]
            noise = [shot.values(camera, "NOISE_AMP")[name] for shot in calibrations[:3]]
            assert np.mean(level) == pytest.approx(np.mean([amp["bias"] for amp in known]), abs=0.08)
            assert np.mean(noise) == pytest.approx(known[0]["read_noise"], rel=0.03)
    measurement = calibrations[0].measurement("S4", "NOISE_AMP")
    amps = calibrations[0].truth["ccds"]["S4"]["amplifiers"]
    assert measurement.references["header"] == tuple(amps[name]["nominal_read_noise"] for name in ("A", "B"))


def test_masters_wait_for_a_second_frame(calibrations: tuple[Shot, ...]) -> None:
    assert calibrations[0].product("S4", "masterbias") == ""
    assert "no masterbias yet: 1 frame of at least 2" in calibrations[0].reports["S4"].notes
    assert "no masterflat yet: 1 frame of at least 2" in calibrations[3].reports["S4"].notes
    bias = read_plane(calibrations[2].product("N4", "masterbias"), "MASTERBIAS")
    assert bias.values.shape == (256, 128)
    assert bias.unit == "adu"
    # Zeros hold nothing above their overscan but noise, 6.5 e- in each of three frames.
    assert abs(float(np.median(bias.values))) < 0.1
    assert float(np.std(bias.values)) == pytest.approx(6.5 / 3.95 / np.sqrt(3.0), rel=0.2)


def test_the_master_flat_holds_pixels_and_the_ratio_of_amplifiers(calibrations: tuple[Shot, ...]) -> None:
    shot = calibrations[4]
    flat = read_plane(shot.product("N4", "masterflat"), "MASTERFLAT").values
    assert float(np.median(flat)) == pytest.approx(1.0, abs=2e-3)
    raw = read_ccd(shot.exposure.path, "N4")
    light = {}
    for amp in raw.amplifiers:
        level = shot.values("N4", "BIAS_AMP")[amp.name]
        light[amp.name] = (float(np.mean(raw.raw[amp.data.slices])) - level) * amp.gain
        assert float(np.mean(flat[amp.ccd.slices])) > 0.9
    a, b = (float(np.mean(flat[amp.ccd.slices])) for amp in raw.amplifiers)
    assert a / b == pytest.approx(light["A"] / light["B"], rel=2e-3)
    assert shot.reports["N4"].calibrations["bias"].endswith(".fits")


def test_stars_are_as_wide_and_as_round_as_they_were_made(science: Shot) -> None:
    # Some 25 stars in a crowd: CCDs of full size are tried in tests/truth, against narrower tolerances.
    for camera in CCDS:
        known = science.truth["ccds"][camera]
        assert science.values(camera, "FWHM")[""] == pytest.approx(known["fwhm_arcsec"], rel=0.035)
        assert science.values(camera, "ELLIPTICITY")[""] == pytest.approx(known["ellipticity"], abs=0.015)
        angle = science.values(camera, "POSITION_ANGLE")[""] - known["position_angle"]
        assert abs((angle + 90.0) % 180.0 - 90.0) < 6.0
    assert science.values("FIELD", "FIELD_FWHM")["median"] == pytest.approx(
        np.median([science.truth["ccds"][camera]["fwhm_arcsec"] for camera in CCDS]), rel=0.02
    )
    assert science.values("FIELD", "FIELD_TRAIL")[""] == pytest.approx(science.truth["ellipticity"], abs=0.01)
    known = science.truth["seeing"] * science.truth["airmass"] ** -0.6 * (641.5 / 783.5) ** 0.2
    assert science.values("FIELD", "SEEING_ZENITH")[""] == pytest.approx(known, rel=0.03)


def test_sky_is_what_fell_on_the_pixels(science: Shot) -> None:
    # The wings of fifty sources on 0.6 arcmin2 lie everywhere: between them it is not quite dark.
    for camera in CCDS:
        known = science.truth["ccds"][camera]
        assert science.values(camera, "BACKGROUND")[""] == pytest.approx(known["sky_adu"], rel=0.03)
        assert science.values(camera, "SKY_BRIGHTNESS")[""] == pytest.approx(known["sky_magnitude"], abs=0.05)


def test_sources_are_in_a_table_with_their_place_on_the_sky(science: Shot, root: Path) -> None:
    table = read_columns(science.product("S4", "sources"), "SOURCES")
    columns = table.columns
    assert set(columns) >= {"X", "Y", "RA", "DEC", "FLUX", "MAG", "FWHM", "ELLIP", "THETA", "FLAGS", "STAR", "KIND"}
    assert np.all(np.hypot(columns["RA"] - science.exposure.ra, columns["DEC"] - science.exposure.dec) < 1.5)
    truth = np.load(root / "truth" / str(NIGHT) / f"sources-{science.exposure.expid:08d}.npz")["sources"]
    truth = truth[truth["ccdnum"] == 28]
    stars = columns["STAR"].astype(bool)
    assert stars.sum() >= 10
    for x, y, mag in zip(columns["X"][stars], columns["Y"][stars], columns["MAG"][stars], strict=True):
        apart = np.hypot(truth["x"] - x, truth["y"] - y)
        assert apart.min() < 0.3
        # The light under the threshold is that of a Gaussian; of wings there is more.
        assert -0.1 < mag - truth["magnitude"][apart.argmin()] < 0.5
    widths = columns["FWHM"][stars]
    assert float(np.median(widths)) == pytest.approx(science.values("S4", "FWHM")[""], rel=1e-3)


def test_reduced_image_has_the_projection_and_where_it_is_from(science: Shot) -> None:
    plane = read_plane(science.product("N4", "reduced"), "REDUCED")
    known = science.truth["ccds"]["N4"]
    assert plane.values.shape == (256, 128)
    assert float(np.median(plane.values)) == pytest.approx(known["background_electrons"], rel=0.04)
    assert plane.header["CTYPE1"] == "RA---TPV"
    assert "bias" in science.reports["N4"].calibrations
    assert "flat" in science.reports["N4"].calibrations


def test_the_picture_of_the_field_has_every_ccd_in_its_place(science: Shot) -> None:
    plane = read_plane(science.product("FIELD", "field"), "FIELD")
    boxes = read_columns(science.product("FIELD", "field"), "CCDS").columns
    assert sorted(boxes["NAME"]) == sorted(CCDS)
    centres = {}
    for name, x0, x1, y0, y1 in zip(*(boxes[key] for key in ("NAME", "X0", "X1", "Y0", "Y1")), strict=True):
        part = plane.values[y0:y1, x0:x1]
        assert part.shape == (32, 64)
        assert np.isfinite(part).all()
        assert float(np.median(part)) == pytest.approx(science.truth["ccds"][name]["background_electrons"], rel=0.05)
        centres[name] = ((x0 + x1) / 2, (y0 + y1) / 2)
    for name, (x, y) in centres.items():
        assert x - centres["S4"][0] == pytest.approx(PLACES[name][0] / 0.96, abs=1.0)
        assert y - centres["S4"][1] == pytest.approx((PLACES[name][1] - 16.9) / 0.96, abs=1.0)
    assert np.isnan(plane.values[0, 0])
    # East is right and north is up; 64 pixels of 0.263 arcsec in one.
    matrix = [plane.header[f"CD{row}_{column}"] for row in (1, 2) for column in (1, 2)]
    assert np.array(matrix) * 3600.0 == pytest.approx([16.83, 0.0, 0.0, 16.83], abs=0.05)
    assert (plane.header["CTYPE1"], plane.header["CTYPE2"]) == ("RA---TAN", "DEC--TAN")


def test_a_ccd_is_turned_as_the_observer_knows_it(tmp_path: Path) -> None:
    from qltui.instruments.product_writer import image_hdu, write_product

    values = np.zeros((64, 32), dtype=np.float32)
    values[60, 2] = 7.0  # far along y, near the beginning of x
    path = tmp_path / "preview.fits"
    write_product(path, "preview", [image_hdu("PREVIEW", values, "electron")], [])
    picture = field_picture({"S4": {"preview": str(path)}})
    assert picture is not None
    x0, _, _, y1 = picture.boxes["S4"]
    # y runs to the right, x downwards.
    assert picture.values[y1 - 1 - 2, x0 + 60] == 7.0
    assert field_picture({"S4": {"preview": str(tmp_path / "none.fits")}}) is None


def test_components_are_switched_off_with_a_reason(root: Path, science: Shot) -> None:
    task = CameraTask(science.exposure, "S4", options={"sources": False, "flat": False, "cosmics": False})
    report = reduce_camera(task, lambda event: None)
    assert [step.status for step in report.steps] == [Status.NORMAL] * 3
    found = {m.metric: m for step in report.steps for m in step.measurements}
    for metric in ("BACKGROUND", "NUMBER_COUNTS", "FWHM", "ELLIPTICITY"):
        assert found[metric].not_applicable
        assert found[metric].reason == "the search for sources is switched off"
    assert found["COSMICS_RATE"].not_applicable
    assert {"flat is switched off", "cosmics is switched off"} <= set(report.notes)
    task = CameraTask(science.exposure, "FIELD", options={"consolidate": False})
    report = reduce_camera(task, lambda event: None)
    assert all(m.not_applicable and "switched off" in m.reason for m in report.steps[0].measurements)


def test_dead_and_unstable_ones_are_not_judged(science: Shot) -> None:
    later = replace(science.exposure, night=20150101)
    for exposure, camera, words in ((later, "S30", "S30 is known to be dead since 20131130"),):
        report = reduce_camera(CameraTask(exposure, camera), lambda event: None)
        assert [step.status for step in report.steps] == [Status.NORMAL] * 3
        measurements = [m for step in report.steps for m in step.measurements]
        assert all(m.not_applicable for m in measurements)
        assert all(words in m.reason for m in measurements)


def test_faults_show_in_the_ccd_that_has_them(root: Path, calibrations: tuple[Shot, ...]) -> None:
    faults = tuple(Fault.parse(text) for text in ("noisy_amplifier:S4:B:25", "dead_amplifier:N4:A", "missing_ccd:S29"))
    shot = reduce_shot(asked("SCIENCE", 20, faults=faults, exptime=10.0), root, calibrations)
    assert "S29" not in shot.exposure.cameras
    noise = shot.values("S4", "NOISE_AMP")
    assert noise["B"] > 20.0 > 2.0 * noise["A"]
    assert shot.values("N4", "NOISE_AMP")["A"] < 1.0
    assert shot.values("N4", "NOISE_AMP")["B"] > 4.0
    worst = shot.measurement("FIELD", "FIELD_NOISE")
    assert worst.reason.startswith("worst S4")
    # The half that is read goes on telling the seeing.
    assert shot.values("N4", "FWHM")[""] == pytest.approx(shot.truth["ccds"]["N4"]["fwhm_arcsec"], rel=0.04)


def test_a_calibration_that_does_not_fit_is_told_and_left_out(root: Path, science: Shot, tmp_path: Path) -> None:
    from qltui.instruments.product_writer import image_hdu, write_product

    path = tmp_path / "flat-r.fits"
    write_product(path, "masterflat", [image_hdu("S4", np.ones((10, 10), dtype=np.float32))], [])
    report = reduce_camera(CameraTask(science.exposure, "S4", calibration_directory=str(tmp_path)), lambda event: None)
    assert report.steps[0].status is Status.NORMAL
    assert "flat-r.fits: flat of S4 has 10 x 10 pixels, not 128 x 256" in report.notes
    assert "no master bias of this CCD" in report.notes
