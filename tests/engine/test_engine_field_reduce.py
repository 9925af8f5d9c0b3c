"""``qltui reduce`` of an instrument with a field: the same values as the engine's, without a record."""

from __future__ import annotations

import json

import pytest
from imager_fakes import CAMERAS, INSTRUMENT, exposure_file, reduce

from qltui.cli import main
from qltui.commands import reduce as command


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Reduce one exposure in this process, with the JSON that comes out of it."""
    monkeypatch.setattr(command, "instrument_of", lambda config: INSTRUMENT)
    monkeypatch.setattr(command, "_reduce", _in_this_process)

    def made(*words, **values):
        path = exposure_file(tmp_path, 1, **values)
        assert main(["reduce", str(path), "--json", *words]) == 0
        return json.loads(capsys.readouterr().out)

    return made


def _in_this_process(tasks, slots, *, quiet):
    return {task.camera: reduce(task, lambda event: None) for task in tasks}


def test_the_field_is_consolidated_and_not_counted(run):
    result = run(fwhm={"N1": 1.2, "S2": 1.4})
    assert result["headline"] == "all 4 cameras good"
    assert list(result["cameras"]) == [*CAMERAS, "FIELD"]
    field = result["cameras"]["FIELD"]
    assert list(field["steps"]) == ["CONSOLIDATE"]
    assert field["steps"]["CONSOLIDATE"]["metrics"]["FIELD_FWHM"]["value"] == pytest.approx(1.1)


def test_it_is_of_the_cameras_that_are_named(run):
    result = run("--cameras", "n1,n2", fwhm={"N1": 1.4, "N2": 1.2})
    assert list(result["cameras"]) == ["N1", "N2", "FIELD"]
    value = result["cameras"]["FIELD"]["steps"]["CONSOLIDATE"]["metrics"]["FIELD_FWHM"]["value"]
    assert value == pytest.approx(1.3)


def test_without_measurements_it_is_not_checked(run):
    field = run(do=dict.fromkeys(CAMERAS, "fail"))["cameras"]["FIELD"]
    assert (field["status"], field["reason"]) == ("NOT_CHECKED", "no camera could be measured")
    assert "FIELD" not in run(obstype="ZERO")["cameras"]
