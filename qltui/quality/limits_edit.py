"""One entry of limits put into a text: what a command and a screen do to a version of the record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from qltui.instruments.base import Instrument
from qltui.quality.limits import Limit
from qltui.quality.limits_file import LimitsError, parse_limits
from qltui.quality.limits_text import limits_toml

__all__ = ["entry_lines", "known_metric", "make_entry", "merge_entry", "merged", "place_of"]

Place = tuple[str, frozenset[str], frozenset[str], frozenset[str], frozenset[str], frozenset[str], int]

_HEADING: Final = "[[limit]]"


def place_of(limit: Limit) -> Place:
    """Return what an entry holds for: of two with the same place in one text, the later one would hide the other."""
    return (
        limit.metric, limit.obstypes, limit.programs, limit.arms, limit.cameras, limit.elements, limit.valid_from,
    )  # fmt: skip


def make_entry(
    instrument: Instrument,
    metric: str,
    normal: tuple[float, float],
    warning: tuple[float, float],
    *,
    pattern: Limit | None = None,
    obstypes: Iterable[str] = (),
    programs: Iterable[str] = (),
    arms: Iterable[str] = (),
    cameras: Iterable[str] = (),
    elements: Iterable[str] = (),
    valid_from: int = 0,
    in_a_row: int | None = None,
    source: str = "",
) -> Limit:
    """Return a checked entry with new ranges.

    Parameters
    ----------
    pattern : Limit, optional
        From which reference, whether the ranges are fractions of it, and `in_a_row` are taken; without one the
        reference is 0.
    in_a_row : int, optional
        How many in a row make an alarm, where that is to be another number.

    Raises
    ------
    LimitsError
        Where a file could not have it: an unknown name, a warning range inside of the normal one.
    """
    base = pattern or Limit(metric, normal, warning, parse_limits(_bare(metric), instrument, where="")[0].references)
    entry = replace(
        base,
        metric=metric,
        normal=normal,
        warning=warning,
        obstypes=frozenset(obstypes),
        programs=frozenset(programs),
        arms=frozenset(arms),
        cameras=frozenset(cameras),
        elements=frozenset(elements),
        valid_from=valid_from,
        in_a_row=base.in_a_row if in_a_row is None else in_a_row,
        source=source,
    )
    return parse_limits(limits_toml([entry]), instrument, where="the new entry", from_site=True)[0]


def _bare(metric: str) -> str:
    return f'{_HEADING}\nmetric = "{metric}"\nnormal = [0, 0]\nwarning = [0, 0]\nsource = "-"\n'


def merged(limits: Sequence[Limit], entry: Limit) -> tuple[Limit, ...]:
    """Return entries with one more, which takes the place of one for the same."""
    place = place_of(entry)
    kept = [limit for limit in limits if place_of(limit) != place]
    at = next((index for index, limit in enumerate(limits) if place_of(limit) == place), len(kept))
    return (*kept[:at], entry, *kept[at:])


def merge_entry(text: str, entry: Limit, instrument: Instrument) -> str:
    """Return the TOML of limits with one entry put in; comments of the text are not kept.

    Raises
    ------
    LimitsError
        Where the text, or what becomes of it, cannot be used.
    """
    made = limits_toml(merged(parse_limits(text, instrument, where="limits", from_site=True), entry))
    parse_limits(made, instrument, where="limits", from_site=True)
    return made


def entry_lines(text: str, count: int) -> tuple[int, ...]:
    """Return the line, from 1, in which each of `count` entries of a text begins; 0 where that cannot be told."""
    found = [number for number, line in enumerate(text.splitlines(), start=1) if line.split("#")[0].strip() == _HEADING]
    return tuple(found) if len(found) == count else (0,) * count


def known_metric(instrument: Instrument, name: str) -> str:
    """Return the metric that a person means, in whatever case.

    Raises
    ------
    LimitsError
        Where there is none.
    """
    for metric in instrument.metrics:
        if metric.name.casefold() == name.casefold():
            return metric.name
    known = ", ".join(metric.name for metric in instrument.metrics)
    msg = f"{instrument.name} has no metric {name[:40]!r}; known: {known}"
    raise LimitsError(msg)
