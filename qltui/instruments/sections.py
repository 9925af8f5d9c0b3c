"""Geometry of a raw image from its header: which pixels each amplifier reads, and where they belong on the CCD."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol

from qltui.instruments.errors import InvalidFileError
from qltui.instruments.fits_cards import Header
from qltui.model import Amplifier, Section

__all__ = ["DEFAULT_GAIN", "DEFAULT_SATURATION", "AmplifierCards", "AmplifierDefaults", "amplifier_names"]
__all__ += ["parse_section", "read_amplifiers", "trimmed_shape"]

DEFAULT_GAIN: Final = 1.0
"""[e-/ADU], where neither header nor calibration gives one."""
DEFAULT_SATURATION: Final = 65535.0
"""[ADU], where neither header nor calibration gives one: the end of the converter's range."""

_WORDS: Final = {1: "one", 2: "two", 4: "four"}
_SECTION: Final = re.compile(r"\[?\s*(\d{1,6})\s*:\s*(\d{1,6})\s*,\s*(\d{1,6})\s*:\s*(\d{1,6})\s*\]?")


@dataclass(frozen=True, slots=True)
class AmplifierCards:
    """How an instrument's headers call what they say of amplifiers; each card ends with the amplifier's name.

    Attributes
    ----------
    names : tuple of str
        Sets of names that occur, ``("ABCD", "1234")``.
    numbers : tuple of int
        How many amplifiers a CCD may have.
    data, ccd : tuple of str
        Cards with the light-sensitive pixels and with their place on the CCD; the first that is there counts.
    saturation : str
        Card with the saturation level [ADU].
    place_from_data : bool
        Whether an amplifier whose `ccd` is absent lies where its data do among those of all amplifiers.
    """

    names: tuple[str, ...]
    numbers: tuple[int, ...]
    data: tuple[str, ...] = ("DATASEC",)
    ccd: tuple[str, ...] = ("CCDSEC",)
    saturation: str = "SATURLEV"
    place_from_data: bool = False

    def first(self, header: Header, keys: tuple[str, ...], name: str) -> str:
        """Return the first of `keys` that the header has for an amplifier, else the first of all."""
        return next((f"{key}{name}" for key in keys if f"{key}{name}" in header), f"{keys[0]}{name}")


class AmplifierDefaults(Protocol):
    """What a calibration knows about amplifiers, by name."""

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


def amplifier_names(header: Header, cards: AmplifierCards) -> tuple[str, ...]:
    """Return the amplifiers that the header describes: those with an overscan section (BIASSEC).

    Raises
    ------
    InvalidFileError
        Where there are not as many as there can be.
    """
    possible = " or ".join(_WORDS[number] for number in cards.numbers)
    for names in cards.names:
        found = tuple(name for name in names if f"BIASSEC{name}" in header)
        if len(found) in cards.numbers:
            return found
        if found:
            msg = f"the header describes amplifier{'s' * (len(found) > 1)} {', '.join(found)}: {possible} are possible"
            raise InvalidFileError(msg)
    first = cards.names[0]
    msg = f"the header describes no amplifier (BIASSEC{first[0]} to BIASSEC{first[-1]} are missing)"
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


def _data_sections(
    header: Header, name: str, raw_shape: tuple[int, int], cards: AmplifierCards
) -> tuple[Section, Section]:
    """Return data and overscan of one amplifier."""
    keys = (cards.first(header, cards.data, name), f"BIASSEC{name}")
    data, bias = (parse_section(header.get(key), key) for key in keys)
    ny, nx = raw_shape
    for key, section in zip(keys, (data, bias), strict=True):
        if section.y1 > ny or section.x1 > nx:
            msg = f"{key} {header.get(key)} leaves the image of {nx} x {ny} pixels"
            raise InvalidFileError(msg)
    return data, bias


