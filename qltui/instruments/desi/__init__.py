"""The Dark Energy Spectroscopic Instrument: ten spectrographs with three arms and 500 fibres each."""

from __future__ import annotations

from typing import Final

from qltui.instruments.base import Instrument, ProductKind, StepDefinition, TrendPreset
from qltui.instruments.desi.conditions import CONDITIONS, DEPTH, LOCATION, MEASURED
from qltui.instruments.desi.constants import ARMS, SPECTROGRAPHS
from qltui.instruments.desi.metrics import ALL, ARCS, FLATS, LIT, METRICS, SKIES
from qltui.model import Camera

__all__ = ["INSTRUMENT"]

_RECIPE = "qltui.instruments.desi.recipe"
_SPECTRA = "qltui.instruments.desi.recipe_spectra"

_STEPS: Final = (
    StepDefinition("CHECK_CCDS", "CHECK CCDS", ALL, f"{_RECIPE}:check_ccds"),
    StepDefinition("CHECK_FIBERS", "CHECK FIBERS", LIT, f"{_RECIPE}:check_fibers"),
    StepDefinition("CHECK_SPECTRA", "CHECK SPECTRA", SKIES, f"{_SPECTRA}:check_spectra"),
    StepDefinition("CHECK_ARC", "CHECK ARC", ARCS, f"{_SPECTRA}:check_arc"),
    StepDefinition("CHECK_FIBERFLAT", "CHECK FIBERFLAT", FLATS, f"{_SPECTRA}:check_fiberflat"),
)

INSTRUMENT: Final = Instrument(
    name="desi",
    title="DESI",
    cameras=tuple(Camera(f"{arm}{unit}", arm, str(unit)) for arm in ARMS for unit in SPECTROGRAPHS),
    arm_title="arm",
    unit_title="spectrograph",
    steps=_STEPS,
    metrics=METRICS,
    limits="qltui.instruments.desi:limits.toml",
    timezone="America/Phoenix",
    calibration_products={"FLAT": "fiberflat", "ARC": "linewidths", "ZERO": "biaslevels"},
    scan="qltui.instruments.desi.files:scan",
    inspect="qltui.instruments.desi.files:inspect",
    begin=f"{_RECIPE}:begin",
    finish=f"{_RECIPE}:finish",
    warm_up="qltui.instruments.desi.warm_up:warm_up",
    # Old files number the amplifiers instead of naming them.
    layouts={"amplifier": ((("C", "D"), ("A", "B")), (("3", "4"), ("1", "2")))},
    conditions=CONDITIONS,
    measured_conditions=MEASURED,
    location=LOCATION,
    depth=DEPTH,
    count="qltui.instruments.desi.targets:count_targets",
    on_sky=("SCIENCE",),
    fibers="qltui.instruments.desi.fiber_view:FIBERS",
    trend_presets=(
        TrendPreset("Sky continuum", "SKYCONT", colour="program"),
        TrendPreset("Read noise", "NOISE_AMP", colour="element"),
        TrendPreset("Trace shifts", "XYSHIFTS", colour="element"),
    ),
    products=(
        ProductKind("preview", "picture of the CCD", "CHECK_CCDS", "pictures", "PREVIEW"),
        ProductKind("reduced", "detrended image with its mask", "CHECK_CCDS", "reduced"),
        ProductKind("biaslevels", "bias levels of the amplifiers", "CHECK_CCDS", "calibrations"),
        ProductKind("fibers", "tables of amplifiers and fibres", "CHECK_FIBERS", "tables"),
        ProductKind("spectra", "spectra, sky subtracted where there is a sky", "CHECK_SPECTRA", "spectra"),
        ProductKind("linewidths", "widths of arc lines", "CHECK_ARC", "calibrations"),
        ProductKind("fiberflat", "fibre flat", "CHECK_FIBERFLAT", "calibrations"),
    ),
)
