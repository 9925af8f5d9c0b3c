"""Values and ranges in words, as tables and panes write them."""

from __future__ import annotations

import math

__all__ = ["NO_VALUE", "number_text", "range_text"]

NO_VALUE = "none"


def number_text(value: float, form: str) -> str:
    """Return a value in the form of its metric, an infinite bound as no bound, and ``"none"`` where there is none."""
    if math.isnan(value):
        return NO_VALUE
    if math.isinf(value):
        return "+inf" if value > 0 else "-inf"
    return format(value, form)


def range_text(bounds: tuple[float, float], form: str) -> str:
    """Return a range with its bounds, one-sided where one is infinite, a dash where there is none."""
    low, high = bounds
    if math.isnan(low) or math.isnan(high):
        return "–"
    if low == -math.inf and high == math.inf:
        return "any"
    if low == -math.inf:
        return f"≤ {number_text(high, form)}"
    if high == math.inf:
        return f"≥ {number_text(low, form)}"
    return f"{number_text(low, form)} … {number_text(high, form)}"
