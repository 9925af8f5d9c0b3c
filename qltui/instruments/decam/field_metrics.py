"""Numbers of the whole field, from those of its CCDs; the elements of each are the same."""

from __future__ import annotations

from typing import Final

from qltui.instruments.base import MetricDefinition

__all__ = ["ELEMENTS", "FIELD_METRICS"]

_SKIES = ("SCIENCE", "STANDARD")
_ALL = (*_SKIES, "FLAT", "TWILIGHT", "ZERO", "DARK")
_MODULE = "qltui.instruments.decam.consolidate"

ELEMENTS: Final = ("median", "gradient", "radial", "worst")
"""Median of the CCDs; what a plane through them changes by from one edge of the field to the other; median of the CCDs
in the outer third of the field less that in the inner third; the worst CCD."""

_WORDS = (
    "Median of the CCDs; change of a plane through them from edge to edge of the field; outer less inner CCDs; the "
    "worst CCD."
)


def _of_field(
    name: str,
    title: str,
    short: str,
    unit: str,
    of: str,
    obstypes: tuple[str, ...],
    meaning: str,
    action: str,
    format_: str,
) -> MetricDefinition:
    return MetricDefinition(
        name=name,
        title=title,
        short=short,
        unit=unit,
        step="CONSOLIDATE",
        obstypes=obstypes,
        elements="statistic",
        function=f"{_MODULE}:{name.lower()}",
        definition=f"{of} {_WORDS}",
        meaning=meaning,
        action=action,
        format=format_,
        phrase="{short} {element} {value} {sign} {limit} {unit}",
        scope="exposure",
    )


FIELD_METRICS: Final = (
    _of_field(
        "FIELD_FWHM", "Width of stars, field", "field FWHM", "arcsec", "Of the widths of stars.", _SKIES,
        "Median: seeing or focus. Gradient: the focal plane is tilted to the focus. Radial: focus, seen at the edge.",
        "Compare with the guider's seeing; a gradient above 0.2 arcsec calls for the hexapod.", ".2f",
    ),
    _of_field(
        "FIELD_ELLIPTICITY", "Ellipticity, field", "field ellipticity", "", "Of the ellipticities.", _SKIES,
        "With FIELD_TRAIL as large: guiding or wind. With FIELD_TRAIL small: focus and alignment.",
        "Check the guider first, then focus and hexapod.", ".3f",
    ),
    MetricDefinition(
        name="FIELD_TRAIL",
        title="Common ellipticity",
        short="trail",
        unit="",
        step="CONSOLIDATE",
        obstypes=_SKIES,
        elements="",
        function=f"{_MODULE}:field_trail",
        definition="Length of the mean of the CCDs' ellipticities as vectors: what points the same way everywhere.",
        meaning="The telescope moved during the exposure: guiding, wind or tracking.",
        action="Check the guider's offsets and the wind; shield the dome or change to shorter exposures.",
        format=".3f",
        scope="exposure",
    ),
    MetricDefinition(
        name="SEEING_ZENITH",
        title="Seeing at zenith, i band",
        short="zenith seeing",
        unit="arcsec",
        step="CONSOLIDATE",
        obstypes=_SKIES,
        elements="",
        function=f"{_MODULE}:seeing_zenith",
        definition="Median width of stars, times airmass^-0.6, times (wavelength / i band)^0.2: what the same air "
        "would give at zenith in i.",
        meaning="The seeing of the site, free of where the telescope looks and in which filter.",
        action="Above 1.6 arcsec in several exposures in a row: change to a programme for bad seeing.",
        format=".2f",
        scope="exposure",
    ),
    _of_field(
        "FIELD_BACKGROUND", "Sky background, field", "field background", "ADU/s", "Of the backgrounds.", _SKIES,
        "Median: moon, twilight or clouds. Gradient: moonlight or stray light in the dome.",
        "Compare with the moon; look for light in the dome.", ".2f",
    ),
    _of_field(
        "FIELD_SKY", "Sky brightness, field", "field sky", "mag/arcsec2", "Of the brightness of the sky.", _SKIES,
        "Bright: moon, twilight or lit clouds. Faint: clouds on a dark night.",
        "Look at the cloud camera and at the guider's transparency.", ".2f",
    ),
    _of_field(
        "FIELD_COUNTS", "Number counts, field", "field sources", "/arcmin2", "Of the number counts.", _SKIES,
        "Few: clouds, or bad seeing. Gradient: clouds in part of the field, or a real structure of the sky.",
        "Compare with exposures of the same field; look at the cloud camera.", ".2f",
    ),
    _of_field(
        "FIELD_NOISE", "Read noise, field", "field noise", "e-", "Of the read noise of amplifiers.", _ALL,
        "Pick-up that reaches many CCDs at once.",
        "See which backplane; repeat a zero.", ".2f",
    ),
    _of_field(
        "FIELD_LEVEL", "Light level, field", "field light", "ADU", "Of the light levels.", ("FLAT", "TWILIGHT"),
        "Lamp, exposure time or twilight are not right; a gradient is that of the light itself.",
        "Adjust the exposure time before the next frame.", ".0f",
    ),
    MetricDefinition(
        name="FIELD_SATURATED",
        title="Saturated CCDs",
        short="saturated CCDs",
        unit="",
        step="CONSOLIDATE",
        obstypes=_ALL,
        elements="",
        function=f"{_MODULE}:field_saturated",
        definition="Number of CCDs in which more than 5 % of the pixels are saturated.",
        meaning="Light floods the focal plane: twilight, dome lights, moon, or a filter or shutter that did not close.",
        action="Stop the sequence now and close the shutter. Light has killed a CCD before.",
        format=".0f",
        phrase="{value} CCDs saturated",
        scope="exposure",
    ),
)  # fmt: skip
