"""The cameras where they lie in the focal plane, to be selected: arithmetic and lines, which need no running app."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from qltui.instruments.base import Instrument
from qltui.model import Status
from qltui.tui.symbols import STATUS_MARKS, Charset
from qltui.tui.text import Line, joined

__all__ = ["MapPicture", "camera_rows", "cameras_word", "groups_of", "map_lines", "map_places", "walk"]

_LEAST_PITCH = 4
_STATUS_PITCH = 8
"""From so many cells for a camera on, its last status stands behind its name."""
_GROUP_PITCH = 15
"""From so many on, the hardware that it shares as well."""
_MOST_PITCH = 18

Rows = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class MapPicture:
    """What is drawn.

    Attributes
    ----------
    chosen : frozenset of str
        Cameras that are ticked here.
    used : frozenset of str
        Cameras that the engine uses from the next exposure on.
    off : frozenset of str
        Cameras that the site has switched off.
    statuses : mapping of str to Status
        How each came out of the last exposure.
    groups : mapping of str to str
        Hardware that a camera shares with others.
    cursor : str
        Camera under the cursor.
    """

    chosen: frozenset[str] = frozenset()
    used: frozenset[str] = frozenset()
    off: frozenset[str] = frozenset()
    statuses: Mapping[str, Status] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    cursor: str = ""


def camera_rows(instrument: Instrument) -> Rows:
    """Return the cameras in rows from the top: in their places, or by arm where the instrument knows no places."""
    if instrument.rows:
        return instrument.rows
    arms = dict.fromkeys(camera.arm for camera in instrument.cameras)
    return tuple(tuple(camera.name for camera in instrument.cameras if camera.arm == arm) for arm in arms)


def _pitch(rows: Rows, width: int) -> int:
    """Return the cells from one camera to the next; even, so that rows can lie half a camera apart."""
    longest = max(map(len, rows), default=1)
    return max(_LEAST_PITCH, min(_MOST_PITCH, (width - 1) // longest) // 2 * 2)


def map_places(rows: Rows, width: int, height: int) -> dict[str, tuple[int, int, int]]:
    """Return column, row and width of each camera's cell in a pane of `width` x `height` cells.

    Every row is centred, so that rows of other lengths lie half a camera apart as they do in the focal plane. Where
    there is room, rows are two lines apart.
    """
    pitch, longest = _pitch(rows, width), max(map(len, rows), default=1)
    left = max(0, (width - pitch * longest) // 2)
    apart = 2 if height >= 2 * len(rows) + 2 else 1
    return {
        name: (left + (longest - len(names)) * pitch // 2 + column * pitch, row * apart, pitch)
        for row, names in enumerate(rows)
        for column, name in enumerate(names)
    }


def walk(rows: Rows, camera: str, dx: int, dy: int) -> str:
    """Return the camera next to one; above and below the nearest, and at the edge itself."""
    row, column = next(((y, names.index(camera)) for y, names in enumerate(rows) if camera in names), (0, 0))
    if dx:
        return rows[row][min(max(column + dx, 0), len(rows[row]) - 1)]
    target = rows[min(max(row + dy, 0), len(rows) - 1)]
    # In halves of a camera from the middle of the row.
    here = 2 * column - len(rows[row])
    return target[min(range(len(target)), key=lambda index: abs(2 * index - len(target) - here))]


def _tick(name: str, picture: MapPicture) -> tuple[str, str]:
    """Return whether a camera is selected and used, as three characters and their role."""
    if name in picture.off:
        return "[/]", "odd"
    if name in picture.chosen:
        return ("[x]", "strong") if name in picture.used else ("[+]", "active")
    return ("[-]", "warn") if name in picture.used else ("[ ]", "dim")


def map_lines(rows: Rows, picture: MapPicture, charset: Charset, width: int, height: int) -> list[Line]:
    """Return the map, and in the last line what its signs mean."""
    canvas = [[(" ", "")] * width for _ in range(height)]
    for name, (x, y, pitch) in map_places(rows, width, height).items():
        if y < height:
            cells = [(char, role) for text, role in _cell(name, picture, charset, pitch) for char in text][: pitch - 1]
            for offset, cell in enumerate(cells):
                if x + offset < width:
                    canvas[y][x + offset] = cell
    lines = [joined(row) for row in canvas]
    bottom = max((y for _, y, _ in map_places(rows, width, height).values()), default=0)
    if bottom + 2 <= height - 1:
        lines[height - 1] = _legend(picture, brackets=_pitch(rows, width) >= _STATUS_PITCH)
    return lines


def _cell(name: str, picture: MapPicture, charset: Charset, pitch: int) -> Sequence[tuple[str, str]]:
    tick, role = _tick(name, picture)
    title = f"{name:<3}"
    name_role = ("strong" if name in picture.chosen else "text") + ("+cursor" if name == picture.cursor else "")
    if pitch < _STATUS_PITCH:
        return ((tick[1], role), (title, name_role))
    status = picture.statuses.get(name, Status.NOT_EXPECTED)
    mark = (charset.mark(status), STATUS_MARKS[status].role)
    if pitch < _GROUP_PITCH:
        return ((tick, role), (title, name_role), mark)
    return ((tick, role), (" ", ""), (title, name_role), (" ", ""), mark, (f" {picture.groups.get(name, '')}", "dim"))


def _legend(picture: MapPicture, *, brackets: bool) -> Line:
    signs = [("[x]", "strong", "used"), ("[+]", "active", "to be added"), ("[-]", "warn", "to be left out")]
    if picture.off:
        signs.append(("[/]", "odd", "off"))
    line: Line = (("  ", ""),)
    for sign, role, words in signs:
        line = (*line, (sign if brackets else sign[1], role), (f" {words}  ", "dim"))
    return line


def groups_of(instrument: Instrument) -> dict[str, str]:
    """Return the hardware that each camera shares with others, of the first kind that the instrument knows."""
    kinds: Collection[Mapping[str, tuple[str, ...]]] = tuple(instrument.groups.values())[:1]
    return {camera: name for kind in kinds for name, members in kind.items() for camera in members}


def cameras_word(instrument: Instrument) -> str:
    """Return what several cameras are called: ``"CCDs"`` where each is a unit of its own, else ``"cameras"``."""
    return f"{instrument.unit_title}s" if instrument.rows else "cameras"
