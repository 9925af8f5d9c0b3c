"""What an observer decides: mode, who observes, versions of settings and limits; and what an engine makes of it."""

from __future__ import annotations

import dataclasses
import json

import pytest
from engine_fakes import INSTRUMENT, Running, exposure_file

from qltui.config import Config, load_config
from qltui.config_text import to_toml
from qltui.engine.in_force import configured, in_force, needs_restart
from qltui.engine.settings import EngineSettings
from qltui.model import Status
from qltui.store import held, usage, versions
from qltui.store.record import Store
from qltui.store.versions import SavedVersion

NIGHT = 20191001
CAMERAS = ("b0", "r0", "z0")
OFF = tuple(camera.name for camera in INSTRUMENT.cameras if camera.name not in CAMERAS)
NARROW = '[[limit]]\nmetric = "NOISE_AMP"\nnormal = [-0.1, 0.1]\nwarning = [-0.2, 0.2]\nreference = 2.0\n'


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "data").mkdir()
    return EngineSettings(
        str(tmp_path / "data"),
        str(tmp_path / "state"),
        slots=2,
        settle_seconds=0.05,
        rescan_seconds=0.3,
        cameras_off=OFF,
        nice=0,
        entry="engine_fakes:reduce",
        warm=False,
        stop_grace=0.3,
        who="ada",
        configuration=to_toml(load_config(files=[], environment={}, flags={"cameras": {"off": list(OFF)}})),
    )


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def start(settings):
    engines = []

    def make(**changes):
        engines.append(Running(dataclasses.replace(settings, **changes), instrument=INSTRUMENT))
        return engines[-1]

    yield make
    for engine in engines:
        engine.stop()


def record(settings):
    return Store.open(settings.database, read_only=True)


def ask(settings, engine, name, /, **arguments):
    """Ask the engine and wait for its word in the log; returns the answer and whether it was refused."""
    before = sum(f"{name} " in words for words in engine.texts)
    with record(settings) as store:
        number = store.send_command(name, arguments, "ada")
    engine.until(f"{name} ", before + 1)
    with record(settings) as store:
        view = store.command(number)
    assert view.state != "pending"
    return view.answer, view.state == "refused"


def row_of(settings, expid):
    with record(settings) as store:
        return {row.exposure.expid: row for row in store.exposures(NIGHT)}.get(expid)


def view_of(settings, expid):
    with record(settings) as store:
        return store.process_view(store.process_numbers(expid=expid)[0])


# -- manual mode -----------------------------------------------------------------------------------------------------


def test_manual_mode_holds_what_arrives_until_somebody_asks(start, settings, data):
    engine = start()
    engine.until("Engine started")
    assert ask(settings, engine, "mode", mode="manual")[1] is False
    exposure_file(data, 10)
    exposure_file(data, 11)
    engine.until("choice", 2)
    with record(settings) as store:
        view = store.engine()
        assert (view.mode, view.queue, view.held) == ("manual", 0, 2)
    row = row_of(settings, 11)
    assert (row.process, row.state, row.status) == (None, "held", Status.WAITING)
    assert row.headline == "waits for the observer's choice"
    ask(settings, engine, "reprocess", expid=11)
    engine.until("Exposure 11 is ready: NORMAL")
    assert view_of(settings, 11).state == "done"
    assert row_of(settings, 10).process is None
    with record(settings) as store:
        assert store.engine().held == 1


def test_manual_mode_and_what_is_held_survive_a_restart(start, settings, data):
    engine = start()
    engine.until("Engine started")
    ask(settings, engine, "mode", mode="manual")
    exposure_file(data, 10)
    engine.until("choice")
    engine.stop()
    engine = start()
    engine.until("Engine started")
    exposure_file(data, 11)
    engine.until("choice")
    answer, _ = ask(settings, engine, "mode", mode="automatic")
    assert "2 that came before wait" in answer
    # Nothing was asked to be caught up with: only what comes from now on is reduced.
    exposure_file(data, 12)
    engine.until("Exposure 12 is ready: NORMAL")
    assert row_of(settings, 10).state == row_of(settings, 11).state == "held"
    answer, _ = ask(settings, engine, "mode", mode="automatic", catch_up=True)
    assert "2 that came before are in the queue" in answer
    engine.until("Exposure 10 is ready: NORMAL")
    view = view_of(settings, 10)
    assert (view.trigger, view.state) == ("BACKLOG", "done")


