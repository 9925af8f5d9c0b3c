"""The fibres of an exposure, joined from the tables of all cameras: where they lie, which are good, what they bring.

Runs in the reader's thread: numpy is loaded when it is called.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from qltui.instruments.table_file import ProductError, read_columns
from qltui.model import Status

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from qltui.instruments.fiber_view import FiberView
    from qltui.model import Camera

__all__ = ["BAD", "GOOD", "NOT_KNOWN", "FiberShelf", "Fibers", "fiber_status", "join_fibers", "read_fibers"]

NOT_KNOWN: Final = -1
BAD: Final = 0
GOOD: Final = 1
"""What is known of a fibre in one arm."""


@dataclass(frozen=True, slots=True)
class Fibers:
    """All fibres of an exposure, in the order of their numbers.

    Attributes
    ----------
    number : ndarray of int, shape (n,)
        Of the fibre.
    unit : ndarray of str, shape (n,)
        Where its light goes.
    arms : tuple of str
        In the order of the second axis of what follows.
    state : ndarray of int8, shape (n, narm)
        `GOOD`, `BAD` or `NOT_KNOWN`.
    row : ndarray of int, shape (n, narm)
        Its row in the table of the camera; -1 where that has none.
    group : ndarray of str, shape (n,)
        Names of its classes joined by ``+``.
    values : mapping of str to ndarray, shape (n, narm)
        By column; NaN where there is none.
    problems : tuple of str
        Tables that cannot be read, and why.
    """

    number: npt.NDArray[np.int64]
    unit: npt.NDArray[np.str_]
    arms: tuple[str, ...]
    state: npt.NDArray[np.int8]
    row: npt.NDArray[np.int64]
    group: npt.NDArray[np.str_]
    values: Mapping[str, npt.NDArray[np.float64]]
    problems: tuple[str, ...] = ()

    def index(self, number: int) -> int | None:
        """Return where a fibre stands; None where there is none of this number."""
        place = int(self.number.searchsorted(number))
        return place if place < self.number.size and int(self.number[place]) == number else None

    def position(self, column: str) -> npt.NDArray[np.float64]:
        """Return a coordinate, which does not depend on the arm: of the first arm that knows it, shape (n,)."""
        import numpy as np

        known = self.values.get(column)
        if known is None:
            return np.full(self.number.shape, np.nan)
        first = np.isfinite(known).argmax(axis=1)
        return np.take_along_axis(known, first[:, None], axis=1)[:, 0]

    def statuses(self, arm: str = "") -> list[Status]:
        """Return how each fibre is drawn: of one arm, or of all of them."""
        columns = [self.arms.index(arm)] if arm in self.arms else list(range(len(self.arms)))
        return [fiber_status(row) for row in self.state[:, columns].tolist()]


def fiber_status(states: Sequence[int]) -> Status:
    """Return NORMAL where all arms that know a fibre find it good, ALARM where all find it bad, else WARNING."""
    known = [state for state in states if state != NOT_KNOWN]
    if not known:
        return Status.NOT_CHECKED
    if all(state == GOOD for state in known):
        return Status.NORMAL
    return Status.ALARM if all(state == BAD for state in known) else Status.WARNING


def read_fibers(paths: Mapping[str, str], cameras: Sequence[Camera], view: FiberView) -> Fibers:
    """Return the fibres of all cameras that left a table.

    Parameters
    ----------
    paths : mapping of str to str
        Tables by camera.
    cameras : sequence of Camera
        Of the instrument.
    view : FiberView
        Which columns of which HDU.
    """
    columns = [view.number, view.good, view.group]
    columns += [name for place in view.places for name in (place.x, place.y)]
    columns += [value.column for value in view.values]
    tables: dict[str, Mapping[str, npt.NDArray[Any]]] = {}
    problems = []
    for camera in cameras:
        if camera.name not in paths:
            continue
        try:
            table = read_columns(paths[camera.name], view.hdu, columns).columns
        except ProductError as error:
            problems.append(f"{camera.name}: {error}")
            continue
        number = table.get(view.number)
        if number is None or number.ndim != 1 or number.dtype.kind not in "iu":
            problems.append(f"{camera.name}: its table has no numbers of fibres")
        else:
            tables[camera.name] = table
    return join_fibers(tables, cameras, view, tuple(problems))


class FiberShelf:
    """The fibres that were read last, as long as their files stay as they are; used by one thread."""

    def __init__(self) -> None:
        self._key: tuple[tuple[str, int], ...] | None = None
        self._fibers: Fibers | None = None

    def read(self, paths: Mapping[str, str], cameras: Sequence[Camera], view: FiberView) -> Fibers:
        """Return what `read_fibers` returns."""
        key = tuple((path, _mtime_ns(path)) for path in paths.values())
        if self._fibers is None or key != self._key:
            self._key, self._fibers = key, read_fibers(paths, cameras, view)
        return self._fibers


def _mtime_ns(path: str) -> int:
    """Return when a file was last written [ns]; 0 where it is gone."""
    try:
        return Path(path).stat().st_mtime_ns
    except (OSError, ValueError):
        return 0


def join_fibers(
    tables: Mapping[str, Mapping[str, npt.NDArray[Any]]],
    cameras: Sequence[Camera],
    view: FiberView,
    problems: tuple[str, ...] = (),
) -> Fibers:
    """Return the fibres of several tables, each with at least a column of whole numbers, as one."""
    import numpy as np

    arms = tuple(dict.fromkeys(camera.arm for camera in cameras))
    numbers = [table[view.number].astype(np.int64) for table in tables.values()]
    number = np.unique(np.concatenate(numbers)) if numbers else np.zeros(0, dtype=np.int64)
    shape = (number.size, len(arms))
    state, row = np.full(shape, NOT_KNOWN, dtype=np.int8), np.full(shape, -1, dtype=np.int64)
    unit, group = np.full(number.size, "", dtype="U16"), np.full(number.size, "", dtype="U64")
    names = [name for place in view.places for name in (place.x, place.y)] + [value.column for value in view.values]
    values = {name: np.full(shape, np.nan) for name in names}
    for camera in cameras:
        table = tables.get(camera.name)
        if table is None:
            continue
        arm = arms.index(camera.arm)
        places = number.searchsorted(table[view.number])
        row[places, arm] = np.arange(places.size)
        unit[places] = camera.unit
        good = table.get(view.good)
        if good is not None and good.dtype.kind == "b" and good.ndim == 1:
            state[places, arm] = np.where(good, GOOD, BAD)
        kind = table.get(view.group)
        if kind is not None and kind.dtype.kind == "U" and kind.ndim == 1:
            group[places] = np.where(group[places] == "", kind, group[places])
        for name, into in values.items():
            found = table.get(name)
            if found is not None and found.dtype.kind in "fiu" and found.ndim == 1:
                into[places, arm] = found
    known = {name: found for name, found in values.items() if np.isfinite(found).any()}
    return Fibers(number, unit, arms, state, row, group, known, problems)
