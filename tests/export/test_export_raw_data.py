"""Raw data are never touched: a night is reduced, exported and cleared with a data directory that nobody may write."""

from __future__ import annotations

import contextlib
import queue
import subprocess

import pytest
from export_nights import reduced_night

from qltui.cli import main
from qltui.config_text import to_toml
from qltui.engine.cleaner import Cleaner
from qltui.engine.settings import EngineSettings
from qltui.engine.upkeep import Upkeep, policy_of
from qltui.instruments.base import get_instrument
from qltui.model import Exposure
from qltui.store.record import Store


def state_of(root):
    """Return what the system knows of every file below a directory, but for when it was read."""
    found = {}
    for path in [root, *sorted(root.rglob("*"))]:
        about = path.lstat()
        found[path] = (about.st_ino, about.st_size, about.st_mode, about.st_mtime_ns, about.st_ctime_ns, about.st_nlink)
    return found


def retained(store, instrument, state, ended):
    """Keep to rules by which everything is too old, and return what is said of it."""
    settings = EngineSettings("", str(state), keep_products=1, keep_previews=1, keep_spectra=1, keep_size=1e-9)
    upkeep = Upkeep(settings, get_instrument(instrument), store, ended.put)
    upkeep.cleaner.keep_to(policy_of(settings, get_instrument(instrument)))
    said = upkeep.on_end(ended.get(timeout=60.0))
    upkeep.cleaner.close()
    return "UNTOUCHED" if said is None else said[1]


@contextlib.contextmanager
def read_only_mount(data):
    """Mount a directory over itself so that nobody may write it, not even root; where that is not allowed, its modes
    alone have to do."""
    mounts = (["mount", "--bind"], ["mount", "-o", "remount,ro,bind"])
    done = [
        subprocess.run(
            [*words, str(data), *([str(data)] if "--bind" in words else [])], check=False, capture_output=True
        ).returncode
        == 0
        for words in mounts
    ]
    try:
        yield
    finally:
        if done[0]:
            subprocess.run(["umount", str(data)], check=True)


@pytest.mark.parametrize("instrument", ["desi", "decam"])
def test_a_night_leaves_the_data_directory_as_it_was(instrument, sample_data, tmp_path, capsys):
    with contextlib.ExitStack() as stack:
        _night(stack, instrument, sample_data, tmp_path)
    assert len(capsys.readouterr().out) > 0


def _night(stack, instrument, sample_data, tmp_path):
    before = {}

    def look(data):
        for path in sorted(data.rglob("*"), reverse=True):
            path.chmod(0o555 if path.is_dir() else 0o444)
        data.chmod(0o555)
        stack.enter_context(read_only_mount(data))
        before.update(state_of(data))

    config = reduced_night(instrument, sample_data, tmp_path, look=look)
    data, state = tmp_path / "data", config.state_directory
    file = tmp_path / "qltui.toml"
    file.write_text(to_toml(config))
    assert main(["export", "--to", str(tmp_path / "out"), "--slots", "1", "--config", str(file)]) == 0
    with Store.open(state / "qltui.db") as store:
        ended: queue.SimpleQueue = queue.SimpleQueue()
        cleaner = Cleaner(store, state / "products", state / "logs", ended.put)
        store._database.write_sql("UPDATE product SET created = created - 100 * 86400")
        assert retained(store, instrument, state, ended) == "UNTOUCHED"
        store.add_exposure(Exposure(instrument, 20991231, 1, "ZERO", "/raw/1", mjd=58757.0))
        assert retained(store, instrument, state, ended).startswith("disk cleared: ")
        cleaner.start(1, ("products", "logs"), 0, "Ada")
        answer = ended.get(timeout=60.0)
        cleaner.on_end(answer)
        cleaner.close()
    assert not answer.failed
    assert not list((state / "products").rglob("*.fits"))
    after = state_of(data)
    stack.close()
    for path in data.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    assert before
    assert after == before
