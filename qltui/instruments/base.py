"""What the rest of the house may know of an instrument: tables of data, and functions named by their path.

Functions are kept as ``"module:name"`` and loaded where they are called, because a viewer reads these tables and must
load neither numba nor astropy for it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from qltui.instruments.definitions import (
    HISTORY,
    Condition,
    Depth,
    Footprint,
    MetricDefinition,
    Picture,
    ProductKind,
    StepDefinition,
    TrendPreset,
)

if TYPE_CHECKING:
    from qltui.instruments.location import SiteLocation
    from qltui.model import Camera

__all__ = [
    "HISTORY",
    "Condition",
    "Depth",
    "Footprint",
    "Instrument",
    "MetricDefinition",
    "Picture",
    "ProductKind",
    "StepDefinition",
    "TrendPreset",
    "get_instrument",
    "instrument_names",
    "resolve",
]

_INSTRUMENTS = ("desi", "decam")


@cache
def resolve(reference: str) -> Callable[..., Any]:
    """Load the function that ``"module:name"`` names.

    Raises
    ------
    ValueError
        Where `reference` is not of that form.
    """
    module, separator, name = reference.partition(":")
    if not separator:
        msg = f"{reference!r} is not of the form module:name"
        raise ValueError(msg)
    function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return function


@dataclass(frozen=True, slots=True)
class Instrument:
    """What an instrument is, as data and as paths of functions.

    Attributes
    ----------
    name, title : str
        ``"desi"``, ``"DESI"``.
    cameras : tuple of Camera
        In the order of the grid.
    arm_title, unit_title : str
        What rows and columns of the grid are, ``"arm"``, ``"spectrograph"``.
    steps : tuple of StepDefinition
        All steps, in order; those of one exposure are picked by its obstype.
    metrics : tuple of MetricDefinition
        In the order in which screens show them.
    limits : str
        Package resource with the default limits, ``"qltui.instruments.desi:limits.toml"``.
    timezone : str
        Of the observatory, IANA name.
    calibration_products : mapping
        Kind of product made from an obstype and used by later exposures, ``{"FLAT": "fiberflat"}``.
    scan : str
        ``(root, nights) -> list of Candidate``: files that look like exposures (`qltui.instruments.files`).
    dead : str
        ``(night, calibration directory) -> {camera: reason}``: cameras that are known to say nothing in a night and
        are not expected; empty where none is known.
    list_nights : str
        ``(root) -> list of nights``, where files need not lie in a directory for each night; empty where they do.
    inspect : str
        ``(path) -> Exposure``: first look at a complete file; raises `IncompleteFileError` or `InvalidFileError`.
    begin : str
        ``(CameraTask) -> state``: start of the recipe.
    finish : str
        ``(state) -> (tuple of Product, calibrations used, notes)``: writes the products after the last step.
    warm_up : str
        ``() -> None``: compiles or loads the kernels.
    layouts : mapping
        How elements of a kind lie on a detector, rows from the top: ``{"amplifier": ((("C", "D"), ("A", "B")),)}``.
        Of several the first that has all elements of a camera holds.
    measured_conditions : tuple of Condition
        What of the sky we measure ourselves, beside what headers tell.
    conditions : tuple of Condition
        What headers tell of sky and weather, in the order in which screens show it.
    location : SiteLocation or None
        For sun and moon; the configuration may say something else.
    depth : Depth or None
        By which the effective exposure time of a tile is reckoned; None where nothing tells it.
    count : str
        ``(state) -> {class: targets that the camera saw}``; empty where nothing is counted.
    on_sky : tuple of str
        Types of exposures that look at the sky: what a footprint and a plan are made of.
    fibers : str
        ``"module:name"`` of the `qltui.instruments.fiber_view.FiberView`; empty where there are no fibres.
    program_title : str
        What `qltui.model.Exposure.program` tells apart: ``"program"``, or ``"filter"`` of an imager.
    tile_title : str
        What an exposure looks at: ``"tile"`` of a survey's list, or ``"field"`` where there is none.
    field_camera : Camera or None
        Stands for all cameras together: its steps are those `of_field`, its metrics those of these steps. It is in the
        record as a camera is, though not among `cameras`. None where nothing is measured of the whole.
    combine : mapping of str to int
        How many exposures of an obstype are made into one master, ``{"ZERO": 10}``.
    calibrations_by_program : tuple of str
        Kinds of `calibration_products` that serve exposures of the same program alone.
    calibrations_last : bool
        Whether those of earlier nights serve as well where the night has none.
    places : mapping of str to (float, float)
        Where each camera lies in the focal plane, x to the right and y upwards as the observer knows the picture [mm];
        empty where the question makes no sense.
    mjd_zero : float
        What is taken off the Modified Julian Date on axes [d], as the instrument's own people do: 56000 or nothing.
    footprint : Footprint or None
        What of the sky an exposure covers; None where that is not made of detectors.
    rows : tuple of tuple of str
        The same for a terminal: cameras in rows from the top; empty where there are no places.
    groups : mapping of str to mapping
        Cameras that share a piece of hardware: ``{"backplane": {"BKP1": ("S1", ...)}}``. One fault in all cameras of
        one group is told as the group's.
    presets : mapping of str to tuple of str
        Selections of cameras that observers know by name, ``{"Core": (...)}``.
    halves : tuple of tuple of str
        Selections that complement each other, to be taken in turn; empty for none.
    trend_presets : tuple of TrendPreset
        Histories that observers know by name, in the order of their key; empty for none.
    products : tuple of ProductKind
        Kinds of files that a recipe leaves.
    """

    name: str
    title: str
    cameras: tuple[Camera, ...]
    arm_title: str
    unit_title: str
    steps: tuple[StepDefinition, ...]
    metrics: tuple[MetricDefinition, ...]
    limits: str
    timezone: str
    calibration_products: Mapping[str, str]
    scan: str
    inspect: str
    begin: str
    finish: str
    warm_up: str
    layouts: Mapping[str, tuple[tuple[tuple[str, ...], ...], ...]] = field(default_factory=dict)
    conditions: tuple[Condition, ...] = ()
    measured_conditions: tuple[Condition, ...] = ()
    location: SiteLocation | None = None
    depth: Depth | None = None
    count: str = ""
    on_sky: tuple[str, ...] = ("SCIENCE",)
    fibers: str = ""
    program_title: str = "program"
    tile_title: str = "tile"
    mjd_zero: float = 0.0
    field_camera: Camera | None = None
    combine: Mapping[str, int] = field(default_factory=dict)
    calibrations_by_program: tuple[str, ...] = ()
    calibrations_last: bool = False
    places: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    footprint: Footprint | None = None
    rows: tuple[tuple[str, ...], ...] = ()
    groups: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    presets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    halves: tuple[tuple[str, ...], ...] = ()
    trend_presets: tuple[TrendPreset, ...] = ()
    products: tuple[ProductKind, ...] = ()
    list_nights: str = ""
    dead: str = ""

    def steps_for(self, obstype: str) -> tuple[StepDefinition, ...]:
        """Return the steps of an exposure of this type, in order; empty where there is no recipe."""
        return tuple(step for step in self.steps if obstype in step.obstypes)

    @property
    def subjects(self) -> tuple[Camera, ...]:
        """All that is reduced and judged by itself: the cameras, and last the field."""
        return self.cameras if self.field_camera is None else (*self.cameras, self.field_camera)

    def dead_cameras(self, night: int, calibration_directory: str = "") -> Mapping[str, str]:
        """Return the cameras that are known to say nothing in a night, and why.

        Parameters
        ----------
        night : int
            YYYYMMDD.
        calibration_directory : str
            The site's, which may have a list of its own; empty for none.
        """
        found: Mapping[str, str] = resolve(self.dead)(night, calibration_directory) if self.dead else {}
        return found

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of `subjects`."""
        return tuple(camera.name for camera in self.subjects)

    def subjects_of(self, step: StepDefinition) -> tuple[Camera, ...]:
        """Return what a step is done for: each camera, or the field."""
        return tuple(camera for camera in self.subjects if (camera is self.field_camera) == step.of_field)

    def steps_of(self, obstype: str, camera: str) -> tuple[StepDefinition, ...]:
        """Return the steps of one camera, or of the field, in an exposure of this type."""
        is_field = self.field_camera is not None and camera == self.field_camera.name
        return tuple(step for step in self.steps_for(obstype) if step.of_field == is_field)

    def metrics_for(
        self, obstype: str, step: str | None = None, arm: str | None = None
    ) -> tuple[MetricDefinition, ...]:
        """Return the metrics of an exposure of this type, of one step and one arm if given."""
        return tuple(
            metric
            for metric in self.metrics
            if obstype in metric.obstypes
            and (step is None or metric.step == step)
            and (arm is None or not metric.arms or arm in metric.arms)
        )

    def metric(self, name: str) -> MetricDefinition:
        """Return the entry of the metric called `name`; KeyError where there is none."""
        for metric in self.metrics:
            if metric.name == name:
                return metric
        raise KeyError(name)

    def camera(self, name: str) -> Camera:
        """Return the camera called `name`, or the field if it is called so; KeyError where there is none."""
        if self.field_camera is not None and name == self.field_camera.name:
            return self.field_camera
        for camera in self.cameras:
            if camera.name == name:
                return camera
        raise KeyError(name)


def instrument_names() -> tuple[str, ...]:
    """Return the names of the instruments that this version knows."""
    return _INSTRUMENTS


def get_instrument(name: str) -> Instrument:
    """Return the description of the instrument called `name`.

    Raises
    ------
    KeyError
        Where there is no such instrument.
    """
    if name not in _INSTRUMENTS:
        msg = f"no instrument {name!r}; known: {', '.join(_INSTRUMENTS)}"
        raise KeyError(msg)
    instrument: Instrument = importlib.import_module(f"qltui.instruments.{name}").INSTRUMENT
    return instrument
