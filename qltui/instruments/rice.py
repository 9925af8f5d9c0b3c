"""Rice decompression of image tiles (RICE_1), each tile a run of pixels of one row.

The format is that of the FITS standard 4.0, section 10.4.1: the first pixel as it is, then blocks of differences to the
pixel before, folded to unsigned numbers, each written as a unary quotient and ``fs`` low bits. Every read is checked
against the end of its tile, so that a damaged file gives an error and never a wild read or an endless loop.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.extending import intrinsic

from qltui.instruments.errors import InvalidFileError

__all__ = ["MAX_BLOCK", "PADDING", "decode_tiles", "warm_up"]

MAX_BLOCK: Final = 64
"""Largest block that is decoded here; files have 16 or 32."""

PADDING: Final = 8 * MAX_BLOCK + 16
"""Bytes that must lie behind the last tile: the bounds are checked once for each block."""

_PARAMETERS: Final = {2: (4, 14, 16), 4: (5, 25, 32)}
"""Bytes of a pixel: bits of the block's code, code of an incompressible block, bits of a pixel."""


@intrinsic
def _leading_zeros(typing_context: Any, value: Any) -> Any:  # noqa: ARG001  (the signature is numba's)
    """Count the zero bits in front of the first one; 64 where there is none."""
    if value != types.uint64:
        return None

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctlz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), generate


@njit(cache=True, nogil=True, inline="always")
def _load(data: Any, at: int) -> Any:
    """Eight bytes as one big-endian number; written so that the compiler makes a single load of it."""
    i = np.uint64(at)  # an unsigned index spares eight tests for negative ones
    number = np.uint64(data[i]) << np.uint64(56)
    number |= np.uint64(data[i + np.uint64(1)]) << np.uint64(48)
    number |= np.uint64(data[i + np.uint64(2)]) << np.uint64(40)
    number |= np.uint64(data[i + np.uint64(3)]) << np.uint64(32)
    number |= np.uint64(data[i + np.uint64(4)]) << np.uint64(24)
    number |= np.uint64(data[i + np.uint64(5)]) << np.uint64(16)
    number |= np.uint64(data[i + np.uint64(6)]) << np.uint64(8)
    return number | np.uint64(data[i + np.uint64(7)])


@njit(cache=True, nogil=True)
def _long_code(data: Any, bit: Any, end: Any, fs: Any) -> Any:
    """Read one code whose run of zeros is too long for the fast path; return the number and the next bit, or -1."""
    zeros = np.int64(0)
    while bit < end:
        window = _load(data, bit >> 3) << np.uint64(bit & 7)
        run: Any = min(np.int64(_leading_zeros(window)), 57)
        if run < 57:
            zeros += run
            bit += run + 1
            if bit + fs > end:
                return 0, -1
            low = np.int64(0)
            if fs > 0:
                window = _load(data, bit >> 3) << np.uint64(bit & 7)
                low = np.int64(window >> np.uint64(64 - fs))
            return (zeros << fs) | low, bit + fs
        zeros += 57
        bit += 57
    return 0, -1


@njit(cache=True, nogil=True)
def _raw_block(data: Any, bit: Any, row: Any, first: Any, stop: Any, last: Any, bits: Any, mask: Any, turn: Any) -> Any:
    """Read a block that was not worth compressing; return its last pixel."""
    one = np.uint64(1)
    for k in range(first, stop):
        window = _load(data, bit >> 3) << np.uint64(bit & 7)
        folded = window >> np.uint64(64 - bits)
        last = (last + ((folded >> one) ^ (np.uint64(0) - (folded & one)))) & mask
        row[k] = row.dtype.type(last ^ turn)
        bit += bits
    return last


