"""The Rice decoder gives the very pixels that went in, and no damage makes it do anything worse than say so."""

from __future__ import annotations

import contextlib
import io
from functools import cache

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qltui.instruments import rice
from qltui.instruments.errors import InvalidFileError
from qltui.instruments.fits_file import open_source, read_image, scan_hdus
from qltui.instruments.fits_scan import _MemorySource


def pack(image: np.ndarray, **options: object) -> _MemorySource:
    stream = io.BytesIO()
    hdu = fits.CompImageHDU(image, compression_type="RICE_1", tile_shape=(1, image.shape[1]), **options)
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(stream)
    return _MemorySource("test.fits", len(stream.getvalue()), stream.getvalue())


@cache
def images() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(7)
    noisy = rng.normal(1500, 3, (30, 333)).round().astype(np.uint16)
    spikes = noisy.copy()
    spikes[rng.integers(0, 30, 40), rng.integers(0, 333, 40)] = 65535
    # Spikes of growing height in flat surroundings make codes with ever longer runs of zeros.
    runs = np.zeros((16, 320), dtype=np.uint16)
    runs[np.arange(16), 5] = 1 << np.arange(16)
    return {
        "noisy": noisy,
        "spikes": spikes,
        "runs": runs,
        "constant": np.full((5, 100), 1234, dtype=np.uint16),
        "random": rng.integers(0, 65536, (20, 517), dtype=np.uint16),
        "extremes": np.tile(np.array([0, 65535], dtype=np.uint16), (4, 77)),
        "ramp": np.arange(40 * 300, dtype=np.uint16).reshape(40, 300),
        "one column": rng.integers(0, 65536, (9, 1), dtype=np.uint16),
        "int16": rng.integers(-32768, 32768, (6, 200)).astype(np.int16),
        "int32 quiet": rng.normal(-70000, 9, (8, 150)).round().astype(np.int32),
        "int32 random": rng.integers(-(2**31), 2**31, (8, 150)).astype(np.int32),
        "uint32": rng.integers(0, 2**32, (8, 150), dtype=np.uint32),
        "int32 spikes": np.where(rng.random((8, 150)) < 0.02, 2**31 - 1, 3).astype(np.int32),
    }


@pytest.mark.parametrize("name", list(images()))
def test_decoded_pixels_are_those_that_were_packed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("went through astropy")

    monkeypatch.setattr("qltui.instruments.fits_file._read_astropy", refuse)
    image = images()[name]
    source = pack(image)
    got = read_image(source, scan_hdus(source)[1])
    assert got.dtype == image.dtype
    assert np.array_equal(got, image)


@given(
    st.integers(1, 6), st.integers(1, 140), st.integers(0, 2**32 - 1), st.sampled_from([1.0, 30.0, 3000.0, 1e5]),
    st.sampled_from([np.uint16, np.int32]),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_any_image_survives(ny: int, nx: int, seed: int, noise: float, kind: type) -> None:
    rng = np.random.default_rng(seed)
    image = np.clip(rng.normal(2000, noise, (ny, nx)).round(), 0, 65535).astype(kind)
    source = pack(image)
    assert np.array_equal(read_image(source, scan_hdus(source)[1]), image)


@cache
def tiles(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    image = images()[name]
    source = pack(image)
    entry = scan_hdus(source)[1]
    heap = entry.offset_data + 8 * image.shape[0]
    size = entry.data_size - 8 * image.shape[0]
    data = np.zeros(size + rice.PADDING, dtype=np.uint8)
    data[:size] = np.frombuffer(source.data, np.uint8, size, heap)
    pointers = np.frombuffer(source.data, ">i4", 2 * image.shape[0], entry.offset_data).reshape(-1, 2)
    return data, pointers[:, 1].astype(np.int64), pointers[:, 0].astype(np.int64)


@given(st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_bytes_end_in_an_error_or_in_other_pixels(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["noisy", "runs", "random"]))
    image, (packed, starts, lengths) = images()[name], tiles(name)
    packed = packed.copy()
    places = data.draw(st.lists(st.integers(0, len(packed) - rice.PADDING - 1), min_size=1, max_size=20))
    packed[places] = data.draw(st.integers(0, 255))
    with contextlib.suppress(InvalidFileError):
        got = rice.decode_tiles(packed, starts, lengths, image.shape, bytepix=2, block=32, unsigned=True)
        # Rows in front of the first damaged byte are as they were.
        whole = int(np.searchsorted(starts + lengths, min(places), side="right"))
        assert np.array_equal(got[:whole], image[:whole])


@pytest.mark.parametrize("filling", [0, 255, 1, 128])
def test_tiles_of_one_byte_repeated(filling: int) -> None:
    packed = np.full(400 + rice.PADDING, filling, dtype=np.uint8)
    packed[400:] = 0
    starts, lengths = np.zeros(1, np.int64), np.array([400])
    for bytepix in (2, 4):
        try:
            got = rice.decode_tiles(packed, starts, lengths, (1, 5000), bytepix=bytepix, block=16, unsigned=False)
        except InvalidFileError:
            continue
        assert filling in (0, 1, 128)
        assert got.shape == (1, 5000)


def test_a_tile_that_ends_too_early_is_named_by_its_row() -> None:
    image = images()["noisy"]
    packed, starts, lengths = tiles("noisy")
    lengths = lengths.copy()
    lengths[17] //= 2
    with pytest.raises(InvalidFileError, match="row 18"):
        rice.decode_tiles(packed, starts, lengths, image.shape, bytepix=2, block=32, unsigned=True)


@pytest.mark.parametrize(("start", "length"), [(-5, 100), (0, 1), (10**9, 50), (0, 10**12), (2**62, 2**62), (0, -1)])
def test_tiles_outside_the_data_are_refused(start: int, length: int) -> None:
    packed = np.zeros(200 + rice.PADDING, dtype=np.uint8)
    with pytest.raises(InvalidFileError):
        rice.decode_tiles(packed, np.array([start]), np.array([length]), (1, 64), bytepix=2, block=32, unsigned=True)


@pytest.mark.parametrize(("bytepix", "block"), [(1, 32), (3, 32), (8, 32), (2, 0), (2, 65), (4, -1)])
def test_parameters_that_are_not_decoded_here_are_refused(bytepix: int, block: int) -> None:
    one = np.zeros(1, dtype=np.int64)
    with pytest.raises(InvalidFileError):
        rice.decode_tiles(np.zeros(600, np.uint8), one, one + 4, (1, 8), bytepix=bytepix, block=block, unsigned=True)


def test_blocks_of_sixteen() -> None:
    # astropy writes blocks of 32 only; a row packed by hand in blocks of 16 whose code is "as they are" has the
    # simplest layout there is: first pixel, then 4 bits of code and 16 bits for each difference.
    row = [7, 9, 4, 4]
    differences = [0, 2, -5, 0]
    bits = format(7, "016b") + "1111" + "".join(format(2 * d if d >= 0 else -2 * d - 1, "016b") for d in differences)
    bits = bits.ljust((len(bits) + 7) // 8 * 8, "0")
    packed = np.array([int(bits[k : k + 8], 2) for k in range(0, len(bits), 8)] + [0] * rice.PADDING, dtype=np.uint8)
    lengths = np.array([len(bits) // 8])
    got = rice.decode_tiles(packed, np.zeros(1, np.int64), lengths, (1, 4), bytepix=2, block=16, unsigned=False)
    assert got.tolist() == [row]


def test_open_source_passes_a_source_through() -> None:
    source = pack(images()["constant"])
    assert open_source(source) is source
