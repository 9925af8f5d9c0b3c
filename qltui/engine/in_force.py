"""Which settings and limits hold: what the engine was started with, and the record's selected versions on top.

Some settings are taken up with the next exposure. Others are bound up with what was made at the start (the workers, the
watcher, the data directory) and wait for the next one; they are named, so that nobody believes otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from qltui.config import Config, ConfigError, settings_of, with_version
from qltui.config_edit import changed_config, changes_from_toml
from qltui.config_text import to_toml
from qltui.engine.settings import FIELDS, EngineSettings, changed_settings
from qltui.instruments.base import Instrument
from qltui.quality.limits import LimitSet
from qltui.store import versions
from qltui.store.in_force import limits_in_force
from qltui.store.reader import Reader
from qltui.store.selections import CameraSelection, selection_in_force
from qltui.store.versions import SavedVersion

__all__ = ["InForce", "base_config", "configured", "in_force", "needs_restart"]

LIVE: Final = (
    *("cameras.", "reduction.", "disk.", "export.", "backup."),
    *("engine.in_flight", "engine.attempts", "engine.backoff", "engine.products"),
)
"""Beginnings of the settings that are taken up with the next exposure."""

_OF_THE_ENGINE: Final = ("paths.", "engine.")
"""Beginnings of those that it takes up at its start; of all others it knows nothing."""


@dataclass(frozen=True, slots=True)
class InForce:
    """What holds for the next exposure.

    Attributes
    ----------
    base : EngineSettings
        As the engine was told by whoever started it.
    settings : EngineSettings
        With the selected version.
    limits : LimitSet
        With the selected version.
    configuration, limits_version : str
        Name and version, ``"winter v3"``; empty where the files alone hold.
    selection : CameraSelection
        Which cameras are reduced.
    restart : tuple of str
        Settings that wait for the next start.
    faults : tuple of str
        Versions that cannot be used, in words; the files hold instead of them.
    """

    base: EngineSettings
    settings: EngineSettings
    limits: LimitSet
    configuration: str = ""
    limits_version: str = ""
    selection: CameraSelection = field(default_factory=CameraSelection)
    restart: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


def needs_restart(keys: Iterable[str]) -> tuple[str, ...]:
    """Return those of some settings that an engine takes up only when it is started anew."""
    return tuple(key for key in keys if key.startswith(_OF_THE_ENGINE) and not key.startswith(LIVE))


def base_config(settings: EngineSettings) -> Config:
    """Return the configuration that the engine was started with, each setting with an origin that tells its rank.

    Raises
    ------
    ConfigError
        Where its text cannot be read.
    """
    config = changed_config(Config(), changes_from_toml(settings.configuration), "files")
    stronger = dict.fromkeys(settings.fixed, "command line")
    return replace(config, origins={**config.origins, **stronger})


def configured(base: EngineSettings, version: SavedVersion) -> tuple[EngineSettings, tuple[str, ...]]:
    """Return the engine's settings with a version of the record on top, and the settings that it changes.

    Raises
    ------
    ConfigError
        Where the version, or the configuration that it lies on, cannot be used.
    """
    before = base_config(base)
    after = with_version(before, version.content, version.origin)
    was = {setting.key: setting.value for setting in settings_of(before)}
    changed = tuple(setting.key for setting in settings_of(after) if setting.value != was[setting.key])
    return replace(changed_settings(base, after, changed), configuration=to_toml(after)), changed


def in_force(base: EngineSettings, instrument: Instrument, record: Reader, started: EngineSettings | None) -> InForce:
    """Return what holds now.

    Parameters
    ----------
    base : EngineSettings
        What the engine was told by whoever started it.
    instrument : Instrument
        Whose limits.
    record : Reader
        Whose selected versions.
    started : EngineSettings or None
        What it has made its workers and watcher with; None while it starts, and everything can be taken up.

    Raises
    ------
    LimitsError
        Where the instrument's or the site's own limits cannot be used. A version that cannot be used is a fault.
    """
    faults: list[str] = []
    settings, words = base, ""
    version = record.ask(versions.selected, "settings")
    if version is not None:
        try:
            (settings, _), words = configured(base, version), version.words
        except ConfigError as error:
            faults.append(f"settings {version.words} cannot be used, the files hold instead: {error}")
    waiting: tuple[str, ...] = ()
    if started is not None:
        settings, waiting = _live(settings, started)
    held = record.ask(limits_in_force, instrument, settings.limits)
    if held.fault:
        faults.append(held.fault)
    limits_words = held.version.words if held.version is not None else ""
    selection = record.ask(selection_in_force, instrument)
    return InForce(base, settings, held.limits, words, limits_words, selection, waiting, tuple(faults))


def _live(settings: EngineSettings, started: EngineSettings) -> tuple[EngineSettings, tuple[str, ...]]:
    """Return `settings` with what cannot change any more as it was at the start, and the names of that."""
    waiting = tuple(
        key for key in needs_restart(FIELDS) if getattr(settings, FIELDS[key]) != getattr(started, FIELDS[key])
    )
    return replace(settings, **{FIELDS[key]: getattr(started, FIELDS[key]) for key in waiting}), waiting
