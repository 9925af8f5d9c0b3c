"""How far a value is from its reference, in seven steps that differ by shape, by letter and by colour.

Where limits hold, the steps are theirs: half-way to the normal range's end, beyond it, beyond the warning range.
Elsewhere they are multiples of the scatter of the values, and no step has the colour of a judgement.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from qltui.tui.symbols import Charset
from qltui.tui.text import Line

if TYPE_CHECKING:
    from qltui.tui.pictures.points import Points

__all__ = [
    "NO_VALUE",
    "Scale",
    "Shade",
    "limit_scale",
    "outlier_words",
    "scale_lines",
    "scatter_scale",
    "shade_of",
    "sigma_of",
]


@dataclass(frozen=True, slots=True)
class Shade:
    """How a step of the scale is drawn: a shape, a letter for ASCII, the roles where limits hold and where none do."""

    shape: str
    letter: str
    judged: str
    plain: str

    def char(self, charset: Charset) -> str:
        """Return the one character that stands for it."""
        return self.letter if charset.ascii else self.shape


_SHADES: Final = (
    Shade("▼", "V", "bad", "strong"),
    Shade("▽", "v", "warn", "mark"),
    Shade("-", "-", "trend", "trend"),
    Shade("·", ".", "text", "dim"),
    Shade("+", "+", "trend", "trend"),
    Shade("△", "n", "warn", "mark"),
    Shade("▲", "N", "bad", "strong"),
)
"""From far below to far above the reference."""

NO_VALUE: Final = Shade("∘", ",", "rule", "rule")

_MIDDLE: Final = 3
_OF_SCATTER: Final = (1.0, 2.5, 5.0)
"""Steps where no limits hold, in standard deviations."""
_OF_GAUSSIAN: Final = 1.4826
"""Standard deviation over median absolute deviation."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Where each step of the scale begins.

    Attributes
    ----------
    reference : float
        What values are compared with.
    edges : tuple of float, six of them, ascending
        Ends of the middle five steps; infinite for a side that has no limit.
    judged : bool
        Whether they are limits.
    """

    reference: float
    edges: tuple[float, ...]
    judged: bool


def limit_scale(reference: float, normal: tuple[float, float], warning: tuple[float, float]) -> Scale | None:
    """Return the scale of limits, absolute; None where there is no normal range.

    Without a finite reference the middle of the normal range is compared with.
    """
    low, high = normal
    if math.isnan(low) or math.isnan(high):
        return None
    if not math.isfinite(reference):
        ends = [end for end in normal if math.isfinite(end)]
        reference = sum(ends) / len(ends) if ends else 0.0
    lower, higher = (low if math.isnan(warning[0]) else warning[0], high if math.isnan(warning[1]) else warning[1])
    halves = (_halfway(reference, low), _halfway(reference, high))
    return Scale(reference, (min(lower, low), low, *halves, high, max(higher, high)), judged=True)


def _halfway(reference: float, end: float) -> float:
    return end if math.isinf(end) else 0.5 * (reference + end)


def sigma_of(values: Sequence[float]) -> tuple[float, float]:
    """Return median and standard deviation of the finite values, outliers apart; ``(nan, nan)`` without any."""
    known = sorted(value for value in values if math.isfinite(value))
    if not known:
        return math.nan, math.nan
    median = _median(known)
    return median, _OF_GAUSSIAN * _median(sorted(abs(value - median) for value in known))


def _median(ordered: Sequence[float]) -> float:
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else 0.5 * (ordered[middle - 1] + ordered[middle])


def scatter_scale(values: Sequence[float], reference: float | None = None) -> Scale:
    """Return a scale of the values' own scatter, about their median or about `reference`."""
    median, sigma = sigma_of(values)
    centre = median if reference is None else reference
    if not math.isfinite(centre):
        return Scale(math.nan, (math.nan,) * 6, judged=False)
    if not sigma > 0:
        # Half of them are equal: whatever differs, differs.
        sigma = max((abs(value - centre) for value in values if math.isfinite(value)), default=0.0) / 5.0 or 1.0
    below = [centre - factor * sigma for factor in reversed(_OF_SCATTER)]
    return Scale(centre, (*below, *(centre + factor * sigma for factor in _OF_SCATTER)), judged=False)


