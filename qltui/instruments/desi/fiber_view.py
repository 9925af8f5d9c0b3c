"""Where viewers find the fibres of DESI, and which lines their spectra may show."""

from __future__ import annotations

from typing import Final

from qltui.instruments.fiber_view import FiberPlace, FiberValue, FiberView, MarkedLine
from qltui.reduction.lines import ARC_LINES, SKY_LINES

__all__ = ["FIBERS", "marked_lines"]

FIBERS: Final = FiberView(
    product="fibers",
    hdu="FIBERS",
    number="FIBER",
    good="GOOD",
    group="CLASS",
    places=(
        FiberPlace("focal plane", "FIBER_X", "FIBER_Y", "x", "y", "mm", format=".2f"),
        FiberPlace("sky", "RA", "DEC", "RA", "Dec", "deg", x_reversed=True),
    ),
    values=(
        FiberValue("LEVEL", "light", "of usual"),
        FiberValue("SNR", "SNR"),
        FiberValue("FLUX", "flux", "e-/Angstrom", ".1f"),
        FiberValue("SKYCONT", "sky", "e-/Angstrom", ".1f"),
        FiberValue("DELTAMAG", "mag - cat.", "mag"),
        FiberValue("DX", "dx", "px"),
        FiberValue("DY", "dy", "px"),
        FiberValue("XSIGMA", "width x", "px"),
        FiberValue("WSIGMA", "width w", "px"),
    ),
    spectra="spectra",
    lines="qltui.instruments.desi.fiber_view:marked_lines",
)


def marked_lines(obstype: str) -> tuple[MarkedLine, ...]:
    """Return the lines of lamps or sky that exposures of an obstype show; none where there is no such light."""
    if obstype in ("ZERO", "DARK", "FLAT", "TESTFLAT"):
        return ()
    lines = ARC_LINES if obstype in ("ARC", "TESTARC") else SKY_LINES
    rows = zip(lines.wavelength.tolist(), lines.species.tolist(), lines.strength.tolist(), strict=True)
    return tuple(MarkedLine(*row) for row in rows)
