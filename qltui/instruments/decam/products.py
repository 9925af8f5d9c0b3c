"""Files that a CCD's recipe, and the field's, leaves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from qltui.instruments.decam.consolidate import FieldState
from qltui.instruments.decam.constants import BANDS, PIXEL_SCALE
from qltui.instruments.decam.field_picture import field_picture, projection_cards
from qltui.instruments.decam.state import State
from qltui.instruments.fits_cards import Header
from qltui.instruments.product_writer import Card, history_cards, image_hdu, preview_hdus, table_hdu, write_product
from qltui.model import Product
from qltui.reduction.sources import FLAG_NAMES

if TYPE_CHECKING:
    from qltui.instruments.fits_writer import NewHdu

__all__ = ["source_columns", "write_products"]

_WCS_CARDS = (
    "EQUINOX", "RADESYS", "CTYPE1", "CTYPE2", "CUNIT1", "CUNIT2", "CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2", "CD1_1",
    "CD1_2", "CD2_1", "CD2_2", *(f"PV{axis}_{term}" for axis in (1, 2) for term in range(11)),
)  # fmt: skip
_INT16 = 32000
"""Largest number that a master is stored as: what is beyond is set to the end of the range."""
_ROWS = 128
_MOST_BELOW = 0.8
"""Share of a source's light below the threshold that is believed, at most."""
_STEPS = {"masterbias": 0.005, "masterflat": 1.0 / 16000.0}
"""Of one unit of a stored master: far below the noise of a pixel; up to 160 ADU of a bias and 2 of a flat."""


def write_products(state: State | FieldState) -> tuple[Product, ...]:
    """Write what this CCD, or the field, has to leave into the task's products directory.

    The preview of every exposure; the table of sources of one with stars; the detrended image where it is asked for;
    the master bias or flat of a calibration. Of the field the picture of all CCDs in their places.

    Raises
    ------
    OSError
        Where the directory cannot be written.
    """
    directory = Path(state.task.products_directory)
    directory.mkdir(parents=True, exist_ok=True)
    stem = f"{state.camera.name}-{state.exposure.expid:08d}.fits"
    wanted = _of_field(state) if isinstance(state, FieldState) else _of_ccd(state)
    used = dict(state.calibration.used) if isinstance(state, State) and state.calibration is not None else {}
    cards = history_cards(state.task, used, state.steps, state.notes)
    return tuple(
        write_product(directory / f"{kind}-{stem}", kind, hdus, [*cards, *extra])
        for kind, (hdus, extra) in wanted.items()
        if hdus
    )


_Wanted = dict[str, tuple[list[Any], list[Card]]]


def _of_ccd(state: State) -> _Wanted:
    wanted: _Wanted = {}
    if state.ccd is None:
        return wanted
    if state.option("preview"):
        wanted["preview"] = (preview_hdus(state.ccd, state.raw_preview), [])
    if state.sources is not None:
        wanted["sources"] = ([_sources(state)], [])
    if state.task.options.get("reduced", False):
        wanted["reduced"] = (_reduced(state), [])
    for kind, image in state.master.items():
        wanted[kind] = ([_master(kind, image, state)], list(state.master_cards))
    return wanted


def _of_field(state: FieldState) -> _Wanted:
    """Return the picture of the field; nothing where no CCD left a preview, or where none is wanted."""
    if state.off or not state.task.options.get("preview", True):
        return {}
    picture = field_picture(state.task.gathered_products)
    if picture is None:
        return {}
    image = image_hdu("FIELD", picture.values, picture.unit)
    image.header["BINNING"] = (picture.binning, "pixels of a CCD in one, along each axis")
    for key, value, comment in projection_cards(picture, state.exposure.ra, state.exposure.dec):
        image.header[key] = (value, comment)
    boxes = {
        "NAME": (list(picture.boxes), ""),
        **{
            column: (np.array([box[k] for box in picture.boxes.values()], dtype=np.int32), "")
            for k, column in enumerate(("X0", "X1", "Y0", "Y1"))
        },
    }
    return {"field": ([image, table_hdu("CCDS", boxes)], [])}


def _reduced(state: State) -> list[NewHdu]:
    """Return the detrended image with its mask, and with the projection of the header."""
    assert state.ccd is not None
    image = image_hdu("REDUCED", state.ccd.image, "electron")
    copy_wcs(state.header, image)
    return [image, image_hdu("MASK", state.ccd.mask)]


