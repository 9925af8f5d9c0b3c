"""Trace solutions of DESI in all the layouts that are about, read into one `qltui.reduction.traces.TraceSet`.

Every layout holds Legendre coefficients for each fibre in ``u = 2 (l - WAVEMIN) / (WAVEMAX - WAVEMIN) - 1``:

* images XTRACE, YTRACE (also XCOEF, XCOEFF, ...), with widths as XSIG, YSIG [px], or XSIGMA [px] (one number for each
  fibre) and WSIGMA [Angstrom];
* the same with PSFTYPE ``bootcalib``: two images without names;
* a table PSF of a Gauss-Hermite model with rows PARAM = X, Y, GHSIGX, GHSIGY and coefficients COEFF.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from numpy.polynomial import legendre

from qltui.instruments.errors import InvalidFileError
from qltui.instruments.fits_cards import Header
from qltui.instruments.fits_file import HduEntry, Source, find_hdu, read_header, read_image, read_table, scan_hdus
from qltui.reduction.traces import TraceSet

__all__ = ["read_line_widths", "read_traces"]

MAX_FIBERS: Final = 5000
MAX_TERMS: Final = 40
_TDIM: Final = re.compile(r"\(\s*(\d{1,5})\s*,\s*(\d{1,5})\s*\)")
_NODES: Final = 100

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Series:
    """Coefficients of all fibres, shape (nf, nc), and the wavelengths between which they hold [Angstrom]."""

    coeff: FloatArray
    wavemin: float
    wavemax: float


def _card(header: Header, key: str) -> float:
    """Return a number of a header; NaN where there is none."""
    value = header.get(key, math.nan)
    return math.nan if isinstance(value, str | bool) or abs(value) > 1e300 else float(value)


def _coefficients(image: npt.NDArray[Any], where: str) -> FloatArray:
    """Return an image as coefficients, shape (nf, nc); one number for each fibre is a series of one term."""
    coeff = image.astype(np.float64)
    if coeff.ndim == 1:
        coeff = coeff[:, None]
    if coeff.ndim != 2 or not 1 <= coeff.shape[0] <= MAX_FIBERS or not 1 <= coeff.shape[1] <= MAX_TERMS:
        msg = f"{where} has the shape {image.shape}, not (fibres, coefficients)"
        raise InvalidFileError(msg)
    return coeff


def _image_series(source: Source, entry: HduEntry) -> _Series:
    header = read_header(source, entry)
    coeff = _coefficients(read_image(source, entry), entry.title)
    return _Series(coeff, _card(header, "WAVEMIN"), _card(header, "WAVEMAX"))


def _table_series(source: Source, entry: HduEntry) -> dict[str, _Series]:
    """Return the series of a table of parameters by name, in upper case."""
    table = read_table(source, entry, {"PARAM", "COEFF", "WAVEMIN", "WAVEMAX"}, max_rows=10_000)
    header = read_header(source, entry)
    if "PARAM" not in table or "COEFF" not in table or table["PARAM"].dtype.kind != "S":
        return {}
    number = next((k[5:] for k, v in header.items() if k.startswith("TTYPE") and str(v).strip() == "COEFF"), "")
    match = _TDIM.fullmatch(str(header.get(f"TDIM{number}", "")).strip())
    rows = table["COEFF"]
    if not match or int(match[1]) * int(match[2]) != rows[:1].size:
        msg = f"{entry.title}: COEFF has no dimensions (TDIM)"
        raise InvalidFileError(msg)
    found: dict[str, _Series] = {}
    for k, name in enumerate(table["PARAM"].tolist()):
        low, high = (
            float(table[key][k]) if key in table and table[key].ndim == 1 else _card(header, key)
            for key in ("WAVEMIN", "WAVEMAX")
        )
        coeff = _coefficients(rows[k].reshape(int(match[2]), int(match[1])), f"{entry.title} {name!r}")
        found.setdefault(name.decode("ascii", "replace").strip().upper(), _Series(coeff, low, high))
    return found


def _refit(series: _Series, wavemin: float, wavemax: float) -> FloatArray:
    """Return the coefficients of the same curves for another range of wavelengths."""
    known = math.isfinite(series.wavemin) and math.isfinite(series.wavemax) and series.wavemin < series.wavemax
    if not known or max(abs(series.wavemin - wavemin), abs(series.wavemax - wavemax)) < 1e-3:
        return series.coeff
    wave = np.linspace(wavemin, wavemax, _NODES)
    u = 2.0 * (wave - series.wavemin) / (series.wavemax - series.wavemin) - 1.0
    return _fit(np.atleast_2d(legendre.legval(u, series.coeff.T)), series.coeff.shape[1])


def _fit(values: FloatArray, terms: int) -> FloatArray:
    """Fit series to values on an even grid of wavelengths, shape (nf, _NODES); a fibre with NaN gets NaN."""
    good = np.isfinite(values).all(axis=1)
    basis = legendre.legvander(np.linspace(-1.0, 1.0, _NODES), terms - 1)
    coeff = np.full((len(values), terms), np.nan)
    if good.any():
        coeff[good] = np.linalg.lstsq(basis, values[good].T, rcond=None)[0].T
    return coeff


def _in_pixels(sigma: FloatArray, y_coeff: FloatArray, wavemin: float, wavemax: float) -> FloatArray:
    """Turn widths in Angstrom into widths in pixels through the slope of y(wavelength), and fit them again."""
    u = np.linspace(-1.0, 1.0, _NODES)
    slope = np.atleast_2d(legendre.legval(u, legendre.legder(y_coeff, axis=1).T)) * 2.0 / (wavemax - wavemin)
    return _fit(np.atleast_2d(legendre.legval(u, sigma.T)) * slope, max(sigma.shape[1] + 1, 4))


def _collect(source: Source, entries: tuple[HduEntry, ...]) -> dict[str, _Series]:
    """Return everything that the file holds, by the names X, Y, XSIG, YSIG and WSIGMA."""
    found: dict[str, _Series] = {}
    names = {
        "X": ("XTRACE", "XCOEF", "XCOEFF"),
        "Y": ("YTRACE", "YCOEF", "YCOEFF"),
        "XSIG": ("XSIG", "XSIGMA"),
        "YSIG": ("YSIG", "YSIGMA"),
        "WSIGMA": ("WSIGMA",),
    }
    for key, hdu_names in names.items():
        entry = find_hdu(entries, *hdu_names)
        if entry is not None:
            found[key] = _image_series(source, entry)
    table = find_hdu(entries, "PSF")
    if table is not None and table.kind == "TABLE":
        parameters = _table_series(source, table)
        for key, parameter in (("X", "X"), ("Y", "Y"), ("XSIG", "GHSIGX"), ("YSIG", "GHSIGY")):
            if key not in found and parameter in parameters:
                found[key] = parameters[parameter]
    if "X" not in found and "Y" not in found and len(entries) >= 2:
        kind = str(read_header(source, entries[0]).get("PSFTYPE", "")).strip().lower()
        if kind == "bootcalib":
            found["X"], found["Y"] = _image_series(source, entries[0]), _image_series(source, entries[1])
    return found


def _rows(source: Source, entries: tuple[HduEntry, ...], ny: int | None) -> int:
    """Return the rows of the detector (NPIX_Y), or `ny` where the file does not tell."""
    for entry in (entries[0], find_hdu(entries, "XTRACE"), find_hdu(entries, "PSF")):
        rows = _card(read_header(source, entry), "NPIX_Y") if entry is not None else math.nan
        if math.isfinite(rows) and 0 < rows <= 100_000:
            return int(rows)
    if ny is None:
        msg = "NPIX_Y is missing: nothing says for which detector the traces are"
        raise InvalidFileError(msg)
    return ny


def _range(found: Mapping[str, _Series]) -> tuple[float, float]:
    """Return the wavelengths of the traces, on which x and y must agree [Angstrom]."""
    x, y = found["X"], found["Y"]
    for one, other in ((x.wavemin, y.wavemin), (x.wavemax, y.wavemax)):
        if math.isfinite(one) and math.isfinite(other) and abs(one - other) > 1e-3:
            msg = f"x and y traces have different ranges of wavelength ({one} and {other} Angstrom)"
            raise InvalidFileError(msg)
    low = x.wavemin if math.isfinite(x.wavemin) else y.wavemin
    high = x.wavemax if math.isfinite(x.wavemax) else y.wavemax
    if not (math.isfinite(low) and math.isfinite(high) and 1000.0 < low < high < 30000.0):
        msg = f"no range of wavelengths: WAVEMIN {low}, WAVEMAX {high}"
        raise InvalidFileError(msg)
    return low, high


def read_traces(source: Source, ny: int | None = None) -> TraceSet:
    """Read the traces of a camera.

    Parameters
    ----------
    source : Source
        Of the file, `qltui.instruments.fits_file.open_source`.
    ny : int, optional
        Rows of the detector, where the file does not tell.

    Raises
    ------
    IncompleteFileError, InvalidFileError
        Where the file is damaged or holds no traces.
    """
    entries = scan_hdus(source)
    found = _collect(source, entries)
    if "X" not in found or "Y" not in found:
        msg = f"no traces: it has the HDUs {', '.join(entry.name or '?' for entry in entries[:8])}"
        raise InvalidFileError(msg)
    low, high = _range(found)
    x, y = found["X"].coeff, found["Y"].coeff
    if len(x) != len(y):
        msg = f"x traces of {len(x)} fibres and y traces of {len(y)}"
        raise InvalidFileError(msg)
    if not (np.isfinite(x).all(axis=1) & np.isfinite(y).all(axis=1)).any():
        msg = "no fibre has a finite trace"
        raise InvalidFileError(msg)
    widths: dict[str, FloatArray] = {}
    for key in ("XSIG", "YSIG"):
        if key in found and len(found[key].coeff) == len(x):
            widths[key] = _refit(found[key], low, high)
    if "YSIG" not in widths and "WSIGMA" in found and len(found["WSIGMA"].coeff) == len(x):
        widths["YSIG"] = _in_pixels(_refit(found["WSIGMA"], low, high), y, low, high)
    return TraceSet(x, y, widths.get("XSIG"), widths.get("YSIG"), low, high, _rows(source, entries, ny))


def read_line_widths(source: Source) -> tuple[FloatArray, float, float]:
    """Read line widths measured in an arc: the coefficients YSIG, shape (nf, nc) [px], WAVEMIN and WAVEMAX [Angstrom].

    Raises
    ------
    IncompleteFileError, InvalidFileError
        Where the file is damaged or holds no line widths.
    """
    entries = scan_hdus(source)
    entry = find_hdu(entries, "YSIG", "YSIGMA")
    if entry is None:
        msg = "no HDU YSIG"
        raise InvalidFileError(msg)
    series = _image_series(source, entry)
    if not (math.isfinite(series.wavemin) and math.isfinite(series.wavemax) and series.wavemin < series.wavemax):
        msg = f"{entry.title}: WAVEMIN or WAVEMAX is missing"
        raise InvalidFileError(msg)
    return series.coeff, series.wavemin, series.wavemax
