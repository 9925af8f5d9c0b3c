"""Text as the screens draw it: runs of characters with the role that they play, measured in terminal cells.

Every pane is drawn by a function from data to lines of such runs. Roles become colours only at the last moment
(`qltui.tui.themes`), so that no pane can bring a colour that the night theme does not know.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len, set_cell_size

from qltui.tui.printable import clean

__all__ = [
    "Line",
    "Run",
    "beside",
    "cells",
    "clean",
    "fit",
    "is_narrow",
    "join",
    "joined",
    "line_width",
    "plain",
    "to_ascii",
    "wrap",
]

Run = tuple[str, str]
"""Some text and its role."""

Line = tuple[Run, ...]
"""One row of a pane."""

_ASCII = str.maketrans(
    {
        "─": "-", "━": "=", "│": "|", "┃": "|", "┬": "+", "┴": "+", "┼": "+", "├": "+", "┤": "+", "└": "+", "┘": "+",
        "┌": "+", "┐": "+", "╸": "=", "╴": "-", "╌": "-", "…": "~", "–": "-", "—": "-", "−": "-", "×": "x", "·": ".",
        "±": "~", "°": "d", "µ": "u", "μ": "u", "Å": "A", "σ": "s", "≤": "<", "≥": ">", "≈": "~", "∞": "8", "²": "2",
        "³": "3", "‹": "<", "›": ">", "◂": "<", "▸": ">", "▲": "^", "▼": "v", "↑": "^", "↓": "v", "←": "<", "→": ">",
        "‘": "'", "’": "'", "“": '"', "”": '"', "\u00a0": " ", "┊": "|",
    }
)  # fmt: skip
"""One character for one, so that nothing moves when the screen goes ASCII."""

_NARROW = frozenset(
    chr(code)
    for first, last in (
        (0x20, 0x7E), (0xA0, 0xAC), (0xAE, 0x2FF), (0x2010, 0x2027), (0x2190, 0x2199), (0x2200, 0x22FF),
        (0x2500, 0x25FC), (0x2713, 0x2718), (0x2800, 0x28FF),
    )
    for code in range(first, last + 1)
)  # fmt: skip
"""What nearly all of a screen consists of: of these, every character is one cell, whatever stands beside it."""


def to_ascii(text: str) -> str:
    """Return `text` in ASCII, as many cells wide: known characters by their like, others as question marks."""
    if text.isascii():
        return text
    translated = text.translate(_ASCII)
    return "".join(char if char.isascii() else "?" * cell_len(char) for char in translated)


def cells(text: str) -> int:
    """Return how many cells of the terminal `text` takes."""
    return len(text) if text.isascii() or _NARROW.issuperset(text) else cell_len(text)


def line_width(line: Line) -> int:
    """Return how many cells a line takes."""
    text = plain(line)
    return len(text) if text.isascii() or _NARROW.issuperset(text) else sum(cells(text) for text, _ in line)


def is_narrow(line: Line) -> bool:
    """Return whether every character of a line is known to take one cell; False where it would have to be measured."""
    return _NARROW.issuperset(plain(line))


def plain(line: Line) -> str:
    """Return the characters of a line."""
    return "".join([text for text, _ in line])


def fit(line: Line, width: int, *, ellipsis: bool = True) -> Line:
    """Return a line exactly `width` cells wide: filled with blanks, or cut and marked as cut."""
    used = line_width(line)
    if used == width:
        return line
    if used < width:
        return (*line, (" " * (width - used), ""))
    if width <= 0:
        return ()
    room = width - 1 if ellipsis else width
    kept: list[Run] = []
    for text, role in line:
        size = cells(text)
        if size > room:
            kept.append((set_cell_size(text, room), role))
            room = 0
            break
        kept.append((text, role))
        room -= size
    if ellipsis:
        kept.append(("…", "dim"))
    return tuple(run for run in kept if run[0])


def join(parts: Iterable[Line], gap: str = "   ") -> Line:
    """Return lines in one row with a gap between them; empty ones leave none."""
    runs: list[Run] = []
    for part in parts:
        if not part:
            continue
        if runs:
            runs.append((gap, ""))
        runs.extend(part)
    return tuple(runs)


def beside(parts: Sequence[Line], width: int, gap: str = "   ") -> Line:
    """Return as many of the lines in one row as fit; what comes first is kept first."""
    kept: list[Line] = []
    used = 0
    for part in parts:
        need = line_width(part) + (len(gap) if kept else 0)
        if part and used + need <= width:
            kept.append(part)
            used += need
    return join(kept, gap)


def wrap(text: str, width: int) -> list[str]:
    """Return `text` in pieces of at most `width` cells, broken at blanks where there are some."""
    lines: list[str] = []
    current = ""
    for word in text.split():
        while cells(word) > width > 0:
            head = set_cell_size(word, width).rstrip()
            if current:
                lines.append(current)
                current = ""
            lines.append(head)
            word = word[len(head) :] if head else ""
        candidate = f"{current} {word}" if current else word
        if cells(candidate) <= width:
            current = candidate
        else:
            lines.append(current)
            current = word
    if current:
        lines.append(current)
    return lines


def joined(row: Iterable[Run]) -> Line:
    """Return a line of single cells with neighbours of one role made one run."""
    runs: list[Run] = []
    for char, role in row:
        if runs and runs[-1][1] == role:
            runs[-1] = (runs[-1][0] + char, role)
        else:
            runs.append((char, role))
    return tuple(runs)
