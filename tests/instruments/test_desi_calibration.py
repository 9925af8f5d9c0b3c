"""Calibrations: plain directories and the observatory's YAML, and what happens without."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from astropy.io import fits
from desi_raw_writer import NX, NY, RAW_SHAPE, camera_cards, compressed, write_exposure
from desi_traces import NF, check_traces, coefficients, series, write_traces

from qltui.instruments.desi.calibration import Calibrations, CameraCalibration
from qltui.instruments.desi.calibration_files import KINDS, fiber_numbers, select_files
from qltui.instruments.desi.files import inspect, read_camera_header
from qltui.model import Exposure


@pytest.fixture
def exposure(tmp_path: Path) -> Exposure:
    return inspect(write_exposure(tmp_path / "data", ("b0", "r7")))


def calibration(root: Path | str, exposure: Exposure, camera: str = "b0", **options: Any) -> CameraCalibration:
    header = options.pop("header", None) or read_camera_header(exposure, camera)
    return Calibrations(str(root), "").for_camera(exposure, camera, header, **options)


def write_image(path: Path, values: np.ndarray, name: str = "", **extra: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    first = fits.PrimaryHDU(values)
    if name:
        first.header["EXTNAME"] = name
    fits.HDUList([first, *(fits.ImageHDU(data, name=key) for key, data in extra.items())]).writeto(path, overwrite=True)
    return path


def test_without_calibrations_every_kind_has_a_reason(exposure: Exposure, tmp_path: Path) -> None:
    for root, words in (("", "no calibration directory is set"), (tmp_path / "none", "does not exist")):
        found = calibration(root, exposure)
        assert set(found.problems) == set(KINDS)
        assert all(words in reason for reason in found.problems.values())
        assert found.used == {}
        assert found.traces is found.bias is found.fiberflat is None
    (tmp_path / "empty").mkdir()
    assert "no psf-b0.fits" in calibration(tmp_path / "empty", exposure).problems["traces"]


def fill_plain(root: Path) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    arrays = {
        "bias": rng.normal(0, 1, RAW_SHAPE).astype(np.float32),
        "dark": rng.normal(0.01, 0.001, (NY, NX)).astype(np.float32),
        "pixflat": rng.normal(1, 0.01, (NY, NX)).astype(np.float32),
        "mask": (rng.random((NY, NX)) < 0.01).astype(np.int32) * 8,
    }
    for kind, values in arrays.items():
        write_image(root / f"{kind}-b0.fits", values)
    write_traces(root / "psf-b0.fits")
    wave = np.linspace(3500, 6000, 30)
    flat = rng.normal(1, 0.02, (NF, 30)).astype(np.float32)
    flat[4, 7] = np.nan
    ivar = np.full((NF, 30), 1e4, dtype=np.float32)
    write_image(root / "fiberflat-b0.fits", flat, "FIBERFLAT", IVAR=ivar, WAVELENGTH=wave, MEANSPEC=np.full(30, 5e3))
    write_image(root / "fluxcalib-b0.fits", np.linspace(10, 20, 30), "FLUXCALIB", WAVELENGTH=wave)
    return arrays


def test_a_plain_directory(exposure: Exposure, tmp_path: Path) -> None:
    arrays = fill_plain(tmp_path / "calib")
    found = calibration(tmp_path / "calib", exposure)
    assert found.problems == {
        kind: f"no {kind}-b0.fits in the calibration directory" for kind in ("linewidths", "biaslevels")
    }
    assert found.used["pixel_flat"] == str(tmp_path / "calib" / "pixflat-b0.fits")
    for kind, got in {"bias": found.bias, "dark": found.dark, "pixflat": found.pixel_flat}.items():
        assert got is not None
        assert got.dtype == np.float32
        assert np.array_equal(got, arrays[kind])
    assert found.mask is not None
    assert np.array_equal(found.mask, arrays["mask"] != 0)
    assert found.traces is not None
    check_traces(found.traces)
    assert found.fiberflat is not None
    assert found.fiberflat.wavelength.shape == found.fiberflat.flat.shape == (NF, 30)
    assert (found.fiberflat.flat[4, 7], found.fiberflat.ivar[4, 7]) == (1.0, 0.0)
    assert np.isfinite(found.fiberflat.flat).all()
    assert found.flux_calibration is not None
    assert len(found.flux_calibration.response) == 30
    assert calibration(tmp_path / "calib", exposure, kinds={"mask"}).used.keys() == {"mask"}


def test_traces_are_remembered_until_the_file_changes(exposure: Exposure, tmp_path: Path) -> None:
    path = write_traces(tmp_path / "psf-b0.fits")
    first = calibration(tmp_path, exposure).traces
    assert calibration(tmp_path, exposure).traces is first
    write_traces(path, ("XTRACE", "YTRACE"))
    again = calibration(tmp_path, exposure).traces
    assert again is not first
    assert again is not None
    assert again.xsigma_coeff is None


def test_newest_dated_file_that_is_not_later_than_the_night(exposure: Exposure, tmp_path: Path) -> None:
    for date in (20191101, 20200301, 20200316):
        write_traces(tmp_path / f"psf-b0-{date}.fits")
    (tmp_path / "psf-b0-99999999x.fits").write_bytes(b"")
    assert calibration(tmp_path, exposure).used["traces"].endswith("psf-b0-20200301.fits")
    write_traces(tmp_path / "psf-b0.fits")
    assert calibration(tmp_path, exposure).used["traces"].endswith("psf-b0.fits")


def test_compressed_files(exposure: Exposure, tmp_path: Path) -> None:
    bias = np.full(RAW_SHAPE, 3.0, dtype=np.float32)
    path = write_image(tmp_path / "bias-b0.fits", bias)
    (tmp_path / "bias-b0.fits.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    mask = np.zeros((NY, NX), dtype=np.int32)
    mask[3] = 1
    fits.HDUList([fits.PrimaryHDU(), compressed(mask, "MASK")]).writeto(tmp_path / "mask-b0.fits.fz")
    found = calibration(tmp_path, exposure)
    assert found.bias is not None
    assert np.array_equal(found.bias, bias)
    assert found.mask is not None
    assert found.mask.sum() == NX


@pytest.mark.parametrize(
    ("name", "values", "kind", "message"),
    [
        ("bias", np.zeros((NY, NX)), "bias", "122|60 x 40 pixels"),
        ("bias", np.full(RAW_SHAPE, np.nan), "bias", "no pixel is finite"),
        ("dark", np.zeros((3, 3)), "dark", "3 x 3 pixels"),
        ("pixflat", np.zeros((NY, NX)), "pixel_flat", "near 1"),
        ("pixflat", np.ones(RAW_SHAPE), "pixel_flat", "pixels"),
        ("mask", np.ones((NY, NX), dtype=np.int16), "mask", "100 %"),
        ("fiberflat", np.ones((NF, 30)), "fiberflat", "WAVELENGTH"),
        ("fiberflat", np.ones(30), "fiberflat", "shape"),
        ("fluxcalib", np.ones((NF, 30)), "flux_calibration", "shape"),
        ("psf", np.ones((NF, 3)), "traces", "no traces"),
        ("linewidths", np.ones((NF, 3)), "linewidths", "YSIG"),
        ("biaslevels", np.ones((NF, 3)), "biaslevels", "no table"),
    ],
)
def test_what_does_not_fit_is_a_reason(
    exposure: Exposure, tmp_path: Path, name: str, values: np.ndarray, kind: str, message: str
) -> None:
    write_image(tmp_path / f"{name}-b0.fits", values)
    found = calibration(tmp_path, exposure)
    assert kind not in found.used
    assert any(word in found.problems[kind] for word in message.split("|"))
    assert found.problems[kind].startswith(f"{name}-b0.fits: ")


def test_levels_that_are_no_numbers_are_a_reason(exposure: Exposure, tmp_path: Path) -> None:
    names, levels = np.array(list("ABCD")), np.array(["1", "2", "@", "4"])
    columns = [fits.Column("AMP", "1A", array=names), fits.Column("LEVEL", "3A", array=levels)]
    path = tmp_path / "biaslevels-b0.fits"
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns, name="BIASLEVELS")]).writeto(path)
    assert "no column of numbers" in calibration(tmp_path, exposure).problems["biaslevels"]


def test_damaged_files_are_a_reason(exposure: Exposure, tmp_path: Path) -> None:
    fill_plain(tmp_path)
    for path in sorted(tmp_path.glob("*-b0.fits")):
        path.write_bytes(path.read_bytes()[:3000])
    found = calibration(tmp_path, exposure)
    assert found.used == {}
    assert all("b0.fits" in reason for reason in found.problems.values())
    write_traces(tmp_path / "psf-b0.fits", ny=4096)
    assert "4096 rows, this camera has 40" in calibration(tmp_path, exposure).problems["traces"]


def test_pixels_that_are_not_finite_are_said(exposure: Exposure, tmp_path: Path) -> None:
    bias = np.zeros(RAW_SHAPE)
    bias[0, :3] = np.nan
    write_image(tmp_path / "bias-b0.fits", bias)
    found = calibration(tmp_path, exposure)
    assert found.bias is not None
    assert np.isfinite(found.bias).all()
    assert found.notes == ("bias: 3 pixels are not finite and taken as 0",)


def test_dark_in_adu_of_raw_shape_becomes_electrons(exposure: Exposure, tmp_path: Path) -> None:
    write_image(tmp_path / "dark-b0.fits", np.full(RAW_SHAPE, 0.02))
    dark = calibration(tmp_path, exposure).dark
    assert dark is not None
    assert dark.shape == (NY, NX)
    assert np.allclose(dark, 0.02 * 1.5)


@pytest.mark.parametrize(
    ("exptime", "left"), [(100.0, 10.0), (50.0, 10.0), (300.0, 20.0), (500.0, 30.0), (900.0, 30.0)]
)
def test_profiles_of_a_dark_are_interpolated_in_time(
    exposure: Exposure, tmp_path: Path, exptime: float, left: float
) -> None:
    profiles = {f"T{t}": np.stack([np.full(NY, v), np.full(NY, 2 * v)]) for t, v in ((500, 30.0), (100, 10.0))}
    write_image(tmp_path / "dark-b0.fits", np.full((NY, NX), 0.01), "DARK", ZERO=np.zeros(RAW_SHAPE), **profiles)
    dark = calibration(tmp_path, replace(exposure, exptime=exptime)).dark
    assert dark is not None
    assert np.allclose(dark[:, : NX // 2] * exptime, 0.01 * exptime + left)
    assert np.allclose(dark[:, NX // 2 :] * exptime, 0.01 * exptime + 2 * left)


def test_dark_without_exposure_time(exposure: Exposure, tmp_path: Path) -> None:
    write_image(tmp_path / "dark-b0.fits", np.full((NY, NX), 0.01))
    assert "exposure time" in calibration(tmp_path, replace(exposure, exptime=None)).problems["dark"]
    zero = calibration(tmp_path, replace(exposure, exptime=0.0))
    assert zero.dark is None
    assert "not needed" in zero.problems["dark"]


def test_products_of_the_night_count_first(exposure: Exposure, tmp_path: Path) -> None:
    fill_plain(tmp_path / "calib")
    wave = np.linspace(3500, 6000, NY) + np.zeros((NF, 1))
    wave[2] = np.nan  # a fibre without a trace
    flat = np.full((NF, NY), 0.9, dtype=np.float32)
    night = write_image(tmp_path / "n.fits", flat, "FIBERFLAT", IVAR=np.ones((NF, NY)), WAVELENGTH=wave)
    widths = tmp_path / "w.fits"
    fits.HDUList([fits.PrimaryHDU(), series(coefficients()[3], "YSIG")]).writeto(widths)
    levels = tmp_path / "l.fits"
    columns = [
        fits.Column("AMP", "1A", array=["A", "B"]),
        fits.Column("LEVEL", "D", array=[1100.5, 1200.25]),
        fits.Column("NOISE", "D", array=[3.0, np.nan]),
    ]
    fits.BinTableHDU.from_columns(columns, name="BIASLEVELS").writeto(levels)
    products = {"fiberflat": str(night), "linewidths": str(widths), "biaslevels": str(levels)}
    found = calibration(tmp_path / "calib", exposure, night_products=products)
    assert {kind: found.used[kind] for kind in products} == products
    assert found.fiberflat is not None
    assert (found.fiberflat.flat == np.float32(0.9)).all()
    assert found.line_widths is not None
    assert np.array_equal(found.line_widths.ysigma_coeff, coefficients()[3])
    assert found.bias_levels["B"].level == 1200.25
    assert np.isnan(found.bias_levels["B"].noise)
    night.write_bytes(b"rubbish" * 500)
    fallback = calibration(tmp_path / "calib", exposure, night_products=products)
    assert fallback.used["fiberflat"].endswith("fiberflat-b0.fits")
    assert any("n.fits" in note for note in fallback.notes)


def spectro_calib(root: Path, versions: dict[str, Any], name: str = "sm4-b", directory: str = "sm4") -> Path:
    path = root / "spec" / directory / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump({name: versions}))
    return path


def version(**changes: Any) -> dict[str, Any]:
    entry = {
        "DATE-OBS-BEGIN": "20200101", "DATE-OBS-END": "None", "DETECTOR": "sn1", "CCDCFG": "default_sta_20190717.cfg",
        "PSF": "spec/sm4/psf-sm4-b-20200115.fits", "GAINA": 1.61, "SATURLEVB": [51000, "measured"], "RDNOISEA": 2.9,
        "BROKENFIBERS": "3,7:9,2001", "EXCLUDEFIBERS": 11,
    }  # fmt: skip
    entry |= changes
    return {key: value for key, value in entry.items() if value is not None}


@pytest.fixture
def header() -> dict[str, Any]:
    cards = camera_cards("b0", SPECID=4, DETECTOR="sn1", CCDCFG="default_sta_20190717.cfg", CCDTEMP=-110.0)
    return {**cards, "NAXIS1": RAW_SHAPE[1], "NAXIS2": RAW_SHAPE[0]}


def test_the_observatorys_layout(exposure: Exposure, tmp_path: Path, header: dict[str, Any]) -> None:
    old = version(**{"DATE-OBS-END": 20191231, "DATE-OBS-BEGIN": 20190101})
    spectro_calib(tmp_path, {"V1": old, "V2": version(), "V3": version(DETECTOR="sn2"), "V4": version(CCDCFG="x")})
    write_traces(tmp_path / "spec" / "sm4" / "psf-sm4-b-20200115.fits")
    found = calibration(tmp_path, exposure, header=header)
    assert found.used == {"traces": str(tmp_path / "spec/sm4/psf-sm4-b-20200115.fits")}
    assert (found.gains, found.saturation, found.read_noise) == ({"A": 1.61}, {"B": 51000.0}, {"A": 2.9})
    assert found.broken_fibers == (1, 3, 7, 8, 11)
    assert found.problems["bias"] == "the observatory's calibration of b0 has no BIAS"


@pytest.mark.parametrize(
    ("versions", "changes", "message"),
    [
        ({"V1": version(), "V2": version()}, {}, "fitting: V1, V2"),
        ({"V1": version(DETECTOR="other")}, {}, "fitting: none"),
        ({"V1": version(**{"DATE-OBS-BEGIN": "20200316"})}, {}, "fitting: none"),
        ({"V1": version(**{"DATE-OBS-END": 20200314})}, {}, "fitting: none"),
        ({"V1": version(**{"DATE-OBS-BEGIN": "soon"})}, {}, "fitting: none"),
        ({"V1": version(CCDTMING="t")}, {}, "fitting: none"),
        ({"V1": "text"}, {}, "fitting: none"),
        ({"V1": version()}, {"SPECID": 5}, "sm5-b.yaml"),
        ({"V1": version()}, {"SPECID": "x\x1b"}, "SPECID"),
        ({"V1": version()}, {"DETECTOR": "SIM"}, "b0.yaml"),
        ({"V1": version(PSF="../../secret.fits")}, {}, "leads out"),
        ({"V1": version(PSF="/etc/passwd")}, {}, "leads out"),
        ({"V1": version(PSF="spec/../../x.fits")}, {}, "leads out"),
        ({"V1": version(PSF="")}, {}, "leads out"),
        ({"V1": version(PSF="spec/a\nb")}, {}, "leads out"),
        ({"V1": version(PSF={"a": 1})}, {}, "is not in"),
        ({"V1": version(PSF=None)}, {}, "has no PSF"),
    ],
)
def test_selections_that_fail_say_why(
    exposure: Exposure,
    tmp_path: Path,
    header: dict[str, Any],
    versions: dict[str, Any],
    changes: dict[str, Any],
    message: str,
) -> None:
    (tmp_path / "secret.fits").write_bytes(b"x")
    root = tmp_path / "a" / "b"
    spectro_calib(root, versions)
    found = calibration(root, exposure, header={**header, **changes})
    assert found.used == {}
    assert message in found.problems["traces"]
    assert found.problems["traces"].isprintable()


@pytest.mark.parametrize(
    "content",
    ["{", "- 1\n- 2", "a: &a [*a]\nsm4-b: *a", "[" * 700, "", "sm4-b: !!python/object:x {}"],
    ids=["open", "list", "circle", "deep", "empty", "object"],
)
def test_yaml_that_cannot_be(exposure: Exposure, tmp_path: Path, header: dict[str, Any], content: str) -> None:
    spectro_calib(tmp_path, {}).write_text(content)
    found = calibration(tmp_path, exposure, header=header)
    assert "sm4-b.yaml" in found.problems["traces"]


def test_logical_names_before_december_2019_and_for_simulations(tmp_path: Path, header: dict[str, Any]) -> None:
    spectro_calib(tmp_path, {"V1": version(**{"DATE-OBS-BEGIN": 20190101, "PSF": "p.fits"})}, "b0", "sp0")
    write_traces(tmp_path / "p.fits")
    assert "traces" in select_files(tmp_path, "b0", 20191210, header).files
    assert "traces" not in select_files(tmp_path, "b0", 20191211, header).files
    simulated = {**header, "DETECTOR": "SIM"}
    spectro_calib(tmp_path / "sim", {"V1": version(DETECTOR="SIM", PSF="q.fits")}, "b0", "sp0")
    write_traces(tmp_path / "sim" / "q.fits")
    assert select_files(tmp_path, "b0", 20200315, simulated).files["traces"] == tmp_path / "sim" / "q.fits"


def test_tables_of_darks_and_biases(tmp_path: Path, header: dict[str, Any]) -> None:
    root, darks = tmp_path / "calib", tmp_path / "dark"
    root.mkdir()
    darks.mkdir()
    head = "FILENAME,DETECTOR,CCDCFG,CCDTEMP\n"
    rows = [
        ("dark-sm4-b-20200101.fits.gz", "sn1", "default_sta_20190717.cfg", -111.0),
        ("dark-sm4-b-20200201.fits.gz", "sn1", "default_sta_20190717.cfg", -109.0),
        ("dark-sm4-b-20200301.fits.gz", "sn1", "default_sta_20190717.cfg", -120.0),
        ("dark-sm4-b-20200310.fits.gz", "sn2", "default_sta_20190717.cfg", -110.0),
        ("dark-sm4-b-20200401.fits.gz", "sn1", "default_sta_20190717.cfg", -110.0),
        ("dark-sm5-b-20200311.fits.gz", "sn1", "default_sta_20190717.cfg", -110.0),
    ]
    (darks / "dark_table.csv").write_text(head + "".join(",".join(map(str, row)) + "\n" for row in rows))
    (darks / "bias_table.csv").write_text(head + "../x-sm4-b-20200101.fits,sn1,default_sta_20190717.cfg,-110\n")
    for name, *_ in rows:
        (darks / name).write_bytes(b"x")
    selection = select_files(root, "b0", 20200315, header, darks)
    assert "dark" not in selection.files
    assert "leads out" in selection.problems["bias"]
    (darks / "bias_table.csv").unlink()
    selection = select_files(root, "b0", 20200315, header, darks)
    assert selection.files == {"dark": darks / "dark-sm4-b-20200201.fits.gz"}
    assert "dark" not in selection.problems


def test_lists_of_fibres() -> None:
    assert fiber_numbers("1,3:7") == (1, 3, 4, 5, 6)
    assert fiber_numbers("10..12, 3-5 ,3") == (3, 4, 10, 11)
    assert fiber_numbers(17) == (17,)
    assert fiber_numbers("a,,1:b,99999999,5:") == ()
    assert fiber_numbers(None) == ()
