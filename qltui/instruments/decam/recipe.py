"""The recipe of one CCD: DETREND, SOURCES and QA, which turn raw pixels into sky, sources and shapes of stars.

Each step takes a `State` and returns a new one; metrics are measured on it afterwards, by the table. A component that
is switched off, or a calibration that is missing, takes away what needs it, with the reason, and nothing else.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from qltui.instruments.decam.calibration import CcdCalibration, read_calibration
from qltui.instruments.decam.detectors import known_faults
from qltui.instruments.decam.files import read_ccd
from qltui.instruments.decam.layout import CCDS, FIELD
from qltui.instruments.decam.master_frames import make_master
from qltui.instruments.decam.state import ON_SKY, State
from qltui.instruments.decam.wcs import read_wcs
from qltui.instruments.errors import InvalidFileError
from qltui.instruments.product_writer import bin_raw
from qltui.instruments.raw_camera import RawCamera
from qltui.model import Amplifier, CameraTask, Product
from qltui.reduction.cosmics import find_cosmics
from qltui.reduction.detector import CcdImage, assemble
from qltui.reduction.masks import BAD
from qltui.reduction.overscan import Overscan
from qltui.reduction.row_overscan import measure_row_overscan

__all__ = ["begin", "detrend", "finish"]

_WITH_FLAT: Final = ("SCIENCE", "STANDARD")
"""What the master flat is taken out of; in calibrations the light itself is what is measured."""

COSMIC_GRADIENTS: Final = (0.587, 0.587, 0.345, 0.345)
"""Value of the point-spread function one pixel from its centre over that at the centre, along x, y and both diagonals.

A Gaussian of 0.6 arcsec, better than the dome ever has it: no star is taken for a cosmic ray.
"""

COSMIC_SHARE: Final = 0.8
"""Of these gradients, that a hit must be sharper than. On a simulated sky of 1450 e- half of all hits and 98 % of those
above 500 e- are found so, with one false among a hundred."""


def begin(task: CameraTask) -> Any:
    """Read the CCD and what belongs to it, and turn its pixels into electrons; for the field, gather the CCDs'.

    Raises
    ------
    IncompleteFileError, InvalidFileError
        Where the file does not hold what its first look promised.
    """
    if task.camera == FIELD.name:
        from qltui.instruments.decam.consolidate import begin_field

        return begin_field(task)
    camera = CCDS[task.camera].camera
    faults, listed = _faults(task)
    dead = next((fault for fault in faults if fault.kind == "dead" and not fault.amplifier), None)
    if dead is not None:
        return State(task, camera, dead=dead.words)
    raw = read_ccd(task.exposure.path, task.camera)
    overscans = tuple(measure_row_overscan(raw.raw, amplifier) for amplifier in raw.amplifiers)
    wanted = _wanted(task)
    calibration = read_calibration(
        task.exposure,
        task.camera,
        raw.shape,
        kinds=wanted,
        directory=task.calibration_directory,
        products=task.night_calibrations,
    )
    ccd, done = _electrons(raw, calibration, overscans)
    unstable = {fault.amplifier: fault.reason for fault in faults if fault.amplifier}
    for amplifier in ccd.amplifiers:
        if amplifier.name in unstable:
            ccd.mask[amplifier.ccd.slices] |= BAD
    wcs, without_wcs = read_wcs(raw.header) if task.exposure.obstype in ON_SKY else (None, "")
    state = State(
        task=task,
        camera=camera,
        header=raw.header,
        unstable=unstable,
        raw=raw if task.exposure.obstype in ("ZERO", "FLAT") else None,
        bias=calibration.images.get("bias") if task.exposure.obstype == "FLAT" else None,
        ccd=ccd,
        overscans=overscans,
        calibration=replace(calibration, images={}),
        raw_preview=bin_raw(task, raw.raw),
        wcs=wcs,
        steps=done,
    )
    return state.noted(listed, *raw.notes, *calibration.problems.values(), without_wcs, *_switched_off(task))


def _faults(task: CameraTask) -> tuple[tuple[Any, ...], str]:
    """Return what is known to be wrong with the CCD, and a note where the site's list cannot be used."""
    name, night = task.camera, task.exposure.night
    try:
        return known_faults(name, night, task.calibration_directory), ""
    except InvalidFileError as error:
        return known_faults(name, night), f"the site's list of detectors is not used: {error}"


def _wanted(task: CameraTask) -> tuple[str, ...]:
    """Return the calibrations that this exposure needs and that are not switched off."""
    obstype, options = task.exposure.obstype, task.options
    wanted = ["mask"]
    if obstype != "ZERO" and options.get("bias", True):
        wanted.append("bias")
    if obstype in _WITH_FLAT and options.get("flat", True):
        wanted.append("flat")
    return tuple(wanted)


def _switched_off(task: CameraTask) -> tuple[str, ...]:
    return tuple(f"{name} is switched off" for name in ("bias", "flat", "cosmics") if not task.options.get(name, True))


def _electrons(
    raw: RawCamera, calibration: CcdCalibration, overscans: tuple[Overscan, ...]
) -> tuple[CcdImage, tuple[str, ...]]:
    """Return the CCD in electrons, and what was done."""
    images: dict[str, npt.NDArray[Any]] = dict(calibration.images)
    ccd = assemble(
        raw.raw,
        raw.amplifiers,
        overscans,
        shape=raw.shape,
        bias=images.get("bias"),
        pixel_flat=images.get("flat"),
        mask=images.get("mask"),
    )
    methods = " ".join(_method(a, o) for a, o in zip(raw.amplifiers, overscans, strict=True))
    return ccd, (f"overscan {methods}", *(f"master {name}" if name != "mask" else name for name in images))


def _method(amplifier: Amplifier, overscan: Overscan) -> str:
    """Return how the bias of an amplifier was taken off, and where it jumps."""
    jumps = ",".join(f"{size:+.1f}ADU@{row}" for row, size in overscan.jumps)
    return f"{amplifier.name}={overscan.method}" + (f"({jumps})" if jumps else "")


def detrend(state: State) -> State:
    """Find cosmic rays, and make the master of the night's zeros or flats."""
    if state.dead or state.ccd is None:
        return state
    if state.option("cosmics") and state.exposure.obstype not in ("FLAT", "TWILIGHT"):
        cosmics = find_cosmics(state.ccd, arm_factors=COSMIC_GRADIENTS, c2_factor=COSMIC_SHARE)
        state = state.with_(f"cosmic rays: {int(np.sum(cosmics.hits))} hits", cosmics=cosmics)
    return make_master(state).with_(bias=None)


def finish(state: Any) -> tuple[tuple[Product, ...], dict[str, str], tuple[str, ...]]:
    """Write the products; return them, the calibrations that were used, and the notes."""
    from qltui.instruments.decam.products import write_products

    products = write_products(state) if state.task.products_directory else ()
    calibration = getattr(state, "calibration", None)
    return products, dict(calibration.used) if calibration is not None else {}, state.notes
