"""Another program on the images that an imager's reduction detrends: SExtractor, as it is used everywhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

__all__ = ["DEFAULT_SIGMA", "OUR_SIGMA", "installed", "peer_seconds"]

_COLUMNS: Final = (
    "X_IMAGE", "Y_IMAGE", "FLUX_ISO", "FLUX_MAX", "FWHM_IMAGE", "ELLIPTICITY", "FLAGS", "BACKGROUND", "THETA_IMAGE",
)  # fmt: skip
_KERNEL: Final = "CONV NORM\n1 2 1\n2 4 2\n1 2 1\n"
_SETTINGS: Final = {
    "CATALOG_TYPE": "FITS_1.0", "DETECT_MINAREA": "5", "DEBLEND_NTHRESH": "32", "DEBLEND_MINCONT": "0.005",
    "FILTER": "Y", "CLEAN": "Y", "BACK_SIZE": "64", "BACK_FILTERSIZE": "3", "WEIGHT_TYPE": "NONE",
    "VERBOSE_TYPE": "QUIET",
}  # fmt: skip
"""The program's own defaults, with a finer mesh for the background, as our own has."""
DEFAULT_SIGMA: Final = 1.5
OUR_SIGMA: Final = 5.0
"""Thresholds in sigma of the background: the program's own, and ours, which leaves fewer sources to be measured."""


def installed(names: Sequence[str]) -> str | None:
    """Return the first of these programs that is installed, or None."""
    return next((found for name in names if (found := shutil.which(name))), None)


def peer_seconds(names: Sequence[str], images: Sequence[Path], slots: int, sigma: float) -> float:
    """Return how long the program takes for all images, so many at a time [s].

    The images are read once before the clock runs: it is the program that is timed, not the disk.

    Raises
    ------
    subprocess.CalledProcessError
        Where it fails on one.
    """
    program = installed(names)
    assert program is not None
    with tempfile.TemporaryDirectory(prefix="qltui-peer-") as scratch:
        folder = Path(scratch)
        (folder / "columns.param").write_text("\n".join(_COLUMNS) + "\n")
        (folder / "filter.conv").write_text(_KERNEL)
        words = [word for key, value in _SETTINGS.items() for word in (f"-{key}", value)]
        words += ["-DETECT_THRESH", str(sigma), "-ANALYSIS_THRESH", str(sigma)]
        words += ["-PARAMETERS_NAME", "columns.param", "-FILTER_NAME", "filter.conv"]

        # Without what our workers are told of memory and threads: the program is timed as everybody runs it.
        plain = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}

        def extract(number: int) -> None:
            # The first extension is the image, those behind it are masks.
            command = [program, f"{images[number]}[1]", "-c", "/dev/null", "-CATALOG_NAME", f"{number}.cat", *words]
            subprocess.run(command, check=True, cwd=folder, env=plain, capture_output=True)  # noqa: S603 - our own words

        for image in images:
            image.read_bytes()
        started = time.perf_counter()
        with ThreadPoolExecutor(slots) as pool:
            list(pool.map(extract, range(len(images))))
        return time.perf_counter() - started
