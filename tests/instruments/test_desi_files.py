"""Raw DESI exposures: found by name, understood from odd headers, one camera read with its amplifiers."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from desi_raw_writer import NX, NY, camera_cards, compressed, fibermap_hdu, image, sections, write_exposure

from qltui.instruments.card_reader import CardReader, date_of, night_of
from qltui.instruments.desi.calibration import CameraCalibration
from qltui.instruments.desi.exposure_header import UTC_OFFSET, obstype_of
from qltui.instruments.desi.files import inspect, list_nights, read_camera, read_camera_header, scan
from qltui.instruments.desi.layout import AMPLIFIER_CARDS, CAMERAS, spectrograph_of
from qltui.instruments.errors import IncompleteFileError, InvalidFileError
from qltui.instruments.sections import parse_section, read_amplifiers
from qltui.model import Section


def test_thirty_cameras() -> None:
    assert [camera.name for camera in CAMERAS[::10]] == ["b0", "r0", "z0"]
    assert len({camera.name for camera in CAMERAS}) == 30
    assert spectrograph_of("z7") == 7
    with pytest.raises(ValueError, match="b0 to z9"):
        spectrograph_of("x1")


def test_exposures_are_found_by_name(tmp_path: Path) -> None:
    first = write_exposure(tmp_path, ("b0",), expid=7)
    second = write_exposure(tmp_path, ("b0",), expid=12)
    other = write_exposure(tmp_path, ("b0",), expid=3, night="20200316")
    (second.parent / "checksum-00000012.sha256sum").write_text("x")
    for name in (
        ".desi-00000013.fits.fz.Ab12Cd",
        "desi-00000013.fits.fz.tmp",
        "desi-13.fits.fz",
        "sky-00000012.fits.fz",
    ):
        (first.parent / name).write_bytes(b"")
    (first.parent / "desi-00000007.fits").write_bytes(b"")  # unpacked beside the original
    old = tmp_path / "20200315" / "desi-00000002.fits.fz"  # the layout until 2018
    old.write_bytes(b"x")
    (tmp_path / "20200315" / "00000099").mkdir()
    (tmp_path / "lost+found").mkdir()
    (tmp_path / "20200317").write_text("no directory")
    found = scan(tmp_path, [20200315, 20200316, 20200317, 20200318])
    assert [(item.night, item.expid) for item in found] == [(20200315, 2), (20200315, 7), (20200315, 12), (20200316, 3)]
    assert [item.ready_hint for item in found] == [False, False, True, False]
    assert found[1].path == str(first)
    assert (found[3].size, found[3].mtime_ns) == (other.stat().st_size, other.stat().st_mtime_ns)
    os.utime(second.parent / "checksum-00000012.sha256sum", ns=(0, second.stat().st_mtime_ns - 1))
    assert not scan(tmp_path, [20200315])[2].ready_hint
    assert scan(tmp_path, [20200316]) == found[3:]
    assert list_nights(tmp_path) == [20200315, 20200316, 20200317]
    assert scan(tmp_path / "nowhere", [20200315]) == []


def test_targets_that_come_late_make_the_exposure_new(tmp_path: Path) -> None:
    raw = write_exposure(tmp_path, ("b0",), expid=7)
    written = raw.stat().st_mtime_ns
    targets = raw.with_name("fibermap-00000007.fits")
    targets.write_bytes(b"x")
    os.utime(targets, ns=(0, written - 5))
    assert scan(tmp_path, [20200315])[0].mtime_ns == written
    os.utime(targets, ns=(0, written + 5))
    assert scan(tmp_path, [20200315])[0].mtime_ns == written + 5


def test_a_file_that_vanishes_while_looking(tmp_path: Path) -> None:
    path = write_exposure(tmp_path, ("b0",))
    link = path.with_name("desi-00001235.fits.fz")
    link.symlink_to("nowhere.fits")
    assert [item.expid for item in scan(tmp_path, [20200315])] == [1234]
    path.unlink()
    with pytest.raises(IncompleteFileError, match="cannot read"):
        inspect(path)


def test_first_look(tmp_path: Path) -> None:
    path = write_exposure(tmp_path, ("z9", "b0", "r4"), extra=(fibermap_hdu(),))
    exposure = inspect(path)
    assert (exposure.instrument, exposure.night, exposure.expid) == ("desi", 20200315, 1234)
    assert (exposure.obstype, exposure.program, exposure.tile, exposure.object) == ("SCIENCE", "DARK", 80605, "sky")
    assert exposure.cameras == ("b0", "r4", "z9")
    assert (exposure.exptime, exposure.mjd, exposure.airmass, exposure.seeing) == (900.0, 58924.2, 1.2, 1.1)
    assert (exposure.ra, exposure.dec) == (150.0, 2.2)
    assert exposure.date_obs == "2020-03-16T04:48:00.123"
    assert exposure.problems == ()
    assert exposure.auxiliary == {"fibermap": str(path)}
    assert (exposure.size, exposure.mtime_ns) == (path.stat().st_size, path.stat().st_mtime_ns)
    beside = path.with_name("fibermap-00001234.fits")
    beside.write_bytes(b"x")
    assert inspect(path).auxiliary["fibermap"] == str(beside)


def test_the_header_of_the_exposure_is_the_first_with_exptime(tmp_path: Path) -> None:
    path = tmp_path / "desi-00000001.fits"
    primary = fits.PrimaryHDU()
    primary.header["OBSTYPE"] = "WRONG"
    camera = compressed(image(), "B0", camera_cards(EXPTIME=5.0, OBSTYPE="ARC", NIGHT=20200315))
    late = compressed(np.arange(10, dtype=np.int16), "SPEC", {"EXPTIME": 900.0, "OBSTYPE": "FLAT"})
    fits.HDUList([primary, camera, late]).writeto(path)
    assert (inspect(path).obstype, inspect(path).exptime) == ("ARC", 5.0)


@pytest.mark.parametrize(
    ("cards", "night"),
    [
        ({"NIGHT": 20200315}, 20200315),
        ({"NIGHT": "20200315"}, 20200315),
        ({"NIGHT": "2020-03-15"}, 20200315),
        ({"NIGHT": " ", "DATE-OBS": "2020-03-16T18:59:59"}, 20200315),
        ({"NIGHT": "None", "DATE-OBS": "2020-03-16T19:00:00"}, 20200316),
        ({"DATE-OBS": "2020-03-16T12:00:00-07:00"}, 20200316),
        ({"NIGHT": 0, "MJD-OBS": 58924.2}, 20200315),
        ({"NIGHT": 20201340, "DATE-OBS": "yesterday", "MJD-OBS": "58924.8"}, 20200316),
        # The last second of 2016 was number 60; noon of the site is at 19:00 UTC.
        ({"DATE-OBS": "2016-12-31T23:59:60.5"}, 20161231),
        ({"DATE-OBS": "2016-12-31T18:59:60"}, 20161231),
        ({"DATE-OBS": "2016-12-31T18:59:59"}, 20161230),
        ({"DATE-OBS": "9999-12-31T23:59:60"}, None),
        ({"NIGHT": True, "MJD-OBS": float("nan")}, None),
        ({"DATE-OBS": "9999-12-31T23:59:59"}, None),
        ({"DATE-OBS": "0001-01-01T00:00:00"}, None),
        ({"MJD-OBS": 1e12}, None),
        ({}, None),
    ],
)
def test_the_night_is_the_local_date_of_the_noon_before(cards: dict[str, Any], night: int | None) -> None:
    assert night_of(CardReader(cards), UTC_OFFSET) == night


def test_the_directory_of_the_night_counts() -> None:
    reader = CardReader({"NIGHT": 19990101})
    assert night_of(reader, UTC_OFFSET, "20200315") == 20200315
    assert any("19990101" in problem and "20200315" in problem for problem in reader.problems)
    assert night_of(CardReader({}), UTC_OFFSET, "20200315") == 20200315
    assert night_of(CardReader({"NIGHT": 20200316}), UTC_OFFSET, "somewhere") == 20200316


@pytest.mark.parametrize(
    ("cards", "obstype", "problems"),
    [
        ({"OBSTYPE": "SCIENCE", "FLAVOR": "science"}, "SCIENCE", 0),
        ({"OBSTYPE": "ARC", "FLAVOR": "science"}, "ARC", 0),
        ({"OBSTYPE": "zero"}, "ZERO", 0),
        ({"OBSTYPE": "TWILIGHT"}, "TWILIGHT", 0),
        ({"OBSTYPE": "FVC"}, "FVC", 0),
        ({"FLAVOR": "bias"}, "ZERO", 1),
        ({"FLAVOR": "arcs"}, "ARC", 1),
        ({"OBSTYPE": "None", "FLAVOR": "flat"}, "FLAT", 1),
        ({"OBSTYPE": "../../etc", "FLAVOR": "dark"}, "DARK", 2),
        ({"FLAVOR": "something"}, "OTHER", 1),
        ({"OBSTYPE": 7}, "OTHER", 1),
        ({}, "OTHER", 1),
    ],
)
def test_obstype_decides_and_flavor_helps_out(cards: dict[str, Any], obstype: str, problems: int) -> None:
    reader = CardReader(cards)
    assert obstype_of(reader) == obstype
    assert len(reader.problems) == problems


def test_values_that_cannot_be_are_none_and_named(tmp_path: Path) -> None:
    path = write_exposure(
        tmp_path, ("b0",), extra=(fibermap_hdu(),),
        SEEING="None", AIRMASS="bad", EXPTIME=-3.0, TILEID=-1, TARGTRA=1e9, TARGTDEC=True, OBJECT="x" * 60,
        **{"MJD-OBS": "soon", "DATE-OBS": "never"},
    )  # fmt: skip
    exposure = inspect(path)
    assert exposure.seeing is exposure.airmass is exposure.exptime is exposure.tile is exposure.mjd is None
    assert exposure.ra is exposure.dec is None
    assert exposure.date_obs == ""
    named = {problem.split()[0] for problem in exposure.problems}
    assert named == {"AIRMASS", "EXPTIME", "TARGTRA", "TARGTDEC", "MJD-OBS", "DATE-OBS"}


def test_missing_cards_and_cameras_are_said(tmp_path: Path) -> None:
    path = write_exposure(tmp_path, (), EXPTIME=None, EXPID=4321)
    exposure = inspect(path)
    assert (exposure.expid, exposure.cameras, exposure.exptime) == (1234, (), None)
    text = " ".join(exposure.problems)
    assert "EXPTIME" in text
    assert "no camera" in text


def test_number_of_the_exposure(tmp_path: Path) -> None:
    path = write_exposure(tmp_path, ("b0",), expid=77, EXPID=88)
    assert inspect(path).expid == 77
    assert any("88" in problem and "77" in problem for problem in inspect(path).problems)
    renamed = path.rename(path.with_name("copy.fits"))
    assert inspect(renamed).expid == 88
    bare = write_exposure(tmp_path, ("b0",), expid=78, EXPID=None)
    with pytest.raises(InvalidFileError, match="number"):
        inspect(bare.rename(bare.with_name("copy.fits")))


def test_no_night_at_all(tmp_path: Path) -> None:
    path = write_exposure(tmp_path, ("b0",), night="x", NIGHT=None, **{"DATE-OBS": None, "MJD-OBS": None})
    with pytest.raises(InvalidFileError, match="night"):
        inspect(path)


def test_repeated_and_empty_cameras(tmp_path: Path) -> None:
    again = compressed(image(9), "B0", camera_cards("b0"))
    path = write_exposure(tmp_path, ("b0",), extra=(again, fits.ImageHDU(name="R1"), fits.ImageHDU(name="Q1")))
    exposure = inspect(path)
    assert exposure.cameras == ("b0",)
    assert {problem.split()[0] for problem in exposure.problems} == {"B0", "R1", "fibermap"}
    assert np.array_equal(read_camera(exposure, "b0").raw, image(0))


def test_a_truncated_exposure_names_the_camera(tmp_path: Path) -> None:
    path = write_exposure(tmp_path, ("b0", "z3"))
    os.truncate(path, path.stat().st_size - 3000)
    with pytest.raises(IncompleteFileError, match="Z3"):
        inspect(path)


def test_one_camera(tmp_path: Path) -> None:
    exposure = inspect(write_exposure(tmp_path, ("b0", "r0")))
    camera = read_camera(exposure, "r0")
    assert camera.raw.dtype == np.uint16
    assert np.array_equal(camera.raw, image(1))
    assert camera.shape == (NY, NX)
    assert camera.notes == ()
    assert [amplifier.name for amplifier in camera.amplifiers] == list("ABCD")
    d = camera.amplifiers[3]
    assert (d.data, d.bias) == (Section(20, 40, 66, 96), Section(20, 40, 50, 66))
    assert d.ccd == Section(20, 40, 30, 60)
    assert (d.gain, d.read_noise, d.saturation, d.gain_from, d.saturation_from) == (1.5, 3.0, 6e4, "header", "header")
    assert camera.header["CAMERA"] == "r0"
    assert (camera.header["NAXIS2"], camera.header["NAXIS1"]) == camera.raw.shape
    with pytest.raises(InvalidFileError, match="z9 is not in"):
        read_camera(exposure, "z9")


def test_only_the_bytes_of_ones_own_camera_are_read(tmp_path: Path) -> None:
    exposure = inspect(write_exposure(tmp_path, ("b0", "r0", "z0")))
    data = bytearray(Path(exposure.path).read_bytes())
    with fits.open(exposure.path, disable_image_compression=True) as hdus:
        places = [hdus[name].fileinfo() for name in ("B0", "Z0")]
    for place in places:
        data[place["datLoc"] : place["datLoc"] + place["datSpan"]] = b"\xff" * place["datSpan"]
    Path(exposure.path).write_bytes(bytes(data))
    assert np.array_equal(read_camera(exposure, "r0").raw, image(1))
    with pytest.raises(InvalidFileError, match="B0"):
        read_camera(exposure, "b0")


def test_gain_saturation_and_noise_from_header_calibration_default(tmp_path: Path) -> None:
    cards = {
        "GAINA": None, "GAINB": -1.0, "GAINC": "1.25", "GAIND": "inf",
        "HIERARCH SATURLEVA": None, "HIERARCH SATURLEVB": 0, "RDNOISEA": None, "RDNOISEB": "None",
    }  # fmt: skip
    exposure = inspect(write_exposure(tmp_path, {"b0": cards}))
    known = CameraCalibration(gains={"A": 1.7}, saturation={"A": 4e4}, read_noise={"A": 2.5})
    a, b, c, d = read_camera(exposure, "b0", known).amplifiers
    assert (a.gain, a.gain_from, b.gain, b.gain_from) == (1.7, "calibration", 1.0, "default")
    assert (c.gain, c.gain_from, d.gain_from) == (1.25, "header", "default")
    assert (a.saturation, a.saturation_from, b.saturation, b.saturation_from) == (
        4e4,
        "calibration",
        65535.0,
        "default",
    )
    assert a.read_noise == 2.5
    assert np.isnan(b.read_noise)
    notes = read_camera(exposure, "b0").notes
    assert sum("gain unknown" in note for note in notes) == 3
    assert sum("saturation unknown" in note for note in notes) == 2


def test_inherited_cards(tmp_path: Path) -> None:
    path = write_exposure(tmp_path, {"b0": {"INHERIT": True, "GAINA": None}, "r0": {"GAINA": None}})
    with fits.open(path, mode="update", disable_image_compression=True) as hdus:
        hdus[0].header["GAINA"] = 1.9
        hdus[0].header["GAINB"] = 9.9
    exposure = inspect(path)
    gains = [amplifier.gain for amplifier in read_camera(exposure, "b0").amplifiers]
    assert gains == [1.9, 1.5, 1.5, 1.5]
    assert read_camera(exposure, "r0").amplifiers[0].gain_from == "default"
    assert "GAINA" not in read_camera_header(exposure, "r0")


@pytest.mark.parametrize("kind", ["i2", "i4", "i8", "f4", "f8"])
def test_images_of_other_types(tmp_path: Path, kind: str) -> None:
    path = write_exposure(tmp_path, (), extra=(fits.ImageHDU(image().astype(kind), name="B0"),))
    with fits.open(path, mode="update") as hdus:
        hdus["B0"].header.update(camera_cards())
    raw = read_camera(inspect(path), "b0").raw
    assert raw.dtype == (np.float32 if kind == "f4" else np.int32)
    assert np.array_equal(raw, image())


@pytest.mark.parametrize("value", [2.0**40, -(2.0**40), np.nan])
def test_values_beyond_any_converter(tmp_path: Path, value: float) -> None:
    pixels = image().astype(float)
    pixels[3, 3] = value
    path = write_exposure(tmp_path, (), extra=(fits.ImageHDU(pixels, name="B0"),))
    with fits.open(path, mode="update") as hdus:
        hdus["B0"].header.update(camera_cards())
    with pytest.raises(InvalidFileError, match="converter"):
        read_camera(inspect(path), "b0")


def amplifiers_of(cards: dict[str, Any]) -> Any:
    return read_amplifiers(cards, (NY, 2 * (4 + NX // 2 + 16)), AMPLIFIER_CARDS)


def test_numbered_amplifiers() -> None:
    amplifiers, _ = amplifiers_of(sections("1234"))
    assert [amplifier.name for amplifier in amplifiers] == list("1234")


@pytest.mark.parametrize("pair", ["AB", "CD"])
def test_two_amplifiers_left_and_right(pair: str) -> None:
    cards: dict[str, Any] = {}
    for letter, data, bias, ccd in zip(pair, ("5:34", "67:96"), ("35:50", "51:66"), ("1:30", "31:60"), strict=True):
        cards |= {f"DATASEC{letter}": f"[{data},1:40]", f"BIASSEC{letter}": f"[{bias},1:40]"}
        cards |= {f"CCDSEC{letter}": f"[{ccd},1:40]"}
    amplifiers, _ = amplifiers_of(cards)
    assert [amplifier.data.shape for amplifier in amplifiers] == [(40, 30), (40, 30)]


@pytest.mark.parametrize(
    ("cards", "message"),
    [
        ({"BIASSECA": None}, "amplifiers B, C, D"),
        ({"BIASSECA": None, "BIASSECB": None, "BIASSECC": None}, "amplifier D"),
        ({f"BIASSEC{x}": None for x in "ABCD"}, "no amplifier"),
        ({"DATASECA": None}, "DATASECA is 'None'"),
        ({"DATASECA": "[5:34,1:21]"}, "DATASECA has 30 x 21"),
        ({"DATASECB": "[80:109,1:20]"}, "leaves the image"),
        ({"BIASSECC": "[35:50,21:99]"}, "leaves the image"),
        ({"CCDSECB": "[1:30,1:20]"}, "CCDSECB and CCDSECA overlap"),
        ({"CCDSECB": "[32:61,1:20]"}, "cover"),
        ({"CCDSECD": "[99001:99030,99001:99020]"}, "cover"),
        ({"DATASECB": "[30:59,1:20]"}, "DATASECB and DATASECA overlap"),
        ({"BIASSECA": "[40:70,1:20]"}, "BIASSECA and DATASECB overlap"),
        ({"BIASSECA": "[35:50,1:19]"}, "does not cover the rows"),
        ({"BIASSECA": "[35:50]"}, "BIASSECA is"),
        ({"BIASSECA": 5}, "BIASSECA is"),
    ],
)
def test_sections_are_checked(cards: dict[str, Any], message: str) -> None:
    changed = {key: value for key, value in {**sections(), **cards}.items() if value is not None}
    with pytest.raises(InvalidFileError, match=message):
        amplifiers_of(changed)


def test_overscan_that_goes_on_beyond_the_data_is_cut() -> None:
    amplifiers, notes = amplifiers_of({**sections(), "BIASSECA": "[35:50,1:25]"})
    assert amplifiers[0].bias == Section(0, 20, 34, 50)
    assert "BIASSECA cut to the rows of DATASECA" in notes


@pytest.mark.parametrize("text", ["[1:2,3:4]", "[1:2, 3:4]", " [ 1 : 2 , 3 : 4 ] ", "1:2,3:4"])
def test_section_syntax(text: str) -> None:
    assert parse_section(text) == Section(2, 4, 0, 2)


@pytest.mark.parametrize(
    "text", ["", "[]", "[0:2,1:4]", "[3:2,1:4]", "[1:2,4:3]", "[1:2,1:9999999]", "[a:b,c:d]", None]
)
def test_what_is_no_section(text: object) -> None:
    with pytest.raises(InvalidFileError):
        parse_section(text)


def test_real_geometry_of_a_red_ccd() -> None:
    cards = {
        "BIASSECA": "[2065:2128,2:2065]", "DATASECA": "[8:2064,2:2065]", "CCDSECA": "[1:2057,1:2064]",
        "BIASSECB": "[2129:2192,2:2065]", "DATASECB": "[2193:4249,2:2065]", "CCDSECB": "[2058:4114,1:2064]",
        "BIASSECC": "[2065:2128,2130:4193]", "DATASECC": "[8:2064,2130:4193]", "CCDSECC": "[1:2057,2065:4128]",
        "BIASSECD": "[2129:2192,2130:4193]", "DATASECD": "[2193:4249,2130:4193]", "CCDSECD": "[2058:4114,2065:4128]",
    }  # fmt: skip
    amplifiers, _ = read_amplifiers(cards, (4194, 4256), AMPLIFIER_CARDS)
    assert sum(a.data.shape[0] * a.data.shape[1] for a in amplifiers) == 4128 * 4114
    assert date_of(CardReader({})) is None


def test_a_leap_second_is_a_time_like_any_other() -> None:
    reader = CardReader({"DATE-OBS": "2016-12-31T23:59:60.25Z"})
    assert date_of(reader) == datetime(2017, 1, 1, 0, 0, 0, 250000, tzinfo=UTC)
    assert reader.problems == []
