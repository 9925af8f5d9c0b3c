from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree
from star_fields import make_field

from qltui.reduction.background import measure_background, subtract_background
from qltui.reduction.masks import BAD, SATURATED
from qltui.reduction.sources import EDGE, MASKED, Catalogue, SourceLimitError, extract_sources
from qltui.reduction.sources import SATURATED as SATURATED_SOURCE


def searched(image, mask=None, ignore=BAD, **options):
    background = measure_background(image, mask=mask, ignore=ignore)
    flat = subtract_background(image, background, mask=mask, ignore=ignore)
    return extract_sources(flat, background.rms, mask=mask, ignore=ignore, **options)


def matched(x, y, catalogue, radius=2.0):
    """Return the distance of each place to the nearest source, and that source."""
    return cKDTree(np.c_[catalogue.x, catalogue.y]).query(np.c_[x, y], distance_upper_bound=radius)


def test_stars_are_found_where_they_are_and_nothing_else():
    field = make_field((512, 512), stars=100, galaxies=0, spacing=1, faintest=3000, beta=None)
    found = searched(field.image, gain=4.0)
    distance, which = matched(field.x, field.y, found)
    assert len(found) == 100
    assert np.all(distance < 0.3)
    assert np.all(found.flags == 0)
    assert np.median(found.flux[which] / field.flux) == pytest.approx(0.9, abs=0.03)  # the rest lies below
    assert np.median(found.fwhm) == pytest.approx(4.0, rel=0.05)
    error = np.sqrt(found.npix * field.noise**2 + found.flux / 4.0)
    assert found.snr == pytest.approx(found.flux / error, rel=0.02)


def test_flags_tell_saturated_masked_and_cut_sources():
    field = make_field((512, 512), stars=64, galaxies=0, spacing=1, faintest=5000)
    image, mask = field.image.copy(), np.zeros(field.image.shape, dtype=np.uint8)
    saturated, masked = (round(field.y[10]), round(field.x[10])), (round(field.y[20]), round(field.x[20]))
    mask[saturated] = SATURATED
    mask[masked[0] + 1, masked[1]] = BAD
    image[masked[0] + 1, masked[1]] = 60000.0
    image = image[:, round(field.x[0]) :]
    found = searched(image, mask[:, round(field.x[0]) :].copy())
    _, which = matched(field.x - round(field.x[0]), field.y, found, 3.0)
    assert found.flags[which[10]] == SATURATED_SOURCE
    assert found.flags[which[20]] & MASKED
    assert found.flags[which[0]] & EDGE
    assert np.count_nonzero(found.flags & SATURATED_SOURCE) == 1


def test_an_empty_frame_has_an_empty_catalogue():
    found = searched(np.random.default_rng(0).normal(100, 3, (256, 256)).astype(np.float32))
    assert len(found) == 0
    assert isinstance(found.selected(np.zeros(0, dtype=bool)), Catalogue)


def test_a_frame_that_is_one_source_is_refused_with_a_reason():
    image = np.full((1200, 1200), 100.0, dtype=np.float32)
    with pytest.raises(SourceLimitError, match="over-illuminated"):
        extract_sources(image, 1.0)
    assert len(extract_sources(np.eye(64, dtype=np.float32), 1.0)) == 0  # and the next image is searched as ever


@pytest.mark.parametrize("rms", [0.0, np.nan, -1.0])
def test_no_noise_no_threshold(rms):
    with pytest.raises(ValueError, match="no threshold"):
        extract_sources(np.zeros((64, 64), dtype=np.float32), rms)
