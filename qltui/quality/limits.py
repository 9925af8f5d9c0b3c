"""Limits as data: which range holds for which element of which camera in which night, and where it comes from."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

__all__ = ["MIN_HISTORY", "Context", "Limit", "LimitSet", "Range", "Reference"]

Range = tuple[float, float]
"""Lowest and highest accepted value minus reference, both inclusive; infinite where that side is not bad."""

MIN_HISTORY: Final = 3
"""Good values that a history must have before its median says anything."""


@dataclass(frozen=True, slots=True)
class Reference:
    """What a value is compared with.

    Attributes
    ----------
    kind : str
        ``"number"``, ``"history"``, or a key of `qltui.model.Measurement.references`: ``"header"``, ``"calibration"``,
        ``"expected"`` (what this very exposure should give, by its length and the stated throughput).
    number : float, mapping or None
        For ``"number"``: the value, or one for each element by name; else None (a NaN would equal nothing).
    count : int
        For ``"history"``: of how many of the last good values the median is taken.
    """

    kind: str
    number: float | Mapping[str, float] | None = None
    count: int = 0

    @property
    def words(self) -> str:
        """How it is called in the record, ``"history:20"``."""
        return f"{self.kind}:{self.count}" if self.kind == "history" else self.kind


@dataclass(frozen=True, slots=True)
class Limit:
    """One entry of a limits file.

    Attributes
    ----------
    metric : str
        Key of the metric.
    normal, warning : tuple of float
        Ranges of value minus reference in the metric's unit, inclusive; of ``(value - reference) / |reference|``
        where `relative`.
    references : tuple of Reference
        In the order in which they are tried.
    relative : bool
        Whether the ranges are fractions of the reference.
    obstypes, programs, arms, cameras, elements : frozenset of str
        What it holds for; empty for everything.
    valid_from : int
        First night that it holds for, YYYYMMDD; 0 for always.
    source : str
        Where the numbers come from, in words.
    otherwise : Limit or None
        Holds where none of the references has a value.
    from_site : bool
        Whether it is the site's own, of its file or of the record; it wins over the shipped ones.
    from_record : bool
        Whether it is of a version in the record, which wins over the site's file.
    in_a_row : int
        So many exposures of the same kind, one after the other, must be beyond the warning range to make an ALARM;
        those before are a WARNING. 1 for an ALARM at once.
    """

    metric: str
    normal: Range
    warning: Range
    references: tuple[Reference, ...]
    relative: bool = False
    obstypes: frozenset[str] = frozenset()
    programs: frozenset[str] = frozenset()
    arms: frozenset[str] = frozenset()
    cameras: frozenset[str] = frozenset()
    elements: frozenset[str] = frozenset()
    valid_from: int = 0
    source: str = ""
    otherwise: Limit | None = None
    from_site: bool = False
    from_record: bool = False
    in_a_row: int = 1

    def applies(self, context: Context, element: str) -> bool:
        """Whether it holds for this element of this camera in this exposure."""
        selectors = (
            (self.obstypes, context.obstype),
            (self.programs, context.program),
            (self.arms, context.arm),
            (self.cameras, context.camera),
            (self.elements, element),
        )
        return self.valid_from <= context.night and all(not names or name in names for names, name in selectors)

    @property
    def rank(self) -> tuple[bool, bool, bool, bool, bool, bool, bool, int]:
        """The higher, the more it counts: record, site, element, camera, arm, program, obstype, later first night."""
        return (
            self.from_record,
            self.from_site,
            bool(self.elements),
            bool(self.cameras),
            bool(self.arms),
            bool(self.programs),
            bool(self.obstypes),
            self.valid_from,
        )

    def bounds(self, reference: float) -> tuple[Range, Range]:
        """Return the normal and the warning range of the value itself, reference included."""
        scale = abs(reference) if self.relative else 1.0
        return _absolute(self.normal, reference, scale), _absolute(self.warning, reference, scale)


def _absolute(bounds: Range, reference: float, scale: float) -> Range:
    """Return `bounds` around `reference`; an infinite bound stays so, also where the scale is zero."""
    low, high = (reference + bound * scale if math.isfinite(bound) else bound for bound in bounds)
    return low, high


@dataclass(frozen=True, slots=True)
class Context:
    """Which camera of which exposure is judged."""

    camera: str
    arm: str
    obstype: str
    program: str = ""
    night: int = 0


@dataclass(frozen=True, slots=True)
class LimitSet:
    """All limits that hold for an instrument at a site, with an identity that follows from their content.

    Attributes
    ----------
    name : str
        Of the instrument.
    limits : tuple of Limit
        In the order of the files; of equally specific ones the last wins.
    """

    name: str
    limits: tuple[Limit, ...]
    _by_metric: dict[str, tuple[Limit, ...]] = field(init=False, repr=False, compare=False, default_factory=dict)
    _identity: list[str] = field(init=False, repr=False, compare=False, default_factory=list)

    def __post_init__(self) -> None:
        """Sort the entries of every metric so that the first that applies is the one that holds."""
        for metric in dict.fromkeys(limit.metric for limit in self.limits):
            entries = [limit for limit in reversed(self.limits) if limit.metric == metric]
            self._by_metric[metric] = tuple(sorted(entries, key=lambda limit: limit.rank, reverse=True))
        digest = hashlib.sha256(self.content.encode()).hexdigest()
        self._identity.append(f"{self.name}-{digest[:12]}")

    def select(self, metric: str, context: Context, element: str = "") -> Limit | None:
        """Return the most specific limit for one element, or None where there is none."""
        for limit in self._by_metric.get(metric, ()):
            if limit.applies(context, element):
                return limit
        return None

    @property
    def content(self) -> str:
        """All entries as canonical JSON, infinities as strings: what the record keeps."""
        return json.dumps([_plain(limit) for limit in self.limits], sort_keys=True, separators=(",", ":"))

    @property
    def identity(self) -> str:
        """Name and hash of the content, ``"desi-0a1b2c3d4e5f"``: two sets with the same limits have the same."""
        return self._identity[0]


def _plain(limit: Limit) -> dict[str, object]:
    """Return a limit as plain values that JSON can hold."""
    # Not told where it is not so: limits of files keep the identity under which they are in the record.
    record = {"record": True} if limit.from_record else {}
    row = {"in_a_row": limit.in_a_row} if limit.in_a_row > 1 else {}
    return (
        record
        | row
        | {
            "metric": limit.metric,
            "normal": [_number(bound) for bound in limit.normal],
            "warning": [_number(bound) for bound in limit.warning],
            "relative": limit.relative,
            "reference": [_plain_reference(reference) for reference in limit.references],
            "obstype": sorted(limit.obstypes),
            "program": sorted(limit.programs),
            "arm": sorted(limit.arms),
            "camera": sorted(limit.cameras),
            "element": sorted(limit.elements),
            "valid_from": limit.valid_from,
            "source": limit.source,
            "site": limit.from_site,
            "otherwise": None if limit.otherwise is None else _plain(limit.otherwise),
        }
    )


def _plain_reference(reference: Reference) -> object:
    if reference.kind != "number":
        return reference.words
    return dict(reference.number) if isinstance(reference.number, Mapping) else reference.number


def _number(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)
