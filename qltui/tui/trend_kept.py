"""The choice of a trend as it is kept between runs: plain JSON, and nothing of it believed that does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from qltui.tables.trend_choice import COLOURS, TrendChoice
from qltui.tui.trend_model import TrendView

__all__ = ["choice_from", "choice_json", "view_from", "view_json"]

_WORDS = ("y", "over", "x")
_LISTS = ("cameras", "elements", "obstypes", "programs")


def choice_json(choice: TrendChoice) -> dict[str, Any]:
    """Return a choice as JSON; the window is of the moment and not kept."""
    values: dict[str, Any] = {name: getattr(choice, name) for name in _WORDS}
    values |= {name: list(getattr(choice, name)) for name in _LISTS}
    return values | {
        "nights": list(choice.nights) if choice.nights else None,
        "recent": choice.recent,
        "colour": choice.colour,
    }


def choice_from(kept: Mapping[str, Any], default: TrendChoice) -> TrendChoice:
    """Return the choice that was kept, or `default` for what is missing or no choice."""
    if not kept:
        return default
    changes: dict[str, Any] = {name: kept[name] for name in _WORDS if isinstance(kept.get(name), str)}
    for name in _LISTS:
        values = kept.get(name)
        if isinstance(values, list) and all(isinstance(value, str) for value in values):
            changes[name] = tuple(values)
    nights = kept.get("nights")
    if isinstance(nights, list) and len(nights) == 2 and all(type(night) is int for night in nights):
        changes["nights"] = (nights[0], nights[1])
    recent = kept.get("recent")
    if type(recent) is int and 0 <= recent <= 100_000:
        changes["recent"] = recent
    if kept.get("colour") in COLOURS:
        changes["colour"] = kept["colour"]
    return replace(default, **changes)


def view_json(view: TrendView) -> dict[str, Any]:
    """Return how a trend is looked at as JSON; hidden groups and cursor are of the moment."""
    return {
        "y": list(view.y) if isinstance(view.y, tuple) else view.y,
        "log": view.log,
        "fit": view.fit,
        "mjd": view.mjd,
    }


def view_from(kept: Mapping[str, Any]) -> TrendView:
    """Return how a trend was looked at."""
    y = kept.get("y")
    return TrendView(
        # A range set by hand is one of its metric: it would hide another one.
        y=y if y in ("all", "robust") else "all",
        log=kept.get("log") is True,
        fit=kept.get("fit") is True,
        mjd=kept.get("mjd") is True,
    )
