"""A part of the record as a record of its own: some processes with all that belongs to them, in one small file."""

# ruff: noqa: S608 - names of our own tables

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from qltui.store.database import Database

__all__ = ["extract"]

_EXPOSURES: Final = "(SELECT exposure_id FROM source.process WHERE id IN (SELECT value FROM json_each(?1)))"
_WANTED: Final = "(SELECT value FROM json_each(?1))"
_JOBS: Final = f"(SELECT id FROM source.job WHERE process_id IN {_WANTED})"
_KEYS: Final = f"""(SELECT series.id, process.time, process.{{}} FROM source.process
    CROSS JOIN source.exposure ON exposure.id = process.exposure_id
    CROSS JOIN source.series ON series.instrument_id = exposure.instrument_id WHERE process.id IN {_WANTED})"""
"""Keys under which values of a process may be kept: to try them all beats to look through a season."""
_MEASURED: Final = f"(series_id, time, process_id) IN {_KEYS.format('id')}"
_HEADERS: Final = f"(series_id, time, exposure_id) IN {_KEYS.format('exposure_id')}"

_PARTS: Final[tuple[tuple[str, str], ...]] = (
    ("instrument", f"id IN (SELECT instrument_id FROM source.exposure WHERE id IN {_EXPOSURES})"),
    ("night", f"id IN (SELECT night_id FROM source.exposure WHERE id IN {_EXPOSURES})"),
    ("exposure", f"id IN {_EXPOSURES}"),
    ("revision", f"exposure_id IN {_EXPOSURES}"),
    ("configuration", f"id IN (SELECT configuration_id FROM source.process WHERE id IN {_WANTED})"),
    ("limit_set", f"id IN (SELECT limit_set_id FROM source.process WHERE id IN {_WANTED})"),
    ("process", f"id IN {_WANTED}"),
    ("job", f"process_id IN {_WANTED}"),
    ("step", f"job_id IN {_JOBS}"),
    ("product", f"job_id IN {_JOBS}"),
    (
        "series",
        f"""id IN (SELECT series_id FROM source.measurement WHERE {_MEASURED}
                   UNION ALL SELECT series_id FROM source.header_value WHERE {_HEADERS})""",
    ),
    ("measurement", _MEASURED),
    ("header_value", _HEADERS),
    ("event_log", f"expid IN (SELECT expid FROM source.exposure WHERE id IN {_EXPOSURES}) AND process IN {_WANTED}"),
    ("comment", f"exposure_id IN {_EXPOSURES} AND (process_id IS NULL OR process_id IN {_WANTED})"),
    ("comment_history", "comment_id IN (SELECT id FROM main.comment)"),
    ("flag", f"exposure_id IN {_EXPOSURES}"),
    ("alarm", f"process_id IN {_WANTED}"),
    ("target_count", f"exposure_id IN {_EXPOSURES}"),
)
"""Tables in the order of their references, and which rows belong to the processes. What is summed up of them is kept by
the record itself."""


def extract(source: Path, target: Path, processes: Sequence[int]) -> int:
    """Write some processes into a record of their own, with the same schema, and return how many it has.

    Parameters
    ----------
    source : Path
        The record; only read.
    target : Path
        The new file, which must not exist.
    processes : sequence of int
        Numbers in the record; they keep them.

    Raises
    ------
    FileExistsError
        Where the target is there already.
    StoreError
        Where one cannot be read or the other not be written.
    """
    if target.exists():
        raise FileExistsError(f"{target} is there already")
    database = Database(target)
    try:
        count = _fill(database, source, processes)
        # One file, without a log beside it, is what is copied and sent.
        database.sql("PRAGMA journal_mode = delete")
    finally:
        database.close()
    return count


def _fill(database: Database, source: Path, processes: Sequence[int]) -> int:
    wanted = json.dumps(list(processes))
    database.sql("ATTACH DATABASE ? AS source", (source.resolve().as_uri() + "?mode=ro",))
    try:
        with database.transaction():
            for table, condition in _PARTS:
                columns = ", ".join(f'"{name}"' for _, name, *_ in database.sql(f"PRAGMA main.table_info({table})"))
                query = f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM source.{table} WHERE {condition}"
                database.sql(query, (wanted,) if "?1" in query else ())
    finally:
        database.sql("DETACH DATABASE source")
    return int(database.sql("SELECT count(*) FROM process")[0][0])
