"""The viewer: joins screens, themes, keys and the record. It decides nothing about data."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import App
from textual.binding import Binding

from qltui.instruments.base import Instrument, resolve
from qltui.tui.bell import AlarmBell
from qltui.tui.commands import Command, collect_commands
from qltui.tui.health import Health, engine_health, process_exists
from qltui.tui.jump import JumpScreen
from qltui.tui.memory import Memory
from qltui.tui.notes import head_notes
from qltui.tui.prompt import ChoiceScreen, TypingScreen
from qltui.tui.screens import SCREENS
from qltui.tui.selection import Selection
from qltui.tui.signals import install_signals
from qltui.tui.source import Reader, ReadError
from qltui.tui.stylesheet import SteadyStylesheet
from qltui.tui.symbols import CHARSETS, Charset
from qltui.tui.themes import PALETTES, make_theme
from qltui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from textual.events import Key
    from textual.screen import Screen
    from textual.theme import Theme

    from qltui.config import Config
    from qltui.store.views import EngineView
    from qltui.tui.screens.asking import Picture
    from qltui.tui.text import Line

__all__ = ["MonitorApp"]

POLL_SECONDS = 0.5
STOP_ENGINE = "shutdown"


def _screen(factory: str) -> Callable[[], Screen]:
    # Not loaded before it is shown: a screen that nobody opens must not cost start-up time.
    def make() -> Screen:
        return resolve(factory)()

    return make


class MonitorApp(App[int], inherit_bindings=False):
    """The screens of one state directory.

    Parameters
    ----------
    reader : Reader
        Way to the record.
    instrument : Instrument
        Whose tables name cameras, steps and metrics.
    charset : Charset
        What the terminal can show.
    theme : str
        Name of a palette.
    who : str
        Login name, for what is asked of the engine while nobody is named as the observer.
    own_engine : bool
        Whether this viewer started the engine: only then leaving asks what becomes of it.
    clock : callable
        The time [s since 1970].
    exists : callable
        Whether a process of this machine exists.
    keymap : mapping
        Other keys by id of the binding.
    poll : bool
        Whether to look at the record by the clock; tests look themselves.
    memory : Memory
        What is kept between runs; of this run alone where not given.
    state_directory : Path
        Where the engine keeps record, products and logs.
    save_directory : Path
        Where tables are saved; the working directory where not given.
    config : Config
        The settings with which this viewer was started; None where nobody has read any.
    start_engine : callable
        Starts an engine, waits for it and returns its process number; None where there are no settings for one.
    tour : bool
        Whether to begin with the guided tour.
    """

    CSS_PATH = "qltui.tcss"
    TITLE = "qltui"
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False
    ESCAPE_TO_MINIMIZE = False
    MODES: ClassVar = {entry.name: _screen(entry.factory) for entry in SCREENS}
    DEFAULT_MODE = SCREENS[0].name
    BINDINGS: ClassVar = [
        *(
            Binding(entry.key, f"show('{entry.name}')", entry.title, id=f"app.{entry.name}", tooltip=entry.help)
            for entry in SCREENS
            if entry.key
        ),
        Binding("g", "jump", "go", id="app.jump", tooltip="go to any screen by a letter, to any pane by its number"),
        Binding("N", "next_theme", "night", id="app.theme", tooltip="change the colours: day, night (red only), none"),
        Binding("question_mark,f1", "help", "help", id="app.help", tooltip="explain keys, shapes and metrics"),
        Binding("f2", "tour", "tour", id="app.tour", tooltip="be led through the screens, step by step"),
        Binding("f3", "help('About')", "about", id="app.about", tooltip="versions, licence, and where what is kept"),
        Binding("f4", "help('Changes')", "changes", id="app.changes", tooltip="what is new in this version"),
        Binding("ctrl+p", "palette", "actions", id="app.palette", tooltip="find any action by name"),
        Binding(
            "q,ctrl+q,ctrl+c", "leave", "quit", id="app.quit", tooltip="leave; a reduction goes on without a screen"
        ),
    ]

    def __init__(
        self,
        reader: Reader,
        instrument: Instrument,
        *,
        charset: Charset = CHARSETS["braille"],
        theme: str = "day",
        who: str = "",
        own_engine: bool = False,
        clock: Callable[[], float] = time.time,
        exists: Callable[[int], bool] = process_exists,
        keymap: Mapping[str, str] | None = None,
        poll: bool = True,
        memory: Memory | None = None,
        state_directory: Path | None = None,
        save_directory: Path | None = None,
        config: Config | None = None,
        start_engine: Callable[[], int] | None = None,
        tour: bool = False,
    ) -> None:
        super().__init__(ansi_color=None)
        self.reader = reader
        self.instrument = instrument
        self.charset = charset
        self._login = who
        self._named = config is not None and bool(config.site.observer)
        self._observer = ""
        self.clock = clock
        self.process_exists = exists
        self.memory = memory if memory is not None else Memory()
        self.alarm_bell = AlarmBell.of_site(self.memory, config)
        self.state_directory = state_directory
        self.save_directory = save_directory if save_directory is not None else Path.cwd()
        self.config = config
        self.start_engine = start_engine
        self.selection = Selection()
        self._arrivals: dict[str, Selection] = {}
        self._trail: list[str] = []
        self.unsaved: dict[str, str] = {}
        """What is not saved yet, in words, by screen; each such screen has `save_unsaved`."""
        self._own_engine = own_engine
        self._keys = dict(keymap or {})
        self._poll = poll
        self._begin_with_tour = tour
        for palette in PALETTES.values():
            self.register_theme(make_theme(palette))
        self.theme = theme
        self.stylesheet = SteadyStylesheet(variables=self.get_css_variables())
        self.animation_level = "none"

    async def on_mount(self) -> None:
        """Begin to look at the record."""
        install_signals(self)
        self.set_keymap(self._keys)
        self.theme_changed_signal.subscribe(self, self._repaint)
        if self._poll:
            self.set_interval(POLL_SECONDS, self.poll)
            self.call_after_refresh(self.poll)
        if self._begin_with_tour:
            self.call_after_refresh(self.action_tour)

    def _repaint(self, _theme: Theme) -> None:
        """Draw all lines in the new colours; their text has not changed, so that they would not do it themselves."""
        for screen in self.screen_stack:
            for pane in screen.query(Lines):
                pane.refresh()

    async def poll(self) -> None:
        """Let the screen that is shown look for news; one that lies under a question or a help goes on."""
        screen = self.screen_stack[0]
        look = getattr(screen, "poll", None)
        if look is not None:
            await look()
        await self.alarm_bell.listen(self.reader, self.bell)

    def on_key(self, event: Key) -> None:
        """Hand keys that were typed ahead of a question to the question; before any binding sees them."""
        screen = self.screen
        if isinstance(screen, TypingScreen):
            event.prevent_default()
            screen.take_key(event)

    # -- for screens -------------------------------------------------------------------------------------------

    def commands(self) -> dict[str, Command]:
        """Return every action of the screen that is shown, and of the app, by id."""
        screen = self.screen_stack[0]
        nodes = [screen, *screen.query(Lines), self]
        found = collect_commands(nodes, self._keys)
        for entry in SCREENS:
            # What has no number is reached by two keys, which no binding can say.
            if not entry.key:
                name, action = f"app.{entry.name}", f"show('{entry.name}')"
                found[name] = Command(name, f"g {entry.letter}", entry.title, entry.help, self, action)
        return {name: command.in_words_of(self.instrument) for name, command in found.items()}

    def health(self, engine: EngineView) -> Health:
        """Return how an engine is, as its last beat left it."""
        return engine_health(engine, self.clock(), exists=self.process_exists)

    @property
    def who(self) -> str:
        """Who signs what is done here: as the site's file says, else the observer of the night, else the login name."""
        return self._login if self._named or not self._observer else self._observer

    def heard_of(self, engine: EngineView) -> None:
        """Take over who observes, which is kept in the record and may be set on another screen."""
        self._observer = engine.observer

    def head_notes(self, picture: Picture) -> list[Line]:
        """Return what every screen says at its upper right: alarms, an engine that is not well, mode, observer."""
        return head_notes(picture.engine, self.health(picture.engine), picture.alarms, self.who, self.charset)

    def go(self, name: str, selection: Selection | None = None) -> None:
        """Show a screen, at `selection` or at what the observer looks at already; `back` returns from it."""
        if selection is not None:
            self.selection = selection
        self._arrivals[name] = self.selection
        if self.current_mode != name:
            self._trail = [*self._trail[-20:], self.current_mode]
            self.switch_mode(name)
        else:
            resume = getattr(self.screen_stack[0], "on_screen_resume", None)
            if resume is not None:
                resume(None)

    def back(self) -> None:
        """Go back to the screen that one came from; from the last one to the Monitor."""
        name = self._trail.pop() if self._trail else SCREENS[0].name
        if self.current_mode != name:
            self.switch_mode(name)

    def take_arrival(self, name: str) -> Selection | None:
        """Return what the observer wants to see on the screen `name`, once."""
        return self._arrivals.pop(name, None)

    # -- keys --------------------------------------------------------------------------------------------------

    def action_show(self, name: str) -> None:
        """Go to a screen, at what the observer looks at."""
        if self.current_mode != name:
            self.go(name)

    def action_jump(self) -> None:
        """Go to any screen by a letter, and to any pane of this one by its number."""
        screen = self.screen_stack[0]
        panes = tuple(getattr(screen, "reachable", ()))
        title = getattr(screen, "heading", str)

        def chosen(target: str | None) -> None:
            if target is None:
                return
            kind, _, name = target.partition(":")
            if kind == "pane":
                screen.focus_pane(name)
            else:
                self.action_show(name)

        self.push_screen(JumpScreen([(name, title(name)) for name in panes], self.current_mode), chosen)

    def action_next_theme(self) -> None:
        """Change the colours."""
        names = list(PALETTES)
        self.theme = names[(names.index(self.theme) + 1) % len(names)] if self.theme in names else names[0]
        self.memory.set("theme", self.theme)

    def action_help(self, page: str = "") -> None:
        """Explain the screen that is shown; `page` begins with another page of the help."""
        from qltui.tui.help import HelpScreen

        metrics = getattr(self.screen, "help_metrics", tuple)()
        self.push_screen(HelpScreen(list(self.commands().values()), metrics, page))

    async def action_tour(self) -> None:
        """Lead through the screens."""
        from qltui.tui.tour import begin_tour

        await begin_tour(self)

    def action_palette(self) -> None:
        """Find an action by name."""
        from qltui.tui.palette import PaletteScreen

        async def chosen(command: Command | None) -> None:
            if command is not None:
                await self.run_action(command.action, command.node)

        self.push_screen(PaletteScreen([item for item in self.commands().values() if not item.moves]), chosen)

    def action_leave(self) -> None:
        """Leave; what is not saved is asked about, and who started the engine says what becomes of it."""
        name, words = next(((name, words) for name, words in self.unsaved.items() if words), ("", ""))
        if not name:
            self._ask_engine()
            return

        def answered(key: str | None) -> None:
            if key == "t":
                self._ask_engine()
            elif key == "s":
                self.action_show(name)
                self.call_later(self.screen_stack[0].save_unsaved)

        choices = [("s", "save first"), ("t", "throw away")]
        self.push_screen(ChoiceScreen(f"{words} not saved.", choices), answered)

    def _ask_engine(self) -> None:
        if not self._own_engine:
            self.exit(0)
            return
        choices = [("k", "keep it running"), ("s", "stop it as well")]
        self.push_screen(ChoiceScreen("The engine runs on without a screen.", choices, default=True), self._leave)

    async def _leave(self, key: str | None) -> None:
        if key == "s":
            try:
                await self.reader.read(lambda source: source.send_command(STOP_ENGINE, {}, self.who))
            except ReadError as error:
                say = getattr(self.screen, "say", None)
                if say is not None:
                    say(f"the engine was not stopped: {error}", "bad")
                return
        if key is not None:
            self.exit(0)
