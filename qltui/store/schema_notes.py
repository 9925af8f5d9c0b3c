"""The tables beside the numbers: the log, what observers say and ask, and the engine's signs of life."""

from __future__ import annotations

from peewee import AutoField, BigIntegerField, BooleanField, FloatField, ForeignKeyField, IntegerField, Model, TextField

from qltui.store.schema_core import Exposure, Instrument, PathField, Process

__all__ = [
    "Alarm",
    "Command",
    "Comment",
    "CommentHistory",
    "Event",
    "Flag",
    "Heartbeat",
    "IncompleteFile",
    "Mute",
]


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
