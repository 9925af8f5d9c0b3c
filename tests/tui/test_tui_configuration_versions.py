"""Versions of settings and limits: saved, selected, made the default, reset; by an engine that answers."""

from __future__ import annotations

from contextlib import asynccontextmanager

import known
import pytest
from pressing import press, settle

from qltui.config import Config, ConfigError, load_config
from qltui.config_edit import allowed_words, changed_config, changes_from_toml, changes_to_toml, parse_setting
from qltui.instruments.base import get_instrument
from qltui.quality.limits_file import LimitsError, load_limits, parse_limits
from qltui.quality.limits_text import limits_toml, parse_range, range_text
from qltui.store import versions
from qltui.tables.limit_words import range_words
from qltui.tables.versions import limit_differences, setting_differences
from qltui.tui.prompt import ChoiceScreen
from qltui.tui.widgets.footer import Footer
from qltui.tui.widgets.head_line import HeadLine
from qltui.tui.widgets.lines import Lines

DESI = get_instrument("desi")
NOISE = '[[limit]]\nmetric = "NOISE_AMP"\ncamera = "b3"\nnormal = [-1, 1]\nwarning = [-2, 2]\nreference = "header"\n'


@pytest.fixture
def started(known_app):
    """Return a context manager: an app on the settings with its pilot."""

    @asynccontextmanager
    async def start(size=(120, 30), **options):
        config = load_config(files=[], environment={"QLTUI_ENGINE_SLOTS": "4"})
        app = known_app(config=config, **options)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            app.go("configuration")
            await pilot.pause()
            await settle(app, pilot)
            yield app, pilot

    return start


def text(app, name):
    return app.screen_stack[0].query_one(f"#{name}").text


def said(app):
    return app.screen_stack[0].query_one(Footer).text


def head(app):
    return app.screen_stack[0].query_one(HeadLine).text


def asked(store):
    return [(command.name, dict(command.arguments)) for command in store.pending_commands()]


def answer(store, words="done", *, refused=False):
    """Answer what was asked, as an engine does once it is done."""
    for command in store.pending_commands():
        store.answer_command(command.number, words, refused=refused, now=known.NOW)


def save(store, kind, name, content, reason="because", who="Ben", now=known.NOW):
    return store.tell(versions.save_version, kind, name, content, who, reason, now)


async def go_to(app, pilot, section):
    while app.screen.section.name != section:
        await press(app, pilot, "t")


async def change_settle(app, pilot, value="5"):
    await press(app, pilot, "slash", "=engine.settle", "enter", "home")
    await press(app, pilot, "enter", f"={value}", "enter")


# -- saving --------------------------------------------------------------------------------------------------------


async def test_changes_are_saved_under_a_name_with_a_reason_and_put_in_force(started, known_store):
    async with started() as (app, pilot):
        await change_settle(app, pilot)
        await press(app, pilot, "S", "=winter", "enter", "=slow disk", "enter", "y")
        ((name, arguments),) = asked(known_store)
        assert name == "save_configuration"
        assert arguments == {
            "kind": "settings",
            "name": "winter",
            "content": "[engine]\nsettle = 5.0\n",
            "reason": "slow disk",
        }
        assert "1 change not saved" in head(app)
        made = save(known_store, "settings", "winter", arguments["content"], "slow disk", "Ann")
        answer(known_store)
        await settle(app, pilot)
        # Once the record has it the draft is gone, and what was wished is asked for.
        assert "not saved" not in head(app)
        assert asked(known_store) == [("select_configuration", {"kind": "settings", "version": made.number})]
        known_store.tell(versions.select_version, "settings", made.number, "Ann")
        answer(known_store)
        await settle(app, pilot)
        assert "settings: winter v1" in head(app)
        assert "winter v1" in next(line for line in text(app, "entries").split("\n") if "engine.settle" in line)


def bottom(app):
    """What is asked in the last line."""
    return app.screen.query_one(Lines).text


