"""Mode, observer, versions of settings and limits, what waits for a choice, and what was cleared from the disk."""

from __future__ import annotations

from typing import Any

STATEMENTS = (
    """CREATE TABLE decision (
        name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL, who TEXT NOT NULL, time REAL NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TABLE saved_version (
        id INTEGER NOT NULL PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL,
        content TEXT NOT NULL, digest TEXT NOT NULL, author TEXT NOT NULL, reason TEXT NOT NULL, created REAL NOT NULL
    )""",
    "CREATE UNIQUE INDEX savedversion_kind_name_version ON saved_version (kind, name, version)",
    """CREATE TABLE held (
        exposure_id INTEGER NOT NULL PRIMARY KEY, revision INTEGER NOT NULL, since REAL NOT NULL,
        FOREIGN KEY (exposure_id) REFERENCES exposure (id) ON DELETE CASCADE
    )""",
    """CREATE TABLE cleaning (
        id INTEGER NOT NULL PRIMARY KEY, time REAL NOT NULL, who TEXT NOT NULL, kinds TEXT NOT NULL,
        before REAL NOT NULL, files INTEGER NOT NULL, bytes INTEGER NOT NULL, lines INTEGER NOT NULL
    )""",
    "ALTER TABLE product ADD COLUMN removed REAL",
    "CREATE INDEX product_kept ON product (created, size, job_id) WHERE removed IS NULL",
    "CREATE INDEX product_fit ON product (kind, camera, time) WHERE fit",
)


def up(migrator: Any, db: Any) -> None:  # noqa: ARG001
    """Make the tables, and let a product remember that its file was removed."""
    for statement in STATEMENTS:
        db.execute_sql(statement)


def down(migrator: Any, db: Any) -> None:  # noqa: ARG001
    """Take everything away again."""
    db.execute_sql("DROP INDEX product_fit")
    db.execute_sql("DROP INDEX product_kept")
    db.execute_sql("ALTER TABLE product DROP COLUMN removed")
    for table in ("cleaning", "held", "saved_version", "decision"):
        db.execute_sql(f"DROP TABLE {table}")
