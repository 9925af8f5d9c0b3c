"""Limits from TOML files: the instrument's own, and on top of it the site's; checked entry by entry."""

from __future__ import annotations

import contextlib
import datetime as dt
import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Final, NoReturn

from qltui.documents import parse_toml
from qltui.instruments.base import Instrument
from qltui.quality.limits import Limit, LimitSet, Range, Reference

__all__ = ["LimitsError", "load_limits", "parse_limits", "read_limits"]

_MAX_SIZE: Final = 4_000_000
"""Of a limits file [bytes]; ten times what 30 cameras with limits for every amplifier take."""

_LONGEST_ROW: Final = 100
"""Exposures; a night of an imager has a few hundred."""

_BODY: Final = frozenset({"normal", "warning", "reference", "relative", "source"})
_SELECTORS: Final = frozenset({"obstype", "program", "arm", "camera", "element"})
_KEYS: Final = _BODY | _SELECTORS | {"metric", "valid_from", "otherwise", "in_a_row"}
_HISTORY: Final = re.compile(r"history:([1-9][0-9]{0,3})")
_MEASURED: Final = ("header", "calibration", "expected")


class LimitsError(ValueError):
    """A limits file cannot be used; the message names file, entry and cause."""


def _refuse(cause: str) -> NoReturn:
    """Say what is wrong with an entry."""
    raise LimitsError(cause)


def load_limits(
    instrument: Instrument, site_file: str | Path | None = None, *, record: str = "", name: str = "record"
) -> LimitSet:
    """Return the instrument's limits, those of the site's own file on top, and on top of both a version of the record.

    An entry of the site's file wins over every entry of the shipped one that holds for the same element, and one of
    the record over both; among the entries of one source the most specific wins.

    Parameters
    ----------
    instrument : Instrument
        Whose limits.
    site_file : str or Path, optional
        The site's own.
    record : str, optional
        Content of the version in the record, TOML.
    name : str
        Of that version, for messages.

    Raises
    ------
    LimitsError
        Where a file is missing, is not TOML, or has an entry that cannot be right.
    """
    module, _, shipped = instrument.limits.partition(":")
    text = resources.files(module).joinpath(shipped).read_text(encoding="utf-8")
    limits = parse_limits(text, instrument, where=shipped)
    if site_file:
        limits += parse_limits(read_limits(Path(site_file)), instrument, where=str(site_file), from_site=True)
    if record:
        limits += parse_limits(record, instrument, where=name, from_site=True, from_record=True)
    return LimitSet(instrument.name, limits)


def read_limits(path: Path) -> str:
    """Return the text of a file of reasonable size.

    Raises
    ------
    LimitsError
        Where it cannot be read.
    """
    try:
        if path.stat().st_size > _MAX_SIZE:
            msg = f"{path}: larger than {_MAX_SIZE} bytes, which no limits file is; check the path"
            raise LimitsError(msg)
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: cannot be read as a limits file ({error}); correct the path or the file"
        raise LimitsError(msg) from error


def parse_limits(
    text: str, instrument: Instrument, *, where: str, from_site: bool = False, from_record: bool = False
) -> tuple[Limit, ...]:
    """Return the entries of one file, in its order.

    Parameters
    ----------
    text : str
        TOML with an array of tables ``[[limit]]``.
    instrument : Instrument
        Whose metrics, cameras, arms and obstypes the entries may name.
    where : str
        Name of the file, for messages.
    from_site : bool
        Whether it is the site's own.
    from_record : bool
        Whether it is a version of the record.

    Raises
    ------
    LimitsError
        Naming the file, the entry and what is wrong with it.
    """
    try:
        document = parse_toml(text)
    except tomllib.TOMLDecodeError as error:
        msg = f"{where}: not valid TOML: {error}"
        raise LimitsError(msg) from error
    unknown = sorted(set(document) - {"limit"})
    entries = document.get("limit", [])
    if unknown or not isinstance(entries, list):
        msg = f"{where}: only [[limit]] entries are known, found {', '.join(unknown) or 'a single limit table'}"
        raise LimitsError(msg)
    parsed = []
    for number, entry in enumerate(entries, start=1):
        label = f"{where}: limit {number}"
        if isinstance(entry, dict) and isinstance(entry.get("metric"), str):
            label += f" ({entry['metric']})"
        try:
            limit = _entry(entry, instrument, from_site=from_site)
            parsed.append(replace(limit, from_record=True) if from_record else limit)
        except LimitsError as error:
            msg = f"{label}: {error}"
            raise LimitsError(msg) from error
    return tuple(parsed)


