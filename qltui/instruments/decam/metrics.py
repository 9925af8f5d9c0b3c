"""Every number by which a CCD or the field of DECam is judged: what it is, what a bad value means, what to do.

The one table that screens, help, messages, trends and exports read. A metric is added here and as one function in a
``measure_*`` module, and nowhere else.
"""

from __future__ import annotations

from typing import Final

from qltui.instruments.base import MetricDefinition
from qltui.instruments.decam import metric_pictures as look
from qltui.instruments.decam.field_metrics import FIELD_METRICS

__all__ = ["ALL", "CALIBRATIONS", "METRICS", "SKIES"]

SKIES: Final = ("SCIENCE", "STANDARD")
CALIBRATIONS: Final = ("FLAT", "TWILIGHT", "ZERO", "DARK")
ALL: Final = SKIES + CALIBRATIONS

_DETREND = "qltui.instruments.decam.measure_detrend"
_SOURCES = "qltui.instruments.decam.measure_sources"

_DETREND_METRICS: Final = (
    MetricDefinition(
        name="HEADER_CHECK",
        title="Header disagrees",
        short="header",
        unit="cards",
        step="DETREND",
        obstypes=ALL,
        elements="",
        function=f"{_DETREND}:header_check",
        definition="Number of cards of the CCD's header that contradict the table of the focal plane, or that do not "
        "give gain or saturation: EXTNAME, DETPOS, CCDNUM, FPA, VALIDA, VALIDB, GAINA, GAINB, SATURATA, SATURATB.",
        meaning="The file was put together from wrong pieces, or the image builder has another table of CCDs.",
        action="Do not trust this CCD's electrons; tell the data system's expert which card disagrees.",
        format=".0f",
        phrase="{value} header cards disagree",
    ),
    MetricDefinition(
        name="BIAS_AMP",
        title="Bias level",
        short="bias",
        unit="ADU",
        step="DETREND",
        obstypes=ALL,
        elements="amplifier",
        function=f"{_DETREND}:bias_level",
        definition="Level of the raw overscan pixels of each amplifier, clipped: the median of the rows where they "
        "have levels of their own.",
        meaning="A voltage has moved, a backplane was power-cycled, or the amplifier is dying.",
        action="Compare the CCDs of the same backplane; take a zero. If it stays, call the instrument's expert.",
        format=".1f",
        pictures=look.AMPLIFIERS,
    ),
    MetricDefinition(
        name="NOISE_AMP",
        title="Read noise",
        short="noise",
        unit="e-",
        step="DETREND",
        obstypes=ALL,
        elements="amplifier",
        function=f"{_DETREND}:read_noise",
        definition="Standard deviation of the raw overscan pixels of each amplifier, clipped, digitisation removed, "
        "times the gain.",
        meaning="Electronic pick-up or a failing board; zero means that the amplifier is not read at all.",
        action="See whether a whole backplane is noisy; repeat a zero. If it stays, call the instrument's expert.",
        format=".2f",
        pictures=look.AMPLIFIERS,
    ),
    MetricDefinition(
        name="SATURATED_FRACTION",
        title="Saturated pixels",
        short="saturated",
        unit="%",
        step="DETREND",
        obstypes=ALL,
        elements="",
        function=f"{_DETREND}:saturated_fraction",
        definition="Share of the CCD's pixels at or above the saturation level of their amplifier.",
        meaning="A bright star; in many CCDs at once far too much light: twilight, dome lights or an open shutter.",
        action="Many CCDs: stop the sequence now, close the shutter, find the light. Light has killed a CCD before.",
        format=".2f",
    ),
    MetricDefinition(
        name="COSMICS_RATE",
        title="Cosmic-ray rate",
        short="cosmic rays",
        unit="/cm2/min",
        step="DETREND",
        obstypes=("ZERO", "DARK", *SKIES),
        elements="",
        function=f"{_DETREND}:cosmics_rate",
        definition="Groups of pixels sharper than any star, on a square centimetre of the CCD in a minute of exposure "
        "time plus half of the readout.",
        meaning="Sparks of the electronics, hot pixels or a light leak are taken for cosmic rays.",
        action="Look at the preview for tracks that repeat between exposures.",
        format=".2f",
    ),
    MetricDefinition(
        name="FLAT_LEVEL",
        title="Light level",
        short="light level",
        unit="ADU",
        step="DETREND",
        obstypes=("FLAT", "TWILIGHT"),
        elements="amplifier",
        function=f"{_DETREND}:flat_level",
        definition="Median light of the good pixels of each amplifier, above its bias; the flat field is left in.",
        meaning="Lamp or exposure time are wrong, or the twilight is still too bright; above 22000 ADU a pixel is not "
        "linear to 1 %.",
        action="Too bright: shorten the exposure or wait, before the next frame. Too faint: check lamp and shutter.",
        format=".0f",
        pictures=look.AMPLIFIERS,
    ),
)

