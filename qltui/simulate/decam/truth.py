"""What is true of a simulated exposure: plain numbers for a JSON file, and a list of its sources."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qltui.instruments.decam.constants import BANDS, PIXEL_SCALE
from qltui.simulate.decam.ccd import SimulatedCcd
from qltui.simulate.decam.field import GALAXY, STAR, sky_rate
from qltui.simulate.decam.headers import exposure_pointing
from qltui.simulate.decam.mosaic import CCD_NUMBERS
from qltui.simulate.decam.psf import Psf, half_maximum
from qltui.simulate.decam.request import SimulationRequest

__all__ = ["SOURCE_DTYPE", "ccd_sources", "ccd_truth", "exposure_truth", "source_bytes"]

SOURCE_DTYPE = np.dtype(
    [("ccdnum", "u1"), ("x", "f4"), ("y", "f4"), ("magnitude", "f4"), ("flux", "f4"), ("kind", "u1")]
)
"""A source: number of the CCD, place from the centre of its first light-sensitive pixel [px], magnitude outside the
atmosphere, electrons that reached the CCD [e-], 0 for a star and 1 for a galaxy."""


def psf_truth(psf: Psf) -> dict[str, float | None]:
    """Return what is true of the image of a star.

    ``fwhm`` [px], ``ellipticity`` (1 - b/a) and ``angle`` (from +x towards +y [deg]) are those of the contour at half
    maximum before the light falls on pixels, ``fwhm_pixel`` and ``ellipticity_pixel`` of what the pixels hold, which is
    wider. ``position_angle`` is the same direction on the sky, north through east: +x is south and +y is east.
    """
    fwhm, ellipticity, angle = half_maximum(psf, pixel=False)
    wider, rounder, _ = half_maximum(psf, pixel=True)
    return {
        "fwhm": round(fwhm, 5),
        "fwhm_arcsec": round(fwhm * PIXEL_SCALE, 5),
        "fwhm_pixel": round(wider, 5),
        "fwhm_pixel_arcsec": round(wider * PIXEL_SCALE, 5),
        "ellipticity": round(ellipticity, 5),
        "ellipticity_pixel": round(rounder, 5),
        "angle": round(angle, 2),
        "position_angle": round((180.0 - angle) % 180.0, 2),
        "trail": round(psf.trail, 4),
        "donut": round(psf.donut, 4),
    }


def _background_truth(request: SimulationRequest, ccd: SimulatedCcd) -> dict[str, float]:
    """Return sky or lamp of a CCD: in electrons, in ADU by the mean of both amplifiers, per second and as magnitude."""
    adu = ccd.background * float(np.mean([1.0 / channel.gain for channel in ccd.channels]))
    truth = {"background_electrons": round(ccd.background, 4), "background_adu": round(adu, 5)}
    if not request.has_stars or request.exptime <= 0:
        return truth
    rate = ccd.background / request.exptime
    magnitude = BANDS[request.band].zero_point - 2.5 * np.log10(rate / PIXEL_SCALE**2)
    return truth | {
        "sky_electrons": round(rate, 5),
        "sky_adu": round(adu / request.exptime, 6),
        "sky_magnitude": round(float(magnitude), 4),
    }


def ccd_truth(request: SimulationRequest, ccd: SimulatedCcd) -> dict[str, Any]:
    """Return the truth of a CCD.

    Units: bias levels, steps and saturation [ADU], gain [e-/ADU], read noise [e-] before counts are rounded.
    ``bias`` is the mean over the rows of the overscan, the step included.
    """
    late = _late_fraction(request, ccd)
    amplifiers = {
        channel.name: {
            "bias": round(channel.bias + (0.0 if channel.dead else ccd.step * late), 4),
            "first_bias": round(channel.bias, 4),
            "nominal_bias": channel.nominal_bias,
            "gain": channel.gain,
            "read_noise": channel.read_noise,
            "nominal_read_noise": channel.nominal_read_noise,
            "saturation": channel.saturation,
            "saturated_pixels": int((ccd.raw[part.data.slices] >= channel.saturation).sum()),
            "dead": channel.dead,
        }
        for part, channel in zip(ccd.layout.amplifiers, ccd.channels, strict=True)
    }
    saturated = sum(amplifier["saturated_pixels"] for amplifier in amplifiers.values())
    truth: dict[str, Any] = {
        "amplifiers": amplifiers,
        "bias_step": ccd.step,
        **_background_truth(request, ccd),
        "cosmic_hits": ccd.cosmic_hits,
        "cosmic_pixels": int(ccd.cosmic_mask().sum()),
        "saturated_fraction": round(saturated / ccd.expected.size, 8),
    }
    if ccd.psf is None or ccd.sources is None:
        return truth
    kinds = {"stars": int((ccd.sources.kind == STAR).sum()), "galaxies": int((ccd.sources.kind == GALAXY).sum())}
    return truth | psf_truth(ccd.psf) | kinds


def _late_fraction(request: SimulationRequest, ccd: SimulatedCcd) -> float:
    """Return the part of the overscan's rows that are read after the step."""
    part = ccd.layout.amplifiers[0].bias
    rows = part.y1 - part.y0
    # what is read first: the south side has its postscan at the far end, the north side beyond the last row
    return min(max(rows - request.geometry.jump, 0), rows) / rows


def ccd_sources(ccd: SimulatedCcd) -> NDArray[np.void]:
    """Return the sources of a CCD, a row of `SOURCE_DTYPE` each."""
    sources = ccd.sources
    table = np.zeros(0 if sources is None else sources.x.size, dtype=SOURCE_DTYPE)
    if sources is not None:
        table["ccdnum"] = CCD_NUMBERS[ccd.name]
        table["x"], table["y"], table["magnitude"] = sources.x, sources.y, sources.magnitude
        table["flux"], table["kind"] = ccd.flux, sources.kind
    return table


def source_bytes(tables: Mapping[str, NDArray[np.void]]) -> bytes:
    """Return the sources of all CCDs as an ``.npz`` file with one array, ``sources``."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, sources=np.concatenate([*tables.values(), np.zeros(0, dtype=SOURCE_DTYPE)]))
    return buffer.getvalue()


def exposure_truth(request: SimulationRequest, ccds: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the truth of an exposure, with that of its CCDs by name."""
    truth: dict[str, Any] = {
        "expnum": request.expnum,
        "night": request.night,
        "obstype": request.obstype,
        "band": request.band if request.has_light else "",
        "exptime": request.exptime,
        "size": request.size,
        "seed": request.seed,
        "date_obs": request.date_obs.isoformat() if request.date_obs else None,
        "faults": [str(fault) for fault in request.faults],
        "pixel_scale": PIXEL_SCALE,
    }
    if request.has_stars:
        pointing = exposure_pointing(request)
        truth |= {
            "profile": request.profile,
            "seeing": request.seeing,
            "ellipticity": request.ellipticity,
            "angle": request.angle,
            "airmass": request.airmass,
            "zero_point": BANDS[request.band].zero_point,
            "sky_electrons": round(sky_rate(request), 5),
            "ra": round(pointing.ra, 6),
            "dec": round(pointing.dec, 6),
        }
    return truth | {"ccds": ccds}
