"""What a range of nights was spent on: exposures with the shutter open, and the time between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from qltui.store.codec import text_value
from qltui.store.database import Database

__all__ = ["MOST_EXPOSURES", "Gap", "gaps", "on_sky_count"]

MOST_EXPOSURES: Final = 50_000
"""More than these are not looked at one by one: some three hundred nights."""


class Gap(NamedTuple):
    """The time between the end of one exposure of the sky and the start of the next one in the same night.

    Attributes
    ----------
    night : int
        YYYYMMDD.
    program : str
        Of the exposure before.
    expid : int
        Of the exposure before.
    seconds : float
        From its shutter's closing to the next one's opening [s]; negative where headers contradict one another.
    """

    night: int
    program: str
    expid: int
    seconds: float


def on_sky_count(database: Database, instrument: str, nights: tuple[int, int], obstypes: Sequence[str]) -> int:
    """Return how many exposures of these types a range of nights has, from the sums of nights."""
    places = ", ".join("?" * len(obstypes))
    rows = database.sql(
        f"""SELECT ifnull(sum(exposures), 0) FROM night_sum
            JOIN instrument ON instrument.id = night_sum.instrument_id
            WHERE instrument.name = ? AND night BETWEEN ? AND ? AND obstype IN ({places})""",  # noqa: S608 - places alone
        (text_value(instrument), *nights, *obstypes),
    )
    return int(rows[0][0])


def gaps(database: Database, instrument: str, nights: tuple[int, int], obstypes: Sequence[str]) -> list[Gap]:
    """Return the gaps between exposures of these types, in the order of time; of exposures with a length alone."""
    places = ", ".join("?" * len(obstypes))
    rows = database.sql(
        f"""SELECT night, program, expid, next - ended FROM (
                SELECT night.night AS night, exposure.program AS program, exposure.expid AS expid,
                       exposure.time + exposure.exptime AS ended,
                       lead(exposure.time) OVER (PARTITION BY exposure.night_id ORDER BY exposure.time) AS next
                FROM instrument CROSS JOIN night ON night.instrument_id = instrument.id
                CROSS JOIN exposure ON exposure.night_id = night.id
                WHERE instrument.name = ? AND night.night BETWEEN ? AND ? AND exposure.obstype IN ({places}))
            WHERE next IS NOT NULL AND ended IS NOT NULL ORDER BY ended""",  # noqa: S608 - places alone
        (text_value(instrument), *nights, *obstypes),
    )
    return [Gap(*row) for row in rows]
