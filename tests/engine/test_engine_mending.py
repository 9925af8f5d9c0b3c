"""A record that is damaged, removed or no record at all, at rest and at work: the night goes on, and words survive."""

from __future__ import annotations

import dataclasses
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from engine_fakes import INSTRUMENT, Running, exposure_file

from qltui.commands.exit_codes import ExitCode
from qltui.engine.mending import RecordPlace
from qltui.engine.running import run_engine
from qltui.engine.settings import EngineSettings
from qltui.store.errors import NewerRecordError, RecordDamagedError
from qltui.store.keeping import backup, condition_of
from qltui.store.record import Store
from qltui.store.repair import repair, set_aside

NIGHT = 20191001
OFF = tuple(camera.name for camera in INSTRUMENT.cameras if camera.name not in ("b0", "r0", "z0"))


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "data").mkdir()
    return EngineSettings(
        str(tmp_path / "data"),
        str(tmp_path / "state"),
        slots=1,
        settle_seconds=0.0,
        rescan_seconds=0.2,
        entry="engine_fakes:reduce",
        cameras_off=OFF,
        warm=False,
        nice=0,
        stop_grace=0.3,
    )


@pytest.fixture
def night(settings):
    """A night of three exposures, with a comment and a flag, and no engine any more."""
    for expid in (1, 2, 3):
        exposure_file(Path(settings.data_directory), expid)
    assert run_engine(settings, once=True, instrument=INSTRUMENT) == 0
    with Store.open(settings.database) as store:
        number = store.ask(lambda database: database.sql("SELECT id FROM exposure WHERE expid = 2"))[0][0]
        store.set_flag(number, "bad", "ada", "moon")
        store.add_comment(number, "ada", "clouds from the west")
    with closing(sqlite3.connect(settings.database)) as made:
        made.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return settings