def _beside(header: Header, name: str, data: Section, bias: Section, cards: AmplifierCards) -> tuple[Section, str]:
    """Return the rows of the overscan that have data, and a note where there were others."""
    if (bias.y0, bias.y1) == (data.y0, data.y1):
        return bias, ""
    key, data_key = f"BIASSEC{name}", cards.first(header, cards.data, name)
    if bias.y0 > data.y0 or bias.y1 < data.y1:
        msg = f"{key} {header.get(key)} does not cover the rows of {data_key} {header.get(data_key)}"
        raise InvalidFileError(msg)
    # Overscan is subtracted row by row: rows without data are of no use.
    return replace(bias, y0=data.y0, y1=data.y1), f"{key} cut to the rows of {data_key}"


def _place(header: Header, name: str, datas: Mapping[str, Section], cards: AmplifierCards) -> tuple[Section, str]:
    """Return where the data of an amplifier belong on the CCD, and a note where no card says so."""
    key, data = cards.first(header, cards.ccd, name), datas[name]
    if cards.place_from_data and key not in header:
        y0, x0 = min(other.y0 for other in datas.values()), min(other.x0 for other in datas.values())
        place = Section(data.y0 - y0, data.y1 - y0, data.x0 - x0, data.x1 - x0)
        return place, f"no card {key}: amplifier {name} lies on the CCD as it does in the file"
    ccd = parse_section(header.get(key), key)
    if data.shape != ccd.shape:
        data_key = cards.first(header, cards.data, name)
        msg = f"{data_key} has {data.shape[1]} x {data.shape[0]} pixels, {key} {ccd.shape[1]} x {ccd.shape[0]}"
        raise InvalidFileError(msg)
    return ccd, ""


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
    header: Header, raw_shape: tuple[int, int], cards: AmplifierCards, known: AmplifierDefaults | None = None
) -> tuple[tuple[Amplifier, ...], tuple[str, ...]]:
    """Return the amplifiers of a camera and notes on what is odd.

    Parameters
    ----------
    header : mapping
        Of the camera's HDU.
    raw_shape : tuple of int
        Of the raw image, ``(ny, nx)``.
    cards : AmplifierCards
        How the instrument calls them.
    known : AmplifierDefaults, optional
        Gain, saturation and read noise for what the header does not have.

    Returns
    -------
    amplifiers : tuple of Amplifier
        In the order of their names.
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
    names = amplifier_names(header, cards)
    sections = {name: _data_sections(header, name, raw_shape, cards) for name in names}
    datas = {name: data for name, (data, _) in sections.items()}
    for name, (data, overscan) in sections.items():
        ccd, placed = _place(header, name, datas, cards)
        bias, adapted = _beside(header, name, data, overscan, cards)
        gain, gain_from = _quantity(header, "GAIN", name, gains, DEFAULT_GAIN, 100.0)
        satur, satur_from = _quantity(header, cards.saturation, name, saturation, DEFAULT_SATURATION, 1e7)
        noise, _ = _quantity(header, "RDNOISE", name, noises, math.nan, 1e4)
        notes += [note for note in (adapted, placed) if note]
        if gain_from == "default":
            notes.append(f"amplifier {name}: gain unknown, {DEFAULT_GAIN} e-/ADU taken")
        if satur_from == "default":
            notes.append(f"amplifier {name}: saturation unknown, {DEFAULT_SATURATION:.0f} ADU taken")
        amplifiers.append(Amplifier(name, data, bias, ccd, gain, noise, satur, gain_from, satur_from))
    _check_amplifiers(header, amplifiers, cards)
    return tuple(amplifiers), tuple(notes)


def _check_amplifiers(header: Header, amplifiers: list[Amplifier], cards: AmplifierCards) -> None:
    """See that no pixel is read twice or nowhere, and that no overscan holds light."""
    data_cards = {amp.name: cards.first(header, cards.data, amp.name) for amp in amplifiers}
    _check_apart((data_cards[amp.name], amp.data) for amp in amplifiers)
    _check_apart((cards.first(header, cards.ccd, amp.name), amp.ccd) for amp in amplifiers)
    for amp in amplifiers:
        for other in amplifiers:
            if _overlap(amp.bias, other.data):
                msg = f"BIASSEC{amp.name} and {data_cards[other.name]} overlap"
                raise InvalidFileError(msg)
    trimmed_shape(amplifiers)
