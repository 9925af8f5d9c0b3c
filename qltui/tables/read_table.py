"""``python -m qltui.tables.read_table FILE``: read a table that somebody else made, and print it as JSON.

A file from outside is hostile until it is read: this runs in a process of its own, looks at sizes first, takes the
columns that are asked for alone, and knows CSV, ECSV and FITS. astropy is loaded here, never in the viewer.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import math
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

__all__ = ["LARGEST_FILE", "MOST_ROWS", "TableError", "main", "read_table"]

LARGEST_FILE: Final = 64_000_000
"""[bytes]"""

MOST_ROWS: Final = 200_000
MOST_COLUMNS: Final = 1000
LONGEST_TEXT: Final = 200
"""Characters of a value that are kept."""
_LARGEST_HEADER: Final = 250_000
"""Of an ECSV file [bytes]; a thousand columns with descriptions have less."""
_DEEPEST_HEADER: Final = 100


class TableError(Exception):
    """The file is no table that can be used; the message says why."""


def read_table(path: Path, wanted: Sequence[str]) -> dict[str, Any]:
    """Return the columns of a table whose names, without regard to case, are among `wanted`.

    Parameters
    ----------
    path : Path
        ``.csv`` (comma, semicolon or tab), ``.ecsv`` or ``.fits`` (the first table in it), also ``.fits.gz``.
    wanted : sequence of str
        Names in upper case.

    Returns
    -------
    dict
        ``columns`` (names, upper case), ``rows`` (lists of text, number, bool or None), ``others`` (names of columns
        that are not wanted).

    Raises
    ------
    TableError
        Where it cannot be read, is too large, or is no table.
    """
    name = path.name.lower()
    try:
        if not path.is_file():
            raise TableError(f"{path} is no file")
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise TableError(f"{path.name} has {size / 1e6:.0f} MB, more than the {LARGEST_FILE / 1e6:.0f} MB allowed")
        if name.endswith(".csv"):
            return _chosen(*_csv(path), wanted)
        if name.endswith((".ecsv", ".fits", ".fits.gz", ".fit")):
            if name.endswith(".ecsv"):
                _check_ecsv_header(path)
                return _astropy(path, wanted, "ascii.ecsv")
            _check_fits_structure(path)
            return _astropy(path, wanted, "fits")
    except OSError as error:
        raise TableError(f"{path.name} cannot be read: {error.strerror or error}") from error
    raise TableError(f"{path.name}: the end of the name says the form; known: .csv, .ecsv, .fits")


def _csv(path: Path) -> tuple[list[str], Iterable[Sequence[Any]]]:
    """Return the names and the rows of a CSV file; lines that begin with # are comments."""
    csv.field_size_limit(100_000)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise TableError(f"{path.name} is no text in UTF-8") from error
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if not lines:
        raise TableError(f"{path.name} is empty")
    delimiter = max(",;\t", key=lines[0].count)
    try:
        rows = list(itertools.islice(csv.reader(lines, delimiter=delimiter), MOST_ROWS + 2))
    except csv.Error as error:
        raise TableError(f"{path.name} is no CSV: {error}") from error
    return rows[0], rows[1:]


def _chosen(names: Sequence[str], rows: Iterable[Sequence[Any]], wanted: Sequence[str]) -> dict[str, Any]:
    if len(names) > MOST_COLUMNS:
        raise TableError(f"the table has {len(names)} columns, more than the {MOST_COLUMNS} allowed")
    # A unit behind the name, as our own files have it, is no part of the name.
    upper = [str(name).partition("[")[0].strip().upper() for name in names]
    places = {name: place for place, name in reversed(list(enumerate(upper))) if name in wanted}
    columns = sorted(places, key=lambda name: places[name])
    kept = []
    for number, row in enumerate(rows):
        if number >= MOST_ROWS:
            raise TableError(f"the table has more than the {MOST_ROWS} rows allowed")
        kept.append([_plain(row[places[name]]) if places[name] < len(row) else None for name in columns])
    others = [str(name)[:40] for name, up in zip(names, upper, strict=True) if up not in places]
    return {"columns": columns, "rows": kept, "others": others[:50]}


def _check_ecsv_header(path: Path) -> None:
    """Refuse a header that nobody writes: the time to read YAML grows with the square of its depth."""
    depth = deepest = size = 0
    with path.open("rb") as file:
        for line in iter(lambda: file.readline(_LARGEST_HEADER + 1), b""):
            if line.strip() and not line.lstrip().startswith(b"#"):
                break
            size += len(line)
            if size > _LARGEST_HEADER:
                raise TableError(f"{path.name} has a header of more than the {_LARGEST_HEADER / 1e3:.0f} kB allowed")
            deepest = max(deepest, depth + line.count(b"- ") + line.count(b"? "))
            for byte in line:
                depth += (byte in b"[{") - (byte in b"]}")
                deepest = max(deepest, depth)
    if deepest > _DEEPEST_HEADER:
        raise TableError(f"{path.name} has a header in which values are nested too deeply")


def _check_fits_structure(path: Path) -> None:
    """Refuse sizes that the file does not have: astropy asks for every axis of the 10^9 that a header may declare."""
    from qltui.instruments.errors import IncompleteFileError, InvalidFileError
    from qltui.instruments.fits_scan import scan_hdus

    try:
        scan_hdus(path)
    except (IncompleteFileError, InvalidFileError) as error:
        raise TableError(f"{path.name} is no FITS file that can be read: {error}") from error


def _astropy(path: Path, wanted: Sequence[str], form: str) -> dict[str, Any]:
    """Return the wanted columns of a table that astropy reads."""
    import warnings

    from astropy.table import Table

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            table = Table.read(path, format=form)
        except Exception as error:
            words = str(error).strip().partition("\n")[0][:200]
            raise TableError(f"{path.name} is no table that astropy reads: {words or type(error).__name__}") from error
    if len(table) > MOST_ROWS:
        raise TableError(f"the table has {len(table)} rows, more than the {MOST_ROWS} allowed")
    names = [name for name in table.colnames if name.upper() in wanted and table[name].ndim == 1]
    values = [_column(table[name]) for name in names]
    others = [name[:40] for name in table.colnames if name not in names]
    rows = [list(row) for row in zip(*values, strict=True)] if names else []
    return {"columns": [name.upper() for name in names], "rows": rows, "others": others[:50]}


def _column(column: Any) -> list[Any]:
    filled = column.filled(None) if hasattr(column, "filled") and column.dtype.kind == "O" else column
    mask = getattr(filled, "mask", None)
    values = [_plain(value) for value in filled.tolist()]
    if mask is None:
        return values
    return [None if masked else value for value, masked in zip(values, mask.tolist(), strict=True)]


def _plain(value: Any) -> str | int | float | bool | None:
    """Return a value as JSON can hold it; text is cut, numbers that are none are nothing."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return text.strip()[:LONGEST_TEXT]


def main(arguments: Sequence[str] | None = None) -> int:
    """Read one file; return 0, or 65 where it cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m qltui.tables.read_table", description="A table as JSON.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--columns", default="", help="names that are wanted, with commas between")
    args = parser.parse_args(arguments)
    try:
        found = read_table(args.file, [name.upper() for name in args.columns.split(",") if name])
    except TableError as error:
        print(error, file=sys.stderr)
        return 65
    json.dump(found, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
