"""Small pictures of large images: means of blocks, and bits that any pixel of a block has."""

from __future__ import annotations

import numpy as np
import pytest

from qltui.reduction.binning import bin_bits, bin_image, block_size


@pytest.mark.parametrize("kind", [np.uint16, np.int32, np.float32])
def test_blocks_are_means_whatever_the_type(kind):
    image = np.random.default_rng(1).integers(0, 65535, (31, 47)).astype(kind)
    small, factor = bin_image(image, 10)
    assert (factor, small.shape, small.dtype) == (5, (6, 9), np.float32)
    wanted = image[:30, :45].astype(float).reshape(6, 5, 9, 5).mean(axis=(1, 3))
    np.testing.assert_allclose(small, wanted, rtol=1e-5)


def test_a_single_hit_is_not_averaged_away():
    mask = np.zeros((20, 20), dtype=np.uint8)
    mask[7, 13] = 4
    mask[6, 12] = 2
    small, factor = bin_bits(mask, 5)
    assert factor == 4
    assert small[1, 3] == 6
    assert np.count_nonzero(small) == 1


def test_a_small_image_stays_as_it_is():
    image = np.arange(12, dtype=np.float32).reshape(3, 4)
    small, factor = bin_image(image, 512)
    assert factor == 1
    np.testing.assert_array_equal(small, image)
    assert block_size((4128, 4114), 512) == 9
