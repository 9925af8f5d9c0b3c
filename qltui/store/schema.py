"""The tables of the record, as they stand after all migrations; a test compares the two.

The models are bound to no database: `qltui.store.database.Database` runs their queries, so that several records can be
open at once. Times are seconds since 1970, UTC. SQLite keeps NaN as NULL, and so do we; infinite bounds stay infinite.
"""

from __future__ import annotations

from typing import Final

from peewee import (
    SQL,
    AutoField,
    BigIntegerField,
    BlobField,
    BooleanField,
    CompositeKey,
    FloatField,
    ForeignKeyField,
    IntegerField,
    Model,
    TextField,
)

__all__ = ["MODELS"]


class PathField(TextField):
    """The name of a file: text, or bytes where it is no UTF-8; see `qltui.store.codec.path_value`."""

    def adapt(self, value: str | bytes) -> str | bytes:
        """Keep bytes as they are."""
        return value


class Counter(Model):
    """A number that changes with the record: what a screen compares before it reads anything else."""

    name = TextField(primary_key=True)
    value = BigIntegerField(default=0)


class Instrument(Model):
    """An instrument by the name of its folder."""

    id = AutoField()
    name = TextField(unique=True)


class Night(Model):
    """One night of one instrument."""

    id = AutoField()
    instrument = ForeignKeyField(Instrument, index=False)
    night = IntegerField()

    class Meta:
        """Names and keys in SQLite."""

        indexes = ((("instrument", "night"), True),)


class Exposure(Model):
    """An exposure in its newest revision. Columns as in `qltui.model.Exposure`; mappings and lists are JSON."""

    id = AutoField()
    instrument = ForeignKeyField(Instrument, index=False)
    night = ForeignKeyField(Night, index=False)
    expid = BigIntegerField()
    obstype = TextField(default="")
    program = TextField(default="")
    path = PathField()
    cameras = TextField(default="[]")
    exptime = FloatField(null=True)
    mjd = FloatField(null=True)
    airmass = FloatField(null=True)
    seeing = FloatField(null=True)
    ra = FloatField(null=True)
    dec = FloatField(null=True)
    tile = BigIntegerField(null=True)
    date_obs = TextField(default="")
    object = TextField(default="")
    revision = IntegerField(default=1)
    size = BigIntegerField(default=0)
    mtime_ns = BigIntegerField(default=0)
    auxiliary = TextField(default="{}")
    header = TextField(default="{}")
    problems = TextField(default="[]")
    time = FloatField()

    class Meta:
        """Names and keys in SQLite."""

        indexes = (
            (("night", "expid"), True),
            (("night", "time"), False),
            (("instrument", "time"), False),
            (("expid",), False),
        )


class Revision(Model):
    """One state of a file that was judged complete; two files of one number are two revisions."""

    id = AutoField()
    exposure = ForeignKeyField(Exposure, index=False, on_delete="CASCADE")
    revision = IntegerField()
    path = PathField()
    size = BigIntegerField()
    mtime_ns = BigIntegerField()
    seen = FloatField()

    class Meta:
        """Names and keys in SQLite."""

        indexes = ((("exposure", "revision", "path"), True),)


class LimitSet(Model):
    """The limits that were in force, whole, so that an old judgement can be understood."""

    id = AutoField()
    digest = TextField(unique=True)
    name = TextField(default="")
    content = TextField()
    created = FloatField()

    class Meta:
        """Names and keys in SQLite."""

        table_name = "limit_set"


class Configuration(Model):
    """The settings that were in force, whole."""

    id = AutoField()
    digest = TextField(unique=True)
    name = TextField(default="")
    content = TextField()
    created = FloatField()


