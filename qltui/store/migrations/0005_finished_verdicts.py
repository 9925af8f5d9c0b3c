"""Only a process that has ended makes an exposure good or bad in the survey's sums.

While it runs its status is that of the cameras so far, and one with an ALARM was counted as bad before its time.
"""

# ruff: noqa: S608  (nothing but names of our own is put into statements)

from __future__ import annotations

from typing import Any

# Places in qltui.store.survey_views.CLASSES: good, warning, bad, open, test; {status} is what the verdict is read from.
_CLASS = """CASE flag WHEN 'good' THEN 0 WHEN 'bad' THEN 2 WHEN 'junk' THEN 2 WHEN 'test' THEN 4 ELSE
    CASE {status} WHEN 'NORMAL' THEN 0 WHEN 'WARNING' THEN 1 WHEN 'ALARM' THEN 2 WHEN 'FAILED' THEN 2
                  WHEN 'MISSING' THEN 2 ELSE 3 END END"""
_ANY = _CLASS.format(status="status")
FINISHED = _CLASS.format(status="CASE WHEN state IN ('waiting', 'running') THEN '' ELSE status END")


def _replace(db: Any, columns: str, kind: str) -> None:
    """Let the class follow these columns, and bring those of exposures that are not finished up to date."""
    db.execute_sql("DROP TRIGGER IF EXISTS class_of_outcome")
    db.execute_sql(
        f"""CREATE TRIGGER class_of_outcome AFTER UPDATE OF {columns} ON outcome BEGIN
            UPDATE outcome SET class = {kind} WHERE exposure_id = NEW.exposure_id AND class != {kind}; END"""
    )
    # The sums follow by their own triggers.
    db.execute_sql(f"UPDATE outcome SET class = {kind} WHERE state IN ('waiting', 'running') AND class != {kind}")


def up(migrator: Any, db: Any) -> None:  # noqa: ARG001
    """Let the class wait for the end of the process."""
    _replace(db, "state, status, flag", FINISHED)


def down(migrator: Any, db: Any) -> None:  # noqa: ARG001
    """Let the class follow the status alone."""
    _replace(db, "status, flag", _ANY)
