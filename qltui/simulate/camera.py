"""One camera of one exposure, from the light of its fibres to the counts of its pixels, with the truth kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qltui.model import Amplifier
from qltui.simulate.cosmics import cosmic_rays
from qltui.simulate.electronics import Channel, camera_channels, model_amplifiers, read_out, with_changes
from qltui.simulate.geometry import AMPLIFIERS, DetectorLayout, detector_layout
from qltui.simulate.light import Light, draw_sky, flat_light, lamp_light, sky_light
from qltui.simulate.optics import FiberRows, Optics, own_optics
from qltui.simulate.paint import add_lines, paint_fibers, poisson
from qltui.simulate.request import CAMERAS, SimulationRequest
from qltui.simulate.targets import Targets, draw_targets, target_rate
from qltui.simulate.traces_file import read_optics

__all__ = ["DARK_CURRENT", "SimulatedCamera", "camera_targets", "fiber_throughput", "nominal_optics", "simulate_camera"]

DARK_CURRENT = 0.5 / 3600.0
"""Of every pixel [e-/s]."""

_HARDWARE = 20191001
# Independent random numbers for each purpose, so that one effect can be switched off and the others stay the same
_SKY, _TARGETS, _PHOTONS, _READOUT, _COSMICS, _DEAD = range(6)


@dataclass(frozen=True, slots=True)
class SimulatedCamera:
    """A camera's raw image, and everything that is true of it.

    Attributes
    ----------
    name : str
        ``"b3"``.
    raw : (raw_ny, raw_nx) array of uint16
        [ADU].
    layout : DetectorLayout
    channels : tuple of Channel
        Amplifiers as they truly are.
    amplifiers : tuple of Amplifier
        As the header says.
    nominal : Optics
        Where the light would fall according to the calibrations.
    optics : Optics
        Where it fell.
    rows : FiberRows
        `optics` at every row.
    throughput : (nf, ny) array
        Of each fibre, 1 on average; 0 for dead fibres.
    dead_fibers : tuple of int
    expected : (ny, nx) array
        Electrons without noise and without cosmic rays, dark current included [e-].
    cosmic : (ny, nx) array
        Electrons from cosmic rays [e-].
    cosmic_hits : int
    sky_flux, object_flux, lamp_flux : (nf, ny) array
        What reached the detector from each source, as the rows see it [e-/Angstrom]; times the throughput.
    pure_sky : (ny,) array
        The sky as a fibre of mean throughput in the middle of the slit sees it [e-/Angstrom].
    targets : Targets or None
    """

    name: str
    raw: NDArray[np.uint16]
    layout: DetectorLayout
    channels: tuple[Channel, ...]
    amplifiers: tuple[Amplifier, ...]
    nominal: Optics
    optics: Optics
    rows: FiberRows
    throughput: NDArray[np.float64]
    dead_fibers: tuple[int, ...]
    expected: NDArray[np.float32]
    cosmic: NDArray[np.float32]
    cosmic_hits: int
    sky_flux: NDArray[np.float32]
    object_flux: NDArray[np.float32]
    lamp_flux: NDArray[np.float32]
    pure_sky: NDArray[np.float64]
    targets: Targets | None

    @property
    def read_noise(self) -> NDArray[np.float32]:
        """True read noise of every pixel ``(ny, nx)`` [e-]; rounding of the counts included."""
        out = np.empty((self.layout.ny, self.layout.nx), dtype=np.float32)
        for part, channel in zip(self.layout.amplifiers, self.channels, strict=True):
            out[part.ccd.slices] = np.hypot(channel.read_noise, channel.gain / np.sqrt(12.0))
        return out

    def cosmic_mask(self, sigma: float = 10.0) -> NDArray[np.bool_]:
        """Return which pixels ``(ny, nx)`` got more than `sigma` times their noise from cosmic rays."""
        mask = np.zeros(self.cosmic.shape, dtype=np.bool_)
        for part, channel in zip(self.layout.amplifiers, self.channels, strict=True):
            charge, expected = self.cosmic[part.ccd.slices], self.expected[part.ccd.slices]
            hit = np.nonzero(charge)  # a few pixels in a thousand
            variance = expected[hit] + channel.read_noise**2 + channel.gain**2 / 12.0
            mask[part.ccd.slices][hit] = charge[hit] > sigma * np.sqrt(variance)
        return mask


def _generator(request: SimulationRequest, purpose: int, index: int = 0) -> np.random.Generator:
    """Return random numbers of one purpose; `index` is a camera's or spectrograph's."""
    return np.random.default_rng([request.seed, request.expid, purpose, index])


def nominal_optics(request: SimulationRequest, camera: str, calibration: Path | None) -> Optics:
    """Return the traces of the calibrations: from the directory where it has them, else of the own model."""
    layout = detector_layout(request.size, camera[0])
    if calibration is not None:
        path = calibration / f"psf-{camera}.fits"
        if path.is_file():
            return read_optics(path, layout, request.geometry.fibers)
    return own_optics(request.geometry, camera[0], CAMERAS.index(camera), layout)


def fiber_throughput(camera: str, rows: FiberRows) -> NDArray[np.float64]:
    """Return the throughput ``(nf, ny)`` of the fibres of a camera, a few per cent around 1.

    It belongs to the hardware: flat and science have the same.
    """
    hardware = np.random.default_rng([_HARDWARE, CAMERAS.index(camera), 3])
    count = rows.x.shape[0]
    level = np.clip(hardware.normal(1.0, 0.04, count), 0.88, 1.12)
    slope = np.clip(hardware.normal(0.0, 0.01, count), -0.03, 0.03)
    wave = rows.wavelength
    u = 2.0 * (wave - wave.min()) / (wave.max() - wave.min()) - 1.0
    tilt = 1.0 + (slope - slope.mean())[:, None] * u
    throughput: NDArray[np.float64] = (level / level.mean())[:, None] * tilt
    return throughput


def camera_targets(request: SimulationRequest, camera: str) -> Targets | None:
    """Return what the fibres of a camera's spectrograph look at; None for lamps and dark detectors."""
    if not request.on_sky:
        return None
    rng = _generator(request, _TARGETS, int(camera[1:]))
    return draw_targets(request.geometry, request.program, rng, only_sky=request.obstype != "SCIENCE")


