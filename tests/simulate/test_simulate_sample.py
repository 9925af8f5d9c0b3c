"""The committed night is what its README says, and what the simulator makes today."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
from astropy.io import fits

from qltui.simulate.camera import simulate_camera
from qltui.simulate.decam import ccd as decam_ccd
from qltui.simulate.decam import night as decam_night
from qltui.simulate.decam.request import SimulationRequest
from qltui.simulate.night import night_requests


def test_files_are_whole_and_listed(sample_data):
    listed = {}
    for line in (sample_data / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split()
        listed[name] = digest
    folders = ("20191001", "calib", "decam", "truth")
    there = {
        path.relative_to(sample_data).as_posix(): path
        for folder in folders
        for path in (sample_data / folder).rglob("*")
        if path.is_file()
    }
    assert there.keys() == listed.keys()
    assert sum(path.stat().st_size for path in there.values()) < 32e6
    assert sum(path.stat().st_size for name, path in there.items() if name.startswith("decam")) < 7e6
    for name, path in there.items():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == listed[name], name


@pytest.mark.parametrize("index", range(6))
def test_the_simulator_still_makes_it(sample_data, index):
    request = night_requests("mini", 20191001, 1)[index]
    number = f"{request.expid:08d}"
    truth = json.loads((sample_data / "truth" / "20191001" / f"truth-{number}.json").read_text())
    assert truth["obstype"] == request.obstype
    assert truth["faults"] == [str(fault) for fault in request.faults]
    assert len(truth["cameras"]) == (29 if request.faults else 30)
    with fits.open(sample_data / "20191001" / number / f"desi-{number}.fits.fz") as hdus:
        for name in ("b3", "z2"):
            camera = simulate_camera(request, name, calibration=sample_data / "calib")
            difference = np.abs(camera.raw.astype(int) - hdus[name].data.astype(int))
            assert (difference > 0).mean() < 1e-3, "made by another simulator: run the command of sample_data/README.md"


def test_the_simulator_still_makes_the_night_of_decam(sample_data):
    requests = decam_night.night_requests(SimulationRequest("ZERO"))
    assert len(requests) == len(list((sample_data / "decam" / "20130831").iterdir()))
    for request in requests:
        number = f"{request.expnum:08d}"
        truth = json.loads((sample_data / "decam" / "truth" / "20130831" / f"truth-{number}.json").read_text())
        assert (truth["obstype"], truth["faults"]) == (request.obstype, [str(fault) for fault in request.faults])
        assert len(truth["ccds"]) == (17 if request.faults else 18)
        with fits.open(sample_data / "decam" / "20130831" / f"DECam_{number}.fits.fz") as hdus:
            ccd = decam_ccd.simulate_ccd(request, "N5")
            difference = np.abs(ccd.raw.astype(int) - hdus["N5"].data.astype(int))
            assert (difference > 0).mean() < 1e-3, "made by another simulator: run the command of sample_data/README.md"
