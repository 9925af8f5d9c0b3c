"""SExtractor, as an independent program, on the same images with the same settings."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pytest
from astropy.io import fits

PROGRAM = next((name for name in ("source-extractor", "sex", "sextractor") if shutil.which(name)), None)
COLUMNS = ("X_IMAGE", "Y_IMAGE", "FLUX_ISO", "FLUX_MAX", "FWHM_IMAGE", "ELLIPTICITY", "FLAGS", "BACKGROUND")
KERNEL = "CONV NORM\n1 2 1\n2 4 2\n1 2 1\n"


def need():
    """Skip where the program is not installed."""
    if PROGRAM is None:
        pytest.skip("source-extractor is not installed: nothing independent to compare with")


def settings(folder, nsigma=5.0, saturation=40000.0):
    """Write what the program reads besides the image; return its arguments."""
    (folder / "columns.param").write_text("\n".join(COLUMNS) + "\n")
    (folder / "filter.conv").write_text(KERNEL)
    chosen = {
        "PARAMETERS_NAME": folder / "columns.param", "CATALOG_NAME": folder / "found.cat", "CATALOG_TYPE": "ASCII",
        "DETECT_THRESH": nsigma, "ANALYSIS_THRESH": nsigma, "DETECT_MINAREA": 5, "DEBLEND_NTHRESH": 32,
        "DEBLEND_MINCONT": 0.005, "FILTER": "Y", "FILTER_NAME": folder / "filter.conv", "CLEAN": "Y",
        "CLEAN_PARAM": 1.0, "BACK_SIZE": 64, "BACK_FILTERSIZE": 3, "WEIGHT_TYPE": "NONE",
        "SATUR_LEVEL": saturation, "VERBOSE_TYPE": "QUIET",
    }  # fmt: skip
    return ["-c", "/dev/null", *(word for key, value in chosen.items() for word in (f"-{key}", str(value)))]


def run(image, folder, **options):
    """Return the program's catalogue of an image as a dictionary of columns; places count from 0 as ours do."""
    need()
    fits.writeto(folder / "image.fits", np.asarray(image, dtype=np.float32), overwrite=True)
    subprocess.run([PROGRAM, str(folder / "image.fits"), *settings(folder, **options)], check=True, cwd=folder)
    table = np.loadtxt(folder / "found.cat", ndmin=2)
    found = {name: table[:, k] for k, name in enumerate(COLUMNS)}
    found["X_IMAGE"], found["Y_IMAGE"] = found["X_IMAGE"] - 1, found["Y_IMAGE"] - 1
    return found
