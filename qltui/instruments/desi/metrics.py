"""Every number by which a DESI camera is judged: what it is, what a bad value usually means, what to do.

The one table that screens, help, messages, trends and exports read. A metric is added here and as one function in a
``measure_*`` module, and nowhere else.
"""

from __future__ import annotations

from typing import Final

from qltui.instruments.base import MetricDefinition
from qltui.instruments.desi import metric_pictures as look

__all__ = ["ALL", "ARCS", "DARKS", "FLATS", "LIT", "METRICS", "SKIES", "TARGETS"]

TARGETS: Final = ("SCIENCE",)
SKIES: Final = ("SCIENCE", "SKY", "TWILIGHT")
ARCS: Final = ("ARC", "TESTARC")
FLATS: Final = ("FLAT", "TESTFLAT")
DARKS: Final = ("ZERO", "DARK")
LIT: Final = SKIES + ARCS + FLATS
ALL: Final = LIT + DARKS

_CCD = "qltui.instruments.desi.measure_ccd"
_FIBERS = "qltui.instruments.desi.measure_fibers"
_SPECTRA = "qltui.instruments.desi.measure_spectra"
_CALIBRATION = "qltui.instruments.desi.measure_calibration"

_CCD_METRICS: Final = (
    MetricDefinition(
        name="CHECKHDUS",
        title="Header agrees with file",
        short="header",
        unit="",
        step="CHECK_CCDS",
        obstypes=ALL,
        elements="check",
        function=f"{_CCD}:check_hdus",
        definition="1 where the CAMERA and EXPID cards of the camera's HDU agree with camera and exposure, else 0.",
        meaning="The file was put together from the wrong pieces, or a header was filled wrongly.",
        action="Do not use this camera; tell the data system's expert which card disagrees.",
        format=".0f",
        phrase="header card {element} disagrees with the file",
    ),
    MetricDefinition(
        name="NOISE_AMP",
        title="Read noise",
        short="noise",
        unit="e-",
        step="CHECK_CCDS",
        obstypes=ALL,
        elements="amplifier",
        function=f"{_CCD}:read_noise",
        definition="Standard deviation of the raw overscan pixels of each amplifier, clipped, quantisation removed, "
        "times the gain.",
        meaning="Electronic pick-up, a loose cable or a failing amplifier; zero means that it is not read at all.",
        action="Repeat a zero; if it stays, power-cycle the front-end electronics of this camera.",
        format=".2f",
        pictures=look.AMPLIFIERS,
    ),
    MetricDefinition(
        name="BIAS_AMP",
        title="Bias level",
        short="bias",
        unit="ADU",
        step="CHECK_CCDS",
        obstypes=ALL,
        elements="amplifier",
        function=f"{_CCD}:bias_level",
        definition="Level of the raw overscan pixels of each amplifier, the one that is subtracted.",
        meaning="A voltage has moved, or the electronics were just switched on and are still warming up.",
        action="Compare with the zeros of this afternoon; a jump calls for new zeros, a drift for patience.",
        format=".1f",
        pictures=look.AMPLIFIERS,
    ),
    MetricDefinition(
        name="LITFRAC_AMP",
        title="Lit fraction",
        short="lit fraction",
        unit="",
        step="CHECK_CCDS",
        obstypes=ALL,
        elements="amplifier",
        function=f"{_CCD}:lit_fraction",
        definition="Fraction of the pixels of each amplifier above five times its expected read noise.",
        meaning="Too low: shutter, lamp or amplifier did not work. Too high: stray light, saturation or a light leak.",
        action="Look at the preview; compare the amplifiers of this camera and the same arm of its neighbours.",
        format=".3f",
        pictures=look.AMPLIFIERS,
    ),
    MetricDefinition(
        name="COSMICS_RATE",
        title="Cosmic-ray rate",
        short="cosmic rays",
        unit="/min",
        step="CHECK_CCDS",
        obstypes=DARKS,
        elements="amplifier",
        function=f"{_CCD}:cosmics_rate",
        definition="Hits on each amplifier in a minute of exposure time plus half of the readout.",
        meaning="Sparks of the electronics, a light leak or hot pixels are taken for cosmic rays.",
        action="Look at the preview for tracks that repeat between exposures.",
        format=".1f",
        pictures=look.AMPLIFIERS,
    ),
    MetricDefinition(
        name="XWSIGMA",
        title="Line widths",
        short="line width",
        unit="px",
        step="CHECK_CCDS",
        obstypes=("SCIENCE", "SKY", *ARCS),
        elements="axis",
        function=f"{_CCD}:line_widths",
        definition="Median over fibres of the Gaussian sigma of sky or arc lines along x (profile) and w (wavelength), "
        "background and pixel integration taken out.",
        meaning="The spectrograph is out of focus or something moved in it; w alone: too few or blended lines.",
        action="Compare with the last arc; check the focus and the temperature of this spectrograph.",
        format=".2f",
        phrase="{short} {element} {value} {sign} {limit} {unit}",
        pictures=look.LINE_WIDTHS,
    ),
)

_FIBER_METRICS: Final = (
    MetricDefinition(
        name="NGOODFIB",
        title="Good fibres",
        short="good fibres",
        unit="",
        step="CHECK_FIBERS",
        obstypes=LIT,
        elements="",
        function=f"{_FIBERS}:good_fibers",
        definition="Fibres that bring light, out of those that the traces declare and that are not known to be broken.",
        meaning="Broken or badly placed fibres, a dead amplifier, or traces that miss the spectra.",
        action="See which fibres: neighbours of one block point to the slit, half of a camera to an amplifier.",
        format=".0f",
        phrase="{value} of {reference} fibres good",
        pictures=look.GOOD_FIBERS,
    ),
    MetricDefinition(
        name="XYSHIFTS",
        title="Trace shifts",
        short="traces",
        unit="px",
        step="CHECK_FIBERS",
        obstypes=LIT,
        elements="axis",
        function=f"{_FIBERS}:trace_shifts",
        definition="Shift of the spectra from the calibrated traces: dx across, dy along wavelength, both absolute.",
        meaning="The spectrograph or its detector has moved, mostly with temperature.",
        action="Up to a pixel is followed by the reduction; take new arcs and flats when it stays.",
        format="+.2f",
        phrase="{short} {element} {value} {sign} {limit} {unit}",
        pictures=look.TRACE_SHIFTS,
    ),
)

