"""Values and ranges in words, as tables and panes write them."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Final

from qltui.instruments.base import Instrument
from qltui.tables.table import Table

__all__ = ["NO_VALUE", "in_words_of", "number_text", "program_text", "range_text", "table_for"]

_TITLED: Final = re.compile(r"\b(program|tile)(s?)\b")
_SHORT: Final = 2
"""Letters of the name of a filter, at most: it means something else in the other case."""

NO_VALUE = "none"


def number_text(value: float, form: str) -> str:
    """Return a value in the form of its metric, an infinite bound as no bound, and ``"none"`` where there is none."""
    if math.isnan(value):
        return NO_VALUE
    if math.isinf(value):
        return "+inf" if value > 0 else "-inf"
    return format(value, form)


def range_text(bounds: tuple[float, float], form: str) -> str:
    """Return a range with its bounds, one-sided where one is infinite, a dash where there is none."""
    low, high = bounds
    if math.isnan(low) or math.isnan(high):
        return "–"
    if low == -math.inf and high == math.inf:
        return "any"
    if low == -math.inf:
        return f"≤ {number_text(high, form)}"
    if high == math.inf:
        return f"≥ {number_text(low, form)}"
    return f"{number_text(low, form)} … {number_text(high, form)}"


def program_text(program: str) -> str:
    """Return the program of an exposure as it stands within a line: ``"dark"``, but the filter ``"Y"`` as it is."""
    return program if len(program) <= _SHORT else program.lower()


def in_words_of(text: str, instrument: Instrument) -> str:
    """Return a text with the words of an instrument: of an imager the program is a filter, and a tile a field."""
    titles = {"program": instrument.program_title, "tile": instrument.tile_title}
    if all(word == title for word, title in titles.items()):
        return text
    return _TITLED.sub(lambda found: titles[found[1]] + found[2], text)


def table_for(table: Table, instrument: Instrument) -> Table:
    """Return a table whose columns are titled in the words of an instrument; their names stay what they are."""
    columns = tuple(
        replace(
            column,
            title=in_words_of(column.title, instrument),
            doc=in_words_of(column.doc, instrument) if column.name != "code" else column.doc,
        )
        for column in table.columns
    )
    if columns == table.columns:
        return table
    return replace(table, title=in_words_of(table.title, instrument), columns=columns)