def level_of(scale: Scale, value: float) -> int:
    """Return the step of a value, 0 to 6; a value on an edge belongs to the step nearer to the middle."""
    lower = sum(value < edge for edge in scale.edges[:3])
    higher = sum(value > edge for edge in scale.edges[3:])
    return _MIDDLE - lower + higher


def shade_of(scale: Scale | None, value: float) -> tuple[Shade, str, int]:
    """Return how a value is drawn, in which role, and how far out it is (0 for the middle, -1 for no value)."""
    if not math.isfinite(value):
        return NO_VALUE, NO_VALUE.plain, -1
    if scale is None or not math.isfinite(scale.reference):
        return _SHADES[_MIDDLE], _SHADES[_MIDDLE].plain, 0
    level = level_of(scale, value)
    shade = _SHADES[level]
    return shade, shade.judged if scale.judged else shade.plain, abs(level - _MIDDLE)


def outlier_words(points: Points, scale: Scale | None, form: str, most: int = 4) -> str:
    """Return which rows are not good or farthest out, by name and with their value; nothing where none is.

    Where limits hold, rows beyond the normal range count; elsewhere those beyond five standard deviations.
    """
    if points.good:
        names = [name for name, good in zip(points.names, points.good, strict=True) if not good]
        return f"not good: {_listed(names, most)}" if names else ""
    if scale is None or not math.isfinite(scale.reference):
        return ""
    least = 2 if scale.judged else _MIDDLE
    out = [
        (abs(value - scale.reference), f"{name} ({value:{form}})")
        for name, value in zip(points.names, points.values, strict=True)
        if math.isfinite(value) and shade_of(scale, value)[2] >= least
    ]
    return f"farthest out: {_listed([words for _, words in sorted(out, reverse=True)], most)}" if out else ""


def _listed(words: Sequence[str], most: int) -> str:
    return " ".join(words[:most]) + (f" and {len(words) - most} more" if len(words) > most else "")


def scale_lines(
    scale: Scale | None, charset: Charset, width: int, form: str, unit: str, middle: str = ""
) -> list[Line]:
    """Return what the shapes mean, value minus reference, in as many lines as `width` asks for.

    `middle` names the reference where there is more than one.
    """
    if scale is None or not math.isfinite(scale.reference):
        return []
    offsets = [edge - scale.reference for edge in scale.edges]
    unit = f" {unit}" if unit else ""
    sign = form.replace("+", "")
    words = [
        *(f"< {offset:+{sign}}" for offset in offsets[:3]),
        f"near {middle or f'{scale.reference:{sign}}{unit}'}",
        *(f"> {offset:+{sign}}" for offset in offsets[3:]),
    ]
    infinite = [math.isinf(offset) for offset in (*offsets[:3], 0.0, *offsets[3:])]
    parts: list[Line] = []
    for shade, text, absent in zip(_SHADES, words, infinite, strict=True):
        if not absent:
            parts.append(((f"{shade.char(charset)} ", shade.judged if scale.judged else shade.plain), (text, "dim")))
    parts.append(((f"{NO_VALUE.char(charset)} ", NO_VALUE.plain), ("no value", "dim")))
    return _flow(parts, width)


def _flow(parts: Sequence[Line], width: int) -> list[Line]:
    lines: list[Line] = []
    current: Line = ()
    used = 0
    for part in parts:
        need = sum(len(text) for text, _ in part)
        if current and used + 2 + need > width - 1:
            lines.append(current)
            current, used = (), 0
        current = (*current, ("  " if current else " ", ""), *part)
        used += need + (2 if used else 1)
    return [*lines, current] if current else lines
