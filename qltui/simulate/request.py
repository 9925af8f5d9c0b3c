"""What to simulate: one frozen description of an exposure, checked and with its defaults filled in."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from qltui.simulate.errors import SimulationError
from qltui.simulate.faults import CAMERAS, Fault, check_faults
from qltui.simulate.geometry import SIZES, Size

__all__ = ["CAMERAS", "DEFAULT_EXPTIME", "OBSTYPES", "SimulationRequest"]

DEFAULT_EXPTIME: Final[Mapping[str, float]] = {
    "SCIENCE": 1000.0,
    "SKY": 1000.0,
    "TWILIGHT": 60.0,
    "ARC": 5.0,
    "FLAT": 120.0,
    "ZERO": 0.0,
    "DARK": 300.0,
}
"""Exposure times [s] by obstype; those of science by program in `PROGRAM_EXPTIME`."""

PROGRAM_EXPTIME: Final[Mapping[str, float]] = {"DARK": 1000.0, "GRAY": 700.0, "BRIGHT": 400.0}
"""A brighter sky is exposed for less long [s]."""

OBSTYPES: Final = tuple(DEFAULT_EXPTIME)
_LONGEST: Final = 36000.0
_AFTERNOON: Final = 3.0
_TWILIGHT: Final = 6.4
_NIGHTFALL: Final = 7.5
"""When calibrations, twilight exposures and observations begin, in hours after local noon."""


@dataclass(frozen=True, slots=True)
class SimulationRequest:
    """An exposure to be simulated.

    Attributes
    ----------
    obstype : str
        One of `OBSTYPES`.
    expid, night : int
        Number, and date of sunset as YYYYMMDD.
    seed : int
        Decides everything that is random; a camera comes out the same whichever others are asked for.
    size : {"mini", "full"}
    program : {"DARK", "GRAY", "BRIGHT"}
        Of exposures on the sky.
    exptime : float
        [s]; NaN for the usual one.
    cameras : tuple of str
        Cameras to be written, all by default.
    faults : tuple of Fault
    date_obs : datetime.datetime or None
        Start of the exposure in UTC; derived from night, obstype and expid where None.
    tile : int
    airmass, seeing : float
        For the header; NaN to draw them.
    cosmics, photon_noise, read_noise, variation : bool
        Whether there are cosmic rays; whether there is photon noise, read noise; whether fibres and sky vary.
        For tests that look at one effect at a time.
    """

    obstype: str
    expid: int
    night: int = 20191001
    seed: int = 1
    size: str = "mini"
    program: str = "DARK"
    exptime: float = math.nan
    cameras: tuple[str, ...] = CAMERAS
    faults: tuple[Fault, ...] = ()
    date_obs: dt.datetime | None = None
    tile: int = 1129
    airmass: float = math.nan
    seeing: float = math.nan
    cosmics: bool = True
    photon_noise: bool = True
    read_noise: bool = True
    variation: bool = True

    @property
    def geometry(self) -> Size:
        """The shapes that belong to `size`."""
        return SIZES[self.size]

    @property
    def on_sky(self) -> bool:
        """Whether the fibres see the sky."""
        return self.obstype in ("SCIENCE", "SKY", "TWILIGHT")

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
        exptime = self.exptime
        if math.isnan(exptime):
            exptime = PROGRAM_EXPTIME[self.program] if self.obstype == "SCIENCE" else DEFAULT_EXPTIME[self.obstype]
        start = self.date_obs or self._start()
        if self.date_obs is None and earliest is not None:
            start = max(start, earliest)
        return replace(self, exptime=float(exptime), date_obs=start)

    def _check(self) -> None:
        choices = (
            ("obstype", self.obstype, OBSTYPES),
            ("size", self.size, tuple(SIZES)),
            ("program", self.program, tuple(PROGRAM_EXPTIME)),
            *(("camera", camera, CAMERAS) for camera in self.cameras),
        )
        for name, value, allowed in choices:
            if value not in allowed:
                msg = f"no {name} is called {value!r}; take one of {', '.join(allowed)}"
                raise SimulationError(msg)
        if not 0 <= self.expid < 100_000_000:
            msg = f"expid {self.expid} does not fit the eight digits of a file name; give 0 to 99999999"
            raise SimulationError(msg)
        if self.seed < 0:
            msg = f"seed {self.seed} is negative; give 0 or more"
            raise SimulationError(msg)
        if not math.isnan(self.exptime) and not 0.0 <= self.exptime <= _LONGEST:
            msg = f"an exposure of {self.exptime:g} s cannot be simulated; give 0 to {_LONGEST:g} s"
            raise SimulationError(msg)
        self._evening()
        check_faults(self.faults, self.obstype)

    def _evening(self) -> dt.datetime:
        """Return local noon of the night's first day, 19 h UTC at Kitt Peak."""
        try:
            return dt.datetime(self.night // 10000, self.night // 100 % 100, self.night % 100, 19, tzinfo=dt.UTC)
        except ValueError:
            msg = f"night {self.night} is not a date; give YYYYMMDD"
            raise SimulationError(msg) from None

    def _start(self) -> dt.datetime:
        """Return a time of that night: calibrations in the afternoon, twilight at dusk, science in the dark."""
        hours = _TWILIGHT if self.obstype == "TWILIGHT" else _NIGHTFALL if self.on_sky else _AFTERNOON
        return self._evening() + dt.timedelta(hours=hours)
