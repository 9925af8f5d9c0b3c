"""Commands on versions of settings and limits: all of a version is checked before it is kept or put in force."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from qltui.config import ConfigError
from qltui.engine.command_arguments import Commanded, CommandError, choice, required, text
from qltui.engine.in_force import InForce, configured
from qltui.quality.limits_file import LimitsError, load_limits
from qltui.store import versions
from qltui.store.versions import KINDS, SavedVersion

__all__ = ["VERSION_ACTIONS"]

_LONGEST_CONTENT: Final = 4_000_000
_LONGEST_NAME: Final = 60


def _check(engine: Commanded, version: SavedVersion) -> tuple[str, ...]:
    """Return the settings that a version changes; CommandError where it cannot be used."""
    try:
        if version.kind == "settings":
            return configured(engine.in_force.base, version)[1]
        site_file = engine.in_force.settings.limits
        load_limits(engine.instrument, site_file or None, record=version.content, name=version.words)
    except (ConfigError, LimitsError) as error:
        raise CommandError(str(error)) from error
    return ()


def _save(engine: Commanded, arguments: Mapping[str, object], who: str) -> str:
    kind, name = choice(arguments, "kind", KINDS), text(arguments, "name", longest=_LONGEST_NAME)
    content = text(arguments, "content", needed=False, longest=_LONGEST_CONTENT)
    reason = text(arguments, "reason")
    _check(engine, SavedVersion(0, kind, name, 0, content, who, reason, 0.0))
    made = engine.store.tell(versions.save_version, kind, name, content, who, reason)
    return f"{kind} are kept as {made.words}, version {made.number} of the record"


def _select(engine: Commanded, arguments: Mapping[str, object], who: str) -> str:
    kind, number = choice(arguments, "kind", KINDS), required(arguments, "version")
    found = engine.store.ask(versions.version, number)
    if found is None or found.kind != kind:
        msg = f"no version of {kind} has number {number}"
        raise CommandError(msg)
    changed = _check(engine, found)
    engine.store.tell(versions.select_version, kind, number, who)
    return f"{kind} {found.words} hold from the next exposure on{_later(engine.take_up(), changed)}"


def _reset(engine: Commanded, arguments: Mapping[str, object], who: str) -> str:
    kind = choice(arguments, "kind", KINDS)
    default = engine.store.tell(versions.reset, kind, who)
    holds = engine.take_up()
    if default is None:
        return f"{kind} are those of the files again{_later(holds)}"
    return f"{kind} are those of {default.words} again, the default{_later(holds)}"


def _later(holds: InForce, changed: tuple[str, ...] = ()) -> str:
    """Say which settings do not hold yet, or not here."""
    words = ""
    if holds.restart:
        words += f"; at the next start of the engine: {', '.join(holds.restart)}"
    screens = [key for key in changed if key.startswith(("alarms.", "display.", "keys.", "site."))]
    if screens:
        words += f"; of screens, when they are opened anew: {', '.join(screens)}"
    return words


def _default(engine: Commanded, arguments: Mapping[str, object], who: str) -> str:
    kind, number = choice(arguments, "kind", KINDS), required(arguments, "version")
    made = engine.store.tell(versions.set_default, kind, number, who)
    return f"a reset of {kind} goes back to {made.words}"


VERSION_ACTIONS: Final[Mapping[str, Callable[[Any, Mapping[str, object], str], str]]] = {
    "save_configuration": _save,
    "select_configuration": _select,
    "reset_configuration": _reset,
    "default_configuration": _default,
}