def simulate_camera(request: SimulationRequest, camera: str, *, calibration: Path | None = None) -> SimulatedCamera:
    """Simulate one camera of an exposure, without files.

    Parameters
    ----------
    request : SimulationRequest
    camera : str
        ``"b0"`` to ``"z9"``.
    calibration : Path, optional
        Directory with ``psf-CAM.fits``.

    Raises
    ------
    SimulationError
        Where the request makes no sense, or the trace file cannot be read.
    """
    request = request.complete()
    index = CAMERAS.index(camera)
    layout = detector_layout(request.size, camera[0])
    faults = [fault for fault in request.faults if fault.concerns(camera)]
    nominal = nominal_optics(request, camera, calibration)
    dx = sum(fault.size for fault in faults if fault.name == "trace_dx")
    dy = sum(fault.size for fault in faults if fault.name == "trace_dy")
    optics = nominal.shifted(dx, dy)
    rows = optics.rows()
    count = sum(int(fault.size) for fault in faults if fault.name == "dead_fibers")
    order = _generator(request, _DEAD, index).permutation(optics.fibers)
    dead = tuple(sorted(int(fiber) for fiber in order[:count]))
    throughput = fiber_throughput(camera, nominal.rows() if dx or dy else rows) if request.variation else 1.0
    throughput = np.broadcast_to(throughput, rows.x.shape).copy()
    throughput[list(dead)] = 0.0
    light = _Illumination(request, camera, optics, rows, throughput)
    expected = np.full((layout.ny, layout.nx), DARK_CURRENT * request.exptime, dtype=np.float32)
    if light.has_any:
        paint_fibers(expected, light.total(), rows.x, rows.xsigma)
    if request.cosmics:
        rng = _generator(request, _COSMICS, index)
        cosmic, hits = cosmic_rays((layout.ny, layout.nx), camera[0], request.exptime, rng)
    else:
        cosmic, hits = np.zeros_like(expected), 0
    collected = poisson(_generator(request, _PHOTONS, index), expected) if request.photon_noise else expected
    rng = _generator(request, _READOUT, index)
    channels = _spoiled(camera_channels(index, camera[0], AMPLIFIERS, rng), request, camera)
    raw = read_out(collected + cosmic, layout, channels, rng)
    return SimulatedCamera(
        camera, raw, layout, channels, model_amplifiers(layout, channels), nominal, optics, rows, throughput, dead,
        expected, cosmic, hits, light.sky, light.objects, light.lamp, light.pure_sky, light.targets,
    )  # fmt: skip


