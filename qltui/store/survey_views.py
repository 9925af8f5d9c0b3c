"""What the survey's questions answer: rows as data, without the database behind them."""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

__all__ = ["CLASSES", "FieldExposure", "FieldPoint", "FieldSummary", "NightSummary", "field_number", "field_place"]

CLASSES: Final = ("good", "warning", "bad", "open", "test")
"""What an exposure is counted as, from its newest process and the observer's flag; the flag decides where there is one.

good: NORMAL, or flagged good; warning; bad: ALARM, FAILED or MISSING, or flagged bad or junk; open: not judged, or not
finished; test: flagged so, and counted nowhere else. The record keeps the place in this tuple (`Outcome.kind`).
"""

_STEPS: Final = 36000
"""Steps of right ascension in the number of a field without tile."""


FieldPoint: TypeAlias = tuple[int, float, float, str, int]
"""A field on a map: number, right ascension, declination [deg], program, place in `CLASSES` of its best exposure."""


class NightSummary(NamedTuple):
    """The exposures of one night, one type and one program.

    Attributes
    ----------
    night : int
        YYYYMMDD.
    obstype, program : str
        Of the exposures.
    exposures, fields : int
        How many exposures, those of class "test" too, and of how many different fields.
    seconds, usable_seconds : float
        Open-shutter time of all, and of those that are good or have a warning [s].
    good, warning, bad, open, test : int
        How many of each of `CLASSES`.
    """

    night: int
    obstype: str
    program: str
    exposures: int
    fields: int
    seconds: float
    usable_seconds: float
    good: int
    warning: int
    bad: int
    open: int
    test: int


class FieldSummary(NamedTuple):
    """One field (a tile) in a range of nights, in one program.

    Attributes
    ----------
    field : int
        Number of the tile; negative where the exposures had none.
    program : str
        Of its exposures.
    ra, dec : float or None
        Pointing of the newest one [deg].
    exposures : int
        How many, without tests.
    seconds : float
        Open-shutter time of those that are good or have a warning [s].
    effective : float
        Effective exposure time of those whose depth is known [s].
    undetermined : int
        Usable exposures whose depth is not known.
    good, warning, bad, open : int
        How many of each of `CLASSES`.
    last_night : int
        YYYYMMDD.
    """

    field: int
    program: str
    ra: float | None
    dec: float | None
    exposures: int
    seconds: float
    effective: float
    undetermined: int
    good: int
    warning: int
    bad: int
    open: int
    last_night: int


class FieldExposure(NamedTuple):
    """One exposure of a field or of a range of nights, with its class (an entry of `CLASSES`)."""

    exposure_id: int
    night: int
    expid: int
    obstype: str
    program: str
    field: int | None
    ra: float | None
    dec: float | None
    exptime: float | None
    process: int | None
    status: str
    flag: str
    depth: float | None
    headline: str
    kind: str


def field_number(ra: float, dec: float) -> int:
    """Return the number of a field that has no tile: its place in steps of 0.01 deg, below zero."""
    return -1 - round((dec + 90.0) * 100.0) * _STEPS - round(ra % 360.0 * 100.0) % _STEPS


def field_place(field: int) -> tuple[float, float] | None:
    """Return right ascension and declination [deg] of a field without tile; None for a tile."""
    if field >= 0:
        return None
    dec, ra = divmod(-1 - field, _STEPS)
    return ra / 100.0, dec / 100.0 - 90.0
