"""Raw data are never touched: a night is reduced, exported and cleared with a data directory that nobody may write."""

from __future__ import annotations

import queue

import pytest
from export_nights import reduced_night

from qltui.cli import main
from qltui.config_text import to_toml
from qltui.engine.cleaner import Cleaner
from qltui.store.record import Store


def state_of(root):
    """Return what the system knows of every file below a directory, but for when it was read."""
    found = {}
    for path in [root, *sorted(root.rglob("*"))]:
        about = path.lstat()
        found[path] = (about.st_ino, about.st_size, about.st_mode, about.st_mtime_ns, about.st_ctime_ns, about.st_nlink)
    return found


@pytest.mark.parametrize("instrument", ["desi", "decam"])
def test_a_night_leaves_the_data_directory_as_it_was(instrument, sample_data, tmp_path, capsys):
    before = {}

    def look(data):
        for path in sorted(data.rglob("*"), reverse=True):
            path.chmod(0o555 if path.is_dir() else 0o444)
        data.chmod(0o555)
        before.update(state_of(data))

    config = reduced_night(instrument, sample_data, tmp_path, look=look)
    data, state = tmp_path / "data", config.state_directory
    file = tmp_path / "qltui.toml"
    file.write_text(to_toml(config))
    assert main(["export", "--to", str(tmp_path / "out"), "--slots", "1", "--config", str(file)]) == 0
    with Store.open(state / "qltui.db") as store:
        ended: queue.SimpleQueue = queue.SimpleQueue()
        cleaner = Cleaner(store, state / "products", state / "logs", ended.put)
        cleaner.start(1, ("products", "logs"), 0, "Ada")
        answer = ended.get(timeout=60.0)
        cleaner.on_end(answer)
        cleaner.close()
    assert not answer.failed
    assert not list((state / "products").rglob("*.fits"))
    after = state_of(data)
    for path in data.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    assert before
    assert after == before
    assert len(capsys.readouterr().out) > 0
