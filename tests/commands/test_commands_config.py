"""The site configuration: order of sources, strictness, and what a person is told."""

from __future__ import annotations

import json
import tomllib

import pytest

from qltui.cli import main
from qltui.config import Config, ConfigError, load_config, settings_of
from qltui.config_text import template, to_toml


def test_defaults_are_valid_and_say_so():
    config = load_config(files=[], environment={})
    assert config == Config()
    assert {item.origin for item in settings_of(config)} == {"default"}
    assert all(item.doc for item in settings_of(config))


def test_later_sources_win_and_are_named(tmp_path):
    first, second = tmp_path / "a.toml", tmp_path / "b.toml"
    first.write_text("[engine]\nslots = 3\nsettle = 7\n[cameras]\noff = ['z8']\n")
    second.write_text("[engine]\nslots = 4\n")
    config = load_config(
        files=[first, second],
        environment={"QLTUI_ENGINE_ATTEMPTS": "5", "QLTUI_DISPLAY_THEME": "mono"},
        flags={"paths": {"data": "/d"}},
    )
    assert (config.engine.slots, config.engine.settle, config.engine.attempts) == (4, 7.0, 5)
    assert config.cameras.off == ("z8",)
    assert config.display.theme == "mono"
    assert config.origins == {
        "engine.slots": str(second),
        "engine.settle": str(first),
        "cameras.off": str(first),
        "engine.attempts": "environment",
        "display.theme": "environment",
        "paths.data": "command line",
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[engin]\nslots = 1", ["engin", "did you mean 'engine'"]),
        ("[engine]\nslot = 1", ["slot", "did you mean 'slots'"]),
        ("[engine]\nslots = 'two'", ["engine.slots", "whole number"]),
        ("[engine]\nslots = true", ["engine.slots", "whole number"]),
        ("[engine]\nslots = -1", ["engine.slots", "0 to 256"]),
        ("[engine]\nsettle = nan", ["engine.settle", "allowed"]),
        ("[display]\ntheme = 'pink'", ["display.theme", "night-red"]),
        ("[cameras]\noff = 'z8'", ["cameras.off", "list of strings"]),
        ("[disk]\nwarning = 0.95", ["disk.warning", "disk.alarm"]),
        ("engine = 3", ["engine", "section"]),
        ("[engine", ["not valid TOML"]),
    ],
)
def test_wrong_settings_are_refused_with_file_key_and_what_is_allowed(tmp_path, text, words):
    path = tmp_path / "site.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(files=[path], environment={})
    for word in [*words]:
        assert word in str(caught.value)


def test_environment_of_the_wrong_type_is_refused():
    with pytest.raises(ConfigError, match="QLTUI_ENGINE_SLOTS"):
        load_config(files=[], environment={"QLTUI_ENGINE_SLOTS": "many"})


def test_template_holds_every_setting_and_its_values_are_the_defaults(tmp_path):
    path = tmp_path / "qltui.toml"
    lines = [line.removeprefix("# ") if " = " in line else line for line in template().splitlines()]
    path.write_text("\n".join(line for line in lines if line.startswith("[") or " = " in line))
    config = load_config(files=[path], environment={})
    assert {item.key for item in settings_of(config) if item.origin != "default"} == {
        item.key for item in settings_of(Config())
    }
    assert [item.value for item in settings_of(config)] == [item.value for item in settings_of(Config())]


def test_what_the_record_keeps_reads_back(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text('[site]\nname = "a \\"quoted\\" \\\\ name"\n[cameras]\noff = ["b1", "z8"]\n')
    config = load_config(files=[path], environment={})
    values = tomllib.loads(to_toml(config))
    assert values["site"]["name"] == 'a "quoted" \\ name'
    assert values["cameras"]["off"] == ["b1", "z8"]


def test_config_command_shows_writes_and_checks(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    assert main(["config", "init"]) == 0
    assert main(["config", "init"]) == 73
    assert main(["config", "validate"]) == 0
    capsys.readouterr()
    assert main(["config", "show", "--json", "--data", str(tmp_path)]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["paths.data"] == {"value": str(tmp_path), "origin": "command line", "unit": ""}
    (tmp_path / "bad.toml").write_text("[engine]\nslot = 1\n")
    assert main(["config", "validate", "bad.toml"]) == 78
    assert "did you mean 'slots'" in capsys.readouterr().err
    assert main(["config", "validate", "absent.toml"]) == 66
