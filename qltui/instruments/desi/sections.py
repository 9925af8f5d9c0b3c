"""Geometry of a DESI image from its header: which pixels each amplifier reads, and where they belong on the CCD."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final, Protocol

from qltui.instruments.errors import InvalidFileError
from qltui.instruments.fits_cards import Header
from qltui.model import Amplifier, Section

__all__ = ["DEFAULT_GAIN", "DEFAULT_SATURATION", "AmplifierDefaults", "amplifier_names", "parse_section"]
__all__ += ["read_amplifiers", "trimmed_shape"]

DEFAULT_GAIN: Final = 1.0
"""[e-/ADU], where neither header nor calibration gives one."""
DEFAULT_SATURATION: Final = 65535.0
"""[ADU], where neither header nor calibration gives one: the end of the converter's range."""

_LETTERS: Final = "ABCD"
_NUMBERS: Final = "1234"
_SECTION: Final = re.compile(r"\[?\s*(\d{1,6})\s*:\s*(\d{1,6})\s*,\s*(\d{1,6})\s*:\s*(\d{1,6})\s*\]?")


class AmplifierDefaults(Protocol):
    """What a calibration knows about amplifiers, by name; see `qltui.instruments.desi.calibration`."""

    @property
    def gains(self) -> Mapping[str, float]:
        """[e-/ADU]."""

    @property
    def saturation(self) -> Mapping[str, float]:
        """[ADU]."""

    @property
    def read_noise(self) -> Mapping[str, float]:
        """[e-]."""


def parse_section(text: object, where: str = "section") -> Section:
    """Return the rectangle that ``[x1:x2, y1:y2]`` means: one-based and inclusive in the header, zero-based here.

    Raises
    ------
    InvalidFileError
        Where `text` is anything else, or the rectangle is empty.
    """
    match = _SECTION.fullmatch(text.strip()) if isinstance(text, str) else None
    if not match:
        msg = f"{where} is {str(text)[:40]!r}, not of the form [x1:x2, y1:y2]"
        raise InvalidFileError(msg)
    x1, x2, y1, y2 = (int(group) for group in match.groups())
    if x1 < 1 or y1 < 1 or x2 < x1 or y2 < y1:
        msg = f"{where} is {str(text)[:40]!r}: it is empty or begins before pixel 1"
        raise InvalidFileError(msg)
    return Section(y1 - 1, y2, x1 - 1, x2)


def amplifier_names(header: Header) -> tuple[str, ...]:
    """Return the amplifiers that the header describes: those with an overscan section (BIASSEC).

    Raises
    ------
    InvalidFileError
        Where there are not two or four.
    """
    for names in (_LETTERS, _NUMBERS):
        found = tuple(name for name in names if f"BIASSEC{name}" in header)
        if len(found) in (2, 4):
            return found
        if found:
            msg = f"the header describes amplifier{'s' * (len(found) > 1)} {', '.join(found)}: two or four are possible"
            raise InvalidFileError(msg)
    msg = "the header describes no amplifier (BIASSECA to BIASSECD are missing)"
    raise InvalidFileError(msg)


def _overlap(one: Section, other: Section) -> bool:
    return one.y0 < other.y1 and other.y0 < one.y1 and one.x0 < other.x1 and other.x0 < one.x1


def _check_apart(named: Iterable[tuple[str, Section]]) -> None:
    """See that no pixel is claimed twice."""
    seen: list[tuple[str, Section]] = []
    for name, section in named:
        for other_name, other in seen:
            if _overlap(section, other):
                msg = f"{name} and {other_name} overlap"
                raise InvalidFileError(msg)
        seen.append((name, section))


