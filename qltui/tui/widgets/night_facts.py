"""What stands beside the table of a night: the totals, and the exposure under the cursor. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from qltui.instruments.base import Instrument
from qltui.model import Status
from qltui.store.history import NightPage, NightRow
from qltui.store.history_cells import CellValue
from qltui.tables.camera import find_metric
from qltui.tables.night import overall, totals_table
from qltui.tables.wording import number_text
from qltui.tui.symbols import STATUS_MARKS, STATUS_WORDS, Charset
from qltui.tui.text import Line, clean, wrap
from qltui.tui.widgets.heat_map import HeatCell, HeatRow

__all__ = ["cell_words", "heat_rows", "night_facts"]

_TOTALS: Final = (
    (1, "n", "text"),
    (3, "good", "text"),
    (5, "bad", "bad"),
    (2, "shutter [h]", "text"),
    (4, "warning", "warn"),
    (6, "open", "text"),
    (7, "test", "text"),
)
"""Columns of the totals: place in `totals_table`, heading and role, the most telling first."""


def night_facts(page: NightPage, row: NightRow | None, charset: Charset, width: int) -> list[Line]:
    """Return the exposure under the cursor, then exposures by type with their open-shutter time and how they came out.

    The totals are of the whole range, not of the page alone.
    """
    lines = _exposure_lines(row, charset, width) if row is not None else []
    if page.totals:
        lines += [*([()] if lines else []), *_totals_lines(page, width)]
    return lines


def _totals_lines(page: NightPage, width: int) -> list[Line]:
    """Return the totals as a small table: the columns that fit, in the order of the night's summary."""
    rows = [row.values for row in totals_table(page).rows]
    texts = {place: [_amount(values[place]) for values in rows] for place, _, _ in _TOTALS}
    widths = {place: max(len(title), *map(len, texts[place])) + 2 for place, title, _ in _TOTALS}
    kept, used = [], 10
    for place, title, role in _TOTALS:
        if used + widths[place] > width:
            break
        kept.append((place, title, role))
        used += widths[place]
    kept.sort()
    lines: list[Line] = [
        ((" " * 10, ""), ("".join(f"{title:>{widths[place]}}" for place, title, _ in kept), "title")),
    ]
    for index, values in enumerate(rows):
        name = clean(str(values[0]))[:9]
        line: Line = ((f" {name:<9}", "strong" if name == "all" else "text"),)
        for place, _, role in kept:
            text = texts[place][index]
            # Only a judgement may be green, and a count is none: what wants a look is told by its colour.
            line = (*line, (f"{text:>{widths[place]}}", "dim" if text == "–" else role))
        lines.append(line)
    return lines


def _amount(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.2f}"
    return f"{value:,}" if value else "–"


def _exposure_lines(row: NightRow, charset: Charset, width: int) -> list[Line]:
    """Return verdict and words of an exposure, and its cameras that are not good, those of one reason together."""
    status = overall(row)
    mark = STATUS_MARKS[status]
    words = row.headline or row.state or "never reduced"
    lines: list[Line] = [
        (
            (f" {row.exposure.expid} ", "strong"),
            (f"{charset.mark(status)} {STATUS_WORDS[status][0].lower()}", mark.role),
            (f"  {clean(words)}", "text"),
        )
    ]
    groups: dict[tuple[Status, str], list[str]] = {}
    for camera, found in row.cameras.items():
        if not found.is_good and found not in (Status.WAITING, Status.NOT_EXPECTED):
            groups.setdefault((found, row.reasons.get(camera, "")), []).append(camera)
    for (found, reason), cameras in sorted(groups.items(), key=lambda item: -item[0][0].severity):
        text = " ".join(cameras) + (f"  {clean(reason)}" if reason else "")
        for index, part in enumerate(wrap(text, max(10, width - 4))):
            lead = f" {charset.mark(found)} " if not index else "   "
            lines.append(((lead, STATUS_MARKS[found].role), (part, "text")))
    return lines


def heat_rows(
    rows: Sequence[NightRow],
    metric: str,
    values: Mapping[tuple[int, str], CellValue],
    instrument: Instrument,
    *,
    several: bool,
) -> list[HeatRow]:
    """Return the rows of the map: statuses of cameras, or of one metric where `metric` names it."""
    found = []
    for row in rows:
        exposure = row.exposure
        label = f"{exposure.night % 10000:04d} {exposure.expid}" if several else str(exposure.expid)
        if metric:
            cells = {
                camera: HeatCell(value.status, value.level)
                for camera in row.cameras
                if (value := values.get((row.exposure_id, camera))) is not None
            }
        else:
            awaited = instrument.cameras if row.state in ("waiting", "running") else ()
            cells = {camera.name: HeatCell(Status.WAITING) for camera in awaited}
            cells |= {camera: HeatCell(status) for camera, status in row.cameras.items()}
        found.append(HeatRow(row.key, label, cells))
    return found


def cell_words(
    row: NightRow, camera: str, metric: str, value: CellValue | None, instrument: Instrument, charset: Charset
) -> Line:
    """Return what is under the cursor of the map: exposure, camera, and status with its reason or value."""
    name: Line = ((f" {row.exposure.expid} {camera}  ", "strong"),)
    if not metric:
        status = row.cameras.get(camera)
        if status is None:
            return (*name, ("nothing of it was reduced", "dim"))
        return (*name, *_status_run(status, charset), (f"  {clean(row.reasons.get(camera, ''))}", "text"))
    if value is None:
        return (*name, (f"{metric} was not measured", "dim"))
    definition = find_metric(instrument, metric)
    number = "none" if value.value is None else number_text(value.value, definition.format)
    element = f"{clean(value.element)} " if value.element else ""
    unit = f" {definition.unit}" if definition.unit and value.value is not None else ""
    return (*name, (f"{element}{number}{unit}  ", "text"), *_status_run(value.status, charset))


def _status_run(status: Status, charset: Charset) -> Line:
    return ((f"{charset.mark(status)} {STATUS_WORDS[status][0].lower()}", STATUS_MARKS[status].role),)
