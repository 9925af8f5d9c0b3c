"""What is written is what astropy reads, and keeps to the standard."""

from __future__ import annotations

import hashlib
import warnings

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st

from qltui.instruments.fits_writer import new_image, new_table, write_fits
from qltui.instruments.product_writer import write_product
from qltui.instruments.table_file import read_columns

# astropy takes a quote before a slash for the end of a text: quotes have a test of their own.
VALUES = st.one_of(
    st.booleans(),
    st.integers(-(2**62), 2**62),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="'"), max_size=200),
    st.none(),
)


@settings(max_examples=150, deadline=None)
@given(values=st.lists(VALUES, max_size=8), history=st.text(st.characters(min_codepoint=33, max_codepoint=126)))
def test_cards_come_back_as_they_were(tmp_path_factory, values, history):
    path = tmp_path_factory.mktemp("cards") / "x.fits"
    cards = [(f"KEY{n}", value, "what it is") for n, value in enumerate(values)]
    write_fits(path, [*cards, ("HISTORY", history, "")], [])
    with fits.open(path) as hdus:
        hdus.verify("exception")
        header = hdus[0].header
        for key, value, _ in cards:
            got = header[key]
            if value is None:
                assert got is None
            else:
                assert (type(got), got) == (type(value), value.rstrip(" ") if isinstance(value, str) else value)
        assert "".join(header["HISTORY"]) == history


@pytest.mark.parametrize("count", [1, 31, 33, 34, 35, 66, 68, 100])
def test_quotes_are_doubled_and_never_cut_in_two(tmp_path, count):
    text = "o'clock" + "'" * count + "end"
    write_fits(tmp_path / "x.fits", [("OBJECT", text, "")], [])
    assert fits.getheader(tmp_path / "x.fits")["OBJECT"] == text


@pytest.mark.parametrize("kind", ["u1", "i2", "i4", "i8", "f4", "f8"])
def test_images_of_every_type(tmp_path, kind):
    data = np.arange(35).reshape(5, 7).astype(kind)
    hdu = new_image("PICTURE", data)
    hdu.header["BUNIT"] = "adu"
    hdu.header["BINNING"] = (4, "pixels in one")
    size, digest = write_fits(tmp_path / "x.fits", [], [hdu, new_image("SECOND", data[::2, ::2])])
    raw = (tmp_path / "x.fits").read_bytes()
    assert (size, digest) == (len(raw), hashlib.sha256(raw).hexdigest())
    assert size % 2880 == 0
    with warnings.catch_warnings(action="error"), fits.open(tmp_path / "x.fits") as hdus:
        hdus.verify("exception")
        assert [found.name for found in hdus] == ["PRIMARY", "PICTURE", "SECOND"]
        np.testing.assert_array_equal(hdus[1].data, data)
        np.testing.assert_array_equal(hdus[2].data, data[::2, ::2])
        assert hdus[1].data.dtype.kind == data.dtype.kind
        assert (hdus[1].header["BUNIT"], hdus[1].header.comments["BINNING"]) == ("adu", "pixels in one")


@pytest.mark.parametrize("rows", [0, 1, 9])
def test_tables_of_all_columns(tmp_path, rows):
    rng = np.random.default_rng(5)
    columns = {
        "NUMBER": (np.arange(rows, dtype=np.int32), ""),
        "TARGET": (rng.integers(0, 2**60, rows), ""),
        "X": (rng.normal(size=rows), "pixel"),
        "FLUX": (rng.normal(size=rows).astype(np.float32), "electron"),
        "FLAGS": (rng.integers(0, 255, rows).astype(np.uint8), ""),
        "STAR": (rng.random(rows) > 0.5, ""),
        "KIND": (np.where(rng.random(rows) > 0.5, "star", "other"), ""),
    }
    write_product(tmp_path / "t.fits", "sources", [new_table("SOURCES", columns)], [])
    with warnings.catch_warnings(action="error"), fits.open(tmp_path / "t.fits") as hdus:
        hdus.verify("exception")
        table = hdus["SOURCES"]
        assert len(table.data) == rows
        for name, (values, unit) in columns.items():
            np.testing.assert_array_equal(table.data[name], values)
            assert (table.columns[name].unit or "") == unit
    ours = read_columns(tmp_path / "t.fits", "SOURCES", ("NUMBER", "FLUX", "STAR"))
    np.testing.assert_array_equal(ours.columns["FLUX"], columns["FLUX"][0])


def test_what_cannot_be_written_is_refused():
    with pytest.raises(ValueError, match="complex64"):
        new_image("X", np.zeros((2, 2), dtype=np.complex64))
    with pytest.raises(ValueError, match="uint16"):
        new_image("X", np.zeros((2, 2), dtype=np.uint16))
    with pytest.raises(ValueError, match="not one value in each row"):
        new_table("T", {"A": (np.zeros(3), ""), "B": (np.zeros(4), "")})
    with pytest.raises(ValueError, match="complex128"):
        new_table("T", {"A": (np.zeros(3, dtype=complex), "")})
