"""Lines of the log as they are drawn: cut or wrapped, with the words that one looks for marked."""

from __future__ import annotations

from collections.abc import Iterator

from qltui.store.log_pages import LogRow
from qltui.tables.log import utc_words
from qltui.tui.symbols import LEVEL_STATUS, STATUS_MARKS, Charset
from qltui.tui.text import Line, cells, clean, line_width, wrap

__all__ = ["drawn_row", "has_words", "marked"]


def has_words(row: LogRow, words: str) -> bool:
    """Return whether a line has all the words in its text, its camera or the number of its exposure."""
    hay = f"{row.text} {row.camera} {row.expid if row.expid is not None else ''}".lower()
    return all(word in hay for word in words.lower().split())


def marked(text: str, words: str, role: str, found: str) -> Line:
    """Return a text with each of the words in the role `found`; capitals do not matter."""
    wanted = [word for word in words.lower().split() if word]
    low = text.lower()
    # Where capitals change the length of a text, places in one are none in the other.
    if not wanted or len(low) != len(text):
        return ((text, role),)
    runs: list[tuple[str, str]] = []
    done = 0
    for start, end in _places(low, wanted):
        if start > done:
            runs.append((text[done:start], role))
        runs.append((text[max(start, done) : end], found))
        done = max(done, end)
    if done < len(text):
        runs.append((text[done:], role))
    return tuple(run for run in runs if run[0])


def _places(text: str, words: list[str]) -> Iterator[tuple[int, int]]:
    """Yield where any of the words is, from the left, without overlaps."""
    at = 0
    while at < len(text):
        nearest = [(place, -len(word)) for word in words if (place := text.find(word, at)) >= 0]
        if not nearest:
            return
        start, size = min(nearest)
        yield start, start - size
        at = start - size


def drawn_row(
    row: LogRow, width: int, charset: Charset, *, search: str = "", current: bool = False, wrapped: bool = False
) -> list[Line]:
    """Return the lines of one line of the log: time [UTC], mark of its level, exposure, words."""
    status = LEVEL_STATUS.get(row.level)
    mark = charset.mark(status) if status is not None else " "
    role = STATUS_MARKS[status].role if status is not None else ""
    text = clean(row.text)
    number = f"{row.expid} " if row.expid is not None and str(row.expid) not in text else ""
    camera = f"{clean(row.camera)} " if row.camera and not text.startswith(row.camera) else ""
    head: Line = (
        ("›" if current else " ", "focus"),
        (f"{utc_words(row.time, date=width >= 120)} ", "strong" if current else "dim"),
        (f"{mark} ", role),
    )
    found = "strong+cursor" if current else "mark"
    weight = "strong" if row.level in ("alarm", "error") else "text"
    lead: Line = (
        (*marked(number, search, "dim", found), *marked(camera, search, weight, found)) if number or camera else ()
    )
    indent = line_width(head)
    if not wrapped or indent + cells(f"{number}{camera}{text}") <= width:
        return [(*head, *lead, *marked(text, search, weight, found))]
    pieces = wrap(f"{number}{camera}{text}", max(10, width - indent)) or [""]
    lines: list[Line] = [(*head, *marked(pieces[0], search, weight, found))]
    return lines + [((" " * indent, ""), *marked(piece, search, weight, found)) for piece in pieces[1:]]
