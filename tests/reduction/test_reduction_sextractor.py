"""The same images by SExtractor, which is another program: sources, background and widths must agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import sextractor
from astropy.io import fits
from scipy.spatial import cKDTree
from star_fields import make_field

from qltui.reduction.background import Background, measure_background, subtract_background
from qltui.reduction.masks import SATURATED
from qltui.reduction.sources import Catalogue, extract_sources
from qltui.reduction.star_profile import StarProfile, measure_profile
from qltui.reduction.star_selection import StarSelection, find_stars
from qltui.reduction.star_shapes import FieldShape, mean_shape

CUTOUTS = ("130105_065255_ooi_r_a1-N15.fits.fz", "150411_035242_ooi_z_ls9.N3.fits", "170329_044212_ooi_g_ls9.N3.fits",
           "170419_042827_ooi_z_ls9.S1.fits", "180314_055922_ooi_r_ls9.S1.fits")  # fmt: skip


@dataclass(frozen=True)
class Measured:
    background: Background
    sources: Catalogue
    stars: StarSelection
    profile: StarProfile
    shape: FieldShape


def measured(image, saturation, gain):
    mask = (image >= saturation).astype(np.uint8) * np.uint8(SATURATED)
    background = measure_background(image)
    flat = subtract_background(image, background)
    sources = extract_sources(flat, background.rms, mask=mask, gain=gain)
    stars = find_stars(flat, sources, background.rms, mask=mask)
    profile = measure_profile(flat, stars.shapes, background.rms, gain=gain, mask=mask)
    return Measured(background, sources, stars, profile, mean_shape(stars.shapes))


def matched(theirs, x, y):
    """Return which of these places have a source of theirs within a pixel, and which source that is."""
    distance, which = cKDTree(np.c_[theirs["X_IMAGE"], theirs["Y_IMAGE"]]).query(np.c_[x, y])
    return distance < 1.0, which


def both_ways(ours, theirs):
    """Return the shares of our and of their sources that the other has within a pixel."""
    distance, _ = cKDTree(np.c_[ours.x, ours.y]).query(np.c_[theirs["X_IMAGE"], theirs["Y_IMAGE"]])
    return np.mean(matched(theirs, ours.x, ours.y)[0]), np.mean(distance < 1.0)


@pytest.mark.parametrize(("fwhm", "beta"), [(3.0, None), (5.0, None), (3.5, 3.0)])
def test_simulated_ccd(fwhm, beta, tmp_path):
    sextractor.need()
    field = make_field(
        (1536, 1024), stars=450, galaxies=150, bright=4, cosmics=40, fwhm=fwhm, beta=beta, ellipticity=0.1, seed=5,
        faintest=75.0 * fwhm,
    )  # fmt: skip
    theirs = sextractor.run(field.image, tmp_path)
    ours = measured(field.image, 40000.0, 4.0)
    assert len(ours.sources) > 100
    assert min(both_ways(ours.sources, theirs)) >= 0.98
    assert ours.background.level == pytest.approx(float(np.median(theirs["BACKGROUND"])), rel=0.005)
    assert ours.profile.fwhm == pytest.approx(fwhm, rel=0.02)
    near, which = matched(theirs, ours.stars.shapes.x, ours.stars.shapes.y)
    width = float(np.median(theirs["FWHM_IMAGE"][which[near]]))
    ellipticity = float(np.median(theirs["ELLIPTICITY"][which[near]]))
    # FWHM_IMAGE is that of a Gaussian core: of Moffat stars it is too large by 4 to 7 %, against what was painted.
    assert ours.profile.fwhm_recorded == pytest.approx(width, rel=0.04 if beta is None else 0.08)
    assert ours.shape.ellipticity == pytest.approx(0.1, abs=0.01)
    assert ours.shape.ellipticity == pytest.approx(ellipticity, abs=0.03)


def half_maximum(image, x, y):
    """Return the width of a star without any model: where the mean on circles about its centre falls below half."""
    from scipy.ndimage import map_coordinates

    radius, angle = np.arange(0, 6, 0.05), np.arange(0, 2 * np.pi, 0.1)
    places = [y + np.outer(radius, np.sin(angle)), x + np.outer(radius, np.cos(angle))]
    profile = map_coordinates(image.astype(np.float64), places, order=3).mean(axis=1)
    return 2 * radius[np.argmax(profile < 0.5 * profile[0])]


@pytest.mark.parametrize("name", CUTOUTS)
def test_real_stars_of_decam(name, shared_data, tmp_path):
    with fits.open(shared_data / "imaging/decam_cutouts" / f"c4d_{name}") as hdus:
        image, header = hdus[1].data.astype(np.float32), hdus[1].header
    ours = measured(image, 0.9 * header["SATURATE"], header["GAINA"])
    assert len(ours.stars) >= 3
    assert ours.profile.fwhm == pytest.approx(header["FWHM"], rel=0.12)
    assert ours.shape.ellipticity == pytest.approx(header["ELLIPTIC"], abs=0.04)
    flat = subtract_background(image, ours.background)
    direct = [half_maximum(flat, *place) for place in zip(ours.stars.shapes.x, ours.stars.shapes.y, strict=True)]
    assert ours.profile.fwhm_recorded == pytest.approx(np.median(direct), rel=0.04)
    # The header's sky is that of the whole CCD; here it is that of the cutout.
    assert ours.background.level == pytest.approx(header["AVSKY"], rel=0.05)
    theirs = sextractor.run(image, tmp_path, saturation=header["SATURATE"])
    assert ours.background.level == pytest.approx(float(np.median(theirs["BACKGROUND"])), rel=0.02)
    assert min(both_ways(ours.sources, theirs)) >= 0.98
    near, which = matched(theirs, ours.stars.shapes.x, ours.stars.shapes.y)
    assert ours.profile.fwhm_recorded == pytest.approx(np.median(theirs["FWHM_IMAGE"][which[near]]), rel=0.08)


@pytest.mark.filterwarnings("ignore:The following header keyword is invalid")
def test_a_catalogue_that_others_made(shared_data):
    folder = shared_data / "imaging/sep"
    image, back, rms = (
        np.array(fits.getdata(folder / f"{name}.fits", memmap=False), dtype=np.float32)
        for name in ("image", "back", "rms")
    )
    table = np.loadtxt(folder / "image.cat")
    background = measure_background(image)
    assert background.level == pytest.approx(np.median(back), rel=0.005)
    assert background.rms == pytest.approx(np.median(rms), rel=0.03)
    flat = subtract_background(image, background)
    # Theirs were not separated from neighbours (DEBLEND_MINCONT 1), at 1.5 sigma.
    ours = extract_sources(flat, background.rms, nsigma=1.5, contrast=1.0)
    assert min(both_ways(ours, {"X_IMAGE": table[:, 1] - 1, "Y_IMAGE": table[:, 2] - 1})) >= 0.95