@njit(cache=True, nogil=True)
def _decode_row(
    data: Any, at: Any, end: Any, row: Any, block: Any, code_bits: Any, raw_code: Any, bits: Any, flip: Any
) -> Any:
    """Decode one tile into `row`; return whether it was sound.

    `buffer` holds the next bits of the tile, the first of them in front; `filled` of them are certain (56 to 63 after
    each filling); `at` is the byte that they are filled from. Bounds are checked after each block: in between, no more
    than eight bytes for each pixel can be read, and `PADDING` bytes are there.
    """
    one = np.uint64(1)
    mask = (one << np.uint64(bits)) - one
    turn = np.uint64(flip)
    last = _load(data, at) >> np.uint64(64 - bits)
    at += bits // 8
    buffer = np.uint64(0)
    filled = 0
    pixel = 0
    while pixel < row.size:
        stop = min(pixel + block, row.size)
        buffer |= _load(data, at) >> np.uint64(filled)
        at += (63 - filled) >> 3
        filled |= 56
        code = np.int64(buffer >> np.uint64(64 - code_bits)) - 1
        buffer <<= np.uint64(code_bits)
        filled -= code_bits
        if code < 0:
            row[pixel:stop] = row.dtype.type(last ^ turn)
        elif code < raw_code:
            low_shift = np.uint64(63 - code)
            for k in range(pixel, stop):
                buffer |= _load(data, at) >> np.uint64(filled)
                at += (63 - filled) >> 3
                filled |= 56
                zeros = np.int64(_leading_zeros(buffer))
                if zeros + 1 + code <= 56:
                    rest = buffer << np.uint64(zeros + 1)
                    folded = np.uint64(zeros << code) | ((rest >> one) >> low_shift)
                    buffer = rest << np.uint64(code)
                    filled -= zeros + 1 + code
                else:
                    number, bit = _long_code(data, 8 * at - filled, 8 * end, code)
                    if bit < 0:
                        return False
                    folded = np.uint64(number)
                    buffer = _load(data, bit >> 3) << np.uint64(bit & 7)
                    filled = 56 - (bit & 7)
                    at = (bit >> 3) + 7
                last = (last + ((folded >> one) ^ (np.uint64(0) - (folded & one)))) & mask
                row[k] = row.dtype.type(last ^ turn)
        else:
            bit = 8 * at - filled
            last = _raw_block(data, bit, row, pixel, stop, last, bits, mask, turn)
            bit += bits * (stop - pixel)
            buffer = _load(data, bit >> 3) << np.uint64(bit & 7)
            filled = 56 - (bit & 7)
            at = (bit >> 3) + 7
        if 8 * at - filled > 8 * end or code > raw_code:
            return False
        pixel = stop
    return True


@njit(cache=True, nogil=True)
def _decode(
    data: Any, starts: Any, ends: Any, out: Any, block: Any, code_bits: Any, raw_code: Any, bits: Any, flip: Any
) -> Any:
    """Decode all tiles into the rows of `out`; return -1, or the number of the first tile that is damaged."""
    for tile in range(out.shape[0]):
        if not _decode_row(data, starts[tile], ends[tile], out[tile], block, code_bits, raw_code, bits, flip):
            return tile
    return -1


def decode_tiles(
    data: npt.NDArray[np.uint8],
    starts: npt.NDArray[np.int64],
    lengths: npt.NDArray[np.int64],
    shape: tuple[int, int],
    *,
    bytepix: int,
    block: int,
    unsigned: bool,
) -> npt.NDArray[Any]:
    """Decompress the tiles of an image, one tile for each row.

    Parameters
    ----------
    data : ndarray of uint8, shape (nbyte,)
        Compressed bytes, with at least `PADDING` bytes behind the last tile.
    starts, lengths : ndarray of int64, shape (ny,)
        Where each tile begins in `data`, and how many bytes it has.
    shape : tuple of int
        Of the image, ``(ny, nx)``.
    bytepix : int
        2 or 4 bytes for each pixel.
    block : int
        Pixels of one block, up to `MAX_BLOCK`.
    unsigned : bool
        Whether to add half the range (BZERO of 32768 or 2147483648).

    Returns
    -------
    ndarray, shape (ny, nx)
        int16 or int32, unsigned if asked for.

    Raises
    ------
    InvalidFileError
        Where a tile is damaged or lies elsewhere; the message names its row.
    """
    ny, nx = shape
    if bytepix not in _PARAMETERS or not 1 <= block <= MAX_BLOCK or starts.shape != (ny,) or lengths.shape != (ny,):
        msg = f"Rice tiles of {bytepix} bytes a pixel in blocks of {block} cannot be decompressed here"
        raise InvalidFileError(msg)
    code_bits, raw_code, bits = _PARAMETERS[bytepix]
    # Each comparison stays within 64 bits whatever the file says: a sum might wrap around, and the kernel trusts this.
    limit = data.size - PADDING
    outside = (starts < 0) | (starts > limit) | (lengths < bytepix) | (lengths > limit - np.clip(starts, 0, limit))
    if limit < 0 or outside.any():
        msg = f"the compressed data of row {int(np.argmax(outside)) + 1} lie outside the HDU"
        raise InvalidFileError(msg)
    # Numbers are made unsigned and only then, without a copy, called signed: one compiled function serves both.
    out = np.empty((ny, nx), dtype=np.uint16 if bytepix == 2 else np.uint32)
    flip = 1 << (bits - 1) if unsigned else 0
    bad = _decode(data, starts, starts + lengths, out, block, code_bits, raw_code, bits, flip)
    if bad >= 0:
        msg = f"the compressed data of row {bad + 1} are damaged"
        raise InvalidFileError(msg)
    return out if unsigned else out.view(np.int16 if bytepix == 2 else np.int32)


def warm_up() -> None:
    """Compile, or load from the cache, what reading a DESI image needs."""
    data = np.zeros(2 + 1 + PADDING, dtype=np.uint8)
    zero = np.zeros(1, dtype=np.int64)
    decode_tiles(data, zero, zero + 3, (1, 8), bytepix=2, block=32, unsigned=True)
