"""What must be set before numpy, numba and the workers are there."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Final

__all__ = ["PRELOAD_MODULE", "PRELOAD_VARIABLE", "numba_cache_directory", "prepare_environment"]

PRELOAD_VARIABLE: Final = "QLTUI_PRELOAD_INSTRUMENT"
"""Names the instrument whose kernels the parent of all workers loads."""

PRELOAD_MODULE: Final = "qltui.engine.preload"
"""What the parent of all workers imports for that."""

_ONE_THREAD: Final = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
)


_KEEP_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "2000000000"}
"""A worker keeps the memory of its arrays from camera to camera. The C library would give each one back, and the kernel
clear it page by page before the next use: a tenth to a fifth of the time of a camera. Other C libraries ignore this."""


def prepare_environment(state: Path, instrument: str) -> None:
    """Set the environment that the workers inherit; what the site has set itself is left alone.

    One thread for each library, because there is a worker for each processor already; memory that is kept; and a place
    for compiled kernels where the one beside the source cannot be written.
    """
    for name in _ONE_THREAD:
        os.environ.setdefault(name, "1")
    for name, value in _KEEP_MEMORY.items():
        os.environ.setdefault(name, value)
    cache = numba_cache_directory(state)
    if cache is not None:
        cache.mkdir(parents=True, exist_ok=True)
        os.environ["NUMBA_CACHE_DIR"] = str(cache)
    os.environ[PRELOAD_VARIABLE] = instrument


def numba_cache_directory(state: Path) -> Path | None:
    """Return where compiled kernels are to be kept, or None where the default place will do.

    The default is beside the source, which an installation for all users does not let us write.
    """
    if os.environ.get("NUMBA_CACHE_DIR"):
        return None
    found = importlib.util.find_spec("qltui.reduction")
    places = [Path(place) for place in (found.submodule_search_locations or ())] if found else []
    if places and all(_can_write(place / "__pycache__") or _can_write(place) for place in places):
        return None
    return state / "cache" / "numba"


def _can_write(place: Path) -> bool:
    return place.is_dir() and os.access(place, os.W_OK | os.X_OK)