class Process(Model):
    """One run over one exposure. `time` is that of its exposure and never changes: measurements are kept under it."""

    id = AutoField()
    exposure = ForeignKeyField(Exposure, index=False, on_delete="CASCADE")
    revision = IntegerField()
    trigger = TextField()
    who = TextField(default="")
    configuration = ForeignKeyField(Configuration, null=True, index=False)
    limit_set = ForeignKeyField(LimitSet, null=True, index=False)
    code_version = TextField(default="")
    cameras = TextField(default="[]")
    state = TextField(default="waiting")
    reason = TextField(default="")
    queued = FloatField()
    started = FloatField(null=True)
    ended = FloatField(null=True)
    time = FloatField()
    status = TextField(default="WAITING")
    headline = TextField(default="")
    culprits = TextField(default="[]")
    good = IntegerField(default=0)
    expected = IntegerField(default=0)

    class Meta:
        """Names and keys in SQLite."""

        indexes = ((("exposure", "revision"), False), (("state", "queued"), False), (("ended",), False))


# A file that arrived is reduced once, whatever happens: the file itself makes a second row impossible.
Process.add_index(
    Process.index(
        Process.exposure,
        Process.revision,
        unique=True,
        where=SQL("\"trigger\" IN ('NEW', 'BACKLOG')"),
        name="process_once",
    )
)


class Job(Model):
    """One camera of a process; each attempt is a row of its own and the last one counts."""

    id = AutoField()
    process = ForeignKeyField(Process, index=False, on_delete="CASCADE")
    camera = TextField()
    attempt = IntegerField(default=1)
    status = TextField(default="WAITING")
    reason = TextField(default="")
    started = FloatField(null=True)
    ended = FloatField(null=True)
    seconds = FloatField(null=True)
    calibrations = TextField(default="{}")
    peak_memory = BigIntegerField(default=0)
    pid = IntegerField(default=0)
    notes = TextField(default="[]")

    class Meta:
        """Names and keys in SQLite."""

        indexes = ((("process", "camera", "attempt"), True),)


class Step(Model):
    """One step of a job, with its judgements as they were made: what a screen shows without touching `measurement`."""

    id = AutoField()
    job = ForeignKeyField(Job, index=False, on_delete="CASCADE")
    name = TextField()
    position = IntegerField()
    status = TextField()
    reason = TextField(default="")
    started = FloatField(null=True)
    seconds = FloatField(null=True)
    judgements = TextField(default="[]")
    numbers = BlobField(default=b"")

    class Meta:
        """Names and keys in SQLite."""

        indexes = ((("job", "name"), True),)


class Series(Model):
    """What makes a trend: one element of one metric of one camera. A header value is a series without camera."""

    id = AutoField()
    instrument = ForeignKeyField(Instrument, index=False)
    metric = TextField()
    camera = TextField(default="")
    element = TextField(default="")

    class Meta:
        """Names and keys in SQLite."""

        indexes = ((("instrument", "metric", "camera", "element"), True), (("instrument", "camera"), False))


class Measurement(Model):
    """One value of one series in one process, with the limits it was judged by.

    The table is its own index in the order in which trends read it: a season of one series lies together on the disk.
    """

    series = ForeignKeyField(Series, index=False)
    time = FloatField()
    process = ForeignKeyField(Process, index=False, on_delete="CASCADE")
    value = FloatField(null=True)
    reference = FloatField(null=True)
    normal_low = FloatField(null=True)
    normal_high = FloatField(null=True)
    warning_low = FloatField(null=True)
    warning_high = FloatField(null=True)
    status = TextField()
    reason = TextField(null=True)

    class Meta:
        """Names and keys in SQLite."""

        primary_key = CompositeKey("series", "time", "process")
        without_rowid = True


class HeaderValue(Model):
    """One number of the header of one exposure, for trends."""

    series = ForeignKeyField(Series, index=False)
    time = FloatField()
    exposure = ForeignKeyField(Exposure, index=False, on_delete="CASCADE")
    value = FloatField(null=True)

    class Meta:
        """Names and keys in SQLite."""

        table_name = "header_value"
        primary_key = CompositeKey("series", "time", "exposure")
        without_rowid = True


class Product(Model):
    """A file that a job wrote. `fit` says that it was judged good enough to calibrate later exposures."""

    id = AutoField()
    job = ForeignKeyField(Job, index=True, on_delete="CASCADE")
    camera = TextField()
    kind = TextField()
    path = PathField()
    size = BigIntegerField(default=0)
    sha256 = TextField(default="")
    fit = BooleanField(default=False)
    time = FloatField()
    created = FloatField()

    class Meta:
        """Names and keys in SQLite."""

        indexes = ((("kind", "camera", "time"), False),)


