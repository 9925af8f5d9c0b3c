"""The settings' screen: what is in force and where it comes from, changed in place and saved as dated versions."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any, Final

from textual.binding import Binding

from qltui.config import Config
from qltui.tables.criteria import Criterion, criteria_table
from qltui.tables.settings import SETTING_SECTIONS, SettingSection, setting_of, settings_table
from qltui.tables.table import Column, Row, Styled, Table
from qltui.tables.versions import limit_differences, setting_differences, versions_table
from qltui.tui.screens.base import PaneRow, PaneScreen, Question
from qltui.tui.screens.configuration_edit import Drafts, SettingsEditing
from qltui.tui.screens.configuration_keys import CONFIGURATION_BINDINGS, CONFIGURATION_FOOTER
from qltui.tui.screens.configuration_limits import LimitsEditing
from qltui.tui.screens.configuration_question import Standing, entries_of, read_standing
from qltui.tui.screens.configuration_versions import VersionKeys
from qltui.tui.text import Line, clean, join
from qltui.tui.widgets.drawn import ScrolledDrawn
from qltui.tui.widgets.settings_detail import criterion_lines, paragraph, setting_lines, version_lines
from qltui.tui.widgets.table import TableView
from qltui.tui.words import plural

if TYPE_CHECKING:
    from textual.binding import BindingType

    from qltui.store.versions import SavedVersion
    from qltui.tui.widgets.lines import Lines

__all__ = ["ConfigurationScreen"]

_CRITERIA: Final = SettingSection("criteria", "QA criteria", "limits of every metric")
_VERSIONS: Final = SettingSection("versions", "Versions", "what was saved, by whom and why")
SECTIONS: Final = (*SETTING_SECTIONS[:2], _CRITERIA, SETTING_SECTIONS[2], _VERSIONS, *SETTING_SECTIONS[3:])
"""In the order of the list."""

_SECTION_COLUMNS: Final = (
    Column("title", "section", doc="part of the configuration"),
    Column("changes", "", align=">", doc="changes that are not saved"),
)


class _Entries(TableView):
    """The entries of a section; the bar switches what can be on or off."""

    BINDINGS: list[BindingType] = [  # noqa: RUF012  (Textual's declaration)
        Binding("enter", "choose", "edit", id="configuration.edit", tooltip="change the value under the cursor"),
        Binding("space", "tick", "on, off", id="configuration.switch", tooltip="switch what is under the cursor"),
    ]

    def action_choose(self) -> None:
        """Ask at once, without a message in between: who types ahead must not reach other keys of the screen."""
        self.screen.open_entry(self.cursor_key)

    def action_tick(self) -> None:
        """Switch what is under the cursor."""
        self.screen.switch(self.cursor_key)


class ConfigurationScreen(SettingsEditing, LimitsEditing, VersionKeys, PaneScreen):
    """Sections at the left, their entries, and the one under the cursor in full."""

    NAME = "configuration"
    BINDINGS = CONFIGURATION_BINDINGS
    FOOTER = CONFIGURATION_FOOTER

    def __init__(self) -> None:
        super().__init__()
        self.section = SECTIONS[0]
        self.standing: Standing | None = None
        self.drafts = Drafts()
        self.fault = ""
        self.flips: tuple[str, ...] = ()
        self._left_at: dict[str, Hashable | None] = {}

    # -- parts -------------------------------------------------------------------------------------------------

    def make_panes(self) -> Sequence[Lines]:
        """Return the list of sections, the entries of one, and the entry under the cursor."""
        return (TableView(id="sections"), _Entries(id="entries"), ScrolledDrawn(id="detail"))

    def plan(self, width: int, height: int) -> Sequence[PaneRow]:  # noqa: ARG002
        """Return sections beside entries; the details stand below them, or beside them where there is room."""
        if width >= 150:
            return (PaneRow((("sections", 18.0), ("entries", 3.4), ("detail", 1.0))),)
        return (PaneRow((("sections", 18.0), ("entries", 1.0))), PaneRow((("detail", 1.0),), height=7))

    def on_mount(self) -> None:
        """Begin where there is most to see."""
        self.entries.focus()

    def question(self) -> Question:
        """Ask for what is in force and what was ever saved."""
        return read_standing(self.viewer.config or Config(), self.viewer.instrument)

    def show(self, answer: Standing | None) -> None:
        """Show what is in force, with the changes that are not saved on top."""
        self.standing = answer or Standing(self.viewer.config or Config(), criteria=entries_of(self.viewer.instrument))
        self.after_saving()
        self.show_section()

    @property
    def sections(self) -> TableView:
        """The list of sections."""
        return self.query_one("#sections", TableView)

    @property
    def entries(self) -> TableView:
        """The entries of the section."""
        return self.query_one("#entries", TableView)

    @property
    def key(self) -> Hashable | None:
        """Key of the entry under the cursor."""
        return self.entries.cursor_key

    def show_section(self) -> None:
        """Show the entries of the section, and the one under the cursor."""
        standing = self.standing
        if standing is None:
            return
        # Going to another screen loses nothing; leaving the program would.
        count = len(self.drafts)
        self.viewer.unsaved[self.NAME] = f"{plural(count, 'change')} of the settings" if count else ""
        rows = tuple(Row(item.name, (item.title, self._mark(item))) for item in SECTIONS)
        self.sections.show(Table("sections", "Sections", _SECTION_COLUMNS, rows))
        self.sections.move_to(self.section.name)
        table = self._table(standing)
        here = self._left_at.pop(self.section.name, None)
        if self.entries.table is not None and self.entries.table.name != table.name:
            # The cursor of another section's table means nothing here.
            here = here or next((row.key for row in table.rows), None)
        self.entries.show(table, here)
        self.show_detail()
        self.draw_frame()

    def _mark(self, section: SettingSection) -> Styled:
        if section is _CRITERIA:
            count = len(self.drafts.limits)
        elif section is _VERSIONS:
            count = 0
        else:
            count = sum(section.holds(key) for key in self.drafts.settings)
        return Styled(f"{count} *" if count else "", "active")

    def _table(self, standing: Standing) -> Table:
        if self.section is _CRITERIA:
            return criteria_table(standing.criteria, self.drafts.limits, self.viewer.instrument)
        if self.section is _VERSIONS:
            return versions_table(standing.versions)
        return settings_table(standing.config, self.section, self.drafts.settings)

    # -- what is under the cursor ------------------------------------------------------------------------------

    def show_detail(self) -> None:
        """Show the entry under the cursor in full."""
        standing, key = self.standing, self.key
        if standing is None:
            return
        draw = self._detail(standing, key)
        faults = standing.faults
        self.query_one("#detail", ScrolledDrawn).show(
            lambda width, _charset: [
                *(line for fault in faults for line in paragraph("wrong", fault, width, "bad")),
                *draw(width),
            ]
        )

    def _detail(self, standing: Standing, key: Any) -> Callable[[int], Sequence[Line]]:
        if self.section is _CRITERIA:
            return self._criterion_detail(standing, key)
        if self.section is _VERSIONS:
            version = self.version
            if version is None:
                return lambda _width: [((" nothing was saved yet: S keeps changes as a version", "dim"),)]
            words = self.differences(version)
            return lambda width: version_lines(version, words, width)
        setting = setting_of(standing.config, str(key))
        if setting is None:
            return lambda _width: ()
        default = setting_of(Config(), setting.key)
        change, fault = self.drafts.settings.get(setting.key), self.fault
        return lambda width: setting_lines(setting, default.value if default else None, change, fault, width)

    def _criterion_detail(self, standing: Standing, key: Any) -> Callable[[int], Sequence[Line]]:
        criterion = next((item for item in standing.criteria if item.number == key), None)
        limits = self.drafts.limits
        options = {
            "removed": key in limits and limits[key] is None,
            "instrument": self.viewer.instrument,
            "flips": self.flips if limits else (),
            "fault": self.fault,
        }
        return lambda width: criterion_lines(criterion, limits.get(key), **options, width=width)

    @property
    def version(self) -> SavedVersion | None:
        """The version under the cursor."""
        found = self.standing.versions if self.standing is not None else ()
        return next((item for item in found if item.number == self.key), None)

    @property
    def criterion(self) -> Criterion | None:
        """The entry of the limits under the cursor, where it is one of those in force."""
        found = self.standing.criteria if self.standing is not None else ()
        return next((item for item in found if item.number == self.key), None)

    def differences(self, version: SavedVersion) -> list[str]:
        """Return what would change if a version were put in force, in words."""
        before = self.standing.selected(version.kind) if self.standing is not None else None
        if version.kind == "settings":
            return setting_differences(self.settings_in(before), self.settings_in(version))
        own = [self.limits_in(item) for item in (before, version)]
        return limit_differences(own[0], own[1], self.viewer.instrument)

    def save_unsaved(self) -> None:
        """Ask for name and reason of a new version."""
        self.action_save_changes()

    # -- words -------------------------------------------------------------------------------------------------

    def heading(self, pane: str) -> str:
        """Return the words above a pane."""
        if pane == "entries":
            return f"{self.section.title}  {self.entries.summary}"
        return {"sections": "Sections", "detail": "In full"}[pane]

    def head(self) -> Line:
        """Return what is in force, and how many changes are not saved."""
        standing, count = self.standing, len(self.drafts)
        parts: list[Line] = [((f"{plural(count, 'change')} not saved", "active"),) if count else ()]
        if standing is not None:
            for kind in ("settings", "limits"):
                version = standing.selected(kind)
                parts.append((
                    (f"{kind}: ", "dim"), (clean(version.words) if version is not None else "as in the files", "text"),
                ))  # fmt: skip
        return join(parts)

    def _show_footer(self) -> None:
        # What can be done depends on the section more than on the pane.
        from qltui.tui.screens.pane_keys import pane_hints
        from qltui.tui.widgets.footer import Footer

        names = (*self.FOOTER[self.section.name], *self.FOOTER[""])
        self.query_one(Footer).show(pane_hints(self.viewer.commands(), names, self.size.width, self.NAME))

    # -- moving ------------------------------------------------------------------------------------------------

    def on_table_view_moved(self, event: TableView.Moved) -> None:
        """Follow the cursor: another section, or another entry."""
        if event.control.id == "sections":
            self.go_to_section(str(event.key))
        else:
            self.fault = ""
            self.show_detail()

    def on_table_view_chosen(self, _event: TableView.Chosen) -> None:
        """Go from a section to its entries."""
        self.focus_pane("entries")

    def open_entry(self, key: Any) -> None:
        """Change an entry; of a version, read all that it would do."""
        if key is None:
            return
        if self.section is _CRITERIA:
            self.ask_criterion()
        elif self.section is _VERSIONS:
            self.focus_pane("detail")
        else:
            self.ask_setting(str(key))

    def go_to_section(self, name: str) -> None:
        """Show another section."""
        found = next((item for item in SECTIONS if item.name == name), self.section)
        if found is not self.section:
            self._left_at[self.section.name] = self.key
            self.section, self.fault = found, ""
            self.entries.set_filter("")
            self.show_section()

    def action_section(self, by: int) -> None:
        """Go to the next section, or to the one before."""
        names = [item.name for item in SECTIONS]
        self.go_to_section(names[(names.index(self.section.name) + by) % len(names)])

    def close_something(self) -> bool:
        """Take back the filter."""
        if not self.entries.words:
            return False
        self.entries.set_filter("")
        self.draw_frame()
        return True

    # -- changes -----------------------------------------------------------------------------------------------

    def action_undo(self) -> None:
        """Take back the change under the cursor."""
        drafts = self.drafts.limits if self.section is _CRITERIA else self.drafts.settings
        if self.key not in drafts:
            self.say("nothing of this is changed")
            return
        del drafts[self.key]
        self.changed()

    def changed(self) -> None:
        """Show the changes; what they would do has to be counted again."""
        self.fault, self.flips = "", ()
        self.show_section()