def copy_wcs(header: Header, hdu: NewHdu) -> None:
    """Give an image of the trimmed CCD the cards of the projection, as far as there are any."""
    for key in _WCS_CARDS:
        if key in header:
            hdu.header[key] = header[key]


def _master(kind: str, image: npt.NDArray[Any], state: State) -> NewHdu:
    """Return a master in two bytes a pixel: finer than its noise, and half as large as it would be."""
    step = _STEPS[kind]
    stored = np.empty(image.shape, dtype=np.int16)
    for first in range(0, image.shape[0], _ROWS):  # a few rows at a time: a whole CCD in between is much memory
        rows = slice(first, first + _ROWS)
        stored[rows] = np.clip(np.rint(image[rows] / np.float32(step)), -_INT16, _INT16)
    unit = "adu" if kind == "masterbias" else ""
    hdu = image_hdu(kind.upper(), stored, unit)
    hdu.header["BSCALE"] = step
    hdu.header["BZERO"] = 0.0
    hdu.header["CCDNAME"] = state.camera.name
    return hdu


def _sources(state: State) -> NewHdu:
    hdu = table_hdu("SOURCES", source_columns(state))
    for bit, words in FLAG_NAMES.items():
        hdu.header[f"FLAG{bit}"] = (words, f"meaning of the bit of value {bit}")
    band = BANDS.get(state.exposure.program)
    if band is not None:
        hdu.header["MAGZERO"] = (band.zero_point, "[mag] of 1 e-/s, stated, not measured")
    hdu.header["PIXSCALE"] = (PIXEL_SCALE, "[arcsec]")
    return hdu


def source_columns(state: State) -> dict[str, tuple[Any, str]]:
    """Return the columns of the table of sources, ``{name: (values, unit)}``; X and Y count from 0.

    FLUX_ISO is the light above the threshold, FLUX what a Gaussian would have in all; MAG is made of FLUX.
    """
    sources, n = state.sources, 0 if state.sources is None else len(state.sources)
    assert sources is not None
    band, exptime = BANDS.get(state.exposure.program), state.exptime
    # Of a Gaussian the share threshold / peak of its light lies below the threshold.
    below = np.clip(sources.threshold / np.maximum(sources.peak, 1e-6), 0.0, _MOST_BELOW)
    flux = (sources.flux / (1.0 - below)).astype(np.float32)
    magnitude = np.full(n, np.nan, dtype=np.float32)
    if band is not None and exptime:
        with np.errstate(divide="ignore", invalid="ignore"):
            magnitude[:] = band.zero_point - 2.5 * np.log10(np.maximum(flux, 0.0) / exptime)
    magnitude[~np.isfinite(magnitude)] = np.nan
    ra, dec = np.full(n, np.nan), np.full(n, np.nan)
    if state.wcs is not None:
        ra, dec = state.wcs.to_sky(sources.x, sources.y)
    width, ellipticity = sources.fwhm.astype(np.float32), 1.0 - sources.b / np.maximum(sources.a, 1e-6)
    theta = np.degrees(sources.theta)
    star = np.zeros(n, dtype=bool) if state.is_star is None else state.is_star
    if state.star_index is not None and state.shapes is not None and state.profile is not None:
        # What was measured well replaces what the search gave.
        shapes, e = state.shapes, np.hypot(state.shapes.e1, state.shapes.e2).clip(0.0, 1.0)
        width = width.copy()
        width[state.star_index] = state.profile.stars
        ellipticity = ellipticity.copy()
        ellipticity[state.star_index] = 1.0 - np.sqrt((1.0 - e) / (1.0 + e))
        theta[state.star_index] = np.degrees(0.5 * np.arctan2(shapes.e2, shapes.e1))
    return {
        "NUMBER": (np.arange(1, n + 1, dtype=np.int32), ""),
        "X": (sources.x, "pixel"),
        "Y": (sources.y, "pixel"),
        "RA": (ra, "deg"),
        "DEC": (dec, "deg"),
        "FLUX": (flux, "electron"),
        "FLUX_ISO": (sources.flux, "electron"),
        "MAG": (magnitude, "mag"),
        "SNR": (sources.snr, ""),
        "FWHM": ((width * PIXEL_SCALE).astype(np.float32), "arcsec"),
        "ELLIP": (np.asarray(ellipticity, dtype=np.float32), ""),
        "THETA": (theta.astype(np.float32), "deg"),
        "NPIX": (sources.npix, ""),
        "FLAGS": (sources.flags, ""),
        "STAR": (star, ""),
        "KIND": (np.where(star, "star", "other"), ""),
    }
