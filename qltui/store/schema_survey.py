"""The tables by which a season is summed up: one short row for each exposure, and what it saw.

Triggers of the file keep `Outcome` with every change of exposure, process and flag, in the same transaction: no way of
writing can forget it. A season of 240,000 exposures is then one pass over one index.
"""

from __future__ import annotations

from peewee import SQL, BigIntegerField, CompositeKey, FloatField, ForeignKeyField, IntegerField, Model, TextField

from qltui.store.schema_core import Exposure, Instrument, Process

__all__ = ["FieldSum", "NightSum", "Outcome", "Tally", "TargetCount", "TargetSum"]


class Outcome(Model):
    """What became of an exposure: its place in the survey, its newest process, the observer's flag.

    `field` is the number of the tile; without one it is made of the pointing in steps of 0.01 deg, and negative
    (`qltui.store.survey_views.field_place`). `kind` is a place in `qltui.store.survey_views.CLASSES`. `depth` is the
    mean of (value / reference)**2 of the metric that tells it.
    """

    exposure = ForeignKeyField(Exposure, primary_key=True, on_delete="CASCADE")
    instrument = ForeignKeyField(Instrument, index=False)
    night = IntegerField()
    expid = BigIntegerField()
    obstype = TextField()
    program = TextField()
    field = BigIntegerField(null=True)
    ra = FloatField(null=True)
    dec = FloatField(null=True)
    exptime = FloatField(null=True)
    process = IntegerField(null=True)
    state = TextField(default="")
    status = TextField(default="")
    flag = TextField(default="")
    kind = IntegerField(default=3, column_name="class")
    depth = FloatField(null=True)

    class Meta:
        """Names and keys in SQLite."""

        table_name = "outcome"


Outcome.add_index(
    Outcome.index(
        *(Outcome.instrument, Outcome.night, Outcome.obstype, Outcome.program),
        *(Outcome.field, Outcome.kind, Outcome.exptime),
        name="outcome_of_night",
    )
)
Outcome.add_index(
    Outcome.index(
        *(Outcome.instrument, Outcome.field, Outcome.night, Outcome.obstype, Outcome.program),
        *(Outcome.kind, Outcome.exptime, Outcome.depth, Outcome.ra, Outcome.dec),
        where=SQL("field IS NOT NULL"),
        name="outcome_of_field",
    )
)


class NightSum(Model):
    """The exposures of one night, type and program; kept by triggers whenever one of them changes."""

    instrument = ForeignKeyField(Instrument, index=False)
    night = IntegerField()
    obstype = TextField()
    program = TextField()
    exposures = IntegerField()
    fields = IntegerField()
    seconds = FloatField()
    usable_seconds = FloatField()
    good = IntegerField()
    warning = IntegerField()
    bad = IntegerField()
    undecided = IntegerField()
    test = IntegerField()

    class Meta:
        """Names and keys in SQLite."""

        table_name = "night_sum"
        primary_key = CompositeKey("instrument", "night", "obstype", "program")
        without_rowid = True


class FieldSum(Model):
    """The exposures of one field, type and program in all nights; kept by triggers whenever one of them changes."""

    instrument = ForeignKeyField(Instrument, index=False)
    field = BigIntegerField()
    obstype = TextField()
    program = TextField()
    ra = FloatField(null=True)
    dec = FloatField(null=True)
    exposures = IntegerField()
    usable_seconds = FloatField()
    effective = FloatField()
    undetermined = IntegerField()
    good = IntegerField()
    warning = IntegerField()
    bad = IntegerField()
    undecided = IntegerField()
    last_night = IntegerField()

    class Meta:
        """Names and keys in SQLite."""

        table_name = "field_sum"
        primary_key = CompositeKey("instrument", "field", "obstype", "program")
        without_rowid = True


class TargetSum(Model):
    """How many targets of a class were observed in a night, and in how many exposures; kept by triggers."""

    instrument = ForeignKeyField(Instrument, index=False)
    night = IntegerField()
    name = TextField()
    count = IntegerField()
    exposures = IntegerField()

    class Meta:
        """Names and keys in SQLite."""

        table_name = "target_sum"
        primary_key = CompositeKey("instrument", "night", "name")
        without_rowid = True


class TargetCount(Model):
    """How many targets of a class an exposure saw; `groups` is of how many spectrographs that is known."""

    instrument = ForeignKeyField(Instrument, index=False)
    night = IntegerField()
    name = TextField()
    exposure = ForeignKeyField(Exposure, index=True, on_delete="CASCADE")
    count = IntegerField()
    groups = IntegerField()

    class Meta:
        """Names and keys in SQLite."""

        table_name = "target_count"
        primary_key = CompositeKey("instrument", "night", "name", "exposure")
        without_rowid = True


class Tally(Model):
    """What the cameras of a process have counted so far; it becomes a `TargetCount` when the process ends."""

    process = ForeignKeyField(Process, index=False, on_delete="CASCADE")
    group = TextField(column_name="part")
    name = TextField()
    count = IntegerField()

    class Meta:
        """Names and keys in SQLite."""

        primary_key = CompositeKey("process", "group", "name")
        without_rowid = True
