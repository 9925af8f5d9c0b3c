from __future__ import annotations

from qltui.reduction import masks


def test_every_bit_is_one_bit_and_has_a_name():
    bits = [masks.BAD, masks.SATURATED, masks.COSMIC, masks.FLAT_ZERO, masks.FLAT_LOW]
    assert sorted(masks.NAMES) == sorted(bits)
    assert all(bin(bit).count("1") == 1 and bit < 256 for bit in bits)
    assert len(set(bits)) == len(bits)


def test_bits_are_described_in_words():
    assert masks.describe(0) == ""
    assert masks.describe(masks.BAD | masks.COSMIC) == "bad, cosmic ray"
