"""Limits as TOML, in the form that `qltui.quality.limits_file` reads; and ranges as people type them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping

from qltui.quality.limits import Limit, Range, Reference
from qltui.quality.limits_file import LimitsError

__all__ = ["limits_toml", "parse_range", "parse_reference", "range_text", "reference_text", "row_text"]


def limits_toml(limits: Iterable[Limit]) -> str:
    """Return entries as a limits file; `parse_limits` reads the same entries back."""
    return "\n".join(_entry(limit) for limit in limits)


def _entry(limit: Limit) -> str:
    lines = ["[[limit]]", f"metric = {_text(limit.metric)}"]
    selectors = (
        ("obstype", limit.obstypes), ("program", limit.programs), ("arm", limit.arms), ("camera", limit.cameras),
        ("element", limit.elements),
    )  # fmt: skip
    lines += [f"{key} = [{', '.join(map(_text, sorted(names)))}]" for key, names in selectors if names]
    if limit.valid_from:
        lines.append(f"valid_from = {limit.valid_from}")
    if limit.in_a_row != 1:
        lines.append(f"in_a_row = {limit.in_a_row}")
    lines += _body(limit)
    if limit.otherwise is not None:
        lines += ["[limit.otherwise]", *_body(limit.otherwise)]
    return "\n".join(lines) + "\n"


def _body(limit: Limit) -> list[str]:
    lines = [f"normal = {_range(limit.normal)}", f"warning = {_range(limit.warning)}"]
    lines.append(f"reference = {_references(limit.references)}")
    if limit.relative:
        lines.append("relative = true")
    if limit.source:
        lines.append(f"source = {_text(limit.source)}")
    return lines


def _text(words: str) -> str:
    # A string of JSON is one of TOML, but for DEL, which TOML wants escaped.
    return json.dumps(words, ensure_ascii=False).replace("\x7f", "\\u007f")


def _number(value: float) -> str:
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return repr(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def _range(bounds: Range) -> str:
    return f"[{_number(bounds[0])}, {_number(bounds[1])}]"


def _references(references: tuple[Reference, ...]) -> str:
    words = [_reference(reference) for reference in references]
    return words[0] if len(words) == 1 else f"[{', '.join(words)}]"


def _reference(reference: Reference) -> str:
    if reference.kind != "number":
        return _text(reference.words)
    if isinstance(reference.number, Mapping):
        return "{" + ", ".join(f"{_text(name)} = {_number(value)}" for name, value in reference.number.items()) + "}"
    return _number(reference.number if reference.number is not None else math.nan)


def range_text(bounds: Range) -> str:
    """Return a range as it is typed: lowest and highest, ``"-1.5 1.5"``, ``"-inf 3"``."""
    return " ".join(f"{bound:g}" for bound in bounds)


def row_text(limit: Limit) -> str:
    """Return when a limit alarms in words, ``"ALARM after 3 in a row"``; empty where it does at once."""
    return f"ALARM after {limit.in_a_row} in a row" if limit.in_a_row > 1 else ""


def parse_range(text: str) -> Range:
    """Return the range that was typed: two numbers, the lowest first; inf or -inf for a side that is never bad.

    Raises
    ------
    LimitsError
        Where it is none.
    """
    words = text.strip("[] ").replace(",", " ").split()
    try:
        low, high = (float(word) for word in words)
    except ValueError as error:
        msg = f"{text.strip()[:40]!r} is no range: type lowest and highest, as in -1.5 1.5"
        raise LimitsError(msg) from error
    if not low <= high:
        msg = f"{range_text((low, high))} is no range: the lowest comes first"
        raise LimitsError(msg)
    return low, high


def reference_text(references: tuple[Reference, ...]) -> str:
    """Return references in the order in which they are tried, ``"header, history:20"``."""
    return ", ".join(_plain(reference) for reference in references)


def _plain(reference: Reference) -> str:
    if reference.kind != "number":
        return reference.words
    if isinstance(reference.number, Mapping):
        return " ".join(f"{name}={value:g}" for name, value in reference.number.items())
    return f"{reference.number:g}"


def parse_reference(text: str) -> str:
    """Return what was typed for references as TOML: a number, ``A=3.1 B=2.9``, or words with commas between them.

    What the words mean is checked where the entry is read.

    Raises
    ------
    LimitsError
        Where nothing was typed.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        msg = "type a number, or header, calibration, expected, history:20, or several with commas between them"
        raise LimitsError(msg)
    words = [_typed(part) for part in parts]
    return words[0] if len(words) == 1 else f"[{', '.join(words)}]"


def _typed(part: str) -> str:
    if "=" in part:
        pairs = [item.partition("=") for item in part.split()]
        return "{" + ", ".join(f"{_text(name)} = {_known(value)}" for name, _, value in pairs) + "}"
    try:
        return _number(float(part))
    except ValueError:
        return _text(part)


def _known(value: str) -> str:
    try:
        return _number(float(value))
    except ValueError as error:
        msg = f"{value[:40]!r} is no number"
        raise LimitsError(msg) from error
