"""A short row for each exposure, kept by triggers, so that a season is summed up in one pass; counts of targets.

SQLite drops the triggers of a table with the table: a later migration that makes `exposure`, `process` or `flag` anew
(as peewee does to change a column) has to make these again.
"""
# ruff: noqa: S608  (nothing but names of our own is put into statements)

from __future__ import annotations

from typing import Any

TABLES = (
    """CREATE TABLE outcome (
        exposure_id INTEGER NOT NULL PRIMARY KEY, instrument_id INTEGER NOT NULL, night INTEGER NOT NULL,
        expid INTEGER NOT NULL, obstype TEXT NOT NULL, program TEXT NOT NULL, field INTEGER, ra REAL, dec REAL,
        exptime REAL, process INTEGER, state TEXT NOT NULL, status TEXT NOT NULL, flag TEXT NOT NULL,
        class INTEGER NOT NULL, depth REAL,
        FOREIGN KEY (exposure_id) REFERENCES exposure (id) ON DELETE CASCADE,
        FOREIGN KEY (instrument_id) REFERENCES instrument (id)
    )""",
    """CREATE TABLE night_sum (
        instrument_id INTEGER NOT NULL, night INTEGER NOT NULL, obstype TEXT NOT NULL, program TEXT NOT NULL,
        exposures INTEGER NOT NULL, fields INTEGER NOT NULL, seconds REAL NOT NULL, usable_seconds REAL NOT NULL,
        good INTEGER NOT NULL, warning INTEGER NOT NULL, bad INTEGER NOT NULL, undecided INTEGER NOT NULL,
        test INTEGER NOT NULL, PRIMARY KEY (instrument_id, night, obstype, program),
        FOREIGN KEY (instrument_id) REFERENCES instrument (id)
    ) WITHOUT ROWID""",
    """CREATE TABLE field_sum (
        instrument_id INTEGER NOT NULL, field INTEGER NOT NULL, obstype TEXT NOT NULL, program TEXT NOT NULL,
        ra REAL, dec REAL, exposures INTEGER NOT NULL, usable_seconds REAL NOT NULL, effective REAL NOT NULL,
        undetermined INTEGER NOT NULL, good INTEGER NOT NULL, warning INTEGER NOT NULL, bad INTEGER NOT NULL,
        undecided INTEGER NOT NULL, last_night INTEGER NOT NULL,
        PRIMARY KEY (instrument_id, field, obstype, program),
        FOREIGN KEY (instrument_id) REFERENCES instrument (id)
    ) WITHOUT ROWID""",
    """CREATE TABLE target_sum (
        instrument_id INTEGER NOT NULL, night INTEGER NOT NULL, name TEXT NOT NULL, count INTEGER NOT NULL,
        exposures INTEGER NOT NULL, PRIMARY KEY (instrument_id, night, name),
        FOREIGN KEY (instrument_id) REFERENCES instrument (id)
    ) WITHOUT ROWID""",
    """CREATE TABLE target_count (
        instrument_id INTEGER NOT NULL, night INTEGER NOT NULL, name TEXT NOT NULL, exposure_id INTEGER NOT NULL,
        count INTEGER NOT NULL, groups INTEGER NOT NULL, PRIMARY KEY (instrument_id, night, name, exposure_id),
        FOREIGN KEY (instrument_id) REFERENCES instrument (id),
        FOREIGN KEY (exposure_id) REFERENCES exposure (id) ON DELETE CASCADE
    ) WITHOUT ROWID""",
    """CREATE TABLE tally (
        process_id INTEGER NOT NULL, part TEXT NOT NULL, name TEXT NOT NULL, count INTEGER NOT NULL,
        PRIMARY KEY (process_id, part, name),
        FOREIGN KEY (process_id) REFERENCES process (id) ON DELETE CASCADE
    ) WITHOUT ROWID""",
)

INDEXES = (
    """CREATE INDEX outcome_of_night ON outcome (instrument_id, night, obstype, program, field, class, exptime)""",
    """CREATE INDEX outcome_of_field
       ON outcome (instrument_id, field, night, obstype, program, class, exptime, depth, ra, dec)
       WHERE field IS NOT NULL""",
    "CREATE INDEX targetcount_exposure_id ON target_count (exposure_id)",
)

# 0.01 deg in either direction: 36000 steps around, from the south pole up; see qltui.store.survey_views.field_place.
_FIELD = """ifnull({row}.tile, CASE WHEN {row}.ra IS NULL OR {row}.dec IS NULL THEN NULL ELSE
    -1 - CAST(round(({row}.dec + 90) * 100) AS INTEGER) * 36000
    - CAST(round({row}.ra * 100) + CASE WHEN {row}.ra < 0 THEN 36000 ELSE 0 END AS INTEGER) % 36000 END)"""
