"""A range of nights in numbers: exposures and open-shutter time by program, time lost between them, and how it was.

Time is lost between the end of an exposure of the sky and the start of the next one of the same night: readout, moves
of the telescope, weather and failures alike. It is counted with the exposure before.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from qltui.instruments.base import Instrument
from qltui.model import Status
from qltui.store.history import BEYOND, neighbour_night
from qltui.store.statistics import MOST_EXPOSURES, Gap, gaps, on_sky_count
from qltui.store.survey import night_range, night_summaries
from qltui.tables.straight_line import quantile
from qltui.tables.table import Column, Judged, Row, Table, Value
from qltui.tables.trend import read_trend
from qltui.tables.trend_choice import TrendChoice
from qltui.tables.trend_numbers import summaries

if TYPE_CHECKING:
    from qltui.store.reader import Reader
    from qltui.store.survey_views import NightSummary

__all__ = ["quantities_table", "statistics_nights", "statistics_tables", "time_table"]

_MOST_VALUES = 60_000
"""Values of one quantity that are read one by one for median and quartiles: some weeks of an instrument."""

_TIME_COLUMNS = (
    Column("obstype", "obstype", doc="type of the exposures"),
    Column("program", "program", doc="program of the exposures"),
    Column("exposures", "exp", format=",d", align=">", doc="exposures"),
    Column("open", "open", "h", ".2f", ">", "open-shutter time"),
    Column("lost", "lost", "h", ".2f", ">", "time from the end of each to the start of the next exposure of the sky"),
    Column("gap_median", "gap, median", "s", ".0f", ">", "middle of these times"),
    Column("gap_longest", "longest", "min", ".1f", ">", "the longest of these times"),
    Column("efficiency", "efficiency", "%", ".0f", ">", "open-shutter time of open-shutter and lost time together"),
    Column("good", "good", format=",d", align=">", doc="exposures that are good by verdict or flag"),
    Column("warning", "warning", format=",d", align=">", doc="exposures with a warning"),
    Column("bad", "bad", format=",d", align=">", doc="exposures that are bad by verdict or flag"),
)  # fmt: skip

_QUANTITY_COLUMNS = (
    Column("quantity", "quantity", doc="what was measured, of all cameras"),
    Column("unit", "unit", doc="of the values"),
    Column("program", "program", doc="program of the exposures"),
    Column("n", "n", format=",d", align=">", doc="values"),
    Column("low", "lowest", format=".4g", align=">", doc="lowest value"),
    Column("q25", "25 %", format=".4g", align=">", doc="a quarter of the values lies below"),
    Column("median", "median", format=".4g", align=">", doc="half of the values lies below"),
    Column("q75", "75 %", format=".4g", align=">", doc="three quarters of the values lie below"),
    Column("high", "highest", format=".4g", align=">", doc="highest value"),
    Column("outside", "outside", format=",d", align=">", doc="values that were WARNING or ALARM"),
)


def statistics_nights(reader: Reader, instrument: Instrument, nights: tuple[int, int] | None) -> tuple[int, int] | None:
    """Return the nights that are meant, cut to those of the record; the latest for None, None for an empty record."""
    known = reader.ask(night_range, instrument.name)
    if known is None:
        return None
    if nights is None:
        latest = reader.ask(neighbour_night, instrument.name, BEYOND, -1)
        return (latest, latest) if latest is not None else None
    return max(nights[0], known[0]), min(nights[1], known[1])


def statistics_tables(reader: Reader, instrument: Instrument, nights: tuple[int, int]) -> tuple[Table, Table]:
    """Return both tables of a range of nights: its time, and what was measured."""
    with reader.reading():
        sums = reader.ask(night_summaries, instrument.name, nights)
        count = reader.ask(on_sky_count, instrument.name, nights, instrument.on_sky)
        found = reader.ask(gaps, instrument.name, nights, instrument.on_sky) if count <= MOST_EXPOSURES else None
        rows = list(_quantities(reader, instrument, nights))
    note = "" if found is not None else f"more than {MOST_EXPOSURES:,} exposures: time lost is not reckoned"
    return time_table(sums, found, instrument.on_sky, note), quantities_table(rows)


def _quantities(reader: Reader, instrument: Instrument, nights: tuple[int, int]) -> Iterable[tuple[Value, ...]]:
    """Yield a row for each named history and program."""
    for preset in instrument.trend_presets:
        elements = (preset.element,) if preset.element else ()
        choice = TrendChoice(
            y=preset.metric, cameras=preset.cameras, elements=elements, nights=nights, obstypes=preset.obstypes,
            colour="program",
        )  # fmt: skip
        trend = read_trend(reader, choice, instrument, bins=400, most=_MOST_VALUES)
        for group in summaries(trend, instrument) if not trend.fault else ():
            numbers = (group.low, group.quartiles[0], group.median, group.quartiles[1], group.high)
            known = [number if math.isfinite(number) else None for number in numbers]
            outside = Judged(group.outside, Status.WARNING) if group.outside else 0
            yield (preset.title, trend.unit, group.name, group.count, *known, outside)


def quantities_table(rows: Sequence[tuple[Value, ...]]) -> Table:
    """Return what was measured as a table."""
    unread = any(row[6] is None and row[3] for row in rows)
    note = "median and quartiles are UNKNOWN where values are too many to be read one by one" if unread else ""
    keyed = tuple(Row((row[0], row[2]), row) for row in rows)
    return Table("statistics-quantities", "what was measured", _QUANTITY_COLUMNS, keyed, note)


def time_table(
    sums: Sequence[NightSummary], found: Sequence[Gap] | None, on_sky: Sequence[str], note: str = ""
) -> Table:
    """Return exposures, open-shutter time and lost time by type and program, and one row for all of the sky.

    Parameters
    ----------
    sums : sequence of NightSummary
        Exposures by night, type and program.
    found : sequence of Gap or None
        Between exposures of the sky; None where nobody looked.
    on_sky : sequence of str
        Types of exposures that look at the sky.
    """
    groups: dict[tuple[str, str], list[NightSummary]] = {}
    for row in sums:
        groups.setdefault((row.obstype, row.program), []).append(row)
    order = sorted(groups, key=lambda key: (key[0] not in on_sky, key))
    rows = []
    for obstype, program in order:
        of_sky = obstype in on_sky
        mine = [gap for gap in found or () if gap.program == program] if of_sky and found is not None else None
        rows.append(Row((obstype, program), (obstype, program, *_time_values(groups[obstype, program], mine))))
    sky = [row for row in sums if row.obstype in on_sky]
    if len({row.program for row in sky}) > 1:
        rows.insert(
            sum(key[0] in on_sky for key in order), Row("all", ("all of the sky", "", *_time_values(sky, found)))
        )
    return Table("statistics-time", "time", _TIME_COLUMNS, tuple(rows), note)


def _time_values(sums: Sequence[NightSummary], found: Sequence[Gap] | None) -> tuple[Value, ...]:
    shutter = sum(row.seconds for row in sums)
    bad, warning = sum(row.bad for row in sums), sum(row.warning for row in sums)
    # Headers that contradict one another give gaps below zero, which are no time won.
    lengths = sorted(max(gap.seconds, 0.0) for gap in found or ())
    lost = sum(lengths)
    whole = shutter + lost
    return (
        sum(row.exposures for row in sums),
        shutter / 3600.0,
        lost / 3600.0 if found is not None else None,
        quantile(lengths, 0.5) if lengths else None,
        lengths[-1] / 60.0 if lengths else None,
        100.0 * shutter / whole if found is not None and whole > 0 else None,
        sum(row.good for row in sums),
        Judged(warning, Status.WARNING) if warning else 0,
        Judged(bad, Status.ALARM) if bad else 0,
    )
