"""The command line as a whole: help, exit statuses, errors of one sentence."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from qltui import __version__
from qltui.cli import COMMANDS, build_parser, main
from qltui.commands.exit_codes import ExitCode

NAMES = [name for name, _, _ in COMMANDS]


@pytest.mark.parametrize("name", NAMES)
def test_every_command_has_help_with_an_example(name, capsys):
    with pytest.raises(SystemExit) as caught:
        main([name, "--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    assert "example" in text
    assert re.search(rf"^  qltui( {name})?( |$)", text, re.MULTILINE)


def test_help_names_every_command_and_every_exit_status(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    assert all(name in text for name in NAMES)
    numbers = {
        int(number) for number in re.findall(r"\b\d+\b", text.partition("exit status:")[2].partition("examples")[0])
    }
    assert numbers == {int(code) for code in ExitCode}


def test_version(capsys):
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out.strip() == f"qltui {__version__}"


@pytest.mark.parametrize("words", [["nonsense"], ["status", "--nonsense"], ["config"], ["reduce"]])
def test_wrong_command_line_exits_64_and_points_to_help(words, capsys):
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == ExitCode.USAGE
    error = capsys.readouterr().err.strip()
    assert "\n" not in error
    assert "--help" in error


def test_flags_without_a_command_are_the_monitors():
    from qltui.cli import _command_of

    assert _command_of([]) == ["monitor"]
    assert _command_of(["--state", "x"]) == ["monitor", "--state", "x"]
    assert _command_of(["--version"]) == ["--version"]


def test_a_reader_that_goes_away_is_no_error(tmp_path):
    code = f"{sys.executable} -m qltui config show | head -1"
    result = subprocess.run(["bash", "-o", "pipefail", "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert result.returncode in (0, 141)
    assert result.stderr == ""


def test_only_the_called_command_is_imported():
    parser = build_parser("config")
    assert parser.parse_args(["config", "show"]).function.__module__ == "qltui.commands.config"


def test_status_where_no_engine_ever_ran(tmp_path, capsys):
    assert main(["status", "--state", str(tmp_path)]) == ExitCode.ENGINE_DEAD
    assert "qltui run" in capsys.readouterr().err
    assert main(["status", "--state", str(tmp_path), "--json"]) == ExitCode.ENGINE_DEAD


def test_monitor_refuses_a_terminal_that_cannot_draw(tmp_path):
    result = subprocess.run(
        [sys.executable, "-m", "qltui", "--state", str(tmp_path), "--data", str(tmp_path)],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "TERM": "dumb", "HOME": str(tmp_path)},
    )
    assert result.returncode == ExitCode.UNAVAILABLE
    assert "qltui status" in result.stderr


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KeyboardInterrupt(), ExitCode.INTERRUPTED, "interrupted"),
        (RuntimeError("a fault"), ExitCode.INTERNAL, "please report"),
        (BrokenPipeError(), ExitCode.OK, ""),
    ],
)
def test_what_goes_wrong_inside_is_no_verdict(error, code, said, monkeypatch, capfd):
    from qltui.commands import config

    def fail(args):
        raise error

    monkeypatch.setattr(config, "main", fail)
    monkeypatch.setattr("os.dup2", lambda *fds: None)
    assert main(["config", "show"]) == code
    assert said in capfd.readouterr().err


def test_run_says_why_it_cannot(tmp_path, capsys):
    from qltui.engine.lock import engine_lock

    data, state = tmp_path / "data", tmp_path / "state"
    data.mkdir()
    words = ["run", "--once", "--data", str(data), "--state", str(state)]
    with engine_lock(state):
        assert main(words) == ExitCode.ALREADY_RUNNING
        assert "already runs" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    assert main(["run", "--once", "--data", str(data), "--state", str(tmp_path / "file")]) == ExitCode.CANNOT_CREATE
    assert main(["run", "--once", "--data", str(tmp_path / "absent"), "--state", str(state)]) == ExitCode.NO_INPUT
    assert main([*words, "--slots", "0"]) == ExitCode.USAGE
    limits = tmp_path / "limits.toml"
    limits.write_text("[[limit]]\nmetric = 'NOISE_AMPP'\n")
    site = tmp_path / "site.toml"
    site.write_text(f"[paths]\nlimits = '{limits}'\n")
    assert main([*words, "--config", str(site)]) == ExitCode.CONFIG
    assert "NOISE_AMPP" in capsys.readouterr().err
    assert main([*words, "--config", str(tmp_path / "none.toml")]) == ExitCode.CONFIG
