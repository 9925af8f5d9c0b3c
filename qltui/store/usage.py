"""What may be cleared from the disk, how much that is, and what was: products and logs, never raw data.

Nothing is cleared of an exposure that an observer has flagged or commented, that is in flight or that waits; nor the
newest fit calibration of each camera and program.
"""
# ruff: noqa: S608  (nothing but words of our own and question marks is put into statements)

from __future__ import annotations

import os
import stat
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from qltui.store.codec import path_from, text_value
from qltui.store.database import Database

__all__ = [
    "CLEARED",
    "KEPT_JOBS",
    "NEWEST_FIT",
    "Cleared",
    "OldLog",
    "OldProduct",
    "cleanable",
    "cleanings",
    "forget_lines",
    "mark_removed",
    "note_cleaning",
    "old_logs",
    "old_products",
]

CLEARED: Final = ("products", "logs")
"""Kinds of what may be cleared."""

_IN_USE: Final = ("engine.log", "engine.out")
"""Logs that the engine writes to as long as it lives."""

_CHUNK: Final = 500

KEPT_JOBS: Final = """SELECT job.id FROM process JOIN job ON job.process_id = process.id
    WHERE process.exposure_id IN (
        SELECT exposure_id FROM process WHERE state IN ('waiting', 'running')
        UNION
        SELECT exposure_id FROM comment WHERE deleted IS NULL
        UNION
        SELECT exposure_id FROM flag WHERE value != ''
        AND id = (SELECT max(id) FROM flag AS other WHERE other.exposure_id = flag.exposure_id))"""
"""Jobs of exposures that are in flight or wait, or that an observer has flagged or commented."""
NEWEST_FIT: Final = """SELECT id FROM (
    SELECT product.id, max(product.time) FROM product JOIN job ON job.id = product.job_id
    JOIN process ON process.id = job.process_id JOIN exposure ON exposure.id = process.exposure_id
    WHERE product.fit AND product.removed IS NULL AND NOT EXISTS (
        SELECT 1 FROM flag WHERE flag.exposure_id = exposure.id AND value IN ('bad', 'junk')
        AND id = (SELECT max(id) FROM flag AS other WHERE other.exposure_id = flag.exposure_id))
    GROUP BY product.kind, product.camera, exposure.program)"""
"""Products that calibrate what comes next: an imager has one for each filter, which is its program."""


@dataclass(frozen=True, slots=True)
class OldProduct:
    """A file of a product that may go; `created` and `number` are its place in the order of age."""

    number: int
    created: float
    path: str
    size: int


@dataclass(frozen=True, slots=True)
class OldLog:
    """A log that may go; `is_open` where a worker may still write to it: it is emptied, and not removed."""

    path: Path
    size: int
    is_open: bool


@dataclass(frozen=True, slots=True)
class Cleared:
    """What was cleared once: products and logs created before a time; sizes in bytes."""

    time: float
    who: str
    kinds: tuple[str, ...]
    before: float
    files: int
    bytes: int
    lines: int


def cleanable(database: Database, kinds: Sequence[str], before: float) -> dict[str, tuple[int, int]]:
    """Return how many files and bytes of each kind are older than `before` [s since 1970] and may go.

    Of logs the lines in the record are told as well, under ``"log lines"``, with the bytes of their text.
    """
    found: dict[str, tuple[int, int]] = {}
    if "products" in kinds:
        found["products"] = _products_in_all(database, before)
    if "logs" in kinds:
        logs = old_logs(database.path.parent / "logs", before)
        found["logs"] = len(logs), sum(log.size for log in logs)
        lines = database.sql("SELECT count(*), total(length(text)) FROM event_log WHERE time < ?", (before,))[0]
        found["log lines"] = int(lines[0]), int(lines[1])
    return found


