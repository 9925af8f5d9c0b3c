"""The files are what the observatory writes, and an independent reader takes them."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import warnings

import numpy as np
import pytest
from astropy.io import fits

from qltui.simulate.calibrations import simulate_calibrations
from qltui.simulate.camera import simulate_camera
from qltui.simulate.exposure import simulate_exposure
from qltui.simulate.geometry import detector_layout
from qltui.simulate.request import OBSTYPES, SimulationRequest


def box(text):
    """Turn [x1:x2, y1:y2] into numpy slices."""
    (x1, x2), (y1, y2) = (map(int, part.split(":")) for part in text.strip("[]").split(","))
    return slice(y1 - 1, y2), slice(x1 - 1, x2)


def test_hdus_and_compression(science):
    with fits.open(science.path, disable_image_compression=True) as hdus:
        assert [hdu.name for hdu in hdus] == ["PRIMARY", "SPEC", "B0", "R3", "Z9"]
        assert "EXPTIME" not in hdus[0].header
        header = hdus["R3"].header
        assert header["ZCMPTYPE"] == "RICE_1"
        assert (header["ZTILE1"], header["ZTILE2"]) == (header["ZNAXIS1"], 1)
        assert header["BZERO"] == 32768


def test_header_of_the_exposure(science):
    with fits.open(science.path) as hdus:
        first = next(hdu.header for hdu in hdus if "EXPTIME" in hdu.header)
    assert first["EXTNAME"] == "SPEC"
    assert (first["OBSTYPE"], first["FLAVOR"], first["PROGRAM"]) == ("SCIENCE", "science", "DARK")
    assert (first["EXPID"], first["NIGHT"], first["EXPTIME"], first["TILEID"]) == (3579, 20191001, 1000.0, 1129)
    start = dt.datetime.fromisoformat(first["DATE-OBS"]).replace(tzinfo=dt.UTC)
    mjd = (start - dt.datetime(1858, 11, 17, tzinfo=dt.UTC)) / dt.timedelta(days=1)
    assert first["MJD-OBS"] == pytest.approx(mjd, abs=1e-7)
    noon = dt.datetime(2019, 10, 1, 19, tzinfo=dt.UTC)
    assert noon <= start < noon + dt.timedelta(days=1)
    assert 1.0 <= first["AIRMASS"] < 2.0


def test_cards_and_pixels_of_a_camera_agree(science):
    with fits.open(science.path) as hdus:
        for name in ("B0", "R3", "Z9"):
            header, data = hdus[name].header, hdus[name].data
            assert header["CAMERA"] == name.lower()
            assert data.dtype == np.uint16
            rows, columns = map(int, header["CCDSIZE"].split(","))
            covered = np.zeros((rows, columns), dtype=int)
            used = np.zeros(data.shape, dtype=int)
            for amp in "ABCD":
                ccd, pixels, bias = (box(header[f"{key}{amp}"]) for key in ("CCDSEC", "DATASEC", "BIASSEC"))
                covered[ccd] += 1
                for part in (pixels, bias, *(box(header[f"{key}{amp}"]) for key in ("PRESEC", "ORSEC", "PRRSEC"))):
                    used[part] += 1
                assert data[pixels].shape == covered[ccd].shape
                truth = science.truth["cameras"][name.lower()]["amplifiers"][amp]
                assert header[f"GAIN{amp}"] == truth["gain"]
                assert header[f"RDNOISE{amp}"] == truth["read_noise"]
                assert header[f"SATURLEV{amp}"] == truth["saturation"] == header[f"SATULEV{amp}"]
            assert (covered == 1).all()
            assert used.max() == 1


@pytest.mark.parametrize(
    ("arm", "raw", "ccd", "sections"),
    [
        ("b", (4162, 4232), (4096, 4096), ((4, 2052), (2052, 2116), (2116, 2180), (2180, 4228))),
        ("z", (4194, 4256), (4128, 4114), ((7, 2064), (2064, 2128), (2128, 2192), (2192, 4249))),
    ],
)
def test_full_geometry_is_the_real_one(arm, raw, ccd, sections):
    layout = detector_layout("full", arm)
    assert (layout.raw_ny, layout.raw_nx) == raw
    assert (layout.ny, layout.nx) == ccd
    a, b, c, _ = layout.amplifiers
    assert ((a.data.x0, a.data.x1), (a.bias.x0, a.bias.x1), (b.bias.x0, b.bias.x1), (b.data.x0, b.data.x1)) == sections
    assert a.data.y0 == 1
    assert (c.data.y1, c.prerow.y0) == (raw[0] - 1, raw[0] - 1)
    assert c.row_overscan.shape[0] == 32


def test_fibermap(science):
    with fits.open(science.path.with_name("fibermap-00003579.fits")) as hdus:
        table, header = hdus["FIBERMAP"].data, hdus["FIBERMAP"].header
        assert header["TILEID"] == 1129
        assert len(table) == 200
        assert np.array_equal(table["FIBER"] // 500, table["PETAL_LOC"])
        for petal in range(10):
            mine = table[table["PETAL_LOC"] == petal]
            assert (mine["OBJTYPE"] == "SKY").sum() == 4
            assert np.array_equal(mine["OBJTYPE"] == "SKY", mine["DESI_TARGET"] == 1 << 32)
            assert np.array_equal(mine["OBJTYPE"] == "SKY", mine["FLUX_R"] == 0)
            assert (mine["DESI_TARGET"] == 1 << 33).sum() == 4
            assert set(mine["DESI_TARGET"].tolist()) == {1, 2, 4, 1 << 32, 1 << 33}


def test_checksums_hold(science):
    lines = science.path.with_name("checksum-00003579.sha256sum").read_text().splitlines()
    assert len(lines) == 2
    for line in lines:
        digest, name = line.split()
        assert hashlib.sha256(science.path.with_name(name).read_bytes()).hexdigest() == digest


def test_nothing_temporary_is_left(science):
    root = science.path.parents[2]
    assert not [path for path in root.rglob("*") if "partial" in path.name]


def test_truth_file_is_plain_json(science):
    def refuse(word):
        raise AssertionError(word)

    truth = json.loads(science.truth_path.read_text(), parse_constant=refuse)
    assert truth["cameras"].keys() == {"b0", "r3", "z9"}
    assert truth == json.loads(json.dumps(science.truth))
    assert science.truth_path.relative_to(science.path.parents[2]).as_posix() == "truth/20191001/truth-00003579.json"


@pytest.mark.parametrize("obstype", OBSTYPES)
def test_every_obstype_can_be_written(tmp_path, obstype):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        exposure = simulate_exposure(SimulationRequest(obstype, 8, cameras=("r1",)), tmp_path)
    with fits.open(exposure.path) as hdus:
        assert hdus["SPEC"].header["OBSTYPE"] == obstype
        assert hdus["R1"].data.any()
    has_map = (exposure.path.parent / "fibermap-00000008.fits").exists()
    assert has_map == (obstype not in ("ZERO", "DARK"))


def test_traces_come_back_from_the_calibrations(tmp_path):
    simulate_calibrations(tmp_path, cameras=("z4",), fiberflats=True, biases=True)
    request = SimulationRequest("FLAT", 1)
    own = simulate_camera(request, "z4")
    given = simulate_camera(request, "z4", calibration=tmp_path)
    assert np.array_equal(own.raw, given.raw)
    with fits.open(tmp_path / "psf-z4.fits") as hdus:
        assert [hdu.name for hdu in hdus] == ["XTRACE", "YTRACE", "XSIG", "YSIG"]
        assert hdus[0].data.shape == (20, 6)
        assert hdus[0].header["NPIX_Y"] == 408
    with fits.open(tmp_path / "fiberflat-z4.fits") as hdus:
        difference = hdus["FIBERFLAT"].data / own.throughput - 1.0
        assert np.std(difference) == pytest.approx(1 / np.sqrt(20000), rel=0.05)
        assert np.allclose(hdus["WAVELENGTH"].data, own.rows.wavelength)
    with fits.open(tmp_path / "bias-z4.fits") as hdus:
        assert hdus[0].data.shape == own.raw.shape
