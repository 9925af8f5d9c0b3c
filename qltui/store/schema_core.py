"""The tables of the numbers: exposures, their processes, and what was measured.

The models are bound to no database: `qltui.store.database.Database` runs their queries, so that several records can be
open at once. Times are seconds since 1970, UTC. SQLite keeps NaN as NULL, and so do we; infinite bounds stay infinite.
"""

from __future__ import annotations

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

__all__ = [
    "Configuration",
    "Counter",
    "Exposure",
    "HeaderValue",
    "Instrument",
    "Job",
    "LimitSet",
    "Measurement",
    "Night",
    "PathField",
    "Process",
    "Product",
    "Revision",
    "Series",
    "Step",
]


class PathField(TextField):
    """The name of a file: text, or bytes where it is no UTF-8; see `qltui.store.codec.path_value`."""

    def adapt(self, value: str | bytes) -> str | bytes:  # type: ignore[override]
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

    `replaced_by` is the process that measured it anew; trends and references leave such a value out.
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
    replaced_by = IntegerField(null=True)

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
    """A file that a job wrote. `fit` says that it was judged good enough to calibrate later exposures.

    `removed` is when it was cleared from the disk; size and checksum stay, so that a copy can still be told.
    """

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
    removed = FloatField(null=True)

    class Meta:
        """Names and keys in SQLite."""

        indexes = ((("kind", "camera", "time"), False),)
