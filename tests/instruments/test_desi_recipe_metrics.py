"""The table of metrics and steps: complete, consistent, and every function where it says."""

from __future__ import annotations

import subprocess
import sys

import pytest

from qltui.instruments.base import get_instrument, resolve
from qltui.instruments.desi.constants import ARMS, SPECTROGRAPHS

DESI = get_instrument("desi")
OBSTYPES = ("SCIENCE", "SKY", "TWILIGHT", "ARC", "FLAT", "ZERO", "DARK")


def test_cameras_are_in_the_order_of_the_grid():
    assert [camera.name for camera in DESI.cameras] == [f"{arm}{unit}" for arm in ARMS for unit in SPECTROGRAPHS]


@pytest.mark.parametrize(
    ("obstype", "steps"),
    [
        ("SCIENCE", ["CHECK_CCDS", "CHECK_FIBERS", "CHECK_SPECTRA"]),
        ("TWILIGHT", ["CHECK_CCDS", "CHECK_FIBERS", "CHECK_SPECTRA"]),
        ("ARC", ["CHECK_CCDS", "CHECK_FIBERS", "CHECK_ARC"]),
        ("FLAT", ["CHECK_CCDS", "CHECK_FIBERS", "CHECK_FIBERFLAT"]),
        ("ZERO", ["CHECK_CCDS"]),
        ("DARK", ["CHECK_CCDS"]),
        ("OTHER", []),
    ],
)
def test_steps_of_each_obstype(obstype, steps):
    assert [step.name for step in DESI.steps_for(obstype)] == steps


def test_names_are_unique_and_functions_exist():
    names = [metric.name for metric in DESI.metrics]
    assert len(set(names)) == len(names)
    for metric in DESI.metrics:
        function = resolve(metric.function)
        assert function.__doc__.startswith(metric.name), metric.name
        assert metric.step in {step.name for step in DESI.steps}
        assert set(metric.obstypes) <= {obstype for step in DESI.steps for obstype in step.obstypes}
        for text in (metric.title, metric.short, metric.definition, metric.meaning, metric.action):
            assert text.strip() == text
            assert text
        for sentence in (metric.definition, metric.meaning, metric.action):
            assert sentence.endswith(".")
        assert float(format(1.0, metric.format)) == 1.0
    for path in (
        *(step.function for step in DESI.steps),
        DESI.begin,
        DESI.finish,
        DESI.warm_up,
        DESI.scan,
        DESI.inspect,
    ):
        assert callable(resolve(path))


@pytest.mark.parametrize("obstype", OBSTYPES)
def test_every_step_measures_something(obstype):
    for step in DESI.steps_for(obstype):
        assert DESI.metrics_for(obstype, step.name), step.name


def test_metrics_of_the_reference_are_all_there():
    assert [metric.name for metric in DESI.metrics_for("SCIENCE", arm="r")] == [
        "CHECKHDUS", "NOISE_AMP", "BIAS_AMP", "LITFRAC_AMP", "XWSIGMA", "NGOODFIB", "XYSHIFTS", "PEAKCOUNT", "SKYCONT",
        "FIDSNR_TGT", "SKYRBAND", "DELTAMAG_TGT",
    ]  # fmt: skip
    assert "SKYRBAND" not in [metric.name for metric in DESI.metrics_for("SCIENCE", arm="b")]
    assert [metric.name for metric in DESI.metrics_for("ARC", "CHECK_ARC")] == ["CHECKARC"]
    assert [metric.name for metric in DESI.metrics_for("FLAT", "CHECK_FIBERFLAT")] == ["CHECKFLAT"]
    assert "COSMICS_RATE" in [metric.name for metric in DESI.metrics_for("ZERO")]


def test_a_viewer_reads_the_tables_without_the_kernels():
    code = (
        "import sys; from qltui.instruments.base import get_instrument; get_instrument('desi');"
        "import qltui.quality.limits_file, qltui.quality.verdict, qltui.quality.alarms;"
        "bad = {'numpy', 'numba', 'scipy', 'astropy', 'textual', 'peewee'} & set(sys.modules); print(sorted(bad))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
