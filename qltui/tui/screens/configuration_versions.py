"""Versions: changes saved under a name with a reason, one put in force, one made the default, and going back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from qltui.config import ConfigError
from qltui.config_edit import changes_from_toml, changes_to_toml
from qltui.quality.limits_file import LimitsError, parse_limits
from qltui.quality.limits_text import limits_toml
from qltui.tui.prompt import ChoiceScreen, WordsScreen
from qltui.tui.text import clean
from qltui.tui.words import plural

if TYPE_CHECKING:
    from textual.app import App

    from qltui.quality.limits import Limit
    from qltui.store.versions import SavedVersion
    from qltui.tui.app import MonitorApp
    from qltui.tui.screens.configuration_edit import Drafts
    from qltui.tui.screens.configuration_question import Standing

__all__ = ["Saving", "VersionKeys"]

_FIRST_NAME: Final = "site"


@dataclass(frozen=True, slots=True)
class Saving:
    """A version that the engine was asked to keep; once it is in the record, it is put in force where `select`."""

    kind: str
    name: str
    content: str
    select: bool


class VersionKeys:
    """Saves, selects and resets versions; `standing`, `drafts`, `say`, `request` and the rest are the screen's."""

    saving: Saving | None = None

    if TYPE_CHECKING:
        app: App
        viewer: MonitorApp
        standing: Standing | None
        drafts: Drafts

    # -- contents ----------------------------------------------------------------------------------------------

    def settings_in(self, version: SavedVersion | None) -> Mapping[str, object]:
        """Return the settings that a version sets; none where it cannot be read."""
        try:
            return changes_from_toml(version.content) if version is not None else {}
        except ConfigError:
            return {}

    def limits_in(self, version: SavedVersion | None) -> tuple[Limit, ...]:
        """Return the entries that a version has; none where it cannot be read."""
        try:
            return (
                parse_limits(version.content, self.viewer.instrument, where=version.words, from_site=True)
                if version is not None
                else ()
            )
        except LimitsError:
            return ()

    def new_content(self, kind: str) -> str:
        """Return the content of the next version: that of the one in force, with the changes."""
        if kind == "limits":
            return limits_toml(self.new_record_limits())
        settings = {**self.settings_in(self.standing.selected(kind)), **self.drafts.settings}
        return changes_to_toml(settings)

    # -- saving ------------------------------------------------------------------------------------------------

    def action_save_changes(self) -> None:
        """Keep the changes as a new version; limits are tried on the last nights first."""
        kind = "limits" if self.section.name == "criteria" else "settings"
        if not self.drafts.of(kind):
            kind = "settings" if kind == "limits" else "limits"
        if not self.drafts.of(kind):
            self.say("nothing is changed")
        elif kind == "limits":
            self.run_worker(self._try_limits, group="flips", exclusive=True)
        else:
            self._ask_name(kind)

    async def _try_limits(self) -> None:
        flips = await self.count_flips()

        def answered(key: str | None) -> None:
            if key is not None:
                self._ask_name("limits")

        words = flips[0] if flips else "What this would change is not known"
        self.app.push_screen(ChoiceScreen(f"{words}.", [("y", "save it")]), answered)

    def _ask_name(self, kind: str) -> None:
        before = self.standing.selected(kind)

        def typed(name: str | None) -> None:
            if name is None:
                return
            if name.strip():
                self._ask_reason(kind, name.strip())
            else:
                self.say("not saved: a version needs a name", "warn")

        self.app.push_screen(WordsScreen(f"save {kind} as: ", before.name if before else _FIRST_NAME), typed)

    def _ask_reason(self, kind: str, name: str) -> None:
        def typed(reason: str | None) -> None:
            if reason is None:
                return
            if reason.strip():
                self._ask_when(kind, name, reason.strip())
            else:
                self.say("not saved: say why, so that the next observer knows", "warn")

        self.app.push_screen(WordsScreen("reason: "), typed)

    def _ask_when(self, kind: str, name: str, reason: str) -> None:
        async def answered(key: str | None) -> None:
            if key is None:
                return
            try:
                content = self.new_content(kind)
            except ConfigError as error:
                self.say(f"not saved: {clean(str(error))}", "bad")
                return
            arguments = {"kind": kind, "name": name, "content": content, "reason": reason}
            if await self.request("save_configuration", arguments) is not None:
                self.saving = Saving(kind, name, content, select=key == "y")

        count = plural(len(self.drafts.of(kind)), "change")
        choices = [("y", "and put it in force"), ("k", "keep it for later")]
        self.app.push_screen(ChoiceScreen(f"Save {count} as {name!r}", choices), answered)

    def after_saving(self) -> None:
        """Forget the changes once the record has them, and put the new version in force where that was wished."""
        saving = self.saving
        if saving is None or self.standing is None:
            return
        found = [
            item
            for item in self.standing.versions
            if (item.kind, item.name, item.content) == (saving.kind, saving.name, saving.content)
        ]
        if not found:
            return
        self.saving = None
        self.drafts.of(saving.kind).clear()
        version = max(found, key=lambda item: item.number)
        if saving.select and not version.selected:
            self.run_worker(self._select(version), group="select")

    # -- selecting ---------------------------------------------------------------------------------------------

    async def _select(self, version: SavedVersion) -> None:
        await self.request("select_configuration", {"kind": version.kind, "version": version.number})

    def action_select(self) -> None:
        """Put the version under the cursor in force, after a question."""
        version = self.version if self.section.name == "versions" else None
        if version is None:
            self.say("choose one of the versions first (t goes there)")
            return
        if version.selected:
            self.say(f"{version.words} is in force")
            return

        async def answered(key: str | None) -> None:
            if key is not None:
                await self._select(version)

        count = plural(len(self.differences(version)), "difference")
        question = f"Put {version.kind} {version.words} in force? {count}."
        self.app.push_screen(ChoiceScreen(question, [("y", "yes")]), answered)

    async def action_make_default(self) -> None:
        """Let a reset go back to the version under the cursor."""
        version = self.version if self.section.name == "versions" else None
        if version is None:
            self.say("choose one of the versions first (t goes there)")
        elif version.default:
            self.say(f"{version.words} is the default")
        else:
            await self.request("default_configuration", {"kind": version.kind, "version": version.number})

    def action_reset(self) -> None:
        """Go back to the default version, or to the files alone where there is none; after a question."""
        found = self.standing.versions if self.standing is not None else ()
        kinds = [kind for kind in ("settings", "limits") if self.standing and self.standing.selected(kind)]
        if not kinds:
            self.say("nothing but the files is in force")
            return

        def back(kind: str) -> str:
            return next((item.words for item in found if item.kind == kind and item.default), "the files")

        async def answered(key: str | None) -> None:
            if key is not None:
                await self.request("reset_configuration", {"kind": "settings" if key == "s" else "limits"})

        choices = [(kind[0], f"{kind} to {back(kind)}") for kind in kinds]
        self.app.push_screen(ChoiceScreen("Go back with", choices), answered)
