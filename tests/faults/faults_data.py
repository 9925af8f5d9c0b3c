"""Pixels and calibrations that no detector delivers, in files that are in order."""

from __future__ import annotations

import random
import shutil
from functools import lru_cache
from pathlib import Path

import numpy as np
from harness import Site, fault
from makers import KINDS
from raw_bytes import Hdu, card, join, split
from site_of_faults import ANY

from qltui.instruments.fits_file import find_hdu, read_image, scan_hdus

REDUCED = ANY - {"NORMAL", "incomplete"}


@lru_cache(maxsize=32)
def _image(path: str, name: str) -> np.ndarray:
    entry = find_hdu(scan_hdus(path), name)
    assert entry is not None
    return read_image(path, entry)


def _image_hdu(hdu: Hdu, pixels: np.ndarray) -> Hdu:
    """Return an HDU with other pixels [ADU], not compressed."""
    floating = pixels.dtype.kind == "f"
    structure = {"XTENSION": "'IMAGE   '", "BITPIX": "-32" if floating else "16", "NAXIS": "2"}
    structure |= {"NAXIS1": f"{pixels.shape[1]}", "NAXIS2": f"{pixels.shape[0]}", "PCOUNT": "0", "GCOUNT": "1"}
    structure |= {"BZERO": "0" if floating else "32768", "BSCALE": "1"}
    old = [text for text in hdu.cards if text[:8].rstrip().decode() not in {*structure, "TFIELDS", "TTYPE1", "TFORM1"}]
    old = [text for text in old if not text.startswith(b"Z")]
    data = pixels.astype(">f4").tobytes() if floating else (pixels.astype(np.int32) - 32768).astype(">i2").tobytes()
    filled = data.ljust(-(-len(data) // 2880) * 2880, b"\0")
    return Hdu([card(name, value) for name, value in structure.items()] + old, filled)


def _spoil(site: Site, rng: random.Random, n: int, what: str) -> None:
    """Let an exposure come in of which one camera, or each, has senseless pixels."""
    raw = site.make()
    hdus = split(raw)
    first = 2 if site.kind.name == "desi" else 1
    places = [rng.randrange(first, len(hdus))] if n % 2 else range(first, len(hdus))
    for place in places:
        pixels = _image(str(_sample(site)), hdus[place].name).copy()
        hdus[place] = _image_hdu(hdus[place], _PIXELS[what](pixels, n))
    raw.write_bytes(join(hdus))
    site.arrive(raw, good=False, allowed=REDUCED)


def _sample(site: Site) -> Path:
    path = site.root / f"sample-{site.kind.name}.fits.fz"
    if not path.exists():
        made = site.make()
        shutil.copy2(made, path)
    return path


def _missing_amplifier(pixels: np.ndarray, n: int) -> np.ndarray:
    ny, nx = pixels.shape
    rows, columns = (
        slice(0, ny // 2) if n % 4 < 2 else slice(ny // 2, ny),
        slice(0, nx // 2) if n % 3 else slice(nx // 2, nx),
    )
    pixels[rows, columns] = 0
    return pixels


def _every_other(pixels: np.ndarray) -> np.ndarray:
    odd = np.arange(pixels.size).reshape(pixels.shape) % 2 == 1
    return np.where(odd, np.nan, pixels).astype(np.float32)


_PIXELS = {
    "all zero": lambda pixels, n: np.zeros_like(pixels),
    "all saturated": lambda pixels, n: np.full_like(pixels, 65535),
    "constant": lambda pixels, n: np.full_like(pixels, (1000, 1, 30000)[n % 3]),
    "one amplifier missing": _missing_amplifier,
    "all NaN": lambda pixels, n: np.full(pixels.shape, np.nan, dtype=np.float32),
    "NaN in one pixel of two": lambda pixels, n: _every_other(pixels),
    "infinite": lambda pixels, n: np.full(pixels.shape, np.inf, dtype=np.float32),
}  # fmt: skip


def _enter(what: str) -> None:
    @fault("data", what, tries=12, short=2, together=12)
    def spoil(site: Site, rng: random.Random, n: int) -> None:
        _spoil(site, rng, n, what)

    @fault("data", f"{what}, of an imager", tries=6, short=1, together=6, kind="decam")
    def spoil_imager(site: Site, rng: random.Random, n: int) -> None:
        _spoil(site, rng, n, what)


for _what in _PIXELS:
    _enter(_what)


@fault("data", "a camera swapped", tries=6, short=2, together=6)
def swapped(site: Site, rng: random.Random, n: int) -> None:
    raw = site.make()
    hdus = split(raw)
    one, other = ((2, 3), (3, 4), (2, 4))[n % 3]
    if n < 3:
        # Each under the name of the other.
        names = hdus[one].name, hdus[other].name
        hdus[one].set("EXTNAME", f"'{names[1]}'")
        hdus[other].set("EXTNAME", f"'{names[0]}'")
    else:
        hdus[one].set("CAMERA", f"'{hdus[other].name.lower()}'")
    raw.write_bytes(join(hdus))
    site.arrive(raw, good=False, allowed=REDUCED)


_CALIBRATIONS = ("of another shape", "of NaN", "of zeros", "cut off", "empty", "of another camera", "absent")


@fault("data", "calibration of another shape, of NaN, damaged, absent", tries=len(_CALIBRATIONS), short=2, fresh=True)
def calibration(site: Site, rng: random.Random, n: int) -> None:
    site.stop()
    ours = site.root / "calib"
    ours.mkdir()
    original = KINDS["desi"].calibration
    assert original is not None
    for camera in site.kind.cameras:
        source, target = original / f"psf-{camera}.fits", ours / f"psf-{camera}.fits"
        what = _CALIBRATIONS[n]
        content = source.read_bytes()
        if what == "of another camera":
            content = (original / f"psf-{'z' if camera[0] != 'z' else 'b'}0.fits").read_bytes()
        elif what in ("of another shape", "of NaN", "of zeros"):
            content = _other_traces(content, what)
        elif what in ("cut off", "empty"):
            content = content[: len(content) // 3] if what == "cut off" else b""
        if what != "absent":
            target.write_bytes(content)
    site.start(calibration_directory=str(ours))
    site.arrive(site.make(), good=False, allowed=REDUCED)


def _other_traces(content: bytes, what: str) -> bytes:
    hdus = split(content)
    for hdu in hdus:
        if what == "of another shape" and hdu.value("NAXIS", "0") == "2":
            rows = int(hdu.value("NAXIS2"))
            hdu.set("NAXIS2", f"{rows // 2}")
            size = len(hdu.data) if rows < 2 else int(hdu.value("NAXIS1")) * (rows // 2)
            if hdu.value("XTENSION", "IMAGE").startswith("IMAGE"):
                size *= abs(int(hdu.value("BITPIX"))) // 8
            hdu.data = hdu.data[:size].ljust(-(-size // 2880) * 2880, b"\0")
        elif what == "of NaN":
            hdu.data = np.full(len(hdu.data) // 8, np.nan, dtype=">f8").tobytes() if hdu.data else b""
        elif what == "of zeros":
            hdu.data = bytes(len(hdu.data))
    return join(hdus)
