"""CONSOLIDATE: what the CCDs measured, as numbers of the whole field."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from qltui.instruments.decam.constants import BANDS, I_WAVELENGTH
from qltui.instruments.decam.field_metrics import ELEMENTS
from qltui.instruments.decam.layout import CCDS, PLACES
from qltui.model import Camera, CameraTask, Exposure, Measurement

__all__ = [
    "FIELD_RADIUS", "FieldState", "begin_field", "consolidate", "field_background", "field_counts", "field_ellipticity",
    "field_fwhm", "field_level", "field_noise", "field_saturated", "field_sky", "field_trail", "field_values",
    "plane_change", "radial_change", "seeing_zenith",
]  # fmt: skip

FIELD_RADIUS: Final = 225.0
"""Of the field on the focal plane, 1.1 deg [mm]."""

_FEWEST: Final = 4
"""CCDs, at least, through which a plane is laid."""
_INNER, _OUTER = 1.0 / 3.0, 2.0 / 3.0
_FEWEST_IN_RING: Final = 3
_FLOODED: Final = 5.0
"""Share of saturated pixels from which light floods a CCD [%]: a bright star with its trails has less."""
_SEEING_EXPONENT: Final = 0.6
"""Seeing grows with this power of the airmass (Kolmogorov turbulence)."""
_COLOUR_EXPONENT: Final = 0.2
"""... and falls with this power of the wavelength."""


@dataclass(frozen=True, slots=True)
class FieldState:
    """The field on its way through the recipe.

    Attributes
    ----------
    task : CameraTask
        With what the CCDs measured.
    camera : Camera
        The field.
    off : str
        Why nothing is consolidated; empty where it is.
    values : mapping of str to mapping of str to float
        Finite values by metric and CCD; of several elements their median.
    steps, notes : tuple of str
        What was done, and what is to be known besides.
    """

    task: CameraTask
    camera: Camera
    off: str = ""
    values: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    steps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def exposure(self) -> Exposure:
        """The exposure."""
        return self.task.exposure


def begin_field(task: CameraTask) -> FieldState:
    """Return the field before anything is known of it."""
    return FieldState(task, Camera(task.camera, "", ""))


def field_values(gathered: Mapping[str, tuple[Measurement, ...]]) -> dict[str, dict[str, float]]:
    """Return the finite values of CCDs by metric and CCD; of several elements, as of amplifiers, their median."""
    found: dict[str, dict[str, float]] = {}
    for camera, measurements in gathered.items():
        for measurement in measurements if camera in CCDS else ():
            finite = [value for value in measurement.values if math.isfinite(value)]
            if finite:
                found.setdefault(measurement.metric, {})[camera] = float(np.median(finite))
    return found


def consolidate(state: FieldState) -> FieldState:
    """Gather what the CCDs measured."""
    if not state.task.options.get("consolidate", True):
        return replace(state, off="consolidation is switched off")
    values = field_values(state.task.gathered)
    most = max((len(by_ccd) for by_ccd in values.values()), default=0)
    return replace(state, values=values, steps=(*state.steps, f"{most} CCDs consolidated"))


def plane_change(values: Mapping[str, float]) -> tuple[float, str]:
    """Return what a plane through values at the places of CCDs changes by across the field, and a reason for NaN.

    Parameters
    ----------
    values : mapping of str to float
        By CCD.

    Returns
    -------
    change : float
        From edge to edge along the steepest slope, at least 0 [unit of the values].
    reason : str
        Empty where there is a value.
    """
    names = list(values)
    places = np.array([PLACES[name] for name in names]).reshape(len(names), 2)
    design = np.column_stack([np.ones(len(names)), places / FIELD_RADIUS])
    if len(names) < _FEWEST or np.linalg.matrix_rank(design) < 3:
        return math.nan, f"no gradient from {len(names)} CCDs"
    measured = np.array([values[name] for name in names])
    keep = np.ones(len(names), dtype=bool)
    slope: npt.NDArray[np.float64] = np.zeros(3)
    for _ in range(3):
        slope = np.linalg.lstsq(design[keep], measured[keep], rcond=None)[0]
        residual = np.abs(measured - design @ slope)
        scatter = 1.4826 * float(np.median(residual[keep]))
        good = residual <= max(5.0 * scatter, 1e-12)
        # One broken CCD is no gradient; what is left must still span the field.
        if good.sum() < _FEWEST or np.linalg.matrix_rank(design[good]) < 3 or np.array_equal(good, keep):
            break
        keep = good
    return 2.0 * float(np.hypot(slope[1], slope[2])), ""


def radial_change(values: Mapping[str, float]) -> float:
    """Return the median of CCDs in the outer third of the field less that in the inner third; NaN where they are few.

    Parameters
    ----------
    values : mapping of str to float
        By CCD.
    """
    radius = {name: math.hypot(*PLACES[name]) / FIELD_RADIUS for name in values}
    inner = [values[name] for name, r in radius.items() if r < _INNER]
    outer = [values[name] for name, r in radius.items() if r > _OUTER]
    if min(len(inner), len(outer)) < _FEWEST_IN_RING:
        return math.nan
    return float(np.median(outer) - np.median(inner))


def _nothing(metric: str, state: FieldState, of: str, elements: tuple[str, ...] = ("",)) -> Measurement:
    """Return that there is no value, and why."""
    reason = state.off or f"no CCD has {of}"
    return Measurement(metric, (math.nan,) * len(elements), elements, reason, not_applicable=bool(state.off))


def _statistics(
    metric: str, of: str, worst: Callable[[Mapping[str, float]], str]
) -> Callable[[FieldState], Measurement]:
    """Return the function that measures median, gradient and worst CCD of a CCDs' metric."""

    def measure(state: FieldState) -> Measurement:
        values = state.values.get(of, {})
        if not values:
            return _nothing(metric, state, of, ELEMENTS)
        name = worst(values)
        change, without = plane_change(values)
        outward = radial_change(values)
        numbers = dict(
            zip(ELEMENTS, (float(np.median(list(values.values()))), change, outward, values[name]), strict=True)
        )
        if without:
            del numbers["gradient"]
        if math.isnan(outward):
            del numbers["radial"]
        words = f"worst {name}, {len(values)} CCDs"
        # A change of what has no zero of its own is judged against the median.
        changes = ("gradient", "radial")
        expected = tuple(numbers["median"] if name in changes else math.nan for name in numbers)
        reason = f"{words}; {without}" if without else words
        return Measurement(metric, (*numbers.values(),), (*numbers,), reason, {"expected": expected})

    measure.__doc__ = f"{metric}: median, gradient and worst CCD of {of}."
    return measure


