"""Between the vocabulary and the columns: what SQLite cannot keep as it is, is written here in one way and read back.

Text that is no UTF-8 (names of files are bytes) is kept as bytes; NaN is NULL; judgements keep their words as JSON and
their numbers as packed doubles, so that a screen reads a whole step in one row and gets every bit back.
"""

from __future__ import annotations

import json
import math
import os
import struct
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from qltui.model import Exposure, Judgement, Status
from qltui.store.schema import Exposure as ExposureTable

__all__ = [
    "EXPOSURE_COLUMNS",
    "digest_of",
    "dump",
    "exposure_from_row",
    "exposure_time",
    "exposure_values",
    "number",
    "pack",
    "path_from",
    "path_value",
    "shutter_closed",
    "text_value",
    "unpack",
]

_MJD_OF_1970: Final = 40587.0
_DAY: Final = 86400.0
_PLAUSIBLE_MJD: Final = (15020.0, 88069.0)
"""Years 1900 to 2100."""
_LARGEST: Final = 2**63 - 1


def number(value: float | None) -> float:
    """Return a column's value as a float: NULL is NaN."""
    return math.nan if value is None else float(value)


def text_value(text: str) -> str:
    r"""Return `text` as SQLite can keep it: surrogates that are no characters become ``\udcXX`` in letters."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def digest_of(text: str) -> str:
    """Return what tells one text from another, without its length."""
    import hashlib  # loads OpenSSL, which only who writes has to wait for

    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def path_value(path: str) -> str | bytes:
    """Return a path for its column: as text, or as bytes where it is no UTF-8."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return os.fsencode(path)
    return path


def path_from(value: str | bytes) -> str:
    """Return the path that a column holds."""
    return value if isinstance(value, str) else os.fsdecode(value)


def _plain(value: Any) -> Any:
    """Turn a number of numpy into one of Python's; JSON refuses everything else."""
    item = getattr(value, "item", None)
    if item is None:
        msg = f"cannot keep a {type(value).__name__} in the record"
        raise TypeError(msg)
    return item()


def dump(value: Any) -> str:
    """Return `value` as JSON in ASCII; tuples become lists."""
    if isinstance(value, Mapping):
        value = dict(value)
    return json.dumps(value, separators=(",", ":"), default=_plain)


def _load(text: str) -> Any:
    """Read JSON; a night has hundreds of empty ones."""
    if text == "{}":
        return {}
    return [] if text == "[]" else json.loads(text)


# -- exposures -----------------------------------------------------------------------------------------------------

_PLAIN_COLUMNS: Final = (
    *("expid", "obstype", "program", "exptime", "mjd", "airmass", "seeing", "ra", "dec", "tile", "date_obs"),
    *("object", "revision", "size", "mtime_ns"),
)
EXPOSURE_COLUMNS: Final = tuple(
    getattr(ExposureTable, name) for name in (*_PLAIN_COLUMNS, "path", "cameras", "auxiliary", "header", "problems")
)
"""Columns of the exposure table, in the order in which `exposure_from_row` takes them, after instrument and night."""


def exposure_values(exposure: Exposure) -> dict[str, Any]:
    """Return the columns of `exposure`, without instrument and night.

    Raises
    ------
    ValueError
        Where a whole number is larger than SQLite can keep (64 bits).
    """
    values: dict[str, Any] = {name: getattr(exposure, name) for name in _PLAIN_COLUMNS}
    for name, value in values.items():
        if isinstance(value, str):
            values[name] = text_value(value)
        elif isinstance(value, float) and not math.isfinite(value):
            values[name] = None
        elif isinstance(value, int) and abs(value) > _LARGEST:
            msg = f"{name} {value} of {exposure.path} is no number of an exposure"
            raise ValueError(msg)
    values |= {
        "path": path_value(exposure.path),
        "cameras": dump(exposure.cameras),
        "auxiliary": dump(exposure.auxiliary),
        "header": dump(exposure.header),
        "problems": dump(exposure.problems),
        "time": exposure_time(exposure),
    }
    return values


