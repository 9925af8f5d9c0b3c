"""An engine that is killed at any point of the field's job: the next one goes on, and has the same values."""

from __future__ import annotations

# ruff: noqa: F811 - fixtures are imported, and asked for by the same names
import subprocess
import sys
from pathlib import Path

import pytest
from imager_fakes import CAMERAS, exposure_file
from test_engine_field import data, done, made, settings, start, view_of  # noqa: F401 - fixtures

from qltui.model import Status

ENGINE = """
import sys
sys.path.insert(0, sys.argv[1])
from imager_fakes import INSTRUMENT
from qltui.engine.running import run_engine
from qltui.engine.settings import EngineSettings
if __name__ == "__main__":
    settings = EngineSettings.from_json(sys.argv[2])
    sys.exit(run_engine(settings, on_log=lambda line: print(line.text, flush=True), instrument=INSTRUMENT))
"""


@pytest.fixture
def killed(settings, tmp_path):
    """Run an engine in a process of its own, and kill it when its log has some words."""
    made = []

    def run(*words):
        script = tmp_path / "engine.py"
        script.write_text(ENGINE)
        arguments = [sys.executable, str(script), str(Path(__file__).parent), settings.to_json()]
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        made.append(process)
        left = list(words)
        for line in process.stdout:
            left = [item for item in left if item not in line]
            if not left:
                break
        assert not left, f"ended without {left}"
        process.kill()
        process.wait()

    yield run
    for process in made:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize(
    ("hangs", "words"),
    [
        ("N2", ("N1 SOURCES ended", "S1 SOURCES ended", "S2 SOURCES ended", "N2 DETREND ended")),
        ("FIELD", ("CONSOLIDATE started",)),
        ("", ("FIELD CONSOLIDATE ended",)),
    ],
)
def test_killed_before_in_and_behind_the_field(killed, start, settings, data, tmp_path, hangs, words):
    diary, gate = tmp_path / "diary", tmp_path / "gate"
    do = {hangs: f"wait:{gate}"} if hangs else {}
    exposure_file(data, 1, do=do, record=str(diary), fwhm={"N1": 1.2, "S2": 1.4})
    killed(*words)
    known = [camera for camera, view in view_of(settings, 1).cameras.items() if view.status.is_final]
    gate.touch()
    assert start(once=True).end() == 0
    view = view_of(settings, 1)
    assert (view.state, view.verdict.headline) == ("done", "all 4 cameras good")
    field = view.cameras["FIELD"]
    assert (field.status, field.attempt) == (Status.NORMAL, 1)
    assert [(step.step, step.judgements[0].values) for step in field.steps] == [("CONSOLIDATE", (pytest.approx(1.1),))]
    told = made(settings, 1, "FIELD")
    assert told["gathered"] == {camera: ["BIAS_AMP", "FWHM"] for camera in CAMERAS}
    assert told["products"] == {camera: ["preview"] for camera in CAMERAS}
    cameras = [camera for _, camera in done(diary)]
    assert set(CAMERAS) < set(cameras)
    # One that ended in the moment of the kill, before that was in the record, has to be done again.
    assert all(cameras.count(camera) == 1 for camera in known), "nothing that is in the record is done twice"
