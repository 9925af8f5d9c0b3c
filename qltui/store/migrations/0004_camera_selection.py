"""Selections of cameras that observers have kept under a name."""

from __future__ import annotations

from typing import Any


def up(migrator: Any, db: Any) -> None:  # noqa: ARG001
    """Make the table."""
    db.execute_sql(
        """CREATE TABLE camera_selection (
            name TEXT NOT NULL PRIMARY KEY, content TEXT NOT NULL, who TEXT NOT NULL, time REAL NOT NULL
        ) WITHOUT ROWID"""
    )


def down(migrator: Any, db: Any) -> None:  # noqa: ARG001
    """Take it away again."""
    db.execute_sql("DROP TABLE camera_selection")