async def test_who_leaves_with_changes_is_asked_and_nothing_is_lost_on_other_screens(started):
    async with started() as (app, pilot):
        await change_settle(app, pilot)
        await press(app, pilot, "1")
        assert app.current_mode == "monitor"
        await press(app, pilot, "q")
        assert isinstance(app.screen, ChoiceScreen)
        assert "1 change of the settings not saved.   s save first   t throw away" in bottom(app)
        await press(app, pilot, "escape")
        assert app.is_running
        assert app.current_mode == "monitor"
        await press(app, pilot, "q", "s")
        await settle(app, pilot)
        assert app.current_mode == "configuration"
        assert "save settings as:" in bottom(app)
        await press(app, pilot, "escape", "ctrl+q", "t")
        assert app.return_value == 0


async def test_the_next_version_keeps_what_the_one_in_force_sets(started, known_store):
    made = save(known_store, "settings", "winter", "[engine]\nin_flight = 3\nsettle = 4.0\n")
    known_store.tell(versions.select_version, "settings", made.number, "Ben")
    async with started() as (app, pilot):
        await change_settle(app, pilot, "6")
        await press(app, pilot, "S", "enter", "=slower", "enter", "k")
        ((_, arguments),) = asked(known_store)
        assert (arguments["name"], arguments["content"]) == ("winter", "[engine]\nin_flight = 3\nsettle = 6.0\n")
        save(known_store, "settings", "winter", arguments["content"], "slower", "Ann")
        answer(known_store)
        await settle(app, pilot)
        # It was to be kept for later.
        assert asked(known_store) == []
        assert "settings: winter v1" in head(app)


async def test_a_version_needs_a_name_and_a_reason_and_can_be_left(started, known_store):
    async with started() as (app, pilot):
        await press(app, pilot, "S")
        assert "nothing is changed" in said(app)
        await change_settle(app, pilot)
        await press(app, pilot, "S", "ctrl+u", "enter")
        assert "needs a name" in said(app)
        await press(app, pilot, "S", "enter", "enter")
        assert "say why" in said(app)
        await press(app, pilot, "S", "enter", "x", "enter", "escape")
        assert asked(known_store) == []
        assert "1 change not saved" in head(app)


async def test_what_the_engine_refuses_stays_a_draft_and_can_be_saved_again(started, known_store):
    async with started() as (app, pilot):
        await change_settle(app, pilot)
        await press(app, pilot, "S", "enter", "x", "enter", "y")
        answer(known_store, "engine.settle is wrong", refused=True)
        await settle(app, pilot)
        assert "engine.settle is wrong" in said(app)
        assert "1 change not saved" in head(app)
        await press(app, pilot, "S", "enter", "x", "enter", "y")
        assert len(asked(known_store)) == 1


async def test_limits_are_tried_on_the_last_nights_before_they_are_saved(started, known_store):
    async with started() as (app, pilot):
        await go_to(app, pilot, "criteria")
        await press(app, pilot, "down", "enter", "n", "=-0.05 0.05", "enter", "S")
        line = app.screen.query("Lines").first().text
        assert "6 of 7 exposures of the last 2 nights would flip: 0 better, 6 worse." in line
        await press(app, pilot, "y", "=strict", "enter", "=to see", "enter", "y")
        ((name, arguments),) = asked(known_store)
        assert (name, arguments["kind"], arguments["name"]) == ("save_configuration", "limits", "strict")
        (limit,) = parse_limits(arguments["content"], DESI, where="test", from_site=True)
        assert (limit.metric, limit.normal, limit.cameras) == ("NOISE_AMP", (-0.05, 0.05), frozenset())
        # It wins over the instrument's own.
        after = load_limits(DESI, record=arguments["content"])
        assert after.limits[-1].from_record


