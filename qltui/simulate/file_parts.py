"""Pieces of raw files that every simulator writes: compressed HDUs, and files that appear whole or not at all."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from astropy.io import fits

__all__ = ["Card", "compressed_hdu", "hdu_bytes", "in_order", "replace_file", "sha256", "worker_pool", "write_blocks"]

Card = tuple[str, Any, str]
"""Keyword, value and comment."""

T = TypeVar("T")


def compressed_hdu(data: np.ndarray[Any, Any], name: str, cards: Iterable[Card]) -> fits.CompImageHDU:
    """Return an image of unsigned 16-bit integers, compressed row by row."""
    hdu = fits.CompImageHDU(
        data, name=name, compression_type="RICE_1", tile_shape=(1, data.shape[-1]) if data.ndim == 2 else None
    )
    hdu.header.extend(cards, update=True)
    return hdu


def hdu_bytes(hdu: fits.CompImageHDU | fits.BinTableHDU) -> bytes:
    """Return an extension as it stands in a file, so that another process may have compressed it."""
    buffer = io.BytesIO()
    primary = fits.PrimaryHDU()
    fits.HDUList([primary, hdu]).writeto(buffer)
    return buffer.getvalue()[2880:]


def write_blocks(path: Path, blocks: Iterable[bytes], *, keep: float = 1.0) -> None:
    """Write HDUs one after the other under a temporary name, then rename the file.

    Parameters
    ----------
    path : Path
    blocks : iterable of bytes
        The HDUs, the primary one first.
    keep : float
        What is left of the file; below 1 it ends in the middle.
    """
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("wb") as stream:
        for block in blocks:
            stream.write(block)
        if keep < 1.0:
            stream.truncate(int(stream.tell() * keep))
    partial.replace(path)


def replace_file(path: Path, content: bytes) -> None:
    """Write a file under a temporary name, then rename it."""
    write_blocks(path, [content])


def sha256(path: Path) -> str:
    """Return the checksum of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def worker_pool(workers: int) -> Iterator[Executor | None]:
    """Yield processes that make cameras side by side; None where one is enough.

    They are there when this returns: once a screen has taken the standard error for itself, none can be made.
    """
    if workers <= 1:
        yield None
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        list(pool.map(abs, range(workers)))
        yield pool


def in_order(make: Callable[[str], T], names: Sequence[str], pool: Executor | None) -> Iterator[T]:
    """Return what `make` returns for each name, in their order, made here or by other processes."""
    return map(make, names) if pool is None else pool.map(make, names)
