"""Metrics of CHECK CCDS: what the detector and its amplifiers say."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from qltui.instruments.desi.calibration import LineWidths
from qltui.instruments.desi.state import State
from qltui.model import Measurement

__all__ = ["bias_level", "check_hdus", "cosmics_rate", "line_widths", "lit_fraction", "read_noise"]

DEFAULT_READOUT: Final = 60.0
"""Time to read the detector where the header has no DIGITIME [s]; real ones lie between 48 and 62."""


def _names(state: State) -> tuple[str, ...]:
    return tuple(amplifier.name for amplifier in state.ccd.amplifiers)


def _floats(values: object) -> tuple[float, ...]:
    return tuple(float(value) for value in values)  # type: ignore[attr-defined]


def check_hdus(state: State) -> Measurement:
    """CHECKHDUS: whether the cards CAMERA and EXPID of the camera's HDU agree with camera and exposure.

    Unlike the reference, which stops at a wrong card before anything is written, it is judged and the rest goes on. A
    card that is absent leaves its element unknown.
    """
    header = state.raw.header
    camera, expid = header.get("CAMERA"), header.get("EXPID")
    values = (
        math.nan if camera is None else float(str(camera).strip().lower() == state.camera.name),
        math.nan if expid is None else float(_same_number(expid, state.exposure.expid)),
    )
    absent = [name for name, card in (("CAMERA", camera), ("EXPID", expid)) if card is None]
    wrong = [
        f"{name} is {str(card).strip()[:20]!r}"
        for name, card, value in zip(("CAMERA", "EXPID"), (camera, expid), values, strict=True)
        if value == 0.0
    ]
    reason = ", ".join([*wrong, *(f"no card {name}" for name in absent)])
    return Measurement("CHECKHDUS", values, ("CAMERA", "EXPID"), reason)


def _same_number(card: object, number: int) -> bool:
    """Whether a card, which may be text, is this number."""
    try:
        return int(float(str(card))) == number
    except (ValueError, OverflowError):
        return False


def read_noise(state: State) -> Measurement:
    """NOISE_AMP [e-]: clipped standard deviation of the raw overscan pixels, without quantisation, times the gain.

    Judged against the amplifier's own RDNOISE card, else the calibration's, else its own history. (The reference
    took its noise statistics from raw coordinates applied to the trimmed image, and paired amplifiers by rank.)
    """
    expected = tuple(amplifier.read_noise for amplifier in state.ccd.amplifiers)
    levels = state.calibration.bias_levels
    night = tuple(levels[name].noise if name in levels else math.nan for name in _names(state))
    reasons = [overscan.reason for overscan in state.overscans if overscan.reason]
    # Without a gain nobody knows what the noise is in electrons, and one that is taken instead could hide a bad one.
    unknown = [amplifier.gain_from == "default" for amplifier in state.ccd.amplifiers]
    without = [name for name, is_unknown in zip(_names(state), unknown, strict=True) if is_unknown]
    if without:
        reasons.append(f"no usable gain of amplifier {', '.join(without)} in header or calibration")
    values = tuple(
        math.nan if is_unknown else value
        for value, is_unknown in zip(_floats(state.ccd.read_noise), unknown, strict=True)
    )
    reason = "; ".join(dict.fromkeys(reasons))
    return Measurement("NOISE_AMP", values, _names(state), reason, {"header": expected, "calibration": night})


def bias_level(state: State) -> Measurement:
    """BIAS_AMP [ADU]: clipped mean of the raw overscan pixels of each amplifier.

    Judged against the newest zero of the night that was fit, else the amplifier's own history.
    """
    levels = state.calibration.bias_levels
    night = tuple(levels[name].level if name in levels else math.nan for name in _names(state))
    reason = "; ".join(dict.fromkeys(overscan.reason for overscan in state.overscans if overscan.reason))
    values = tuple(overscan.level for overscan in state.overscans)
    return Measurement("BIAS_AMP", values, _names(state), reason, {"calibration": night})


def lit_fraction(state: State) -> Measurement:
    """LITFRAC_AMP: fraction of the pixels of each amplifier above five times its read noise.

    Of measured and expected read noise the larger counts, so that a noisy amplifier does not look lit.
    """
    return Measurement("LITFRAC_AMP", _floats(state.ccd.lit_fraction), _names(state))


def cosmics_rate(state: State) -> Measurement:
    """COSMICS_RATE [1/min]: hits on each amplifier in a minute of exposure time and half of the readout.

    A pixel waits on average half of the readout before it is read, and is hit meanwhile: that is all the time that a
    zero has.
    """
    names = _names(state)
    if state.cosmics is None:
        unknown = (math.nan,) * len(names)
        return Measurement(
            "COSMICS_RATE",
            unknown,
            names,
            "cosmic rays were not looked for: reduction.cosmics is switched off",
            not_applicable=True,
        )
    if state.exptime is None:
        return Measurement("COSMICS_RATE", (math.nan,) * len(names), names, "no exposure time in the header")
    readout = state.raw.header.get("DIGITIME")
    known = isinstance(readout, int | float) and 0 < readout < 1000
    seconds = state.exptime + 0.5 * (float(readout) if known else DEFAULT_READOUT)  # type: ignore[arg-type]
    return Measurement("COSMICS_RATE", _floats(state.cosmics.hits * (60.0 / seconds)), names)


def line_widths(state: State) -> Measurement:
    """XWSIGMA [px]: medians over fibres of the true Gaussian sigma of lines across (x) and along (w) the dispersion.

    Unlike the reference's, the fit has a background and integrates over pixels, is made where the spectra are and not
    where the calibrated traces say, and a failed one is no value instead of the reference value.
    """
    names = ("x", "w")
    if state.widths is None:
        reason = state.traces_reason or "no lines to measure"
        return Measurement("XWSIGMA", (math.nan, math.nan), names, reason, not_applicable=True)
    values = (state.widths.x_median, state.widths.w_median)
    return Measurement("XWSIGMA", values, names, state.widths.reason, {"calibration": _calibrated_widths(state)})


def _calibrated_widths(state: State) -> tuple[float, float]:
    """Return the median widths that are expected [px]; NaN where nothing declares them.

    Across the dispersion those of the traces; along it those that the night's arc gave, else those of the traces.
    """
    if state.rows is None:
        return math.nan, math.nan
    along: npt.NDArray[np.floating] = state.rows.ysigma
    if state.calibration.line_widths is not None:
        along = _arc_widths(state.calibration.line_widths)
    x, w = (sigma[np.isfinite(sigma)] for sigma in (state.rows.xsigma, along))
    return float(np.median(x)) if x.size else math.nan, float(np.median(w)) if w.size else math.nan


def _arc_widths(widths: LineWidths) -> npt.NDArray[np.float64]:
    """Return the widths of an arc's lines in every fibre, over the whole range [px]; a fibre without a fit is NaN."""
    fitted = np.where(np.any(widths.ysigma_coeff != 0, axis=1)[:, None], widths.ysigma_coeff, np.nan)
    return np.asarray(np.polynomial.legendre.legval(np.linspace(-0.9, 0.9, 19), fitted.T), dtype=np.float64)
