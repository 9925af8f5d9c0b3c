"""Fibres of several cameras joined, and their spectra: what does not fit is said, and nothing is made up."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

sys.path.insert(0, str(Path(__file__).parent.parent / "tui"))

import viewer_files as files

from qltui.instruments.base import get_instrument, resolve
from qltui.model import Status
from qltui.tables.fibers import BAD, GOOD, NOT_KNOWN, FiberShelf, fiber_status, read_fibers
from qltui.tables.spectra import read_spectra, spectrum_table
from qltui.tables.writers import to_ecsv

DESI = get_instrument("desi")
VIEW = resolve(DESI.fibers)


@pytest.fixture
def written(tmp_path):
    tables, spectra = {}, {}
    for camera in ("b0", "r0", "b1"):
        tables[camera] = str(tmp_path / f"fibers-{camera}.fits")
        spectra[camera] = str(tmp_path / f"spectra-{camera}.fits")
        files.fibers(int(camera[1]), camera[0]).writeto(tables[camera])
        files.spectra(int(camera[1]), camera[0]).writeto(spectra[camera])
    return tables, spectra


def test_fibres_are_joined_by_number(written):
    fibers = read_fibers(written[0], DESI.cameras, VIEW)
    assert fibers.number.tolist() == list(range(20))
    assert fibers.arms == ("b", "r", "z")
    assert fibers.state[files.BAD_FIBER].tolist() == [BAD, GOOD, NOT_KNOWN]
    assert fibers.statuses()[files.BAD_FIBER] is Status.WARNING
    assert fibers.statuses("b")[files.BAD_FIBER] is Status.ALARM
    assert fibers.statuses("z")[0] is Status.NOT_CHECKED
    assert fibers.unit.tolist() == ["0"] * 10 + ["1"] * 10
    assert fibers.index(12) == 12
    assert fibers.index(20) is None
    assert fibers.position("FIBER_X")[0] == pytest.approx(100.0)
    assert fibers.values["SNR"][12, 0] == 12.5
    assert np.isnan(fibers.values["SNR"][12, 1])
    assert fibers.problems == ()


@pytest.mark.parametrize(
    ("states", "status"),
    [
        ((GOOD, GOOD, NOT_KNOWN), Status.NORMAL),
        ((BAD, BAD), Status.ALARM),
        ((GOOD, BAD), Status.WARNING),
        ((NOT_KNOWN,), Status.NOT_CHECKED),
        ((), Status.NOT_CHECKED),
    ],
)
def test_only_what_is_known_to_be_good_is_good(states, status):
    assert fiber_status(states) is status


def test_tables_that_make_no_sense_are_said(written, tmp_path):
    tables = dict(written[0])
    Path(tables["r0"]).write_bytes(b"nothing")
    strange = fits.BinTableHDU.from_columns([fits.Column("FIBER", "3A", array=["a", "b"])], name="FIBERS")
    tables["z0"] = str(tmp_path / "strange.fits")
    fits.HDUList([fits.PrimaryHDU(), strange]).writeto(tables["z0"])
    fibers = read_fibers(tables, DESI.cameras, VIEW)
    assert len(fibers.problems) == 2
    assert "z0: its table has no numbers of fibres" in fibers.problems
    assert fibers.state[0].tolist() == [GOOD, NOT_KNOWN, NOT_KNOWN]
    empty = read_fibers({}, DESI.cameras, VIEW)
    assert empty.number.size == 0
    assert empty.statuses() == []


def test_the_shelf_reads_again_what_has_changed(written):
    shelf = FiberShelf()
    first = shelf.read(written[0], DESI.cameras, VIEW)
    assert shelf.read(written[0], DESI.cameras, VIEW) is first
    Path(written[0]["b1"]).unlink()
    assert shelf.read(written[0], DESI.cameras, VIEW).number.size == 10


def test_spectra_have_errors_and_masks(written):
    tables, paths = written
    fibers = read_fibers(tables, DESI.cameras, VIEW)
    spectra, problems = read_spectra([7, 12, 77], fibers, paths, DESI.cameras, VIEW)
    assert [(item.fiber, item.camera) for item in spectra] == [(7, "b0"), (7, "r0"), (12, "b1")]
    assert problems == ("no fibre 77",)
    assert np.nanmax(spectra[0].flux) == 70.0
    assert spectra[0].error[0] == 2.0
    assert np.isnan(spectra[0].flux[-1])
    assert spectra[0].masked.tolist() == [5580.0]
    assert (spectra[0].unit, spectra[0].words) == ("e-/Angstrom", "sky subtracted")
    text = to_ecsv(spectrum_table(spectra))
    assert "7,b0,5580.0,," in text


def test_spectra_that_do_not_belong_to_the_table_are_refused(written):
    tables, paths = written
    fibers = read_fibers(tables, DESI.cameras, VIEW)
    with fits.open(paths["b0"]) as hdus:
        short = fits.HDUList([fits.PrimaryHDU(), *(fits.ImageHDU(hdu.data[:3], hdu.header) for hdu in hdus[1:])])
        short.writeto(paths["b0"], overwrite=True)
    with fits.open(paths["r0"]) as hdus:
        hdus["IVAR"].data = hdus["IVAR"].data[:, :5]
        hdus.writeto(paths["r0"], overwrite=True)
    spectra, problems = read_spectra([7], fibers, paths, DESI.cameras, VIEW)
    assert spectra == ()
    assert problems[0] == "b0: it has 3 spectra, fibre 7 would be number 8"
    assert "do not belong together" in problems[1]
    assert read_spectra([7], fibers, {}, DESI.cameras, VIEW)[1] == ("b0 left no spectra", "r0 left no spectra")