def exposure_from_row(instrument: str, night: int, row: Sequence[Any]) -> Exposure:
    """Return the exposure of a row of `EXPOSURE_COLUMNS`."""
    plain = dict(zip(_PLAIN_COLUMNS, row, strict=False))
    path, cameras, auxiliary, header, problems = row[len(_PLAIN_COLUMNS) : len(EXPOSURE_COLUMNS)]
    return Exposure(
        instrument=instrument,
        night=night,
        path=path_from(path),
        cameras=tuple(_load(cameras)),
        auxiliary=_load(auxiliary),
        header=_load(header),
        problems=tuple(_load(problems)),
        **plain,
    )


def _start(exposure: Exposure) -> float | None:
    """Return when the shutter opened [s since 1970], or None where the header does not say."""
    mjd = exposure.mjd
    if mjd is not None and _PLAUSIBLE_MJD[0] < mjd < _PLAUSIBLE_MJD[1]:
        return (mjd - _MJD_OF_1970) * _DAY
    try:
        parsed = datetime.fromisoformat(exposure.date_obs)
    except ValueError:
        return None
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()


def exposure_time(exposure: Exposure) -> float:
    """Return the time under which an exposure stands in trends [s since 1970]: its start, or else that of its file."""
    start = _start(exposure)
    return exposure.mtime_ns / 1e9 if start is None else start


def shutter_closed(exposure: Exposure) -> float | None:
    """Return when the shutter closed [s since 1970], or None where the header does not say."""
    start = _start(exposure)
    if start is None or exposure.exptime is None or not math.isfinite(exposure.exptime):
        return None
    return start + max(exposure.exptime, 0.0)


# -- judgements ----------------------------------------------------------------------------------------------------


def pack(judgements: Iterable[Judgement]) -> tuple[str, bytes]:
    """Return the words of `judgements` as JSON and their numbers as doubles, little-endian.

    The numbers of one judgement are those of its values, references, and lower and upper ends of the normal and of
    the warning ranges, each for all elements.

    Raises
    ------
    ValueError
        Where the columns of a judgement differ in length.
    """
    words: list[list[Any]] = []
    numbers: list[float] = []
    for judgement in judgements:
        columns = (judgement.values, judgement.references, judgement.normal, judgement.warning, judgement.statuses)
        if any(len(column) != len(judgement.elements) for column in columns):
            msg = f"{judgement.metric}: values, limits and statuses of {len(judgement.elements)} elements do not pair"
            raise ValueError(msg)
        words.append(
            [
                judgement.metric,
                judgement.elements,
                [str(status) for status in judgement.statuses],
                judgement.reason,
                judgement.reference_from,
                judgement.limit_set,
            ]
        )
        numbers += judgement.values
        numbers += judgement.references
        for ranges in (judgement.normal, judgement.warning):
            numbers += [low for low, _ in ranges]
            numbers += [high for _, high in ranges]
    return dump(words), struct.pack(f"<{len(numbers)}d", *numbers)


def unpack(words: str, numbers: bytes) -> tuple[Judgement, ...]:
    """Return the judgements that `pack` packed.

    Raises
    ------
    ValueError
        Where the two do not fit together: the row was damaged.
    """
    found: list[Judgement] = []
    offset = 0
    for metric, elements, statuses, reason, reference_from, limit_set in json.loads(words):
        count = len(elements)
        size = 8 * 6 * count
        if offset + size > len(numbers) or len(statuses) != count:
            msg = f"the numbers of {metric} are damaged"
            raise ValueError(msg)
        flat = struct.unpack_from(f"<{6 * count}d", numbers, offset)
        offset += size
        columns = [flat[start : start + count] for start in range(0, 6 * count, count)] if count else [()] * 6
        found.append(
            Judgement(
                metric=metric,
                elements=tuple(elements),
                values=columns[0],
                references=columns[1],
                normal=tuple(zip(columns[2], columns[3], strict=True)),
                warning=tuple(zip(columns[4], columns[5], strict=True)),
                statuses=tuple(Status(status) for status in statuses),
                reason=reason,
                reference_from=reference_from,
                limit_set=limit_set,
            )
        )
    return tuple(found)