def test_a_rewritten_file_is_held_anew(tmp_path, settings):
    from qltui.model import Exposure, Trigger

    with Store.open(tmp_path / "record.db") as store:
        exposure = Exposure("desi", NIGHT, 1, "SCIENCE", "/d/1", size=10, mtime_ns=1)
        number = store.add_exposure(exposure)
        assert store.tell(held.hold, number) is True
        assert store.tell(held.hold, number) is False
        assert store.known("desi", NIGHT)["/d/1"].state == "held"
        store.enqueue(number, Trigger.REPROCESS, "ada", ("b0",))
        assert store.ask(held.held) == []
        store.add_exposure(dataclasses.replace(exposure, size=11, mtime_ns=2))
        assert store.tell(held.hold, number) is True
        assert store.ask(held.held) == [number]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("mode", {"mode": "sleepy"}),
        ("mode", {}),
        ("mode", {"mode": "automatic", "catch_up": 1}),
        ("observer", {"name": 3}),
        ("observer", {"name": "x" * 101}),
        ("clear", {"kinds": ["raw"], "days": 3}),
        ("clear", {"kinds": ["products"], "days": 0}),
        ("clear", {"kinds": "products", "days": 3}),
        ("clear", {"kinds": [], "days": 3}),
        ("save_configuration", {"kind": "settings", "name": "a", "content": "[engine]\nslots = -1", "reason": "x"}),
        ("save_configuration", {"kind": "settings", "name": "a", "content": "[paths]\nstate = '/x'", "reason": "x"}),
        ("save_configuration", {"kind": "limits", "name": "a", "content": "[[limit]]\nmetric = 'X'", "reason": "x"}),
        ("save_configuration", {"kind": "limits", "name": "a", "content": NARROW, "reason": " "}),
        ("save_configuration", {"kind": "limits", "name": " ", "content": NARROW, "reason": "x"}),
        ("save_configuration", {"kind": "colours", "name": "a", "content": "", "reason": "x"}),
        ("select_configuration", {"kind": "limits", "version": 99}),
        ("select_configuration", {"kind": "limits"}),
        ("default_configuration", {"kind": "settings", "version": 99}),
        ("reset_configuration", {"kind": 5}),
        ("edit_comment", {"comment": 99, "text": "x"}),
        ("delete_comment", {}),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path, settings, name, arguments):
    from qltui.engine.commands import carry_out
    from qltui.store.views import CommandView

    with Store.open(tmp_path / "record.db") as store:
        engine = Bare(store, settings)
        answer, refused = carry_out(engine, CommandView(1, name, arguments, "ada", 0.0))
        assert refused
        assert answer
        assert store.ask(versions.versions) == []
        assert engine.store.ask(versions.mode) == "automatic"


class Bare:
    """An engine that is asked, and does nothing of itself."""

    instrument = INSTRUMENT

    def __init__(self, store, settings):
        self.store = store
        self.in_force = in_force(settings, INSTRUMENT, store, settings)

    def take_up(self):
        return self.in_force

    def set_mode(self, mode):
        raise AssertionError(mode)

    def clear(self, *args):
        raise AssertionError(args)


def test_the_observer_is_remembered(start, settings):
    engine = start()
    engine.until("Engine started")
    assert ask(settings, engine, "observer", name="  Ann\tBell ") == ("Ann Bell observes", False)
    engine.stop()
    with record(settings) as store:
        assert store.engine().observer == "Ann Bell"


# -- comments --------------------------------------------------------------------------------------------------------


