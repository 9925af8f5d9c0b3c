"""Cards of raw files as the observatory writes them, with what is wrong in them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final

import numpy as np

from qltui.instruments.decam.constants import BANDS, PIXEL_MICRON
from qltui.model import Section
from qltui.simulate.decam.ccd import SimulatedCcd
from qltui.simulate.decam.mosaic import CCD_NUMBERS, FOCUS_CHIPS, PLACES, backplane_of, detector_section
from qltui.simulate.decam.pointing import LATITUDE, LONGITUDE, Pointing, modified_julian_date, pointing_of, sexagesimal
from qltui.simulate.decam.request import SimulationRequest
from qltui.simulate.file_parts import Card

__all__ = ["archive_name", "ccd_cards", "exposure_cards", "exposure_pointing", "raw_name"]

_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "SCIENCE": ("object", "simulated field"), "STANDARD": ("standard", "SDSSJ0300+0000"),
    "FLAT": ("dome flat", "DFLAT"), "TWILIGHT": ("sky flat", "sky flat"), "ZERO": ("zero", "pre-night"),
    "DARK": ("dark", "dark"),
}  # fmt: skip
"""OBSTYPE and OBJECT."""

_CD: Final = (-1.8249413473e-07, 7.28535892432e-05, -7.2849900453899e-05, -1.82181666096e-07)
"""CD1_1, CD1_2, CD2_1, CD2_2 [deg/px]: declination falls along the rows' pixels, right ascension grows along y."""
_SCALE: Final = 1.0055
_CUBIC: Final = -0.00115
"""Distortion: 0.2637 arcsec/px on the axis, 0.2626 at the edge; PV coefficients 1, and 7 and 9 [deg^-2]."""

_HEADER: Final = 11
_POINTING: Final = 13
_TRANSPORT: Final = 48.0
"""From the end of an exposure to its arrival in the archive, whose clock names the file [s]."""


def raw_name(request: SimulationRequest) -> str:
    """Return the name of the raw file at the telescope."""
    return f"DECam_{request.expnum:08d}.fits.fz"


def _arrival(request: SimulationRequest) -> dt.datetime:
    """Return when the file is in the archive."""
    assert request.date_obs is not None
    return request.date_obs + dt.timedelta(seconds=request.exptime + _TRANSPORT)


def archive_name(request: SimulationRequest) -> str:
    """Return the name of the raw file in the archive; its date and time are those of its arrival, in UTC."""
    return f"c4d_{_arrival(request):%y%m%d_%H%M%S}_ori.fits.fz"


def exposure_pointing(request: SimulationRequest) -> Pointing:
    """Return where a complete request points."""
    assert request.date_obs is not None
    rng = np.random.default_rng([request.seed, request.expnum, _POINTING])
    return pointing_of(request.date_obs, request.airmass, rng)