_NIGHT = "(SELECT night FROM night WHERE night.id = {row}.night_id)"
_PLACE = (
    f"{{row}}.instrument_id, {_NIGHT}, {{row}}.expid, {{row}}.obstype, {{row}}.program, {_FIELD}, {{row}}.ra, "
    "{row}.dec, {row}.exptime"
)
_COLUMNS = "instrument_id, night, expid, obstype, program, field, ra, dec, exptime"
_FLAG = "ifnull((SELECT value FROM flag WHERE flag.exposure_id = {exposure} ORDER BY flag.id DESC LIMIT 1), '')"
_NEWEST = "(SELECT {column} FROM process WHERE process.exposure_id = {exposure} ORDER BY process.id DESC LIMIT 1)"
_RESULT = "SET process = {row}.id, state = {row}.state, status = {row}.status"


def _newest(exposure: str) -> str:
    number = _NEWEST.format(column="id", exposure=exposure)
    words = (f"ifnull({_NEWEST.format(column=column, exposure=exposure)}, '')" for column in ("state", "status"))
    return ", ".join((number, *words))


# Place in qltui.store.survey_views.CLASSES: good, warning, bad, open, test. The observer's flag decides, where there is
# one.
_CLASS = """CASE flag WHEN 'good' THEN 0 WHEN 'bad' THEN 2 WHEN 'junk' THEN 2 WHEN 'test' THEN 4 ELSE
    CASE status WHEN 'NORMAL' THEN 0 WHEN 'WARNING' THEN 1 WHEN 'ALARM' THEN 2 WHEN 'FAILED' THEN 2
                WHEN 'MISSING' THEN 2 ELSE 3 END END"""
_SUMS = """instrument_id, night, obstype, program, count(*), count(DISTINCT field), ifnull(sum(exptime), 0),
    ifnull(sum(CASE WHEN class < 2 THEN exptime END), 0), sum(class = 0), sum(class = 1), sum(class = 2),
    sum(class = 3), sum(class = 4)"""
_GROUP = "instrument_id, night, obstype, program"


# Of the columns without a function SQLite takes those of the row with the newest night.
_FIELD_SUMS = """instrument_id, field, obstype, program, ra, dec, sum(class < 4),
    ifnull(sum(CASE WHEN class < 2 THEN exptime END), 0), ifnull(sum(CASE WHEN class < 2 THEN exptime * depth END), 0),
    sum(class < 2 AND exptime * depth IS NULL), sum(class = 0), sum(class = 1), sum(class = 2), sum(class = 3),
    max(night)"""
_FIELD_GROUP = "instrument_id, field, obstype, program"


def _sum_field(row: str) -> str:
    same = f"({_FIELD_GROUP}) = ({row}.instrument_id, {row}.field, {row}.obstype, {row}.program)"
    return f"""DELETE FROM field_sum WHERE {same};
        INSERT INTO field_sum SELECT {_FIELD_SUMS} FROM outcome
        WHERE field IS NOT NULL AND {same} GROUP BY {_FIELD_GROUP};"""


def _sum_night(row: str) -> str:
    """Return the statements that sum up anew what a row belongs to: a hundred rows of one index."""
    same = f"({_GROUP}) = ({row}.instrument_id, {row}.night, {row}.obstype, {row}.program)"
    return f"""DELETE FROM night_sum WHERE {same};
        INSERT INTO night_sum SELECT {_SUMS} FROM outcome WHERE {same} GROUP BY {_GROUP};"""


def _sum_targets(row: str) -> str:
    same = f"(instrument_id, night, name) = ({row}.instrument_id, {row}.night, {row}.name)"
    return f"""DELETE FROM target_sum WHERE {same};
        INSERT INTO target_sum SELECT instrument_id, night, name, sum(count), count(*) FROM target_count
        WHERE {same} GROUP BY instrument_id, night, name;"""


