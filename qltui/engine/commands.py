"""What viewers may ask of the engine: rows of the ``command`` table, carried out and answered.

===============  ===========================================================  =====================================
name             arguments                                                    what it does
===============  ===========================================================  =====================================
``reprocess``    ``expid``; ``night``, ``cameras``                            reduces an exposure again
``cancel``       ``process`` or ``expid``; neither: all in flight             stops a process (``stop`` is the same)
``pause``                                                                     begins no camera until ``resume``
``resume``
``shutdown``                                                                  ends the engine
``acknowledge``  ``alarm``, a number or a list; without it all that are open  says that the alarm was seen
``comment``      ``expid``, ``text``; ``night``, ``process``                  writes a comment
``flag``         ``expid``, ``value``; ``night``, ``reason``                  flags an exposure good, bad, junk, test
``mute``         ``words``; ``minutes``                                       lets alarms with these words be silent
``unmute``       ``words``
===============  ===========================================================  =====================================

Whoever may write the record's file may write anything into it: every argument is checked.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from qltui.model import Trigger
from qltui.store.record import Store
from qltui.store.views import CommandView, ExposureRow

__all__ = ["CommandError", "Commanded", "carry_out", "carry_out_all"]

_LONGEST: Final = 10_000
"""Of a text [characters]."""


class CommandError(Exception):
    """A command cannot be carried out; the message says why."""


class Commanded(Protocol):
    """What the commands act on: the engine."""

    @property
    def store(self) -> Store:
        """The record."""

    @property
    def instrument_name(self) -> str:
        """Of the instrument that is watched."""

    @property
    def camera_names(self) -> tuple[str, ...]:
        """All cameras of the instrument."""

    def enqueue(self, exposure_id: int, trigger: Trigger, who: str, cameras: tuple[str, ...]) -> int:
        """Put an exposure in the queue and return the number of its process."""

    def cancel(self, process: int | None, expid: int | None, reason: str) -> list[str]:
        """Stop what is in flight or waits, and return it in words."""

    def pause(self, *, paused: bool) -> None:
        """Stop or go on."""

    def request_stop(self, reason: str) -> None:
        """End."""


def carry_out(engine: Commanded, command: CommandView) -> tuple[str, bool]:
    """Carry out one command and return the answer, and whether it was refused."""
    action = _ACTIONS.get(command.name)
    if action is None:
        return f"no command is called {command.name[:40]!r}; known: {', '.join(_ACTIONS)}", True
    try:
        return action(engine, command.arguments, command.who or "somebody"), False
    except (CommandError, KeyError, ValueError, PermissionError) as error:
        return str(error.args[0] if error.args else error), True


# -- arguments -------------------------------------------------------------------------------------------------------


def _whole(arguments: Mapping[str, object], name: str) -> int | None:
    value = arguments.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        msg = f"{name} must be a whole number, not {str(value)[:40]!r}"
        raise CommandError(msg)
    return value


def _text(arguments: Mapping[str, object], name: str, *, required: bool = True) -> str:
    value = arguments.get(name, "")
    if not isinstance(value, str) or (required and not value.strip()) or len(value) > _LONGEST:
        msg = f"{name} must be a text of 1 to {_LONGEST} characters"
        raise CommandError(msg)
    return value


def _exposure(engine: Commanded, arguments: Mapping[str, object]) -> tuple[int, int]:
    """Return the record's number of the exposure that is meant, and its own."""
    expid, night = _whole(arguments, "expid"), _whole(arguments, "night")
    if expid is None:
        msg = "which exposure? give expid"
        raise CommandError(msg)
    if night is None:
        row: ExposureRow | None = engine.store.find_exposure(str(expid), engine.instrument_name)
        night = row.exposure.night if row is not None and row.exposure.expid == expid else None
    found = None if night is None else engine.store.exposure_id(engine.instrument_name, night, expid)
    if found is None:
        msg = f"exposure {expid} is not in the record"
        raise CommandError(msg)
    return found, expid


# -- commands --------------------------------------------------------------------------------------------------------


