"""The survey so far, summed up by night and by field; and the bookkeeping that makes it quick.

`qltui.store.schema_survey.Outcome` has one short row for each exposure; every question here is one pass over one of its
indexes, and what comes back is as long as what is shown: nights, or fields.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from qltui.store.codec import text_value
from qltui.store.database import Database
from qltui.store.survey_views import CLASSES, FieldExposure, FieldPoint, FieldSummary, NightSummary

__all__ = [
    "count_targets",
    "field_exposures",
    "field_points",
    "field_summaries",
    "night_count",
    "night_range",
    "night_summaries",
    "programs_of",
    "settle",
    "target_counts",
]


def night_range(database: Database, instrument: str) -> tuple[int, int] | None:
    """Return the first and the last night with exposures, or None."""
    rows = database.sql(
        """SELECT min(night.night), max(night.night) FROM instrument
           JOIN night ON night.instrument_id = instrument.id WHERE instrument.name = ?""",
        (text_value(instrument),),
    )
    return (int(rows[0][0]), int(rows[0][1])) if rows and rows[0][0] is not None else None


def _instrument(database: Database, name: str) -> int:
    rows = database.sql("SELECT id FROM instrument WHERE name = ?", (text_value(name),))
    return int(rows[0][0]) if rows else -1


def _among(column: str, values: Sequence[str] | Sequence[int]) -> str:
    """Return a condition with a place for each of the values; nothing where there are none."""
    return f" AND {column} IN ({', '.join('?' * len(values))})" if values else ""


def night_summaries(
    database: Database,
    instrument: str,
    nights: tuple[int, int],
    *,
    obstypes: Sequence[str] = (),
    programs: Sequence[str] = (),
    by_month: bool = False,
) -> list[NightSummary]:
    """Return the exposures of a range of nights by night, type and program, oldest first.

    Parameters
    ----------
    obstypes, programs : sequence of str
        Only these; all where empty.
    by_month : bool
        Sums of months: the night of a row is then ``YYYYMM``, and a field of two nights counts in each of them.
    """
    sums = "exposures, fields, seconds, usable_seconds, good, warning, bad, undecided, test"
    columns, grouped = f"night, obstype, program, {sums}", ""
    if by_month:
        summed = ", ".join(f"sum({name})" for name in sums.split(", "))
        columns, grouped = f"night / 100, obstype, program, {summed}", "GROUP BY 1, 2, 3"
    where, values = _of_nights(database, instrument, nights, obstypes, programs)
    rows = database.sql(f"SELECT {columns} FROM night_sum {where} {grouped} ORDER BY 1, 2, 3", values)  # noqa: S608 -- columns of our own
    return list(map(NightSummary._make, rows))


def night_count(
    database: Database,
    instrument: str,
    nights: tuple[int, int],
    *,
    obstypes: Sequence[str] = (),
    programs: Sequence[str] = (),
) -> int:
    """Return how many nights of a range have exposures of these types and programs; of all where empty."""
    where, values = _of_nights(database, instrument, nights, obstypes, programs)
    return int(database.sql(f"SELECT count(DISTINCT night) FROM night_sum {where}", values)[0][0])  # noqa: S608 -- columns of our own


def programs_of(
    database: Database, instrument: str, nights: tuple[int, int], *, obstypes: Sequence[str] = ()
) -> list[str]:
    """Return the programs of a range of nights in the order of the alphabet; one of them may be empty."""
    where, values = _of_nights(database, instrument, nights, obstypes, ())
    rows = database.sql(f"SELECT DISTINCT program FROM night_sum {where} ORDER BY program", values)  # noqa: S608 -- columns of our own
    return [str(name) for (name,) in rows]


def _of_nights(
    database: Database, instrument: str, nights: tuple[int, int], obstypes: Sequence[str], programs: Sequence[str]
) -> tuple[str, tuple[object, ...]]:
    """Return the condition on the sums of nights, and its values."""
    among = _among("obstype", obstypes) + _among("program", programs)
    return f"WHERE instrument_id = ? AND night BETWEEN ? AND ?{among}", (
        *(_instrument(database, instrument), *nights),
        *(*obstypes, *programs),
    )


def field_summaries(
    database: Database,
    instrument: str,
    nights: tuple[int, int],
    obstypes: Sequence[str],
    *,
    programs: Sequence[str] = (),
    fields: Sequence[int] = (),
) -> list[FieldSummary]:
    """Return the fields that were observed in a range of nights.

    Parameters
    ----------
    nights : pair of int
        First and last night.
    obstypes : sequence of str
        Types of exposures that look at the sky.
    programs, fields : sequence
        Only these; all where empty.
    """
    among = _among("obstype", obstypes) + _among("program", programs) + _among("field", fields)
    chosen = (*obstypes, *programs, *fields)
    known = night_range(database, instrument)
    number = _instrument(database, instrument)
    if known is not None and nights[0] <= known[0] and nights[1] >= known[1]:
        query = f"""
            SELECT field, program, ra, dec, exposures, usable_seconds, effective, undetermined, good, warning, bad,
                   undecided, last_night
            FROM field_sum WHERE instrument_id = ?{among} ORDER BY field"""  # noqa: S608 -- columns of our own
        rows = database.sql(query, (number, *chosen))
    else:
        index = "outcome_of_night" if _is_short(database, number, nights) else "outcome_of_field"
        # Of the columns without a function SQLite takes those of the row with the newest night.
        query = f"""
            SELECT field, program, ra, dec, sum(class < 4), ifnull(sum(CASE WHEN class < 2 THEN exptime END), 0),
                   ifnull(sum(CASE WHEN class < 2 THEN exptime * depth END), 0),
                   sum(class < 2 AND exptime * depth IS NULL),
                   sum(class = 0), sum(class = 1), sum(class = 2), sum(class = 3), max(night)
            FROM outcome INDEXED BY {index}
            WHERE instrument_id = ? AND field IS NOT NULL AND night BETWEEN ? AND ?{among}
            GROUP BY field, obstype, program ORDER BY field"""  # noqa: S608 -- columns of our own
        rows = database.sql(query, (number, *nights, *chosen))
    return list(map(FieldSummary._make, rows))


def field_points(
    database: Database,
    instrument: str,
    nights: tuple[int, int],
    obstypes: Sequence[str],
    *,
    programs: Sequence[str] = (),
) -> list[FieldPoint]:
    """Return where the fields of a range of nights are and how good the best of their exposures is; for a map.

    As `field_summaries`, with no more than a map needs: a season has tens of thousands of them.
    """
    among = _among("obstype", obstypes) + _among("program", programs)
    known, number = night_range(database, instrument), _instrument(database, instrument)
    if known is not None and nights[0] <= known[0] and nights[1] >= known[1]:
        query = f"""
            SELECT field, ra, dec, program, CASE WHEN good THEN 0 WHEN warning THEN 1 WHEN bad THEN 2 ELSE 3 END
            FROM field_sum WHERE instrument_id = ? AND ra IS NOT NULL AND dec IS NOT NULL AND exposures{among}"""  # noqa: S608 -- columns of our own
        return database.sql(query, (number, *obstypes, *programs))
    index = "outcome_of_night" if _is_short(database, number, nights) else "outcome_of_field"
    query = f"""
        SELECT field, ra, dec, program, min(class) FROM outcome INDEXED BY {index}
        WHERE instrument_id = ? AND field IS NOT NULL AND night BETWEEN ? AND ? AND class < 4
              AND ra IS NOT NULL AND dec IS NOT NULL{among}
        GROUP BY field, obstype, program"""  # noqa: S608 -- columns of our own
    return database.sql(query, (number, *nights, *obstypes, *programs))


def _is_short(database: Database, instrument: int, nights: tuple[int, int]) -> bool:
    """Return whether a range has so few of all exposures that to find them beats to pass over all of them."""
    query = "SELECT ifnull(sum(exposures), 0) FROM night_sum WHERE instrument_id = ?"
    total = database.sql(query, (instrument,))[0][0]
    part = database.sql(f"{query} AND night BETWEEN ? AND ?", (instrument, *nights))[0][0]
    return bool(8 * part < total)


def field_exposures(
    database: Database,
    instrument: str,
    nights: tuple[int, int],
    *,
    field: int | None = None,
    obstypes: Sequence[str] = (),
    kinds: Sequence[str] = (),
    limit: int = 2000,
) -> list[FieldExposure]:
    """Return the newest exposures of a range of nights, newest first; of one field and of some classes if given."""
    where, values = "", [*nights, *obstypes]
    if field is not None:
        where += " AND outcome.field = ?"
        values.append(field)
    numbers = [CLASSES.index(kind) for kind in kinds]
    if numbers:
        where += f" AND outcome.class IN ({', '.join('?' * len(numbers))})"
        values += numbers
    # A field has few rows in its index, a night in its own; without a hint SQLite would take either for both.
    index = "outcome_of_night" if field is None else "outcome_of_field"
    rows = database.sql(
        f"""SELECT outcome.exposure_id, outcome.night, outcome.expid, outcome.obstype, outcome.program, outcome.field,
                   outcome.ra, outcome.dec, outcome.exptime, outcome.process, outcome.status, outcome.flag,
                   outcome.depth, (SELECT headline FROM process WHERE process.id = outcome.process), outcome.class
            FROM outcome INDEXED BY {index}
            WHERE outcome.instrument_id = ? AND outcome.night BETWEEN ? AND ?
                  {_among("outcome.obstype", obstypes)}{where}
            {"AND outcome.field IS NOT NULL" if field is not None else ""}
            ORDER BY outcome.night DESC, outcome.expid DESC LIMIT ?""",  # noqa: S608 -- columns and words of our own
        (_instrument(database, instrument), *values, limit),
    )
    return [FieldExposure._make((*row[:-2], row[-2] or "", CLASSES[row[-1]])) for row in rows]


def target_counts(
    database: Database, instrument: str, nights: tuple[int, int], *, by_month: bool = False
) -> dict[int, dict[str, int]]:
    """Return by night, or by month ``YYYYMM``, how many targets of each class were observed; twice is counted twice.

    Exposures whose targets nobody counted are not among them.
    """
    found: dict[int, dict[str, int]] = {}
    columns, grouped = ("night / 100, name, sum(count)", "GROUP BY 1, 2") if by_month else ("night, name, count", "")
    query = f"""SELECT {columns} FROM target_sum WHERE instrument_id = ? AND night BETWEEN ? AND ?
                {grouped} ORDER BY 1, 2"""  # noqa: S608 -- columns of our own
    for night, name, count in database.sql(query, (_instrument(database, instrument), *nights)):
        found.setdefault(int(night), {})[str(name)] = int(count)
    return found


# -- kept by the engine --------------------------------------------------------------------------------------------


def count_targets(database: Database, process: int, counts: Mapping[tuple[str, str], int]) -> None:
    """Take down what a camera of a process has counted: numbers by part of the instrument and class.

    Cameras that look at the same targets count them under the same part, and the largest number holds.
    """
    if counts:
        database.many(
            """INSERT INTO tally (process_id, part, name, count) VALUES (?, ?, ?, ?)
               ON CONFLICT (process_id, part, name) DO UPDATE SET count = max(count, excluded.count)""",
            [(process, text_value(part), text_value(name), int(count)) for (part, name), count in counts.items()],
        )


def settle(database: Database, process: int, depth_metric: str = "") -> None:
    """Sum up a process that has ended: how deep its exposure is, and how many targets it saw.

    A process of some cameras alone does not replace the counts of one that had more of them.

    Parameters
    ----------
    depth_metric : str
        Metric whose (value / reference)**2, in the mean over cameras and elements, is the depth; empty for none.
    """
    with database.transaction():
        if depth_metric:
            database.sql(_DEPTH, (process, text_value(depth_metric)))
        database.sql(_COUNTS, (process,))
        database.sql("DELETE FROM tally WHERE process_id = ?", (process,))


_DEPTH: Final = """
    UPDATE outcome SET depth = (
        SELECT avg(measurement.value * measurement.value / (measurement.reference * measurement.reference))
        FROM process JOIN exposure ON exposure.id = process.exposure_id
        JOIN series ON series.instrument_id = exposure.instrument_id AND series.metric = ?2
        JOIN measurement ON measurement.series_id = series.id AND measurement.time = process.time
             AND measurement.process_id = process.id
        WHERE process.id = ?1 AND measurement.reference > 0 AND measurement.value >= 0)
    WHERE exposure_id = (SELECT exposure_id FROM process WHERE process.id = ?1)
      AND EXISTS (SELECT 1 FROM process JOIN exposure ON exposure.id = process.exposure_id
          JOIN series ON series.instrument_id = exposure.instrument_id AND series.metric = ?2
          JOIN measurement ON measurement.series_id = series.id AND measurement.time = process.time
               AND measurement.process_id = process.id WHERE process.id = ?1)"""

_COUNTS: Final = """
    INSERT INTO target_count (instrument_id, night, name, exposure_id, count, groups)
    SELECT outcome.instrument_id, outcome.night, tally.name, outcome.exposure_id, sum(tally.count), count(*)
    FROM process JOIN outcome ON outcome.exposure_id = process.exposure_id
    JOIN tally ON tally.process_id = process.id
    WHERE process.id = ?1 GROUP BY tally.name
    ON CONFLICT (instrument_id, night, name, exposure_id) DO UPDATE
    SET count = excluded.count, groups = excluded.groups WHERE excluded.groups >= target_count.groups"""
