"""Other keys than the program's own, as a site sets them: checked against every action, so that none is lost.

Who may have the same key follows from the names: an action of one screen (``night.sort``) never meets that of another
screen, those of the program (``app.``) and of all screens (``pane.``) meet all others.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from typing import Final

from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import Keys

from qltui.tui.screens import SCREENS

__all__ = ["KeymapError", "all_bindings", "checked_keymap", "parse_bindings"]

_EVERYWHERE: Final = frozenset({"app", "pane", "history", "observer"})
"""Beginnings of actions that several screens have."""
_SCREENS: Final = frozenset({*(entry.name for entry in SCREENS), "trend", "plane", "help"})
"""Beginnings of actions of one screen; all others are of panes."""
_MODIFIERS: Final = ("ctrl+", "shift+", "alt+")


class KeymapError(ValueError):
    """A key cannot be given as the site wants it; the message names cause and action."""


def parse_bindings(entries: Iterable[str]) -> dict[str, str]:
    """Return keys by action from entries like ``"app.theme = f6"``.

    Raises
    ------
    KeymapError
        Where an entry is not of that form, or names an action again.
    """
    found: dict[str, str] = {}
    for entry in entries:
        name, sign, key = (part.strip() for part in entry.partition("="))
        if not (name and sign and key):
            msg = f'keys.bindings: {entry[:60]!r} is no key of an action; write "app.theme = f6"'
            raise KeymapError(msg)
        if name in found:
            msg = f"keys.bindings: {name} is given a key twice, {found[name]} and {key}; keep one of them"
            raise KeymapError(msg)
        found[name] = key
    return found


def _classes(kind: type) -> Iterator[type]:
    for child in kind.__subclasses__():
        yield child
        yield from _classes(child)


def all_bindings() -> dict[str, Binding]:
    """Return every binding of the program by id; all screens are loaded for it."""
    import_module("qltui.tui.app")
    import_module("qltui.tui.help")
    import_module("qltui.tui.tour")
    for entry in SCREENS:
        import_module(f"qltui.tui.screens.{entry.factory.partition(':')[0].rpartition('.')[2]}")
    found: dict[str, Binding] = {}
    for kind in _classes(DOMNode):
        for binding in vars(kind).get("BINDINGS", ()) if kind.__module__.startswith("qltui.") else ():
            if isinstance(binding, Binding) and binding.id:
                found.setdefault(binding.id, binding)
    return found


def _long(key: str) -> str:
    """Return a key by the name that Textual has for it, ``"question_mark"`` for ``"?"``."""
    return next(iter(Binding.make_bindings([Binding(key, "none")]))).key if key != "," else "comma"


def _key(name: str, key: str) -> str:
    """Return a key as Textual calls it; KeymapError where there is no such key."""
    rest = key
    while word := next((word for word in _MODIFIERS if rest.startswith(word) and len(rest) > len(word)), ""):
        rest = rest.removeprefix(word)
    if len(rest) == 1 and rest.isprintable():
        return _long(key)
    known = {item.value for item in Keys} | {_long(chr(code)) for code in range(33, 127)}
    if key in known or rest in known:
        return key
    close = difflib.get_close_matches(rest, sorted(known), n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    msg = f"keys.bindings: {name}: no key is called {key[:40]!r}{hint}; give a character, or a name like f6 or ctrl+t"
    raise KeymapError(msg)


def _meet(one: str, other: str) -> bool:
    """Return whether two actions can be reached at the same time."""
    scopes = {name.partition(".")[0] for name in (one, other)}
    if len(scopes) == 1 or scopes & _EVERYWHERE:
        return True
    # Of two panes only one has the keys; of a screen and a pane that may be on it, both are heard.
    return len(scopes & _SCREENS) == 1


def checked_keymap(entries: Iterable[str]) -> Mapping[str, str]:
    """Return keys by id of the binding, for `textual.app.App.set_keymap`.

    Parameters
    ----------
    entries : iterable of str
        As in the configuration, ``"app.theme = f6"``.

    Raises
    ------
    KeymapError
        Where there is no such action or key, or where another action has the key already.
    """
    wanted = parse_bindings(entries)
    if not wanted:
        return {}
    known = all_bindings()
    for name in wanted:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else "docs/keys.md names them all"
            msg = f"keys.bindings: there is no action {name[:60]!r}; {hint}"
            raise KeymapError(msg)
    keymap = {name: ",".join(_key(name, part.strip()) for part in keys.split(",")) for name, keys in wanted.items()}
    for name, keys in keymap.items():
        for other in sorted(known, key=lambda item: (not item.startswith("app."), item)):
            theirs = keymap.get(other, known[other].key).split(",")
            if other != name and _meet(name, other) and not set(keys.split(",")).isdisjoint(theirs):
                what = known[other].tooltip or known[other].description
                msg = f"keys.bindings: {wanted[name]} of {name} is the key of {other} ({what})"
                raise KeymapError(f"{msg}; choose another, or give {other} another one too")
    return keymap
