"""The unit that is written, and what systemd is asked for: by a `systemctl` that takes notes instead."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from qltui.cli import main
from qltui.commands.exit_codes import CommandError
from qltui.commands.service import unit_text
from qltui.config import Config


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A home of its own, a data directory, and a systemctl that notes what it is asked for."""
    (tmp_path / "data").mkdir()
    (tmp_path / "bin").mkdir()
    fake = tmp_path / "bin" / "systemctl"
    fake.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\nexit $(cat {tmp_path}/status 2>/dev/null || echo 0)\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


def unit_of(place, instrument="desi"):
    return place / "config" / "systemd" / "user" / f"qltui-{instrument}.service"


def asked(place):
    return (place / "asked").read_text().splitlines() if (place / "asked").exists() else []


def test_it_is_installed_started_and_removed(place, capsys):
    words = ["--data", str(place / "data"), "--state", str(place / "state dir")]
    assert main(["service", "install", *words]) == 0
    text = unit_of(place).read_text()
    assert "Type=notify" in text
    assert "WatchdogSec=60" in text
    assert f'"{place}/state dir"' in text
    assert f"--data {place}/data" in text
    assert asked(place) == ["--user daemon-reload", "--user enable --now qltui-desi.service"]
    assert main(["service", "status"]) == 0
    assert main(["service", "remove"]) == 0
    assert not unit_of(place).exists()
    assert asked(place)[2:] == [
        "--user status --no-pager qltui-desi.service",
        "--user disable --now qltui-desi.service",
        "--user daemon-reload",
    ]  # fmt: skip
    assert main(["service", "remove"]) == 0
    assert "nothing to remove" in capsys.readouterr().out


def test_a_dry_run_changes_nothing(place, capsys):
    assert (
        main(["service", "install", "--dry-run", "--data", str(place / "data"), "--system", "--user-name", "eva"]) == 0
    )
    said = capsys.readouterr().out
    assert "/etc/systemd/system/qltui-desi.service" in said
    assert "User=eva" in said
    assert "WantedBy=multi-user.target" in said
    assert "# systemctl enable --now qltui-desi.service" in said
    assert not unit_of(place).exists()
    assert asked(place) == []


def test_what_systemd_refuses_is_said(place, capsys):
    (place / "status").write_text("5")
    assert main(["service", "install", "--data", str(place / "data")]) == 69
    assert "daemon-reload` failed" in capsys.readouterr().err
    assert main(["service", "status"]) == 3


def test_without_systemd_other_ways_are_named(place, capsys, monkeypatch):
    monkeypatch.setenv("PATH", str(place / "data"))
    assert main(["service", "install", "--data", str(place / "data")]) == 69
    said = capsys.readouterr().err
    assert "tmux new -d qltui run" in said
    assert "setsid -f qltui run" in said
    assert not unit_of(place).exists()


def test_no_data_directory_is_refused_before_anything_is_written(place, capsys):
    assert main(["service", "install", "--data", str(place / "nowhere")]) == 66
    assert not unit_of(place).exists()
    assert "nowhere" in capsys.readouterr().err


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not on this machine")
@pytest.mark.parametrize("system", [False, True])
def test_systemd_itself_finds_no_fault_with_the_unit(tmp_path, system):
    path = tmp_path / "qltui-desi.service"
    words = ["/bin/true", "--data", "/data/a b", "--x", "100%", 'say "yes"', "$HOME", "back\\slash", ""]
    path.write_text(unit_text(Config(), words, system=system, user="root" if system else ""))
    run = subprocess.run(
        ["systemd-analyze", "verify", *([] if system else ["--user"]), str(path)],
        capture_output=True, text=True, timeout=60, env={"PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": str(tmp_path)},
    )  # fmt: skip
    faults = [line for line in run.stderr.splitlines() if path.name in line]
    assert faults == []


def test_control_characters_never_reach_a_unit():
    with pytest.raises(CommandError, match="control characters"):
        unit_text(Config(), ["run", "--data", "/data\nExecStart=/bin/evil"], system=False)


def test_an_engine_is_started_in_a_session_of_its_own(tmp_path, capsys):
    from qltui.engine.launch import is_running, stop_engine

    (tmp_path / "data").mkdir()
    words = ["run", "--detach", "--data", str(tmp_path / "data"), "--state", str(tmp_path / "state"), "--slots", "1"]
    assert main(words) == 0
    found = is_running(tmp_path / "state")
    assert found is not None
    assert f"pid {found.pid}" in capsys.readouterr().out
    assert stop_engine(tmp_path / "state")
    assert main([*words, "--once"]) == 64
