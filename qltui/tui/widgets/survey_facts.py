"""Beside the map: what the survey has so far, and what lies under the cursor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from qltui.instruments.base import Instrument
from qltui.store.survey_views import FieldSummary
from qltui.tables.survey import KIND_STATUS, field_name, totals_of
from qltui.tables.wording import in_words_of
from qltui.tui.screens.survey_question import SurveyAnswer
from qltui.tui.symbols import STATUS_MARKS, Charset
from qltui.tui.text import Line, clean, join
from qltui.tui.words import plural

__all__ = ["cursor_lines", "survey_lines", "worded"]


def _hours(seconds: float) -> str:
    hours = seconds / 3600.0
    return f"{hours:,.1f} h" if hours < 100 else f"{hours:,.0f} h"


def _class_line(kind: str, count: int, total: int, charset: Charset) -> Line:
    status = KIND_STATUS[kind]
    # A class without members is no news: only what is there has its colour.
    role = STATUS_MARKS[status].role if count else "dim"
    share = f"{100.0 * count / total:3.0f} %" if total else "   -"
    words = {"open": "not judged", "warning": "warning"}.get(kind, kind)
    return (
        (f" {charset.mark(status)} ", role),
        (f"{words:<10}", "text"),
        (f"{count:>9,}", "text"),
        (f" {share}", "dim"),
    )


def worded(lines: Sequence[Line], instrument: Instrument) -> list[Line]:
    """Return lines in the words of an instrument: tiles of a survey, fields of an imager."""
    return [tuple((in_words_of(text, instrument), role) for text, role in line) for line in lines]


def survey_lines(answer: SurveyAnswer, look: Callable[[str], tuple[str, str]], charset: Charset) -> list[Line]:
    """Return totals, programs and targets of the chosen nights."""
    totals = totals_of(answer.summaries)
    if not totals.exposures:
        return [((" no exposure of the sky", "dim"),)]
    counted = totals.exposures - totals.test
    lines: list[Line] = [
        ((f" {totals.exposures:,}", "strong"), (f" exp in {plural(answer.observed, 'night')}", "text")),
        (
            (f" {answer.distinct:,}", "strong"),
            (" tiles   ", "text"),
            (_hours(totals.seconds), "strong"),
            (" open", "text"),
        ),
        *(_class_line(kind, getattr(totals, kind), counted, charset) for kind in ("good", "warning", "bad", "open")),
    ]
    if totals.test:
        lines.append(((f"   {totals.test:,} tests, not counted", "dim"),))
    by_program: dict[str, list] = {}
    for row in answer.summaries:
        by_program.setdefault(row.program, []).append(row)
    for program, rows in sorted(by_program.items()):
        sums = totals_of(rows)
        letter, role = look(program) if answer.choice.by == "program" else (" ", "")
        name = clean(program)[:7] or "(none)"
        numbers = f"{answer.tiles.get(program, 0):>5,} tiles{_hours(sums.seconds):>9}"
        lines.append(((f" {letter} ", role), (f"{name:<7}", "text"), (numbers, "dim")))
    counts: Counter[str] = Counter()
    for night in answer.targets.values():
        counts.update(night)
    if counts:
        parts: list[Line] = [((name, "dim"), (f" {count:,}", "text")) for name, count in sorted(counts.items())]
        lines.append(((" targets", "text"),))
        lines += [((" ", ""), *join(parts[start : start + 2], "  ")) for start in range(0, len(parts), 2)]
    else:
        lines.append(((" targets: not counted here", "dim"),))
    return lines


def cursor_lines(under: Sequence[FieldSummary], keys: Sequence[int], place: tuple[float, float] | None) -> list[Line]:
    """Return what is under the cursor: the place, and the fields there."""
    lines: list[Line] = []
    if place is not None:
        lines.append(((" cursor ", "dim"), (f"RA {place[0]:5.1f}°  Dec {place[1]:+5.1f}°", "text")))
    if len(keys) > 1:
        lines.append(((f" {len(keys)} tiles here: + comes nearer", "dim"),))
    for row in under:
        words = f" {clean(row.program)[:8]} {row.exposures} exp {row.seconds:,.0f} s"
        tail = f"  bad {row.bad}" if row.bad else ""
        lines.append(((f" {field_name(row.field)}", "strong"), (words, "text"), (tail, "bad")))
    return lines
