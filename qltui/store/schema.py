"""The tables of the record, as they stand after all migrations; a test compares the two."""

from __future__ import annotations

from typing import Final

from peewee import Model

from qltui.store.schema_core import (
    Configuration,
    Counter,
    Exposure,
    HeaderValue,
    Instrument,
    Job,
    LimitSet,
    Measurement,
    Night,
    PathField,
    Process,
    Product,
    Revision,
    Series,
    Step,
)
from qltui.store.schema_notes import (
    Alarm,
    Command,
    Comment,
    CommentHistory,
    Event,
    Flag,
    Heartbeat,
    IncompleteFile,
    Mute,
)

__all__ = [
    "MODELS",
    "Alarm",
    "Command",
    "Comment",
    "CommentHistory",
    "Configuration",
    "Counter",
    "Event",
    "Exposure",
    "Flag",
    "HeaderValue",
    "Heartbeat",
    "IncompleteFile",
    "Instrument",
    "Job",
    "LimitSet",
    "Measurement",
    "Mute",
    "Night",
    "PathField",
    "Process",
    "Product",
    "Revision",
    "Series",
    "Step",
]

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
