"""What a DECam header says of an exposure: type, filter, pointing and night.

Traps of the real files: numbers that are the text ``NaN`` or -999, cards that are absent, sexagesimal RA and DEC, no
card BAND, and DTUTC, the time of the transport, which is no time of the exposure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from qltui.instruments.card_reader import CardReader
from qltui.instruments.decam.conditions import CARDS
from qltui.instruments.decam.constants import BANDS
from qltui.instruments.fits_cards import Header

__all__ = ["SHOWN", "UTC_OFFSET", "angle_of", "archive_moment", "band_of", "obstype_of", "reader_of"]

UTC_OFFSET: Final = timedelta(hours=-4)
"""Standard time of Chile. In its summer the night rolls at one in the afternoon by the clock, when nobody observes."""

SHOWN: Final = (
    "OBSTYPE", "FILTER", "PROGRAM", "PROPID", "PROPOSER", "OBSERVER", "OBSID", "SEQID", "SEQNUM", "SEQTOT", "HEX",
    "TILING", "EXPTIME", "EXPREQ", "DARKTIME", "RA", "DEC", "TELRA", "TELDEC", "HA", "ZD", "AZ", "AIRMASS",
    "GUIDER", "ERRORS", "AOS", "BCAM", "VSUB", "SKYSTAT", "GSKYPHOT", "LSKYPHOT", "LSKYVAR", "G-MEANX", "G-MEANY",
    "G-MAXX", "G-MAXY", "G-CCDNUM", "TELFOCUS", "CAMSHUT", "MULTIEXP", "NEXTEND", "MOONANGL", "LWTRTEMP",
    "UTS-TEMP", "UTW-TEMP", "UTE-TEMP", *CARDS,
)  # fmt: skip
"""Scalars of the header that are kept for screens and trends."""

_NOTHING: Final[frozenset[str | float]] = frozenset({"NAN", "-NAN", "-999", "-999.0", -999.0, -9999.0})
_OBSTYPES: Final[Mapping[str, str]] = {
    "object": "SCIENCE", "standard": "STANDARD", "dome flat": "FLAT", "flat": "FLAT", "sky flat": "TWILIGHT",
    "zero": "ZERO", "bias": "ZERO", "dark": "DARK",
}  # fmt: skip
_WORD: Final = re.compile(r"[A-Z][A-Z0-9_-]{0,19}")
_FILTER: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+-]{0,15}")
_SEXAGESIMAL: Final = re.compile(r"([+-]?)(\d{1,3}):(\d{1,2}):(\d{1,2}(?:\.\d{0,9})?)")
_ARCHIVE_NAME: Final = re.compile(r"c4d_(\d{6})_(\d{6})_[a-z]{3}\.fits(?:\.fz)?")


def reader_of(header: Header, problems: list[str]) -> CardReader:
    """Return checked values of a header, in which what stands for nothing is nothing."""
    return CardReader(header, problems, _NOTHING)


def obstype_of(reader: CardReader) -> str:
    """Return the type of the exposure in the words of the house; what is not known to it in upper case."""
    word = " ".join(reader.text("OBSTYPE", 40).lower().split())
    if not word:
        reader.problems.append("no card OBSTYPE: what the exposure is is not known")
        return "OTHER"
    known = _OBSTYPES.get(word) or word.upper().replace(" ", "_")
    if _WORD.fullmatch(known):
        return known
    reader.problems.append(f"OBSTYPE is {word!r} and not used")
    return "OTHER"


def band_of(reader: CardReader, obstype: str) -> str:
    """Return the filter, the first word of FILTER; empty for what has no light, and where it is missing."""
    if obstype in ("ZERO", "DARK"):
        return ""
    words = reader.text("FILTER", 80).split()
    if not words:
        reader.problems.append("no card FILTER: limits that differ by filter cannot hold")
        return ""
    if not _FILTER.fullmatch(words[0]):
        reader.problems.append(f"FILTER is {' '.join(words)[:40]!r} and not used")
        return ""
    if words[0] not in BANDS:
        reader.problems.append(f"filter {words[0]} has no zero point: the sky is not given in magnitudes")
    return words[0]


def angle_of(reader: CardReader, keys: tuple[str, ...], *, hours: bool) -> float | None:
    """Return the first of several angles, sexagesimal text or a number [deg]; None where there is none.

    Parameters
    ----------
    reader : CardReader
        Of the header.
    keys : tuple of str
        Cards.
    hours : bool
        Whether sexagesimal text is in hours, as right ascension is; a number is in degrees.
    """
    low, high = (0.0, 360.0) if hours else (-90.0, 90.0)
    for key in keys:
        text = reader.text(key, 40)
        match = _SEXAGESIMAL.fullmatch(text)
        if match is None:
            number = reader.number(key, low=low, high=high) if text else None
            if number is not None:
                return number
            continue
        sign, whole, minutes, seconds = match.groups()
        value = (float(whole) + float(minutes) / 60.0 + float(seconds) / 3600.0) * (15.0 if hours else 1.0)
        value = -value if sign == "-" else value
        if float(minutes) < 60 and float(seconds) < 60 and low <= value <= high:
            return value
        reader.problems.append(f"{key} is {text!r} and not used")
    return None


def archive_moment(name: str) -> datetime | None:
    """Return the moment that the archive's name of a file tells, ``c4d_YYMMDD_HHMMSS_ori.fits.fz``, in UTC, or None."""
    match = _ARCHIVE_NAME.fullmatch(name)
    if match is None:
        return None
    try:
        return datetime.strptime(match[1] + match[2], "%y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
