"""``qltui sky``: the almanac and the conditions of a night as text, JSON and CSV."""

from __future__ import annotations

import csv
import io
import json

import pytest

from qltui.cli import main
from qltui.commands.exit_codes import ExitCode
from qltui.model import Exposure
from qltui.store.record import Store


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Almanacs are kept in a directory of the test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "qltui" / "sky"


@pytest.fixture
def state(tmp_path):
    directory = tmp_path / "state"
    directory.mkdir()
    with Store.open(directory / "qltui.db") as store:
        for expid, header in ((1, {"HUMIDITY": 31.0}), (2, {"WINDSPD": 5.5})):
            store.add_exposure(
                Exposure(
                    *("desi", 20191001, expid, "SCIENCE", f"/x/{expid}"),
                    mjd=58758.2 + expid / 50.0,
                    ra=10.0,
                    dec=20.0,
                    header=header,
                    mtime_ns=expid,
                )
            )
    return directory


def test_the_night_as_text_and_kept_for_the_next_time(capsys, own_cache):
    assert main(["sky", "2019-10-01"]) == ExitCode.OK
    first = capsys.readouterr().out
    assert "sunset" in first
    assert "01:11  18:11" in first
    assert "latitude 31.9640" in first
    (kept,) = own_cache.iterdir()
    assert "20191001" in kept.name
    assert main(["sky", "20191001"]) == ExitCode.OK
    assert capsys.readouterr().out == first


def test_the_night_as_json(capsys):
    assert main(["sky", "20191001", "--json"]) == ExitCode.OK
    text = capsys.readouterr().out
    assert "2019-10-02T01:11" in text
    assert json.loads(text)


def test_the_exposures_of_the_night(capsys, state):
    assert main(["sky", "20191001", "--exposures", "--csv", "--state", str(state)]) == ExitCode.OK
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["expid"] for row in rows] == ["1", "2"]
    assert [row["humidity [%]"] for row in rows] == ["31.0", ""]
    assert [row["wind [m/s]"] for row in rows] == ["", "5.5"]
    assert all(0 < float(row["separation [deg]"]) < 180 for row in rows)
    assert float(rows[0]["sun [deg]"]) < -18


@pytest.mark.parametrize("words", ["2019", "20191399", "tonight", "20190231", "2019100a"])
def test_what_is_no_night_is_refused(capsys, words):
    assert main(["sky", words]) == ExitCode.USAGE
    assert "no night" in capsys.readouterr().err


def test_another_site(capsys, tmp_path):
    path = tmp_path / "site.toml"
    path.write_text('[site]\nlocation = "-30.169, -70.806, 2207"\nname = "Cerro Tololo"\n')
    assert main(["sky", "20191001", "--config", str(path)]) == ExitCode.OK
    assert "latitude -30.1690" in capsys.readouterr().out
    path.write_text('[site]\nlocation = "somewhere"\n')
    assert main(["sky", "20191001", "--config", str(path)]) == ExitCode.CONFIG
    assert "site.location" in capsys.readouterr().err


def test_without_a_record_the_exposures_are_not_there(capsys, tmp_path):
    assert main(["sky", "20191001", "--exposures", "--state", str(tmp_path)]) == ExitCode.NO_INPUT
    assert "no record" in capsys.readouterr().err
