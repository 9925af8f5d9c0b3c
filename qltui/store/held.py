"""Exposures that arrived in manual mode: recorded, shown, and in no queue until the observer chooses them."""

from __future__ import annotations

import time
from typing import Final

from qltui.store.database import Database

__all__ = ["count_held", "held", "hold"]

_OPEN: Final = """FROM held JOIN exposure ON exposure.id = held.exposure_id AND exposure.revision = held.revision
    WHERE NOT EXISTS (SELECT 1 FROM process WHERE process.exposure_id = held.exposure_id
                      AND process.revision = held.revision)"""


def hold(database: Database, exposure_id: int, now: float | None = None) -> bool:
    """Let the newest revision of an exposure wait for a choice; returns whether that is new.

    One that has a process already waits for nothing.
    """
    when = time.time() if now is None else now
    with database.transaction():
        return bool(
            database.write_sql(
                """INSERT INTO held (exposure_id, revision, since)
                   SELECT id, revision, ? FROM exposure WHERE id = ? AND NOT EXISTS (
                       SELECT 1 FROM process WHERE exposure_id = exposure.id AND revision = exposure.revision)
                   ON CONFLICT (exposure_id) DO UPDATE SET revision = excluded.revision, since = excluded.since
                   WHERE revision != excluded.revision""",
                (when, exposure_id),
            )
        )


def held(database: Database) -> list[int]:
    """Return the record's numbers of the exposures that wait for a choice, the one that arrived first first."""
    rows = database.sql(f"SELECT held.exposure_id {_OPEN} ORDER BY held.since, held.exposure_id")
    return [int(number) for (number,) in rows]


def count_held(database: Database) -> int:
    """Return how many exposures wait for a choice."""
    return int(database.sql(f"SELECT count(*) {_OPEN}")[0][0])
