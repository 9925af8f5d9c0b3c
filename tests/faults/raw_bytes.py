"""FITS files as cards and bytes: what is to be spoiled must not be put in order again by a library."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Hdu", "card", "join", "long_card", "split"]

_BLOCK = 2880
_CARD = 80


@dataclass
class Hdu:
    """One HDU.

    Attributes
    ----------
    cards : list of bytes
        80 bytes each, END left out.
    data : bytes
        With what fills the last block.
    """

    cards: list[bytes]
    data: bytes = field(default=b"", repr=False)

    def value(self, name: str, default: str = "") -> str:
        """Return the value of a card as it is written, without its comment and quotes."""
        for text in self.cards:
            if text[:8].rstrip() == name.encode():
                return text[10:].decode("latin-1").split("/")[0].strip().strip("'").rstrip()
        return default

    @property
    def name(self) -> str:
        """Its EXTNAME."""
        return self.value("EXTNAME")

    def change(self, name: str, new: Callable[[bytes], Iterable[bytes]]) -> None:
        """Put other cards, or none, in the place of each card of a name; without such a card, at the end."""
        there = [text[:8].rstrip() == name.encode() for text in self.cards]
        if not any(there):
            self.cards.extend(new(b""))
            return
        self.cards = [
            out for text, hit in zip(self.cards, there, strict=True) for out in (new(text) if hit else [text])
        ]

    def set(self, name: str, value: str) -> None:
        """Give a card another value, written as it stands."""
        self.change(name, lambda _old: [card(name, value)])

    def drop(self, name: str) -> None:
        """Leave a card out."""
        self.change(name, lambda _old: [])

    @property
    def header_size(self) -> int:
        """Bytes of the header, with what fills its last block."""
        return -(-(len(self.cards) + 1) * _CARD // _BLOCK) * _BLOCK


def card(name: str, value: str) -> bytes:
    """Return a card whose value is written as it stands; one that is too long is cut off."""
    return f"{name:<8}= {value:>20}".encode("latin-1", "replace")[:_CARD].ljust(_CARD)


def long_card(name: str, text: str) -> list[bytes]:
    """Return a piece of text in a card and as many CONTINUE cards as it takes."""
    pieces = [text[start : start + 66] for start in range(0, len(text), 66)] or [""]
    marked = [f"'{piece}&'" for piece in pieces[:-1]] + [f"'{pieces[-1]}'"]
    rest = [f"CONTINUE  {piece}".encode("latin-1", "replace").ljust(_CARD) for piece in marked[1:]]
    return [f"{name:<8}= {marked[0]}".encode("latin-1", "replace").ljust(_CARD), *rest]


def split(raw: bytes | Path) -> list[Hdu]:
    """Return the HDUs of a good file."""
    raw = raw.read_bytes() if isinstance(raw, Path) else raw
    found: list[Hdu] = []
    place = 0
    while place < len(raw):
        cards = []
        while not (text := raw[place : place + _CARD]).startswith(b"END     "):
            cards.append(text)
            place += _CARD
        place = -(-(place + _CARD) // _BLOCK) * _BLOCK
        hdu = Hdu(cards)
        size = _size(hdu)
        hdu.data = raw[place : place + size]
        place += size
        found.append(hdu)
    return found


def _size(hdu: Hdu) -> int:
    number = int(hdu.value("NAXIS", "0"))
    if not number:
        return 0
    size = abs(int(hdu.value("BITPIX"))) // 8
    for axis in range(1, number + 1):
        size *= int(hdu.value(f"NAXIS{axis}"))
    size += int(hdu.value("PCOUNT", "0"))
    return -(-size // _BLOCK) * _BLOCK


def join(hdus: Iterable[Hdu]) -> bytes:
    """Return the file."""
    parts: list[bytes] = []
    for hdu in hdus:
        header = b"".join([*hdu.cards, b"END".ljust(_CARD)])
        parts += [header.ljust(-(-len(header) // _BLOCK) * _BLOCK), hdu.data]
    return b"".join(parts)