class Event(Model):
    """One line of the log."""

    id = AutoField()
    time = FloatField()
    level = TextField(default="info")
    text = TextField()
    expid = BigIntegerField(null=True)
    camera = TextField(default="")
    process = IntegerField(null=True)

    class Meta:
        """Names and keys in SQLite."""

        table_name = "event_log"
        indexes = ((("expid",), False), (("level",), False), (("time",), False))


class Comment(Model):
    """What an observer wrote of an exposure, or of one process of it."""

    id = AutoField()
    exposure = ForeignKeyField(Exposure, index=True, on_delete="CASCADE")
    process = ForeignKeyField(Process, null=True, index=False, on_delete="CASCADE")
    author = TextField()
    created = FloatField()
    text = TextField()
    edited = FloatField(null=True)
    deleted = FloatField(null=True)


class CommentHistory(Model):
    """What a comment said before it was edited or deleted."""

    id = AutoField()
    comment = ForeignKeyField(Comment, index=True, on_delete="CASCADE")
    time = FloatField()
    who = TextField()
    action = TextField()
    text = TextField()

    class Meta:
        """Names and keys in SQLite."""

        table_name = "comment_history"


class Flag(Model):
    """The observer's judgement of an exposure: good, bad, junk or test; the newest row counts."""

    id = AutoField()
    exposure = ForeignKeyField(Exposure, index=True, on_delete="CASCADE")
    value = TextField()
    reason = TextField(default="")
    author = TextField()
    time = FloatField()


class Alarm(Model):
    """One exposure and one cause."""

    id = AutoField()
    exposure = ForeignKeyField(Exposure, index=False, on_delete="CASCADE")
    process = ForeignKeyField(Process, index=False, on_delete="CASCADE")
    time = FloatField()
    status = TextField()
    cause = TextField()
    muted = BooleanField(default=False)
    acknowledged_by = TextField(default="")
    acknowledged_at = FloatField(null=True)

    class Meta:
        """Names and keys in SQLite."""

        indexes = ((("process", "cause"), True), (("exposure", "time"), False), (("acknowledged_by", "time"), False))


class Mute(Model):
    """Words of a cause that nobody wants to hear of for a while."""

    id = AutoField()
    words = TextField(unique=True)
    who = TextField()
    since = FloatField()
    until = FloatField(null=True)


class Command(Model):
    """What a viewer asks of the engine, and what it answered."""

    id = AutoField()
    name = TextField()
    arguments = TextField(default="{}")
    who = TextField(default="")
    state = TextField(default="pending")
    created = FloatField()
    answered = FloatField(null=True)
    answer = TextField(default="")

    class Meta:
        """Names and keys in SQLite."""

        indexes = ((("state", "id"), False),)


class IncompleteFile(Model):
    """A file that is still being written, or was cut off."""

    path = PathField(primary_key=True)
    instrument = ForeignKeyField(Instrument, index=False)
    night = IntegerField()
    size = BigIntegerField()
    since = FloatField()
    reason = TextField(default="")

    class Meta:
        """Names and keys in SQLite."""

        table_name = "incomplete_file"
        without_rowid = True


class Heartbeat(Model):
    """The last sign of life of the engine, its watcher and each of its slots."""

    name = TextField(primary_key=True)
    time = FloatField()
    state = TextField(default="")
    detail = TextField(default="{}")

    class Meta:
        """Names and keys in SQLite."""

        without_rowid = True


MODELS: Final[tuple[type[Model], ...]] = (
    Counter,
    Instrument,
    Night,
    Exposure,
    Revision,
    LimitSet,
    Configuration,
    Process,
    Job,
    Step,
    Series,
    Measurement,
    HeaderValue,
    Product,
    Event,
    Comment,
    CommentHistory,
    Flag,
    Alarm,
    Mute,
    Command,
    IncompleteFile,
    Heartbeat,
)
