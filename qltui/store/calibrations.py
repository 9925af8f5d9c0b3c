"""What calibrates an exposure: products of earlier ones that were judged fit, and the frames of a master."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, Final

from qltui.model import Status
from qltui.store.codec import path_from, text_value
from qltui.store.database import Database

__all__ = ["REJECTED", "frames", "night_calibrations"]

REJECTED: Final = ("bad", "junk")
"""Flags of an observer that take an exposure out of all that others are compared or calibrated with."""
_FIT: Final = (Status.NORMAL.value, Status.WARNING.value, Status.NOT_CHECKED.value)
_MJD_OF_1970: Final = 40587.0
_DAY: Final = 86400.0
_OLDEST: Final = 90 * _DAY
"""Before an exposure, of what calibrates it [s]; a filter that nobody took flats of is not looked for in ten years."""

_PRODUCTS: Final = """SELECT product.path, product.size, product.fit, exposure.id,
           ifnull((SELECT value FROM flag WHERE flag.exposure_id = exposure.id ORDER BY flag.id DESC LIMIT 1), '')
    FROM product
    CROSS JOIN job ON job.id = product.job_id
    CROSS JOIN process ON process.id = job.process_id
    CROSS JOIN exposure ON exposure.id = process.exposure_id
    CROSS JOIN night ON night.id = exposure.night_id
    CROSS JOIN instrument ON instrument.id = exposure.instrument_id
    WHERE product.kind = ? AND product.camera = ? AND product.time BETWEEN ? AND ? AND instrument.name = ?{}
      AND exposure.program = ifnull(?, exposure.program)
    ORDER BY product.time DESC, product.id DESC LIMIT 200"""

_FRAMES: Final = f"""SELECT path FROM (
    SELECT exposure.path, exposure.time,
           (SELECT job.status FROM process JOIN job ON job.process_id = process.id
            WHERE process.exposure_id = exposure.id AND process.revision = exposure.revision AND job.camera = ?5
              AND job.status NOT IN ('WAITING', 'RUNNING', 'CANCELLED')
            ORDER BY process.id DESC, job.attempt DESC LIMIT 1) AS status,
           ifnull((SELECT value FROM flag WHERE flag.exposure_id = exposure.id ORDER BY id DESC LIMIT 1), '') AS flag
    FROM exposure
    JOIN night ON night.id = exposure.night_id
    JOIN instrument ON instrument.id = exposure.instrument_id
    WHERE instrument.name = ?1 AND night.night = ?2 AND exposure.obstype = ?3 AND exposure.program = ?4
      AND exposure.time < ?6)
    WHERE status IN ({", ".join(repr(status) for status in _FIT)})
      AND flag NOT IN ({", ".join(repr(flag) for flag in REJECTED)})
    ORDER BY time DESC LIMIT ?7"""  # noqa: S608 - statuses and flags are ours


def frames(
    database: Database, instrument: str, night: int, obstype: str, program: str, camera: str, before: float, most: int
) -> tuple[str, ...]:
    """Return raw files of a night in which a camera was judged fit, the oldest first: what a master is made of.

    Parameters
    ----------
    instrument, night, obstype, program, camera
        Of which exposures.
    before : float
        Only of those that began before this [s since 1970].
    most : int
        The newest so many.
    """
    names = (text_value(instrument), night, text_value(obstype), text_value(program), text_value(camera))
    rows = database.sql(_FRAMES, (*names, before, most))
    return tuple(path_from(path) for (path,) in reversed(rows))


def night_calibrations(
    database: Database,
    instrument: str,
    camera: str,
    before_mjd: float | None,
    kinds: Sequence[str],
    night: int | None = None,
    exists: Callable[[str, int], bool] | None = None,
    *,
    program: str = "",
    by_program: Collection[str] = (),
) -> dict[str, str]:
    """Return the newest fit product of each kind that still exists; see `Store.night_calibrations`."""
    limit = float("inf") if before_mjd is None else (before_mjd - _MJD_OF_1970) * _DAY
    oldest = limit - _OLDEST if before_mjd is not None else -limit
    there = still_there if exists is None else exists
    query = _PRODUCTS.format("" if night is None else " AND night.night = ?")
    found: dict[str, str] = {}
    for kind in kinds:
        parameters: list[Any] = [text_value(kind), text_value(camera), oldest, limit]
        parameters.append(text_value(instrument))
        parameters += [] if night is None else [night]
        parameters += [text_value(program) if kind in by_program else None]
        judged: set[int] = set()
        for path, size, fit, exposure, flag in database.sql(query, tuple(parameters)):
            # A later run that found the exposure unfit takes the earlier product back.
            if exposure in judged:
                continue
            judged.add(exposure)
            if fit and flag not in REJECTED and there(path_from(path), size):
                found[kind] = path_from(path)
                break
    return found


def still_there(path: str, size: int) -> bool:
    """Whether the file is there, and as large as when it was written (where that was recorded)."""
    try:
        actual = Path(path).stat().st_size
    except (OSError, ValueError):
        return False
    return size in (0, actual)
