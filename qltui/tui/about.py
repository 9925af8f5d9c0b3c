"""About this program: versions, licence, paths, and what has changed from version to version."""

from __future__ import annotations

import platform
import sys
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from qltui import __version__

if TYPE_CHECKING:
    from qltui.tui.app import MonitorApp

__all__ = ["about_facts", "changes_text", "libraries"]

LIBRARIES = ("textual", "rich", "plotext", "peewee", "numpy", "scipy", "numba", "astropy")
_CHANGES = "CHANGELOG.md"


@cache
def libraries() -> tuple[tuple[str, str], ...]:
    """Return the libraries that do the work and their versions, without loading any of them."""
    return tuple((name, _version(name)) for name in LIBRARIES)


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _licence() -> str:
    """Return the licence as the installed package says it."""
    try:
        said = metadata.metadata("qltui")
    except metadata.PackageNotFoundError:
        return "see the file LICENSE"
    return said.get("License-Expression") or said.get("License") or "see the file LICENSE"


def about_facts(app: MonitorApp) -> list[tuple[str, str]]:
    """Return what this program is and where it keeps what: pairs of a word and a sentence."""
    state = app.state_directory
    origins = sorted(set(app.config.origins.values())) if app.config is not None else []
    used = ", ".join(f"{name} {version}" for name, version in libraries())
    return [
        ("qltui", f"version {__version__}, licence {_licence()}"),
        ("Python", f"{platform.python_version()} on {platform.system()} {platform.release()}, {sys.executable}"),
        ("uses", used),
        ("instrument", f"{app.instrument.title}: {len(app.instrument.cameras)} cameras"),
        ("state", str(state) if state is not None else "none: this screen was started without a state directory"),
        ("record", str(state / "qltui.db") if state is not None else "none"),
        ("logs", str(state / "logs") if state is not None else "none"),
        ("products", str(state / "products") if state is not None else "none"),
        ("settings", "; ".join(name for name in origins if name) or "built in; no file was read"),
        ("saves to", str(app.save_directory)),
        ("observer", app.who or "nobody has given a name"),
    ]


def changes_text() -> str:
    """Return the list of changes, which lies in the installed package; in a checkout it lies beside it."""
    package = Path(__file__).resolve().parents[1]
    for path in (package / _CHANGES, package.parent / _CHANGES):
        try:
            return path.read_text(encoding="utf-8")
        except OSError:
            continue
    return f"The list of changes was not installed with the program: {package / _CHANGES} is not there."
