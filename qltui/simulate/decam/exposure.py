"""Raw exposures of DECam on disk, with the truth beside them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from qltui.simulate.decam.ccd import simulate_ccd
from qltui.simulate.decam.headers import archive_name, ccd_cards, exposure_cards, raw_name
from qltui.simulate.decam.mosaic import CCDS, FOCUS_CHIPS
from qltui.simulate.decam.request import SimulationRequest
from qltui.simulate.decam.truth import ccd_sources, ccd_truth, exposure_truth, source_bytes
from qltui.simulate.file_parts import compressed_hdu, hdu_bytes, in_order, replace_file, worker_pool, write_blocks

__all__ = ["Progress", "SimulatedExposure", "simulate_exposure"]

Progress = Callable[[str, int, int], None]
"""Is told the CCD that was finished, how many are, and how many there are in all."""


@dataclass(frozen=True, slots=True)
class SimulatedExposure:
    """What was written: the raw file, the files with the truth, and the truth itself."""

    path: Path
    truth_path: Path
    sources_path: Path
    truth: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Block:
    """One HDU as it stands in the file, and what is true of it."""

    name: str
    content: bytes
    truth: dict[str, Any]
    sources: NDArray[np.void]


def simulate_exposure(
    request: SimulationRequest,
    out: Path,
    *,
    archive_names: bool = False,
    workers: int = 1,
    pool: Executor | None = None,
    progress: Progress | None = None,
) -> SimulatedExposure:
    """Write a raw exposure, ``OUT/NIGHT/DECam_EXPNUM.fits.fz``.

    The truth goes to ``OUT/truth/NIGHT/truth-EXPNUM.json``, the list of sources beside it.

    Parameters
    ----------
    request : SimulationRequest
    out : Path
        Root of the nights; made if it is not there.
    archive_names : bool
        Whether the file is called as in the archive, ``c4d_YYMMDD_HHMMSS_ori.fits.fz``.
    workers : int
        Processes to use.
    pool : concurrent.futures.Executor, optional
        Processes that are there already; `workers` then means nothing.
    progress : callable, optional
        Called after each CCD.

    Raises
    ------
    SimulationError
        Where the request makes no sense.
    OSError
        Where the files cannot be written.
    """
    request = request.complete()
    night = f"{request.night:08d}"
    path = out / night / (archive_name(request) if archive_names else raw_name(request))
    truth_path = out / "truth" / night / f"truth-{request.expnum:08d}.json"
    for directory in (path.parent, truth_path.parent):
        directory.mkdir(parents=True, exist_ok=True)
    done: list[_Block] = []
    keep = request.fault_size("truncated_file")
    names = _written(request)
    with worker_pool(min(workers, len(names)) if pool is None else 1) as own:
        blocks = in_order(partial(_block, request), names, pool or own)
        content = _collect(blocks, done, len(names), progress)
        write_blocks(path, chain([_primary(request)], content), keep=1.0 if keep is None else keep)
    science = {block.name: block for block in done if block.name not in FOCUS_CHIPS}
    truth = exposure_truth(request, {name: block.truth for name, block in science.items()})
    replace_file(truth_path, json.dumps(truth, separators=(",", ":")).encode())
    sources_path = truth_path.with_name(f"sources-{request.expnum:08d}.npz")
    if request.has_stars:
        replace_file(sources_path, source_bytes({name: block.sources for name, block in science.items()}))
    return SimulatedExposure(path, truth_path, sources_path, truth)


def _written(request: SimulationRequest) -> tuple[str, ...]:
    """Return the CCDs that are in the file, in its order, and behind them the focus chips."""
    missing = {fault.place for fault in request.faults if fault.name == "missing_ccd"}
    wanted = set(request.ccds) - missing
    return (*(name for name in CCDS if name in wanted), *(FOCUS_CHIPS if request.focus_chips else ()))


def _primary(request: SimulationRequest) -> bytes:
    """Return the primary HDU as it stands in the file."""
    hdu = fits.PrimaryHDU()
    hdu.header.extend(exposure_cards(request), update=True)
    buffer = io.BytesIO()
    hdu.writeto(buffer)
    return buffer.getvalue()


def _block(request: SimulationRequest, name: str) -> _Block:
    """Simulate and compress one CCD."""
    ccd = simulate_ccd(request, name)
    content = hdu_bytes(compressed_hdu(ccd.raw, name, ccd_cards(request, ccd)))
    return _Block(name, content, ccd_truth(request, ccd), ccd_sources(ccd))


def _collect(blocks: Iterator[_Block], done: list[_Block], total: int, progress: Progress | None) -> Iterator[bytes]:
    """Yield the bytes of the CCDs, keeping their truth and telling the progress."""
    for block in blocks:
        done.append(_Block(block.name, b"", block.truth, block.sources))
        if progress is not None:
            progress(block.name, len(done), total)
        yield block.content
