"""``qltui comment``: write, read and change comments on an exposure, and judge it with a flag."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from qltui.commands.exit_codes import CommandError, ExitCode
from qltui.commands.options import add_state, configuration
from qltui.commands.selecting import add_form, find, open_record, output, send
from qltui.config import Config
from qltui.model import Exposure
from qltui.store.reader import Reader
from qltui.store.threads import comment_thread_of
from qltui.tables.reach import FLAG_WORDS
from qltui.tables.threads import thread_table

__all__ = ["DESCRIPTION", "EPILOG", "add_arguments", "main"]

DESCRIPTION = """\
Write a comment on an exposure (it stays when the exposure is reduced again), or on one process of it; list, edit and
delete comments; flag an exposure good, bad, junk or test. Only the author may change a comment; its words are kept."""
EPILOG = """\
examples:
  qltui comment 79 clouds in the west
  qltui comment 79                                  what was said of it
  qltui comment 79 --list --json                    with history and flags, for scripts
  qltui comment 79 "pixels of b3 look odd" --process 12
  qltui comment 79 thin clouds in the west --edit 4
  qltui comment 79 --delete 4
  qltui comment 79 --flag bad --reason "noise in b3"   --flag none takes it back

exit status: 0 done, 64 wrong command line, 66 no such exposure, 69 the engine refused, or has not answered yet
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("number", metavar="N", help="exposure: its number, or the last digits")
    parser.add_argument("text", nargs="*", metavar="TEXT", help="the comment")
    parser.add_argument("--process", type=int, metavar="P", help="the comment is about this process alone")
    change = parser.add_mutually_exclusive_group()
    change.add_argument("--list", action="store_true", help="what was said of it; so without a text")
    change.add_argument("--edit", type=int, metavar="COMMENT", help="put TEXT in the place of this comment")
    change.add_argument("--delete", type=int, metavar="COMMENT", help="delete this comment; its history stays")
    parser.add_argument("--flag", choices=(*FLAG_WORDS, "none"), help="judge the exposure")
    parser.add_argument("--reason", default="", metavar="WORDS", help="of the flag")
    add_form(parser)
    add_state(parser)


def main(args: argparse.Namespace) -> int:
    """Carry out the command and return the exit status."""
    config = configuration(args)
    text = " ".join(args.text).strip()
    _check(args, text)
    with open_record(config) as reader:
        exposure = find(reader, args.number, config).exposure
        requests = _requests(args, text, exposure)
        if not requests:
            _list(reader, exposure, args)
    codes = [_ask(config, name, arguments) for name, arguments in requests]
    return max(codes, default=ExitCode.OK)


def _check(args: argparse.Namespace, text: str) -> None:
    """Refuse what cannot be meant.

    Raises
    ------
    CommandError
        With what to do instead.
    """
    if args.edit is not None and not text:
        msg = f"--edit {args.edit} needs the new text: `qltui comment {args.number} TEXT --edit {args.edit}`"
        raise CommandError(msg, ExitCode.USAGE)
    if args.delete is not None and text:
        msg = "--delete takes no text; leave one of them out"
        raise CommandError(msg, ExitCode.USAGE)
    if args.reason and args.flag is None:
        msg = "--reason belongs to a flag; give --flag good, bad, junk or test"
        raise CommandError(msg, ExitCode.USAGE)


def _requests(args: argparse.Namespace, text: str, exposure: Exposure) -> list[tuple[str, Mapping[str, Any]]]:
    """Return what is asked of the engine; nothing where comments are only read."""
    place = {"instrument": exposure.instrument, "night": exposure.night, "expid": exposure.expid}
    found: list[tuple[str, Mapping[str, Any]]] = []
    if args.flag is not None:
        value = "" if args.flag == "none" else args.flag
        found.append(("flag", {**place, "value": value, "reason": args.reason}))
    if args.edit is not None:
        found.append(("edit_comment", {"comment": args.edit, "text": text}))
    elif args.delete is not None:
        found.append(("delete_comment", {"comment": args.delete}))
    elif text and not args.list:
        about = {} if args.process is None else {"process": args.process}
        found.append(("comment", {**place, **about, "text": text}))
    return found


def _list(reader: Reader, exposure: Exposure, args: argparse.Namespace) -> None:
    thread = reader.ask(comment_thread_of, exposure.instrument, exposure.night, exposure.expid)
    if thread is not None:
        output(thread_table(exposure.expid, thread), args)


def _ask(config: Config, name: str, arguments: Mapping[str, Any]) -> ExitCode:
    answer = send(config, name, arguments)
    if answer.state == "pending":
        print(f"{name}: asked for; no engine has answered yet, the next one will do it")
    else:
        print(f"{name}: {answer.answer or answer.state}")
    return ExitCode.OK if answer.state == "done" else ExitCode.UNAVAILABLE