def exposure_cards(request: SimulationRequest) -> list[Card]:
    """Return the cards of the primary HDU of a complete request.

    Where the request asks for traps, some values are none: ``NaN`` as a string, -999, or no card at all.
    """
    start = request.date_obs
    assert start is not None
    rng = np.random.default_rng([request.seed, request.expnum, _HEADER])
    obstype, target = _WORDS[request.obstype]
    iso = start.replace(tzinfo=None).isoformat(timespec="microseconds")
    band = BANDS[request.band].title if request.has_light else "solid plate 0.0 0.0"
    cards: list[Card] = [
        ("NEXTEND", len(request.ccds) + len(FOCUS_CHIPS) * request.focus_chips, "Number of extensions"),
        ("PROCTYPE", "RAW", "Data processing level"),
        ("PRODTYPE", "image", "Data product type"),
        ("PIXSCAL1", 0.27, "[arcsec/pixel] Pixel scale, axis 1"),
        ("PIXSCAL2", 0.27, "[arcsec/pixel] Pixel scale, axis 2"),
        ("FILENAME", raw_name(request).removesuffix(".fz"), "Filename"),
        ("OBS-LONG", -LONGITUDE, "[deg] Observatory east longitude"),  # its sign is wrong in the real files, too
        ("TELESCOP", "CTIO 4.0-m telescope", "Telescope name"),
        ("OBSERVAT", "CTIO", "Observatory name"),
        ("OBS-LAT", LATITUDE, "[deg] Observatory latitude"),
        ("OBS-ELEV", 2215.0, "[m] Observatory elevation"),
        ("INSTRUME", "DECam", "Instrument used to obtain these data"),
        ("EXPREQ", request.exptime, "[s] Requested exposure duration"),
        ("EXPTIME", request.exptime, "[s] Exposure duration"),
        ("DARKTIME", round(request.exptime + 1.15662, 5), "[s] Dark time"),
        ("OBSID", f"ct4m{start:%Y%m%dt%H%M%S}", "Unique Observation ID"),
        ("DATE-OBS", iso, "UTC epoch"),
        ("TIME-OBS", iso[11:], "Time of observation start (UTC)"),
        ("MJD-OBS", round(modified_julian_date(start), 8), "MJD of observation start"),
        ("TIMESYS", "UTC", "Time system"),
        ("EXPNUM", request.expnum, "DECam exposure number"),
        ("OBJECT", target if obstype != "object" else f"{target} {request.expnum % 100}", "Object name"),
        ("OBSTYPE", obstype, "Observation type"),
        ("CAMSHUT", "Open" if request.has_light else "Closed", "Camera shutter at exposure start"),
        ("PROGRAM", "simulation", "Current observing orogram"),
        ("OBSERVER", "simulated", "Observer name(s)"),
        ("PROPOSER", "nobody", "Proposal Principle Investigator"),
        ("PROPID", "2012B-0001", "Proposal ID"),
        ("EXCLUDED", "", "DECam components not used for this frame"),
        ("SEQID", f"{obstype} of {request.night}", ""),
        ("SEQNUM", 1, "Number of image in sequence"),
        ("SEQTOT", 1, "Total number of images in sequence"),
        ("FILTER", band, "Unique filter identifier"),
        ("INSTANCE", f"DECam_{request.night}", "SISPI instance name"),
        ("ERRORS", "None", "SISPI readout errors"),
        ("TELEQUIN", 2000.0, "Equinox of telescope coordinates"),
        ("TELSTAT", "Track" if request.has_stars else "Stopped", "Telescope tracking status"),
        ("VSUB", True, "True if CCD substrate voltage is on"),
        ("MULTIEXP", False, "Frame contains multiple exposures if true"),
        *_weather(request, rng),
        ("HDRVER", "13", "DECam fits header version"),
        ("DTCALDAT", f"{request.night // 10000}-{request.night // 100 % 100:02d}-{request.night % 100:02d}",
         "calendar date from observing schedule"),
        ("DTUTC", f"{_arrival(request).replace(tzinfo=None).isoformat(timespec='seconds')}",
         "post exposure UTC epoch from DTS"),
        ("SIMSEED", request.seed, "seed of the simulation"),
        ("SIMSIZE", request.size, "size of the simulation"),
    ]  # fmt: skip
    if request.has_stars or request.obstype == "TWILIGHT":
        cards += _on_sky(request, rng)
    return cards


def _weather(request: SimulationRequest, rng: np.random.Generator) -> list[Card]:
    """Return what the site says of the weather; some of it is no number."""
    no_dimm, no_humidity, no_wind = rng.random(3) < (0.3, 0.1, 0.1)
    dimm = round(float(rng.normal(0.75, 0.08)), 3)
    outside = round(float(rng.normal(11.0, 1.0)), 2)
    humidity, wind = round(float(rng.uniform(15, 55)), 1), round(float(rng.uniform(1, 12)), 3)
    cards: list[Card] = [
        ("WINDSPD", "NaN" if request.traps and no_wind else wind, "[m/s] Wind speed"),
        ("WINDDIR", 36.0, "[deg] Wind direction (from North)"),
        ("PRESSURE", 779.0, "[Torr] Barometric pressure (outside)"),  # in fact [hPa]
        ("DIMMSEE", "NaN" if request.traps and no_dimm else dimm, "[arcsec] DIMM Seeing"),
        ("OUTTEMP", outside, "[deg C] Outside temperature"),
        ("MSURTEMP", round(outside - 0.4, 2), "[deg C] Mirror surface average temperature"),
        ("LWTRTEMP", -999.0 if request.traps else outside, "[deg C] Lower truss average temperature"),
        ("UTN-TEMP", round(outside + 0.5, 2), "[deg C] Upper truss temperature north"),
        ("GSKYPHOT", False, "RASICAM global sky clear flag"),
        ("GSKYVAR", 0.04, "RASICAM global sky standard deviation"),
        ("LSKYVAR", "NaN" if request.traps else 0.03, "RASICAM local sky standard deviation"),
        ("SKYSTAT", True, "Cloud camera (RASICAM) available if true"),
    ]
    if not (request.traps and no_humidity):
        cards.append(("HUMIDITY", humidity, "[%] Ambient relative humidity (outside)"))
    return cards


