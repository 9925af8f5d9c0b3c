"""What the help says of a metric: what it is, its limits and where they come from, what bad means and what to do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from qltui.instruments.base import Instrument, MetricDefinition
from qltui.model import Judgement
from qltui.quality.limits import Context, Limit, LimitSet
from qltui.quality.limits_text import row_text
from qltui.tui.help_examples import drawn_examples
from qltui.tui.symbols import STATUS_MARKS, Charset
from qltui.tui.text import Line, clean, wrap
from qltui.tui.widgets.rule import Heading, rule_line
from qltui.tui.words import number, value_text

__all__ = ["Subject", "explained", "limit_words", "metric_help", "pairs", "section"]


@dataclass(frozen=True, slots=True)
class Subject:
    """Which camera of which exposure the help is about.

    Attributes
    ----------
    expid : int
        Number of the exposure.
    context : Context
        By which limits are picked.
    judgements : tuple of Judgement
        What was measured on this camera.
    """

    expid: int
    context: Context
    judgements: tuple[Judgement, ...] = ()


def section(title: str, width: int) -> list[Line]:
    """Return an empty line and a rule with a title."""
    return [(), rule_line([Heading(0, title)], width)]


def pairs(entries: Sequence[tuple[str, str, str]], width: int, left: int) -> list[Line]:
    """Return lines of a short text on the left, with its role, and a sentence on the right."""
    lines: list[Line] = []
    for short, role, words in entries:
        for index, part in enumerate(wrap(words, width - left - 2) or [""]):
            lines.append(((f" {short if not index else '':<{left}} ", role), (part, "text")))
    return lines


def metric_help(metric: MetricDefinition, width: int) -> list[Line]:
    """Return what a metric is, what a bad value usually means, and what to do."""
    unit = f" [{metric.unit}]" if metric.unit else ""
    lines = section(f"{metric.name}: {metric.title}{unit}", width)
    return lines + pairs(
        [("what", "dim", metric.definition), ("means", "dim", metric.meaning), ("do", "dim", metric.action)], width, 6
    )


def limit_words(limit: Limit, metric: MetricDefinition) -> str:
    """Return a limit in a sentence: its ranges, its reference, and what it holds for."""
    form = ".3g" if limit.relative else metric.format
    unit = "" if limit.relative else f" {metric.unit}".rstrip()

    def ends(bounds: tuple[float, float]) -> str:
        low, high = (number(bound, form) for bound in bounds)
        return f"{low} … {high}"

    reference = ", else ".join(_reference_words(item.kind, item.number, item.count) for item in limit.references)
    what = "(value - reference) / reference" if limit.relative else "value - reference"
    if [item.kind for item in limit.references] == ["number"] and limit.references[0].number == 0:
        what, reference = "value", ""
    words = f"{what} {ends(limit.normal)}{unit}, warning {ends(limit.warning)}{unit}"
    words += f"; reference {reference}" if reference else ""
    return words + (f"; {row_text(limit)}" if row_text(limit) else "")


def _reference_words(kind: str, value: object, count: int) -> str:
    """Return a reference in words."""
    if kind == "number":
        items = value.items() if isinstance(value, dict) else None
        return " ".join(f"{name} {entry:g}" for name, entry in items) if items else f"{value:g}"
    known = {
        "header": "the header's",
        "calibration": "the night's or the site's calibration",
        "expected": "what an exposure of this length should give",
        "history": f"median of the last {count} good values",
    }
    return known.get(kind, kind)


def _holds_for(limit: Limit) -> str:
    """Return what a limit holds for."""
    selectors = (limit.obstypes, limit.programs, limit.arms, limit.cameras, limit.elements)
    words = [" ".join(sorted(names)) for names in selectors if names]
    since = [f"from {limit.valid_from}"] if limit.valid_from else []
    return ", ".join(words + since) or "everything"


def _origin(limit: Limit, version: str) -> str:
    """Return where a limit comes from: version of the record, site or instrument, and what was said of it there."""
    said = limit.source or "no origin is given"
    if limit.from_record:
        return f"{version or 'record'}: {said}"
    return f"this site: {said}" if limit.from_site else said


def _limit_lines(
    metric: MetricDefinition, limits: LimitSet, holding: Limit | None, version: str, width: int
) -> list[Line]:
    """Return every limit of a metric with its origin; the one that holds here is marked."""
    entries = [limit for limit in limits.limits if limit.metric == metric.name]
    lines: list[Line] = (
        [((" limits", "dim"),)] if entries else [((" limits  none: it is measured, not judged", "dim"),)]
    )
    for limit in entries:
        here = limit is holding
        head = f"{_holds_for(limit)}: {limit_words(limit, metric)}"
        for index, part in enumerate(wrap(head, width - 4)):
            mark = (" ▸ ", "key") if here and not index else ("   ", "")
            lines.append((mark, (part, "strong" if here else "text")))
        lines += [(("     ", ""), (part, "dim")) for part in wrap(clean(_origin(limit, version)), width - 6)]
    return lines


def _now_lines(metric: MetricDefinition, subject: Subject, charset: Charset, width: int) -> list[Line]:
    """Return what was measured on the camera that is looked at."""
    found = next((item for item in subject.judgements if item.metric == metric.name), None)
    where = f"{subject.expid} {subject.context.camera}"
    if found is None:
        return [((f" {where}", "strong"), ("  has no value of it", "dim"))]
    lines: list[Line] = []
    columns = (found.elements, found.values, found.references, found.normal, found.statuses)
    for element, value, reference, normal, status in zip(*columns, strict=True):
        compared = f"  reference {value_text(reference, metric)}" if math.isfinite(reference) else ""
        low, high = (number(bound, metric.format) for bound in normal)
        line: Line = (
            (f" {where} {clean(element)}".rstrip(), "strong"),
            (f"  {value_text(value, metric)} ", "text"),
            (charset.mark(status), STATUS_MARKS[status].role),
            (f" {status.value}  normal {low} … {high}{compared}", "dim"),
        )
        lines.append(line)
    origin = [f"reference from {found.reference_from}" if found.reference_from else "", clean(found.reason)]
    words = "; ".join(part for part in [*origin, f"limits {clean(found.limit_set)}" if found.limit_set else ""] if part)
    return lines + [((f"   {part}", "dim"),) for part in wrap(words, width - 4)]


def explained(
    metric: MetricDefinition,
    instrument: Instrument,
    limits: LimitSet,
    subject: Subject | None,
    charset: Charset,
    width: int,
    version: str = "",
) -> list[Line]:
    """Return everything about a metric: definition, what is measured now, limits, examples, source.

    `version` says where those limits come from that are the record's.
    """
    lines = metric_help(metric, width)
    step = next((item.title for item in instrument.steps if item.name == metric.step), metric.step)
    arms = f", {instrument.arm_title} {' '.join(metric.arms)}" if metric.arms else ""
    lines += pairs([("of", "dim", f"{step}; {' '.join(metric.obstypes)}{arms}")], width, 6)
    holding = None
    if subject is not None:
        lines += _now_lines(metric, subject, charset, width)
        holding = limits.select(metric.name, subject.context)
    lines += _limit_lines(metric, limits, holding, version, width)
    example = holding or next((limit for limit in limits.limits if limit.metric == metric.name), None)
    if example is not None:
        lines += [(), *drawn_examples(metric, example, instrument, charset, width)]
    return lines + pairs([("source", "dim", f"measured by {metric.function.replace(':', '.')}")], width, 6)
