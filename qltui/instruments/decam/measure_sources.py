"""Metrics of SOURCES and QA: sky, counts, and width and shape of stars."""

from __future__ import annotations

import math

import numpy as np

from qltui.instruments.decam.constants import BANDS, PIXEL_SCALE
from qltui.instruments.decam.recipe_stars import IGNORED
from qltui.instruments.decam.state import State
from qltui.model import Measurement

__all__ = [
    "background",
    "background_rate",
    "ellipticity",
    "fwhm",
    "number_counts",
    "position_angle",
    "sky_brightness",
    "whisker",
]

_ARCSEC2_IN_ARCMIN2 = 3600.0
_FEWEST_STARS = 3


def _without(metric: str, state: State, reason: str) -> Measurement:
    """Return that there is no value; where the component is switched off or the CCD is dead, it has no meaning."""
    meant = bool(state.dead) or "switched off" in reason
    return Measurement(metric, (math.nan,), reason=reason, not_applicable=meant)


def background_rate(state: State) -> tuple[float, str]:
    """Return the sky in electrons in a second on a pixel, or NaN and the reason."""
    if state.background is None:
        return math.nan, state.background_reason
    if not state.exptime:
        return math.nan, "no exposure time in the header"
    return state.background.level / state.exptime, ""


def background(state: State) -> Measurement:
    """BACKGROUND [ADU/s]: level of the sky, by the mean gain of the amplifiers."""
    rate, reason = background_rate(state)
    if reason or state.ccd is None:
        return _without("BACKGROUND", state, reason)
    gains = [amp.gain for amp in state.ccd.amplifiers if amp.name not in state.unstable]
    if not gains:
        return _without("BACKGROUND", state, "no amplifier is judged")
    return Measurement("BACKGROUND", (rate / (sum(gains) / len(gains)),))


def sky_brightness(state: State) -> Measurement:
    """SKY_BRIGHTNESS [mag/arcsec2]: the same as a magnitude, ``zero point - 2.5 log10(e-/s/arcsec2)``.

    Judged against a dark sky in this band, the reference ``expected``.
    """
    rate, reason = background_rate(state)
    band = BANDS.get(state.exposure.program)
    if reason:
        return _without("SKY_BRIGHTNESS", state, reason)
    if band is None:
        reason = f"no zero point is stated for filter {state.exposure.program or 'that is not known'}"
        return Measurement("SKY_BRIGHTNESS", (math.nan,), reason=reason, not_applicable=True)
    if rate <= 0:
        return Measurement("SKY_BRIGHTNESS", (math.nan,), reason="the background is not above the bias")
    value = band.zero_point - 2.5 * math.log10(rate / PIXEL_SCALE**2)
    return Measurement("SKY_BRIGHTNESS", (value,), references={"expected": (band.sky,)})


def number_counts(state: State) -> Measurement:
    """NUMBER_COUNTS [1/arcmin2]: sources of at least 5 sigma over the area of the pixels that say something."""
    if state.sources is None or state.ccd is None:
        return _without("NUMBER_COUNTS", state, state.sources_reason)
    mask = state.ccd.mask
    good = mask.size - int(np.count_nonzero(mask & np.uint8(IGNORED)))
    if not good:
        return _without("NUMBER_COUNTS", state, "all pixels are masked")
    return Measurement("NUMBER_COUNTS", (len(state.sources) / (good * PIXEL_SCALE**2 / _ARCSEC2_IN_ARCMIN2),))


def _few(state: State) -> str:
    """Return why the stars tell nothing; empty where they do."""
    if state.profile is None or state.shape is None:
        return state.qa_reason
    if state.profile.number < _FEWEST_STARS:
        return f"only {state.profile.number} stars could be measured"
    return ""


def fwhm(state: State) -> Measurement:
    """FWHM [arcsec]: width at half maximum of the stars' profile, median of the stars, before the pixels sample it."""
    reason = _few(state)
    if reason or state.profile is None:
        return _without("FWHM", state, reason)
    error = state.profile.error * PIXEL_SCALE
    words = f"{state.profile.number} stars, error {error:.3f} arcsec" if math.isfinite(error) else ""
    return Measurement("FWHM", (state.profile.fwhm * PIXEL_SCALE,), reason=words)


def ellipticity(state: State) -> Measurement:
    """ELLIPTICITY: 1 - b/a of the shape that the stars have in common."""
    reason = _few(state)
    if reason or state.shape is None:
        return _without("ELLIPTICITY", state, reason)
    return Measurement("ELLIPTICITY", (state.shape.ellipticity,))


def whisker(state: State) -> Measurement:
    """WHISKER [arcsec]: ``((xx - yy)^2 + (2 xy)^2)^(1/4)`` of the stars' common moments."""
    reason = _few(state)
    if reason or state.shape is None:
        return _without("WHISKER", state, reason)
    return Measurement("WHISKER", (state.shape.whisker * PIXEL_SCALE,))


def position_angle(state: State) -> Measurement:
    """POSITION_ANGLE [deg]: of the stars' major axis, on the sky from north over east."""
    reason = _few(state)
    if reason or state.shape is None:
        return _without("POSITION_ANGLE", state, reason)
    angle = state.shape.position_angle
    if state.wcs is None:
        reason = "from the rows of the CCD: no projection in the header"
        return Measurement("POSITION_ANGLE", (angle % 180.0,), reason=reason)
    return Measurement("POSITION_ANGLE", (state.wcs.position_angle(angle),))
