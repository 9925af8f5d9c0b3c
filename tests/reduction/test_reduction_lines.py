"""Line lists: wavelengths that are right, and lines that stand alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qltui.reduction.lines import ARC_LINES, SKY_LINES, LineList, isolated

ARMS = {"b": (3570.0, 5730.0), "r": (5630.0, 7740.0), "z": (7650.0, 9830.0)}


@pytest.mark.parametrize("lines", [SKY_LINES, ARC_LINES])
def test_lists_are_sorted_positive_and_cover_every_arm(lines: LineList) -> None:
    assert np.all(np.diff(lines.wavelength) > 0)
    assert np.all(lines.strength > 0)
    assert lines.strength.max() == 1.0
    for low, high in ARMS.values():
        assert len(lines.within(low, high)) >= 5


@pytest.mark.shared
def test_arc_wavelengths_agree_with_the_observatory(shared_data: Path) -> None:
    text = (shared_data / "desi" / "goodlines_vacuum.ascii").read_text()
    reference = []
    for row in text.splitlines():
        words = row.lstrip("#").split()
        if len(words) >= 2 and words[0].replace(".", "", 1).isdigit():
            reference.append((float(words[0]), words[1]))
    assert len(reference) > 60
    for wavelength, species in reference:
        ours = ARC_LINES.of(species).wavelength
        assert np.abs(ours - wavelength).min() < 0.02, (wavelength, species)


@pytest.mark.parametrize(
    ("species", "wavelength"),
    # Vacuum wavelengths of the NIST database, and of the two brightest OH lines in the z arm.
    [("OI", 5578.887), ("OI", 6302.046), ("OI", 6365.536), ("NaI", 5891.583), ("NaI", 5897.558), ("NI", 5199.35),
     ("OH", 8432.49), ("OH", 9378.55), ("HgI", 4359.56), ("HgI", 5462.27)],
)  # fmt: skip
def test_sky_lines_are_in_vacuum(species: str, wavelength: float) -> None:
    assert np.abs(SKY_LINES.of(species).wavelength - wavelength).min() < 0.05


def test_sky_peak_and_arc_lines_of_the_field_are_listed() -> None:
    for wavelength in (3914.4, 5578.9, 6301.9, 7342.8, 8432.4, 9378.5):
        assert np.abs(SKY_LINES.wavelength - wavelength).min() < 0.2
    for wavelength in (4047.7, 4359.6, 6144.7, 6404.0, 6508.3, 7247.1, 8302.6, 8379.9, 8497.7, 8856.3, 9151.1, 9668.0):
        assert np.abs(ARC_LINES.wavelength - wavelength).min() < 0.1


@pytest.mark.parametrize("separation", np.arange(0.0, 8.0, 0.25))
def test_isolated_lines_are_found_where_they_are(separation: float) -> None:
    """A fit to two blended lines is off by what the rule foretells, and only such a pair is refused."""
    sigma, ratio = 1.1, 0.3
    lines = LineList(np.array([5000.0, 5000.0 + separation]), np.array([1.0, ratio]), np.array(["A", "B"]))
    kept = isolated(lines, 1.0, sigma, pull=0.02, strength=0.5)
    x = np.linspace(-15, 15, 6001)
    data = np.exp(-0.5 * (x / sigma) ** 2) + ratio * np.exp(-0.5 * ((x - separation) / sigma) ** 2)
    shift = np.linspace(-1, 1, 2001)
    match = [np.sum(data * np.exp(-0.5 * ((x - s) / sigma) ** 2)) for s in shift]
    pulled = abs(shift[int(np.argmax(match))])
    if len(kept):
        assert pulled < 0.025
    else:
        assert pulled > 0.01


def test_a_faint_line_beside_a_bright_one_is_not_isolated() -> None:
    lines = LineList(np.array([5000.0, 5004.0, 5050.0]), np.array([1.0, 0.05, 0.05]), np.array(["A", "A", "A"]))
    assert isolated(lines, 1.0, 1.1).wavelength.tolist() == [5000.0, 5050.0]
    assert isolated(lines, 1.0, 1.1, strength=0.2).wavelength.tolist() == [5000.0]


@pytest.mark.parametrize(("dispersion", "sigma"), [(0.0, 1.0), (1.0, 0.0), (float("nan"), 1.0)])
def test_senseless_dispersion_is_refused(dispersion: float, sigma: float) -> None:
    with pytest.raises(ValueError, match="makes no sense"):
        isolated(SKY_LINES, dispersion, sigma)
