"""Headers of DECam with their traps, names of files, and sections of amplifiers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from qltui.instruments.card_reader import CardReader
from qltui.instruments.decam.files import AMPLIFIER_CARDS, find_ccd, inspect, list_nights, read_ccd, scan
from qltui.instruments.decam.headers import angle_of, archive_moment, band_of, obstype_of, reader_of
from qltui.instruments.decam.wcs import read_wcs
from qltui.instruments.errors import IncompleteFileError, InvalidFileError
from qltui.instruments.sections import read_amplifiers
from qltui.model import Section

SOUTH = {
    "DATASECA": "[1081:2104,51:4146]", "BIASSECA": "[2105:2154,51:4146]", "CCDSECA": "[1025:2048,1:4096]",
    "DATASECB": "[57:1080,51:4146]", "BIASSECB": "[7:56,51:4146]", "CCDSECB": "[1:1024,1:4096]",
    "GAINA": 4.1, "GAINB": 3.9, "RDNOISEA": 6.1, "RDNOISEB": 6.4, "SATURATA": 40000.0, "SATURATB": 41000.0,
}  # fmt: skip
NORTH = {
    "DATASECA": "[57:1080,1:4096]", "BIASSECA": "[7:56,1:4096]", "CCDSECA": "[1:1024,1:4096]",
    "DATASECB": "[1081:2104,1:4096]", "BIASSECB": "[2105:2154,1:4096]", "CCDSECB": "[1025:2048,1:4096]",
    "GAINA": 4.1, "GAINB": 3.9, "RDNOISEA": 6.1, "RDNOISEB": 6.4, "SATURATA": 40000.0, "SATURATB": 41000.0,
}  # fmt: skip
FULL = (4146, 2160)


def reader(**cards: Any) -> CardReader:
    return reader_of({key.replace("_", "-"): value for key, value in cards.items()}, [])


@pytest.mark.parametrize(
    ("word", "obstype"),
    [("object", "SCIENCE"), ("standard", "STANDARD"), ("dome flat", "FLAT"), ("sky flat", "TWILIGHT"), ("zero", "ZERO"),
     ("dark", "DARK"), ("Dome  Flat", "FLAT"), ("pupil ghost", "PUPIL_GHOST"), ("", "OTHER"), ("<b>", "OTHER")],
)  # fmt: skip
def test_types_of_exposures(word: str, obstype: str) -> None:
    assert obstype_of(reader(OBSTYPE=word)) == obstype


def test_the_band_is_the_first_word_of_filter() -> None:
    assert band_of(reader(FILTER="z DECam SDSS c0004 9260.0 1520.0"), "SCIENCE") == "z"
    assert band_of(reader(FILTER="Y DECam c0005 10095.0 1130.0"), "FLAT") == "Y"
    assert band_of(reader(FILTER="r DECam SDSS"), "ZERO") == ""
    odd = reader(FILTER="N964 DECam c0008 9645.0 94.0")
    assert band_of(odd, "SCIENCE") == "N964"
    assert "N964 has no zero point" in odd.problems[0]
    absent = reader()
    assert band_of(absent, "SCIENCE") == ""
    assert absent.problems == ["no card FILTER: limits that differ by filter cannot hold"]


def test_numbers_that_stand_for_nothing_are_nothing() -> None:
    cards = reader(DIMMSEE="NaN", G_SEEING=-999, HUMIDITY="-999.0", AIRMASS=1.25, WINDSPD="NaN ", PRESSURE="much")
    assert cards.number("DIMMSEE", "G-SEEING", low=0.05, high=30.0) is None
    assert cards.number("HUMIDITY") is None
    assert cards.number("AIRMASS") == 1.25
    assert cards.problems == []
    assert cards.scalars(("DIMMSEE", "G-SEEING", "WINDSPD", "AIRMASS")) == {"AIRMASS": 1.25}
    assert cards.number("PRESSURE") is None
    assert cards.problems == ["PRESSURE is 'much' and not used"]


@pytest.mark.parametrize(
    ("value", "hours", "angle"),
    [("21:40:21.347", True, 325.0889458), ("-50:44:53.274", False, -50.7481317), ("-00:30:00", False, -0.5),
     ("12.5", True, 12.5), (12.5, True, 12.5), ("25:00:00", True, None), ("10:61:00", True, None), ("NaN", True, None),
     ("91:00:00", False, None), ("ab:cd:ef", True, None)],
)  # fmt: skip
def test_angles_are_sexagesimal_or_degrees(value: object, hours: bool, angle: float | None) -> None:
    found = angle_of(reader(RA=value), ("RA",), hours=hours)
    assert found == (None if angle is None else pytest.approx(angle, abs=1e-6))


def test_names_of_the_archive_tell_a_moment() -> None:
    moment = archive_moment("c4d_130901_051234_ori.fits.fz")
    assert moment is not None
    assert moment.isoformat() == "2013-09-01T05:12:34+00:00"
    assert archive_moment("c4d_131301_051234_ori.fits.fz") is None
    assert archive_moment("DECam_00229388.fits.fz") is None


def test_amplifiers_lie_differently_on_either_side() -> None:
    (a, b), notes = read_amplifiers(SOUTH, FULL, AMPLIFIER_CARDS)
    assert (a.data, a.bias, a.ccd) == (
        Section(50, 4146, 1080, 2104), Section(50, 4146, 2104, 2154), Section(0, 4096, 1024, 2048),
    )  # fmt: skip
    assert (b.name, b.ccd.x0, b.gain, b.read_noise, b.saturation) == ("B", 0, 3.9, 6.4, 41000.0)
    (a, b), _ = read_amplifiers(NORTH, FULL, AMPLIFIER_CARDS)
    assert (a.data, a.bias, a.ccd.x0) == (Section(0, 4096, 56, 1080), Section(0, 4096, 6, 56), 0)
    assert notes == ()


def test_places_follow_from_the_data_where_no_card_tells_them() -> None:
    cards = {key: value for key, value in SOUTH.items() if not key.startswith("CCDSEC")}
    (a, b), notes = read_amplifiers(cards, FULL, AMPLIFIER_CARDS)
    assert (a.ccd, b.ccd) == (Section(0, 4096, 1024, 2048), Section(0, 4096, 0, 1024))
    assert notes[0] == "no card CCDSECA: amplifier A lies on the CCD as it does in the file"


@pytest.mark.parametrize(
    ("change", "words"),
    [({"DATASECA": "[1081:2304,51:4146]"}, "DATASECA .* leaves the image"),
     ({"DATASECA": "[57:1080,51:4146]"}, "overlap"),
     ({"BIASSECB": None}, "amplifier A: two are possible"),
     ({"BIASSECA": None, "BIASSECB": None}, "no amplifier"),
     ({"CCDSECB": "[1:1000,1:4096]"}, "DATASECB has 1024 x 4096 pixels, CCDSECB 1000 x 4096"),
     ({"DATASECB": "[57:1080"}, "DATASECB is .* not of the form"),
     ({"DATASECA": None}, "DATASECA is")],
)  # fmt: skip
def test_sections_that_make_no_sense_are_refused_by_name(change: dict[str, Any], words: str) -> None:
    cards = {key: value for key, value in {**SOUTH, **change}.items() if value is not None}
    with pytest.raises(InvalidFileError, match=words):
        read_amplifiers(cards, FULL, AMPLIFIER_CARDS)


def write_raw(path, primary: dict[str, Any], ccds: dict[str, dict[str, Any]]) -> None:
    """Write a small raw file: each CCD has two amplifiers of 4 x 4 pixels."""
    small = {
        "DATASECA": "[13:16,1:8]", "BIASSECA": "[17:20,1:8]", "CCDSECA": "[5:8,1:8]", "DATASECB": "[9:12,1:8]",
        "BIASSECB": "[5:8,1:8]", "CCDSECB": "[1:4,1:8]", "GAINA": 4.0, "GAINB": 4.0, "SATURATA": 5e4, "SATURATB": 5e4,
    }  # fmt: skip
    head = fits.PrimaryHDU()
    head.header.update(primary)
    hdus = [head]
    for name, cards in ccds.items():
        data = np.full((8, 24), 1000 + len(hdus), dtype=np.uint16)
        hdu = fits.CompImageHDU(data, name=name, compression_type="RICE_1")
        hdu.header.update({**small, **cards})
        hdus.append(hdu)
    fits.HDUList(hdus).writeto(path, overwrite=True)


PRIMARY = {
    "EXPNUM": 229388, "OBSTYPE": "object", "FILTER": "r DECam SDSS c0002 6415.0 1480.0", "EXPTIME": 90.0,
    "RA": "05:00:00", "DEC": "-30:00:00", "DATE-OBS": "2013-09-01T05:12:34.5", "MJD-OBS": 56536.217, "DIMMSEE": "NaN",
    "G-SEEING": 1.1,
}  # fmt: skip


def test_ccds_are_found_by_name_or_number_never_by_place(tmp_path) -> None:
    path = tmp_path / "DECam_00229388.fits.fz"
    write_raw(path, PRIMARY, {"FN1": {"CCDNUM": 66}, "N4": {}, "AMP7": {"CCDNUM": 28}, "S29": {}, "ODD": {}})
    exposure = inspect(path)
    assert exposure.cameras == ("S4", "S29", "N4")
    assert (exposure.night, exposure.expid, exposure.program, exposure.seeing) == (20130831, 229388, "r", 1.1)
    assert (exposure.ra, exposure.dec, exposure.airmass) == (75.0, -30.0, None)
    assert int(read_ccd(path, "N4").raw[0, 0]) == 1002
    assert int(read_ccd(path, "S4").raw[0, 0]) == 1003
    with pytest.raises(InvalidFileError, match=r"S1 is not in DECam_00229388\.fits\.fz"):
        find_ccd(path, "S1")
    write_raw(path, PRIMARY, {"S4": {"DATASECA": "[13:99,1:8]"}})
    with pytest.raises(InvalidFileError, match="S4: DATASECA"):
        read_ccd(path, "S4")


def test_a_name_that_contradicts_the_header_is_told(tmp_path) -> None:
    path = tmp_path / "DECam_00000007.fits.fz"
    write_raw(path, PRIMARY, {"S4": {}, "s4": {}})
    problems = inspect(path).problems
    assert "the header says exposure 229388, the name of the file 7" in problems
    assert "S4 occurs twice; the first is used" in problems


def test_a_cut_file_is_incomplete(tmp_path) -> None:
    path = tmp_path / "DECam_00229388.fits.fz"
    write_raw(path, PRIMARY, {"S4": {}})
    path.write_bytes(path.read_bytes()[:-4000])
    with pytest.raises(IncompleteFileError):
        inspect(path)
    with pytest.raises(IncompleteFileError, match="cannot read"):
        inspect(tmp_path / "none.fits")


def test_nights_in_directories_and_in_one_flat_directory(tmp_path) -> None:
    night = tmp_path / "20130831"
    night.mkdir()
    write_raw(night / "DECam_00229388.fits.fz", PRIMARY, {"S4": {}})
    flat = {
        "c4d_130901_051434_ori.fits.fz": {"EXPNUM": 229389},
        "DECam_00229400.fits.fz": {"DATE-OBS": "2013-09-02T03:00:00"},
    }
    for name, cards in flat.items():
        write_raw(tmp_path / name, {**PRIMARY, **cards}, {"S4": {}})
    (tmp_path / ".DECam_00229401.fits.fz.Xy12").write_bytes(b"x")
    (tmp_path / "c4d_130901_060000_ori.fits.fz").write_bytes(b"")
    assert list_nights(tmp_path) == [20130831, 20130901]
    found = scan(tmp_path, [20130831])
    # A file of which nothing has come yet is there, too: under the seconds since 2012 that its name tells.
    assert [candidate.expid for candidate in found] == [229388, 229389, 52639200]
    assert [candidate.expid for candidate in scan(tmp_path, [20130901])] == [229400]
    assert scan(tmp_path, [20130902]) == []
    assert inspect(tmp_path / "c4d_130901_051434_ori.fits.fz").night == 20130831


def test_without_a_date_the_name_of_the_file_tells_the_night(tmp_path) -> None:
    cards = {key: value for key, value in PRIMARY.items() if key not in ("DATE-OBS", "MJD-OBS", "EXPNUM")}
    path = tmp_path / "c4d_130901_051434_ori.fits.fz"
    write_raw(path, cards, {"S4": {}})
    exposure = inspect(path)
    assert (exposure.night, exposure.expid) == (20130831, 52636474)
    assert "no card EXPNUM" in exposure.problems
    nameless = tmp_path / "DECam_00229388.fits.fz"
    write_raw(nameless, cards, {"S4": {}})
    with pytest.raises(InvalidFileError, match="which night"):
        inspect(nameless)


TPV: dict[str, Any] = {
    "CTYPE1": "RA---TPV", "CTYPE2": "DEC--TPV", "CUNIT1": "deg", "CUNIT2": "deg", "CRVAL1": 325.1, "CRVAL2": -50.7,
    "CRPIX1": 2151.0, "CRPIX2": 2048.5, "CD1_1": -1.8e-7, "CD1_2": 7.285e-5, "CD2_1": -7.285e-5, "CD2_2": -1.8e-7,
    "PV1_0": 1e-4, "PV1_1": 1.0055, "PV1_2": 1e-3, "PV1_3": 0.0, "PV1_4": 2e-3, "PV1_5": -1e-3, "PV1_6": 1e-3,
    "PV1_7": -1e-3, "PV1_8": 1e-3, "PV1_9": -1.15e-3, "PV1_10": 5e-4, "PV2_0": -2e-4, "PV2_1": 1.0055,
    "PV2_7": -1.15e-3, "PV2_9": -1e-3,
}  # fmt: skip


def test_the_projection_agrees_with_astropy() -> None:
    wcs, reason = read_wcs(TPV)
    assert wcs is not None
    assert reason == ""
    x, y = np.meshgrid(np.linspace(0, 2047, 7), np.linspace(0, 4095, 9))
    theirs = WCS(fits.Header(TPV)).all_pix2world(x.ravel(), y.ravel(), 0)
    for mine, other in zip(wcs.to_sky(x.ravel(), y.ravel()), theirs, strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-9)
    # With this matrix declination falls along x, and right ascension grows along y.
    assert wcs.position_angle(0.0) == pytest.approx(0.0, abs=0.2) or wcs.position_angle(0.0) == pytest.approx(
        180, abs=0.2
    )
    assert wcs.position_angle(90.0) == pytest.approx(90.0, abs=0.2)


@pytest.mark.parametrize(
    "change",
    [{"CRVAL1": "NaN"}, {"CD1_2": float("nan")}, {"CD1_2": 0.0, "CD2_1": 0.0, "CD1_1": 0.0, "CD2_2": 0.0},
     {"CTYPE1": "GLON-CAR"}, {"CRPIX1": 1e9}, {"CRVAL2": True}],
)  # fmt: skip
def test_a_projection_that_makes_no_sense_is_none(change: dict[str, Any]) -> None:
    wcs, reason = read_wcs({**TPV, **change})
    assert wcs is None
    assert reason
