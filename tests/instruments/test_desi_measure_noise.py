"""Read noise in electrons, where somebody knows how many electrons a count is."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest

from qltui.instruments.desi.measure_ccd import read_noise
from qltui.model import Amplifier, Section


@pytest.mark.parametrize("source", ["header", "calibration", "default"])
def test_without_a_gain_the_noise_in_electrons_is_unknown(source):
    place = Section(0, 10, 0, 10)
    amplifiers = [
        Amplifier("A", place, place, place, 1.5, 3.0, 65535.0),
        Amplifier("B", place, place, place, 1.0, 3.0, 65535.0, source),
    ]
    state = SimpleNamespace(
        ccd=SimpleNamespace(amplifiers=amplifiers, read_noise=(3.1, 2.2)),
        overscans=(),
        calibration=SimpleNamespace(bias_levels={}),
        raw=SimpleNamespace(amplifiers=amplifiers),
    )
    measured = read_noise(state)
    assert measured.values[0] == 3.1
    if source == "default":
        assert math.isnan(measured.values[1])
        assert measured.reason == "no usable gain of amplifier B in header or calibration"
    else:
        assert measured.values[1] == 2.2
        assert measured.reason == ""
