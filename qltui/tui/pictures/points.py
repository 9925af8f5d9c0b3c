"""The rows of a product as a picture needs them: plain numbers, checked, with the row's name and group."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from qltui.instruments.base import Picture
from qltui.instruments.table_file import ProductError
from qltui.tables.table import Column, Row, Table

if TYPE_CHECKING:
    from qltui.instruments.table_file import ProductTable

__all__ = ["Points", "column_of", "make_points", "points_table", "wanted_columns"]

_MOST: Final = 20_000
"""Rows that a picture draws; no camera has so many fibres, and more would hold up the keys."""


@dataclass(frozen=True, slots=True)
class Points:
    """Rows of a table.

    Attributes
    ----------
    names : tuple of str
        What each row is called: the number of its fibre.
    values : tuple of float
        NaN for rows without a value.
    x, y : tuple of float
        Abscissa or place; empty where the picture has none.
    model : tuple of float
        What the values should be; empty where nothing says so.
    groups : tuple of str
        Names joined by ``+``; empty where rows have none.
    good : tuple of bool
        Empty where nobody tells.
    """

    names: tuple[str, ...]
    values: tuple[float, ...]
    x: tuple[float, ...] = ()
    y: tuple[float, ...] = ()
    model: tuple[float, ...] = ()
    groups: tuple[str, ...] = ()
    good: tuple[bool, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    def members(self, group: str) -> tuple[bool, ...]:
        """Return which rows belong to a group; all of them for an empty name."""
        if not group:
            return (True,) * len(self.values)
        return tuple(group in names.split("+") for names in self.groups)

    def only(self, groups: Sequence[str]) -> Points:
        """Return the same rows, without values for those that belong to none of these groups."""
        if not groups or not self.groups:
            return self
        kept = [any(group in names.split("+") for group in groups) for names in self.groups]
        values = (value if keep else math.nan for value, keep in zip(self.values, kept, strict=True))
        return replace(self, values=tuple(values))

    @property
    def known(self) -> tuple[float, ...]:
        """The finite values."""
        return tuple(value for value in self.values if math.isfinite(value))


def column_of(picture: Picture, element: str) -> str:
    """Return the column with the values of an element; of one that has none the first."""
    columns = dict(picture.columns)
    return columns.get(element) or columns.get("") or next(iter(columns.values()), "")


def wanted_columns(pictures: Sequence[Picture], product: str, hdu: str) -> set[str]:
    """Return all columns of one table that these pictures need."""
    found: set[str] = set()
    for picture in pictures:
        if (picture.product, picture.hdu) == (product, hdu):
            others = (picture.x, picture.y, picture.name, picture.group, picture.model, picture.flag)
            found.update(name for _, name in picture.columns)
            found.update(name for name in others if name)
    return found


def make_points(table: ProductTable, picture: Picture, element: str) -> Points:
    """Return the rows of a product for a picture of one element of its metric.

    Raises
    ------
    ProductError
        Where the table lacks a column that the picture cannot do without, or has too many rows.
    """
    if table.rows > _MOST:
        msg = f"it has {table.rows} rows, too many to draw"
        raise ProductError(msg)
    values = _numbers(table, column_of(picture, element))
    model = _numbers(table, picture.model) if picture.model else ()
    if picture.relative:
        values = tuple(
            (value - expected) / expected if expected else math.nan
            for value, expected in zip(values, model, strict=True)
        )
    points = Points(
        names=_words(table, picture.name) if picture.name in table else tuple(map(str, range(len(values)))),
        values=values,
        x=_numbers(table, picture.x) if picture.x else (),
        y=_numbers(table, picture.y) if picture.y else (),
        model=model,
        groups=_words(table, picture.group) if picture.group in table else (),
        good=tuple(bool(value) for value in table.columns[picture.flag].tolist()) if picture.flag in table else (),
    )
    return points.only(picture.only)


def _numbers(table: ProductTable, name: str) -> tuple[float, ...]:
    column: Any = table.columns.get(name)
    if column is None:
        msg = f"it has no column {name}: it was written without what this picture needs"
        raise ProductError(msg)
    if column.ndim != 1 or column.dtype.kind not in "biuf":
        msg = f"its column {name} holds no numbers"
        raise ProductError(msg)
    return tuple(map(float, column.tolist()))


def _words(table: ProductTable, name: str) -> tuple[str, ...]:
    column: Any = table.columns[name]
    return tuple(map(str, column.tolist())) if column.ndim == 1 else ("",) * table.rows


def points_table(points: Points, picture: Picture, title: str, unit: str, form: str) -> Table:
    """Return the rows of a picture as a table, for a file."""
    columns = [Column(picture.name.lower() or "row", picture.name.lower() or "row", doc="name of the row")]
    parts: list[Sequence[object]] = [points.names]
    for name, title_, unit_, values in (
        (picture.x, picture.x_title, picture.x_unit, points.x),
        (picture.y, picture.y_title, picture.y_unit, points.y),
    ):
        if values and name != picture.name:
            columns.append(Column(name.lower(), title_, unit_, "", ">", f"column {name} of the product"))
            parts.append(values)
    value = "residual" if picture.relative else "value"
    columns.append(Column(value, value, unit, form.replace("+", ""), ">", "what the picture draws"))
    parts.append(points.values)
    for name, values in (("model", points.model), ("group", points.groups), ("good", points.good)):
        if values:
            columns.append(Column(name, name, doc=f"{name} of the row"))
            parts.append(values)
    rows = [Row(index, _finite(values)) for index, values in enumerate(zip(*parts, strict=True))]
    return Table("picture", title, tuple(columns), tuple(rows))


def _finite(values: Sequence[object]) -> tuple[Any, ...]:
    return tuple(None if isinstance(value, float) and not math.isfinite(value) else value for value in values)
