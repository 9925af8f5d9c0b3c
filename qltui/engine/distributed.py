"""Clusters as executors; what they need is imported only when they are asked for."""

from __future__ import annotations

import concurrent.futures
import os

from qltui.engine.settings import EngineSettings

__all__ = ["dask_executor", "mpi_executor"]


def dask_executor(settings: EngineSettings) -> concurrent.futures.Executor:
    """Return the executor of the dask scheduler that ``DASK_SCHEDULER_ADDRESS`` names, or of one on this machine.

    Raises
    ------
    ImportError
        Where dask.distributed is not installed.
    OSError
        Where the scheduler does not answer.
    """
    from dask.distributed import Client  # type: ignore[import-not-found]

    address = os.environ.get("DASK_SCHEDULER_ADDRESS")
    client = Client(address) if address else Client(n_workers=settings.slot_count, threads_per_worker=1)
    # Not pure: the same task asked for again is done again.
    executor: concurrent.futures.Executor = client.get_executor(pure=False)
    return executor


def mpi_executor(settings: EngineSettings) -> concurrent.futures.Executor:
    """Return an executor over MPI; start with ``mpiexec -n N python -m mpi4py.futures -m qltui run``.

    Raises
    ------
    ImportError
        Where mpi4py is not installed.
    """
    from mpi4py.futures import MPIPoolExecutor  # type: ignore[import-not-found]

    executor: concurrent.futures.Executor = MPIPoolExecutor(max_workers=settings.slot_count)
    return executor
