"""Inputs that are nearly right: bytes and texts with a few things wrong, always the same for the same number."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Final

__all__ = ["mutate_fits", "mutate_text"]

_BLOCK: Final = 2880
_CARD: Final = 80
_NASTY_VALUES: Final = (
    "0", "-1", "1", "2", "7", "65536", "2147483647", "-2147483648", "4294967296", "9223372036854775807", "1E300",
    "-1E-300", "NaN", "INF", "T", "F", "", "''", "'A'", "'1PB(999999999)'", "'1QB(2147483647)'", "'999999999J'", "'0X'",
    "'-1D'", "'[1:0,1:0]'", "'[0:99999,1:1]'", "'[1:1024,1:4096]'", "'[-5:5,3:3]'", "'RICE_1'", "'HCOMPRESS_1'",
    "'GZIP_2'", "'\x1b[31m\x07'", "'[bold]x[/]'", "'\u00e9\uff21'", "8", "16", "-32", "-64", "'NO_DITHER'", "(1,2)",
    "'a''b", "&",
)  # fmt: skip
_NASTY_NAMES: Final = (
    b"NAXIS", b"NAXIS1", b"NAXIS2", b"BITPIX", b"PCOUNT", b"GCOUNT", b"TFIELDS", b"TFORM1", b"TTYPE1", b"ZNAXIS1",
    b"ZTILE1", b"ZBITPIX", b"ZCMPTYPE", b"BSCALE", b"BZERO", b"ZVAL1", b"XTENSION", b"EXTNAME", b"SIMPLE", b"END",
    b"CONTINUE",
)  # fmt: skip
_WORDS: Final = (
    "\x00", "\x1b[2J", "[/]", "'", '"', "\\", "\n", "=", "[[", "]]", "{", "}", "NaN", "inf", "-0", "1e999",
    "999999999999999999999", "9" * 5000, "\u202e", "\ud7ff", "\U0010ffff", "true", "null", "[]", "{}", "#", "//",
    "../../etc/passwd", "%s", "$(id)", "~",
    ",", ";", "\t", "<", ">", "!=", "=" * 50, "(", ")", "1979-05-27T07:32:00", "0x7fffffffffffffff", "_", "a.b.c", " ",
)  # fmt: skip


def mutate_fits(data: bytes, rng: random.Random) -> bytes:
    """Return a FITS file with one to five things wrong: in its cards as often as in its bytes."""
    made = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 5))):
        if not made:
            break
        change: Callable[[bytearray, random.Random], bytearray] = rng.choice(_FITS)
        made = change(made, rng)
    return bytes(made)


def mutate_text(data: bytes, rng: random.Random) -> bytes:
    """Return a text with one to five things wrong; now and then it is no text any more."""
    made = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 3, 5))):
        change: Callable[[bytearray, random.Random], bytearray] = rng.choice(_TEXT)
        made = change(made, rng)
    return bytes(made)


def _cards(data: bytearray) -> Sequence[int]:
    """Return the places of cards with a value in some blocks that look like headers."""
    return [
        place
        for start in _headers(data)
        for place in range(start, min(start + 4 * _BLOCK, len(data) - _CARD), _CARD)
        if data[place + 8 : place + 10] == b"= "
    ]


def _headers(data: bytearray) -> list[int]:
    found = [0]
    place = data.find(b"XTENSION", 1)
    while place >= 0:
        if place % _CARD == 0:
            found.append(place)
        place = data.find(b"XTENSION", place + 1)
    return found


def _flip(data: bytearray, rng: random.Random) -> bytearray:
    for _ in range(rng.choice((1, 1, 4, 16))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return data


def _card_value(data: bytearray, rng: random.Random) -> bytearray:
    places = _cards(data)
    if places:
        place = rng.choice(places)
        value = rng.choice(_NASTY_VALUES).encode("utf-8")[: _CARD - 10]
        data[place + 10 : place + _CARD] = value.rjust(20).ljust(_CARD - 10)[: _CARD - 10]
    return data


def _card_digit(data: bytearray, rng: random.Random) -> bytearray:
    """Change one digit of a number: sizes that are wrong by little are worse than absurd ones."""
    places = [place for place in _cards(data) if data[place + 29 : place + 30].isdigit()]
    if places:
        place = rng.choice(places) + rng.randrange(20, 30)
        data[place] = rng.choice(b"0123456789-. ")
    return data


def _card_name(data: bytearray, rng: random.Random) -> bytearray:
    places = _cards(data)
    if places:
        place = rng.choice(places)
        data[place : place + 8] = rng.choice(_NASTY_NAMES).ljust(8)
    return data


def _card_swap(data: bytearray, rng: random.Random) -> bytearray:
    places = _cards(data)
    if len(places) > 1:
        one, other = rng.sample(list(places), 2)
        data[one : one + _CARD], data[other : other + _CARD] = data[other : other + _CARD], data[one : one + _CARD]
    return data


def _card_drop(data: bytearray, rng: random.Random) -> bytearray:
    places = _cards(data)
    if places:
        place = rng.choice(places)
        data[place : place + _CARD] = b" " * _CARD
    return data


def _continue(data: bytearray, rng: random.Random) -> bytearray:
    """Make a text of thousands of characters."""
    places = _cards(data)
    if places:
        place = rng.choice(places)
        piece = b"CONTINUE  '" + b"x" * 66 + b"&'"
        blocks = rng.choice((1, 10, 100))
        data[place + 10 : place + _CARD] = b"'" + b"y" * 67 + b"&'"
        data[place + _CARD : place + _CARD] = piece.ljust(_CARD) * (36 * blocks)
    return data


def _integer(data: bytearray, rng: random.Random) -> bytearray:
    """Write a number that means much into the bytes: a descriptor of the heap, a pixel, a float."""
    size = rng.choice((2, 4, 8))
    value = rng.choice((0, 1, -1, 2 ** (8 * size - 1) - 1, -(2 ** (8 * size - 1)), 255, 4096))
    place = rng.randrange(max(1, len(data) - size))
    data[place : place + size] = value.to_bytes(size, "big", signed=True)
    return data


def _not_a_number(data: bytearray, rng: random.Random) -> bytearray:
    place = rng.randrange(max(1, len(data) - 8)) & ~3
    data[place : place + 4] = rng.choice((b"\x7f\xc0\0\0", b"\x7f\x80\0\0", b"\xff\x80\0\0", b"\x7f\x7f\xff\xff"))
    return data


def _cut(data: bytearray, rng: random.Random) -> bytearray:
    size = rng.randrange(len(data)) if rng.random() < 0.5 else len(data) // _BLOCK * _BLOCK - _BLOCK * rng.randrange(4)
    return data[: max(0, size)]


def _longer(data: bytearray, rng: random.Random) -> bytearray:
    return data + rng.choice((b"\0", b" ", b"X", b"\xff")) * rng.choice((1, 80, _BLOCK, 10 * _BLOCK))


def _splice(data: bytearray, rng: random.Random) -> bytearray:
    """Put a block where another one is, or between two."""
    blocks = len(data) // _BLOCK
    if blocks > 1:
        source, target = rng.randrange(blocks) * _BLOCK, rng.randrange(blocks) * _BLOCK
        width = rng.choice((0, _BLOCK))
        data[target : target + width] = data[source : source + _BLOCK]
    return data


def _drop_block(data: bytearray, rng: random.Random) -> bytearray:
    place = rng.randrange(max(1, len(data) // _BLOCK)) * _BLOCK
    del data[place : place + _BLOCK]
    return data


_FITS: Final = (
    _flip, _card_value, _card_value, _card_value, _card_digit, _card_digit, _card_name, _card_swap, _card_drop,
    _continue, _integer, _integer, _not_a_number, _cut, _longer, _splice, _drop_block,
)  # fmt: skip


def _word(data: bytearray, rng: random.Random) -> bytearray:
    place = rng.randrange(len(data) + 1)
    data[place:place] = rng.choice(_WORDS).encode("utf-8", "surrogatepass")
    return data


def _in_place_of(data: bytearray, rng: random.Random) -> bytearray:
    """Put a word in the place of what stands between two marks."""
    marks = [place for place, byte in enumerate(data) if byte in b' "=,:[]{}\n;']
    if len(marks) > 1:
        index = rng.randrange(len(marks) - 1)
        data[marks[index] + 1 : marks[index + 1]] = rng.choice(_WORDS).encode("utf-8", "surrogatepass")
    return data


def _bytes(data: bytearray, rng: random.Random) -> bytearray:
    for _ in range(rng.choice((1, 3, 20))):
        place = rng.randrange(len(data) + 1)
        data[place : place + rng.randrange(2)] = bytes([rng.randrange(256)])
    return data


def _lines(data: bytearray, rng: random.Random) -> bytearray:
    """Drop, double or exchange lines."""
    lines = data.split(b"\n")
    index = rng.randrange(len(lines))
    change = rng.randrange(3)
    if change == 0:
        del lines[index]
    elif change == 1:
        lines[index:index] = [lines[index]] * rng.choice((1, 1, 500))
    else:
        other = rng.randrange(len(lines))
        lines[index], lines[other] = lines[other], lines[index]
    return bytearray(b"\n".join(lines))


def _nest(data: bytearray, rng: random.Random) -> bytearray:
    place = rng.randrange(len(data) + 1)
    data[place:place] = rng.choice((b"[", b"{", b"(", b'{"a":', b"[[")) * rng.choice((1, 50, 3000))
    return data


def _shorter(data: bytearray, rng: random.Random) -> bytearray:
    return data[: rng.randrange(len(data) + 1)]


_TEXT: Final = (_word, _word, _in_place_of, _in_place_of, _in_place_of, _bytes, _lines, _nest, _shorter)
