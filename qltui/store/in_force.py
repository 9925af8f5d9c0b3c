"""Which limits and settings hold: those of the files, with the versions that are selected in the record on top.

The engine, the help and the commands ask here, so that none of them can believe something else.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from qltui.config import Config, ConfigError, with_version
from qltui.instruments.base import Instrument
from qltui.quality.limits import LimitSet
from qltui.quality.limits_file import LimitsError, load_limits
from qltui.store import versions
from qltui.store.database import Database
from qltui.store.versions import SavedVersion

__all__ = ["LimitsInForce", "SettingsInForce", "limits_in_force", "settings_in_force"]


@dataclass(frozen=True, slots=True)
class LimitsInForce:
    """The limits that hold.

    Attributes
    ----------
    limits : LimitSet
        Of the instrument, the site's file and the record together.
    version : SavedVersion or None
        The record's version among them; None where the files alone hold.
    fault : str
        Why the version that is selected cannot be used, in words; the files hold instead of it.
    """

    limits: LimitSet
    version: SavedVersion | None = None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class SettingsInForce:
    """The settings that hold; `version` and `fault` as for limits."""

    config: Config
    version: SavedVersion | None = None
    fault: str = ""


def limits_in_force(database: Database, instrument: Instrument, site_file: str | Path | None) -> LimitsInForce:
    """Return the limits by which the next exposure is judged.

    Parameters
    ----------
    database : Database
        Whose selected version.
    instrument : Instrument
        Whose own limits lie below.
    site_file : str or Path or None
        The site's own, between the two.

    Raises
    ------
    LimitsError
        Where the instrument's or the site's own limits cannot be used. A version that cannot be used is a fault.
    """
    files = load_limits(instrument, site_file or None)
    version = versions.selected(database, "limits")
    if version is None:
        return LimitsInForce(files)
    try:
        limits = load_limits(instrument, site_file or None, record=version.content, name=version.origin)
    except LimitsError as error:
        return LimitsInForce(files, fault=f"limits {version.words} cannot be used, the files hold instead: {error}")
    return LimitsInForce(limits, version)


def settings_in_force(database: Database, config: Config) -> SettingsInForce:
    """Return the settings of files, environment and command line with the record's selected version among them."""
    version = versions.selected(database, "settings")
    if version is None:
        return SettingsInForce(config)
    try:
        return SettingsInForce(with_version(config, version.content, version.origin), version)
    except ConfigError as error:
        words = f"settings {version.words} cannot be used, the files hold instead: {error}"
        return SettingsInForce(config, fault=words)