def damage(path, seed=1, *, header=False):
    """Write noise over pages behind the schema, or over the header."""
    rng = random.Random(seed)
    data = bytearray(path.read_bytes())
    places = [0] if header else [rng.randrange(len(data) // 3, len(data) - 4096) for _ in range(12)]
    for place in places:
        data[place : place + 2000] = rng.randbytes(2000)
    path.write_bytes(data)


def states(settings):
    with Store.open(settings.database, read_only=True) as store:
        rows = store.ask(
            lambda database: database.sql(
                "SELECT expid, state, status, (SELECT count(*) FROM process WHERE exposure_id = exposure.id) "
                "FROM exposure JOIN process ON process.exposure_id = exposure.id GROUP BY exposure.id ORDER BY expid"
            )
        )
    return {row[0]: row[1:] for row in rows}


@pytest.mark.parametrize("seed", range(6))
def test_what_can_be_read_is_saved_and_the_rest_comes_from_the_copy(night, seed):
    path, copies = night.database, night.state / "backup"
    before = states(night)
    backup(path, copies, 1)
    damage(path, seed)
    assert not condition_of(path, thorough=True).is_whole
    content = path.read_bytes()
    done = repair(path, copies)
    assert condition_of(path, thorough=True).is_whole
    assert done.aside.read_bytes() == content
    assert done.copy is not None
    assert states(night) == before
    assert done.again == []
    with closing(sqlite3.connect(path)) as made:
        assert made.execute("SELECT text, author FROM comment").fetchall() == [("clouds from the west", "ada")]
        assert made.execute("SELECT flag, class FROM outcome WHERE expid = 2").fetchone() == ("bad", 2)
        assert made.execute("SELECT sum(exposures), sum(bad) FROM night_sum").fetchone() == (3, 1)
        assert not made.execute("PRAGMA foreign_key_check").fetchall()
        triggers = made.execute("SELECT count(*) FROM sqlite_master WHERE type = 'trigger'").fetchone()[0]
    assert triggers > 10
    assert f"set aside as {done.aside}" in done.words


def test_without_a_copy_nothing_that_is_readable_is_lost_and_the_rest_is_reduced_again(night):
    path = night.database
    with closing(sqlite3.connect(path)) as made:
        made.execute("PRAGMA foreign_keys = OFF")
        made.execute("DELETE FROM process WHERE exposure_id = (SELECT id FROM exposure WHERE expid = 3)")
        made.commit()
    done = repair(path, night.state / "backup")
    assert (done.copy, done.again) == (None, [3])
    assert run_engine(night, once=True, instrument=INSTRUMENT) == 0
    assert {expid: row[0] for expid, row in states(night).items()} == {1: "done", 2: "done", 3: "done"}


def test_an_engine_that_finds_no_record_but_noise_makes_it_anew_from_the_copy(night):
    backup(night.database, night.state / "backup", 1)
    damage(night.database, header=True)
    exposure_file(Path(night.data_directory), 4)
    said = []
    assert run_engine(night, once=True, instrument=INSTRUMENT, on_log=lambda line: said.append(line.text)) == 0
    assert [row[0] for row in states(night).values()] == ["done"] * 4
    assert all(row[2] == 1 for row in states(night).values()), "nothing is done twice"
    assert any("was damaged and is made anew" in words for words in said)
    assert list((night.state / "damaged").glob("qltui-*.db"))


def test_an_engine_whose_record_is_damaged_while_it_works_goes_on(night):
    backup(night.database, night.state / "backup", 1)
    engine = Running(dataclasses.replace(night, rescan_seconds=0.1), instrument=INSTRUMENT)
    engine.until("Engine started")
    for path in (night.database, Path(f"{night.database}-wal")):
        # In place: what is cut off under a program that has it mapped would kill that, which is no fault of the record.
        with path.open("r+b") as stream:
            stream.write(random.Random(7).randbytes(path.stat().st_size))
    exposure_file(Path(night.data_directory), 5)
    engine.until("was damaged and is made anew", timeout=60.0)
    engine.until("Exposure 5 is ready", timeout=60.0)
    assert engine.stop() == 0
    assert {expid: row[0] for expid, row in states(night).items()} == dict.fromkeys((1, 2, 3, 5), "done")


def test_a_record_that_is_removed_while_an_engine_works_is_written_again(night):
    engine = Running(night, instrument=INSTRUMENT)
    engine.until("Engine started")
    for path in night.state.glob("qltui.db*"):
        path.unlink()
    exposure_file(Path(night.data_directory), 6)
    engine.until("was removed while the engine worked", timeout=60.0)
    engine.until("Exposure 6 is ready", timeout=60.0)
    assert engine.stop() == 0
    assert list(states(night)) == [1, 2, 3, 6]
    with closing(sqlite3.connect(night.database)) as made:
        assert made.execute("SELECT count(*) FROM comment").fetchone() == (1,)


def test_a_newer_record_and_a_foreign_one_are_left_as_they_are(night, tmp_path):
    with closing(sqlite3.connect(night.database)) as made:
        made.execute("INSERT INTO schema_migration (name, applied) VALUES ('9999_future', 1e9)")
        made.commit()
    content = night.database.read_bytes()
    with pytest.raises(NewerRecordError, match="update qltui"):
        run_engine(night, once=True, instrument=INSTRUMENT)
    assert night.database.read_bytes() == content
    assert not (night.state / "damaged").exists()


def test_no_name_is_given_twice_to_what_is_set_aside(tmp_path):
    path = tmp_path / "qltui.db"
    names = set()
    for number in range(3):
        path.unlink(missing_ok=True)
        path.write_text(f"{number}")
        Path(f"{path}-wal").write_text("log")
        made = set_aside(path, 1e9)
        names.add(made.name)
        assert Path(f"{made}-wal").read_text() == "log"
        assert path.exists()
    assert len(names) == 3
    assert set_aside(tmp_path / "absent.db", 1e9) is None


def test_the_place_of_a_record_is_lost_when_another_file_is_there(tmp_path):
    path = tmp_path / "qltui.db"
    path.touch()
    place = RecordPlace(path)
    assert not place.is_lost
    path.rename(tmp_path / "kept")
    assert place.is_lost
    path.touch()
    assert place.is_lost


def test_noise_is_found_by_reading_as_others_do(night):
    """The connection of an engine has all of a small record in its memory and writes on as if nothing had happened."""
    now = 0.0
    place = RecordPlace(night.database, clock=lambda: now)
    with Store.open(night.database) as store:
        before = store.engine()
        place.look()
        for path in (night.database, Path(f"{night.database}-wal")):
            with path.open("r+b") as stream:
                stream.write(random.Random(3).randbytes(path.stat().st_size))
        assert store.engine().pid == before.pid
        place.look()  # not due yet
        now = 60.0
        with pytest.raises(RecordDamagedError, match="db repair"):
            place.look()


def test_the_command_repairs_and_says_what_it_saved(night, capsys):
    from qltui.cli import main

    words = ["db", "repair", "--state", night.state_directory]
    assert main(words) == ExitCode.OK
    assert "nothing to do" in capsys.readouterr().out
    backup(night.database, night.state / "backup", 1)
    damage(night.database, header=True)
    assert main(["db", "check", "--state", night.state_directory]) == ExitCode.ALARM
    assert "qltui db repair" in capsys.readouterr().out
    assert main([*words, "--json"]) == ExitCode.OK
    assert '"copied"' in capsys.readouterr().out
    assert main(["db", "check", "--all", "--state", night.state_directory]) == ExitCode.OK
