from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree
from star_fields import make_field

from qltui.reduction.background import measure_background, subtract_background
from qltui.reduction.masks import SATURATED
from qltui.reduction.sources import extract_sources
from qltui.reduction.star_profile import measure_profile
from qltui.reduction.star_selection import find_stars, stellar_locus
from qltui.reduction.star_shapes import mean_shape


def selected(field):
    """Return the stars, their width, the share of them that are stars, and what they have in common."""
    mask = field.saturated.astype(np.uint8) * np.uint8(SATURATED)
    background = measure_background(field.image, mask=mask)
    image = subtract_background(field.image, background)
    sources = extract_sources(image, background.rms, mask=mask, gain=4.0)
    stars = find_stars(image, sources, background.rms, mask=mask)
    profile = measure_profile(image, stars.shapes, background.rms, gain=4.0, mask=mask)
    if not len(stars):
        return stars, profile, 0.0, mean_shape(stars.shapes)
    distance, nearest = cKDTree(np.c_[field.x, field.y]).query(np.c_[stars.shapes.x, stars.shapes.y])
    return stars, profile, np.mean((distance < 1.5) & field.is_star[nearest]), mean_shape(stars.shapes)


@pytest.mark.parametrize(
    ("fwhm", "options"),
    [
        (2.5, {"stars": 25, "galaxies": 50, "cosmics": 40, "faintest": 400.0}),
        (4.0, {"stars": 40, "galaxies": 10, "cosmics": 300, "faintest": 600.0}),
        (4.0, {"stars": 300, "galaxies": 300, "bright": 6, "cosmics": 50}),
        (3.0, {"stars": 900, "galaxies": 50, "bright": 5, "faintest": 100.0}),
        (7.0, {"stars": 60, "galaxies": 100, "faintest": 1000.0}),
    ],
)
def test_stars_among_galaxies_cosmic_rays_and_bleed_trails(fwhm, options):
    stars, profile, pure, shape = selected(make_field(fwhm=fwhm, ellipticity=0.08, angle=30, seed=2, **options))
    assert len(stars) >= 7
    assert pure > 0.9
    assert not stars.coarse
    assert profile.fwhm == pytest.approx(fwhm, rel=0.02)
    assert shape.ellipticity == pytest.approx(0.08, abs=0.01 if len(stars) > 50 else 0.04)
    assert np.all(np.diff(stars.catalogue.snr[stars.index]) <= 0)


def test_stars_out_of_focus_are_found_as_what_they_are():
    stars, profile, pure, _ = selected(make_field(stars=100, galaxies=0, ring=(10, 3), faintest=10000, seed=4))
    assert len(stars) >= 10
    assert pure > 0.8
    assert profile.fwhm == pytest.approx(20.0, rel=0.15)


def test_trailed_stars_are_found_with_their_direction():
    field = make_field(stars=150, galaxies=0, fwhm=7.0, ellipticity=0.7, angle=-40.0, beta=None, faintest=2000, seed=4)
    stars, profile, pure, shape = selected(field)
    assert len(stars) >= 30
    assert pure > 0.9
    assert profile.fwhm == pytest.approx(7.0, rel=0.02)
    assert shape.ellipticity == pytest.approx(0.7, abs=0.02)
    assert shape.position_angle == pytest.approx(-40.0, abs=1.5)


def test_stars_near_masked_pixels_and_edges_are_left_out():
    field = make_field((512, 512), stars=100, galaxies=0, spacing=1, faintest=5000)
    field.saturated[:, int(field.x[5]) + 2] = True
    field.saturated[: int(field.y[0]) + 2] = True
    stars, _, _, _ = selected(field)
    assert np.all(np.abs(stars.shapes.x - (int(field.x[5]) + 2)) > 2.5)
    assert np.all(stars.shapes.y > field.y[0] + 4)
    assert len(stars) > 60


def test_no_stars_are_none_with_a_reason():
    field = make_field((256, 256), stars=0, galaxies=0, cosmics=20)
    stars, profile, _, shape = selected(field)
    assert len(stars) == 0
    assert "no stars" in stars.reason
    assert np.isnan([profile.fwhm, shape.ellipticity, stars.size]).all()


def test_locus_is_narrow_peak_and_not_the_broad_one():
    rng = np.random.default_rng(0)
    galaxies, stars = np.exp(rng.normal(1.0, 0.35, 200)), 1.7 * np.exp(rng.normal(0, 0.015, 25))
    which, middle, scatter = stellar_locus(np.r_[galaxies, stars, np.nan], np.full(226, 100.0))
    assert middle == pytest.approx(1.7, rel=0.01)
    assert which[200:225].mean() > 0.9
    assert which[:200].mean() < 0.15
    assert not which[225]
    assert scatter < 0.03


def test_two_sizes_are_no_locus():
    which, middle, _ = stellar_locus(np.array([1.0, 2.0]), np.array([100.0, 100.0]))
    assert not which.any()
    assert np.isnan(middle)
