"""The files of DECam are what the observatory writes, and an independent reader takes them."""

from __future__ import annotations

import dataclasses
import json
import re

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from qltui.instruments.decam import layout as instrument_layout
from qltui.simulate.decam import SIZES, SimulationRequest, simulate_exposure
from qltui.simulate.decam.ccd import simulate_ccd
from qltui.simulate.decam.geometry import detector_layout
from qltui.simulate.decam.headers import archive_name, ccd_cards, exposure_cards
from qltui.simulate.decam.mosaic import BACKPLANES, CCD_NUMBERS, CCDS, FOCUS_CHIPS, PLACES
from qltui.simulate.decam.pointing import pointing_of, sexagesimal


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An exposure with all its CCDs and focus chips."""
    return simulate_exposure(SimulationRequest("ZERO", seed=3), tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def mini():
    return {name: simulate_ccd(SimulationRequest("ZERO"), name) for name in ("S1", "N5", "FS1")}


def cards_of(ccd, size="full"):
    """The cards of a CCD as it would be at this size."""
    side = "S" if "S" in ccd.name else "N"
    layout = detector_layout(SIZES[size], side, focus=ccd.name in FOCUS_CHIPS)
    request = SimulationRequest("ZERO", size=size).complete()
    return {key: value for key, value, _ in ccd_cards(request, dataclasses.replace(ccd, layout=layout))}


def test_the_order_of_a_file_is_not_that_of_the_numbers(whole):
    with fits.open(whole.path, disable_image_compression=True) as hdus:
        assert whole.path.name == "DECam_00229388.fits.fz"
        assert hdus[0].header["NEXTEND"] == len(hdus) - 1 == 70
        names = [hdu.name for hdu in hdus[1:]]
        assert names[:4] == ["S1", "S2", "S3", "N1"]
        assert names[18:20] == ["S10", "S11"]
        assert names[36:38] == ["N4", "N5"]
        assert names[44] == "N10"
        assert names[62:] == ["FS1", "FS2", "FS3", "FS4", "FN1", "FN2", "FN3", "FN4"]
        fpa = [hdu.header["FPA"] for hdu in hdus[1:63]]
        assert [fpa.count(f"DECAM_BKP{n}") for n in (1, 3, 4, 5)] == [18, 18, 8, 18]
        for hdu in hdus[1:]:
            header = hdu.header
            assert header["DETPOS"] == header["EXTNAME"]
            assert header["CCDNUM"] == CCD_NUMBERS[hdu.name]
            assert (header["ZCMPTYPE"], header["BZERO"], header["ZBITPIX"]) == ("RICE_1", 32768, 16)
            assert (header["ZTILE1"], header["ZTILE2"]) == (header["ZNAXIS1"], 1)
        assert (hdus["S29"].header["CCDNUM"], hdus["N1"].header["CCDNUM"], hdus["N31"].header["CCDNUM"]) == (1, 32, 62)
        assert hdus["FN1"].header["ZNAXIS2"] == 128 + 6


def test_the_instrument_has_the_same_focal_plane():
    assert set(CCDS) == set(instrument_layout.CCDS)
    for name in CCDS:
        ccd = instrument_layout.CCDS[name]
        assert ccd.number == CCD_NUMBERS[name]
        assert name in BACKPLANES[ccd.backplane]
        x, y = PLACES[name]
        assert ccd.place == pytest.approx((y, -x), abs=0.1)


def test_sections_of_the_south_side(mini):
    cards = cards_of(mini["S1"])
    assert cards["TRIMSEC"] == cards["DATASEC"] == "[57:2104,51:4146]"
    assert cards["TRIMSECA"] == cards["DATASECA"] == "[1081:2104,51:4146]"
    assert cards["TRIMSECB"] == cards["DATASECB"] == "[57:1080,51:4146]"
    assert (cards["BIASSECA"], cards["PRESECA"]) == ("[2105:2154,51:4146]", "[2155:2160,51:4146]")
    assert (cards["BIASSECB"], cards["PRESECB"]) == ("[7:56,51:4146]", "[1:6,51:4146]")
    assert (cards["POSTSECA"], cards["POSTSECB"]) == ("[1081:2104,1:50]", "[57:1080,1:50]")
    assert (cards["CCDSECA"], cards["CCDSECB"]) == ("[1025:2048,1:4096]", "[1:1024,1:4096]")
    assert (cards["AMPSECA"], cards["AMPSECB"]) == ("[2048:1025,4096:1]", "[1:1024,4096:1]")
    assert (cards["DETSEC"], cards["DETSECA"]) == ("[12289:14336,1:4096]", "[13313:14336,1:4096]")
    assert (cards["DETSIZE"], cards["CRPIX1"]) == ("[1:29400,1:29050]", pytest.approx(2151.2, abs=0.1))
    assert (cards["LTV1"], cards["LTV2"]) == (56.0, 50.0)


def test_sections_of_the_north_side(mini):
    cards = cards_of(mini["N5"])
    assert cards["TRIMSEC"] == "[57:2104,1:4096]"
    assert (cards["DATASECA"], cards["DATASECB"]) == ("[57:1080,1:4096]", "[1081:2104,1:4096]")
    assert (cards["BIASSECA"], cards["PRESECA"]) == ("[7:56,1:4096]", "[1:6,1:4096]")
    assert (cards["BIASSECB"], cards["PRESECB"]) == ("[2105:2154,1:4096]", "[2155:2160,1:4096]")
    assert cards["POSTSECA"] == "[57:1080,4097:4146]"
    assert cards["CRPIX1"] == pytest.approx(-102.2, abs=0.1)  # -103 in a real header


def test_raw_shapes():
    for name, shape in (("full", (4146, 2160)), ("mini", (262, 152))):
        layout = detector_layout(SIZES[name], "S")
        assert (layout.raw_ny, layout.raw_nx) == shape
        covered = np.zeros(shape, dtype=int)
        for part in layout.amplifiers:
            covered[part.raw.slices] += 1
        assert (covered == 1).all()
    assert detector_layout(SIZES["full"], "N", focus=True).raw_ny == SIZES["full"].jump == 2098


def test_light_falls_where_the_sections_say(whole):
    with fits.open(whole.path) as hdus:
        header = hdus["N5"].header
        for amp in "AB":
            (x0, x1), (y0, y1) = (map(int, part.split(":")) for part in header[f"BIASSEC{amp}"].strip("[]").split(","))
            overscan = hdus["N5"].data[y0 - 1 : y1, x0 - 1 : x1]
            truth = whole.truth["ccds"]["N5"]["amplifiers"][amp]
            assert overscan.mean() == pytest.approx(truth["bias"], abs=0.15)


def test_traps_of_the_headers():
    seen = {"NaN": 0, "no humidity": 0, "no guider": 0}
    for expnum in range(100, 160):
        cards = {key: value for key, value, _ in exposure_cards(SimulationRequest("SCIENCE", expnum).complete())}
        assert cards["LSKYVAR"] == "NaN"
        assert cards["LWTRTEMP"] == -999.0
        assert cards["OBS-LONG"] > 0
        assert "BAND" not in cards
        assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3}", cards["RA"])
        assert re.fullmatch(r"-?\d\d:\d\d:\d\d\.\d{3}", cards["DEC"])
        seen["NaN"] += cards["DIMMSEE"] == "NaN"
        seen["no humidity"] += "HUMIDITY" not in cards
        seen["no guider"] += "G-SEEING" not in cards
    assert all(0 < count < 40 for count in seen.values())
    plain = SimulationRequest("SCIENCE", 100, traps=False).complete()
    assert all(value != "NaN" for _, value, _ in exposure_cards(plain))


@pytest.mark.parametrize(
    ("obstype", "words"),
    [("SCIENCE", "object"), ("ZERO", "zero"), ("DARK", "dark"), ("FLAT", "dome flat"), ("TWILIGHT", "sky flat"),
     ("STANDARD", "standard")],
)  # fmt: skip
def test_words_of_the_observatory(obstype, words):
    cards = {key: value for key, value, _ in exposure_cards(SimulationRequest(obstype, band="z").complete())}
    assert cards["OBSTYPE"] == words
    has_light = obstype not in ("ZERO", "DARK")
    assert cards["FILTER"] == ("z DECam SDSS c0004 9260.0 1520.0" if has_light else "solid plate 0.0 0.0")
    assert ("AIRMASS" in cards) == (obstype in ("SCIENCE", "STANDARD", "TWILIGHT"))


def test_the_archive_names_files_by_the_time_of_arrival():
    request = SimulationRequest("SCIENCE", night=20150410, exptime=114.0).complete()
    assert request.date_obs.isoformat() == "2015-04-11T00:30:00+00:00"
    assert archive_name(request) == "c4d_150411_003242_ori.fits.fz"


def test_the_field_is_where_the_header_says(mini):
    request = SimulationRequest("SCIENCE", size="full").complete()
    corners = {}
    for name in ("S4", "N4"):
        layout = detector_layout(SIZES["full"], name[0])
        header = fits.Header()
        header.extend(ccd_cards(request, dataclasses.replace(mini["S1"], name=name, layout=layout)))
        wcs = WCS(header)
        corners[name] = wcs.pixel_to_world_values([0.0, 2047.0], [0.0, 0.0])
        scale = np.sqrt(np.abs(np.linalg.det(wcs.pixel_scale_matrix))) * 3600 * 1.0055
        assert scale == pytest.approx(0.2637, abs=2e-4)
    assert corners["N4"][1].max() < corners["S4"][1].min()  # by this header the north chips lie south
    assert corners["S4"][1][0] > corners["S4"][1][1]  # declination falls along x


def test_pointings_agree_with_their_airmass():
    rng = np.random.default_rng(1)
    request = SimulationRequest("SCIENCE").complete()
    for airmass in (1.0, 1.1, 1.5, 2.5):
        pointing = pointing_of(request.date_obs, airmass, rng)
        lat, dec, ha = np.radians([-30.16606, pointing.dec, pointing.hour_angle])
        cosine = np.sin(lat) * np.sin(dec) + np.cos(lat) * np.cos(dec) * np.cos(ha)
        assert 1 / cosine == pytest.approx(airmass, rel=1e-6)
    assert sexagesimal(-0.001305, hours=False) == "-00:00:04.698"
    assert sexagesimal(42.819525, hours=True) == "02:51:16.686"


def test_no_source_list_without_stars(whole):
    assert json.loads(whole.truth_path.read_text())["expnum"] == 229388
    assert not whole.sources_path.exists()
