"""``reduce`` and ``status`` on the committed night: the documented JSON, tables, exit statuses."""

from __future__ import annotations

import json
import shutil

import pytest

from qltui.cli import main
from qltui.model import Status

KEYS = {"value", "unit", "elements", "reference", "normal", "warning", "status", "reason"}


@pytest.fixture(scope="module")
def faulty(sample_data):
    return sample_data / "20191001" / "00003579" / "desi-00003579.fits.fz"


@pytest.fixture
def calibration(sample_data):
    return str(sample_data / "calib")


def test_json_is_as_documented(faulty, calibration, capsys):
    assert main(["reduce", str(faulty), "--cameras", "b3,r5,z8", "--calib", calibration, "--json", "--slots", "1"]) == 0
    result = json.loads(capsys.readouterr().out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert (result["exposure"]["expid"], result["exposure"]["night"]) == (3579, 20191001)
    assert result["exposure"]["obstype"] == "SCIENCE"
    assert result["status"] == "ALARM"
    assert set(result["cameras"]) == {"b3", "r5", "z8"}
    assert result["cameras"]["z8"]["status"] == "MISSING"
    b3 = result["cameras"]["b3"]
    assert (b3["status"], b3["seconds"] > 0) == ("ALARM", True)
    assert list(b3["steps"]) == ["CHECK_CCDS", "CHECK_FIBERS", "CHECK_SPECTRA"]
    noise = b3["steps"]["CHECK_CCDS"]["metrics"]["NOISE_AMP"]
    assert set(noise) >= KEYS
    assert (noise["unit"], noise["elements"]) == ("e-", ["A", "B", "C", "D"])
    assert noise["statuses"] == ["NORMAL", "NORMAL", "ALARM", "NORMAL"]
    assert noise["value"][2] == pytest.approx(25.0, rel=0.02)
    assert all(low <= value <= high for value, (low, high) in zip(noise["value"][:2], noise["normal"][:2], strict=True))
    good = b3["steps"]["CHECK_FIBERS"]["metrics"]["NGOODFIB"]
    assert (good["value"], good["elements"], good["normal"][1]) == (20, [], None)
    shift = result["cameras"]["r5"]["steps"]["CHECK_FIBERS"]["metrics"]["XYSHIFTS"]
    assert shift["elements"] == ["dx", "dy"]
    assert shift["value"][0] == pytest.approx(1.5, abs=0.02)
    names = {status.value for status in Status}
    assert all(step["status"] in names for camera in result["cameras"].values() for step in camera["steps"].values())
    assert any("b3 C" in culprit["text"] for culprit in result["culprits"])


def test_text_names_the_culprits_and_the_verdict_is_the_exit_status(faulty, calibration, capsys):
    words = ["reduce", str(faulty), "--cameras", "b3,b4", "--calib", calibration, "--slots", "1"]
    assert main([*words, "--verdict"]) == 2
    text = capsys.readouterr().out
    assert "b3 C" in text
    assert "b4" not in text.partition("\n\n")[0], "a good camera is no culprit"


def test_without_calibrations_the_ccd_is_still_judged(faulty, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("DESI_SPECTRO_CALIB", raising=False)
    assert main(["reduce", str(faulty), "--cameras", "b4", "--json", "--slots", "1"]) == 0
    steps = json.loads(capsys.readouterr().out)["cameras"]["b4"]["steps"]
    assert steps["CHECK_CCDS"]["metrics"]["NOISE_AMP"]["status"] == "NORMAL"
    good = steps["CHECK_FIBERS"]["metrics"]["NGOODFIB"]
    assert good["status"] == "NOT_CHECKED"
    assert good["value"] is None
    assert good["reason"]


def test_products_are_written_where_asked(faulty, calibration, tmp_path, capsys):
    words = ["reduce", str(faulty), "--cameras", "b4", "--calib", calibration, "--slots", "1"]
    assert main([*words, "--products", str(tmp_path / "out")]) == 0
    assert {path.suffix for path in (tmp_path / "out").rglob("*") if path.is_file()} == {".fits"}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["absent.fits.fz"], 66, "not there"),
        (["FILE", "--cameras", "b3,q9"], 64, "q9"),
        (["FILE", "--calib", "absent"], 66, "not a directory"),
        (["cut.fits.fz"], 65, "cut.fits.fz"),
        (["text.fits.fz"], 65, "text.fits.fz"),
    ],
)
def test_errors_are_one_sentence_with_cause_and_action(words, code, said, faulty, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cut.fits.fz").write_bytes(faulty.read_bytes()[:500_000])
    (tmp_path / "text.fits.fz").write_text("no FITS at all\n" * 500)
    assert main(["reduce", *[str(faulty) if word == "FILE" else word for word in words]]) == code
    error = capsys.readouterr().err.strip()
    assert said in error
    assert "\n" not in error


def test_run_once_then_status(sample_data, tmp_path, capsys):
    """A zero and the faulty exposure, worked off without a screen; then what status says of them."""
    data, state = tmp_path / "data", tmp_path / "state"
    for expid in ("00003574", "00003579"):
        shutil.copytree(sample_data / "20191001" / expid, data / "20191001" / expid)
    words = ["--data", str(data), "--state", str(state), "--calib", str(sample_data / "calib")]
    assert main(["run", "--once", "--slots", "2", *words]) == 0
    log = capsys.readouterr().out
    assert log.index("Exposure 3574 is ready") < log.index("Exposure 3579 is ready"), "calibrations before science"
    assert main(["status", "--state", str(state)]) == 3, "the engine has ended"
    text = capsys.readouterr().out
    assert "3579" in text
    assert "b3 C" in text
    main(["status", "--state", str(state), "--json"])
    view = json.loads(capsys.readouterr().out)
    assert view["process"]["exposure"]["expid"] == 3579
    assert [row["expid"] for row in view["exposures"]] == [3574, 3579]
    bias = view["process"]["cameras"]["r1"]["steps"]["CHECK_CCDS"]["metrics"]["BIAS_AMP"]
    assert bias["status"] != "NORMAL", "the bias jump is seen against the night's own zero"
    assert bias["statuses"].count("NORMAL") == 3
    main(["status", "--state", str(state), "--line"])
    assert "\n" not in capsys.readouterr().out.strip()
    before = {path: path.stat().st_mtime_ns for path in state.rglob("*.fits")}
    assert main(["run", "--once", "--quiet", *words]) == 0
    assert {path: path.stat().st_mtime_ns for path in state.rglob("*.fits")} == before, "nothing is done twice"
