"""Good exposures, as many as are wanted: built once from the night of the samples, numbered anew and copied."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raw_bytes import Hdu, card, join, split

__all__ = ["KINDS", "Kind"]

_SAMPLES = Path(__file__).resolve().parents[2] / "sample_data"


@dataclass(frozen=True)
class Kind:
    """What a site observes with.

    Attributes
    ----------
    instrument : str
        Name of the instrument.
    cameras : tuple of str
        In each exposure; all others are off.
    night, first : int
        Night and number of the first exposure.
    calibration : Path or None
        Calibrations of the samples.
    """

    name: str
    instrument: str
    cameras: tuple[str, ...]
    night: int
    first: int
    calibration: Path | None = None

    def place(self, night: int, expid: int) -> Path:
        """Return where a raw file belongs below the root of the data."""
        if self.name == "fake":
            return Path(f"{night}", f"{expid:08d}", f"desi-{expid:08d}.json")
        if self.name == "desi":
            return Path(f"{night}", f"{expid:08d}", f"desi-{expid:08d}.fits.fz")
        return Path(f"{night}", f"DECam_{expid:08d}.fits.fz")

    def hdus(
        self, expid: int, night: int, sample: int | None = None, cameras: Sequence[str] | None = None
    ) -> list[Hdu]:
        """Return a good raw file of an instrument, to be spoiled or written as it is."""
        wanted = {name.upper() for name in (cameras or self.cameras)}
        keyword = "EXPID" if self.name == "desi" else "EXPNUM"
        found = []
        for hdu in split(_template(self.name, sample)):
            if not _CAMERA.fullmatch(hdu.name) or hdu.name in wanted:
                _number(hdu, keyword, expid, night)
                found.append(hdu)
        return found

    def files(self, expid: int, night: int, **what: Any) -> Iterator[tuple[Path, bytes]]:
        """Yield the files of a good exposure, below the root of the data, the raw file last."""
        place = self.place(night, expid)
        if self.name == "fake":
            values = {
                "obstype": "SCIENCE",
                "program": "DARK",
                "cameras": list(self.cameras),
                "mjd": 58757 + expid / 1e4,
            }
            yield place, json.dumps(values | what).encode()
            return
        if self.name == "desi" and what.get("fibermap", True):
            yield place.with_name(f"fibermap-{expid:08d}.fits"), fibermap(expid, night)
        chosen = {key: value for key, value in what.items() if key in ("sample", "cameras")}
        yield place, join(self.hdus(expid, night, **chosen))


_CAMERA = re.compile(r"[BRZ][0-9]|[NS][0-9]{1,2}")
_KEPT: dict[tuple[str, int | None], bytes] = {}


def _template(name: str, sample: int | None) -> bytes:
    key = (name, sample)
    if key not in _KEPT:
        if name == "desi":
            number = sample or 3578
            path = _SAMPLES / "20191001" / f"{number:08d}" / f"desi-{number:08d}.fits.fz"
        else:
            path = _SAMPLES / "decam" / "20130831" / f"DECam_{sample or 229394:08d}.fits.fz"
        _KEPT[key] = path.read_bytes()
    return _KEPT[key]


def fibermap(expid: int, night: int) -> bytes:
    """Return the fibermap of an exposure."""
    path = _SAMPLES / "20191001" / "00003578" / "fibermap-00003578.fits"
    hdus = split(path)
    for hdu in hdus:
        _number(hdu, "EXPID", expid, night)
    return join(hdus)


def _number(hdu: Hdu, keyword: str, expid: int, night: int) -> None:
    """Write another number and night into the cards that have them."""
    for name, value in ((keyword, expid), ("NIGHT", night)):
        if hdu.value(name):
            hdu.set(name, f"{value}")
    if hdu.value("MJD-OBS"):
        hdu.change("MJD-OBS", lambda old: [card("MJD-OBS", f"{58758.1 + (expid % 10000) * 1e-5:.8f}")] if old else [])


KINDS = {
    "fake": Kind("fake", "desi", ("b0", "r0", "z0"), 20191001, 1000),
    "desi": Kind("desi", "desi", ("b0", "r0", "z0"), 20191001, 10000, _SAMPLES / "calib"),
    "decam": Kind("decam", "decam", ("S4", "N4"), 20130831, 300000),
}


def numbers(kind: Kind) -> Iterator[int]:
    """Yield the numbers of exposures, none twice."""
    return itertools.count(kind.first)