def _positive(value: object, limit: float) -> float | None:
    """Return `value` as a number between 0 and `limit`, or None."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and 0 < value <= limit else None


def _quantity(
    header: Header, key: str, name: str, known: Mapping[str, float], default: float, limit: float
) -> tuple[float, str]:
    """Return a number of an amplifier and where it comes from: header, calibration, default."""
    value = _positive(header.get(f"{key}{name}"), limit)
    if value is not None:
        return value, "header"
    value = _positive(known.get(name), limit)
    if value is not None:
        return value, "calibration"
    return default, "default"


def _sections(header: Header, name: str, raw_shape: tuple[int, int]) -> tuple[Section, Section, Section, str]:
    """Return data, overscan and place on the CCD of one amplifier, and a note on what had to be adapted."""
    keys = (f"DATASEC{name}", f"BIASSEC{name}", f"CCDSEC{name}")
    data, bias, ccd = (parse_section(header.get(key), key) for key in keys)
    ny, nx = raw_shape
    for key, section in zip(keys[:2], (data, bias), strict=True):
        if section.y1 > ny or section.x1 > nx:
            msg = f"{key} {header.get(key)} leaves the image of {nx} x {ny} pixels"
            raise InvalidFileError(msg)
    if data.shape != ccd.shape:
        msg = f"{keys[0]} has {data.shape[1]} x {data.shape[0]} pixels, {keys[2]} {ccd.shape[1]} x {ccd.shape[0]}"
        raise InvalidFileError(msg)
    note = ""
    if (bias.y0, bias.y1) != (data.y0, data.y1):
        if bias.y0 > data.y0 or bias.y1 < data.y1:
            msg = f"{keys[1]} {header.get(keys[1])} does not cover the rows of {keys[0]} {header.get(keys[0])}"
            raise InvalidFileError(msg)
        # Overscan is subtracted row by row: rows without data are of no use.
        bias = replace(bias, y0=data.y0, y1=data.y1)
        note = f"{keys[1]} cut to the rows of {keys[0]}"
    return data, bias, ccd, note


def trimmed_shape(amplifiers: Iterable[Amplifier]) -> tuple[int, int]:
    """Return the shape ``(ny, nx)`` of the CCD that the amplifiers cover together.

    Raises
    ------
    InvalidFileError
        Where they leave a part of it uncovered.
    """
    sections = [amplifier.ccd for amplifier in amplifiers]
    ny, nx = max(section.y1 for section in sections), max(section.x1 for section in sections)
    covered = sum(section.shape[0] * section.shape[1] for section in sections)
    if covered != ny * nx:
        msg = f"the CCDSECs cover {covered} of the {ny * nx} pixels of a CCD of {nx} x {ny}"
        raise InvalidFileError(msg)
    return ny, nx


def read_amplifiers(
    header: Header, raw_shape: tuple[int, int], known: AmplifierDefaults | None = None
) -> tuple[tuple[Amplifier, ...], tuple[str, ...]]:
    """Return the amplifiers of a camera and notes on what is odd.

    Parameters
    ----------
    header : mapping
        Of the camera's HDU.
    raw_shape : tuple of int
        Of the raw image, ``(ny, nx)``.
    known : AmplifierDefaults, optional
        Gain, saturation and read noise for what the header does not have.

    Returns
    -------
    amplifiers : tuple of Amplifier
        Two or four, in the order A, B, C, D.
    notes : tuple of str
        One for each value that is a default, or that was adapted.

    Raises
    ------
    InvalidFileError
        Where sections are missing, leave the image, overlap, or do not cover the CCD.
    """
    gains: Mapping[str, float] = known.gains if known else {}
    saturation: Mapping[str, float] = known.saturation if known else {}
    noises: Mapping[str, float] = known.read_noise if known else {}
    amplifiers, notes = [], []
    for name in amplifier_names(header):
        data, bias, ccd, note = _sections(header, name, raw_shape)
        gain, gain_from = _quantity(header, "GAIN", name, gains, DEFAULT_GAIN, 100.0)
        satur, satur_from = _quantity(header, "SATURLEV", name, saturation, DEFAULT_SATURATION, 1e7)
        noise, _ = _quantity(header, "RDNOISE", name, noises, math.nan, 1e4)
        if note:
            notes.append(note)
        if gain_from == "default":
            notes.append(f"amplifier {name}: gain unknown, {DEFAULT_GAIN} e-/ADU taken")
        if satur_from == "default":
            notes.append(f"amplifier {name}: saturation unknown, {DEFAULT_SATURATION:.0f} ADU taken")
        amplifiers.append(Amplifier(name, data, bias, ccd, gain, noise, satur, gain_from, satur_from))
    _check_apart((f"DATASEC{amp.name}", amp.data) for amp in amplifiers)
    _check_apart((f"CCDSEC{amp.name}", amp.ccd) for amp in amplifiers)
    for amp in amplifiers:
        for other in amplifiers:
            if _overlap(amp.bias, other.data):
                msg = f"BIASSEC{amp.name} and DATASEC{other.name} overlap"
                raise InvalidFileError(msg)
    trimmed_shape(amplifiers)
    return tuple(amplifiers), tuple(notes)
