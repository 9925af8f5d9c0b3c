"""The index of a file agrees with astropy's, and a file that is cut, damaged or forged is refused in words."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from desi_raw_writer import compressed, image, write_exposure
from hypothesis import given, settings
from hypothesis import strategies as st

from qltui.instruments.errors import IncompleteFileError, InvalidFileError
from qltui.instruments.fits_cards import clean_text, parse_cards, parse_value
from qltui.instruments.fits_file import find_hdu, open_source, read_header, read_image, read_table, scan_hdus
from qltui.instruments.fits_scan import _MemorySource


@pytest.fixture
def exposure(tmp_path: Path) -> Path:
    return write_exposure(tmp_path, ("z9", "b0", "r4"))


def memory(data: bytes) -> _MemorySource:
    return _MemorySource("test.fits", len(data), data)


def test_index_is_that_of_astropy(exposure: Path) -> None:
    entries = scan_hdus(exposure)
    with fits.open(exposure, disable_image_compression=True) as hdus:
        assert [entry.name for entry in entries] == [hdu.name.replace("PRIMARY", "") for hdu in hdus]
        for entry, hdu in zip(entries, hdus, strict=True):
            where = hdu.fileinfo()
            assert (entry.offset_header, entry.offset_data) == (where["hdrLoc"], where["datLoc"])
            assert entry.data_size <= where["datSpan"] < entry.data_size + 2880
    assert [entry.kind for entry in entries] == ["IMAGE"] + 4 * ["COMPRESSED"]
    assert entries[1].cards["EXPTIME"] == 900.0
    assert all("EXPTIME" not in entry.cards for entry in entries if entry.index != 1)


def test_header_is_that_of_astropy(exposure: Path) -> None:
    entry = find_hdu(scan_hdus(exposure), "b0")
    assert entry is not None
    header = read_header(exposure, entry)
    with fits.open(exposure, disable_image_compression=True) as hdus:
        theirs = {key: value for key, value in hdus["B0"].header.items() if key not in ("", "COMMENT", "HISTORY")}
    assert header == theirs


@pytest.mark.parametrize("keep", [1, 100, 2879, 2880, 5000, 20000])
def test_a_file_cut_anywhere_is_incomplete(exposure: Path, keep: int) -> None:
    data = exposure.read_bytes()
    exposure.write_bytes(data[:-keep])
    with pytest.raises(IncompleteFileError, match=r"R4|HDU \d"):
        scan_hdus(exposure)


def test_a_file_that_grows_is_incomplete_until_it_is_whole(exposure: Path) -> None:
    """A file may end at the border of an HDU by chance; at any other length it is incomplete."""
    data = exposure.read_bytes()
    ends = {entry.offset_header for entry in scan_hdus(exposure)} | {len(data)}
    for size in range(0, len(data) + 1, 720):
        if size in ends - {0}:
            assert scan_hdus(memory(data[:size]))
        else:
            with pytest.raises(IncompleteFileError):
                scan_hdus(memory(data[:size]))


def test_space_reserved_but_not_yet_written_is_incomplete(exposure: Path) -> None:
    data = exposure.read_bytes()
    for entry in scan_hdus(exposure):
        zeros = data[: entry.offset_header].ljust(len(data), b"\0")
        with pytest.raises(IncompleteFileError):
            scan_hdus(memory(zeros))


@pytest.mark.parametrize("content", [b"not a fits file" * 500, b"\x89PNG" + bytes(5000), b"SIMPLE  = T".ljust(80)])
def test_other_files_are_refused(content: bytes) -> None:
    with pytest.raises((InvalidFileError, IncompleteFileError)):
        scan_hdus(memory(content))


def test_a_header_without_end_is_refused() -> None:
    endless = (b"SIMPLE  =                    T".ljust(80) + b"COMMENT endless".ljust(80) * 80_000)[:6_000_000]
    with pytest.raises(InvalidFileError, match="no END"):
        scan_hdus(memory(endless))


def forge(exposure: Path, name: str, **cards: Any) -> _MemorySource:
    """Return the file with some cards of one HDU changed in place."""
    data = bytearray(exposure.read_bytes())
    entry = find_hdu(scan_hdus(exposure), name)
    assert entry is not None
    for key, value in cards.items():
        at = data.index(key.ljust(8).encode() + b"=", entry.offset_header)
        assert at < entry.offset_data
        data[at : at + 80] = f"{key:8s}= {value!s:>20}".ljust(80).encode()
    return memory(bytes(data))


@pytest.mark.parametrize(
    "cards",
    [
        {"NAXIS1": 2**62}, {"NAXIS2": 2**46}, {"PCOUNT": 2**46}, {"NAXIS": 998}, {"NAXIS1": -8}, {"PCOUNT": "'many'"},
        {"GCOUNT": -1}, {"BITPIX": 7}, {"ZNAXIS1": -1}, {"ZBITPIX": 0}, {"ZNAXIS": 999}, {"NAXIS2": "T"},
    ],
)  # fmt: skip
def test_sizes_that_cannot_be_are_refused_before_anything_is_allocated(exposure: Path, cards: dict[str, Any]) -> None:
    with pytest.raises((InvalidFileError, IncompleteFileError), match=r"B0|HDU"):
        scan_hdus(forge(exposure, "B0", **cards))


@pytest.mark.parametrize(
    "cards",
    [
        {"ZNAXIS1": 2**40}, {"ZNAXIS2": 2**40}, {"ZNAXIS1": 10_000_000}, {"ZNAXIS1": 0}, {"ZNAXIS1": 2**24},
        {"ZNAXIS2": 20}, {"ZNAXIS1": 120}, {"TFORM1": "'9Z(3)'"}, {"TFIELDS": 5},
        {"ZVAL2": 4}, {"ZVAL1": 7}, {"ZCMPTYPE": "'NONSENSE'"}, {"BZERO": "'x'"},
    ],
)  # fmt: skip
def test_images_that_contradict_their_table_are_refused(exposure: Path, cards: dict[str, Any]) -> None:
    source = forge(exposure, "B0", **cards)
    entry = find_hdu(scan_hdus(source), "B0")
    assert entry is not None
    with pytest.raises(InvalidFileError, match="B0"):
        read_image(source, entry)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_damaged_byte_gives_an_error_of_ours_or_an_image(data: st.DataObject, tmp_path_factory: Any) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged" / "20200315" / "00001234" / "desi-00001234.fits.fz"
    if not path.exists():
        write_exposure(path.parents[2], ("b0",))
    content = bytearray(path.read_bytes())
    header_end = min(max(entry.offset_data for entry in scan_hdus(path)) + 4000, len(content) - 1)
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, header_end))] = data.draw(st.integers(0, 255))
    source = memory(bytes(content))
    try:
        entries = scan_hdus(source)
        for entry in entries:
            read_header(source, entry)
            if entry.name == "B0":
                assert read_image(source, entry).size
    except (IncompleteFileError, InvalidFileError) as error:
        message = str(error)
        assert message.isprintable()
        assert len(message) < 500


def test_a_file_that_shrinks_after_the_index_was_made(exposure: Path) -> None:
    entry = find_hdu(scan_hdus(exposure), "R4")
    assert entry is not None
    exposure.write_bytes(exposure.read_bytes()[: entry.offset_data + 10])
    with pytest.raises(IncompleteFileError, match="R4"):
        read_image(exposure, entry)
    exposure.unlink()
    with pytest.raises(IncompleteFileError, match="cannot read"):
        read_image(exposure, entry)


@pytest.mark.parametrize("kind", ["u1", "i2", "u2", "i4", "u4", "i8", "f4", "f8"])
def test_plain_images_of_every_type(tmp_path: Path, kind: str) -> None:
    pixels = np.random.default_rng(1).integers(0, 120, (7, 11)).astype(kind)
    fits.HDUList([fits.PrimaryHDU(pixels), fits.ImageHDU(pixels[:3], name="X")]).writeto(tmp_path / "a.fits")
    for entry in scan_hdus(tmp_path / "a.fits"):
        got = read_image(tmp_path / "a.fits", entry)
        assert np.array_equal(got, pixels[: entry.shape[0]])
        assert got.dtype.isnative
        assert kind != "u2" or got.dtype == np.uint16


def test_a_scale_that_no_number_can_have_is_refused(tmp_path: Path) -> None:
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(np.arange(77, dtype="i2").reshape(7, 11))]).writeto(
        tmp_path / "a.fits"
    )
    for value in ("1E300", "-2E31", "NaN"):
        raw = (tmp_path / "a.fits").read_bytes()
        place = raw.index(b"GCOUNT  ")
        (tmp_path / "b.fits").write_bytes(raw[:place] + f"BSCALE  = {value:>20}".encode().ljust(80) + raw[place + 80 :])
        with pytest.raises(InvalidFileError, match="BSCALE"):
            read_image(tmp_path / "b.fits", scan_hdus(tmp_path / "b.fits")[1])


@pytest.mark.parametrize(("cards", "whole"), [({"GCOUNT": 0}, False), ({"PCOUNT": 5}, True), ({"GCOUNT": 2}, True)])
def test_an_image_takes_what_its_axes_need_of_the_data_that_are_declared(
    tmp_path: Path, cards: dict[str, int], whole: bool
) -> None:
    path = tmp_path / "a.fits"
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(np.arange(77, dtype="f4").reshape(7, 11), name="X")]).writeto(path)
    raw = path.read_bytes()
    for name, value in cards.items():
        place = raw.index(name.encode().ljust(8))
        raw = raw[:place] + f"{name:<8}= {value:>20}".encode().ljust(80) + raw[place + 80 :]
    path.write_bytes(raw if whole else raw[:-2880])
    entry = scan_hdus(path)[1]
    if whole:
        assert read_image(path, entry).sum() == np.arange(77).sum()
    else:
        with pytest.raises(InvalidFileError, match="its image needs 308"):
            read_image(path, entry)


@pytest.mark.parametrize(
    "options",
    [
        {"compression_type": "GZIP_1"}, {"compression_type": "GZIP_2"}, {"compression_type": "HCOMPRESS_1",
        "tile_shape": (10, 122)}, {"compression_type": "PLIO_1"}, {"tile_shape": (4, 61)}, {"tile_shape": (40, 122)},
    ],
)  # fmt: skip
def test_other_compressions_go_through_astropy(tmp_path: Path, options: dict[str, Any]) -> None:
    pixels = image(3)[:, :122].astype(np.int16)
    fits.HDUList([fits.PrimaryHDU(), compressed(pixels, "B0", **options)]).writeto(tmp_path / "a.fits")
    got = read_image(tmp_path / "a.fits", scan_hdus(tmp_path / "a.fits")[1])
    assert np.array_equal(got, pixels)


def test_compressed_floats_come_back_within_the_quantisation(tmp_path: Path) -> None:
    pixels = np.random.default_rng(5).normal(100, 5, (30, 50)).astype(np.float32)
    fits.HDUList([fits.PrimaryHDU(), compressed(pixels, "BIAS")]).writeto(tmp_path / "a.fits")
    got = read_image(tmp_path / "a.fits", scan_hdus(tmp_path / "a.fits")[1])
    assert np.abs(got - pixels).max() < 5.0


def test_damaged_gzip_tiles_are_the_files_fault(tmp_path: Path) -> None:
    pixels = image(3).astype(np.int16)
    path = tmp_path / "a.fits"
    fits.HDUList([fits.PrimaryHDU(), compressed(pixels, "B0", compression_type="GZIP_1")]).writeto(path)
    entry = scan_hdus(path)[1]
    data = bytearray(path.read_bytes())
    data[entry.offset_data + 400 :] = bytes(len(data) - entry.offset_data - 400)
    with pytest.raises(InvalidFileError, match="cannot be decompressed"):
        read_image(memory(bytes(data)), entry)


def test_calibration_files_compressed_by_gzip(tmp_path: Path, exposure: Path) -> None:
    packed = tmp_path / "a.fits.gz"
    packed.write_bytes(gzip.compress(exposure.read_bytes()))
    assert [entry.name for entry in scan_hdus(packed)] == ["", "SPEC", "Z9", "B0", "R4"]
    packed.write_bytes(packed.read_bytes()[:-2000])
    with pytest.raises(IncompleteFileError, match="gzip"):
        scan_hdus(packed)
    packed.write_bytes(b"\x1f\x8b" + b"rubbish" * 100)
    with pytest.raises(InvalidFileError):
        open_source(packed)


def test_tables_agree_with_astropy(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    columns = [
        fits.Column("FIBER", "J", array=np.arange(6)),
        fits.Column("NAME", "5A", array=["a", "bcd", "", "efghi", "x y", "z"]),
        fits.Column("GOOD", "L", array=[True, False] * 3),
        fits.Column("ID", "K", array=np.arange(6) * 10**17),
        fits.Column("FLUX", "3E", array=rng.normal(size=(6, 3))),
        fits.Column("UINT", "J", bzero=2**31, array=np.arange(6, dtype=np.uint32) + 2**31),
        fits.Column("BITS", "12X", array=np.ones((6, 12), bool)),
        fits.Column("LIST", "PE()", array=np.array([rng.normal(size=k) for k in range(6)], dtype=object)),
        fits.Column("RA", "D", array=rng.normal(size=6)),
    ]
    fits.BinTableHDU.from_columns(columns, name="T").writeto(tmp_path / "t.fits")
    entry = find_hdu(scan_hdus(tmp_path / "t.fits"), "T")
    assert entry is not None
    table = read_table(tmp_path / "t.fits", entry)
    theirs = fits.getdata(tmp_path / "t.fits", "T")
    for name in ("FIBER", "GOOD", "ID", "FLUX", "UINT", "RA"):
        assert np.array_equal(table[name], theirs[name]), name
    assert [value.decode() for value in table["NAME"]] == theirs["NAME"].tolist()
    assert set(read_table(tmp_path / "t.fits", entry, {"RA", "NOWHERE"})) == {"RA"}
    with pytest.raises(InvalidFileError, match="6 rows"):
        read_table(tmp_path / "t.fits", entry, max_rows=5)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("                 1.5 / ok", 1.5), ("'it''s '  / x", "it's"), (" T", True), ("F", False), (" 12 /", 12),
        ("1.2D3", 1200.0), ("  / nothing", None), ("None", "None"), ("'open", "open"), ("-.5E-2", -0.005),
        ("1e99999", "1e99999"), ("9" * 30, 1e30), ("1_000", "1_000"),
    ],
)  # fmt: skip
def test_values_of_cards(field: str, value: object) -> None:
    got = parse_value(field)
    assert got == value
    assert type(got) is type(value)


def test_nan_is_a_number_that_is_not_finite() -> None:
    assert np.isnan(parse_value(" NaN / from a program that should not"))  # type: ignore[arg-type]


def test_text_is_stripped_of_what_could_drive_a_terminal() -> None:
    card = b"OBJECT  = 'a\x1b[31mb\x07c\xff\x9b2Jd'".ljust(80)
    assert parse_cards(card) == {"OBJECT": "a [31mb c  2Jd"}
    assert clean_text("x\n\u202ey" + "z" * 5000, 10) == "x  yzzzzzz"


def test_long_strings_go_on_and_are_bounded() -> None:
    cards = b"LONG    = 'one &'".ljust(80) + b"CONTINUE  'two &'".ljust(80) + b"CONTINUE  'three' / c".ljust(80)
    assert parse_cards(cards + b"LONG    = 'again'".ljust(80)) == {"LONG": "one two three"}
    endless = b"LONG    = 'a&'".ljust(80) + (b"CONTINUE  '" + b"x" * 60 + b"&'").ljust(80) * 500
    assert len(str(parse_cards(endless)["LONG"])) <= 1000


@given(st.binary(max_size=400))
def test_no_header_makes_the_parser_raise(raw: bytes) -> None:
    for key, value in parse_cards(raw).items():
        assert key.isascii()
        assert not isinstance(value, str) or value.isprintable()


@pytest.mark.parametrize("shape", [(1100, 1000), (11, 10)])
def test_scaled_whole_numbers_are_what_astropy_reads(tmp_path, shape):
    stored = np.random.default_rng(3).integers(-32768, 32768, shape).astype(np.int16)
    hdu = fits.ImageHDU(stored, name="MASTER")
    hdu.header["BSCALE"], hdu.header["BZERO"] = 0.005, 2.5
    path = tmp_path / "master.fits"
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path)
    got = read_image(path, find_hdu(scan_hdus(path), "MASTER"))
    assert (got.dtype, got.shape) == (np.float32, shape)
    np.testing.assert_allclose(got, stored * 0.005 + 2.5, rtol=1e-6, atol=1e-5)