def test_comments_are_changed_by_their_author_alone(tmp_path, settings):
    from qltui.engine.commands import carry_out
    from qltui.model import Exposure, Trigger
    from qltui.store.views import CommandView

    with Store.open(tmp_path / "record.db") as store:
        number = store.add_exposure(Exposure("desi", NIGHT, 1, "SCIENCE", "/d/1"))
        comment = store.add_comment(number, "ada", "clouds")
        engine = Bare(store, settings)

        def say(who, name, **arguments):
            return carry_out(engine, CommandView(1, name, {"comment": comment, **arguments}, who, 0.0))

        assert say("bob", "edit_comment", text="no clouds") == ("only ada may change this comment", True)
        assert say("ada", "edit_comment", text="thin clouds")[1] is False
        # It hangs on the exposure: a new reduction does not touch it.
        store.enqueue(number, Trigger.REPROCESS, "bob", ("b0",))
        assert [item.text for item in store.comments(number)] == ["thin clouds"]
        assert say("bob", "delete_comment")[1] is True
        assert say("ada", "delete_comment") == (f"comment {comment} is deleted", False)
        assert store.comments(number) == []


# -- versions --------------------------------------------------------------------------------------------------------


def test_a_version_of_limits_judges_the_next_exposure_and_is_recorded(start, settings, data):
    engine = start()
    engine.until("Engine started")
    exposure_file(data, 1)
    engine.until("Exposure 1 is ready: NORMAL")
    before = view_of(settings, 1).limit_set
    ask(settings, engine, "save_configuration", kind="limits", name="tight", content=NARROW, reason="a try")
    answer, refused = ask(settings, engine, "select_configuration", kind="limits", version=1)
    assert (answer, refused) == ("limits tight v1 hold from the next exposure on", False)
    exposure_file(data, 2)
    engine.until("Exposure 2 is ready: ALARM")
    view = view_of(settings, 2)
    assert view.limit_set != before
    (judgement,) = [item for step in view.cameras["b0"].steps for item in step.judgements if item.metric == "NOISE_AMP"]
    assert judgement.limit_set != ""
    assert judgement.normal[0] == pytest.approx((1.9, 2.1))
    with record(settings) as store:
        assert store.engine().limits == "tight v1"
    answer, _ = ask(settings, engine, "reset_configuration", kind="limits")
    assert answer == "limits are those of the files again"
    exposure_file(data, 3)
    engine.until("Exposure 3 is ready: NORMAL")
    assert view_of(settings, 3).limit_set == before


def test_a_version_of_settings_holds_live_or_at_the_next_start(start, settings, data):
    engine = start()
    engine.until("Engine started")
    off = json.dumps([*OFF, "z0"])
    content = f"[cameras]\noff = {off}\n[engine]\nslots = 1\n[display]\ntheme = 'mono'\n"
    ask(settings, engine, "save_configuration", kind="settings", name="cold", content=content, reason="z0 is warm")
    answer, _ = ask(settings, engine, "select_configuration", kind="settings", version=1)
    assert "at the next start of the engine: engine.slots" in answer
    assert "of screens, when they are opened anew: display.theme" in answer
    exposure_file(data, 1)
    engine.until("Exposure 1 is ready: NORMAL")
    view = view_of(settings, 1)
    assert view.cameras["z0"].status is Status.NOT_EXPECTED
    assert view.cameras["b0"].status is Status.NORMAL
    with record(settings) as store:
        said = store.engine()
    assert said.restart == ("engine.slots",)
    assert said.configuration == "cold v1"


def version(content, kind="settings"):
    return SavedVersion(1, kind, "cold", 1, content, "ada", "x", 0.0)


def test_environment_and_command_line_win_over_the_record(settings):
    base = dataclasses.replace(settings, fixed=("engine.in_flight",))
    made, changed = configured(base, version("[engine]\nin_flight = 4\nattempts = 3\n[reduction]\ncosmics = false\n"))
    assert (made.in_flight, made.max_attempts, made.options["cosmics"]) == (2, 3, False)
    assert changed == ("engine.attempts", "reduction.cosmics")
    assert "attempts = 3" in made.configuration


