"""An app on a hand-made record."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import pictures


@pytest.fixture
def make_app():
    """Return a function that makes an app on a hand-made record; nothing moves but what a test moves."""
    from qltui.tui.app import MonitorApp
    from qltui.tui.source import Reader
    from qltui.tui.symbols import get_charset

    def make(record, *, charset="braille", **options):
        values = {"clock": lambda: pictures.NOW, "exists": lambda _pid: True, "poll": False, "who": "observer"}
        reader = Reader(lambda: record)
        return MonitorApp(reader, pictures.DESI, charset=get_charset(charset), **(values | options))

    return make
