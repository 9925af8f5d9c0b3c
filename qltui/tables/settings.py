"""The settings as tables, by the sections of the screen that shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from qltui.config import Config, Setting, settings_of
from qltui.config_edit import allowed_words, setting_text
from qltui.tables.table import Column, Row, Styled, Table

__all__ = ["SETTING_SECTIONS", "SettingSection", "setting_of", "settings_table", "short_origin"]


@dataclass(frozen=True, slots=True)
class SettingSection:
    """Settings that are shown together: those whose key begins with one of `prefixes`; all where it is empty."""

    name: str
    title: str
    help: str
    prefixes: tuple[str, ...] = ()

    def holds(self, key: str) -> bool:
        """Return whether a setting belongs to it."""
        return not self.prefixes or key.startswith(self.prefixes)


SETTING_SECTIONS: Final = (
    SettingSection("settings", "Settings", "every setting, its value and where that comes from"),
    SettingSection(
        "workflow",
        "Workflow",
        "components of the reduction; space switches one on or off",
        ("reduction.", "engine.products", "cameras."),
    ),
    SettingSection("alarms", "Alarms", "what calls the observer, and how loudly", ("alarms.", "disk.")),
    SettingSection("others", "Others", "site, paths, display and keys", ("site.", "paths.", "display.", "keys.")),
)

_COLUMNS: Final = (
    Column("key", "setting", doc="section and name, as in the file"),
    Column("value", "value", doc="as it is in force; a star marks a change that is not saved"),
    Column("unit", "unit", doc="unit of the value"),
    Column("origin", "from", doc="file, environment, command line or version that it comes from"),
    Column("default", "default", doc="value where nobody sets one", shown=False),
    Column("allowed", "allowed", doc="what it may be", shown=False),
    Column("doc", "meaning", doc="what it does", shown=False),
)

_DEFAULTS: Final = {setting.key: setting.value for setting in settings_of(Config())}


def setting_of(config: Config, key: str) -> Setting | None:
    """Return one setting of `config`, or None where there is none of that name."""
    return next((setting for setting in settings_of(config) if setting.key == key), None)


def settings_table(config: Config, section: SettingSection, changes: Mapping[str, object]) -> Table:
    """Return the settings of a section; keys of the rows are those of the settings.

    Parameters
    ----------
    config : Config
        As it is in force.
    section : SettingSection
        Which of them.
    changes : mapping
        New values by key that are not saved yet.
    """
    rows = tuple(_row(setting, changes) for setting in settings_of(config) if section.holds(setting.key))
    return Table(f"settings-{section.name}", section.title, _COLUMNS, rows)


def _row(setting: Setting, changes: Mapping[str, object]) -> Row:
    is_changed = setting.key in changes
    value = changes.get(setting.key, setting.value)
    shown = _value_text(value)
    origin = Styled("not saved", "active") if is_changed else Styled(short_origin(setting.origin), "dim")
    return Row(
        setting.key,
        (
            setting.key,
            Styled(f"{shown} *", "active") if is_changed else Styled(shown, "strong"),
            setting.unit,
            origin,
            _value_text(_DEFAULTS[setting.key]),
            allowed_words(setting.key),
            setting.doc,
        ),
    )


def _value_text(value: object) -> str:
    """Return a value for people: what can be switched is on or off, and nothing is told as such."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return setting_text(value) or "(none)"


def short_origin(origin: str) -> str:
    """Return an origin in few words: of a file the end of its path."""
    if "/" not in origin:
        return origin
    parts = origin.rstrip("/").split("/")
    return "/".join(parts[-2:]) if len(parts) > 2 else origin
