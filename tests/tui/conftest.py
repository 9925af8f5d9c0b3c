"""An app on a hand-made record."""

from __future__ import annotations

import sys
from asyncio.base_events import BaseEventLoop
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import pictures
from idle import IdleWaiting
from pressing import settle


@pytest.fixture(scope="session", autouse=True)
def exact_waiting():
    """Let every pilot wait for the app itself, not for the processor."""
    waiting = IdleWaiting(BaseEventLoop.run_in_executor)

    def run_in_executor(loop, *words):
        return waiting.run_in_executor(loop, *words)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseEventLoop, "run_in_executor", run_in_executor)
        patch.setattr("textual.app.wait_for_idle", waiting.until_idle)
        patch.setattr("textual.pilot.wait_for_idle", waiting.until_idle)
        yield


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


@pytest.fixture(scope="session")
def known_record(tmp_path_factory):
    """The file of a record with known values (`known`); made once, not to be written."""
    import known

    path = tmp_path_factory.mktemp("known") / "qltui.db"
    known.make_known(path).close()
    return path


@pytest.fixture
def known_store(known_record, tmp_path):
    """A copy of the record with known values, open for writing."""
    import shutil

    from qltui.store.record import Store

    path = tmp_path / "state" / "qltui.db"
    path.parent.mkdir()
    shutil.copy(known_record, path)
    with Store.open(path) as store:
        yield store


@pytest.fixture
def known_app(known_store, tmp_path):
    """Return a function that makes an app on the record with known values; what it saves goes to `tmp_path`."""
    import known

    from qltui.instruments.base import get_instrument
    from qltui.tui.app import MonitorApp
    from qltui.tui.source import Reader, StoreSource
    from qltui.tui.symbols import get_charset

    readers = []

    def make(*, charset="braille", kind=MonitorApp, **options):
        source = StoreSource(known_store.path.parent)
        reader = Reader(source.get, source.close, source.interrupt)
        readers.append(reader)
        values = {
            "clock": lambda: known.NOW + 1.0,
            "exists": lambda _pid: True,
            "poll": False,
            "who": "Ann",
            "state_directory": known_store.path.parent,
            "save_directory": tmp_path,
        }
        return kind(reader, get_instrument("desi"), charset=get_charset(charset), **(values | options))

    yield make
    for reader in readers:
        reader.close()


@pytest.fixture(scope="session")
def imager_record(tmp_path_factory):
    """The file of an imager's record with known values (`known_imager`); made once, not to be written."""
    import known_imager

    path = tmp_path_factory.mktemp("imager") / "qltui.db"
    known_imager.make_imager(path).close()
    return path


@pytest.fixture
def imager_store(imager_record, tmp_path):
    """A copy of the imager's record, open for writing."""
    import shutil

    from qltui.store.record import Store

    path = tmp_path / "imager" / "qltui.db"
    path.parent.mkdir()
    shutil.copy(imager_record, path)
    with Store.open(path) as store:
        yield store


@pytest.fixture
def imager_app(imager_store, tmp_path):
    """Return a function that makes an app on the imager's record."""
    import known_imager

    from qltui.tui.app import MonitorApp
    from qltui.tui.source import Reader, StoreSource
    from qltui.tui.symbols import get_charset

    readers = []

    def make(*, charset="braille", **options):
        source = StoreSource(imager_store.path.parent)
        reader = Reader(source.get, source.close, source.interrupt)
        readers.append(reader)
        values = {
            "clock": lambda: known_imager.NOW + 1.0,
            "exists": lambda _pid: True,
            "poll": False,
            "who": "Ann",
            "state_directory": imager_store.path.parent,
            "save_directory": tmp_path,
        }
        return MonitorApp(reader, known_imager.DECAM, charset=get_charset(charset), **(values | options))

    yield make
    for reader in readers:
        reader.close()


@pytest.fixture(autouse=True)
def sky_directory(tmp_path, monkeypatch):
    """Almanacs of both known nights are kept; nothing is reckoned."""
    import known
    from almanacs import made_up_almanac

    from qltui.sky.kept import keep

    directory = tmp_path / "sky"
    monkeypatch.setattr("qltui.tui.screens.conditions.cache_directory", lambda: directory)
    for night in known.NIGHTS:
        keep(directory, made_up_almanac(night))
    return directory


@pytest.fixture
def started(known_app):
    """Return a context manager: an app on one of the screens with its pilot."""

    @asynccontextmanager
    async def start(name, size=(80, 24), **options):
        app = known_app(**options)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            app.go(name)
            await pilot.pause()
            await settle(app, pilot, 3)
            yield app, pilot

    return start


@pytest.fixture
def gone(monkeypatch):
    """Selections with which other screens were opened; they themselves are not."""
    found = []

    def watch(app):
        monkeypatch.setattr(app, "go", lambda name, selection=None: found.append((name, selection)))
        return found

    return watch