async def test_an_entry_of_the_record_is_changed_in_its_place_and_taken_out(started, known_store):
    other = NOISE.replace('"b3"', '"b4"')
    made = save(known_store, "limits", "winter", NOISE + other)
    known_store.tell(versions.select_version, "limits", made.number, "Ben")
    async with started() as (app, pilot):
        await go_to(app, pilot, "criteria")
        await press(app, pilot, "slash", "=winter", "enter", "home")
        assert "2 of" in app.screen.heading("entries")
        await press(app, pilot, "enter", "n", "=-1.5 1.5", "enter", "down", "x")
        assert "2 changes not saved" in head(app)
        assert "taken out" in text(app, "detail")
        (limit,) = app.screen.new_record_limits()
        assert (limit.normal, limit.cameras) == ((-1.5, 1.5), frozenset({"b3"}))
        await press(app, pilot, "u")
        assert len(app.screen.new_record_limits()) == 2


# -- selecting -----------------------------------------------------------------------------------------------------


async def test_versions_are_listed_newest_first_with_what_differs(started, known_store):
    first = save(known_store, "limits", "winter", NOISE, "b3 is noisy", now=known.NOW)
    save(known_store, "limits", "winter", NOISE.replace("-1, 1", "-1.5, 1.5"), "less strict", now=known.NOW + 60.0)
    known_store.tell(versions.select_version, "limits", first.number, "Ben")
    known_store.tell(versions.set_default, "limits", first.number, "Ben")
    async with started() as (app, pilot):
        await go_to(app, pilot, "versions")
        lines = text(app, "entries").split("\n")
        assert lines[1].split()[:3] == ["limits", "winter", "2"]
        assert "in force, default" in lines[2]
        assert "2019-10-03 04:00" in lines[2]
        assert "b3 is noisy" in lines[2]
        detail = " ".join(text(app, "detail").split())
        assert "less strict" in detail
        assert "NOISE_AMP b3: -1 1 (-2 2) minus header → -1.5 1.5 (-2 2) minus header" in detail
        await press(app, pilot, "down")
        assert "in force" in text(app, "detail")


async def test_a_version_is_selected_and_made_the_default(started, known_store):
    made = save(known_store, "settings", "winter", "[engine]\nin_flight = 3\nslots = 2\n")
    async with started() as (app, pilot):
        await press(app, pilot, "s")
        assert "choose one of the versions" in said(app)
        await go_to(app, pilot, "versions")
        await press(app, pilot, "s", "escape", "s", "y", "d")
        chosen = {"kind": "settings", "version": made.number}
        assert asked(known_store) == [("select_configuration", chosen), ("default_configuration", chosen)]
        known_store.tell(versions.select_version, "settings", made.number, "Ann")
        known_store.tell(versions.set_default, "settings", made.number, "Ann")
        answer(known_store)
        await settle(app, pilot)
        await press(app, pilot, "s")
        assert "is in force" in said(app)
        await press(app, pilot, "d")
        assert "is the default" in said(app)
        await go_to(app, pilot, "settings")
        await press(app, pilot, "slash", "=engine.", "enter")
        # The environment wins over the record, as over files.
        assert next(x for x in text(app, "entries").split("\n") if "slots" in x).split()[1:] == [
            "4",
            "–",
            "environment",
        ]
        assert "winter v1" in next(x for x in text(app, "entries").split("\n") if "in_flight" in x)


async def test_a_reset_goes_back_to_the_default_or_to_the_files(started, known_store):
    first = save(known_store, "settings", "winter", "[engine]\nin_flight = 3\n")
    second = save(known_store, "settings", "winter", "[engine]\nin_flight = 4\n")
    known_store.tell(versions.select_version, "settings", second.number, "Ben")
    async with started() as (app, pilot):
        await press(app, pilot, "R")
        assert "settings to the files" in app.screen.query("Lines").first().text
        await press(app, pilot, "escape")
        known_store.tell(versions.set_default, "settings", first.number, "Ben")
        await settle(app, pilot)
        await press(app, pilot, "R")
        assert "settings to winter v1" in app.screen.query("Lines").first().text
        await press(app, pilot, "s")
        assert asked(known_store) == [("reset_configuration", {"kind": "settings"})]
        known_store.tell(versions.decide, "selected settings", "", "Ann")
        await settle(app, pilot)
        await press(app, pilot, "R")
        assert "nothing but the files" in said(app)