def _on_sky(request: SimulationRequest, rng: np.random.Generator) -> list[Card]:
    """Return where the telescope points, and what guider and active optics say."""
    pointing = exposure_pointing(request)
    no_guider = bool(rng.random() < 0.15)
    clouds = 10.0 ** (-0.4 * (request.fault_size("clouds") or 0.0))
    trail = request.fault_size("guiding_trail") or 0.0
    cards: list[Card] = [
        ("RADECSYS", "FK5", "Default coordinate system"),
        ("RA", sexagesimal(pointing.ra, hours=True), "[HH:MM:SS] Target RA"),
        ("DEC", sexagesimal(pointing.dec, hours=False), "[DD:MM:SS] Target DEC"),
        ("TELRA", sexagesimal(pointing.ra + 0.0004, hours=True), "[HH:MM:SS] Telescope RA"),
        ("TELDEC", sexagesimal(pointing.dec - 0.0003, hours=False), "[DD:MM:SS] Telescope DEC"),
        ("HA", sexagesimal(pointing.hour_angle, hours=True), "[HH:MM:SS] Telescope hour angle"),
        ("ZD", round(pointing.zenith_distance, 2), "[deg] Telescope zenith distance"),
        ("AZ", round(pointing.azimuth, 2), "[deg] Telescope azimuth angle"),
        ("AIRMASS", round(request.airmass, 3), "Airmass"),
        ("TELFOCUS", "-2439.52,-3332.57,2497.32,100.13,-210.58, 0.00", "hexapod"),
        ("AOS", True, "AOS data available if true"),
        ("BCAM", True, "BCAM data available if true"),
        ("DODZ", -2.74, "[um] Delta-Z from donut analysis"),
        ("FADZ", -2.74, "[um] FA Delta focus."),
        ("HEX", 300 + request.expnum % 100, "DES Hex number"),
        ("TILING", 1 + request.expnum % 10, "DES Tiling number"),
    ]
    if request.traps and no_guider:
        return [*cards, ("GUIDER", 0, "Guider (0-absent,1-ok,2-lost star,3-los")]
    return [
        *cards,
        ("GUIDER", 1, "Guider (0-absent,1-ok,2-lost star,3-los"),
        ("G-SEEING", round(request.seeing * 1.15, 3), "[arcsec] Guider average seeing"),
        ("G-TRANSP", round(float(rng.normal(1.0, 0.02)) * clouds, 3), "Guider average sky transparency"),
        ("G-MEANX", 0.0038, "[arcsec] Guider x-axis mean offset"),
        ("G-MEANY", 0.0886, "[arcsec] Guider y-axis mean offset"),
        ("G-MAXX", round(0.4 + trail, 4), "[arcsec] Guider x-axis maximum offset"),
        ("G-MAXY", round(0.3 + trail, 4), "[arcsec] Guider y-axis maximum offset"),
        ("G-CCDNUM", 4, "Number of guide CCDs that remained active"),
    ]


def _section(section: Section) -> str:
    """Return a section in the notation of headers: columns first, counted from 1, ends included."""
    return f"[{section.x0 + 1}:{section.x1},{section.y0 + 1}:{section.y1}]"


def _read_order(section: Section, *, right: bool, top: bool) -> str:
    """Return a section in the order in which its pixels are read."""
    x, y = f"{section.x0 + 1}:{section.x1}", f"{section.y0 + 1}:{section.y1}"
    x = ":".join(reversed(x.split(":"))) if right else x
    return f"[{x},{':'.join(reversed(y.split(':'))) if top else y}]"


