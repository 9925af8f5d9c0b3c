"""Offline results given as a table, matched with our exposures by name; what fails to match is said."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["WANTED", "Offline", "OfflineResult", "match_offline", "offline_kind"]

_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "expid": ("EXPID", "EXPNUM", "EXPOSURE", "EXP"),
    "night": ("NIGHT",),
    "tile": ("TILEID", "TILE"),
    "camera": ("CAMERA", "CAM"),
    "status": ("QA", "STATUS", "QUALITY", "VERDICT", "QA_STATUS", "QASTATUS", "GOOD", "BAD", "QAFAIL"),
    "comment": ("COMMENT", "COMMENTS", "REASON", "NOTE"),
}
"""What is looked for, and the columns that have it; the first one counts."""

WANTED: Final = tuple(name for names in _NAMES.values() for name in names)

_WORDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("good", "normal", "ok", "pass", "passed", "true", "yes", "1"), "good"),
    **dict.fromkeys(("warn", "warning", "unsure", "marginal"), "warning"),
    **dict.fromkeys(
        ("bad", "alarm", "fail", "failed", "junk", "error", "reject", "rejected", "false", "no", "0"), "bad"
    ),
}
_TURNED: Final = ("BAD", "QAFAIL")
"""Columns in which true is bad."""

_RANKS: Final = {"good": 0, "warning": 1, "bad": 2}
_LONGEST: Final = 120


@dataclass(frozen=True, slots=True)
class OfflineResult:
    """What offline says of an exposure: the worst of its rows, in its own words and in ours."""

    expid: int
    kind: str
    words: str
    cameras: tuple[str, ...] = ()
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Offline:
    """A table of offline results.

    Attributes
    ----------
    name : str
        Of the file.
    results : mapping
        By number of the exposure.
    notes : tuple of str
        What could not be used, in words.
    """

    name: str = ""
    results: Mapping[int, OfflineResult] | None = None
    notes: tuple[str, ...] = ()


def _clean(value: Any) -> str:
    text = "" if value is None else str(value)
    kept = (char if unicodedata.category(char)[0] != "C" else " " for char in text)
    return " ".join("".join(kept).split())[:_LONGEST]


def offline_kind(value: Any, column: str) -> str:
    """Return ``"good"``, ``"warning"`` or ``"bad"`` for a value of a status column; empty where it says neither."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool | int):
        known = value in (0, 1)
        kind = {0: "bad", 1: "good"}[int(value)] if known else ""
    else:
        kind = _WORDS.get(_clean(value).casefold(), "")
    if column in _TURNED:
        return {"good": "bad", "bad": "good"}.get(kind, kind)
    return kind


def _whole(value: Any) -> int | None:
    """Return a number of an exposure, night or tile; None where it is none."""
    try:
        number = int(float(value)) if not isinstance(value, bool) else None
    except (TypeError, ValueError, OverflowError):
        return None
    return number if number is not None and 0 <= number < 2**53 else None


def match_offline(
    name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], others: Sequence[str] = ()
) -> Offline:
    """Return the results of a table, one for each exposure.

    Parameters
    ----------
    name : str
        Of the file.
    columns : sequence of str
        Names of the columns, upper case.
    rows : iterable
        Values of each row, in that order.
    others : sequence of str
        Columns that were not read, to be named.

    Raises
    ------
    ValueError
        Where the table has no number of an exposure, or no status; the message names what is looked for.
    """
    places: dict[str, tuple[int, str]] = {}
    for kind, names in _NAMES.items():
        found = next((column for column in names if column in columns), None)
        if found is not None:
            places[kind] = columns.index(found), found
    for needed, words in (("expid", "number of an exposure"), ("status", "status")):
        if needed not in places:
            msg = f"{name} has no {words}: no column is called {', '.join(_NAMES[needed])}"
            raise ValueError(msg)
    results: dict[int, OfflineResult] = {}
    strange: Counter[str] = Counter()
    numberless = 0
    for row in rows:
        values = {kind: row[place] for kind, (place, _) in places.items() if place < len(row)}
        expid = _whole(values.get("expid"))
        if expid is None:
            numberless += 1
            continue
        kind = offline_kind(values.get("status"), places["status"][1])
        words = _clean(values.get("status"))
        if not kind:
            strange[words or "(empty)"] += 1
            continue
        results[expid] = _worse(results.get(expid), expid, kind, words, values)
    notes = []
    if numberless:
        notes.append(f"{numberless} rows without the number of an exposure")
    if strange:
        examples = ", ".join(repr(word) for word, _ in strange.most_common(3))
        notes.append(f"{sum(strange.values())} rows whose status is not understood: {examples}")
    if others:
        notes.append(f"columns not used: {', '.join(_clean(other) for other in list(others)[:6])}")
    return Offline(_clean(name), results, tuple(notes))


def _worse(before: OfflineResult | None, expid: int, kind: str, words: str, values: Mapping[str, Any]) -> OfflineResult:
    """Return the result of an exposure with one more row; of several the worst holds, and its cameras are named."""
    camera, comment = _clean(values.get("camera")), _clean(values.get("comment"))
    cameras = (camera,) if camera and kind != "good" else ()
    if before is None or _RANKS[kind] > _RANKS[before.kind]:
        return OfflineResult(expid, kind, words, cameras, comment)
    if _RANKS[kind] == _RANKS[before.kind]:
        return OfflineResult(expid, kind, before.words, (*before.cameras, *cameras), before.comment or comment)
    return before
