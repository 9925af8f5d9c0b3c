"""DECam, the imager of the Blanco telescope: 62 CCDs."""

from __future__ import annotations

from typing import Final

from qltui.instruments.base import Instrument, ProductKind, StepDefinition, TrendPreset
from qltui.instruments.decam.conditions import CONDITIONS, LOCATION
from qltui.instruments.decam.layout import CAMERAS, FIELD, FOOTPRINT, GROUPS, HALVES, PLACES, PRESETS, ROWS
from qltui.instruments.decam.metrics import ALL, METRICS, SKIES

__all__ = ["INSTRUMENT"]

_PARTS = "qltui.instruments.decam"

_STEPS: Final = (
    StepDefinition("DETREND", "DETREND", ALL, f"{_PARTS}.recipe:detrend"),
    StepDefinition("SOURCES", "SOURCES", SKIES, f"{_PARTS}.recipe_stars:find_sources"),
    StepDefinition("QA", "QA", SKIES, f"{_PARTS}.recipe_stars:measure_stars"),
    StepDefinition("CONSOLIDATE", "CONSOLIDATE", ALL, f"{_PARTS}.consolidate:consolidate", of_field=True),
)

INSTRUMENT: Final = Instrument(
    name="decam",
    title="DECam",
    cameras=CAMERAS,
    arm_title="side",
    unit_title="CCD",
    steps=_STEPS,
    metrics=METRICS,
    limits=f"{_PARTS}:limits.toml",
    timezone="America/Santiago",
    calibration_products={"ZERO": "masterbias", "FLAT": "masterflat"},
    scan=f"{_PARTS}.files:scan",
    dead=f"{_PARTS}.detectors:dead_ccds",
    list_nights=f"{_PARTS}.files:list_nights",
    inspect=f"{_PARTS}.files:inspect",
    begin=f"{_PARTS}.recipe:begin",
    finish=f"{_PARTS}.recipe:finish",
    warm_up=f"{_PARTS}.warm_up:warm_up",
    # As on the north side; on the south side A reads the right half, which a preview has in its own header.
    layouts={"amplifier": ((("A", "B"),),)},
    conditions=CONDITIONS,
    location=LOCATION,
    on_sky=SKIES,
    program_title="filter",
    tile_title="field",
    mjd_zero=56000.0,
    field_camera=FIELD,
    combine={"ZERO": 8, "FLAT": 8},
    calibrations_by_program=("masterflat",),
    calibrations_last=True,
    places=PLACES,
    footprint=FOOTPRINT,
    rows=ROWS,
    groups=GROUPS,
    presets=PRESETS,
    halves=HALVES,
    trend_presets=(
        TrendPreset("PSF", "FWHM", colour="program", first=True),
        TrendPreset("Sky background", "BACKGROUND", colour="program"),
        TrendPreset("Number counts", "NUMBER_COUNTS", colour="program"),
    ),
    products=(
        ProductKind("preview", "picture of the CCD", "DETREND", "pictures", "PREVIEW"),
        ProductKind("reduced", "detrended image with its mask", "DETREND", "reduced"),
        ProductKind("masterbias", "master bias", "DETREND", "calibrations"),
        ProductKind("masterflat", "master flat", "DETREND", "calibrations"),
        ProductKind("sources", "catalogue of sources", "QA", "tables"),
        ProductKind("field", "picture of the field", "CONSOLIDATE", "pictures", "FIELD"),
    ),
)
