"""How each metric is looked at: which columns of the products its pictures draw."""

from __future__ import annotations

from typing import Final

from qltui.instruments.base import HISTORY, Picture

__all__ = ["AMPLIFIERS", "ELLIPTICITIES", "SOURCES", "WIDTHS"]

Pictures = tuple[Picture, ...]

AMPLIFIERS: Final[Pictures] = (Picture("patches", "amplifiers on the detector"), HISTORY)


def _places(column: str, **other: object) -> Picture:
    """Return sources at their place on the CCD, shaded by a column."""
    return Picture(
        "places", "sources on the CCD", "sources", "SOURCES", (("", column),), x="X", x_title="x", x_unit="px",
        y="Y", y_title="y", y_unit="px", name="NUMBER", **other,  # type: ignore[arg-type]
    )  # fmt: skip


def _by_magnitude(column: str, title: str, **other: object) -> Picture:
    """Return a column against magnitude: stars lie on a line there."""
    return Picture(
        "scatter", title, "sources", "SOURCES", (("", column),), x="MAG", x_title="magnitude", x_unit="mag",
        name="NUMBER", group="KIND", **other,  # type: ignore[arg-type]
    )  # fmt: skip


def _histogram(column: str, **other: object) -> Picture:
    return Picture("histogram", "histogram", "sources", "SOURCES", (("", column),), name="NUMBER", **other)  # type: ignore[arg-type]


_STARS: Final = ("star",)

WIDTHS: Final[Pictures] = (
    _by_magnitude("FWHM", "size by magnitude"),
    _places("FWHM", group="KIND", only=_STARS),
    _histogram("FWHM", group="KIND", only=_STARS),
    HISTORY,
)
ELLIPTICITIES: Final[Pictures] = (
    _places("ELLIP", group="KIND", only=_STARS),
    _histogram("ELLIP", group="KIND", only=_STARS),
    _by_magnitude("ELLIP", "ellipticity by magnitude"),
    HISTORY,
)
SOURCES: Final[Pictures] = (
    _histogram("MAG", unit="mag"),
    _places("MAG", unit="mag"),
    HISTORY,
)
