"""Numbers of DECam's field, and the calibrations of a CCD."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from qltui.instruments.decam import consolidate as field
from qltui.instruments.decam.calibration import find_site_file, read_calibration
from qltui.instruments.decam.layout import CCDS, PLACES
from qltui.model import CameraTask, Exposure, Measurement

EXPOSURE = Exposure("decam", 20130831, 229388, "SCIENCE", "x.fits.fz", program="z", exptime=90.0, airmass=1.5)


def state_of(metrics: Mapping[str, Mapping[str, float]], **options: bool) -> field.FieldState:
    """Return the field after it was consolidated from scalars by metric and CCD."""
    names = {name for by_ccd in metrics.values() for name in by_ccd}
    gathered = {
        name: tuple(Measurement(metric, (by_ccd[name],)) for metric, by_ccd in metrics.items() if name in by_ccd)
        for name in names
    }
    return field.consolidate(field.begin_field(CameraTask(EXPOSURE, "FIELD", gathered=gathered, options=options)))


def plane(slope_x: float, slope_y: float) -> dict[str, float]:
    radius = field.FIELD_RADIUS
    return {name: 1.0 + slope_x * x / radius + slope_y * y / radius for name, (x, y) in PLACES.items()}


def test_median_gradient_and_worst_of_a_tilted_field() -> None:
    found = field.field_fwhm(state_of({"FWHM": plane(0.03, -0.04)}))
    values = dict(zip(found.elements, found.values, strict=True))
    assert values["median"] == pytest.approx(1.0, abs=1e-6)
    assert values["gradient"] == pytest.approx(0.1, abs=1e-9)
    worst = max(PLACES, key=lambda name: 3 * PLACES[name][0] - 4 * PLACES[name][1])
    assert values["worst"] == plane(0.03, -0.04)[worst]
    assert found.reason == f"worst {worst}, 62 CCDs"


def test_a_ring_of_bad_focus_is_radial_and_no_gradient() -> None:
    ring = {name: 1.0 + 0.8 * (x * x + y * y) / field.FIELD_RADIUS**2 for name, (x, y) in PLACES.items()}
    found = field.field_fwhm(state_of({"FWHM": ring}))
    values = dict(zip(found.elements, found.values, strict=True))
    assert values["gradient"] < 1e-9
    assert 0.4 < values["radial"] < 0.7
    assert math.isnan(field.radial_change({"S4": 1.0, "S29": 2.0}))


def test_one_broken_ccd_is_no_gradient() -> None:
    values = plane(0.0, 0.0) | {"S31": 5.0}
    found = field.field_fwhm(state_of({"FWHM": values}))
    assert dict(zip(found.elements, found.values, strict=True)) == {
        "median": 1.0,
        "gradient": pytest.approx(0.0, abs=1e-9),
        "radial": 0.0,
        "worst": 5.0,
    }


@pytest.mark.parametrize("names", [("S4",), ("S4", "N4", "S3"), ("S29", "S30", "S31", "S29")])
def test_few_ccds_have_no_gradient_and_say_so(names: tuple[str, ...]) -> None:
    found = field.field_fwhm(state_of({"FWHM": dict.fromkeys(names, 1.0)}))
    assert found.elements == ("median", "worst")
    assert "no gradient from" in found.reason


def test_ccds_in_one_row_have_no_gradient() -> None:
    change, reason = field.plane_change(dict.fromkeys((f"S{number}" for number in range(1, 8)), 1.0))
    assert math.isnan(change)
    assert reason == "no gradient from 7 CCDs"


def test_sky_is_judged_by_the_ccd_farthest_from_the_median() -> None:
    found = field.field_sky(state_of({"SKY_BRIGHTNESS": {"S4": 18.4, "N4": 18.5, "S1": 17.0, "N7": 18.45}}))
    values = dict(zip(found.elements, found.values, strict=True))
    assert values["worst"] == 17.0
    expected = dict(zip(found.elements, found.references["expected"], strict=True))
    assert {key: expected[key] for key in ("median", "gradient", "worst")} == {
        "median": 18.46,
        "gradient": 0.0,
        "worst": 18.46,
    }


def test_a_trail_adds_up_and_optics_cancel() -> None:
    sizes = dict.fromkeys(CCDS, 0.2)
    trail = field.field_trail(state_of({"ELLIPTICITY": sizes, "POSITION_ANGLE": dict.fromkeys(CCDS, 170.0)}))
    assert trail.values[0] == pytest.approx(0.2)
    assert trail.reason == "along 170 deg, N over E, 62 CCDs"
    round_about = {name: math.degrees(math.atan2(x, y)) % 180.0 for name, (x, y) in PLACES.items()}
    assert field.field_trail(state_of({"ELLIPTICITY": sizes, "POSITION_ANGLE": round_about})).values[0] < 0.02


def test_seeing_at_zenith_in_i() -> None:
    found = field.seeing_zenith(state_of({"FWHM": {"S4": 1.2, "N4": 1.3, "S1": 1.25}}))
    assert found.values[0] == pytest.approx(1.25 * 1.5**-0.6 * (926.0 / 783.5) ** 0.2, rel=1e-12)


def test_flooded_ccds_are_counted_by_name() -> None:
    found = field.field_saturated(state_of({"SATURATED_FRACTION": {"S4": 99.0, "S29": 60.0, "N4": 0.2}}))
    assert found.values == (2.0,)
    assert found.reason == "S29 S4"


def test_without_ccds_there_is_nothing_and_a_reason() -> None:
    empty, off = state_of({}), state_of({"FWHM": {"S4": 1.0}}, consolidate=False)
    for measure in (field.field_fwhm, field.field_trail, field.seeing_zenith, field.field_saturated, field.field_sky):
        found = measure(empty)
        assert all(math.isnan(value) for value in found.values)
        assert found.reason.startswith("no CCD has ")
        assert measure(off).not_applicable
        assert measure(off).reason == "consolidation is switched off"
    assert not field.field_fwhm(empty).not_applicable


def test_amplifiers_count_by_their_median_and_nan_not_at_all() -> None:
    gathered = {
        "S4": (Measurement("NOISE_AMP", (6.0, 8.0), ("A", "B")),),
        "N4": (Measurement("NOISE_AMP", (float("nan"), 5.0), ("A", "B")),),
        "S1": (Measurement("NOISE_AMP", (float("nan"),)),),
        "b0": (Measurement("NOISE_AMP", (99.0,)),),
    }
    assert field.field_values(gathered) == {"NOISE_AMP": {"S4": 7.0, "N4": 5.0}}


def touch(directory: Path, *names: str) -> None:
    for name in names:
        (directory / name).touch()


def test_the_newest_site_file_that_holds_for_night_band_and_ccd(tmp_path: Path) -> None:
    touch(
        tmp_path, "bias.fits", "flat-r.fits", "flat-r-20130801.fits", "flat-r-20130820-S4.fits", "flat-r-20140101.fits",
        "flat-g.fits.fz", "flat-r-20130801-S4.fits", "notes.txt", "flat-r-20130820-S4.fits.tmp", "mask-N4.fits",
    )  # fmt: skip

    def found(kind: str, camera: str, band: str, night: int) -> str:
        return Path(find_site_file(tmp_path, kind, camera, band, night)).name

    assert found("flat", "S4", "r", 20130831) == "flat-r-20130820-S4.fits"
    assert found("flat", "S4", "r", 20130810) == "flat-r-20130801-S4.fits"
    assert found("flat", "N4", "r", 20130831) == "flat-r-20130801.fits"
    assert found("flat", "N4", "r", 20130701) == "flat-r.fits"
    assert found("flat", "N4", "r", 20150701) == "flat-r-20140101.fits"
    assert found("flat", "N4", "g", 20130831) == "flat-g.fits.fz"
    assert found("flat", "N4", "z", 20130831) == ""
    assert found("bias", "N4", "r", 20130831) == "bias.fits"
    assert found("mask", "S4", "", 20130831) == ""
    assert found("mask", "N4", "", 20130831) == "mask-N4.fits"
    assert find_site_file(tmp_path / "none", "bias", "S4", "", 20130831) == ""


def test_ccds_of_a_site_file_are_found_by_name_or_number(tmp_path: Path) -> None:
    named = fits.ImageHDU(np.full((8, 4), 2.0, dtype=np.float32), name="N4")
    numbered = fits.ImageHDU(np.full((8, 4), 3.0, dtype=np.float32), name="CCD28")
    numbered.header["CCDNUM"] = 28
    fits.HDUList([fits.PrimaryHDU(), named, numbered]).writeto(tmp_path / "bias.fits")
    fits.PrimaryHDU(np.full((8, 4), 1.5, dtype=np.float32)).writeto(tmp_path / "flat-z-S4.fits")

    def read(camera: str, products: Mapping[str, str]) -> tuple[dict[str, float], Mapping[str, str], Mapping[str, str]]:
        found = read_calibration(
            EXPOSURE, camera, (8, 4), kinds=("bias", "flat", "mask"), directory=str(tmp_path), products=products
        )
        return {kind: float(image[0, 0]) for kind, image in found.images.items()}, found.used, found.problems

    values, used, problems = read("S4", {})
    assert values == {"bias": 3.0, "flat": 1.5}
    assert {kind: Path(path).name for kind, path in used.items()} == {"bias": "bias.fits", "flat": "flat-z-S4.fits"}
    assert problems == {}
    values, _, problems = read("N4", {"masterbias": str(tmp_path / "gone.fits")})
    # The night's own comes first; where it cannot be read the site's serves, and it is told.
    assert values == {"bias": 2.0}
    assert "gone.fits" in problems["bias"]
    assert problems["flat"] == "no master flat in z of this CCD"
    values, _, problems = read("S1", {})
    assert values == {}
    assert problems["bias"] == "S1 is not in bias.fits"
