"""What to simulate: one frozen description of an exposure, checked and with its defaults filled in."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from qltui.instruments.decam.constants import BANDS, I_WAVELENGTH
from qltui.simulate.decam.faults import Fault
from qltui.simulate.decam.geometry import SIZES, Size
from qltui.simulate.decam.mosaic import CCDS
from qltui.simulate.decam.psf import PROFILES
from qltui.simulate.errors import SimulationError

__all__ = ["EXPTIME", "FIRST_EXPNUM", "FIRST_NIGHT", "OBSTYPES", "SimulationRequest"]

FIRST_NIGHT: Final = 20130831
FIRST_EXPNUM: Final = 229388

EXPTIME: Final[Mapping[str, float]] = {
    "SCIENCE": 90.0, "STANDARD": 15.0, "TWILIGHT": 5.0, "FLAT": 10.0, "ZERO": 0.0, "DARK": 300.0,
}  # fmt: skip
"""Exposure times [s] by obstype; see `Size.deep` for those of small CCDs."""

_EXPTIME_MINI: Final = 20.0
"""Of science exposures of small CCDs [s]: a fainter sky needs fewer bytes."""

OBSTYPES: Final = tuple(EXPTIME)
_LONGEST: Final = 36000.0
_NOON: Final = 16
"""Local noon at Cerro Tololo [h UTC]."""
_BEGIN: Final[Mapping[str, float]] = {"TWILIGHT": 6.7, "SCIENCE": 8.5, "STANDARD": 8.0}
_AFTERNOON: Final = 3.0
"""When twilight exposures, observations and calibrations begin, in hours after local noon."""

_CONDITIONS: Final = 12


@dataclass(frozen=True, slots=True)
class SimulationRequest:
    """An exposure to be simulated.

    Attributes
    ----------
    obstype : str
        One of `OBSTYPES`.
    expnum, night : int
        Number, and date of sunset as YYYYMMDD.
    seed : int
        Decides everything that is random; a CCD comes out the same whichever others are asked for.
    size : {"mini", "full"}
    band : str
        Filter; of no meaning for zeros and darks.
    exptime : float
        [s]; NaN for the usual one.
    ccds : tuple of str
        CCDs to be written, all by default.
    faults : tuple of Fault
    date_obs : datetime.datetime or None
        Start of the exposure in UTC; derived from night and obstype where None.
    seeing : float
        FWHM of stars in this band, geometric mean of the axes [arcsec]; NaN to draw it.
    ellipticity : float
        1 - b/a of stars; NaN to draw it.
    angle : float
        Of the major axis, from +x towards +y of the pixels [deg]; NaN to draw it.
    profile : {"moffat", "gaussian"}
    sky : float
        Brightness of the sky [mag/arcsec2]; NaN for the band's own.
    airmass : float
        NaN to draw it.
    level : float
        Light of dome flats and twilight exposures [ADU]; NaN for the usual one.
    cosmics, photon_noise, read_noise, variation, bias_step, traps, focus_chips : bool
        Whether there are cosmic rays; photon noise; read noise; differences of pixels in sensitivity and of CCDs in
        seeing and sky; the step of the bias after the focus chips; headers with absent cards and values that are none;
        the HDUs of the focus chips.
    """

    obstype: str
    expnum: int = FIRST_EXPNUM
    night: int = FIRST_NIGHT
    seed: int = 1
    size: str = "mini"
    band: str = "r"
    exptime: float = math.nan
    ccds: tuple[str, ...] = CCDS
    faults: tuple[Fault, ...] = ()
    date_obs: dt.datetime | None = None
    seeing: float = math.nan
    ellipticity: float = math.nan
    angle: float = math.nan
    profile: str = "moffat"
    sky: float = math.nan
    airmass: float = math.nan
    level: float = math.nan
    cosmics: bool = True
    photon_noise: bool = True
    read_noise: bool = True
    variation: bool = True
    bias_step: bool = True
    traps: bool = True
    focus_chips: bool = True

    @property
    def geometry(self) -> Size:
        """The shapes that belong to `size`."""
        return SIZES[self.size]

    @property
    def has_light(self) -> bool:
        """Whether the shutter opens."""
        return self.obstype not in ("ZERO", "DARK")

    @property
    def has_stars(self) -> bool:
        """Whether stars are seen: in twilight exposures they drown."""
        return self.obstype in ("SCIENCE", "STANDARD")

    def fault_size(self, name: str) -> float | None:
        """Return the largest size of the exposure's faults of this name; None where there is none."""
        return max((fault.size for fault in self.faults if fault.name == name), default=None)

    def complete(self, earliest: dt.datetime | None = None) -> SimulationRequest:
        """Return the request with all defaults filled in.

        Parameters
        ----------
        earliest : datetime.datetime, optional
            Before which a derived start may not lie.

        Raises
        ------
        SimulationError
            Where it makes no sense.
        """
        self._check()
        noon = self._noon()
        start = self.date_obs or noon + dt.timedelta(hours=_BEGIN.get(self.obstype, _AFTERNOON))
        if self.date_obs is None and earliest is not None:
            start = max(start, earliest)
        exptime = self.exptime
        if math.isnan(exptime):
            exptime = _EXPTIME_MINI if self.obstype == "SCIENCE" and self.size == "mini" else EXPTIME[self.obstype]
        return replace(self._with_conditions(), exptime=float(exptime), date_obs=start)

    def _with_conditions(self) -> SimulationRequest:
        """Return the request with airmass, seeing, ellipticity, angle and sky, drawn where they were not given."""
        rng = np.random.default_rng([self.seed, self.expnum, _CONDITIONS])
        airmass, ellipticity, angle = rng.uniform(1.02, 1.45), rng.uniform(0.02, 0.06), rng.uniform(0.0, 180.0)
        at_zenith = np.clip(rng.normal(0.95, 0.07), 0.75, 1.3)
        airmass = _given(self.airmass, airmass, 3)
        band = BANDS[self.band]
        # Kolmogorov turbulence: airmass^0.6 and wavelength^-0.2
        seeing = at_zenith * airmass**0.6 * (band.wavelength / I_WAVELENGTH) ** -0.2
        return replace(
            self,
            airmass=airmass,
            seeing=_given(self.seeing, seeing, 4),
            ellipticity=_given(self.ellipticity, ellipticity, 4),
            angle=_given(self.angle, angle, 2),
            sky=_given(self.sky, band.sky, 3),
        )

    def _check(self) -> None:
        choices = (
            ("obstype", self.obstype, OBSTYPES),
            ("size", self.size, tuple(SIZES)),
            ("band", self.band, tuple(BANDS)),
            ("profile", self.profile, PROFILES),
            *(("CCD", name, CCDS) for name in self.ccds),
        )
        for name, value, allowed in choices:
            if value not in allowed:
                msg = f"no {name} is called {value!r}; take one of {', '.join(allowed)}"
                raise SimulationError(msg)
        ranges = (
            ("expnum", self.expnum, 0, 99_999_999, ""),
            ("seed", self.seed, 0, 2**63, ""),
            ("exptime", self.exptime, 0.0, _LONGEST, " s"),
            ("seeing", self.seeing, 0.3, 10.0, " arcsec"),
            ("ellipticity", self.ellipticity, 0.0, 0.9, ""),
            ("sky", self.sky, 0.0, 30.0, " mag/arcsec2"),
            ("airmass", self.airmass, 1.0, 3.0, ""),
            ("level", self.level, 0.0, 1e6, " ADU"),
        )
        for name, number, low, high, unit in ranges:
            if not math.isnan(number) and not low <= number <= high:
                msg = f"{name} {number:g} cannot be simulated; give {low:g} to {high:g}{unit}"
                raise SimulationError(msg)
        for fault in self.faults:
            fault.check_obstype(self.obstype)

    def _noon(self) -> dt.datetime:
        """Return local noon of the night's first day."""
        try:
            return dt.datetime(self.night // 10000, self.night // 100 % 100, self.night % 100, _NOON, tzinfo=dt.UTC)
        except ValueError:
            msg = f"night {self.night} is not a date; give YYYYMMDD"
            raise SimulationError(msg) from None


def _given(value: float, drawn: float, digits: int) -> float:
    """Return a value that was given, or else the drawn one."""
    return value if math.isfinite(value) else round(float(drawn), digits)
