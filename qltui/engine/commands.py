"""What viewers may ask of the engine: rows of the ``command`` table, carried out and answered.

==========================  ===================================================  =====================================
name                        arguments                                            what it does
==========================  ===================================================  =====================================
``reprocess``               ``expid``; ``night``, ``cameras``                    reduces an exposure (again)
``cancel``                  ``process`` or ``expid``; neither: all in flight     stops a process (``stop`` is the same)
``pause``                                                                        begins no camera until ``resume``
``resume``
``shutdown``                                                                     ends the engine
``mode``                    ``mode``: automatic or manual; ``catch_up``          manual: begins only what is asked for
``observer``                ``name``                                             says who observes
``clear``                   ``kinds``: products, logs; ``days``                  removes what is older from the disk
``acknowledge``             ``alarm``, a number or a list; none: all open ones   says that the alarm was seen
``comment``                 ``expid``, ``text``; ``night``, ``process``          writes a comment
``edit_comment``            ``comment``, ``text``                                changes one's own comment
``delete_comment``          ``comment``                                          takes one's own comment back
``flag``                    ``expid``, ``value``; ``night``, ``reason``          flags an exposure good, bad, junk, test
``mute``                    ``words``; ``minutes``                               lets alarms with these words be silent
``unmute``                  ``words``
``select_cameras``          ``name`` of a preset or saved selection;             reduces these cameras from the next
                            ``cameras``, a list; ``random``: how many, ``seed``  exposure on
``save_selection``          the same, with the ``name`` to keep it under         keeps a selection of cameras
``delete_selection``        ``name``                                             forgets it
``save_configuration``      ``kind``: settings or limits, ``name``,              keeps a version of settings or limits
                            ``content`` (TOML), ``reason``
``select_configuration``    ``kind``, ``version``                                puts a version in force
``reset_configuration``     ``kind``                                             goes back to default version or files
``default_configuration``   ``kind``, ``version``                                says what a reset goes back to
==========================  ===================================================  =====================================

Whoever may write the record's file may write anything into it: every argument is checked.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Mapping
from typing import Any, Final

from qltui.engine.command_arguments import Commanded, CommandError, choice, exposure, flag, required, text, whole
from qltui.engine.commands_cameras import CAMERA_ACTIONS, selected_for
from qltui.engine.commands_versions import VERSION_ACTIONS
from qltui.model import Trigger
from qltui.store import held, versions
from qltui.store.usage import CLEARED
from qltui.store.views import CommandView

__all__ = ["CommandError", "Commanded", "carry_out", "carry_out_all"]

LATER: Final = None
"""The answer of what is still being done: it comes when it is done."""

_LONGEST_NAME: Final = 100
_MOST_DAYS: Final = 36500


def carry_out(engine: Commanded, command: CommandView) -> tuple[str | None, bool]:
    """Carry out one command and return the answer, None where it comes later, and whether it was refused."""
    try:
        if command.name == "clear":
            return _clear(engine, command), False
        action = _ACTIONS.get(command.name)
        if action is None:
            return f"no command is called {command.name[:40]!r}; known: {', '.join((*_ACTIONS, 'clear'))}", True
        return action(engine, command.arguments, command.who or "somebody"), False
    except (CommandError, KeyError, ValueError, PermissionError) as error:
        return str(error.args[0] if error.args else error), True


# -- the engine ------------------------------------------------------------------------------------------------------


def _mode(engine: Commanded, arguments: Mapping[str, object], who: str) -> str:
    mode, catch_up = choice(arguments, "mode", versions.MODES), flag(arguments, "catch_up")
    engine.store.tell(versions.decide, "mode", mode, who)
    engine.set_mode(mode)
    waiting = engine.store.ask(held.held)
    if mode == "manual":
        return "manual: new exposures are recorded, and reduced only when somebody asks for it"
    if not catch_up:
        left = f"; {len(waiting)} that came before wait for somebody to choose them" if waiting else ""
        return f"automatic: new exposures are reduced as they come{left}"
    for number in waiting:
        engine.enqueue(number, Trigger.BACKLOG, who, engine.instrument.tasks)
    return f"automatic: new exposures are reduced as they come, and {len(waiting)} that came before are in the queue"


def _observer(engine: Commanded, arguments: Mapping[str, object], who: str) -> str:
    name = " ".join(text(arguments, "name", needed=False, longest=_LONGEST_NAME).split())
    engine.store.tell(versions.decide, "observer", name, who)
    return f"{name} observes" if name else "nobody is named as the observer any more"


def _clear(engine: Commanded, command: CommandView) -> str | None:
    kinds = command.arguments.get("kinds")
    if not isinstance(kinds, list) or not kinds or not all(kind in CLEARED for kind in kinds):
        msg = f"kinds must be a list of {' and '.join(CLEARED)}"
        raise CommandError(msg)
    days = required(command.arguments, "days")
    if not 1 <= days <= _MOST_DAYS:
        msg = f"days must be 1 to {_MOST_DAYS}: what is younger than a day may be needed tonight"
        raise CommandError(msg)
    engine.clear(command.number, tuple(kinds), days, command.who or "somebody")
    return LATER


# -- exposures -------------------------------------------------------------------------------------------------------


def _reprocess(engine: Commanded, arguments: Mapping[str, object], who: str) -> str:
    exposure_id, expid = exposure(engine, arguments)
    known = tuple(camera.name for camera in engine.instrument.cameras)
    cameras = arguments.get("cameras") or selected_for(engine, exposure_id)
    if not isinstance(cameras, list | tuple) or not all(name in known for name in cameras):
        msg = f"cameras must be a list of names such as {known[0]!r}"
        raise CommandError(msg)
    # What stands for all of them is reckoned anew from those that were asked for.
    ordered = tuple(name for name in engine.instrument.tasks if name in cameras or name not in known)
    number = engine.enqueue(exposure_id, Trigger.REPROCESS, who, ordered)
    return f"exposure {expid} is in the queue as process {number}"


def _cancel(engine: Commanded, arguments: Mapping[str, object], who: str) -> str:
    stopped = engine.cancel(whole(arguments, "process"), whole(arguments, "expid"), f"stopped by {who}")
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
        numbers = [whole({"alarm": item}, "alarm") or 0 for item in wanted]
    else:
        numbers = [whole(arguments, "alarm") or 0]
    count = sum(engine.store.acknowledge(number, who) for number in numbers)
    if not count:
        msg = "no such alarm is open"
        raise CommandError(msg)
    return f"{count} alarm{'s' if count > 1 else ''} acknowledged"


def _comment(engine: Commanded, arguments: Mapping[str, object], who: str) -> str:
    exposure_id, expid = exposure(engine, arguments)
    number = engine.store.add_comment(exposure_id, who, text(arguments, "text"), whole(arguments, "process"))
    return f"comment {number} on exposure {expid}"


def _edit_comment(engine: Commanded, arguments: Mapping[str, object], who: str) -> str:
    number = required(arguments, "comment")
    engine.store.edit_comment(number, who, text(arguments, "text"))
    return f"comment {number} is changed"


def _delete_comment(engine: Commanded, arguments: Mapping[str, object], who: str) -> str:
    number = required(arguments, "comment")
    engine.store.delete_comment(number, who)
    return f"comment {number} is deleted"


def _flag(engine: Commanded, arguments: Mapping[str, object], who: str) -> str:
    exposure_id, expid = exposure(engine, arguments)
    value = text(arguments, "value", needed=False)
    engine.store.set_flag(exposure_id, value, who, text(arguments, "reason", needed=False))
    return f"exposure {expid} is flagged {value}" if value else f"exposure {expid} has no flag any more"


def _mute(engine: Commanded, arguments: Mapping[str, object], who: str) -> str:
    minutes, words = whole(arguments, "minutes"), text(arguments, "words")
    count = engine.store.mute(words, who, None if minutes is None else time.time() + 60.0 * minutes)
    span = "for good" if minutes is None else f"for {minutes} minutes"
    return f"{words!r} is muted {span}" + (f", {count} open alarm{'s' * (count != 1)} with it" if count else "")


def _unmute(engine: Commanded, arguments: Mapping[str, object], who: str) -> str:  # noqa: ARG001
    words = text(arguments, "words")
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
    "mode": _mode,
    "observer": _observer,
    "acknowledge": _acknowledge,
    "comment": _comment,
    "edit_comment": _edit_comment,
    "delete_comment": _delete_comment,
    "flag": _flag,
    "mute": _mute,
    "unmute": _unmute,
    **CAMERA_ACTIONS,
    **VERSION_ACTIONS,
}


def carry_out_all(engine: Commanded, busy: Container[int] = ()) -> list[tuple[CommandView, str | None, bool]]:
    """Carry out and answer what waits; returns each command with its answer and whether it was refused.

    Parameters
    ----------
    engine : Commanded
        What is asked.
    busy : container of int
        Numbers of commands that are being carried out, and answered later.

    Raises
    ------
    StoreError
        Where the record cannot be written; the command waits on.
    """
    done = []
    for command in engine.store.pending_commands():
        if command.number in busy:
            continue
        with engine.store.transaction():
            answer, refused = carry_out(engine, command)
            if answer is not None:
                engine.store.answer_command(command.number, answer, refused=refused)
        done.append((command, answer, refused))
    return done
