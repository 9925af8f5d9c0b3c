from __future__ import annotations

import numpy as np
import pytest
from star_fields import add_ring, make_field

from qltui.reduction.star_profile import measure_profile
from qltui.reduction.star_shapes import mean_shape, measure_shapes


def grid_of_stars(fwhm, beta, ellipticity=0.0, angle=0.0, number=64, side=768):
    field = make_field(
        (side, side), stars=number, galaxies=0, spacing=1, faintest=200.0 * fwhm**2, fwhm=fwhm, beta=beta,
        ellipticity=ellipticity, angle=angle, seed=3,
    )  # fmt: skip
    image, mask = field.image - np.float32(field.sky), field.saturated.astype(np.uint8)
    place = np.rint([field.y, field.x]).astype(int)
    clean = np.array([not mask[j - 4 : j + 5, i - 4 : i + 5].any() for j, i in place.T])
    return field, image, mask, field.x[clean], field.y[clean]


@pytest.mark.parametrize("beta", [None, 2.5, 4.0])
@pytest.mark.parametrize(
    ("fwhm", "ellipticity", "angle"),
    [(1.8, 0.1, 20.0), (1.8, 0.0, 0.0), (3.0, 0.3, -70.0), (5.0, 0.5, 45.0), (8.0, 0.05, 0.0)],
)
def test_width_and_ellipse_of_gaussian_and_moffat_stars(fwhm, ellipticity, angle, beta):
    field, image, mask, x, y = grid_of_stars(fwhm, beta, ellipticity, angle)
    shapes = measure_shapes(image, x, y, 2.0, mask=mask)
    shape = mean_shape(shapes)
    assert shape.number > 0.95 * x.size
    assert shape.ellipticity == pytest.approx(ellipticity, abs=0.01)
    if ellipticity:
        assert (shape.position_angle - angle + 90) % 180 - 90 == pytest.approx(0.0, abs=2.5)
    assert np.nanmedian(np.hypot(shapes.x - x, shapes.y - y)) < 0.05
    profile = measure_profile(image, shapes, field.noise, gain=4.0, mask=mask)
    assert profile.number > 0.95 * x.size
    assert profile.fwhm == pytest.approx(fwhm, rel=0.01)
    assert np.nanmedian(np.abs(profile.stars / fwhm - 1)) < 0.06
    assert profile.error < 0.01 * fwhm
    if beta is not None:
        assert profile.beta == pytest.approx(beta, rel=0.1)


def test_recorded_width_is_that_of_the_pixels():
    fwhm = 2.0
    _, image, mask, x, y = grid_of_stars(fwhm, None)
    profile = measure_profile(image, measure_shapes(image, x, y, 1.0, mask=mask), 10.0, gain=4.0, mask=mask)
    convolved = np.sqrt(fwhm**2 + 8 * np.log(2) / 12)  # of a Gaussian and a pixel
    assert profile.fwhm_recorded == pytest.approx(convolved, rel=0.01)


def test_whisker_is_the_root_of_the_difference_of_moments():
    fwhm, ellipticity = 4.0, 0.3
    _, image, mask, x, y = grid_of_stars(fwhm, None, ellipticity, 30.0)
    major2, minor2 = fwhm**2 / (1 - ellipticity) / (8 * np.log(2)), fwhm**2 * (1 - ellipticity) / (8 * np.log(2))
    shape = mean_shape(measure_shapes(image, x, y, 2.0, mask=mask))
    assert shape.whisker == pytest.approx(np.sqrt(major2 - minor2), rel=0.02)


def test_noise_alone_makes_no_ellipse_in_the_mean():
    field = make_field((768, 768), stars=225, galaxies=0, spacing=1, faintest=700.0, beta=None, seed=8)
    shapes = measure_shapes(field.image - np.float32(field.sky), field.x, field.y, 1.7)
    assert np.nanmedian(np.hypot(shapes.e1, shapes.e2)) > 0.04
    assert mean_shape(shapes).ellipticity < 0.01


def test_no_star_no_width():
    image = np.random.default_rng(0).normal(0, 1, (64, 64)).astype(np.float32)
    shapes = measure_shapes(image - 10, np.array([30.0]), np.array([30.0]), 2.0)
    assert np.isnan(shapes.flux).all()
    assert mean_shape(shapes).number == 0
    assert np.isnan(mean_shape(shapes).ellipticity)
    for nothing in (shapes, measure_shapes(image, np.zeros(0), np.zeros(0), 2.0)):
        profile = measure_profile(image, nothing, 1.0)
        assert np.isnan([profile.fwhm, profile.fwhm_recorded, profile.error, profile.beta]).all()
        assert profile.number == 0


def test_rings_far_out_of_focus_have_the_width_of_the_ring():
    image = np.zeros((300, 300))
    add_ring(image, 150.0, 150.0, 1e6, 14.0, 5.0)
    image += np.random.default_rng(0).normal(0, 2, image.shape)
    shapes = measure_shapes(image.astype(np.float32), np.array([151.0]), np.array([149.0]), 5.0)
    assert shapes.x[0] == pytest.approx(150.0, abs=0.1)
    profile = measure_profile(image.astype(np.float32), shapes, 2.0)
    assert profile.fwhm == pytest.approx(28.0, rel=0.03)
    assert np.isnan(profile.beta)