def _products_in_all(database: Database, before: float) -> tuple[int, int]:
    """Return files and bytes that may go: all that are old, without those that must stay."""
    old = "removed IS NULL AND created < ?"
    count, size = database.sql(f"SELECT count(*), total(size) FROM product WHERE {old}", (before,))[0]
    jobs, newest = _kept(database)
    kept = set(newest)
    ordered = sorted(jobs)
    for start in range(0, len(ordered), _CHUNK):
        chunk = ordered[start : start + _CHUNK]
        rows = database.sql(f"SELECT id FROM product WHERE job_id IN ({_marks(chunk)})", chunk)
        kept |= {int(number) for (number,) in rows}
    numbers = sorted(kept)
    for start in range(0, len(numbers), _CHUNK):
        chunk = numbers[start : start + _CHUNK]
        query = f"SELECT count(*), total(size) FROM product WHERE id IN ({_marks(chunk)}) AND {old}"
        fewer, less = database.sql(query, (*chunk, before))[0]
        count, size = count - fewer, size - less
    return int(count), int(size)


def _marks(values: Collection[object]) -> str:
    return ", ".join("?" * len(values))


def _kept(database: Database) -> tuple[set[int], set[int]]:
    """Return the jobs whose products stay, and the products that stay whatever their job."""
    jobs = {int(number) for (number,) in database.sql(KEPT_JOBS)}
    return jobs, {int(number) for (number,) in database.sql(NEWEST_FIT)}


def old_products(
    database: Database, before: float, after: tuple[float, int] = (-1e300, 0), limit: int = _CHUNK
) -> tuple[list[OldProduct], tuple[float, int] | None]:
    """Return the next products that may go, oldest first, and where to go on; None where there are no more.

    Parameters
    ----------
    before : float
        Only those created before this [s since 1970].
    after : pair
        Time and number of the one that was looked at last.
    limit : int
        So many are looked at.
    """
    rows = database.sql(
        """SELECT id, created, path, size, job_id FROM product
           WHERE removed IS NULL AND created < ? AND created >= ? AND (created > ? OR id > ?)
           ORDER BY created, id LIMIT ?""",
        (before, after[0], *after, limit),
    )
    if not rows:
        return [], None
    jobs, newest = _kept(database)
    found = [
        OldProduct(number, created, path_from(path), size)
        for number, created, path, size, job in rows
        if job not in jobs and number not in newest
    ]
    return found, (rows[-1][1], rows[-1][0])


def old_logs(directory: Path, before: float) -> list[OldLog]:
    """Return the logs in a directory that were last written before a time [s since 1970]; links are left alone."""
    found: list[OldLog] = []
    try:
        entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
    except OSError:
        # No engine has run here, or not for us to read: nothing of it may go.
        return found
    for entry in entries:
        try:
            about = entry.stat(follow_symlinks=False)
        except OSError:
            continue
        ours = entry.name.startswith(("engine.log", "engine.out", "worker-")) and entry.name not in _IN_USE
        if not ours or not stat.S_ISREG(about.st_mode) or about.st_mtime >= before or not about.st_size:
            continue
        found.append(OldLog(directory / entry.name, about.st_size, entry.name.endswith(".log")))
    return found


def mark_removed(database: Database, numbers: Sequence[int], now: float | None = None) -> None:
    """Note that files of products are gone; sizes and checksums stay."""
    when = time.time() if now is None else now
    with database.transaction():
        database.many("UPDATE product SET removed = ? WHERE id = ?", [(when, number) for number in numbers])


def forget_lines(database: Database, before: float, limit: int = 5000) -> int:
    """Delete the oldest lines of the log that are older than a time, and return how many."""
    with database.transaction():
        return database.write_sql(
            "DELETE FROM event_log WHERE id IN (SELECT id FROM event_log WHERE time < ? ORDER BY time LIMIT ?)",
            (before, limit),
        )


def note_cleaning(database: Database, cleared: Cleared) -> None:
    """Record what was cleared."""
    with database.transaction():
        database.insert_sql(
            "INSERT INTO cleaning (time, who, kinds, before, files, bytes, lines) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                *(cleared.time, text_value(cleared.who), " ".join(cleared.kinds), cleared.before),
                *(cleared.files, cleared.bytes, cleared.lines),
            ),
        )


def cleanings(database: Database, limit: int = 100) -> list[Cleared]:
    """Return what was cleared, the newest first."""
    rows = database.sql(
        "SELECT time, who, kinds, before, files, bytes, lines FROM cleaning ORDER BY id DESC LIMIT ?", (limit,)
    )
    return [Cleared(when, who, tuple(kinds.split()), *numbers) for when, who, kinds, *numbers in rows]
