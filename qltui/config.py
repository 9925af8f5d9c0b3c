"""Site configuration: TOML to checked, frozen dataclasses, and where each value came from.

Who reads what:

==============  ==================================================
section         read by
==============  ==================================================
``site``        engine, screens
``paths``       every command
``engine``      the engine
``cameras``     the engine (what is expected)
``reduction``   the workers
``disk``        the engine (alarms), the screens
``retention``   the engine
``backup``      the engine
``export``      the engine
``alarms``      the screens
``display``     the screens
``keys``        the screens
==============  ==================================================

A later source wins: defaults, ``/etc/qltui/qltui.toml``, the user's ``qltui.toml``, ``./qltui.toml``, the file named by
``--config`` or ``QLTUI_CONFIG``, the version that is selected in the record (`with_version`), environment variables
``QLTUI_SECTION_KEY``, flags of the command line.
"""

from __future__ import annotations

import difflib
import os
import tomllib
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final

from qltui.config_sections import (
    Alarms,
    Backup,
    Cameras,
    Disk,
    Display,
    Engine,
    Export,
    Keys,
    Paths,
    Reduction,
    Retention,
    Site,
)
from qltui.documents import parse_toml

__all__ = [
    "CONFIG_NAME",
    "Config",
    "ConfigError",
    "Setting",
    "config_files",
    "load_config",
    "sections",
    "settings_of",
    "with_version",
]

CONFIG_NAME = "qltui.toml"

STRONGER: Final = ("environment", "command line")
"""Origins that win over a version of the record."""

NOT_OF_THE_RECORD: Final = ("site.instrument", "paths.state")
"""Settings that decide which record is read."""


class ConfigError(Exception):
    """A setting is wrong; the message names the file, the key and what is allowed."""