def _entry(entry: object, instrument: Instrument, *, from_site: bool) -> Limit:
    """Return one checked entry; LimitsError with the cause."""
    if not isinstance(entry, dict):
        _refuse("is not a table")
    _refuse_unknown(entry, _KEYS)
    metric = entry.get("metric")
    known = {definition.name: definition for definition in instrument.metrics}
    if not isinstance(metric, str) or metric not in known:
        _refuse(f"unknown metric {metric!r}; known: {', '.join(known)}")
    body = _body(metric, entry, from_site=from_site)
    otherwise = entry.get("otherwise")
    if otherwise is not None:
        if not isinstance(otherwise, dict):
            _refuse("otherwise is not a table")
        _refuse_unknown(otherwise, _BODY)
        otherwise = _body(metric, otherwise, from_site=from_site)
    return Limit(
        metric=metric,
        normal=body.normal,
        warning=body.warning,
        references=body.references,
        relative=body.relative,
        source=body.source,
        obstypes=_names(entry, "obstype", {o for step in instrument.steps for o in step.obstypes}),
        programs=_names(entry, "program", None),
        arms=_names(entry, "arm", {camera.arm for camera in instrument.cameras}),
        cameras=_names(entry, "camera", set(instrument.tasks)),
        elements=_names(entry, "element", None),
        valid_from=_night(entry.get("valid_from", 0)),
        otherwise=otherwise,
        from_site=from_site,
        in_a_row=_in_a_row(entry.get("in_a_row", 1)),
    )


def _refuse_unknown(entry: Mapping[str, object], known: frozenset[str]) -> None:
    unknown = sorted(set(entry) - known)
    if unknown:
        _refuse(f"unknown key {', '.join(unknown)}; known: {', '.join(sorted(known))}")


def _body(metric: str, entry: Mapping[str, object], *, from_site: bool) -> Limit:
    """Return ranges, references and source of an entry, or of its ``otherwise``."""
    normal, warning = _range(entry, "normal"), _range(entry, "warning")
    if not warning[0] <= normal[0] <= normal[1] <= warning[1]:
        _refuse(f"the warning range {list(warning)} does not contain the normal range {list(normal)}")
    source, relative = entry.get("source", ""), entry.get("relative", False)
    if not isinstance(source, str) or not isinstance(relative, bool):
        _refuse("source must be text and relative must be true or false")
    if not source.strip() and not from_site:
        _refuse("source is missing: say where the numbers come from")
    references = _references(entry.get("reference", 0.0))
    return Limit(metric, normal, warning, references, relative=relative, source=source, from_site=from_site)


def _range(entry: Mapping[str, object], key: str) -> Range:
    """Return two ordered numbers, infinities allowed."""
    value = entry.get(key)
    if not isinstance(value, list) or len(value) != 2:
        _refuse(f"{key} must be [lowest, highest] of value minus reference, for example [-1.5, 1.5]")
    low, high = (_float(bound, key) for bound in value)
    if not low <= high or low == math.inf or high == -math.inf:
        _refuse(f"{key} = [{low}, {high}] is not a range: lowest first, -inf or inf for a side that is never bad")
    return low, high


def _float(value: object, key: str) -> float:
    """Return a number that is not NaN; booleans are not numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        _refuse(f"{key}: {value!r} is not a number")
    try:
        number = float(value)
    except OverflowError:
        _refuse(f"{key}: the number is too large")
    if math.isnan(number):
        _refuse(f"{key}: nan is not a limit; leave the entry out instead")
    return number


def _references(value: object) -> tuple[Reference, ...]:
    """Return references in the order in which they are tried."""
    items = value if isinstance(value, list) else [value]
    if not items:
        _refuse("reference is an empty list; give a number, header, calibration or history:N")
    return tuple(_reference(item) for item in items)


def _reference(item: object) -> Reference:
    if isinstance(item, str):
        match = _HISTORY.fullmatch(item)
        if match:
            return Reference("history", count=int(match.group(1)))
        if item in _MEASURED:
            return Reference(item)
        _refuse(f"unknown reference {item!r}; known: a number, {', '.join(_MEASURED)}, history:N")
    if isinstance(item, dict):
        return Reference("number", {str(name): _finite(number) for name, number in item.items()})
    return Reference("number", _finite(item))


def _finite(value: object) -> float:
    number = _float(value, "reference")
    if not math.isfinite(number):
        _refuse("reference: an infinite number cannot be compared with")
    return number


def _names(entry: Mapping[str, object], key: str, known: set[str] | None) -> frozenset[str]:
    """Return the names of a selector: text or a list of texts; every one of them known."""
    value = entry.get(key, [])
    names: Sequence[object] = value if isinstance(value, list) else [value]
    if key in entry and not names:
        _refuse(f"{key} is an empty list, which holds for nothing; leave it out to hold for all")
    for name in names:
        if not isinstance(name, str) or not name or (known is not None and name not in known):
            _refuse(f"{key}: unknown {name!r}" + (f"; known: {', '.join(sorted(known))}" if known else ""))
    return frozenset(str(name) for name in names)


def _in_a_row(value: object) -> int:
    """Return how many exposures in a row make an alarm."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _LONGEST_ROW:
        _refuse(f"in_a_row: {value!r} is not a number of exposures from 1 (an alarm at once) to {_LONGEST_ROW}")
    return value


def _night(value: object) -> int:
    """Return a night YYYYMMDD, or 0 for always."""
    if value == 0 and not isinstance(value, bool):
        return 0
    if isinstance(value, int) and not isinstance(value, bool) and 19000000 < value < 99991232:
        with contextlib.suppress(ValueError):
            dt.date(value // 10000, value // 100 % 100, value % 100)
            return value
    _refuse(f"valid_from: {value!r} is not a night such as 20191001")
