"""Between engine and viewers: commands and answers, heartbeats, and the settings that were in force."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any, Final

from qltui.documents import parse_json
from qltui.store import schema
from qltui.store.aside import heard_aside
from qltui.store.codec import digest_of, dump, text_value
from qltui.store.database import Database
from qltui.store.held import count_held
from qltui.store.versions import decisions
from qltui.store.views import CommandView, DiskView, EngineView

__all__ = [
    "answer_command",
    "beat",
    "change_in_force",
    "command",
    "content",
    "content_number",
    "engine",
    "heartbeats",
    "pending_commands",
    "send_command",
]

_QUIET: Final = ("heartbeat", "disk_used", "disk_free", "disks")
"""What may change in a heartbeat without anything having happened."""


def _clock(now: float | None) -> float:
    return time.time() if now is None else now


# -- commands ------------------------------------------------------------------------------------------------------


def send_command(
    database: Database, name: str, arguments: Mapping[str, Any] | None = None, who: str = "", now: float | None = None
) -> int:
    """Ask the engine for something, and return the number under which it will answer."""
    with database.transaction():
        return database.insert(
            schema.Command.insert(
                name=text_value(name), arguments=dump(arguments or {}), who=text_value(who), created=_clock(now)
            )
        )


def _command_query() -> Any:
    table = schema.Command
    return table.select(
        *(table.id, table.name, table.arguments, table.who, table.created, table.state, table.answered, table.answer)
    )


def _command_view(row: Sequence[Any]) -> CommandView:
    number, name, arguments, who, created, state, answered, answer = row
    try:
        parsed = parse_json(arguments)
    except ValueError:
        parsed = None
    # Whoever may write the file may write anything; the engine refuses what is no mapping.
    return CommandView(number, name, parsed if isinstance(parsed, dict) else {}, who, created, state, answered, answer)


def pending_commands(database: Database) -> list[CommandView]:
    """Return the commands that wait for an answer, oldest first."""
    table = schema.Command
    rows = database.rows(_command_query().where(table.state == "pending").order_by(table.id))
    return [_command_view(row) for row in rows]


def command(database: Database, number: int) -> CommandView | None:
    """Return one command, or None."""
    row = database.row(_command_query().where(schema.Command.id == number))
    return None if row is None else _command_view(row)


def answer_command(
    database: Database, number: int, answer: str, *, refused: bool = False, now: float | None = None
) -> None:
    """Say what became of a command."""
    table = schema.Command
    with database.transaction():
        database.write(
            table.update(state="refused" if refused else "done", answer=text_value(answer), answered=_clock(now)).where(
                table.id == number
            )
        )


# -- contents ------------------------------------------------------------------------------------------------------


def content_number(
    database: Database, table: type[schema.LimitSet | schema.Configuration], text: str, name: str = ""
) -> int:
    """Return the number of a limit set or a configuration; the same text is kept once."""
    digest = digest_of(text)
    with database.transaction():
        row = database.row(table.select(table.id).where(table.digest == digest))
        if row:
            return int(row[0])
        values = {"digest": digest, "name": text_value(name), "content": text_value(text), "created": time.time()}
        return database.insert(table.insert(**values))


def content(database: Database, table: type[schema.LimitSet | schema.Configuration], number: int) -> str:
    """Return the text of a limit set or a configuration; KeyError where there is none."""
    row = database.row(table.select(table.content).where(table.id == number))
    if row is None:
        raise KeyError(number)
    return str(row[0])


# -- heartbeats ----------------------------------------------------------------------------------------------------


def beat(
    database: Database, view: EngineView, slots: Mapping[str, float] | None = None, now: float | None = None
) -> None:
    """Record that the engine lives, and when its slots were last heard of [s since 1970].

    The record's version stays unless the engine says something new.
    """
    when, table = _clock(now), schema.Heartbeat
    said = asdict(view) | {"heartbeat": when}
    row = database.row(table.select(table.detail).where(table.name == "engine"))
    before = json.loads(row[0]) if row else {}
    after = json.loads(dump(said))
    news = any(before.get(key) != value for key, value in after.items() if key not in _QUIET)
    news = news or _levels(before) != _levels(after)
    with database.transaction(counted=news):
        rows: list[dict[str, Any]] = [{"name": "engine", "time": when, "state": view.state, "detail": dump(said)}]
        rows += [
            {"name": text_value(name), "time": last, "state": "", "detail": "{}"}
            for name, last in (slots or {}).items()
        ]
        database.insert_many(table, rows, replace=True)


def _levels(said: Mapping[str, Any]) -> list[tuple[object, object]]:
    """Return what is said of each disk, but for how full it is to the byte."""
    return [(disk.get("of"), disk.get("level")) for disk in said.get("disks", ())]


def _disk(said: Mapping[str, Any]) -> DiskView:
    known = {item.name for item in fields(DiskView)}
    values = {key: value for key, value in said.items() if key in known}
    return DiskView(**values | {"of": tuple(values["of"])})


def engine(database: Database) -> EngineView:
    """Return the engine as its last beat left it, with the queue as it stands now."""
    table = schema.Heartbeat
    row = database.row(table.select(table.detail).where(table.name == "engine"))
    said: dict[str, Any] = json.loads(row[0]) if row else {"state": "none"}
    said |= _beside(database, said)
    known = {item.name for item in fields(EngineView)}
    said = {key: tuple(value) if isinstance(value, list) else value for key, value in said.items() if key in known}
    said["disks"] = tuple(_disk(disk) for disk in said.get("disks", ()))
    waiting = database.sql("SELECT count(*) FROM process WHERE state = 'waiting'")[0][0]
    incomplete = database.sql("SELECT path, since, reason FROM incomplete_file ORDER BY since")
    decided = decisions(database)
    said |= {
        # Of the record and not of the last beat: they hold also where no engine runs.
        "mode": decided.get("mode", "automatic"),
        "observer": decided.get("observer", ""),
        "held": count_held(database),
        "queue": waiting,
        "incomplete": len(incomplete),
        "incomplete_names": tuple(_in_words(*entry) for entry in incomplete),
    }
    return EngineView(**said)


def _beside(database: Database, beat: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the engine says now where it cannot write its beats; `beat` is the last one that it could."""
    aside = heard_aside(database.path.parent)
    if aside is None:
        return {}
    return {
        # The last beat may be the farewell of the engine before.
        "state": "idle" if beat["state"] in ("none", "stopped") else beat["state"],
        "pid": aside.pid,
        "host": aside.host,
        "heartbeat": max(aside.time, beat.get("heartbeat") or 0.0),
        "detail": aside.words,
        "trouble": aside.words,
    }


def change_in_force(database: Database, process: int, configuration: int | None, limit_set: int | None) -> None:
    """Note with which settings and limits a process was begun, where they are not those of when it was queued."""
    with database.transaction():
        database.write_sql(
            "UPDATE process SET configuration_id = ?, limit_set_id = ? WHERE id = ?",
            (configuration, limit_set, process),
        )


def _in_words(path: str | bytes, since: float, reason: str) -> str:
    name = (path if isinstance(path, str) else path.decode("utf-8", "replace")).rpartition("/")[2]
    clock = time.strftime("%H:%M:%S", time.gmtime(since))
    return f"{name}: {reason or 'incomplete'}, since {clock} UT"


def heartbeats(database: Database) -> dict[str, float]:
    """Return when the engine and each of its slots were last heard of [s since 1970]."""
    table = schema.Heartbeat
    return {name: float(last) for name, last in database.rows(table.select(table.name, table.time))}