_SOURCE_METRICS: Final = (
    MetricDefinition(
        name="BACKGROUND",
        title="Sky background",
        short="background",
        unit="ADU/s",
        step="SOURCES",
        obstypes=SKIES,
        elements="",
        function=f"{_SOURCES}:background",
        definition="Level of the sky between the sources, median of a mesh of clipped modes, in a second of exposure.",
        meaning="Moon, twilight, thin clouds or stray light; one CCD alone has a bad bias or flat.",
        action="Compare with moon and twilight; wait, or change to a redder filter or another field.",
        format=".2f",
        scope="exposure",
    ),
    MetricDefinition(
        name="SKY_BRIGHTNESS",
        title="Sky brightness",
        short="sky",
        unit="mag/arcsec2",
        step="SOURCES",
        obstypes=SKIES,
        elements="",
        function=f"{_SOURCES}:sky_brightness",
        definition="The background as AB magnitude of a square arcsecond, with the band's stated zero point; not "
        "corrected for extinction.",
        meaning="Bright: moon, twilight, or clouds that are lit. Faint: clouds on a dark night, or light is lost.",
        action="Look at the cloud camera and the transparency of the guide stars.",
        format=".2f",
        scope="exposure",
        phrase="{short} {value} {sign} {limit} {unit}",
    ),
    MetricDefinition(
        name="NUMBER_COUNTS",
        title="Number counts",
        short="sources",
        unit="/arcmin2",
        step="SOURCES",
        obstypes=SKIES,
        elements="",
        function=f"{_SOURCES}:number_counts",
        definition="Sources of at least 5 sigma on a square arcminute of the CCD's good pixels.",
        meaning="Few: clouds, bad seeing, moon, or the shutter did not open. Many: a crowded field, or noise.",
        action="Compare with exposures of the same field and filter; look at the cloud camera.",
        format=".2f",
        scope="exposure",
        pictures=look.SOURCES,
    ),
    MetricDefinition(
        name="FWHM",
        title="Width of stars",
        short="FWHM",
        unit="arcsec",
        step="QA",
        obstypes=SKIES,
        elements="",
        function=f"{_SOURCES}:fwhm",
        definition="Full width at half maximum of the stars' profile before the pixels sample it, median over the "
        "stars of the CCD.",
        meaning="The seeing; the telescope is out of focus, or shook. At the edge of the field alone: alignment.",
        action="Compare centre and edge of the field and the guider's seeing; refocus, or wait for the active optics.",
        format=".2f",
        scope="exposure",
        pictures=look.WIDTHS,
    ),
    MetricDefinition(
        name="ELLIPTICITY",
        title="Ellipticity",
        short="ellipticity",
        unit="",
        step="QA",
        obstypes=SKIES,
        elements="",
        function=f"{_SOURCES}:ellipticity",
        definition="1 - b/a of the shape that the stars of the CCD have in common, from weighted second moments.",
        meaning="Guiding or wind where all CCDs point the same way; focus and alignment where they do not.",
        action="All the same way: check guider and wind. Else: check focus and the hexapod.",
        format=".3f",
        scope="exposure",
        pictures=look.ELLIPTICITIES,
    ),
    MetricDefinition(
        name="WHISKER",
        title="Whisker length",
        short="whisker",
        unit="arcsec",
        step="QA",
        obstypes=SKIES,
        elements="",
        function=f"{_SOURCES}:whisker",
        definition="Fourth root of (xx - yy)^2 + (2 xy)^2 of the stars' common second moments.",
        meaning="As the ellipticity, though it does not shrink when the seeing is bad.",
        action="As for the ellipticity.",
        format=".3f",
        scope="exposure",
    ),
    MetricDefinition(
        name="POSITION_ANGLE",
        title="Whisker angle",
        short="angle",
        unit="deg",
        step="QA",
        obstypes=SKIES,
        elements="",
        function=f"{_SOURCES}:position_angle",
        definition="Of the stars' major axis on the sky, from north over east, 0 to 180; without a projection in the "
        "header from the rows of the CCD, and the reason says so.",
        meaning="The same in all CCDs: tracking along that direction. Round the centre or radial: optics.",
        action="Read it with the ellipticity: below 0.05 it says nothing.",
        format=".0f",
    ),
)

METRICS: Final = (*_DETREND_METRICS, *_SOURCE_METRICS, *FIELD_METRICS)
