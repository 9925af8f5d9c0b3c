"""Metrics of calibration exposures: CHECK ARC and CHECK FIBERFLAT."""

from __future__ import annotations

import math

import numpy as np

from qltui.instruments.desi.measure_fibers import declared_fibers, name_fibers
from qltui.instruments.desi.state import State
from qltui.model import Measurement

__all__ = ["arc_fibers", "flat_mean"]


def arc_fibers(state: State) -> Measurement:
    """CHECKARC: fibres that show the lines of every lamp, with widths that could be fitted over the whole arm.

    Compared with the fibres that the traces declare and that are not known to be broken, instead of with 480. (The
    reference counts fibres with a fit, which one lamp alone may give.)
    """
    if state.arc is None or state.lamps is None:
        return _without_spectra("CHECKARC", state)
    declared = declared_fibers(state, state.arc.good.size)
    complete = state.arc.good & state.lamps.shines & declared
    missing = state.lamps.missing
    failed = np.flatnonzero(declared & ~complete)
    words = [
        f"no light of {' '.join(missing)}" if missing else "",
        f"failed: {name_fibers(failed)}" if failed.size and not missing else "",
        state.arc.reason,
    ]
    value, expected = float(complete.sum()), float(declared.sum())
    reason = "; ".join(word for word in words if word)
    return Measurement("CHECKARC", (value,), reason=reason, references={"calibration": (expected,)})


def flat_mean(state: State) -> Measurement:
    """CHECKFLAT: mean of the fibre flat over all declared fibres; a fibre without light counts as 0.

    The flat's mean over the working fibres is 1 by its making, so this falls below 1 by the share of dark ones. (In
    the reference a fibre without light gets a flat of 1, and the metric cannot tell.)
    """
    if state.spectra is None:
        return _without_spectra("CHECKFLAT", state)
    if state.flat is None:
        return Measurement("CHECKFLAT", (math.nan,), reason="no fibre brings light")
    declared = declared_fibers(state, state.flat.flat.shape[0])
    known = state.flat.ivar > 0
    if not known[declared].any():
        return Measurement("CHECKFLAT", (math.nan,), reason="no fibre brings light")
    sums = np.where(known, state.flat.flat, np.float32(0)).sum(axis=1, dtype=np.float64)
    count = known.sum(axis=1)
    means = np.where(count > 0, sums / np.maximum(count, 1), 0.0)
    dark = np.flatnonzero(declared & (count == 0))
    reason = f"dark: {name_fibers(dark)}" if dark.size else ""
    return Measurement("CHECKFLAT", (float(means[declared].mean()),), reason=reason)


def _without_spectra(metric: str, state: State) -> Measurement:
    reason = state.traces_reason or "no spectra were extracted"
    return Measurement(metric, (math.nan,), reason=reason, not_applicable=True)
