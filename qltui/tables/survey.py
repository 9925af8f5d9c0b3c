"""The survey so far as tables: nights, programs, fields; what counts as good is said once, here and in the record."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from qltui.model import Status
from qltui.store.survey_views import FieldSummary, NightSummary, field_place
from qltui.tables.table import Column, Judged, Row, Table, Value

__all__ = [
    "KIND_STATUS",
    "MOST_NIGHTS",
    "RULE",
    "Totals",
    "field_kind",
    "field_name",
    "month_nights",
    "nights_table",
    "programs_table",
    "totals_of",
]

KIND_STATUS: Final[Mapping[str, Status]] = {
    "good": Status.NORMAL,
    "warning": Status.WARNING,
    "bad": Status.ALARM,
    "open": Status.NOT_CHECKED,
    "test": Status.NOT_EXPECTED,
}
"""The status as which a class of exposures is drawn."""

MOST_NIGHTS: Final = 200
"""More nights than this are summed up by month."""

RULE: Final = (
    "good: verdict NORMAL, or flagged good; bad: ALARM, FAILED, MISSING, or flagged bad or junk; open: not judged yet, "
    "or still being reduced; test: flagged so, and counted nowhere else"
)


_FIRST_SUM: Final = NightSummary._fields.index("exposures")
"""From here on the columns of a summary are sums, in the order of `Totals`."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over nights: exposures, fields of each night, open-shutter time [s], exposures by class."""

    nights: int = 0
    exposures: int = 0
    fields: int = 0
    seconds: float = 0.0
    usable_seconds: float = 0.0
    good: int = 0
    warning: int = 0
    bad: int = 0
    open: int = 0
    test: int = 0


def totals_of(summaries: Iterable[NightSummary]) -> Totals:
    """Return the sums; a field of two nights counts in each of them."""
    rows = list(summaries)
    if not rows:
        return Totals()
    # Column by column: a season has thousands of rows, and this is drawn while the observer waits.
    sums = [sum(column) for column in zip(*(row[_FIRST_SUM:] for row in rows), strict=True)]
    return Totals(len({row.night for row in rows}), *sums)


def field_name(field: int) -> str:
    """Return how a field is called: its tile, or where it lies [deg]."""
    place = field_place(field)
    return str(field) if place is None else f"{place[0]:.2f}{place[1]:+.2f}"


def field_kind(field: FieldSummary) -> str:
    """Return the class of a field: the best that it has, because one good exposure makes it observed."""
    if field.good:
        return "good"
    if field.warning:
        return "warning"
    return "bad" if field.bad else "open"


def _count(value: int, status: Status) -> Value:
    """Return a number, judged where it is not zero: colour only where it means something."""
    return Judged(value, status) if value else value


_COLUMNS: Final = (
    Column("exposures", "exp", format="d", align=">", doc="Exposures of the sky."),
    Column("fields", "tiles", format="d", align=">", doc="Different tiles or fields."),
    Column("hours", "open", "h", ".2f", ">", "Open-shutter time."),
    Column("usable_hours", "usable", "h", ".2f", ">", "Open-shutter time of those that are good or have a warning."),
    Column("good", "good", format="d", align=">", doc="Exposures that are good."),
    Column("warning", "warning", format="d", align=">", doc="Exposures with a warning."),
    Column("bad", "bad", format="d", align=">", doc="Exposures that are bad by verdict or flag."),
    Column("open", "not judged", format="d", align=">", doc="Exposures that wait, run, or could not be judged."),
    Column("test", "test", format="d", align=">", doc="Exposures flagged as tests."),
)  # fmt: skip


def _values(totals: Totals, fields: int | None = None) -> tuple[Value, ...]:
    return (
        totals.exposures,
        totals.fields if fields is None else fields,
        totals.seconds / 3600.0,
        totals.usable_seconds / 3600.0,
        totals.good,
        _count(totals.warning, Status.WARNING),
        _count(totals.bad, Status.ALARM),
        totals.open,
        totals.test,
    )


def nights_table(
    summaries: Sequence[NightSummary],
    targets: Mapping[int, Mapping[str, int]],
    name: str = "survey-nights",
    *,
    by_month: bool = False,
) -> Table:
    """Return one row for each night, the newest first, and what it added: exposures, tiles, time, targets.

    More nights than anybody reads are summed up by month, where that was not done before (`by_month`); the key of a
    row is then ``YYYYMM``.
    """
    unit = 1
    if not by_month and len({row.night for row in summaries}) > MOST_NIGHTS:
        unit, by_month = 100, True
    by_night: dict[int, list[NightSummary]] = {}
    for row in summaries:
        by_night.setdefault(row.night // unit, []).append(row)
    counted: dict[int, dict[str, int]] = {}
    for night, counts in targets.items():
        sums = counted.setdefault(night // unit, {})
        for kind, count in counts.items():
            sums[kind] = sums.get(kind, 0) + count
    classes = sorted({kind for counts in counted.values() for kind in counts})
    columns = (
        Column("night", "month" if by_month else "night", doc="Date of the evening."),
        Column("programs", "programs", doc="Programs that were observed."),
        *_COLUMNS,
        *(Column(f"targets_{kind.lower()}", kind, format=",d", align=">", doc=f"Targets {kind}.") for kind in classes),
    )
    rows = [
        Row(
            night,
            (
                f"{night // 100}-{night % 100:02d}" if by_month else str(night),
                " ".join(dict.fromkeys(row.program for row in group if row.program)),
                *_values(totals_of(group)),
                *(counted[night].get(kind, 0) if night in counted else None for kind in classes),
            ),
        )
        for night, group in sorted(by_night.items(), reverse=True)
    ]
    if by_month:
        return Table(name, "survey by month", columns, tuple(rows), f"by month, tiles by night; {RULE}")
    return Table(name, "survey by night", columns, tuple(rows), RULE)


def month_nights(month: int) -> tuple[int, int]:
    """Return the first and the last night of a month ``YYYYMM``."""
    year, number = divmod(month, 100)
    # What no calendar has may stand in a record all the same; its nights are still found.
    last = calendar.monthrange(year, number)[1] if 1 <= number <= 12 and 1 <= year <= 9999 else 31
    return month * 100 + 1, month * 100 + last


def programs_table(summaries: Sequence[NightSummary], tiles: Mapping[str, int], distinct: int) -> Table:
    """Return one row for each program and one for all.

    `tiles` has how many different ones each program has, `distinct` all of them: a tile of two nights counts once.
    """
    groups: dict[str, list[NightSummary]] = {}
    for row in summaries:
        groups.setdefault(row.program, []).append(row)
    columns = (Column("program", "program", doc="Program."), *_COLUMNS)
    rows = [
        Row(program, (program or "(none)", *_values(totals_of(group), tiles.get(program, 0))))
        for program, group in sorted(groups.items())
    ]
    rows.append(Row("", ("all", *_values(totals_of(summaries), distinct))))
    return Table("survey-programs", "survey by program", columns, tuple(rows), RULE)