def _spoiled(channels: tuple[Channel, ...], request: SimulationRequest, camera: str) -> tuple[Channel, ...]:
    """Return the amplifiers with their faults."""
    if not request.read_noise:
        for channel in channels:
            channels = with_changes(channels, channel.name, read_noise=0.0)
    for fault in request.faults:
        if fault.place != camera:
            continue
        if fault.name == "noisy_amplifier":
            channels = with_changes(channels, fault.amplifier, read_noise=fault.size)
        elif fault.name == "dead_amplifier":
            channels = with_changes(channels, fault.amplifier, bias=fault.size, dead=True)
        elif fault.name == "bias_jump":
            bias = next(channel.bias for channel in channels if channel.name == fault.amplifier)
            channels = with_changes(channels, fault.amplifier, bias=bias + fault.size)
    return channels


class _Illumination:
    """Electrons of every fibre and row by where they come from, as densities [e-/Angstrom]."""

    def __init__(
        self,
        request: SimulationRequest,
        camera: str,
        optics: Optics,
        rows: FiberRows,
        throughput: NDArray[np.float64],
    ) -> None:
        self._optics, self._rows, self._throughput = optics, rows, throughput
        shape = rows.x.shape
        self.sky = self.objects = self.lamp = np.zeros(shape, dtype=np.float32)
        self.pure_sky = np.zeros(shape[1])
        self.targets = camera_targets(request, camera)
        arm = camera[0]
        if self.targets is not None:
            resolution = float(np.median(rows.dispersion * np.hypot(rows.ysigma, 1.0 / np.sqrt(12.0))))
            state = draw_sky(request, _generator(request, _SKY))
            light = sky_light(
                state, arm, rows.wavelength, request.exptime, resolution, sparse=request.geometry.sparse_lines
            )
            pure = self._spread(light)
            self.pure_sky = pure[shape[0] // 2].astype(float)
            self.sky = pure * throughput.astype(np.float32)
            rate = target_rate(self.targets, arm, rows.wavelength, resolution) * state.transparency * request.exptime
            self.objects = (rate * throughput).astype(np.float32)
        elif request.obstype == "ARC":
            light = lamp_light(request, arm, shape)
            self.lamp = self._spread(light) * throughput.astype(np.float32)
        elif request.obstype == "FLAT":
            light = flat_light(request, arm, rows.wavelength, rows.dispersion)
            self.lamp = (light.continuum * throughput).astype(np.float32)

    @property
    def has_any(self) -> bool:
        """Whether there is any light."""
        return any(bool(part.any()) for part in (self.sky, self.objects, self.lamp))

    def total(self) -> NDArray[np.float32]:
        """Return the electrons of each fibre and row ``(nf, ny)`` [e-]."""
        total = (self.sky + self.objects + self.lamp) * self._rows.dispersion
        return np.ascontiguousarray(total, dtype=np.float32)

    def _spread(self, light: Light) -> NDArray[np.float32]:
        """Return continuum and lines as the rows of each fibre see them [e-/Angstrom]."""
        electrons = np.ascontiguousarray(light.continuum * self._rows.dispersion, dtype=np.float32)
        if light.lines.size:
            y = self._optics.evaluate(self._optics.y, light.lines)
            add_lines(electrons, y, np.broadcast_to(light.electrons, y.shape).copy(), self._rows.ysigma)
        return (electrons / self._rows.dispersion).astype(np.float32)
