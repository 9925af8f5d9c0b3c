"""Spectra as charts: ranges, extremes, lines, and fibres that can be told apart without colour."""

from __future__ import annotations

import numpy as np
import pytest

from qltui.instruments.fiber_view import MarkedLine
from qltui.tables.spectra import Spectrum
from qltui.tui.charts import draw_chart
from qltui.tui.spectrum_chart import SpectrumLook, lines_in, spectrum_spec, zoomed
from qltui.tui.symbols import CHARSETS
from qltui.tui.text import plain, to_ascii

LINES = tuple(MarkedLine(4000.0 + 100.0 * n, "OH", 1.0 / (n + 1)) for n in range(20))


def spectrum(fiber=1, camera="b0", start=3600.0, count=2000, spike=None):
    wavelength = start + np.arange(count)
    flux = np.full(count, 10.0 * fiber)
    if spike is not None:
        flux[spike] = 999.0
    return Spectrum(fiber, camera, camera[0], wavelength, flux, np.ones(count), "e-/Angstrom", "as extracted")


def test_a_spike_of_one_bin_is_never_lost():
    spec = spectrum_spec([spectrum(spike=777)], SpectrumLook(), (), 100)
    (curve,) = spec.series
    assert len(curve.spans) <= 101
    assert max(high for _, _, high in curve.spans) == 999.0
    drawn = "\n".join(plain(line) for line in draw_chart(spec, 80, 20, CHARSETS["braille"]))
    assert "999" in drawn or "1000" in drawn


def test_few_points_are_joined():
    spec = spectrum_spec([spectrum()], SpectrumLook(x_range=(3700.0, 3750.0)), (), 100)
    (curve,) = spec.series
    assert curve.joined
    assert len(curve.points) == 51


def test_fibres_are_told_apart_by_a_digit():
    spec = spectrum_spec([spectrum(1), spectrum(2), spectrum(2, "r0", 5700.0)], SpectrumLook(), (), 100)
    markers = [series.marker for series in spec.series if series.marker]
    assert markers == ["1", "2"]
    assert [(entry.mark, entry.name) for entry in spec.legend] == [("1", "fibre 1"), ("2", "fibre 2")]
    drawn = [to_ascii(plain(line)) for line in draw_chart(spec, 80, 20, CHARSETS["ascii"])]
    assert any("2" in line[10:] for line in drawn[2:-1])


def test_the_strongest_lines_in_the_range_are_marked():
    assert [line.wavelength for line in lines_in(LINES, (4050.0, 5000.0), 3)] == [4100.0, 4200.0, 4300.0]
    spec = spectrum_spec([spectrum()], SpectrumLook(), LINES, 70)
    assert [x for x, _, _ in spec.series[0].spans] == [4000.0, 4100.0, 4200.0, 4300.0, 4400.0]
    assert spectrum_spec([spectrum()], SpectrumLook(lines=False), LINES, 70).series[0].role == "trend"


def test_zoom_and_pan_stay_inside_the_data():
    spectra = [spectrum(count=2001)]
    look = zoomed(SpectrumLook(), spectra, 0.5)
    assert look.x_range == pytest.approx((4100.0, 5100.0))
    for _ in range(9):
        look = zoomed(look, spectra, 1.0, 0.25)
    assert look.x_range == pytest.approx((4600.0, 5600.0))
    assert zoomed(look, spectra, 4.0).x_range is None
    for _ in range(20):
        look = zoomed(look, spectra, 0.5)
    assert look.x_range[1] - look.x_range[0] == pytest.approx(20.0)
    assert zoomed(SpectrumLook(), [], 0.5) == SpectrumLook()


def test_most_values_or_one_arm_alone():
    spectra = [spectrum(spike=5), spectrum(1, "r0", 5700.0)]
    assert spectrum_spec(spectra, SpectrumLook(), ()).y_limits is None
    assert spectrum_spec(spectra, SpectrumLook(y_range="95 %"), ()).y_limits[1] < 20.0
    assert spectrum_spec(spectra, SpectrumLook(arm="r"), ()).x_range == (5700.0, 7699.0)
    assert spectrum_spec(spectra, SpectrumLook(arm="z"), ()) is None
    assert spectrum_spec([], SpectrumLook(), ()) is None


def test_a_spectrum_without_any_value_is_drawn_as_masked():
    whole = spectrum(count=50)
    dark = Spectrum(1, "b0", "b", whole.wavelength, np.full(50, np.nan), whole.error, "e-/Angstrom")
    spec = spectrum_spec([dark], SpectrumLook(), ())
    assert [entry.name for entry in spec.legend] == ["fibre 1", "50 bins masked"]
    assert draw_chart(spec, 80, 20, CHARSETS["braille"])
