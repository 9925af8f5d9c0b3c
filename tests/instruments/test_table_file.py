"""The reader of our own products, against files that astropy wrote and files that nobody should write."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from astropy.io import fits

from qltui.instruments.table_file import ProductError, list_hdus, read_columns, read_plane


@pytest.fixture
def product(tmp_path):
    path = tmp_path / "fibers-b3.fits"
    table = fits.BinTableHDU.from_columns(
        [
            fits.Column("FIBER", "J", array=np.arange(5, dtype=np.int32) + 1500),
            fits.Column("SKYCONT", "D", "electron/Angstrom", array=np.array([1.0, 2.0, np.nan, 4.0, 5.0])),
            fits.Column("OBJTYPE", "3A", array=np.array(["SKY", "TGT", "T\x01T", "", "BAD"])),
            fits.Column("GOOD", "L", array=np.array([True, False, True, True, True])),
        ],
        name="FIBERS",
    )
    image = fits.ImageHDU(np.arange(12, dtype=np.float32).reshape(3, 4), name="FLUX")
    image.header["BUNIT"] = "electron/Angstrom"
    packed = fits.CompImageHDU(np.ones((50, 50), dtype=np.int32), name="PACKED")
    fits.HDUList([fits.PrimaryHDU(), table, image, packed]).writeto(path)
    return path


def test_columns_come_with_units_and_text(product):
    table = read_columns(product, "fibers")
    assert table.rows == 5
    assert table.columns["FIBER"].tolist() == [1500, 1501, 1502, 1503, 1504]
    np.testing.assert_array_equal(table.columns["SKYCONT"], [1, 2, np.nan, 4, 5])
    assert table.columns["OBJTYPE"].tolist() == ["SKY", "TGT", "T?T", "", "BAD"]
    assert table.columns["GOOD"].tolist() == [True, False, True, True, True]
    assert table.units == {"SKYCONT": "electron/Angstrom"}
    assert table.columns["FIBER"].dtype.isnative


def test_only_columns_that_are_asked_for_and_there(product):
    table = read_columns(product, "FIBERS", {"FIBER", "NOTHING"})
    assert set(table.columns) == {"FIBER"}
    assert "FIBER" in table
    assert "NOTHING" not in table


def test_images_come_with_their_unit(product):
    image = read_plane(product, 2)
    np.testing.assert_array_equal(image.values, np.arange(12).reshape(3, 4))
    assert image.unit == "electron/Angstrom"
    assert [(hdu.index, hdu.name, hdu.kind) for hdu in list_hdus(product)] == [
        (0, "", "IMAGE"),
        (1, "FIBERS", "TABLE"),
        (2, "FLUX", "IMAGE"),
        (3, "PACKED", "COMPRESSED"),
    ]


def test_what_cannot_be_shown_says_why(product, tmp_path):
    with pytest.raises(ProductError, match=r"no HDU OTHER \(there are: FIBERS, FLUX, PACKED\)"):
        read_columns(product, "OTHER")
    with pytest.raises(ProductError, match="is not a table"):
        read_columns(product, "FLUX")
    with pytest.raises(ProductError, match="5 rows, more than 4"):
        read_columns(product, "FIBERS", max_rows=4)
    with pytest.raises(ProductError, match="not a plain image"):
        read_plane(product, "PACKED")
    with pytest.raises(ProductError, match="3 x 4 pixels, too many"):
        read_plane(product, "FLUX", max_pixels=11)
    with pytest.raises(ProductError, match="no longer there"):
        read_columns(tmp_path / "gone.fits", "FIBERS")
    with pytest.raises(ProductError, match="it cannot be read"):
        read_columns("a\0b", "FIBERS")
    with pytest.raises(ProductError, match="not an ordinary file"):
        list_hdus(tmp_path)


def test_a_pipe_is_never_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.fits")
    with pytest.raises(ProductError, match="not an ordinary file"):
        read_columns(tmp_path / "pipe.fits", "FIBERS")


def test_a_file_cut_off_anywhere_is_an_error(product, tmp_path):
    whole = product.read_bytes()
    cut = tmp_path / "cut.fits"
    for size in (0, 100, 2880, 6000, 9000, len(whole) - 2880):
        cut.write_bytes(whole[:size])
        with pytest.raises(ProductError):
            read_columns(cut, "FIBERS")


def test_a_table_larger_than_its_file_is_refused(product):
    data = bytearray(product.read_bytes())
    at = data.index(b"NAXIS2  =")
    data[at : at + 30] = b"NAXIS2  = " + b"2000000000".rjust(20)
    product.write_bytes(data)
    with pytest.raises(ProductError, match="cut off"):
        read_columns(product, "FIBERS")


def test_reading_needs_neither_astropy_nor_numba(product):
    code = (
        "import sys; from qltui.instruments.table_file import read_columns, read_plane\n"
        f"read_columns({str(product)!r}, 'FIBERS'); read_plane({str(product)!r}, 'FLUX')\n"
        "print(sorted({'astropy', 'numba', 'scipy'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