_SPECTRA_METRICS: Final = (
    MetricDefinition(
        name="PEAKCOUNT",
        title="Sky line counts",
        short="sky lines",
        unit="e-/A/s",
        step="CHECK_SPECTRA",
        obstypes=("SCIENCE", "SKY"),
        elements="",
        function=f"{_SPECTRA}:sky_peaks",
        definition="Median over sky fibres of the counts in five bins at two sky lines of the arm, per second.",
        meaning="Too high: twilight, moon or aurora. Too low: closed dome, shutter, or the traces miss the lines.",
        action="Compare the arms: all of them means the sky, one means the camera.",
        format=".2f",
        scope="exposure",
        pictures=look.SKY_LINES,
    ),
    MetricDefinition(
        name="SKYCONT",
        title="Sky continuum",
        short="sky",
        unit="e-/A",
        step="CHECK_SPECTRA",
        obstypes=SKIES,
        elements="",
        function=f"{_SPECTRA}:sky_continuum",
        definition="Mean over sky fibres of the median flux in two windows without strong lines, sky not subtracted.",
        meaning="Too high: moon, twilight, clouds lit from below, stray light. Too low: dome, shutter or camera.",
        action="Check moon and twilight; if they do not explain it, look for a lamp left on.",
        format=".0f",
        scope="exposure",
        pictures=look.SKY_CONTINUUM,
    ),
    MetricDefinition(
        name="FIDSNR_TGT",
        title="Signal to noise at the fiducial magnitude",
        short="SNR",
        unit="",
        step="CHECK_SPECTRA",
        obstypes=TARGETS,
        elements="class",
        function=f"{_SPECTRA}:fiducial_snr",
        definition="Signal to noise of a bin at magnitude 22, from a least-squares fit over the targets of each class.",
        meaning="Clouds, bad seeing, bright sky, fibres off their targets, or a noisy detector.",
        action="Compare with DELTAMAG_TGT (clouds, positioning) and SKYCONT (bright sky); expose longer or wait.",
        format=".2f",
        phrase="{short} {element} {value} {sign} {limit} {unit}",
        scope="exposure",
        pictures=look.SIGNAL_TO_NOISE,
    ),
    MetricDefinition(
        name="SKYRBAND",
        title="Sky brightness in r",
        short="sky r",
        unit="mag/arcsec2",
        step="CHECK_SPECTRA",
        obstypes=("SCIENCE", "SKY"),
        elements="",
        function=f"{_SPECTRA}:sky_magnitude",
        definition="AB surface brightness of the sky in the r band from the sky fibres, before sky subtraction, "
        "with the stated zero point.",
        meaning="Too bright: moon, twilight or stray light. Too faint: dome or shutter closed, or no light at all.",
        action="Compare with the sky monitor; bright targets only while it stays bright.",
        format=".2f",
        arms=("r",),
        scope="exposure",
        pictures=look.SKY_BRIGHTNESS,
    ),
    MetricDefinition(
        name="DELTAMAG_TGT",
        title="Spectral minus catalogue magnitude",
        short="lost light",
        unit="mag",
        step="CHECK_SPECTRA",
        obstypes=TARGETS,
        elements="class",
        function=f"{_SPECTRA}:delta_magnitude",
        definition="Median over the targets of each class of their magnitude in the spectrum minus the catalogue's.",
        meaning="Positive: clouds, bad seeing, fibres off their targets. One camera alone: its throughput.",
        action="Look at the guide cameras for clouds; if they are clear, check pointing and positioners.",
        format="+.2f",
        phrase="{short} {element} {value} {sign} {limit} {unit}",
        scope="exposure",
        pictures=look.LOST_LIGHT,
    ),
)

_CALIBRATION_METRICS: Final = (
    MetricDefinition(
        name="CHECKARC",
        title="Fibres with arc lines",
        short="arc fibres",
        unit="",
        step="CHECK_ARC",
        obstypes=ARCS,
        elements="",
        function=f"{_CALIBRATION}:arc_fibers",
        definition="Fibres in which the arc lines that this arm must show could be measured and their width fitted.",
        meaning="A lamp did not light or was too short, or the traces miss the lines.",
        action="Look which lines are absent; check the lamp and repeat the arc.",
        format=".0f",
        phrase="arc lines in {value} of {reference} fibres",
        pictures=look.ARC_FIBERS,
    ),
    MetricDefinition(
        name="CHECKFLAT",
        title="Mean of the fibre flat",
        short="fibre flat",
        unit="",
        step="CHECK_FIBERFLAT",
        obstypes=FLATS,
        elements="",
        function=f"{_CALIBRATION}:flat_mean",
        definition="Mean over fibres and wavelengths of the fibre flat; 1 where every fibre brings the lamp's light.",
        meaning="The lamp failed or was too faint, fibres are dark, or the flat could not be made.",
        action="Check the lamp and repeat the flat; it is not used for the night.",
        format=".3f",
        pictures=look.FLAT_FIBERS,
    ),
)

METRICS: Final = _CCD_METRICS + _FIBER_METRICS + _SPECTRA_METRICS + _CALIBRATION_METRICS
