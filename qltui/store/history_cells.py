"""One metric of every camera over the exposures of a page: the worst element of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from qltui.model import Status
from qltui.store.codec import text_value
from qltui.store.database import Database

__all__ = ["CellValue", "metric_cells"]

_STATUS: Final = {status.value: status for status in Status}


class CellValue(NamedTuple):
    """A metric of one camera and exposure: its worst element.

    `level` is how far the value is from its reference: 0 there, 1 at the end of the normal range; None where there is
    no such range.
    """

    status: Status
    element: str
    value: float | None
    level: float | None


def metric_cells(
    database: Database, instrument: str, metric: str, exposures: Sequence[tuple[int, float]]
) -> dict[tuple[int, str], CellValue]:
    """Return a metric of each of some exposures and of each camera: the worst element as it was last measured.

    Parameters
    ----------
    metric : str
        Its name, ``"NOISE_AMP"``.
    exposures : sequence of (int, float)
        Numbers in the record, and times under which their measurements are kept [s since 1970].

    Returns
    -------
    dict
        By number of the exposure and name of the camera.
    """
    if not exposures:
        return {}
    times = [when for _, when in exposures]
    rank = " ".join(f"WHEN '{status.value}' THEN {10 * status.severity}" for status in Status)
    rows = database.sql(
        f"""SELECT exposure, camera, status, element, value, level,
                   max(CASE status {rank} END + min(ifnull(level, 0), 9))
            FROM (SELECT process.exposure_id AS exposure, series.camera AS camera, series.element AS element,
                         measurement.status AS status, measurement.value AS value, {_LEVEL} AS level
                  FROM instrument
                  CROSS JOIN series ON series.instrument_id = instrument.id AND series.metric = ?
                  CROSS JOIN measurement ON measurement.series_id = series.id
                      AND measurement.time BETWEEN ? AND ? AND measurement.replaced_by IS NULL
                  CROSS JOIN process ON process.id = measurement.process_id
                  WHERE instrument.name = ?)
            GROUP BY exposure, camera""",  # noqa: S608 -- names of our own
        (text_value(metric), min(times), max(times), text_value(instrument)),
    )
    wanted = {number for number, _ in exposures}
    return {
        (exposure, camera): CellValue(_STATUS[status], element, value, level)
        for exposure, camera, status, element, value, level, _ in rows
        if exposure in wanted
    }


_LEVEL: Final = """abs(CASE
    WHEN measurement.reference IS NULL THEN
        (measurement.value - (measurement.normal_high + measurement.normal_low) / 2)
        / nullif((measurement.normal_high - measurement.normal_low) / 2, 0)
    WHEN measurement.value >= measurement.reference THEN
        (measurement.value - measurement.reference) / nullif(measurement.normal_high - measurement.reference, 0)
    ELSE (measurement.value - measurement.reference) / nullif(measurement.reference - measurement.normal_low, 0) END)"""
