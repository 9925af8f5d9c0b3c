"""The rows of the fibermap that belong to a camera, whatever columns the table has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from desi_raw_writer import fibermap_hdu, write_exposure

from qltui.instruments.desi.fibermap import FiberMap, read_fibermap
from qltui.instruments.desi.files import inspect
from qltui.instruments.errors import InvalidFileError


def read(tmp_path: Path, camera: str = "b3", **columns: Any) -> tuple[FiberMap | None, str]:
    return read_fibermap(inspect(write_exposure(tmp_path, ("b3",), extra=(fibermap_hdu(**columns),))), camera)


def good(tmp_path: Path, camera: str = "b3", **columns: Any) -> FiberMap:
    fibermap, reason = read(tmp_path, camera, **columns)
    assert reason == ""
    assert fibermap is not None
    return fibermap


def test_rows_of_the_petal_in_the_order_of_the_fibres(tmp_path: Path) -> None:
    fibermap = good(tmp_path)
    assert fibermap.fiber.tolist() == list(range(1500, 1520))
    assert fibermap.is_sky.tolist() == [fiber % 5 == 0 for fiber in range(1500, 1520)]
    assert fibermap.objtype[1] == "TGT"
    assert fibermap.desi_target[0] == 2**32
    assert fibermap.targetid[4] == 39627700000001504
    assert np.allclose(fibermap.flux_g, 1 + fibermap.fiber % 7)
    assert np.allclose(fibermap.magnitude("r")[fibermap.flux_r > 0], 20.0)
    assert np.isnan(fibermap.magnitude("r")[fibermap.is_sky]).all()
    assert np.isnan(fibermap.magnitude("z")).all()
    assert (fibermap.ra[2], fibermap.dec[2]) == (150.0 + 1.502, 1.502)
    assert fibermap.missing == ("BGS_TARGET", "FA_TYPE", "FIBER_X", "FIBER_Y")
    assert len(fibermap.select(fibermap.is_sky)) == 4


def test_petal_counts_before_fibre_number(tmp_path: Path) -> None:
    fiber = np.concatenate([500 * petal + np.arange(20) for petal in range(10)])[::-1]
    fibermap = good(tmp_path, PETAL_LOC=("I", (fiber // 500 + 1) % 10))
    assert fibermap.fiber[0] == 1000
    by_number = good(tmp_path, PETAL_LOC=None)
    assert by_number.fiber[0] == 1500
    assert "rows by FIBER" in by_number.notes[0]


def test_a_file_beside_counts_before_the_hdu(tmp_path: Path) -> None:
    path = write_exposure(tmp_path, ("b3",), extra=(fibermap_hdu(),))
    exposure = inspect(path)
    # It may come after the raw file was looked at.
    beside = path.with_name("fibermap-00001234.fits")
    fibermap_hdu(per_petal=10).writeto(beside)
    found, _ = read_fibermap(inspect(path), "b3")
    assert found is not None
    assert (len(found), found.source) == (10, str(beside))
    bare = inspect(write_exposure(tmp_path / "bare", ("b3",)))
    assert "fibermap missing" in bare.problems
    assert read_fibermap(bare, "b3") == (None, "fibermap missing")
    fibermap_hdu().writeto(Path(bare.path).with_name("fibermap-00001234.fits"))
    late, _ = read_fibermap(bare, "b3")
    assert late is not None
    beside.write_bytes(beside.read_bytes()[:4000])
    fallback, _ = read_fibermap(exposure, "b3")
    assert fallback is not None
    assert fallback.source == str(path)


def test_missing_columns_are_unknown_values(tmp_path: Path) -> None:
    none = dict.fromkeys(("OBJTYPE", "DESI_TARGET", "FLUX_G", "FLUX_R", "TARGET_RA", "FIBERSTATUS"))
    fibermap = good(tmp_path, **none)
    assert set(none) < set(fibermap.missing)
    assert np.isnan(fibermap.flux_g).all()
    assert not fibermap.is_sky.any()
    assert not fibermap.desi_target.any()
    instead = good(tmp_path, TARGET_RA=None, FIBER_RA=("D", np.full(200, 77.0)))
    assert instead.ra[0] == 77.0


def test_no_table_raises(tmp_path: Path) -> None:
    fibermap, reason = read(tmp_path, PETAL_LOC=None, FIBER=None)
    assert fibermap is None
    assert "neither PETAL_LOC nor FIBER" in reason
    fibermap, reason = read(tmp_path, PETAL_LOC=("I", np.full(200, 8)), camera="b3")
    assert fibermap is None
    assert "no fibre of spectrograph 3" in reason
    path = write_exposure(tmp_path, ("b3",))
    path.with_name("fibermap-00001234.fits").write_bytes(b"rubbish" * 1000)
    fibermap, reason = read_fibermap(inspect(path), "b3")
    assert fibermap is None
    assert "not a FITS file" in reason


def test_a_fibermap_of_another_exposure_is_refused(tmp_path: Path) -> None:
    path = write_exposure(tmp_path, ("b3",))
    hdu = fibermap_hdu()
    hdu.header["EXPID"] = 77
    hdu.writeto(path.with_name("fibermap-00001234.fits"))
    assert read_fibermap(inspect(path), "b3") == (
        None,
        "fibermap-00001234.fits: it is the fibermap of exposure 77, not of 1234",
    )
    hdu.header["EXPID"] = 1234
    hdu.writeto(path.with_name("fibermap-00001234.fits"), overwrite=True)
    assert read_fibermap(inspect(path), "b3")[1] == ""


def test_odd_values(tmp_path: Path) -> None:
    words = np.array(["SKY"] * 200, dtype="S3")
    words[:100] = b"\x1b[2"
    flux = np.full(200, np.inf)
    fibermap = good(
        tmp_path,
        OBJTYPE=("3A", words),
        FLUX_G=("E", flux),
        FIBERSTATUS=("D", np.full(200, np.nan)),
        DESI_TARGET=("5A", np.array(["text"] * 200)),
        FLUX_R=("3E", np.ones((200, 3))),
    )
    assert set(fibermap.objtype) == {"SKY"}
    assert set(good(tmp_path, camera="b8", OBJTYPE=("3A", words)).objtype) == {"2"}
    assert np.isnan(fibermap.flux_g).all()
    assert not fibermap.fiberstatus.any()
    assert {"DESI_TARGET", "FLUX_R"} <= set(fibermap.missing)


@pytest.mark.parametrize("kind", ["E", "D"])
def test_numbers_at_the_ends_of_the_integers(tmp_path: Path, kind: str) -> None:
    fiber = np.concatenate([500 * petal + np.arange(20) for petal in range(10)])[::-1].copy()
    petal, status = fiber // 500, np.zeros(200)
    status[fiber == 1508], status[fiber == 1509] = 2.0**31, -(2.0**31)
    fiber[fiber == 1507] = -(2**31)
    fibermap = good(tmp_path, FIBER=("J", fiber), PETAL_LOC=("I", petal), FIBERSTATUS=(kind, status))
    assert len(fibermap) == 20
    assert fibermap.fiber[0] == -(2**31)
    found = dict(zip(fibermap.fiber.tolist(), fibermap.fiberstatus.tolist(), strict=True))
    assert (found[1508], found[1509]) == (0, -(2**31))


def test_repeated_fibres_are_left_out(tmp_path: Path) -> None:
    fiber = np.concatenate([500 * petal + np.arange(20) for petal in range(10)])[::-1].copy()
    fiber[fiber == 1507] = 1508
    fibermap = good(tmp_path, FIBER=("J", fiber), PETAL_LOC=("I", fiber // 500))
    assert len(fibermap) == 19
    assert "repeat" in fibermap.notes[0]


def test_alignment_with_the_traces(tmp_path: Path) -> None:
    fibermap = good(tmp_path)
    assert fibermap.aligned(20, 3) is fibermap
    wider = fibermap.aligned(25, 3)
    assert wider.fiber.tolist() == list(range(1500, 1525))
    assert wider.objtype[20:].tolist() == ["NON"] * 5
    assert np.array_equal(wider.flux_g[:20], fibermap.flux_g)
    assert np.isnan(wider.flux_g[20:]).all()
    assert (wider.fiberstatus[20:] == 1).all()
    gap = fibermap.select(fibermap.fiber != 1503).aligned(20, 3)
    assert gap.objtype[3] == "NON"
    assert gap.targetid[4] == fibermap.targetid[4]
    with pytest.raises(InvalidFileError, match="20 fibres"):
        fibermap.aligned(10, 3)
    # Other numbers, but as many as traces: the order counts.
    assert fibermap.aligned(20, 5) is fibermap


def test_a_table_of_five_thousand_rows(tmp_path: Path) -> None:
    path = write_exposure(tmp_path, ("b3",))
    fits.HDUList([fits.PrimaryHDU(), fibermap_hdu(per_petal=500)]).writeto(path.with_name("fibermap-00001234.fits"))
    fibermap, _ = read_fibermap(inspect(path), "z9")
    assert fibermap is not None
    assert (len(fibermap), fibermap.fiber[0], fibermap.fiber[-1]) == (500, 4500, 4999)
