"""How each metric is looked at: which columns of the products its pictures draw."""

from __future__ import annotations

from typing import Final

from qltui.instruments.base import HISTORY, Picture

__all__ = [
    "AMPLIFIERS",
    "ARC_FIBERS",
    "FLAT_FIBERS",
    "GOOD_FIBERS",
    "LINE_WIDTHS",
    "LOST_LIGHT",
    "SIGNAL_TO_NOISE",
    "SKY_BRIGHTNESS",
    "SKY_CONTINUUM",
    "SKY_LINES",
    "TRACE_SHIFTS",
]

Pictures = tuple[Picture, ...]

_SKY: Final = ("SKY",)


def _scatter(columns: tuple[tuple[str, str], ...], **other: object) -> Picture:
    """Return the values of the fibres against their number."""
    values = {"title": "by fibre", "x": "FIBER", "x_title": "fibre", **other}
    return Picture("scatter", product="fibers", hdu="FIBERS", columns=columns, name="FIBER", **values)  # type: ignore[arg-type]


def _histogram(columns: tuple[tuple[str, str], ...], **other: object) -> Picture:
    """Return how many fibres have which value."""
    return Picture("histogram", "histogram", "fibers", "FIBERS", columns, name="FIBER", **other)  # type: ignore[arg-type]


def _places(columns: tuple[tuple[str, str], ...], **other: object) -> Pictures:
    """Return the fibres on the sky, north up and east to the left, and on the focal plane."""
    sky = Picture(
        "places", "fibres on the sky", "fibers", "FIBERS", columns, x="RA", x_title="RA", x_unit="deg",
        x_reversed=True, y="DEC", y_title="Dec", y_unit="deg", name="FIBER", **other,  # type: ignore[arg-type]
    )  # fmt: skip
    plane = Picture(
        "places", "fibres on the focal plane", "fibers", "FIBERS", columns, x="FIBER_X", x_title="x", x_unit="mm",
        y="FIBER_Y", y_title="y", y_unit="mm", name="FIBER", **other,  # type: ignore[arg-type]
    )  # fmt: skip
    return sky, plane


def _all(columns: tuple[tuple[str, str], ...], **other: object) -> Pictures:
    return (_scatter(columns, **other), _histogram(columns, **other), *_places(columns, **other))


AMPLIFIERS: Final[Pictures] = (Picture("patches", "amplifiers on the detector"), HISTORY)

_WIDTHS: Final = (("x", "XSIGMA"), ("w", "WSIGMA"))
LINE_WIDTHS: Final[Pictures] = (
    *_all(_WIDTHS),
    Picture("patches", "amplifiers on the detector", "fibers", "AMPLIFIERS", _WIDTHS, name="NAME"),
    HISTORY,
)

_LEVEL: Final = (("", "LEVEL"),)
GOOD_FIBERS: Final[Pictures] = (
    _scatter(_LEVEL, flag="GOOD", title="light by fibre", unit="working fibre = 1"),
    *_places(_LEVEL, flag="GOOD", unit="working fibre = 1"),
    HISTORY,
)

TRACE_SHIFTS: Final[Pictures] = (*_all((("dx", "DX"), ("dy", "DY"))), HISTORY)

SKY_LINES: Final[Pictures] = (*_all((("", "PEAKCOUNT"),), group="CLASS", only=_SKY), HISTORY)
SKY_CONTINUUM: Final[Pictures] = (*_all((("", "SKYCONT"),), group="CLASS", only=_SKY), HISTORY)
SKY_BRIGHTNESS: Final[Pictures] = (*_all((("", "SKYMAG"),), group="CLASS", only=_SKY), HISTORY)

_SNR: Final = (("", "SNR"),)
_FAINTER: Final = {"x": "MAG_CAT", "x_title": "catalogue magnitude", "x_unit": "mag", "group": "CLASS"}
SIGNAL_TO_NOISE: Final[Pictures] = (
    Picture(
        "curve", "SNR by magnitude", "fibers", "FIBERS", _SNR, name="FIBER", by_group=True, model="SNR_FIT", unit="",
        **_FAINTER,  # type: ignore[arg-type]
    ),
    _scatter(_SNR, title="residual by magnitude", model="SNR_FIT", relative=True, by_group=True, unit="", **_FAINTER),
    _scatter(_SNR, group="CLASS", by_group=True, unit=""),
    *_places(_SNR, model="SNR_FIT", relative=True, group="CLASS", by_group=True, unit=""),
    HISTORY,
)  # fmt: skip

LOST_LIGHT: Final[Pictures] = (*_all((("", "DELTAMAG"),), group="CLASS", by_group=True), HISTORY)

ARC_FIBERS: Final[Pictures] = (
    _scatter((("", "ARCSIGMA"),), flag="ARCGOOD", unit="px", title="line width by fibre"),
    HISTORY,
)
FLAT_FIBERS: Final[Pictures] = (_scatter((("", "FLATMEAN"),)), _histogram((("", "FLATMEAN"),)), HISTORY)
