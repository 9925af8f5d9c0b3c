"""Exposures as they arrive: what is known of a night's files, revisions, and files that are still being written."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Final

from qltui.model import Exposure
from qltui.store import schema
from qltui.store.codec import exposure_values, path_from, path_value, text_value
from qltui.store.database import Database
from qltui.store.views import KnownFile

__all__ = [
    "add_exposure",
    "clear_incomplete",
    "exposure_id",
    "incomplete_paths",
    "instrument_id",
    "known",
    "night_id",
    "series_id",
    "set_incomplete",
]

_INSERT_HEADER: Final = "INSERT OR REPLACE INTO header_value (series_id, time, exposure_id, value) VALUES (?, ?, ?, ?)"


def instrument_id(database: Database, name: str) -> int:
    """Return the number of the instrument called `name`, a new one where it is not known."""
    return _number(database, ("instrument", name), schema.Instrument, {"name": text_value(name)})


def night_id(database: Database, instrument: int, night: int) -> int:
    """Return the number of a night, a new one where it is not known."""
    return _number(
        database, ("night", instrument, night), schema.Night, {"instrument": instrument, "night": int(night)}
    )


def series_id(database: Database, instrument: int, metric: str, camera: str = "", element: str = "") -> int:
    """Return the number of a series, a new one where it is not known."""
    # A night asks this a million times, and nearly always for one that is known.
    found = database.cache.get(("series", instrument, metric, camera, element))
    if found is not None:
        return int(found)
    values = {
        "instrument": instrument,
        "metric": text_value(metric),
        "camera": text_value(camera),
        "element": text_value(element),
    }
    return _number(database, ("series", instrument, metric, camera, element), schema.Series, values)


def _number(database: Database, key: tuple[object, ...], model: type, values: Mapping[str, object]) -> int:
    """Look up or make the row of `model` with these unique `values`; the cache saves the look-up."""
    found = database.cache.get(key)
    if found is None:
        row = database.row(
            model.select(model.id).where(*(getattr(model, name) == value for name, value in values.items()))  # type: ignore[attr-defined]
        )
        found = row[0] if row else database.insert(model.insert(**values))  # type: ignore[attr-defined]
        database.cache[key] = found
    return int(found)


def add_exposure(database: Database, exposure: Exposure, now: float | None = None) -> int:
    """Record an exposure and return its number; the same file twice changes nothing.

    A file of another size or time of change is a new revision; what waits for the older one is superseded. A file
    that was seen before under this number and is not the newest stays what it was.
    """
    now = time.time() if now is None else now
    values = exposure_values(exposure)
    with database.transaction():
        instrument = instrument_id(database, exposure.instrument)
        night = night_id(database, instrument, exposure.night)
        table = schema.Exposure
        found = database.sql(
            "SELECT id, revision, time FROM exposure WHERE night_id = ? AND expid = ?", (night, exposure.expid)
        )
        row = found[0] if found else None
        if row is None:
            values |= {"revision": 1}
            columns = ("instrument_id", "night_id", *values)
            marks = ", ".join("?" * len(columns))
            # Names of our own columns.
            text = f"INSERT INTO exposure ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 -- ours
            identifier = database.insert_sql(text, (instrument, night, *values.values()))
            _add_revision(database, identifier, 1, exposure, now)
        else:
            identifier, newest, before = row
            revision = _revision_of(database, identifier, newest, exposure, now)
            if revision < newest:
                return int(identifier)
            values["revision"] = revision
            if before != values["time"]:
                database.write(schema.HeaderValue.delete().where(schema.HeaderValue.exposure == identifier))
            database.write(table.update(**values).where(table.id == identifier))
        _add_header(database, instrument, identifier, exposure, values["time"])
    return int(identifier)


def _revision_of(database: Database, identifier: int, newest: int, exposure: Exposure, now: float) -> int:
    """Return which revision this file is, and record it where it is new."""
    table = schema.Revision
    seen = database.rows(
        table.select(table.revision, table.path)
        .where(table.exposure == identifier, table.size == exposure.size, table.mtime_ns == exposure.mtime_ns)
        .order_by(table.revision)
    )
    path = path_value(exposure.path)
    for revision, known_path in seen:
        if known_path == path:
            return int(revision)
    if seen:
        # The same bytes under another name: moved or copied, and no reason to reduce them again.
        revision = int(seen[-1][0])
        _add_revision(database, identifier, revision, exposure, now)
        return revision
    _add_revision(database, identifier, newest + 1, exposure, now)
    process = schema.Process
    database.write(
        process.update(state="superseded", ended=now, reason="the file was rewritten").where(
            process.exposure == identifier, process.state == "waiting"
        )
    )
    return newest + 1


def _add_revision(database: Database, identifier: int, revision: int, exposure: Exposure, now: float) -> None:
    database.insert_sql(
        "INSERT INTO revision (exposure_id, revision, path, size, mtime_ns, seen) VALUES (?, ?, ?, ?, ?, ?)",
        (identifier, revision, path_value(exposure.path), exposure.size, exposure.mtime_ns, now),
    )


def _add_header(database: Database, instrument: int, identifier: int, exposure: Exposure, when: float) -> None:
    """Keep the header's numbers where trends find them."""
    numbers = {"EXPTIME": exposure.exptime, "AIRMASS": exposure.airmass, "SEEING": exposure.seeing}
    numbers |= {
        name: float(value)
        for name, value in exposure.header.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    rows = [
        (series_id(database, instrument, f"header:{name}"), when, identifier, float(value))
        for name, value in numbers.items()
        if value is not None and math.isfinite(value)
    ]
    database.many(_INSERT_HEADER, rows)


def known(database: Database, instrument: str, night: int) -> dict[str, KnownFile]:
    """Return what the record knows of a night's raw files, by path."""
    rows = database.sql(
        """SELECT revision.path, revision.size, revision.mtime_ns, revision.revision,
                  coalesce(
                      (SELECT state FROM process WHERE process.exposure_id = exposure.id
                       AND process.revision = revision.revision ORDER BY process.id DESC LIMIT 1),
                      (SELECT 'held' FROM held WHERE held.exposure_id = exposure.id
                       AND held.revision = revision.revision))
           FROM instrument
           JOIN night ON night.instrument_id = instrument.id
           JOIN exposure ON exposure.night_id = night.id
           JOIN revision ON revision.exposure_id = exposure.id
           WHERE instrument.name = ? AND night.night = ?
           ORDER BY revision.revision, revision.id""",
        (text_value(instrument), night),
    )
    return {
        path_from(path): KnownFile(size, mtime, revision, state or "") for path, size, mtime, revision, state in rows
    }


def set_incomplete(
    database: Database, path: str, size: int, since: float, reason: str, *, instrument: str, night: int
) -> None:
    """Record a file that is not complete; the first time it was seen is kept."""
    with database.transaction():
        table = schema.IncompleteFile
        database.write(
            table.insert(
                path=path_value(path),
                instrument=instrument_id(database, instrument),
                night=night,
                size=size,
                since=since,
                reason=text_value(reason),
            ).on_conflict(
                conflict_target=[table.path],
                update={table.size: size, table.reason: text_value(reason), table.night: night},
            )
        )


def incomplete_paths(database: Database) -> list[str]:
    """Return the files that are recorded as not complete."""
    table = schema.IncompleteFile
    return [path_from(path) for (path,) in database.rows(table.select(table.path))]


def clear_incomplete(database: Database, path: str) -> None:
    """Forget that a file was not complete: it is now, or it is gone."""
    table = schema.IncompleteFile
    if database.row(table.select(table.size).where(table.path == path_value(path))):
        with database.transaction():
            database.write(table.delete().where(table.path == path_value(path)))


def exposure_id(database: Database, instrument: str, night: int, expid: int) -> int | None:
    """Return the record's number of an exposure, or None."""
    rows = database.sql(
        """SELECT exposure.id FROM instrument JOIN night ON night.instrument_id = instrument.id
           JOIN exposure ON exposure.night_id = night.id
           WHERE instrument.name = ? AND night.night = ? AND exposure.expid = ?""",
        (text_value(instrument), night, expid),
    )
    return int(rows[0][0]) if rows else None