def _reprocess(engine: Commanded, arguments: Mapping[str, object], who: str) -> str:
    exposure_id, expid = _exposure(engine, arguments)
    cameras = arguments.get("cameras") or list(engine.camera_names)
    if not isinstance(cameras, list | tuple) or not all(name in engine.camera_names for name in cameras):
        msg = f"cameras must be a list of names such as {engine.camera_names[0]!r}"
        raise CommandError(msg)
    ordered = tuple(name for name in engine.camera_names if name in cameras)
    number = engine.enqueue(exposure_id, Trigger.REPROCESS, who, ordered)
    return f"exposure {expid} is in the queue again as process {number}"


def _cancel(engine: Commanded, arguments: Mapping[str, object], who: str) -> str:
    stopped = engine.cancel(_whole(arguments, "process"), _whole(arguments, "expid"), f"stopped by {who}")
    if not stopped:
        msg = "nothing of that is in flight or waiting"
        raise CommandError(msg)
    return f"stopped: {', '.join(stopped)}"


def _pause(engine: Commanded, arguments: Mapping[str, object], who: str) -> str:  # noqa: ARG001 - the form of an action
    engine.pause(paused=True)
    return "paused: cameras in a worker are finished, no other is begun until resume"


def _resume(engine: Commanded, arguments: Mapping[str, object], who: str) -> str:  # noqa: ARG001
    engine.pause(paused=False)
    return "goes on"


def _shutdown(engine: Commanded, arguments: Mapping[str, object], who: str) -> str:  # noqa: ARG001
    engine.request_stop(f"stopped by {who}")
    return "stops; what is unfinished goes on at the next start"


def _acknowledge(engine: Commanded, arguments: Mapping[str, object], who: str) -> str:
    wanted = arguments.get("alarm")
    if wanted is None:
        numbers = [alarm.number for alarm in engine.store.alarms(open_only=True)]
    elif isinstance(wanted, list):
        numbers = [_whole({"alarm": item}, "alarm") or 0 for item in wanted]
    else:
        numbers = [_whole(arguments, "alarm") or 0]
    count = sum(engine.store.acknowledge(number, who) for number in numbers)
    if not count:
        msg = "no such alarm is open"
        raise CommandError(msg)
    return f"{count} alarm{'s' if count > 1 else ''} acknowledged"


def _comment(engine: Commanded, arguments: Mapping[str, object], who: str) -> str:
    exposure_id, expid = _exposure(engine, arguments)
    number = engine.store.add_comment(exposure_id, who, _text(arguments, "text"), _whole(arguments, "process"))
    return f"comment {number} on exposure {expid}"


def _flag(engine: Commanded, arguments: Mapping[str, object], who: str) -> str:
    exposure_id, expid = _exposure(engine, arguments)
    value = _text(arguments, "value", required=False)
    engine.store.set_flag(exposure_id, value, who, _text(arguments, "reason", required=False))
    return f"exposure {expid} is flagged {value}" if value else f"exposure {expid} has no flag any more"


def _mute(engine: Commanded, arguments: Mapping[str, object], who: str) -> str:
    minutes, words = _whole(arguments, "minutes"), _text(arguments, "words")
    engine.store.mute(words, who, None if minutes is None else time.time() + 60.0 * minutes)
    return f"{words!r} is muted {'for good' if minutes is None else f'for {minutes} minutes'}"


def _unmute(engine: Commanded, arguments: Mapping[str, object], who: str) -> str:  # noqa: ARG001
    words = _text(arguments, "words")
    engine.store.unmute(words)
    return f"{words!r} is heard again"


_Action = Callable[[Any, Mapping[str, object], str], str]

_ACTIONS: Final[Mapping[str, _Action]] = {
    "reprocess": _reprocess,
    "cancel": _cancel,
    "stop": _cancel,
    "pause": _pause,
    "resume": _resume,
    "shutdown": _shutdown,
    "acknowledge": _acknowledge,
    "comment": _comment,
    "flag": _flag,
    "mute": _mute,
    "unmute": _unmute,
}


def carry_out_all(engine: Commanded) -> list[tuple[CommandView, str, bool]]:
    """Carry out and answer what waits; returns each command with its answer and whether it was refused.

    Raises
    ------
    StoreError
        Where the record cannot be written; the command waits on.
    """
    done = []
    for command in engine.store.pending_commands():
        with engine.store.transaction():
            answer, refused = carry_out(engine, command)
            engine.store.answer_command(command.number, answer, refused=refused)
        done.append((command, answer, refused))
    return done
