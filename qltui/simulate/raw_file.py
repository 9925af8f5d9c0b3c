"""The raw file as the observatory writes it: cards of the exposure and of each camera, Rice-compressed images."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Final

import numpy as np
from astropy.io import fits

from qltui.model import Section
from qltui.simulate.camera import SimulatedCamera
from qltui.simulate.file_parts import Card, compressed_hdu, hdu_bytes, write_blocks
from qltui.simulate.request import SimulationRequest

__all__ = ["camera_cards", "exposure_cards", "write_raw"]

_MJD_ZERO: Final = dt.datetime(1858, 11, 17, tzinfo=dt.UTC)
_PROGRAMS: Final = {
    "ARC": "CALIB ARC: HgCd Ne Ar", "FLAT": "CALIB FLAT: LED", "ZERO": "CALIB ZERO", "DARK": "CALIB DARK",
    "TWILIGHT": "TWILIGHT", "SKY": "SKY",
}  # fmt: skip


def exposure_cards(request: SimulationRequest) -> list[Card]:
    """Return the cards of the exposure, as the HDU SPEC carries them.

    Parameters
    ----------
    request : SimulationRequest
        Complete.
    """
    start = request.date_obs
    assert start is not None
    rng = np.random.default_rng([request.seed, request.expid, 11])
    airmass = rng.uniform(1.02, 1.35) if np.isnan(request.airmass) else request.airmass
    seeing = rng.normal(1.1, 0.12) if np.isnan(request.seeing) else request.seeing
    mjd = (start - _MJD_ZERO) / dt.timedelta(days=1)
    cards: list[Card] = [
        ("EXPID", request.expid, "exposure number"),
        ("EXPTIME", request.exptime, "[s] exposure time"),
        ("REQTIME", request.exptime, "[s] requested exposure time"),
        ("NIGHT", request.night, "date of sunset, local"),
        ("DATE-OBS", start.replace(tzinfo=None).isoformat(timespec="milliseconds"), "start of the exposure, UTC"),
        ("MJD-OBS", round(mjd, 8), "[d] start of the exposure"),
        ("TIMESYS", "UTC", ""),
        ("OBSTYPE", request.obstype, "what the exposure is"),
        ("FLAVOR", "science", "the same for all exposures of the spectrographs"),
        ("PROGRAM", request.program if request.obstype == "SCIENCE" else _PROGRAMS[request.obstype], ""),
        ("SEQNUM", 1, ""),
        ("SEQTOT", 1, ""),
        ("PURPOSE", "simulation", ""),
        ("OBSERVAT", "KPNO", ""),
        ("TELESCOP", "KPNO 4.0-m telescope", ""),
        ("INSTRUME", "DESI", ""),
        ("DOSVER", "simulated", ""),
        ("SIMSEED", request.seed, "seed of the simulation"),
        ("SIMSIZE", request.size, "size of the simulation"),
    ]
    if request.on_sky:
        cards += [
            ("TILEID", request.tile, ""),
            ("TARGTRA", 150.0, "[deg]"),
            ("TARGTDEC", 31.0, "[deg]"),
            ("AIRMASS", round(float(airmass), 4), ""),
            ("SEEING", round(float(np.clip(seeing, 0.7, 1.8)), 3), "[arcsec]"),
        ]
    return cards


def _section(section: Section) -> str:
    """Return a section in the notation of headers: columns first, counted from 1, ends included."""
    return f"[{section.x0 + 1}:{section.x1}, {section.y0 + 1}:{section.y1}]"


def camera_cards(request: SimulationRequest, camera: SimulatedCamera) -> list[Card]:
    """Return the cards of a camera: its identity, and sections, gain, read noise and saturation of its amplifiers."""
    name, layout = camera.name, camera.layout
    cards: list[Card] = [
        ("CAMERA", name, "arm and spectrograph"),
        ("SPECGRPH", int(name[1:]), "logical spectrograph"),
        ("SPECID", int(name[1:]) + 1, "hardware number of the spectrograph"),
        ("DETECTOR", "SIM", "no real detector"),
        ("CCDCFG", "default", ""),
        ("CCDTMING", "default", ""),
        ("CCDTEMP", -109.9 if name[0] == "b" else -139.9, "[deg C]"),
        ("CCDSIZE", f"{layout.ny},{layout.nx}", "rows,columns"),
        ("DIGITIME", 56.0, "[s] time to read the detector"),
        ("EXPID", request.expid, "exposure number"),
        ("NIGHT", request.night, "date of sunset, local"),
        ("EXPTIME", request.exptime, "[s] exposure time"),
    ]
    for part, channel in zip(layout.amplifiers, camera.channels, strict=True):
        amp = channel.name
        cards += [
            (f"PRESEC{amp}", _section(part.prescan), "prescan columns"),
            (f"DATASEC{amp}", _section(part.data), "light-sensitive pixels"),
            (f"BIASSEC{amp}", _section(part.bias), "overscan columns"),
            (f"ORSEC{amp}", _section(part.row_overscan), "overscan rows"),
            (f"PRRSEC{amp}", _section(part.prerow), "row before the first"),
            (f"CCDSEC{amp}", _section(part.ccd), "place on the detector"),
            (f"GAIN{amp}", channel.gain, "[e-/ADU]"),
            (f"RDNOISE{amp}", channel.nominal_read_noise, "[e-]"),
            (f"SATULEV{amp}", channel.saturation, "[ADU]"),
            (f"HIERARCH SATURLEV{amp}", channel.saturation, "[ADU]"),  # nine letters: one too many for a plain card
        ]
    return cards


def write_raw(path: Path, request: SimulationRequest, cameras: Iterable[bytes], *, keep: float = 1.0) -> None:
    """Write the raw file under a temporary name, then rename it.

    Parameters
    ----------
    path : Path
    request : SimulationRequest
        Complete.
    cameras : iterable of bytes
        The HDUs of the cameras.
    keep : float
        What is left of the file; below 1 it ends in the middle.
    """
    spec = compressed_hdu(np.zeros(10, dtype=np.int16), "SPEC", exposure_cards(request))
    primary = io.BytesIO()
    fits.PrimaryHDU().writeto(primary)
    write_blocks(path, chain((primary.getvalue(), hdu_bytes(spec)), cameras), keep=keep)