def test_a_version_that_cannot_be_used_any_more_is_told_and_left_out(tmp_path, settings):
    with Store.open(tmp_path / "record.db") as store:
        for kind, content in (("settings", "[engine]\nwarp = 9\n"), ("limits", "[[limit]]\nmetric = 'GONE'\n")):
            made = store.tell(versions.save_version, kind, "old", content, "ada", "it was right then")
            store.tell(versions.select_version, kind, made.number, "ada")
        holds = in_force(settings, INSTRUMENT, store, None)
        assert holds.settings == settings
        assert (holds.configuration, holds.limits_version) == ("", "")
        assert len(holds.faults) == 2
        assert "unknown key 'warp'" in holds.faults[0]
        assert "GONE" in holds.faults[1]


def test_what_needs_a_restart():
    keys = [f"engine.{name}" for name in ("slots", "in_flight", "attempts", "products", "settle")]
    assert needs_restart([*keys, "paths.data", "cameras.off", "display.theme", "reduction.cosmics"]) == (
        "engine.slots",
        "engine.settle",
        "paths.data",
    )


def test_the_default_version_is_what_a_reset_goes_back_to(tmp_path):
    with Store.open(tmp_path / "record.db") as store:
        first = store.tell(versions.save_version, "limits", "site", NARROW, "ada", "first", 100.0)
        second = store.tell(versions.save_version, "limits", "site", NARROW + "# 2\n", "bob", "second", 200.0)
        assert (first.version, second.version, second.words) == (1, 2, "site v2")
        assert second.origin == "record: site v2, bob 1970-01-01"
        assert store.ask(versions.selected, "limits") is None
        store.tell(versions.set_default, "limits", first.number, "ada")
        store.tell(versions.select_version, "limits", second.number, "ada")
        assert store.ask(versions.selected, "limits").words == "site v2"
        assert store.tell(versions.reset, "limits", "ada").words == "site v1"
        marks = [(item.words, item.selected, item.default) for item in store.ask(versions.versions, "limits")]
        assert marks == [("site v1", True, True), ("site v2", False, False)]
        with pytest.raises(KeyError):
            store.tell(versions.select_version, "settings", first.number, "ada")


def test_configurations_are_whole(settings):
    assert "[alarms]" in to_toml(Config())
    assert configured(settings, version(""))[1] == ()


# -- the disk --------------------------------------------------------------------------------------------------------


def test_a_running_engine_clears_the_disk_and_answers_when_it_has(start, settings):
    engine = start()
    engine.until("Engine started")
    with record(settings) as store:
        number = store.send_command("clear", {"kinds": ["products", "logs"], "days": 1}, "ada")
    engine.until("disk cleared: 0 files (0 B) and 0 lines of the log removed")
    engine.stop()
    with record(settings) as store:
        view = store.command(number)
        assert (view.state, view.answer) == ("done", "0 files (0 B) and 0 lines of the log removed")
        assert [item.who for item in store.ask(usage.cleanings)] == ["ada"]


def test_limits_are_set_through_an_engine_that_runs(start, settings, data, capsys):
    from qltui.cli import main

    engine = start()
    engine.until("Engine started")
    ranges = ("--normal", "-0.1", "0.1", "--warning", "-0.2", "0.2", "--camera", "b0")
    words = ("limits", "set", "CHECKHDUS", *ranges, "--reason", "a try", "--yes", "--state", settings.state_directory)
    assert main(list(words)) == 0
    said = capsys.readouterr().out
    assert "limits are kept as site v1" in said
    assert "limits site v1 hold from the next exposure on" in said
    exposure_file(data, 1)
    engine.until("Exposure 1 is ready: NORMAL")
    with record(settings) as store:
        assert store.engine().limits == "site v1"
