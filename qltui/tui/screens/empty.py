"""What the Monitor says while there is nothing to show: what happens now, and what to do."""

from __future__ import annotations

from qltui.store.views import EngineView
from qltui.tui.health import Health
from qltui.tui.text import clean

__all__ = ["empty_words"]


def empty_words(engine: EngineView, health: Health) -> tuple[str, ...]:
    """Return some short lines; the first is the heading."""
    if health.kind == "none":
        return (
            "No engine has run here yet.",
            "Start one in another terminal:",
            "  qltui run --data DIRECTORY",
            "This screen then fills by itself.",
        )
    if not health.is_alive:
        return ("No exposure, and no engine.", f"{health.words}.", f"  {health.action}" if health.action else "")
    where = clean(engine.data_directory)
    watched = (f"  {where}",) if where else ()
    if engine.state == "compiling":
        return (
            "The kernels are being compiled.",
            "This happens once after installation and",
            "takes about 10 s; nothing is lost meanwhile.",
        )
    if engine.incomplete:
        return ("A file is still being written:", *(f"  {clean(name)}" for name in engine.incomplete_names[:3]))
    return (
        "No exposure yet this night.",
        "New files are found by themselves in" if watched else "New files are found by themselves.",
        *watched,
    )
