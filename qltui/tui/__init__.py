"""The screens. `run_monitor` is the way in; nothing of Textual is loaded before it is called."""

from __future__ import annotations

import gc
import getpass
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qltui.config import Config

__all__ = ["locale_encoding", "quiet_collector", "run_monitor", "terminal_fault"]

_ENVIRONMENT = {
    # Read by Textual when it is imported. Each of these costs bytes on a slow line and shows nothing.
    "TEXTUAL_ANIMATIONS": "none",
    "TEXTUAL_SMOOTH_SCROLL": "0",
    "TEXTUAL_FPS": "15",
}

MEMORY_NAME = "viewer.json"
"""What is kept between runs, in the user's state directory."""

_CANNOT = 69
"""Exit status where the terminal will not do (EX_UNAVAILABLE)."""

_FAULT = 70
"""Exit status after a fault of ours (EX_SOFTWARE); Textual's own is 1, which `status` uses for warnings."""


def terminal_fault(environment: Mapping[str, str] | None = None) -> str:
    """Return why this terminal cannot show the screens, and what to do; empty where it can."""
    environment = os.environ if environment is None else environment
    if environment.get("TERM", "") in ("", "dumb", "unknown"):
        return f"TERM={environment.get('TERM', '')!r} cannot show a screen; use `qltui status`, or set TERM=xterm"
    if not sys.stderr.isatty():
        return "the screen is drawn on the error stream, and that is not a terminal; do not redirect it (2>)"
    if not sys.stdin.isatty():
        return "the input is not a terminal, so that no key would arrive; use `qltui status`"
    return ""


def locale_encoding(environment: Mapping[str, str], stream_encoding: str) -> str:
    """Return the encoding that the terminal was promised: ASCII where the locale says C, whatever Python makes of it.

    Python writes UTF-8 in the C locale as well, but a tmux client in that locale shows each such character as ``_``.
    """
    for name in ("LC_ALL", "LANG"):
        value = environment.get(name, "")
        if value:
            return "ascii" if value in ("C", "POSIX") else stream_encoding
    return stream_encoding


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        # A container may have no entry for the user; then nobody's name is known.
        return ""


def quiet_collector() -> None:
    """Let Python's collector leave alone what has been loaded, and come seldom.

    It stops everything while it looks through all objects, 0.1 to 0.3 s with a few screens open, and no key is heard.
    What screens drop they drop without cycles; those few that there are can wait. What has outlived one look is looked
    at again before there is much of it: with 400,000 objects the second look took 0.1 s.
    """
    gc.freeze()
    gc.set_threshold(20_000, 4, 500)
    gc.enable()


def run_monitor(
    state_directory: str | Path,
    instrument: str = "desi",
    *,
    theme: str = "",
    default_theme: str = "day",
    charset: str = "auto",
    mouse: bool | None = None,
    own_engine: bool = False,
    who: str = "",
    keymap: Mapping[str, str] | None = None,
    config: Config | None = None,
    start_engine: Callable[[], int] | None = None,
    tour: bool = False,
) -> int:
    """Show the Monitor of a state directory until the observer leaves.

    Parameters
    ----------
    state_directory : str or Path
        Where the engine keeps its record; there need not be one yet.
    instrument : str
        Name of the instrument.
    theme : str
        ``"day"``, ``"night-red"``, ``"mono"``; empty for the one that was last chosen on the screen, or for ``"mono"``
        where the environment has NO_COLOR.
    default_theme : str
        Where none was ever chosen.
    charset : str
        ``"auto"``, ``"braille"``, ``"block"``, ``"ascii"``.
    mouse : bool or None
        Whether to take the mouse from the terminal; None takes it except over SSH, where copying matters more.
    own_engine : bool
        Whether the caller started an engine for this viewer: then leaving asks whether it is to run on.
    who : str
        The observer's name; the user's where empty.
    keymap : mapping
        Other keys by id of the binding, ``{"app.theme": "f2"}``.
    config : Config
        The settings as this command has read them, for the screen that shows them.
    start_engine : callable
        Starts an engine with these settings, waits for it and returns its process number.
    tour : bool
        Whether to begin with the guided tour.

    Returns
    -------
    int
        Exit status: 0, 69 where the terminal will not do, 128 plus the number of a signal, 70 for a fault of ours.
    """
    fault = terminal_fault()
    if fault:
        print(f"qltui: {fault}", file=sys.stderr)
        return _CANNOT
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    # Textual would make all colours grey, which are colours still, and those of the terminal itself black on black.
    if os.environ.pop("NO_COLOR", ""):
        theme = theme or "mono"
    # An exported size would hold for ever: the terminal itself knows its size, also when it changes.
    for name in ("COLUMNS", "LINES"):
        os.environ.pop(name, None)
    # What is loaded stays: to look through it for rubbish meanwhile finds none, and is a tenth of the start.
    gc.disable()
    from platformdirs import user_state_path

    from qltui.instruments.base import get_instrument
    from qltui.tui.app import MonitorApp
    from qltui.tui.memory import Memory
    from qltui.tui.source import Reader, StoreSource
    from qltui.tui.symbols import get_charset
    from qltui.tui.themes import PALETTES

    source = StoreSource(Path(state_directory))
    # Columns and metrics of one instrument mean nothing to another.
    memory = Memory(user_state_path("qltui") / instrument / MEMORY_NAME)
    chosen = memory.get("theme", "")
    app = MonitorApp(
        Reader(source.get, source.close, source.interrupt),
        get_instrument(instrument),
        charset=get_charset(charset, locale_encoding(os.environ, sys.stdout.encoding or "ascii")),
        theme=theme or (chosen if chosen in PALETTES else default_theme),
        who=who or _user(),
        own_engine=own_engine,
        keymap=keymap,
        memory=memory,
        state_directory=Path(state_directory),
        config=config,
        start_engine=start_engine,
        tour=tour,
    )
    quiet_collector()
    try:
        app.run(mouse="SSH_CONNECTION" not in os.environ if mouse is None else mouse)
    finally:
        app.reader.close()
    code = int(app.return_code or 0)
    return _FAULT if code == 1 else code
