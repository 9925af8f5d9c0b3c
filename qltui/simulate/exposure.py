"""Raw exposures on disk, with their companions and the truth beside them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from astropy.io import fits

from qltui.simulate.camera import simulate_camera
from qltui.simulate.fibermap import fibermap_hdu, has_fibermap
from qltui.simulate.file_parts import compressed_hdu, hdu_bytes, in_order, replace_file, sha256, worker_pool
from qltui.simulate.raw_file import camera_cards, write_raw
from qltui.simulate.request import SimulationRequest
from qltui.simulate.truth import camera_truth, exposure_truth

__all__ = ["Progress", "SimulatedExposure", "simulate_exposure"]

Progress = Callable[[str, int, int], None]
"""Is told the camera that was finished, how many are, and how many there are in all."""


@dataclass(frozen=True, slots=True)
class SimulatedExposure:
    """What was written: the raw file, the file with the truth, and its contents."""

    path: Path
    truth_path: Path
    truth: dict[str, Any]


def simulate_exposure(
    request: SimulationRequest,
    out: Path,
    *,
    calibration: Path | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> SimulatedExposure:
    """Write a raw exposure: ``OUT/NIGHT/EXPID/desi-EXPID.fits.fz`` with fibermap and checksums.

    The companions come first and the checksums last, so that whoever watches the directory sees what the
    observatory shows. The truth goes to ``OUT/truth/NIGHT/truth-EXPID.json``.

    Parameters
    ----------
    request : SimulationRequest
    out : Path
        Root of the nights; made if it is not there.
    calibration : Path, optional
        Directory with ``psf-CAM.fits``; without it the own model of the optics is used.
    workers : int
        Processes to use.
    progress : callable, optional
        Called after each camera.

    Raises
    ------
    SimulationError
        Where the request makes no sense.
    OSError
        Where the files cannot be written.
    """
    request = request.complete()
    number = f"{request.expid:08d}"
    directory = out / f"{request.night:08d}" / number
    truth_path = out / "truth" / f"{request.night:08d}" / f"truth-{number}.json"
    directory.mkdir(parents=True, exist_ok=True)
    truth_path.parent.mkdir(parents=True, exist_ok=True)
    written = []
    if has_fibermap(request) and not _has(request, "missing_fibermap"):
        path = directory / f"fibermap-{number}.fits"
        buffer = io.BytesIO()
        fits.HDUList([fits.PrimaryHDU(), fibermap_hdu(request)]).writeto(buffer)
        replace_file(path, buffer.getvalue())
        written.append(path)
    cut = [fault.size for fault in request.faults if fault.name == "truncated_file"]
    truths: dict[str, dict[str, Any]] = {}
    raw_path = directory / f"desi-{number}.fits.fz"
    make = partial(_camera_block, request, calibration)
    names = _written_cameras(request)
    with worker_pool(min(workers, len(names))) as pool:
        cameras = in_order(make, names, pool)
        write_raw(raw_path, request, _collect(cameras, request, truths, progress), keep=min(cut, default=1.0))
    truth = exposure_truth(request, truths)
    replace_file(truth_path, json.dumps(truth, indent=1).encode())
    if not cut:  # the checksums are made of complete files, by whoever copies them
        lines = "".join(f"{sha256(path)}  {path.name}\n" for path in (raw_path, *written))
        replace_file(directory / f"checksum-{number}.sha256sum", lines.encode())
    return SimulatedExposure(raw_path, truth_path, truth)


def _has(request: SimulationRequest, name: str) -> bool:
    """Whether the exposure has a fault of this name."""
    return any(fault.name == name for fault in request.faults)


def _written_cameras(request: SimulationRequest) -> tuple[str, ...]:
    """Return the cameras that are in the file."""
    missing = {fault.place for fault in request.faults if fault.name == "missing_camera"}
    return tuple(camera for camera in request.cameras if camera not in missing)


def _camera_block(request: SimulationRequest, calibration: Path | None, name: str) -> tuple[str, bytes, dict[str, Any]]:
    """Return one camera as its HDU stands in the file, and what is true of it."""
    camera = simulate_camera(request, name, calibration=calibration)
    hdu = compressed_hdu(camera.raw, name.upper(), camera_cards(request, camera))
    return name, hdu_bytes(hdu), camera_truth(request, camera)


def _collect(
    cameras: Iterator[tuple[str, bytes, dict[str, Any]]],
    request: SimulationRequest,
    truths: dict[str, dict[str, Any]],
    progress: Progress | None,
) -> Iterator[bytes]:
    """Yield the bytes of the cameras, keeping their truth and telling the progress."""
    total = len(_written_cameras(request))
    for name, block, truth in cameras:
        truths[name] = truth
        if progress is not None:
            progress(name, len(truths), total)
        yield block
