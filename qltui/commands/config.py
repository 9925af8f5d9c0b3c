"""``qltui config``: show where each setting comes from, write a template, check a file."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from qltui.commands.exit_codes import CommandError, ExitCode
from qltui.commands.options import add_data, configuration, keymap_of
from qltui.commands.selecting import RECORD_NAME, open_record
from qltui.config import CONFIG_NAME, Config, ConfigError, load_config, settings_of
from qltui.config_text import template

__all__ = ["DESCRIPTION", "EPILOG", "add_arguments", "main"]

DESCRIPTION = "Show every setting with its value and where it came from, write a commented file, or check one."
EPILOG = """\
examples:
  qltui config show                 every setting, and its origin
  qltui config init                 writes ./qltui.toml with every setting explained
  qltui config validate site.toml   says what is wrong with it
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("action", choices=("show", "init", "validate"), help="what to do")
    parser.add_argument("file", nargs="?", type=Path, help=f"file to write or check (default ./{CONFIG_NAME})")
    parser.add_argument("--json", action="store_true", help="show: as JSON")
    add_data(parser)


def main(args: argparse.Namespace) -> int:
    """Carry out the command and return the exit status."""
    return {"show": _show, "init": _init, "validate": _validate}[args.action](args)


def _show(args: argparse.Namespace) -> int:
    config = _with_record(configuration(args))
    settings = list(settings_of(config))
    if args.json:
        entries = {item.key: {"value": item.value, "origin": item.origin, "unit": item.unit} for item in settings}
        print(json.dumps(entries, indent=2))
        return ExitCode.OK
    width = max(len(item.key) for item in settings)
    values = [f"{item.value!r} {item.unit}".rstrip() for item in settings]
    value_width = min(40, max(len(value) for value in values))
    for item, value in zip(settings, values, strict=True):
        print(f"{item.key:<{width}}  {value:<{value_width}}  {item.origin}")
    print(f"\nstate directory        {config.state_directory}")
    print(f"data directory         {config.data_directory or 'not set: give --data DIR'}")
    print(f"calibration directory  {config.calibration_directory or 'not set: give --calib DIR'}")
    return ExitCode.OK


def _with_record(config: Config) -> Config:
    """Return the settings with the version that is selected in the record, where there is one."""
    path = config.state_directory / RECORD_NAME
    if not path.is_file():
        return config
    from qltui.store.in_force import settings_in_force

    with open_record(config) as reader:
        held = reader.ask(settings_in_force, config)
    if held.fault:
        # The engine says the same at its start.
        print(held.fault, file=sys.stderr)
    return held.config


def _init(args: argparse.Namespace) -> int:
    path = args.file or Path(CONFIG_NAME)
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(template())
    except FileExistsError as error:
        msg = f"{path} exists and is not overwritten; name another file, or move it away"
        raise CommandError(msg, ExitCode.CANNOT_CREATE) from error
    except OSError as error:
        msg = f"{path} cannot be written: {error.strerror}; name a place where you may write"
        raise CommandError(msg, ExitCode.CANNOT_CREATE) from error
    print(f"wrote {path}: every setting is explained there; remove the # in front of what you change")
    return ExitCode.OK


def _validate(args: argparse.Namespace) -> int:
    path = args.file or Path(CONFIG_NAME)
    if not path.is_file():
        msg = f"{path} is not there; `qltui config init` writes one"
        raise CommandError(msg, ExitCode.NO_INPUT)
    try:
        config = load_config(files=[path], environment={})
    except ConfigError as error:
        print(error, file=sys.stderr)
        return ExitCode.CONFIG
    keymap_of(config)
    changed = sum(item.origin != "default" for item in settings_of(config))
    print(f"{path}: good, {changed} settings")
    return ExitCode.OK
