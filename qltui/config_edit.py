"""Settings changed by hand: what was typed is read and checked as a file would be, and kept as TOML."""

from __future__ import annotations

import tomllib
import typing
from collections.abc import Mapping
from dataclasses import fields, replace
from functools import cache
from typing import Any, Final

from qltui.config import Config, ConfigError, load_config, sections, settings_of
from qltui.config_text import to_toml
from qltui.documents import parse_toml

__all__ = ["allowed_words", "changed_config", "changes_from_toml", "changes_to_toml", "parse_setting", "setting_text"]

_BOOLEANS: Final[Mapping[str, bool]] = {
    "true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False,
}  # fmt: skip
_FLAGS: Final = "command line: "
"""What `load_config` says of values that it was handed; here they were typed."""


@cache
def _declared(key: str) -> tuple[Any, Mapping[str, Any]]:
    """Return type and metadata of a setting; ConfigError where there is none of that name."""
    section, _, name = key.partition(".")
    kind = sections().get(section)
    if kind is not None:
        for item in fields(kind):
            if item.name == name:
                return typing.get_type_hints(kind)[name], item.metadata
    msg = f"there is no setting {key!r}"
    raise ConfigError(msg)


def allowed_words(key: str) -> str:
    """Return what a setting may be, in words: ``"1 to 8"``, ``"day, night-red or mono"``, ``"true or false"``.

    Raises
    ------
    ConfigError
        Where there is no such setting.
    """
    hint, metadata = _declared(key)
    if metadata["choices"]:
        *others, last = metadata["choices"]
        return f"{', '.join(others)} or {last}" if others else str(last)
    if hint is bool:
        return "true or false"
    if hint in (int, float):
        kind = "a whole number" if hint is int else "a number"
        low, high = metadata["minimum"], metadata["maximum"]
        bounds = f" from {low:g} to {high:g}" if low is not None and high is not None else ""
        return f"{kind}{bounds} {metadata['unit']}".rstrip()
    return "some words" if hint is str else "names, with blanks or commas between them"


def parse_setting(key: str, text: str) -> object:
    """Return what was typed for a setting as a value of its type; whether it is allowed is not checked yet.

    Raises
    ------
    ConfigError
        Where it is not of that type.
    """
    hint, _ = _declared(key)
    words = text.strip()
    try:
        if hint is bool:
            return _BOOLEANS[words.lower()]
        if hint is int:
            return int(words)
        if hint is float:
            return float(words)
    except (KeyError, ValueError) as error:
        msg = f"{key} must be {allowed_words(key)}, not {words[:40]!r}"
        raise ConfigError(msg) from error
    if hint is str:
        return words
    return tuple(word.strip("\"'") for word in words.strip("[]").replace(",", " ").split())


def setting_text(value: object) -> str:
    """Return a value as it is shown and typed; `parse_setting` reads it back."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value)
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)


def changed_config(config: Config, changes: Mapping[str, object], origin: str) -> Config:
    """Return `config` with some settings changed, all of it checked together.

    Parameters
    ----------
    config : Config
        As it stands.
    changes : mapping
        Values by key, ``{"engine.slots": 4}``.
    origin : str
        What is noted as the origin of the changed ones.

    Raises
    ------
    ConfigError
        Where a value is not allowed, or does not go with another.
    """
    values = {setting.key: setting.value for setting in settings_of(config)} | dict(changes)
    nested: dict[str, dict[str, object]] = {}
    for key, value in values.items():
        section, _, name = key.partition(".")
        nested.setdefault(section, {})[name] = value
    try:
        made = load_config(flags=nested, environment={}, files=[])
    except ConfigError as error:
        raise ConfigError(str(error).removeprefix(_FLAGS)) from error
    origins = {key: origin if key in changes else config.origins.get(key, "default") for key in values}
    parts = {name: getattr(made, name) for name in sections()}
    return Config(**parts, origins={key: words for key, words in origins.items() if words != "default"})


def changes_to_toml(changes: Mapping[str, object]) -> str:
    """Return settings by key as TOML, sections and keys in the order of the template.

    Raises
    ------
    ConfigError
        Where there is no such setting.
    """
    config = Config()
    parts: dict[str, dict[str, Any]] = {}
    for key, value in changes.items():
        _declared(key)
        section, _, name = key.partition(".")
        parts.setdefault(section, {})[name] = value
    # Not checked together here: a value may well go with those of the site's file and not with the defaults.
    changed: dict[str, Any] = {name: replace(getattr(config, name), **values) for name, values in parts.items()}
    config = replace(config, **changed)
    kept: list[str] = []
    for line in to_toml(config).splitlines():
        if line.startswith("["):
            section = line.strip("[]")
            kept.append(line)
        elif line and f"{section}.{line.partition(' = ')[0]}" in changes:
            kept.append(line)
    # A section without a changed key says nothing.
    lines = [
        line
        for index, line in enumerate(kept)
        if not line.startswith("[") or (index + 1 < len(kept) and not kept[index + 1].startswith("["))
    ]
    return "\n".join(lines) + "\n" if lines else ""


def changes_from_toml(text: str) -> dict[str, object]:
    """Return the settings that a TOML text holds, by key; unknown ones too: who uses them checks them.

    Raises
    ------
    ConfigError
        Where it is no TOML.
    """
    try:
        document = parse_toml(text)
    except tomllib.TOMLDecodeError as error:
        msg = f"not valid TOML: {error}"
        raise ConfigError(msg) from error
    found: dict[str, object] = {}
    for section, entries in document.items():
        if isinstance(entries, dict):
            for name, value in entries.items():
                found[f"{section}.{name}"] = tuple(value) if isinstance(value, list) else value
    return found
