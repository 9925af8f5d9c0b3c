"""Almanacs with round numbers, so that no picture depends on how sun and moon are reckoned."""

from __future__ import annotations

import known

from qltui.sky.almanac import Almanac, Place, Sample, local_noon

__all__ = ["PLACE", "START", "made_up_almanac"]

PLACE = Place(31.96403, -111.59989, 2097.0)
START = local_noon(20191001, PLACE.longitude)


def made_up_almanac(night=20191001):
    """An almanac with round numbers: sunset 01:00 UT, sunrise 13:00 UT, the moon at RA 80, Dec 30, 25 % lit."""
    start = local_noon(night, PLACE.longitude)
    midnight = known.FIRST - 2 * 3600.0 + (night - 20191001) * 86400.0
    events = [("sunset", 1), ("astronomical_dusk", 2), ("astronomical_dawn", 12), ("sunrise", 13), ("moonset", 5)]
    samples = tuple(Sample(start + 600.0 * i, 10.0 - i / 4, 20.0, 80.0, 30.0, 0.25) for i in range(145))
    return Almanac(night, PLACE, tuple((name, midnight + 3600.0 * hour) for name, hour in events), samples)
