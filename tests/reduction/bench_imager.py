"""How long the work on one CCD of an imager takes, step by step, and SExtractor on the same image in the same run.

    python tests/reduction/bench_imager.py [--stars 1500] [--runs 3]

Times are of one core (processor time), the best of several runs; nothing is asserted.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import sextractor
from astropy.io import fits
from star_fields import make_field

from qltui.model import Amplifier, Section
from qltui.reduction.background import measure_background, subtract_background
from qltui.reduction.binning import bin_image
from qltui.reduction.cosmics import find_cosmics
from qltui.reduction.detector import assemble
from qltui.reduction.row_overscan import measure_row_overscan
from qltui.reduction.sources import extract_sources
from qltui.reduction.star_profile import measure_profile
from qltui.reduction.star_selection import find_stars
from qltui.reduction.star_shapes import mean_shape

NY, NX, OVERSCAN, GAIN, NOISE = 4096, 2048, 50, 4.0, 6.0


def raw_frame(field):
    """Return the raw image [ADU] of a field: one overscan at each end of the rows, with a jump; and its amplifiers."""
    rng = np.random.default_rng(1)
    level = np.where(np.arange(NY) < 2098, 1500.0, 1506.0)[:, None]
    ends = [np.rint(level + rng.normal(0, NOISE / GAIN, (NY, OVERSCAN))) for _ in range(2)]
    raw = np.concatenate([ends[0], np.rint(field.image + level), ends[1]], axis=1).clip(0, 65535).astype(np.uint16)
    half, last = NX // 2, OVERSCAN + NX
    amplifiers = (
        Amplifier("A", Section(0, NY, OVERSCAN, OVERSCAN + half), Section(0, NY, 0, OVERSCAN), Section(0, NY, 0, half),
                  GAIN, NOISE, 41000.0),
        Amplifier("B", Section(0, NY, OVERSCAN + half, last), Section(0, NY, last, last + OVERSCAN),
                  Section(0, NY, half, NX), GAIN, NOISE, 41000.0),
    )  # fmt: skip
    return raw, amplifiers


def reduce(raw, amplifiers, bias, flat, clock):
    """Do all of the work on one CCD, telling the clock the name of each step when it is done."""
    overscans = [measure_row_overscan(raw, amplifier) for amplifier in amplifiers]
    clock("overscan")
    ccd = assemble(raw, amplifiers, overscans, shape=(NY, NX), bias=bias, pixel_flat=flat)
    clock("bias, gain and flat")
    find_cosmics(ccd, arm_factors=(0.6, 0.6, 0.4, 0.4))
    clock("cosmic rays")
    background = measure_background(ccd.image)
    clock("background")
    sky = subtract_background(ccd.image, background, out=ccd.image)
    clock("subtraction")
    sources = extract_sources(sky, background.rms, mask=ccd.mask, gain=1.0, ignore=1)
    clock("sources")
    stars = find_stars(sky, sources, background.rms, mask=ccd.mask)
    clock("stars and shapes")
    profile = measure_profile(sky, stars.shapes, background.rms, gain=1.0, mask=ccd.mask)
    mean_shape(stars.shapes)
    clock("profile")
    bin_image(sky, 512)
    clock("preview")
    return sources, stars, profile


def sextractor_seconds(image, folder):
    """Return the processor time that SExtractor takes [s]."""
    fits.writeto(folder / "image.fits", image, overwrite=True)
    before = os.times()
    subprocess.run([sextractor.PROGRAM, str(folder / "image.fits"), *sextractor.settings(folder)], check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def main():
    """Print the times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stars", type=int, default=1500)
    parser.add_argument("--runs", type=int, default=3)
    chosen = parser.parse_args()
    field = make_field((NY, NX), stars=chosen.stars, galaxies=chosen.stars, bright=15, cosmics=150, faintest=150.0)
    raw, amplifiers = raw_frame(field)
    bias, flat = np.zeros((NY, NX), np.float32), np.ones((NY, NX), np.float32)
    best, theirs = {}, []
    with tempfile.TemporaryDirectory() as name:
        for _ in range(chosen.runs + 1):
            times, last = {}, [time.process_time()]

            def clock(step, times=times, last=last):
                now = time.process_time()
                times[step], last[0] = now - last[0], now

            sources, stars, profile = reduce(raw, amplifiers, bias, flat, clock)
            best = {step: min(best.get(step, 9e9), each) for step, each in times.items()}
            if sextractor.PROGRAM:
                theirs.append(sextractor_seconds(field.image, Path(name)))
    for step, seconds in best.items():
        print(f"{step:24s}{1e3 * seconds:8.1f} ms")
    total = sum(best.values())
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{'all':24s}{1e3 * total:8.1f} ms   {len(sources)} sources, {len(stars)} stars, FWHM {profile.fwhm:.3f} px")
    if theirs:
        print(f"{'SExtractor':24s}{1e3 * min(theirs):8.1f} ms   ratio {total / min(theirs):.2f}")
    print(f"memory, this script's own image included: {memory:.0f} MB")


if __name__ == "__main__":
    main()
