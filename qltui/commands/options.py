"""Options that several commands share, and the configuration that they make."""

from __future__ import annotations

import argparse
import getpass
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from qltui.commands.exit_codes import CommandError, ExitCode
from qltui.config import Config, ConfigError, load_config

if TYPE_CHECKING:
    from qltui.instruments.base import Instrument

__all__ = [
    "add_config",
    "add_data",
    "add_state",
    "configuration",
    "instrument_of",
    "keymap_of",
    "observer",
    "require_data",
]


def add_config(parser: argparse.ArgumentParser) -> None:
    """Add ``--config``."""
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="configuration file on top of the site's and user's"
    )


def add_state(parser: argparse.ArgumentParser) -> None:
    """Add ``--config`` and ``--state``."""
    add_config(parser)
    parser.add_argument("--state", metavar="DIR", help="state directory: database, logs, products")


def add_data(parser: argparse.ArgumentParser) -> None:
    """Add ``--config``, ``--state``, ``--data`` and ``--calib``."""
    add_state(parser)
    parser.add_argument("--data", metavar="DIR", help="raw data, NIGHT/EXPID below it; only ever read")
    parser.add_argument("--calib", metavar="DIR", help="calibrations: psf-CAM.fits and more")


def configuration(args: argparse.Namespace) -> Config:
    """Return the settings, with the flags of `args` on top.

    Raises
    ------
    CommandError
        Where a setting is wrong.
    """
    paths: dict[str, object] = {}
    for flag, key in (("data", "data"), ("state", "state"), ("calib", "calibration")):
        value = getattr(args, flag, None)
        if value is not None:
            paths[key] = str(Path(value).expanduser().absolute())
    try:
        return load_config(getattr(args, "config", None), flags={"paths": paths} if paths else None)
    except ConfigError as error:
        raise CommandError(str(error), ExitCode.CONFIG) from error


def require_data(config: Config) -> Path:
    """Return the data directory, or say how to name one."""
    directory = config.data_directory
    if directory is None:
        msg = "no data directory is set; give --data DIR, or set paths.data (`qltui config init` writes a file)"
        raise CommandError(msg, ExitCode.CONFIG)
    if not directory.is_dir():
        msg = f"{directory} is not a directory; give the root that holds the nights with --data DIR"
        raise CommandError(msg, ExitCode.NO_INPUT)
    return directory


def instrument_of(config: Config) -> Instrument:
    """Return the instrument that the configuration names, where the configuration says that it stands.

    Raises
    ------
    CommandError
        Where ``site.location`` is no place.
    """
    # Not every command needs to know what an instrument is, and some are in a hurry.
    from qltui.instruments.base import get_instrument
    from qltui.instruments.location import parse_location

    instrument = get_instrument(config.site.instrument)
    if not config.site.location:
        return instrument
    try:
        return replace(instrument, location=parse_location(config.site.location, config.site.name))
    except ValueError as error:
        raise CommandError(str(error), ExitCode.CONFIG) from error


def keymap_of(config: Config) -> Mapping[str, str]:
    """Return the site's own keys by action; nothing is loaded where there are none.

    Raises
    ------
    CommandError
        Where an action or a key does not exist, or a key is another action's.
    """
    if not config.keys.bindings:
        return {}
    from qltui.tui.keymap import KeymapError, checked_keymap

    try:
        return checked_keymap(config.keys.bindings)
    except KeymapError as error:
        msg = f"{config.origins.get('keys.bindings', 'default')}: {error}"
        raise CommandError(msg, ExitCode.CONFIG) from error


def observer(config: Config) -> str:
    """Return who is asking: ``site.observer``, else the login name."""
    if config.site.observer:
        return config.site.observer
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in a bare container
        return "observer"
