"""The doctor names what is wrong and what to do about it."""

from __future__ import annotations

import json

import pytest

from qltui.cli import main
from qltui.commands import checks
from qltui.commands.checks import file_system_of, machine_findings, terminal_findings
from qltui.config import load_config


def by_name(findings):
    return {finding.name: finding for finding in findings}


@pytest.mark.parametrize(
    ("environment", "name", "level", "words"),
    [
        ({"TERM": "dumb"}, "terminal", "problem", "qltui status"),
        ({}, "terminal", "problem", "real terminal"),
        ({"TERM": "xterm"}, "terminal", "ok", ""),
        ({"TERM": "screen"}, "colours", "note", "tmux-256color"),
        ({"TERM": "xterm-256color"}, "colours", "ok", ""),
        ({"TERM": "xterm", "NO_COLOR": "1"}, "colours", "note", ""),
        ({"TERM": "xterm"}, "locale", "note", "tmux -u"),
        ({"TERM": "xterm", "LC_ALL": "C.UTF-8"}, "locale", "ok", ""),
    ],
)
def test_terminal(environment, name, level, words):
    finding = by_name(terminal_findings(environment, stderr_is_terminal=True))[name]
    assert finding.level == level
    assert words in finding.action


def test_redirected_stderr_is_named():
    finding = by_name(terminal_findings({"TERM": "xterm"}, stderr_is_terminal=False))["terminal"]
    assert finding.level == "warning"
    assert "redirect" in finding.action


def settings(tmp_path, **paths):
    return load_config(files=[], environment={}, flags={"paths": {"state": str(tmp_path / "state"), **paths}})


def test_missing_data_directory_is_a_problem(tmp_path):
    finding = by_name(machine_findings(settings(tmp_path, data=str(tmp_path / "absent"))))["data"]
    assert finding.level == "problem"


def test_state_on_a_network_file_system_is_a_problem(tmp_path, monkeypatch):
    monkeypatch.setattr(checks, "file_system_of", lambda path: "nfs4")
    finding = by_name(machine_findings(settings(tmp_path)))["state"]
    assert (finding.level, "local disk" in finding.action) == ("problem", True)


@pytest.mark.parametrize(("used", "level"), [(50, "ok"), (85, "warning"), (95, "problem")])
def test_disk_levels_follow_the_configuration(tmp_path, monkeypatch, used, level):
    usage = type("Usage", (), {"used": used * 1e10, "free": (100 - used) * 1e10})
    monkeypatch.setattr(checks.shutil, "disk_usage", lambda path: usage)
    assert by_name(machine_findings(settings(tmp_path)))["disk"].level == level


def test_file_system_of_a_path_that_does_not_exist_yet(tmp_path):
    assert file_system_of(tmp_path / "a" / "b") == file_system_of(tmp_path) != ""


def test_exit_status_and_json(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TERM", "dumb")
    assert main(["doctor", "--state", str(tmp_path), "--json"]) == 2
    findings = json.loads(capsys.readouterr().out)
    assert {"name", "level", "what", "action"} == set(findings[0])
    assert all(finding["action"] for finding in findings if finding["level"] in ("warning", "problem"))
