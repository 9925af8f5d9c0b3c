"""The preview of a detector: reduced and raw at the same binning, with what is flagged and where the amplifiers lie."""

from __future__ import annotations

import numpy as np
import pytest

from qltui.instruments import run as runner
from qltui.instruments.desi.files import inspect, read_camera
from qltui.instruments.table_file import list_hdus, read_plane
from qltui.model import CameraTask
from qltui.simulate.exposure import simulate_exposure
from qltui.simulate.request import SimulationRequest


@pytest.fixture(scope="module")
def preview(tmp_path_factory):
    root = tmp_path_factory.mktemp("preview")
    exposure = inspect(simulate_exposure(SimulationRequest("DARK", 3, cameras=("b0",)), root / "raw").path)
    task = CameraTask(exposure, "b0", products_directory=str(root / "products"))
    report = runner.reduce_camera(task, lambda _: None)
    (path,) = (product.path for product in report.products if product.kind == "preview")
    return exposure, path


def test_raw_reduced_and_flags_say_what_they_are(preview):
    exposure, path = preview
    assert [hdu.name for hdu in list_hdus(path)] == ["", "PREVIEW", "FLAGS", "RAW"]
    reduced, flags, raw = (read_plane(path, name) for name in ("PREVIEW", "FLAGS", "RAW"))
    assert (reduced.unit, raw.unit, flags.unit) == ("electron", "adu", "")
    assert reduced.values.shape == flags.values.shape
    assert flags.header["FLAG4"] == "cosmic ray"
    camera = read_camera(exposure, "b0")
    assert raw.values.mean() == pytest.approx(camera.raw.mean(), rel=1e-3)
    assert raw.header["BINNING"] * raw.values.shape[1] >= camera.raw.shape[1] - raw.header["BINNING"]


def test_amplifiers_are_where_the_file_says(preview):
    exposure, path = preview
    camera = read_camera(exposure, "b0")
    for hdu, section in (("PREVIEW", "ccd"), ("RAW", "data")):
        header = read_plane(path, hdu).header
        for number, amplifier in enumerate(camera.amplifiers, 1):
            part = getattr(amplifier, section)
            assert header[f"AMPNAM{number}"] == amplifier.name
            assert header[f"AMPSEC{number}"] == f"[{part.x0 + 1}:{part.x1},{part.y0 + 1}:{part.y1}]"


def test_cosmic_rays_are_flagged(preview):
    _, path = preview
    flags = read_plane(path, "FLAGS").values
    assert np.count_nonzero(flags & 4) > 0
