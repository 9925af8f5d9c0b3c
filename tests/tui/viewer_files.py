"""Products of a known exposure: previews, tables of fibres and spectra, whose every value a test can say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from astropy.io import fits

from qltui.model import CameraReport, Product, Status, Trigger, Verdict

__all__ = ["BAD_FIBER", "CAMERAS", "FIBERS", "SHAPE", "add_viewed"]

CAMERAS = ("b0", "r0", "z0", "b1")
"""Cameras that left files; z0 has no table of fibres, b1 an older preview without raw pixels and flags."""

SHAPE = (40, 60)
FIBERS = 10
"""Of each unit: 0 to 9, 10 to 19."""
BAD_FIBER = 3
"""In b0 alone."""


def preview(camera: str) -> fits.HDUList:
    """Pixel (y, x) holds 100 y + x [e-]; (10, 20) is saturated, (30, 50) was hit by a cosmic ray."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    reduced = fits.ImageHDU((100.0 * y + x).astype("f4"), name="PREVIEW")
    reduced.header["BUNIT"] = "electron"
    parts = [reduced]
    flags = np.zeros(SHAPE, dtype="u1")
    flags[10, 20], flags[30, 50] = 2, 4
    marks = fits.ImageHDU(flags, name="FLAGS")
    marks.header["FLAG2"], marks.header["FLAG4"] = "saturated", "cosmic ray"
    raw = fits.ImageHDU(np.full((44, 70), 1000.0, dtype="f4"), name="RAW")
    raw.header["BUNIT"] = "adu"
    if camera != "b1":
        parts += [marks, raw]
    for hdu in parts:
        hdu.header["BINNING"] = 8
        for number, (name, section) in enumerate((("A", "[1:240,1:320]"), ("B", "[241:480,1:320]")), 1):
            hdu.header[f"AMPNAM{number}"], hdu.header[f"AMPSEC{number}"] = name, section
    return fits.HDUList([fits.PrimaryHDU(), *parts])


def fibers(unit: int, arm: str) -> fits.HDUList:
    """Fibres of a unit on a circle; every third is sky, one is bad in b0."""
    number = FIBERS * unit + np.arange(FIBERS)
    good = np.ones(FIBERS, dtype=bool)
    if arm == "b" and unit == 0:
        good[BAD_FIBER] = False
    angle = 2 * np.pi * number / 20
    columns = [
        fits.Column("FIBER", "J", array=number),
        fits.Column("GOOD", "L", array=good),
        fits.Column("CLASS", "8A", array=np.where(number % 3 == 0, "SKY", "ELG")),
        fits.Column("FIBER_X", "D", array=100 * np.cos(angle)),
        fits.Column("FIBER_Y", "D", array=100 * np.sin(angle)),
        fits.Column("RA", "D", array=150 + np.cos(angle)),
        fits.Column("DEC", "D", array=30 + np.sin(angle)),
        fits.Column("SNR", "D", array=number + 0.5),
    ]
    return fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns, name="FIBERS")])


def spectra(unit: int, arm: str) -> fits.HDUList:
    """Flux is ten times the number of the fibre; the last bin is masked."""
    start = {"b": 3600.0, "r": 5700.0, "z": 7500.0}[arm]
    number = FIBERS * unit + np.arange(FIBERS)
    flux = np.tile(10.0 * number[:, None], (1, 100)).astype("f4")
    ivar = np.full(flux.shape, 0.25, dtype="f4")
    ivar[:, -1] = 0.0
    wavelength = np.tile(start + 20.0 * np.arange(100), (FIBERS, 1)).astype("f4")
    first = fits.ImageHDU(flux, name="FLUX")
    first.header["BUNIT"], first.header["SKYSUB"] = "electron/Angstrom", True
    return fits.HDUList(
        [fits.PrimaryHDU(), first, fits.ImageHDU(ivar, name="IVAR"), fits.ImageHDU(wavelength, name="WAVELENGTH")]
    )


def add_viewed(store, exposure, directory: Path, now: float) -> int:
    """Record an exposure whose cameras left files in `directory`, and return the number of its process."""
    raw = fits.HDUList([fits.PrimaryHDU()])
    raw[0].header["EXPTIME"] = (1000.0, "exposure time [s]")
    raw[0].header["OBSERVER"] = ("A. Person", "who")
    raw.append(fits.ImageHDU(np.zeros((4, 5), dtype="i2"), name="B0"))
    raw[1].header["DETECTOR"] = ("sn22797", "which chip")
    directory.mkdir()
    path = directory / "raw.fits"
    raw.writeto(path)
    identifier = store.add_exposure(replace(exposure, path=str(path), cameras=CAMERAS), now=now)
    process = store.enqueue(identifier, Trigger.NEW, "engine", CAMERAS, None, "0.1.0", None, now=now)
    store.start_process(process, now=now)
    for camera in CAMERAS:
        arm, unit = camera[0], int(camera[1])
        made = {"preview": preview(camera), "spectra": spectra(unit, arm)}
        if camera != "z0":
            made["fibers"] = fibers(unit, arm)
        products = []
        for kind, hdus in made.items():
            name = directory / f"{kind}-{camera}.fits"
            hdus.writeto(name)
            products.append(Product(kind, str(name), name.stat().st_size, "0" * 64))
        store.start_job(process, camera, 1, 1, now=now)
        report = CameraReport(camera, 1, (), products=tuple(products), seconds=1.0)
        store.finish_job(process, report, Status.NORMAL, "", now=now)
    store.finish_process(process, Verdict(Status.NORMAL, "all good", (), 4, 4), now=now)
    return process
