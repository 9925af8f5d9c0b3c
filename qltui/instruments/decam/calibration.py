"""Master bias, master flat and pixel mask of one CCD: those of the night, else the site's, and why the rest is not.

A site's directory holds ``bias``, ``flat-BAND`` and ``mask`` files, as ``bias.fits``, ``flat-r.fits`` or
``flat-r-20130820.fits`` with an HDU for each CCD, whose EXTNAME or CCDNUM tells which, or as ``bias-S4.fits`` and
``flat-r-20130820-S4.fits`` with one image; ``.fz`` may follow. The date is the first night a file holds for: the newest
that is not later than the exposure's night counts, and of one date the CCD's own. Images are trimmed: a bias in ADU, a
flat relative to 1, a mask not 0 where a pixel is bad. A calibration that cannot be used never raises: it becomes a
reason, and what needs it goes without.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from qltui.instruments.decam.layout import CCDS
from qltui.instruments.errors import IncompleteFileError, InvalidFileError
from qltui.instruments.files import directory_entries
from qltui.instruments.fits_file import HduEntry, read_header, read_image, scan_hdus
from qltui.model import Exposure

__all__ = ["PRODUCTS", "CcdCalibration", "find_site_file", "read_calibration"]

PRODUCTS: Final[Mapping[str, str]] = {"bias": "masterbias", "flat": "masterflat"}
"""Kinds of products of the night that serve as a calibration."""

_NAME: Final = re.compile(
    r"(?P<kind>bias|flat|mask)(?:-(?P<band>[A-Za-z][A-Za-z0-9]{0,15}?))??(?:-(?P<night>(?:19|20)\d{6}))?"
    r"(?:-(?P<ccd>[NS]\d{1,2}))?\.fits(?:\.fz)?"
)


@dataclass(frozen=True, slots=True)
class CcdCalibration:
    """What is known beforehand of the pixels of one CCD.

    Attributes
    ----------
    images : mapping of str to ndarray, shape (ny, nx)
        ``bias`` [ADU], ``flat``, ``mask``, as far as there are any.
    used : mapping of str to str
        The files they are from.
    problems : mapping of str to str
        Why one is not there.
    """

    images: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    used: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)


def find_site_file(directory: str | Path, kind: str, camera: str, band: str, night: int) -> str:
    """Return the site's file of a kind for one CCD; empty where there is none.

    Parameters
    ----------
    directory : path
        The site's calibrations.
    kind : {"bias", "flat", "mask"}
    camera : str
        Name of the CCD.
    band : str
        Filter, for a flat.
    night : int
        Of the exposure.
    """
    best, path = (-1, False), ""
    for entry in directory_entries(Path(directory)):
        match = _NAME.fullmatch(entry.name)
        if match is None or match["kind"] != kind or (match["band"] or "") != (band if kind == "flat" else ""):
            continue
        first, ccd = int(match["night"] or 0), match["ccd"] or ""
        rank = (first, bool(ccd))
        if first <= night and ccd in ("", camera) and rank > best:
            best, path = rank, entry.path
    return path


def _entry(path: str, kind: str, camera: str) -> HduEntry:
    """Return the HDU of a CCD in a calibration file: by EXTNAME, by CCDNUM, or the only image there is."""
    entries = [entry for entry in scan_hdus(path) if entry.kind in ("IMAGE", "COMPRESSED") and len(entry.shape) == 2]
    for names in ((camera,), (PRODUCTS.get(kind, kind).upper(),)):
        for entry in entries:
            if entry.name in names:
                return entry
    for entry in entries:
        if read_header(path, entry).get("CCDNUM") == CCDS[camera].number:
            return entry
    if len(entries) == 1 and entries[0].name not in CCDS:
        return entries[0]
    msg = f"{camera} is not in {Path(path).name}"
    raise InvalidFileError(msg)


def _read(path: str, kind: str, camera: str, shape: tuple[int, int]) -> npt.NDArray[Any]:
    """Return an image that fits the CCD.

    Raises
    ------
    IncompleteFileError, InvalidFileError
        Where there is none.
    """
    entry = _entry(path, kind, camera)
    if entry.shape != shape:
        sizes = f"{entry.shape[1]} x {entry.shape[0]} pixels, not {shape[1]} x {shape[0]}"
        msg = f"{Path(path).name}: {kind} of {camera} has {sizes}"
        raise InvalidFileError(msg)
    image = read_image(path, entry)
    return image if kind == "mask" else image.astype(np.float32, copy=False)


def read_calibration(
    exposure: Exposure,
    camera: str,
    shape: tuple[int, int],
    *,
    kinds: Collection[str],
    directory: str,
    products: Mapping[str, str],
) -> CcdCalibration:
    """Read what is there for one CCD.

    Parameters
    ----------
    exposure : Exposure
        Night and filter decide.
    camera : str
        Name of the CCD.
    shape : tuple of int
        Of the trimmed CCD, ``(ny, nx)``.
    kinds : collection of str
        Of ``"bias"``, ``"flat"``, ``"mask"``, those that are wanted.
    directory : str
        The site's calibrations; empty where there are none.
    products : mapping
        Products of the night that were judged fit, by kind.
    """
    images: dict[str, npt.NDArray[Any]] = {}
    used: dict[str, str] = {}
    problems: dict[str, str] = {}
    for kind in kinds:
        paths = [products.get(PRODUCTS.get(kind, ""), "")]
        paths.append(find_site_file(directory, kind, camera, exposure.program, exposure.night) if directory else "")
        for path in filter(None, paths):
            try:
                images[kind] = _read(path, kind, camera, shape)
            except (IncompleteFileError, InvalidFileError, OSError) as error:
                problems[kind] = str(error)
                continue
            used[kind] = path
            break
        else:
            band = f" in {exposure.program}" if kind == "flat" and exposure.program else ""
            problems.setdefault(kind, f"no master {kind}{band} of this CCD" if kind != "mask" else "")
    return CcdCalibration(images, used, {kind: words for kind, words in problems.items() if words})
