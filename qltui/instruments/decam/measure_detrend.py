"""Metrics of DETREND: what amplifiers, header and the light of calibrations say."""

from __future__ import annotations

import math

import numpy as np

from qltui.instruments.decam.constants import PIXEL_MICRON, READOUT_TIME
from qltui.instruments.decam.layout import CCDS, FPA_CARDS
from qltui.instruments.decam.state import State
from qltui.model import Amplifier, Measurement
from qltui.reduction.masks import BAD, COSMIC

__all__ = ["bias_level", "cosmics_rate", "flat_level", "header_check", "read_noise", "saturated_fraction"]

_SQUARE_CM = (PIXEL_MICRON * 1e-4) ** 2
_USUAL_RATE = 12.0
"""Of hits, where it is normal and high [/cm2/min]."""


def _dead(metric: str, state: State) -> Measurement:
    return Measurement(metric, (math.nan,), reason=state.dead, not_applicable=True)


def _judged(state: State) -> tuple[tuple[int, Amplifier], ...]:
    """Return the amplifiers that are judged, with their place in the arrays."""
    assert state.ccd is not None
    return tuple((k, amp) for k, amp in enumerate(state.ccd.amplifiers) if amp.name not in state.unstable)


def _reason(state: State) -> str:
    """Return what is to be known of the amplifiers, in words."""
    words = [overscan.reason for overscan in state.overscans if overscan.reason]
    words += [f"amplifier {name} is not judged: {why}" for name, why in state.unstable.items()]
    return "; ".join(dict.fromkeys(words))


def bias_level(state: State) -> Measurement:
    """BIAS_AMP [ADU]: clipped level of the raw overscan pixels of each amplifier.

    Judged against the amplifier's own history: no header tells it, and it differs between amplifiers.
    """
    if state.dead:
        return _dead("BIAS_AMP", state)
    chosen = _judged(state)
    values = tuple(float(state.overscans[k].level) for k, _ in chosen)
    return Measurement("BIAS_AMP", values, tuple(amp.name for _, amp in chosen), _reason(state))


def read_noise(state: State) -> Measurement:
    """NOISE_AMP [e-]: clipped deviation of the raw overscan pixels, without digitisation, times the gain.

    Judged against the amplifier's own RDNOISE card, else its history: amplifiers lie between 5 and 13 e-.
    """
    if state.dead:
        return _dead("NOISE_AMP", state)
    assert state.ccd is not None
    chosen = _judged(state)
    values = tuple(float(state.ccd.read_noise[k]) for k, _ in chosen)
    expected = tuple(float(amp.read_noise) for _, amp in chosen)
    names = tuple(amp.name for _, amp in chosen)
    return Measurement("NOISE_AMP", values, names, _reason(state), {"header": expected})


def saturated_fraction(state: State) -> Measurement:
    """SATURATED_FRACTION [%]: pixels at or above the saturation level of their amplifier, over all of the CCD."""
    if state.dead:
        return _dead("SATURATED_FRACTION", state)
    assert state.ccd is not None
    share = {amp.name: float(state.ccd.saturated[k]) / math.prod(amp.ccd.shape) for k, amp in _judged(state)}
    if not share:
        return Measurement("SATURATED_FRACTION", (math.nan,), reason=_reason(state), not_applicable=True)
    most = max(share, key=lambda name: share[name])
    reason = f"most in amplifier {most}" if share[most] > 0 else ""
    return Measurement("SATURATED_FRACTION", (100.0 * sum(share.values()) / len(share),), reason=reason)


def cosmics_rate(state: State) -> Measurement:
    """COSMICS_RATE [1/cm2/min]: hits on the CCD in a minute of exposure time and half of the readout.

    A pixel waits on average half of the readout before it is read, and is hit meanwhile: that is all the time that a
    zero has. What chance adds to the usual rate, three deviations of it, is the reference ``expected``: on a small CCD
    or in a short exposure a single hit is much.
    """
    if state.dead:
        return _dead("COSMICS_RATE", state)
    if state.cosmics is None:
        reason = "cosmic rays were not looked for"
        return Measurement("COSMICS_RATE", (math.nan,), reason=reason, not_applicable=True)
    if state.exptime is None:
        return Measurement("COSMICS_RATE", (math.nan,), reason="no exposure time in the header")
    chosen = _judged(state)
    area = sum(math.prod(amp.ccd.shape) for _, amp in chosen) * _SQUARE_CM
    if not area:
        return Measurement("COSMICS_RATE", (math.nan,), reason=_reason(state), not_applicable=True)
    exposed = area * (state.exptime + 0.5 * READOUT_TIME) / 60.0
    rate = sum(int(state.cosmics.hits[k]) for k, _ in chosen) / exposed
    chance = (3.0 * math.sqrt(_USUAL_RATE * exposed) + 3.0) / exposed
    return Measurement("COSMICS_RATE", (rate,), references={"expected": (chance,)})


def flat_level(state: State) -> Measurement:
    """FLAT_LEVEL [ADU]: median light of the good pixels of each amplifier, above its bias.

    The flat field is not taken out: what counts is how far the pixels are from the end of their linear range.
    """
    if state.dead:
        return _dead("FLAT_LEVEL", state)
    assert state.ccd is not None
    values, names = [], []
    for _, amp in _judged(state):
        part = state.ccd.image[amp.ccd.slices][::4, ::4]
        good = (state.ccd.mask[amp.ccd.slices][::4, ::4] & (BAD | COSMIC)) == 0
        values.append(float(np.median(part[good])) / amp.gain if good.any() else math.nan)
        names.append(amp.name)
    if not names:
        return Measurement("FLAT_LEVEL", (math.nan,), reason=_reason(state), not_applicable=True)
    return Measurement("FLAT_LEVEL", tuple(values), tuple(names), _reason(state))


def header_check(state: State) -> Measurement:
    """HEADER_CHECK: number of cards of the CCD's header that contradict what is known of the CCD; the reason has them.

    A card that is absent contradicts nothing, unless it is one of those that turn ADU into electrons.
    """
    if state.dead:
        return _dead("HEADER_CHECK", state)
    ccd, header = CCDS[state.camera.name], state.header
    wrong = []
    if header.get("CCDNUM", ccd.number) != ccd.number:
        wrong.append(f"CCDNUM is {str(header['CCDNUM'])[:20]}, {ccd.name} is {ccd.number}")
    wrong += [
        f"{card} is {str(header[card])[:20]!r}"
        for card in ("EXTNAME", "DETPOS")
        if str(header.get(card, ccd.name)).strip().upper() != ccd.name
    ]
    backplane = FPA_CARDS.get(str(header.get("FPA", "")).strip().upper(), "")
    if "FPA" in header and backplane != ccd.backplane:
        wrong.append(f"FPA is {str(header['FPA'])[:20]!r}, {ccd.name} is on {ccd.backplane}")
    assert state.ccd is not None
    for amp in state.ccd.amplifiers:
        wrong += [f"VALID{amp.name} is F"] if header.get(f"VALID{amp.name}") is False else []
        wrong += [f"no usable card GAIN{amp.name}"] if amp.gain_from != "header" else []
        wrong += [f"no usable card SATURAT{amp.name}"] if amp.saturation_from != "header" else []
    return Measurement("HEADER_CHECK", (float(len(wrong)),), reason="; ".join(wrong))
