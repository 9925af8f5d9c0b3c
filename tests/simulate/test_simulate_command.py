"""The command line, and nights."""

from __future__ import annotations

import argparse
import itertools

import pytest

from qltui.commands.exit_codes import ExitCode
from qltui.simulate import command
from qltui.simulate.errors import SimulationError
from qltui.simulate.night import SAMPLE_NIGHT, PlannedExposure, night_requests, parse_plan, simulate_night
from qltui.simulate.request import SimulationRequest


def run(*words):
    parser = argparse.ArgumentParser(prog="qltui simulate", epilog=command.EPILOG)
    command.add_arguments(parser)
    return command.main(parser.parse_args([str(word) for word in words]))


def test_one_exposure(tmp_path, capsys):
    code = run(tmp_path, "--obstype", "zero", "--expid", "12", "--night", "20200229", "--cameras", "b0,z9")
    out, err = capsys.readouterr()
    assert code == ExitCode.OK
    assert out.strip() == str(tmp_path / "20200229" / "00000012" / "desi-00000012.fits.fz")
    assert "2/2 cameras" in err


def test_calibrations_beside_it(tmp_path):
    assert run(tmp_path, "--obstype", "ARC", "--cameras", "b0", "--write-calib", "--quiet") == 0
    assert len(list((tmp_path / "calib").glob("psf-*.fits"))) == 30


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--fault", "noise:b3"], "no fault is called"),
        (["--night", "20191341"], "not a date"),
        (["--expid", "-1"], "expid"),
        (["--exptime", "-5"], "cannot be simulated"),
        (["--cameras", "b0,q1"], "no camera is called 'q1'"),
        (["--seed", "-1"], "seed"),
        (["--plan", "SCIENCE", "--fault", "clouds"], "--plan"),
        (["--plan", "LUNCH"], "no obstype is called"),
    ],
)
def test_wrong_requests_name_cause_and_action(tmp_path, capsys, words, message):
    assert run(tmp_path / "out", *words) == ExitCode.USAGE
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_place_that_cannot_be_written(tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    assert run(tmp_path / "file", "--obstype", "ZERO", "--cameras", "b0") == ExitCode.CANNOT_CREATE
    assert "choose another OUT" in capsys.readouterr().err


def test_exit_codes_are_those_of_the_house():
    assert (command.OK, command.USAGE, command.CANNOT_CREATE) == (
        ExitCode.OK, ExitCode.USAGE, ExitCode.CANNOT_CREATE,
    )  # fmt: skip


def test_a_night_is_in_order_and_within_the_night():
    plan = parse_plan(["ZERO", "ARC", "FLAT", "TWILIGHT", "SCIENCE", "SCIENCE,trace_dx:r5:1.5,clouds", "SKY"])
    requests = night_requests("mini", 20191231, 1, plan, first_expid=50)
    assert [request.expid for request in requests] == list(range(50, 57))
    starts = [request.date_obs for request in requests]
    assert starts == sorted(starts)
    for before, after in itertools.pairwise(requests):
        assert (after.date_obs - before.date_obs).total_seconds() > before.exptime
    assert starts[0].isoformat().startswith("2019-12-31T2")
    assert starts[-1].isoformat() < "2020-01-01T19"
    assert [str(fault) for fault in requests[5].faults] == ["trace_dx:r5:1.5", "clouds:2.5"]
    assert len({request.tile for request in requests if request.on_sky}) == 4


def test_the_sample_night_has_all_kinds():
    requests = night_requests("mini", 20191001, 1)
    assert {request.obstype for request in requests} == {"ZERO", "DARK", "ARC", "FLAT", "SCIENCE"}
    assert sum(bool(planned.faults) for planned in SAMPLE_NIGHT) == 1


def test_simulate_night_writes_exposures_and_traces(tmp_path):
    seen = []
    plan = [PlannedExposure("ZERO"), PlannedExposure("DARK", exptime=10.0)]
    exposures = simulate_night(tmp_path, plan=plan, first_expid=5, on_exposure=seen.append, calibration=None)
    assert exposures == seen
    assert [exposure.truth["exptime"] for exposure in exposures] == [0.0, 10.0]
    assert len(list((tmp_path / "calib").iterdir())) == 30


def test_a_calibration_of_another_size_is_refused(tmp_path):
    from qltui.simulate.calibrations import simulate_calibrations
    from qltui.simulate.camera import simulate_camera

    simulate_calibrations(tmp_path, cameras=("b0",))
    with pytest.raises(SimulationError, match="500"):
        simulate_camera(SimulationRequest("ARC", 1, size="full"), "b0", calibration=tmp_path)
    (tmp_path / "psf-b0.fits").write_bytes(b"nothing of the kind")
    with pytest.raises(SimulationError, match="no traces that can be read"):
        simulate_camera(SimulationRequest("ARC", 1), "b0", calibration=tmp_path)