def _largest(values: Mapping[str, float]) -> str:
    return max(values, key=lambda name: values[name])


def _smallest(values: Mapping[str, float]) -> str:
    return min(values, key=lambda name: values[name])


def _farthest(values: Mapping[str, float]) -> str:
    """Return the CCD farthest from the median, for what may be bad on either side."""
    middle = float(np.median(list(values.values())))
    return max(values, key=lambda name: abs(values[name] - middle))


field_fwhm = _statistics("FIELD_FWHM", "FWHM", _largest)
field_ellipticity = _statistics("FIELD_ELLIPTICITY", "ELLIPTICITY", _largest)
field_background = _statistics("FIELD_BACKGROUND", "BACKGROUND", _largest)
field_counts = _statistics("FIELD_COUNTS", "NUMBER_COUNTS", _smallest)
field_noise = _statistics("FIELD_NOISE", "NOISE_AMP", _largest)
field_level = _statistics("FIELD_LEVEL", "FLAT_LEVEL", _farthest)
_field_sky = _statistics("FIELD_SKY", "SKY_BRIGHTNESS", _farthest)


def field_sky(state: FieldState) -> Measurement:
    """FIELD_SKY [mag/arcsec2]: median, gradient and farthest CCD; judged against a dark sky in this band."""
    measurement, band = _field_sky(state), BANDS.get(state.exposure.program)
    if band is None:
        return replace(measurement, not_applicable=True)
    expected = tuple(0.0 if element in ("gradient", "radial") else band.sky for element in measurement.elements)
    return replace(measurement, references={"expected": expected})


def field_trail(state: FieldState) -> Measurement:
    """FIELD_TRAIL: length of the mean of the CCDs' ellipticities as vectors of twice their position angle."""
    sizes, angles = state.values.get("ELLIPTICITY", {}), state.values.get("POSITION_ANGLE", {})
    both = [name for name in sizes if name in angles]
    if not both:
        return _nothing("FIELD_TRAIL", state, "ELLIPTICITY")
    size = np.array([sizes[name] for name in both])
    twice = 2.0 * np.radians([angles[name] for name in both])
    x, y = float(np.mean(size * np.cos(twice))), float(np.mean(size * np.sin(twice)))
    angle = math.degrees(0.5 * math.atan2(y, x)) % 180.0
    return Measurement("FIELD_TRAIL", (math.hypot(x, y),), reason=f"along {angle:.0f} deg, N over E, {len(both)} CCDs")


def seeing_zenith(state: FieldState) -> Measurement:
    """SEEING_ZENITH [arcsec]: median FWHM at zenith in i, ``FWHM * airmass^-0.6 * (wavelength / i)^0.2``."""
    values, band = state.values.get("FWHM", {}), BANDS.get(state.exposure.program)
    if not values:
        return _nothing("SEEING_ZENITH", state, "FWHM")
    if band is None:
        reason = f"the wavelength of filter {state.exposure.program or 'that is not known'} is not known"
        return Measurement("SEEING_ZENITH", (math.nan,), reason=reason, not_applicable=True)
    if state.exposure.airmass is None:
        return Measurement("SEEING_ZENITH", (math.nan,), reason="no airmass in the header")
    factor = state.exposure.airmass**-_SEEING_EXPONENT * (band.wavelength / I_WAVELENGTH) ** _COLOUR_EXPONENT
    return Measurement("SEEING_ZENITH", (float(np.median(list(values.values()))) * factor,))


def field_saturated(state: FieldState) -> Measurement:
    """FIELD_SATURATED: number of CCDs that light floods."""
    values = state.values.get("SATURATED_FRACTION", {})
    if not values:
        return _nothing("FIELD_SATURATED", state, "SATURATED_FRACTION")
    flooded = sorted((name for name, share in values.items() if share > _FLOODED), key=lambda name: CCDS[name].number)
    shown = " ".join(flooded[:8]) + (" ..." if len(flooded) > 8 else "")
    return Measurement("FIELD_SATURATED", (float(len(flooded)),), reason=shown)
