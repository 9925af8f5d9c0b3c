"""Changing settings in place: typed, checked at once, and kept as a draft until they are saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qltui.config import NOT_OF_THE_RECORD, ConfigError
from qltui.config_edit import changed_config, parse_setting, setting_text
from qltui.tables.settings import setting_of
from qltui.tui.prompt import ChoiceScreen, WordsScreen
from qltui.tui.words import plural

if TYPE_CHECKING:
    from textual.app import App

    from qltui.quality.limits import Limit
    from qltui.tui.screens.configuration_question import Standing

__all__ = ["Drafts", "SettingsEditing"]


@dataclass(slots=True)
class Drafts:
    """What was changed and is not saved.

    Attributes
    ----------
    settings : dict
        New values by key.
    limits : dict
        New entries by number, None for one that is taken out.
    """

    settings: dict[Any, object] = field(default_factory=dict)
    limits: dict[Any, Limit | None] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.settings) + len(self.limits)

    def of(self, kind: str) -> Mapping[Any, object]:
        """Return the changes of a kind, ``"settings"`` or ``"limits"``."""
        return self.settings if kind == "settings" else self.limits


class SettingsEditing:
    """Changes settings; `standing`, `drafts`, `fault`, `say`, `show_detail` and `changed` are the screen's."""

    if TYPE_CHECKING:
        app: App
        standing: Standing | None
        drafts: Drafts
        fault: str

    def ask_setting(self, key: str, typed: str | None = None) -> None:
        """Ask for the new value of a setting; what can be switched is switched without a question."""
        setting = setting_of(self.standing.config, key) if self.standing is not None else None
        if setting is None:
            return
        now = self.drafts.settings.get(key, setting.value)
        if isinstance(now, bool):
            self._set(key, not now)
            return

        def heard(words: str) -> None:
            self.fault = self.wrong_with(key, words)
            self.show_detail()

        def answered(words: str | None) -> None:
            if words is None:
                self.fault = ""
                self.show_detail()
            elif self.wrong_with(key, words):
                # What is wrong stands in the details; the words are kept, so that a slip costs one letter.
                self.ask_setting(key, words)
                heard(words)
            else:
                self._set(key, parse_setting(key, words))

        unit = f" [{setting.unit}]" if setting.unit else ""
        first = setting_text(now) if typed is None else typed
        self.app.push_screen(WordsScreen(f"{key}{unit}: ", first, heard), answered)

    def switch(self, key: Any) -> None:
        """Switch a setting on or off."""
        setting = setting_of(self.standing.config, str(key)) if self.standing is not None else None
        if setting is None or not isinstance(setting.value, bool):
            self.say("this cannot be switched: enter changes it")
            return
        self.ask_setting(setting.key)

    def wrong_with(self, key: str, words: str) -> str:
        """Return why these words cannot be the value of a setting; empty where they can."""
        if key in NOT_OF_THE_RECORD:
            return f"{key} decides which record is read and cannot be kept in it; set it in a file"
        try:
            value = parse_setting(key, words)
            changed = changed_config(self.standing.config, {**self.drafts.settings, key: value}, "typed")
            if key.startswith("keys."):
                from qltui.tui.keymap import KeymapError, checked_keymap

                try:
                    checked_keymap(changed.keys.bindings)
                except KeymapError as error:
                    return str(error)
        except ConfigError as error:
            return str(error)
        return ""

    def _set(self, key: str, value: object) -> None:
        setting = setting_of(self.standing.config, key)
        if setting is not None and setting.value == value:
            self.drafts.settings.pop(key, None)
        else:
            self.drafts.settings[key] = value
        self.changed()

    def action_undo_all(self) -> None:
        """Take back all changes, after a question."""
        if not self.drafts:
            self.say("nothing is changed")
            return

        def answered(key: str | None) -> None:
            if key is not None:
                self.drafts.settings.clear()
                self.drafts.limits.clear()
                self.changed()

        question = f"Take back {plural(len(self.drafts), 'change')}?"
        self.app.push_screen(ChoiceScreen(question, [("y", "yes, all of them")]), answered)
