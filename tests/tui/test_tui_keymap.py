"""Keys as a site wants them: checked against all actions, and in force on the screens."""

from __future__ import annotations

import pytest

from qltui.cli import main
from qltui.commands.exit_codes import ExitCode
from qltui.tui.keymap import KeymapError, checked_keymap


def test_keys_are_given_by_the_names_of_actions():
    assert checked_keymap(()) == {}
    keys = ("app.theme = f6", "conditions.before={", "table.tick-all = ctrl+a, *", "app.jump=?", "app.help=f9")
    with pytest.raises(KeymapError, match="is the key of help"):
        checked_keymap(keys)
    assert checked_keymap((*keys[:3], "app.help=f9")) == {
        "app.theme": "f6",
        "conditions.before": "left_curly_bracket",
        "table.tick-all": "ctrl+a,asterisk",
        "app.help": "f9",
    }


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        (["app.theme"], "'app.theme' is no key of an action; write"),
        (["app.them = f6"], "there is no action 'app.them'; did you mean 'app.theme'?"),
        (["app.theme = f66"], "no key is called 'f66'; did you mean 'f6'?"),
        (["app.theme = f6", "app.theme = f7"], "app.theme is given a key twice, f6 and f7; keep one of them"),
        (["app.theme = g"], "g of app.theme is the key of app.jump (go to any screen"),
        (["app.theme = f6", "app.about = f6"], "choose another, or give app.about another one too"),
        (["conditions.whole = o"], "is the key of table.order"),
        (["pane.save = S"], "S of pane.save is the key of cameras.keep"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_do(entries, said):
    with pytest.raises(KeymapError) as refused:
        checked_keymap(entries)
    assert said in str(refused.value)


def test_keys_of_two_screens_may_be_the_same_and_two_may_be_exchanged():
    assert checked_keymap(["conditions.whole = S"]) == {"conditions.whole": "S"}
    assert checked_keymap(["app.theme = g", "app.jump = N"]) == {"app.theme": "g", "app.jump": "N"}


def test_the_configuration_holds_them_and_is_checked(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "qltui.toml"
    path.write_text('[keys]\nbindings = ["app.theme = f6"]\n')
    assert main(["config", "validate", str(path)]) == ExitCode.OK
    main(["config", "show"])
    shown = capsys.readouterr().out
    assert any(
        "keys.bindings" in line and "app.theme = f6" in line and str(path) in line for line in shown.splitlines()
    )
    path.write_text('[keys]\nbindings = ["app.them = f6"]\n')
    assert main(["config", "validate", str(path)]) == ExitCode.CONFIG
    said = capsys.readouterr().err
    assert str(path) in said
    assert "did you mean 'app.theme'?" in said


async def test_a_key_of_the_site_works_and_stands_in_the_help(known_app):
    app = known_app(keymap=checked_keymap(["app.theme = f6", "app.help = f5"]))
    async with app.run_test(size=(100, 80)) as pilot:
        before = app.theme
        await pilot.press("N")
        assert app.theme == before
        await pilot.press("f6")
        assert app.theme != before
        await pilot.press("f5")
        await pilot.pause()
        lines = app.screen.query_one("#help").text.splitlines()
        assert any(line.split()[:2] == ["f6", "Change"] for line in lines)
