"""Tables as text and as files: for the terminal, for scripts, for a spreadsheet and for astropy."""

from __future__ import annotations

import csv
import io
import json
import os
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from qltui.model import Status
from qltui.tables.table import Column, Judged, Table, Value, format_value, plain_value

__all__ = ["SUFFIXES", "free_path", "to_csv", "to_ecsv", "to_json", "to_text", "write_table", "write_text"]


def _width(text: str) -> int:
    """Return how many cells of a terminal a text takes."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def _clean(text: str) -> str:
    """Return a text without control characters: what a header says must not move the cursor of a terminal."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        " " if char in "\t\r\n" else char for char in text if char in "\t\r\n" or unicodedata.category(char)[0] != "C"
    )


def _shown(value: Value, column: Column) -> str:
    words = _clean(format_value(value, column))
    if isinstance(value, Judged) and value.status is not Status.NORMAL:
        return f"{words} {value.status.value}".strip()
    return words or "-"


def _pad(text: str, width: int, align: str) -> str:
    blanks = " " * max(0, width - _width(text))
    return blanks + text if align == ">" else text + blanks


def to_text(table: Table, *, everything: bool = False) -> str:
    """Return the table for a terminal: aligned, units in the heading, values that are not good with their status."""
    shown = [column.name for column in table.columns if column.shown or everything]
    part = table.select(shown)
    rows = [
        [_shown(value, column) for value, column in zip(row.values, part.columns, strict=True)] for row in part.rows
    ]
    heads = [column.heading for column in part.columns]
    widths = [max(_width(head), *(_width(row[place]) for row in rows), 1) for place, head in enumerate(heads)]
    lines = [
        "  ".join(
            _pad(text, width, column.align) for text, width, column in zip(row, widths, part.columns, strict=True)
        )
        for row in [heads, *rows]
    ]
    lines = [line.rstrip() for line in lines]
    return "\n".join([*lines, *([table.note] if table.note else [])]) + "\n"


def _fields(table: Table) -> list[tuple[Column, list[Any]]]:
    """Return what a file has columns for, with their values: each column, and after judged ones their status.

    Column by column, because a long table has a million cells, and to call something for each takes seconds.
    """
    fields: list[tuple[Column, list[Any]]] = []
    for column, cells in zip(table.columns, zip(*(row.values for row in table.rows), strict=True), strict=False):
        fields.append((column, list(map(plain_value, cells))))
        if any(isinstance(cell, Judged) for cell in cells):
            statuses = [cell.status.value if isinstance(cell, Judged) else None for cell in cells]
            fields.append((Column(f"{column.name}_status", f"{column.title} status"), statuses))
    return fields or [(column, []) for column in table.columns]


def _safe(value: Any) -> Any:
    """Return a value that a spreadsheet does not take for a formula."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") and not _is_number(value):
        return "'" + value
    return "" if value is None else value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def to_csv(table: Table) -> str:
    """Return the table as CSV; units stand in a second name, ``exptime [s]``."""
    fields = _fields(table)
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([f"{column.name} [{column.unit}]" if column.unit else column.name for column, _ in fields])
    writer.writerows(zip(*(map(_safe, values) for _, values in fields), strict=True))
    return stream.getvalue()


_TYPES: Final = {bool: "bool", int: "int64", float: "float64"}


def _type_of(values: list[Any]) -> str:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int, float}:
        return "float64"
    return _TYPES.get(next(iter(kinds)), "string") if len(kinds) == 1 else "string"


def to_ecsv(table: Table) -> str:
    """Return the table as ECSV 1.0, which `astropy.table.Table.read` reads with units and descriptions.

    A value that is not known is an empty field, which is read as masked.
    """
    fields = _fields(table)
    values = [column for _, column in fields]
    types = [_type_of(column) for column in values]
    lines = ["# %ECSV 1.0", "# ---", "# delimiter: ','", "# datatype:"]
    for (column, _), kind in zip(fields, types, strict=True):
        parts = [f"name: {json.dumps(column.name)}"]
        if column.unit:
            parts.append(f"unit: {json.dumps(column.unit)}")
        parts.append(f"datatype: {kind}")
        parts.append(f"description: {json.dumps(_clean(column.doc or column.title))}")
        lines.append(f"# - {{{', '.join(parts)}}}")
    lines += ["# meta: !!omap", f"# - {{title: {json.dumps(_clean(table.title))}}}"]
    lines += [f"# - {{note: {json.dumps(_clean(table.note))}}}"] if table.note else []
    lines.append("# schema: astropy-2.0")
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([column.name for column, _ in fields])
    for row in zip(*values, strict=True):
        writer.writerow(["" if cell is None else _ecsv(cell, kind) for cell, kind in zip(row, types, strict=True)])
    return "\n".join(lines) + "\n" + stream.getvalue()


def _ecsv(value: Any, kind: str) -> Any:
    if kind == "bool":
        return "True" if value else "False"
    return repr(float(value)) if kind == "float64" else _clean(value) if isinstance(value, str) else value


def to_json(table: Table) -> str:
    """Return the table as JSON: columns with their units, and one object for each row."""
    fields = _fields(table)
    names = [column.name for column, _ in fields]
    document = {
        "title": table.title,
        "columns": [
            {"name": column.name, "title": column.title, "unit": column.unit, "description": column.doc}
            for column, _ in fields
        ],
        "rows": [dict(zip(names, row, strict=True)) for row in zip(*(values for _, values in fields), strict=True)],
        "note": table.note,
    }
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


SUFFIXES: Final[dict[str, Callable[[Table], str]]] = {
    ".csv": to_csv,
    ".ecsv": to_ecsv,
    ".json": to_json,
    ".txt": lambda table: to_text(table, everything=True),
}


def free_path(path: Path) -> Path:
    """Return `path`, or where it is taken the first of ``name-1.csv``, ``name-2.csv`` ... that is not."""
    candidate, number = path, 0
    while candidate.exists() or candidate.is_symlink():
        number += 1
        candidate = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return candidate


def write_text(text: str, path: Path) -> Path:
    """Write a text under a name that is not taken yet, whole or not at all, and return that name.

    Raises
    ------
    OSError
        Where it cannot be written.
    """
    path = path.expanduser().absolute()
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        while True:
            target = free_path(path)
            try:
                # A link fails where somebody was faster; a rename would overwrite what is theirs.
                os.link(temporary, target)
            except FileExistsError:
                continue
            return target
    finally:
        temporary.unlink(missing_ok=True)


def write_table(table: Table, path: Path) -> Path:
    """Write a table in the form that the suffix names, and return the name it got; nothing is overwritten.

    Raises
    ------
    ValueError
        Where the suffix is not known.
    OSError
        Where it cannot be written.
    """
    writer = SUFFIXES.get(path.suffix.lower())
    if writer is None:
        msg = f"{path.name}: the end of the name says the form; known: {', '.join(SUFFIXES)}"
        raise ValueError(msg)
    return write_text(writer(table), path)
