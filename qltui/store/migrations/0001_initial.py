"""The tables of the first release: a frozen copy, so that later changes of the models cannot change it."""

from __future__ import annotations

from typing import Any

TABLES = (
    """CREATE TABLE instrument (
        id INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL
    )""",
    """CREATE TABLE night (
        id INTEGER NOT NULL PRIMARY KEY, instrument_id INTEGER NOT NULL, night INTEGER NOT NULL,
        FOREIGN KEY (instrument_id) REFERENCES instrument (id)
    )""",
    """CREATE TABLE exposure (
        id INTEGER NOT NULL PRIMARY KEY, instrument_id INTEGER NOT NULL, night_id INTEGER NOT NULL,
        expid INTEGER NOT NULL, obstype TEXT NOT NULL, program TEXT NOT NULL, path TEXT NOT NULL,
        cameras TEXT NOT NULL, exptime REAL, mjd REAL, airmass REAL, seeing REAL, ra REAL, dec REAL,
        tile INTEGER, date_obs TEXT NOT NULL, object TEXT NOT NULL, revision INTEGER NOT NULL,
        size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, auxiliary TEXT NOT NULL, header TEXT NOT NULL,
        problems TEXT NOT NULL, time REAL NOT NULL,
        FOREIGN KEY (instrument_id) REFERENCES instrument (id),
        FOREIGN KEY (night_id) REFERENCES night (id)
    )""",
    """CREATE TABLE configuration (
        id INTEGER NOT NULL PRIMARY KEY, digest TEXT NOT NULL, name TEXT NOT NULL,
        content TEXT NOT NULL, created REAL NOT NULL
    )""",
    """CREATE TABLE limit_set (
        id INTEGER NOT NULL PRIMARY KEY, digest TEXT NOT NULL, name TEXT NOT NULL,
        content TEXT NOT NULL, created REAL NOT NULL
    )""",
    """CREATE TABLE process (
        id INTEGER NOT NULL PRIMARY KEY, exposure_id INTEGER NOT NULL, revision INTEGER NOT NULL,
        "trigger" TEXT NOT NULL, who TEXT NOT NULL, configuration_id INTEGER, limit_set_id INTEGER,
        code_version TEXT NOT NULL, cameras TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL,
        queued REAL NOT NULL, started REAL, ended REAL, time REAL NOT NULL, status TEXT NOT NULL,
        headline TEXT NOT NULL, culprits TEXT NOT NULL, good INTEGER NOT NULL,
        expected INTEGER NOT NULL, FOREIGN KEY (exposure_id) REFERENCES exposure (id) ON DELETE CASCADE,
        FOREIGN KEY (configuration_id) REFERENCES configuration (id),
        FOREIGN KEY (limit_set_id) REFERENCES limit_set (id)
    )""",
    """CREATE TABLE alarm (
        id INTEGER NOT NULL PRIMARY KEY, exposure_id INTEGER NOT NULL, process_id INTEGER NOT NULL,
        time REAL NOT NULL, status TEXT NOT NULL, cause TEXT NOT NULL, muted INTEGER NOT NULL,
        acknowledged_by TEXT NOT NULL, acknowledged_at REAL,
        FOREIGN KEY (exposure_id) REFERENCES exposure (id) ON DELETE CASCADE,
        FOREIGN KEY (process_id) REFERENCES process (id) ON DELETE CASCADE
    )""",
    """CREATE TABLE command (
        id INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, arguments TEXT NOT NULL, who TEXT NOT NULL,
        state TEXT NOT NULL, created REAL NOT NULL, answered REAL, answer TEXT NOT NULL
    )""",
    """CREATE TABLE comment (
        id INTEGER NOT NULL PRIMARY KEY, exposure_id INTEGER NOT NULL, process_id INTEGER,
        author TEXT NOT NULL, created REAL NOT NULL, text TEXT NOT NULL, edited REAL, deleted REAL,
        FOREIGN KEY (exposure_id) REFERENCES exposure (id) ON DELETE CASCADE,
        FOREIGN KEY (process_id) REFERENCES process (id) ON DELETE CASCADE
    )""",
    """CREATE TABLE comment_history (
        id INTEGER NOT NULL PRIMARY KEY, comment_id INTEGER NOT NULL, time REAL NOT NULL,
        who TEXT NOT NULL, action TEXT NOT NULL, text TEXT NOT NULL,
        FOREIGN KEY (comment_id) REFERENCES comment (id) ON DELETE CASCADE
    )""",
    """CREATE TABLE counter (
        name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL
    )""",
    """CREATE TABLE event_log (
        id INTEGER NOT NULL PRIMARY KEY, time REAL NOT NULL, level TEXT NOT NULL, text TEXT NOT NULL,
        expid INTEGER, camera TEXT NOT NULL, process INTEGER
    )""",
    """CREATE TABLE flag (
        id INTEGER NOT NULL PRIMARY KEY, exposure_id INTEGER NOT NULL, value TEXT NOT NULL,
        reason TEXT NOT NULL, author TEXT NOT NULL, time REAL NOT NULL,
        FOREIGN KEY (exposure_id) REFERENCES exposure (id) ON DELETE CASCADE
    )""",
    """CREATE TABLE series (
        id INTEGER NOT NULL PRIMARY KEY, instrument_id INTEGER NOT NULL, metric TEXT NOT NULL,
        camera TEXT NOT NULL, element TEXT NOT NULL,
        FOREIGN KEY (instrument_id) REFERENCES instrument (id)
    )""",
    """CREATE TABLE header_value (
        series_id INTEGER NOT NULL, time REAL NOT NULL, exposure_id INTEGER NOT NULL, value REAL,
        PRIMARY KEY (series_id, time, exposure_id), FOREIGN KEY (series_id) REFERENCES series (id),
        FOREIGN KEY (exposure_id) REFERENCES exposure (id) ON DELETE CASCADE
    ) WITHOUT ROWID""",
    """CREATE TABLE heartbeat (
        name TEXT NOT NULL PRIMARY KEY, time REAL NOT NULL, state TEXT NOT NULL, detail TEXT NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TABLE incomplete_file (
        path TEXT NOT NULL PRIMARY KEY, instrument_id INTEGER NOT NULL, night INTEGER NOT NULL,
        size INTEGER NOT NULL, since REAL NOT NULL, reason TEXT NOT NULL,
        FOREIGN KEY (instrument_id) REFERENCES instrument (id)
    ) WITHOUT ROWID""",
    """CREATE TABLE job (
        id INTEGER NOT NULL PRIMARY KEY, process_id INTEGER NOT NULL, camera TEXT NOT NULL,
        attempt INTEGER NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL, started REAL, ended REAL,
        seconds REAL, calibrations TEXT NOT NULL, peak_memory INTEGER NOT NULL, pid INTEGER NOT NULL,
        notes TEXT NOT NULL, FOREIGN KEY (process_id) REFERENCES process (id) ON DELETE CASCADE
    )""",
    """CREATE TABLE measurement (
        series_id INTEGER NOT NULL, time REAL NOT NULL, process_id INTEGER NOT NULL, value REAL,
        reference REAL, normal_low REAL, normal_high REAL, warning_low REAL, warning_high REAL,
        status TEXT NOT NULL, reason TEXT, replaced_by INTEGER,
        PRIMARY KEY (series_id, time, process_id), FOREIGN KEY (series_id) REFERENCES series (id),
        FOREIGN KEY (process_id) REFERENCES process (id) ON DELETE CASCADE
    ) WITHOUT ROWID""",
    """CREATE TABLE mute (
        id INTEGER NOT NULL PRIMARY KEY, words TEXT NOT NULL, who TEXT NOT NULL, since REAL NOT NULL,
        until REAL
    )""",
    """CREATE TABLE product (
        id INTEGER NOT NULL PRIMARY KEY, job_id INTEGER NOT NULL, camera TEXT NOT NULL,
        kind TEXT NOT NULL, path TEXT NOT NULL, size INTEGER NOT NULL, sha256 TEXT NOT NULL,
        fit INTEGER NOT NULL, time REAL NOT NULL, created REAL NOT NULL,
        FOREIGN KEY (job_id) REFERENCES job (id) ON DELETE CASCADE
    )""",
    """CREATE TABLE revision (
        id INTEGER NOT NULL PRIMARY KEY, exposure_id INTEGER NOT NULL, revision INTEGER NOT NULL,
        path TEXT NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, seen REAL NOT NULL,
        FOREIGN KEY (exposure_id) REFERENCES exposure (id) ON DELETE CASCADE
    )""",
    """CREATE TABLE step (
        id INTEGER NOT NULL PRIMARY KEY, job_id INTEGER NOT NULL, name TEXT NOT NULL,
        position INTEGER NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL, started REAL,
        seconds REAL, judgements TEXT NOT NULL, numbers BLOB NOT NULL,
        FOREIGN KEY (job_id) REFERENCES job (id) ON DELETE CASCADE
    )""",
)
INDEXES = (
    "CREATE UNIQUE INDEX instrument_name ON instrument (name)",
    "CREATE UNIQUE INDEX night_instrument_id_night ON night (instrument_id, night)",
    "CREATE UNIQUE INDEX exposure_night_id_expid ON exposure (night_id, expid)",
    "CREATE INDEX exposure_night_id_time ON exposure (night_id, time)",
    "CREATE INDEX exposure_instrument_id_time ON exposure (instrument_id, time)",
    "CREATE INDEX exposure_expid ON exposure (expid)",
    "CREATE UNIQUE INDEX configuration_digest ON configuration (digest)",
    "CREATE UNIQUE INDEX limitset_digest ON limit_set (digest)",
    "CREATE INDEX process_exposure_id_revision ON process (exposure_id, revision)",
    "CREATE INDEX process_state_queued ON process (state, queued)",
    "CREATE INDEX process_ended ON process (ended)",
    """CREATE UNIQUE INDEX process_once ON process (exposure_id, revision) WHERE "trigger" IN ('NEW', 'BACKLOG')""",
    "CREATE UNIQUE INDEX alarm_process_id_cause ON alarm (process_id, cause)",
    "CREATE INDEX alarm_exposure_id_time ON alarm (exposure_id, time)",
    "CREATE INDEX alarm_acknowledged_by_time ON alarm (acknowledged_by, time)",
    "CREATE INDEX command_state_id ON command (state, id)",
    "CREATE INDEX comment_exposure_id ON comment (exposure_id)",
    "CREATE INDEX commenthistory_comment_id ON comment_history (comment_id)",
    "CREATE INDEX event_expid ON event_log (expid)",
    "CREATE INDEX event_level ON event_log (level)",
    "CREATE INDEX event_time ON event_log (time)",
    "CREATE INDEX flag_exposure_id ON flag (exposure_id)",
    "CREATE UNIQUE INDEX series_instrument_id_metric_camera_element ON series (instrument_id, metric, camera, element)",
    "CREATE INDEX series_instrument_id_camera ON series (instrument_id, camera)",
    "CREATE UNIQUE INDEX job_process_id_camera_attempt ON job (process_id, camera, attempt)",
    "CREATE UNIQUE INDEX mute_words ON mute (words)",
    "CREATE INDEX product_job_id ON product (job_id)",
    "CREATE INDEX product_kind_camera_time ON product (kind, camera, time)",
    "CREATE UNIQUE INDEX revision_exposure_id_revision_path ON revision (exposure_id, revision, path)",
    "CREATE UNIQUE INDEX step_job_id_name ON step (job_id, name)",
)


def up(migrator: Any, db: Any) -> None:  # noqa: ARG001
    """Make all tables and indexes."""
    for statement in (*TABLES, *INDEXES):
        db.execute_sql(statement)
    db.execute_sql("INSERT INTO counter (name, value) VALUES ('version', 0)")


def down(migrator: Any, db: Any) -> None:  # noqa: ARG001
    """Take everything away again."""
    for statement in reversed(TABLES):
        name = statement.split()[2]
        db.execute_sql(f"DROP TABLE {name}")