def ccd_cards(request: SimulationRequest, ccd: SimulatedCcd) -> list[Card]:
    """Return the cards of one CCD: its identity, sections and electronics of its amplifiers, and where it looks."""
    name, layout, size = ccd.name, ccd.layout, request.geometry
    place = detector_section(name, size)
    south = ccd.side == "S"
    parts = layout.amplifiers
    good = Section(
        parts[0].data.y0, parts[0].data.y1, min(part.data.x0 for part in parts), max(p.data.x1 for p in parts)
    )
    cards: list[Card] = [
        ("BUNIT", "adu", "Brightness units for pixel array"),
        ("WCSAXES", 2, "WCS Dimensionality"),
        ("DETSIZE", f"[1:{size.columns * 14 + size.columns * 728 // 2048},1:{size.rows * 7 + size.rows * 378 // 4096}]",
         "Detector size"),
        ("TRIMSEC", _section(good), "Good section"),
        ("DATASEC", _section(good), "Data section to display"),
        ("DETSEC", _section(place), "Location of this CCD on Focal Plane"),
        ("CCDSEC", f"[1:{layout.nx},1:{layout.ny}]", "CCD section to display"),
    ]  # fmt: skip
    for part in parts:
        amp, right = part.name, part.ccd.x0 > 0
        on_focal_plane = Section(place.y0, place.y1, place.x0 + part.ccd.x0, place.x0 + part.ccd.x1)
        cards += [
            (f"TRIMSEC{amp}", _section(part.data), f"Good section from amp {amp}"),
            (f"DETSEC{amp}", _section(on_focal_plane), f"Detector display tile for amp {amp}"),
            (f"CCDSEC{amp}", _section(part.ccd), f"CCD section from amp {amp}"),
            (f"AMPSEC{amp}", _read_order(part.ccd, right=right, top=south), f"CCD section in read order for amp {amp}"),
            (f"DATASEC{amp}", _section(part.data), f"Data section from amp {amp}"),
            (f"BIASSEC{amp}", _section(part.bias), f"Overscan from amp {amp}"),
            (f"PRESEC{amp}", _section(part.prescan), f"Prescan from amp {amp}"),
            (f"POSTSEC{amp}", _section(part.row_overscan), f"Postscan from amp {amp}"),
        ]
    cards += [
        ("DETECTOR", f"SIM-{CCD_NUMBERS[name]:03d}", "Detector Identifier"),
        ("CCDNUM", CCD_NUMBERS[name], "CCD number"),
        ("DETPOS", name, "detector position ID"),
    ]
    for channel in ccd.channels:
        amp = channel.name
        cards += [
            (f"GAIN{amp}", channel.gain, f"[electrons/adu] Gain for amp {amp}"),
            (f"RDNOISE{amp}", channel.nominal_read_noise, f"[electrons] Read noise for amp {amp}"),
            (f"SATURAT{amp}", channel.saturation, f"[adu] Saturation for amp {amp}"),
        ]
    cards += [
        ("FPA", f"DECAM_{backplane_of(name)}", "DECam focal plane name"),
        ("CCDBIN1", 1, "Pixel binning, axis 1"),
        ("CCDBIN2", 1, "Pixel binning, axis 2"),
        ("VALIDA", True, "Data from amp A is valid"),
        ("VALIDB", True, "Data from amp B is valid"),
        ("NDONUTS", 0, "AOS number of donuts analyzed for this CCD"),
    ]
    return cards + _world_coordinates(request, ccd, good)


def _world_coordinates(request: SimulationRequest, ccd: SimulatedCcd, good: Section) -> list[Card]:
    """Return the cards of the sky coordinates (TPV).

    As in the real files, CRPIX counts light-sensitive pixels and not those of the raw image: the reference pixel of
    S1 there is 2151.2, and 1024.5 + 16.9 mm / 15 um is just that; LTV says how far the raw image is shifted.
    """
    pointing = exposure_pointing(request)
    x, y = PLACES[ccd.name]
    cd1_1, cd1_2, cd2_1, cd2_2 = _CD
    return [
        ("RADESYS", "FK5", "World coordinate reference frame"),
        ("EQUINOX", 2000.0, "[yr] Equinox of WCS"),
        ("CTYPE1", "RA---TPV", "Coordinate type"),
        ("CTYPE2", "DEC--TPV", "Coordinate type"),
        ("CUNIT1", "deg", ""),
        ("CUNIT2", "deg", ""),
        ("CRVAL1", round(pointing.ra, 6), "[deg] WCS Reference Coordinate (RA)"),
        ("CRVAL2", round(pointing.dec, 6), "[deg] WCS Reference Coordinate (DEC)"),
        ("CRPIX1", round(0.5 * (ccd.layout.nx + 1) - x * 1000.0 / PIXEL_MICRON, 2), "Coordinate Reference axis 1"),
        ("CRPIX2", round(0.5 * (ccd.layout.ny + 1) - y * 1000.0 / PIXEL_MICRON, 2), "Coordinate Reference axis 2"),
        ("CD1_1", cd1_1, "World coordinate transformation matrix"),
        ("CD1_2", cd1_2, "World coordinate transformation matrix"),
        ("CD2_1", cd2_1, "World coordinate transformation matrix"),
        ("CD2_2", cd2_2, "World coordinate transformation matrix"),
        ("LTV1", float(good.x0), "Detector to image transformation"),
        ("LTV2", float(good.y0), "Detector to image transformation"),
        ("LTM1_1", 1.0, "Detector to image transformation"),
        ("LTM2_2", 1.0, "Detector to image transformation"),
        *((f"PV{axis}_{order}", value, "PV distortion coefficient")
          for axis in (1, 2) for order, value in ((0, 0.0), (1, _SCALE), (2, 0.0), (7, _CUBIC), (9, _CUBIC))),
    ]  # fmt: skip
