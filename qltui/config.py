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
``display``     the screens
==============  ==================================================

A later source wins: defaults, ``/etc/qltui/qltui.toml``, the user's ``qltui.toml``, ``./qltui.toml``, the file named by
``--config`` or ``QLTUI_CONFIG``, environment variables ``QLTUI_SECTION_KEY``, flags of the command line.
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
from typing import Any

__all__ = [
    "CONFIG_NAME",
    "Config",
    "ConfigError",
    "Setting",
    "config_files",
    "load_config",
    "sections",
    "settings_of",
]

CONFIG_NAME = "qltui.toml"


class ConfigError(Exception):
    """A setting is wrong; the message names the file, the key and what is allowed."""


def _setting(
    default: Any,
    doc: str,
    *,
    unit: str = "",
    choices: tuple[str, ...] = (),
    minimum: float | None = None,
    maximum: float | None = None,
) -> Any:
    """Declare one setting with everything that help, validation and the template need."""
    metadata = {"doc": doc, "unit": unit, "choices": choices, "minimum": minimum, "maximum": maximum}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Site:
    """Where we are and who looks."""

    instrument: str = _setting("desi", "The instrument that is watched.", choices=("desi",))
    name: str = _setting("", "Name of the site, shown at the top of the screen.")
    timezone: str = _setting("", "IANA name, for the local night; empty for the instrument's own.")
    observer: str = _setting("", "Who is observing; empty for the login name.")
    location: str = _setting(
        "",
        'Latitude, east longitude [deg], elevation [m]: "31.964, -111.600, 2097"; empty for the instrument\'s own.',
    )


@dataclass(frozen=True, slots=True)
class Paths:
    """Directories and files."""

    data: str = _setting("", "Root of the raw data, NIGHT/EXPID below it. Only ever read.")
    state: str = _setting("", "Database, logs and products; on a local disk. Empty for the user's state directory.")
    calibration: str = _setting("", "Calibrations; empty for $DESI_SPECTRO_CALIB, or none.")
    limits: str = _setting("", "The site's own limits.toml, on top of the instrument's.")


@dataclass(frozen=True, slots=True)
class Engine:
    """How the engine works."""

    slots: int = _setting(0, "Worker processes; 0 for one for each processor.", minimum=0, maximum=256)
    in_flight: int = _setting(2, "Exposures in reduction at the same time.", minimum=1, maximum=8)
    settle: float = _setting(
        2.0, "A file is complete when it has not changed for so long.", unit="s", minimum=0.0, maximum=600.0
    )
    rescan: float = _setting(
        10.0,
        "The data directory is looked through this often, whatever the hints say.",
        unit="s",
        minimum=0.2,
        maximum=3600.0,
    )
    attempts: int = _setting(2, "How often a camera is tried before it is FAILED.", minimum=1, maximum=10)
    nights: int = _setting(1, "How many of the newest nights are watched.", minimum=1, maximum=3650)
    products: bool = _setting(True, "Write per-fibre tables, spectra and previews.")
    nice: int = _setting(5, "Courtesy of the workers towards other programs.", minimum=0, maximum=19)


@dataclass(frozen=True, slots=True)
class Cameras:
    """Which cameras count."""

    off: tuple[str, ...] = _setting((), 'Cameras that are switched off and not expected, as ["z8"].')


@dataclass(frozen=True, slots=True)
class Reduction:
    """Parts of the workflow that can be switched off."""

    cosmics: bool = _setting(True, "Find cosmic rays.")
    preview: bool = _setting(True, "Write a small picture of each camera.")
    spectra_rows: int = _setting(
        4, "Rows of the detector in one bin of the spectra that are kept.", minimum=1, maximum=64
    )


@dataclass(frozen=True, slots=True)
class Disk:
    """When the disk is filling up."""

    warning: float = _setting(0.80, "Used fraction of the state's disk that is a WARNING.", minimum=0.0, maximum=1.0)
    alarm: float = _setting(0.92, "Used fraction of the state's disk that is an ALARM.", minimum=0.0, maximum=1.0)


@dataclass(frozen=True, slots=True)
class Display:
    """How it looks."""

    theme: str = _setting("day", "Colours of the screen.", choices=("day", "night-red", "mono"))
    charset: str = _setting("auto", "Characters of grids and charts.", choices=("auto", "braille", "block", "ascii"))
    mouse: str = _setting(
        "auto", "auto is off over SSH, so that the terminal's own copy works.", choices=("auto", "on", "off")
    )


@dataclass(frozen=True, slots=True)
class Config:
    """All settings, and where each came from: ``origins["engine.slots"]``."""

    site: Site = field(default_factory=Site)
    paths: Paths = field(default_factory=Paths)
    engine: Engine = field(default_factory=Engine)
    cameras: Cameras = field(default_factory=Cameras)
    reduction: Reduction = field(default_factory=Reduction)
    disk: Disk = field(default_factory=Disk)
    display: Display = field(default_factory=Display)
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
    if choices and value not in choices:
        msg = f"{where} is {value!r}; choose one of {', '.join(choices)}"
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
                    value = tomllib.loads(f"x = {text}")["x"]
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
            return tomllib.load(stream)
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
    if config.disk.warning > config.disk.alarm:
        msg = f"disk.warning ({config.disk.warning}) is above disk.alarm ({config.disk.alarm}); a warning comes first"
        raise ConfigError(msg)
    return config