@dataclass(frozen=True, slots=True)
class Config:
    """All settings, and where each came from: ``origins["engine.slots"]``."""

    site: Site = field(default_factory=Site)
    paths: Paths = field(default_factory=Paths)
    engine: Engine = field(default_factory=Engine)
    cameras: Cameras = field(default_factory=Cameras)
    reduction: Reduction = field(default_factory=Reduction)
    disk: Disk = field(default_factory=Disk)
    retention: Retention = field(default_factory=Retention)
    backup: Backup = field(default_factory=Backup)
    export: Export = field(default_factory=Export)
    alarms: Alarms = field(default_factory=Alarms)
    display: Display = field(default_factory=Display)
    keys: Keys = field(default_factory=Keys)
    origins: Mapping[str, str] = field(default_factory=dict)

    @property
    def state_directory(self) -> Path:
        """Where the record is kept: ``paths.state``, or the user's state directory for this instrument."""
        if self.paths.state:
            return Path(self.paths.state).expanduser().absolute()
        from platformdirs import user_state_path

        return user_state_path("qltui") / self.site.instrument

    @property
    def calibration_directory(self) -> Path | None:
        """The site's calibrations, or None: ``paths.calibration``, else $DESI_SPECTRO_CALIB for DESI."""
        name = self.paths.calibration
        if not name and self.site.instrument == "desi":
            name = os.environ.get("DESI_SPECTRO_CALIB", "")
        return Path(name).expanduser().absolute() if name else None

    @property
    def data_directory(self) -> Path | None:
        """Root of the raw data, or None where none is set: ``paths.data``, else $DESI_SPECTRO_DATA for DESI."""
        name = self.paths.data
        if not name and self.site.instrument == "desi":
            name = os.environ.get("DESI_SPECTRO_DATA", "")
        return Path(name).expanduser().absolute() if name else None


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as a person sees it."""

    key: str
    value: object
    origin: str
    doc: str
    unit: str
    choices: tuple[str, ...]


def sections() -> dict[str, type]:
    """Return the class of each section by its name, in the order of the file."""
    hints = typing.get_type_hints(Config)
    return {item.name: hints[item.name] for item in fields(Config) if item.name != "origins"}


def settings_of(config: Config) -> Iterator[Setting]:
    """Yield every setting of `config` with its value, origin and documentation."""
    for section in sections():
        part = getattr(config, section)
        for item in fields(part):
            key = f"{section}.{item.name}"
            yield Setting(
                key=key,
                value=getattr(part, item.name),
                origin=config.origins.get(key, "default"),
                doc=item.metadata["doc"],
                unit=item.metadata["unit"],
                choices=item.metadata["choices"],
            )


def _suggest(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(known)}"


def _plain_type(hint: object) -> str:
    if isinstance(hint, types.GenericAlias) or typing.get_origin(hint) is tuple:
        return "a list of strings"
    return {str: "a string", int: "a whole number", float: "a number", bool: "true or false"}[typing.cast("type", hint)]


def _coerce(value: object, hint: object, where: str) -> object:
    """Return `value` as the type `hint`, or say what is allowed."""
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if hint in (str, int, float, bool):
        if type(value) is hint:
            return value
    elif isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return tuple(value)
    msg = f"{where} must be {_plain_type(hint)}, not {value!r}"
    raise ConfigError(msg)


def _check(value: object, metadata: Mapping[str, Any], where: str) -> None:
    choices = metadata["choices"]
    for item in value if isinstance(value, tuple) else (value,):
        if choices and item not in choices:
            msg = f"{where} is {item!r}; choose one of {', '.join(choices)}"
            raise ConfigError(msg)
    low, high = metadata["minimum"], metadata["maximum"]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    # A NaN fails both comparisons and so is refused as well.
    if is_number and ((low is not None and not value >= low) or (high is not None and not value <= high)):
        msg = f"{where} is {value!r}; allowed is {low} to {high} {metadata['unit']}".rstrip()
        raise ConfigError(msg)
    if isinstance(value, str) and "\0" in value:
        msg = f"{where} contains a NUL character"
        raise ConfigError(msg)


def _apply(config: Config, values: Mapping[str, object], origin: str) -> Config:
    """Return `config` with `values`, each checked, noting `origin` for each."""
    known_sections = sections()
    origins = dict(config.origins)
    changes: dict[str, object] = {}
    entries: object
    for section, entries in values.items():
        if section not in known_sections:
            msg = f"{origin}: unknown section [{section}]{_suggest(section, list(known_sections))}"
            raise ConfigError(msg)
        if not isinstance(entries, Mapping):
            msg = f"{origin}: {section} must be a section, [{section}], not a value"
            raise ConfigError(msg)
        kind = known_sections[section]
        hints = typing.get_type_hints(kind)
        known = {item.name: item for item in fields(kind)}
        new: dict[str, object] = {}
        for key, value in entries.items():
            where = f"{origin}: {section}.{key}"
            if key not in known:
                msg = f"{origin}: unknown key {key!r} in [{section}]{_suggest(key, list(known))}"
                raise ConfigError(msg)
            new[key] = _coerce(value, hints[key], where)
            _check(new[key], known[key].metadata, where)
            origins[f"{section}.{key}"] = origin
        changes[section] = replace(getattr(config, section), **new)
    return replace(config, **changes, origins=origins)  # type: ignore[arg-type]


def _from_environment(environment: Mapping[str, str]) -> dict[str, dict[str, object]]:
    """Read ``QLTUI_SECTION_KEY``; values are TOML where the setting is not a string."""
    found: dict[str, dict[str, object]] = {}
    for section, kind in sections().items():
        hints = typing.get_type_hints(kind)
        for item in fields(kind):
            name = f"QLTUI_{section}_{item.name}".upper()
            if name not in environment:
                continue
            text = environment[name]
            value: object = text
            if hints[item.name] is not str:
                try:
                    value = parse_toml(f"x = {text}")["x"]
                except tomllib.TOMLDecodeError as error:
                    msg = f"environment variable {name}={text!r} must be {_plain_type(hints[item.name])}"
                    raise ConfigError(msg) from error
            found.setdefault(section, {})[item.name] = value
    return found


def config_files(explicit: Path | None = None, environment: Mapping[str, str] | None = None) -> list[Path]:
    """Return the files that are read, the strongest last, whether they exist or not."""
    from platformdirs import user_config_path

    environment = os.environ if environment is None else environment
    files = [
        Path("/etc/qltui") / CONFIG_NAME,
        user_config_path("qltui") / CONFIG_NAME,
        Path.cwd() / CONFIG_NAME,
    ]
    named = explicit or (Path(environment["QLTUI_CONFIG"]) if environment.get("QLTUI_CONFIG") else None)
    return [*files, named.expanduser().absolute()] if named else files


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            return parse_toml(stream.read().decode("utf-8"))
    except tomllib.TOMLDecodeError as error:
        msg = f"{path}: not valid TOML: {error}"
        raise ConfigError(msg) from error
    except UnicodeDecodeError as error:
        msg = f"{path}: not UTF-8 text"
        raise ConfigError(msg) from error
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror}"
        raise ConfigError(msg) from error


def load_config(
    explicit: Path | None = None,
    *,
    flags: Mapping[str, object] | None = None,
    environment: Mapping[str, str] | None = None,
    files: list[Path] | None = None,
) -> Config:
    """Read all sources and return the settings.

    Parameters
    ----------
    explicit : Path, optional
        File named on the command line; it must exist.
    flags : mapping, optional
        Settings given as flags, ``{"paths": {"data": "/data"}}``.
    environment : mapping, optional
        Instead of `os.environ`.
    files : list of Path, optional
        Instead of `config_files`.

    Returns
    -------
    Config
        Checked; `Config.origins` says where each value came from.

    Raises
    ------
    ConfigError
        With the file, the key and what is allowed.
    """
    environment = os.environ if environment is None else environment
    if explicit is not None and not explicit.expanduser().is_file():
        msg = f"{explicit}: no such file; `qltui config init {explicit}` writes one"
        raise ConfigError(msg)
    config = Config()
    for path in config_files(explicit, environment) if files is None else files:
        if path.is_file():
            config = _apply(config, _read(path), str(path))
    config = _apply(config, _from_environment(environment), "environment")
    if flags:
        config = _apply(config, flags, "command line")
    _check_together(config)
    return config


def _check_together(config: Config) -> None:
    if config.disk.warning > config.disk.alarm:
        msg = f"disk.warning ({config.disk.warning}) is above disk.alarm ({config.disk.alarm}); a warning comes first"
        raise ConfigError(msg)


def with_version(config: Config, content: str, origin: str) -> Config:
    """Return `config` with the settings of a version of the record on top.

    Environment and command line win over it, as they win over files.

    Parameters
    ----------
    config : Config
        From files, environment and command line.
    content : str
        TOML, in the form of a configuration file.
    origin : str
        What is noted as the origin of its settings, ``"record: winter v3, Ann 2026-11-23"``.

    Raises
    ------
    ConfigError
        As for a file; and where it names the record itself, which cannot say where it lies.
    """
    try:
        values = parse_toml(content)
    except tomllib.TOMLDecodeError as error:
        msg = f"{origin}: not valid TOML: {error}"
        raise ConfigError(msg) from error
    changed = _apply(config, values, origin)
    for key in NOT_OF_THE_RECORD:
        if changed.origins.get(key) == origin:
            msg = f"{origin}: {key} decides which record is read and cannot be kept in it; set it in a file"
            raise ConfigError(msg)
    stronger = {key for key, source in config.origins.items() if source in STRONGER}
    ours: dict[str, dict[str, object]] = {}
    for section, entries in values.items():
        ours[section] = {key: value for key, value in entries.items() if f"{section}.{key}" not in stronger}
    changed = _apply(config, ours, origin)
    _check_together(changed)
    return changed