TRIGGERS = {
    "outcome_of_new_exposure": f"""AFTER INSERT ON exposure BEGIN
        INSERT OR REPLACE INTO outcome (exposure_id, {_COLUMNS}, state, status, flag, class)
        VALUES (NEW.id, {_PLACE.format(row="NEW")}, '', '', '', 3); END""",
    "outcome_of_exposure": f"""AFTER UPDATE ON exposure BEGIN
        UPDATE outcome SET ({_COLUMNS}) = ({_PLACE.format(row="NEW")}) WHERE exposure_id = NEW.id; END""",
    "outcome_of_new_process": f"""AFTER INSERT ON process BEGIN
        UPDATE outcome {_RESULT.format(row="NEW")}
        WHERE exposure_id = NEW.exposure_id AND ifnull(process, 0) < NEW.id; END""",
    "outcome_of_process": f"""AFTER UPDATE OF state, status ON process
        WHEN OLD.state != NEW.state OR OLD.status != NEW.status BEGIN
        UPDATE outcome {_RESULT.format(row="NEW")} WHERE exposure_id = NEW.exposure_id AND process = NEW.id; END""",
    "outcome_without_process": f"""AFTER DELETE ON process BEGIN
        UPDATE outcome SET (process, state, status) = ({_newest("OLD.exposure_id")})
        WHERE exposure_id = OLD.exposure_id; END""",
    "outcome_of_flag": """AFTER INSERT ON flag BEGIN
        UPDATE outcome SET flag = NEW.value WHERE exposure_id = NEW.exposure_id; END""",
    "outcome_without_flag": f"""AFTER DELETE ON flag BEGIN
        UPDATE outcome SET flag = {_FLAG.format(exposure="OLD.exposure_id")}
        WHERE exposure_id = OLD.exposure_id; END""",
    "class_of_outcome": f"""AFTER UPDATE OF status, flag ON outcome BEGIN
        UPDATE outcome SET class = {_CLASS} WHERE exposure_id = NEW.exposure_id AND class != {_CLASS}; END""",
    "night_of_new_outcome": f"AFTER INSERT ON outcome BEGIN {_sum_night('NEW')} END",
    "night_of_outcome": f"""AFTER UPDATE OF class, night, obstype, program, field, exptime ON outcome
        WHEN (OLD.class, OLD.night, OLD.obstype, OLD.program, OLD.field, OLD.exptime)
             IS NOT (NEW.class, NEW.night, NEW.obstype, NEW.program, NEW.field, NEW.exptime)
        BEGIN {_sum_night("OLD")} {_sum_night("NEW")} END""",
    "night_without_outcome": f"AFTER DELETE ON outcome BEGIN {_sum_night('OLD')} END",
    "field_of_new_outcome": f"AFTER INSERT ON outcome WHEN NEW.field IS NOT NULL BEGIN {_sum_field('NEW')} END",
    "field_of_outcome": f"""AFTER UPDATE ON outcome
        WHEN (OLD.class, OLD.night, OLD.obstype, OLD.program, OLD.field, OLD.exptime, OLD.depth, OLD.ra, OLD.dec)
             IS NOT (NEW.class, NEW.night, NEW.obstype, NEW.program, NEW.field, NEW.exptime, NEW.depth, NEW.ra, NEW.dec)
        BEGIN {_sum_field("OLD")} {_sum_field("NEW")} END""",
    "field_without_outcome": f"AFTER DELETE ON outcome WHEN OLD.field IS NOT NULL BEGIN {_sum_field('OLD')} END",
    "targets_of_new_count": f"AFTER INSERT ON target_count BEGIN {_sum_targets('NEW')} END",
    "targets_of_count": f"AFTER UPDATE OF count ON target_count BEGIN {_sum_targets('NEW')} END",
    "targets_without_count": f"AFTER DELETE ON target_count BEGIN {_sum_targets('OLD')} END",
}


_FILL_OUTCOME = f"""INSERT OR IGNORE INTO outcome (exposure_id, {_COLUMNS}, process, state, status, flag, class)
    SELECT exposure.id, {_PLACE.format(row="exposure")}, {_newest("exposure.id")},
           {_FLAG.format(exposure="exposure.id")}, 3 FROM exposure"""
_FILL_CLASS = f"UPDATE outcome SET class = {_CLASS}"
_FILL_NIGHTS = f"INSERT INTO night_sum SELECT {_SUMS} FROM outcome GROUP BY {_GROUP}"
_FILL_FIELDS = (
    f"INSERT INTO field_sum SELECT {_FIELD_SUMS} FROM outcome WHERE field IS NOT NULL GROUP BY {_FIELD_GROUP}"
)


def refill(kind: str) -> tuple[str, ...]:
    """Return the statements that bring short rows and sums up to what the other tables hold, while no trigger does.

    `kind` is what the class of a row is; depths stay where they are known.
    """
    newest = f"""UPDATE outcome SET (process, state, status) = ({_newest("outcome.exposure_id")}),
        flag = {_FLAG.format(exposure="outcome.exposure_id")}"""
    targets = """INSERT INTO target_sum SELECT instrument_id, night, name, sum(count), count(*) FROM target_count
        GROUP BY instrument_id, night, name"""
    emptied = tuple(f"DELETE FROM {table}" for table in ("night_sum", "field_sum", "target_sum"))
    return (_FILL_OUTCOME, newest, f"UPDATE outcome SET class = {kind}", *emptied, _FILL_NIGHTS, _FILL_FIELDS, targets)


def up(migrator: Any, db: Any) -> None:  # noqa: ARG001
    """Make the tables, fill them from what is there, and let triggers keep them."""
    for statement in TABLES:
        db.execute_sql(statement)
    db.execute_sql(_FILL_OUTCOME)
    db.execute_sql(_FILL_CLASS)
    for statement in INDEXES:
        db.execute_sql(statement)
    db.execute_sql(_FILL_NIGHTS)
    db.execute_sql(_FILL_FIELDS)
    for name, words in TRIGGERS.items():
        db.execute_sql(f"CREATE TRIGGER {name} {words}")


def down(migrator: Any, db: Any) -> None:  # noqa: ARG001
    """Take everything away again; a trigger may be gone with its table."""
    for name in reversed(TRIGGERS):
        db.execute_sql(f"DROP TRIGGER IF EXISTS {name}")
    for table in ("tally", "target_count", "target_sum", "field_sum", "night_sum", "outcome"):
        db.execute_sql(f"DROP TABLE {table}")
