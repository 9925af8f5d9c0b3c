"""Metrics of CHECK FIBERS: where the spectra lie and which fibres bring light."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from qltui.instruments.desi.state import State
from qltui.model import Measurement

__all__ = ["declared_fibers", "good_fibers", "name_fibers", "trace_shifts"]

_NAMED: Final = 5
"""Ranges of fibres that a reason names before it only counts."""


def good_fibers(state: State) -> Measurement:
    """NGOODFIB: fibres that bring light, of those that the traces declare and that are not known to be broken.

    What a fibre must bring follows from what the working fibres of this exposure bring and from the noise. (The
    reference compares with 500 whatever the traces say, with a threshold that needs amplifiers named by numbers, so
    that real data have no such metric.)
    """
    if state.levels is None:
        return Measurement("NGOODFIB", (math.nan,), reason=_no_spectra(state), not_applicable=True)
    good = state.levels.good
    declared = declared_fibers(state, good.size)
    dark = np.flatnonzero(declared & ~good)
    words = [f"dark: {name_fibers(dark)}" if dark.size else "", state.levels.reason]
    value, expected = float((good & declared).sum()), float(declared.sum())
    reason = "; ".join(word for word in words if word)
    return Measurement("NGOODFIB", (value,), reason=reason, references={"calibration": (expected,)})


def declared_fibers(state: State, nfiber: int) -> npt.NDArray[np.bool_]:
    """Return the fibres that should bring light: all that the traces have, but for those known to be broken."""
    declared = np.ones(nfiber, dtype=bool)
    declared[[fiber for fiber in state.calibration.broken_fibers if 0 <= fiber < nfiber]] = False
    return declared


def trace_shifts(state: State) -> Measurement:
    """XYSHIFTS [px]: how far the spectra lie from the calibrated traces, dx across and dy along the dispersion.

    Both are absolute: dy is measured at known lines, so that a shift which all fibres share is seen. (The reference
    compares each fibre with the median fibre of the same exposure, and gave 0.0005 px for an injected 0.10 px.) A
    flat has no lines, and a twilight those of the Sun: they have dx alone.
    """
    names = ("dx", "dy") if state.has_lines else ("dx",)
    if state.dx is None:
        nothing = (math.nan,) * len(names)
        return Measurement("XYSHIFTS", nothing, names, _no_spectra(state), not_applicable=True)
    shifts = [state.dx, state.dy] if state.has_lines else [state.dx]
    values = tuple(shift.value if shift is not None else math.nan for shift in shifts)
    reasons = dict.fromkeys(shift.reason for shift in shifts if shift is not None and shift.reason)
    return Measurement("XYSHIFTS", values, names, "; ".join(reasons))


def _no_spectra(state: State) -> str:
    return state.traces_reason or "no spectra were extracted"


def name_fibers(fibers: Iterable[int] | npt.NDArray[np.int64]) -> str:
    """Return fibres as ranges, ``"12 40-45"``; only their number where they are many ranges."""
    numbers = sorted(int(fiber) for fiber in fibers)
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    if len(ranges) > _NAMED:
        return f"{len(numbers)} fibres between {numbers[0]} and {numbers[-1]}"
    return " ".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)