async def test_a_version_that_cannot_be_used_is_told(started, known_store):
    made = save(known_store, "settings", "odd", "[engine]\nin_flight = 99\n")
    known_store.tell(versions.select_version, "settings", made.number, "Ben")
    async with started() as (app, _):
        assert "allowed is 1 to 8" in " ".join(text(app, "detail").split())
        assert "engine.in_flight" in text(app, "entries")


async def test_what_decides_on_the_record_cannot_be_kept_in_it(started):
    async with started() as (app, pilot):
        await press(app, pilot, "slash", "=paths.state", "enter", "home", "enter", "x")
        assert "cannot be kept in it" in text(app, "detail")


# -- pure ----------------------------------------------------------------------------------------------------------


def test_settings_as_toml_and_back():
    changes = {"engine.slots": 4, "cameras.off": ("z8",), "disk.alarm": 0.95, "site.name": 'K"P\n'}
    assert changes_from_toml(changes_to_toml(changes)) == changes
    assert changes_to_toml({}) == ""
    assert changed_config(Config(), changes, "typed").origins["engine.slots"] == "typed"
    with pytest.raises(ConfigError, match="not valid TOML"):
        changes_from_toml("[")
    with pytest.raises(ConfigError, match="no setting"):
        changes_to_toml({"engine.warp": 1})


def test_every_setting_says_what_it_may_be_and_reads_itself_back():
    from qltui.config import settings_of
    from qltui.config_edit import setting_text

    for setting in settings_of(Config()):
        assert allowed_words(setting.key)
        assert parse_setting(setting.key, setting_text(setting.value)) == setting.value


def test_limits_as_toml_and_back():
    limits = load_limits(DESI).limits
    assert parse_limits(limits_toml(limits), DESI, where="test") == limits
    odd = parse_limits(NOISE + 'source = "a \\"b\\" \\\\ \\u007f ü"\n', DESI, where="test", from_site=True)
    assert parse_limits(limits_toml(odd), DESI, where="test", from_site=True) == odd
    table = parse_limits(NOISE.replace('"header"', "{A = 3.1, B = 2}"), DESI, where="test", from_site=True)
    assert parse_limits(limits_toml(table), DESI, where="test", from_site=True) == table


@pytest.mark.parametrize("text", ["", "1", "1 2 3", "a b", "2 1", "nan 1"])
def test_what_is_no_range_is_refused(text):
    with pytest.raises(LimitsError):
        parse_range(text)


def test_ranges_are_typed_and_shown():
    assert parse_range("[-1.5, inf]") == (-1.5, float("inf"))
    assert range_text(parse_range(range_text((-0.15, 0.15)))) == "-0.15 0.15"
    inf = float("inf")
    words = [range_words(bounds) for bounds in ((-1, 1), (-inf, 3), (0, inf), (-inf, inf))]
    assert words == ["-1 … 1", "≤ 3", "≥ 0", "any"]


def test_differences_in_words():
    words = setting_differences({"engine.slots": 2, "engine.nice": 5}, {"engine.slots": 4, "cameras.off": ("z8",)})
    assert words == [
        "cameras.off: as in the files → z8", "engine.nice: 5 → as in the files", "engine.slots: 2 → 4",
    ]  # fmt: skip
    old = parse_limits(NOISE, DESI, where="test", from_site=True)
    assert limit_differences(old, old, DESI) == []
    assert limit_differences(old, (), DESI) == ["NOISE_AMP b3: taken out"]
    assert limit_differences((), old, DESI) == ["NOISE_AMP b3: new, -1 1 (-2 2) minus header"]
