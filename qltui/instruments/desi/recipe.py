"""The recipe: what is done to one camera of an exposure, step by step.

Each step takes a `State` and returns a new one; metrics are measured on it afterwards, by the table. A calibration
that is missing takes away what needs it, with the reason, and nothing else.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from qltui.instruments.base import get_instrument
from qltui.instruments.desi.calibration import Calibrations, CameraCalibration
from qltui.instruments.desi.fibermap import FiberMap, read_fibermap
from qltui.instruments.desi.files import read_camera, read_camera_header
from qltui.instruments.desi.known_lines import clear_lines, every_line, known_lines, spread_lines
from qltui.instruments.desi.state import Kind, State
from qltui.instruments.errors import InvalidFileError
from qltui.instruments.product_writer import bin_raw
from qltui.instruments.raw_camera import RawCamera
from qltui.model import CameraTask, Product
from qltui.reduction.cosmics import find_cosmics
from qltui.reduction.detector import CcdImage, assemble
from qltui.reduction.extraction import extract
from qltui.reduction.goodfibers import fiber_levels
from qltui.reduction.overscan import Overscan, measure_overscan
from qltui.reduction.shifts import MAXIMUM_DX, measure_dx, measure_dy
from qltui.reduction.traces import RowTraces, shifted, trace_rows
from qltui.reduction.widths import line_widths

__all__ = ["begin", "check_ccds", "check_fibers", "finish"]

COSMIC_GRADIENTS: Final = {
    "b": (0.758221, 0.771945, 0.570183, 0.592199),
    "r": (0.819245, 0.847529, 0.617514, 0.656629),
    "z": (0.829552, 0.862828, 0.633424, 0.664144),
}
"""Point-spread function one pixel from its centre over that at the centre, along x, y and both diagonals (desispec)."""
LINES_FOR_WIDTHS: Final = 8
LINES_FOR_SHIFT: Final = 24
"""Lines in each of 500 fibres are plenty: more cost time and tell nothing new."""
LEAST_SHIFT: Final = 0.005
"""Of the lines, below which the wavelengths stay as they are: no measurement knows it better [px]."""

_DETECTOR: Final = ("bias", "dark", "pixel_flat", "mask", "biaslevels")
CALIBRATIONS: Final = {
    Kind.DARK: _DETECTOR,
    Kind.FLAT: ("traces", *_DETECTOR),
    Kind.ARC: ("traces", *_DETECTOR),
    Kind.SKY: ("traces", *_DETECTOR, "fiberflat", "linewidths", "flux_calibration"),
}
"""What is read for an exposure of each kind: what nobody uses costs time and would be told as missing."""


def begin(task: CameraTask) -> State:
    """Read the camera and what belongs to it, and turn its pixels into electrons.

    Raises
    ------
    IncompleteFileError, InvalidFileError
        Where the file does not hold what its first look promised.
    """
    camera = get_instrument("desi").camera(task.camera)
    header = read_camera_header(task.exposure, task.camera)
    kind = Kind.of(task.exposure.obstype)
    calibration = Calibrations(task.calibration_directory).for_camera(
        task.exposure, task.camera, header, task.night_calibrations, CALIBRATIONS[kind]
    )
    raw = read_camera(task.exposure, task.camera, calibration)
    overscans = tuple(measure_overscan(raw.raw, amplifier) for amplifier in raw.amplifiers)
    ccd, done, problems = _electrons(task, raw, calibration, overscans)
    fibermap, reason = None, ""
    if kind == Kind.SKY:
        fibermap, reason = _targets(task, calibration)
    state = State(
        task=task,
        camera=camera,
        raw=replace(raw, raw=np.empty((0, 0), dtype=raw.raw.dtype)),
        calibration=calibration,
        ccd=ccd,
        overscans=overscans,
        raw_preview=bin_raw(task, raw.raw),
        fibermap=fibermap,
        fibermap_reason=reason,
        traces_reason=calibration.problems.get("traces", "") or "no traces among the calibrations",
        steps=done,
    )
    return state.noted(*raw.notes, *problems)


def _targets(task: CameraTask, calibration: CameraCalibration) -> tuple[FiberMap | None, str]:
    """Return the fibermap with a row for each trace, or the reason why there is none."""
    fibermap, reason = read_fibermap(task.exposure, task.camera)
    if fibermap is None or calibration.traces is None:
        return fibermap, reason
    try:
        return fibermap.aligned(calibration.traces.nfiber, int(task.camera[1:])), ""
    except InvalidFileError as error:
        return None, str(error)


def _electrons(
    task: CameraTask, raw: RawCamera, calibration: CameraCalibration, overscans: tuple[Overscan, ...]
) -> tuple[CcdImage, tuple[str, ...], list[str]]:
    """Return the detector in electrons, what was done, and which calibrations did not fit."""
    exptime = task.exposure.exptime
    images = {name: getattr(calibration, name) for name in ("bias", "dark", "pixel_flat", "mask")}
    problems = []
    for name, image in images.items():
        shapes = (raw.shape, raw.raw.shape) if name == "bias" else (raw.shape,)
        if image is not None and image.shape not in shapes:
            problems.append(f"{name} is {image.shape}, the detector {raw.shape}: not applied")
            images[name] = None
    if images["dark"] is not None and exptime is None:
        problems.append("no exposure time in the header: dark not applied")
        images["dark"] = None
    ccd = assemble(raw.raw, raw.amplifiers, overscans, shape=raw.shape, exposure_time=exptime or 0.0, **images)
    methods = " ".join(f"{a.name}={o.method}" for a, o in zip(raw.amplifiers, overscans, strict=True))
    done = [f"overscan {methods}", *(name for name, image in images.items() if image is not None)]
    return ccd, tuple(done), problems


def check_ccds(state: State) -> State:
    """Find cosmic rays, find the spectra on the detector, and measure the widths of lines."""
    if state.task.options.get("cosmics", True):
        cosmics = find_cosmics(state.ccd, arm_factors=COSMIC_GRADIENTS[state.camera.arm])
        state = state.with_(f"cosmic rays: {int(cosmics.hits.sum())} hits", cosmics=cosmics)
    if state.kind == Kind.DARK:
        return state
    state = _follow_traces(state)
    if state.traces is None or not state.has_lines:
        return state
    lines = clear_lines(state, LINES_FOR_WIDTHS)
    return state.with_(widths=line_widths(state.ccd, state.traces, lines.wavelength))


def _follow_traces(state: State) -> State:
    """Move the calibrated traces to where the spectra are."""
    traces = state.calibration.traces
    if traces is None:
        return state
    ny = state.ccd.image.shape[0]
    if traces.ny != ny:
        return replace(state, traces_reason=f"the traces are for {traces.ny} rows, the detector has {ny}")
    rows = trace_rows(traces, ny)
    dx = measure_dx(state.ccd, rows)
    state = state.with_(dx=dx, traces=traces, rows=rows, traces_reason="")
    if not abs(dx.value) <= MAXIMUM_DX:
        return state.noted(f"traces not moved: {dx.reason}")
    moved = replace(rows, x=rows.x + np.float32(dx.value))
    return state.with_(f"traces moved by dx {dx.value:+.3f} px", traces=shifted(traces, dx.value, 0.0), rows=moved)


def check_fibers(state: State) -> State:
    """Extract the spectra, move the wavelength solution to where the lines are, and tell light from dark fibres."""
    if state.rows is None or state.traces is None:
        return state
    spectra = extract(state.ccd, state.rows)
    state = state.with_("boxcar extraction", spectra=spectra)
    if state.has_lines:
        state = _follow_lines(state)
    assert state.spectra is not None
    return state.with_(levels=fiber_levels(state.spectra))


def _follow_lines(state: State) -> State:
    """Move wavelengths to where known lines are; light and its extraction do not depend on them."""
    spectra, traces, rows = state.spectra, state.traces, state.rows
    assert spectra is not None
    assert traces is not None
    assert rows is not None
    every = every_line(state)
    lines = spread_lines(known_lines(state), state.camera.arm, LINES_FOR_SHIFT)
    dy = measure_dy(spectra, traces, lines.wavelength, comb=(every.wavelength, every.strength))
    if not np.isfinite(dy.value):
        return state.with_(dy=dy).noted(f"wavelengths not moved: {dy.reason}")
    if abs(dy.value) < LEAST_SHIFT:
        return state.with_(f"wavelengths kept: dy {dy.value:+.3f} px", dy=dy)
    wavelength = move_wavelengths(rows, dy.value)
    return state.with_(
        f"wavelengths moved by dy {dy.value:+.3f} px",
        dy=dy,
        traces=shifted(traces, 0.0, dy.value),
        rows=replace(rows, wavelength=wavelength),
        spectra=replace(spectra, wavelength=wavelength),
    )


def move_wavelengths(rows: RowTraces, dy: float) -> npt.NDArray[np.float64]:
    """Return the wavelengths of all rows after the spectra have moved up by `dy` rows [Angstrom], shape (nf, ny)."""
    return rows.wavelength - dy * rows.dispersion.astype(np.float64)


def finish(state: State) -> tuple[tuple[Product, ...], dict[str, str], tuple[str, ...]]:
    """Write the products; return them, the calibrations that were used, and the notes."""
    from qltui.instruments.desi.products import write_products

    products = write_products(state) if state.task.products_directory else ()
    return products, dict(state.calibration.used), state.notes
