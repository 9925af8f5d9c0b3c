"""Writes small raw DESI exposures with astropy, for tests: nothing here is shared with the code under test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

NY, NX = 40, 60  # of the CCD
PRE, OVER = 4, 16  # prescan and overscan columns of each amplifier
RAW_SHAPE = (NY, 2 * (PRE + NX // 2 + OVER))


def sections(letters: str = "ABCD") -> dict[str, str]:
    """Cards of four amplifiers in the order of the real detectors: overscan in the middle, prescan outside."""
    cards = {}
    hy, hx = NY // 2, NX // 2
    for number, letter in enumerate(letters):
        right, top = number % 2, number // 2
        y = f"{1 + top * hy}:{(top + 1) * hy}"
        x0 = PRE + hx + 2 * OVER if right else PRE
        b0 = PRE + hx + OVER if right else PRE + hx
        cards[f"DATASEC{letter}"] = f"[{x0 + 1}:{x0 + hx}, {y}]"
        cards[f"BIASSEC{letter}"] = f"[{b0 + 1}:{b0 + OVER},{y}]"
        cards[f"CCDSEC{letter}"] = f"[{right * hx + 1}:{(right + 1) * hx},{y}]"
    return cards


def camera_cards(camera: str = "b0", **changes: Any) -> dict[str, Any]:
    cards: dict[str, Any] = {"CAMERA": camera, "EXPID": 1234, "DETECTOR": "sn1", **sections()}
    for letter in "ABCD":
        cards |= {f"GAIN{letter}": 1.5, f"RDNOISE{letter}": 3.0, f"HIERARCH SATURLEV{letter}": 60000.0}
    cards |= changes
    return {key: value for key, value in cards.items() if value is not None}


def exposure_cards(**changes: Any) -> dict[str, Any]:
    cards: dict[str, Any] = {
        "EXPID": 1234, "NIGHT": 20200315, "EXPTIME": 900.0, "OBSTYPE": "SCIENCE", "FLAVOR": "science",
        "PROGRAM": "dark", "TILEID": 80605, "MJD-OBS": 58924.2, "DATE-OBS": "2020-03-16T04:48:00.123456789",
        "AIRMASS": 1.2, "SEEING": 1.1, "TARGTRA": 150.0, "TARGTDEC": 2.2, "OBJECT": "sky",
    }  # fmt: skip
    cards |= changes
    return {key: value for key, value in cards.items() if value is not None}


def image(seed: int = 0, shape: tuple[int, int] = RAW_SHAPE) -> np.ndarray:
    return np.random.default_rng(seed).normal(1500, 4, shape).round().astype(np.uint16)


def compressed(data: np.ndarray, name: str, cards: dict[str, Any] | None = None, **options: Any) -> fits.CompImageHDU:
    options.setdefault("compression_type", "RICE_1")
    options.setdefault("tile_shape", (1,) * (data.ndim - 1) + (data.shape[-1],))
    hdu = fits.CompImageHDU(data, name=name, **options)
    hdu.header.update(cards or {})
    return hdu


def write_exposure(
    root: Path,
    cameras: dict[str, dict[str, Any]] | tuple[str, ...] = ("b0", "r0"),
    expid: int = 1234,
    night: str = "20200315",
    extra: tuple[Any, ...] = (),
    **changes: Any,
) -> Path:
    """Write ``ROOT/NIGHT/EXPID/desi-EXPID.fits.fz`` and return its path."""
    path = root / night / f"{expid:08d}" / f"desi-{expid:08d}.fits.fz"
    path.parent.mkdir(parents=True, exist_ok=True)
    spec = compressed(np.arange(10, dtype=np.int16), "SPEC", exposure_cards(**{"EXPID": expid, **changes}))
    hdus: list[Any] = [fits.PrimaryHDU(), spec]
    named = cameras if isinstance(cameras, dict) else {camera: {} for camera in cameras}
    for seed, (camera, cards) in enumerate(named.items()):
        hdus.append(compressed(image(seed), camera.upper(), camera_cards(camera, **cards)))
    fits.HDUList([*hdus, *extra]).writeto(path, overwrite=True)
    return path


def fibermap_hdu(petals: range = range(10), per_petal: int = 20, **columns: Any) -> fits.BinTableHDU:
    """A fibermap with the rows in an order of its own; a column given as None is left out."""
    fiber = np.concatenate([500 * petal + np.arange(per_petal) for petal in petals])[::-1]
    count = len(fiber)
    table: dict[str, tuple[str, Any]] = {
        "FIBER": ("J", fiber),
        "PETAL_LOC": ("I", fiber // 500),
        "OBJTYPE": ("3A", np.where(fiber % 5 == 0, "SKY", "TGT")),
        "TARGETID": ("K", 39627700000000000 + fiber),
        "DESI_TARGET": ("K", np.where(fiber % 5 == 0, 2**32, 2**60)),
        "MWS_TARGET": ("K", np.zeros(count)),
        "FLUX_G": ("E", 1.0 + fiber % 7),
        "FLUX_R": ("E", np.where(fiber % 5 == 0, 0.0, 10.0)),
        "FLUX_Z": ("E", np.full(count, np.nan)),
        "TARGET_RA": ("D", 150.0 + fiber * 1e-3),
        "TARGET_DEC": ("D", fiber * 1e-3),
        "FIBERSTATUS": ("J", np.zeros(count)),
    }
    table |= columns
    made = [
        fits.Column(name=name, format=entry[0], array=entry[1]) for name, entry in table.items() if entry is not None
    ]
    return fits.BinTableHDU.from_columns(made, name="FIBERMAP")
