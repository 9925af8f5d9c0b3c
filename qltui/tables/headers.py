"""Files of an exposure, their HDUs and the cards of a header, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from qltui.instruments.fits_headers import HeaderCard, HeaderPart
from qltui.tables.table import Column, Row, Styled, Table

if TYPE_CHECKING:
    from qltui.store.products import Subject

__all__ = ["RAW", "card_table", "file_rows", "file_table", "part_table"]

RAW: Final = "raw"
"""Kind of the file that the instrument wrote."""


def file_rows(subject: Subject, camera: str) -> list[tuple[str, str]]:
    """Return kind and path of the files that there are headers of: raw, its companions, then what a camera left."""
    exposure = subject.exposure
    rows = [(RAW, exposure.path)]
    rows += [(kind, path) for kind, path in sorted(exposure.auxiliary.items()) if path.endswith((".fits", ".fits.fz"))]
    rows += [(file.kind, file.path) for file in subject.files if file.camera == camera]
    return rows


def file_table(files: Sequence[tuple[str, str]], camera: str) -> Table:
    """Return the files as a table; the key is the path."""
    columns = (
        Column("kind", "kind", doc="raw: as the instrument wrote it; others: what a recipe left"),
        Column("name", "file", doc="name of the file"),
        Column("path", "path", doc="where it lies", shown=False),
    )
    rows = tuple(Row(path, (kind, Path(path).name, path)) for kind, path in files)
    return Table("header-files", f"Files of {camera}", columns, rows)


def part_table(parts: Sequence[HeaderPart], fault: str = "") -> Table:
    """Return the HDUs of a file as a table; the key is the position."""
    columns = (
        Column("index", "HDU", align=">", doc="position in the file"),
        Column("name", "name", doc="EXTNAME"),
        Column("kind", "type", doc="image, compressed image or table"),
        Column("pixels", "size", doc="type and axes of the image, or rows of the table"),
        Column("bytes", "data", "kB", ".0f", ">", doc="room that the data take in the file"),
    )
    rows = tuple(
        Row(part.index, (part.index, part.name, part.kind.lower(), part.pixels, part.size / 1000)) for part in parts
    )
    return Table("header-parts", "HDUs", columns, rows, fault)


def card_table(cards: Sequence[HeaderCard], title: str, left_out: int = 0, fault: str = "") -> Table:
    """Return the cards of a header as a table, in their order; the key is the place."""
    columns = (
        Column("keyword", "keyword", doc="name of the card"),
        Column("value", "value", doc="as it stands in the file"),
        Column("comment", "comment", doc="behind the slash"),
    )
    rows = tuple(
        Row(place, (card.keyword, card.value, Styled(card.comment, "dim"))) for place, card in enumerate(cards)
    )
    note = fault or (f"{left_out} more cards are not shown" if left_out else "")
    return Table("header-cards", title, columns, rows, note)
