"""What should be repeated, by which rule, and our verdicts beside offline results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from qltui.model import Status
from qltui.store.survey_views import FieldExposure, FieldSummary
from qltui.tables.offline import Offline, OfflineResult
from qltui.tables.survey import KIND_STATUS, field_name
from qltui.tables.table import Column, Judged, Row, Styled, Table, Value

__all__ = ["RULES", "Plan", "Rule", "comparison_table", "differs", "judge_field", "plan_table"]

RULES: Final = ("time", "effective")


@dataclass(frozen=True, slots=True)
class Rule:
    """By which a field is done.

    Attributes
    ----------
    name : str
        ``"time"``: open-shutter time of exposures that are good or have a warning; ``"effective"``: the same weighted
        by their depth.
    goal : float
        [s].
    """

    name: str = "time"
    goal: float = 1000.0

    @property
    def words(self) -> str:
        """The rule in words."""
        what = "effective exposure time" if self.name == "effective" else "open-shutter time"
        return f"{what} of usable exposures below {self.goal:.0f} s"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is thought of a field: whether it is to be repeated, as what it is drawn, and why."""

    repeat: bool
    status: Status
    reason: str
    reached: float | None


def judge_field(field: FieldSummary, rule: Rule) -> Plan:
    """Return whether a field should be repeated.

    Only exposures that are good or have a warning count. What is not judged yet may still be good, and what has no
    depth is not known: such a field is not called shallow, and not done either.
    """
    usable = field.good + field.warning
    reached: float | None = field.effective if rule.name == "effective" else field.seconds
    assert reached is not None
    if _is_done(field, rule):
        return Plan(False, Status.NORMAL, "done", reached)
    if rule.name == "effective" and field.undetermined:
        if field.undetermined == usable:
            reached = None
        return Plan(True, Status.UNKNOWN, f"depth of {field.undetermined} of {usable} exposures is not known", reached)
    if field.open:
        return Plan(True, Status.NOT_CHECKED, f"{field.open} not judged yet", reached)
    if field.bad and not usable:
        return Plan(True, Status.ALARM, f"all {field.bad} bad" if field.bad > 1 else "bad", reached)
    words = f"shallow: {reached:.0f} of {rule.goal:.0f} s"
    return Plan(True, Status.WARNING, f"{words}, {field.bad} bad" if field.bad else words, reached)


def _is_done(field: FieldSummary, rule: Rule) -> bool:
    return (field.effective if rule.name == "effective" else field.seconds) >= rule.goal and bool(
        field.good + field.warning
    )


def plan_table(fields: Sequence[FieldSummary], rule: Rule, *, everything: bool = False, most: int = 0) -> Table:
    """Return the fields that should be repeated, worst first; all of them if wanted, `most` at most if given."""
    columns = (
        Column("field", "tile", doc="Tile, or right ascension and declination of a field without one."),
        Column("program", "program", doc="Program."),
        Column("verdict", "repeat", doc="Why it should be repeated, or that it is done."),
        Column("reached", "reached", "s", ".0f", ">", "Exposure time by the rule."),
        Column("left", "left", "s", ".0f", ">", "What is missing to the goal."),
        Column("exposures", "exp", format="d", align=">", doc="Exposures, without tests."),
        Column("good", "good", format="d", align=">", doc="Good exposures."),
        Column("warning", "warn", format="d", align=">", doc="Exposures with a warning."),
        Column("bad", "bad", format="d", align=">", doc="Exposures that are bad by verdict or flag."),
        Column("open", "not judged", format="d", align=">", doc="Exposures that are not judged."),
        Column("seconds", "open", "s", ".0f", ">", "Open-shutter time of usable exposures."),
        Column("effective", "effective", "s", ".0f", ">", "Effective exposure time of those whose depth is known."),
        Column("ra", "RA", "deg", ".4f", ">", "Right ascension."),
        Column("dec", "Dec", "deg", ".4f", ">", "Declination."),
        Column("last_night", "last night", doc="Of its newest exposure."),
    )
    judged = [(field, judge_field(field, rule)) for field in fields if everything or not _is_done(field, rule)]
    shown = [pair for pair in judged if everything or pair[1].repeat]
    shown.sort(key=lambda pair: (-pair[1].status.severity, -pair[0].last_night, pair[0].field))
    rows = tuple(
        Row(
            (field.field, field.program),
            (
                field_name(field.field),
                field.program,
                Judged(plan.reason, plan.status),
                plan.reached,
                None if plan.reached is None else max(0.0, rule.goal - plan.reached),
                *(field.exposures, field.good, field.warning),
                Judged(field.bad, Status.ALARM) if field.bad else 0,
                field.open,
                field.seconds,
                field.effective if field.undetermined < field.good + field.warning else None,
                *(field.ra, field.dec, str(field.last_night)),
            ),
        )
        for field, plan in shown[: most or None]
    )
    count = sum(plan.repeat for _, plan in judged)
    note = f"{count:,} of {len(fields):,} to repeat: {rule.words}"
    if most and len(shown) > most:
        note += f"; the worst {most:,} are listed, an export has all"
    return Table("plan", "tiles to repeat", columns, rows, note)


def differs(exposure: FieldExposure, result: OfflineResult | None) -> bool:
    """Return whether offline says something else of an exposure: usable there and bad here, or the other way round."""
    if result is None or exposure.kind in ("open", "test"):
        return False
    return (result.kind == "bad") != (exposure.kind == "bad")


def comparison_table(
    exposures: Sequence[FieldExposure], offline: Offline | None, instrument_name: str = "", *, most: int = 0
) -> Table:
    """Return our exposures with what offline says of them; differences first, then the newest.

    Offline results of exposures that we do not have stand at the end. Of the rows at most `most` are kept, if given.
    """
    results: Mapping[int, OfflineResult] = (offline.results or {}) if offline is not None else {}
    columns = (
        Column("expid", "exp", format="d", align=">", doc="Number of the exposure."),
        Column("night", "night", doc="Date of the evening."),
        Column("tile", "tile", doc="Tile or field."),
        Column("program", "program", doc="Program."),
        Column("exptime", "time", "s", ".0f", ">", "Exposure time."),
        Column("verdict", "ours", doc="Verdict of the newest process."),
        Column("flag", "flag", doc="The observer's flag."),
        Column("offline", "offline", doc="What the imported table says, worst row first.", shown=bool(results)),
        Column("agreement", "agree", doc="Whether both say usable or both say bad.", shown=bool(results)),
        Column("cameras", "cameras", doc="Cameras that offline names.", shown=False),
        Column("headline", "what we saw", doc="The verdict in words."),
        Column("comment", "offline comment", doc="Of the imported table.", shown=bool(results)),
        Column("depth", "depth", format=".2f", align=">", doc="Effective over real exposure time.", shown=False),
    )
    ours = sorted(exposures, key=lambda item: (not differs(item, results.get(item.expid)), -item.night, -item.expid))
    rows = [Row(("ours", item.exposure_id), _compared(item, results.get(item.expid))) for item in ours]
    known = {item.expid for item in exposures}
    rows += [Row(("offline", expid), _stranger(results[expid])) for expid in sorted(results) if expid not in known]
    notes = list(offline.notes) if offline is not None else []
    strangers = sum(expid not in known for expid in results)
    if strangers:
        notes.append(f"{strangers} offline results of exposures that are not in these nights")
    if most and len(rows) > most:
        notes.append(f"the first {most:,} of {len(rows):,} are listed")
        rows = rows[:most]
    title = f"{instrument_name} verdicts and offline results".strip()
    return Table("comparison", title, columns, tuple(rows), "; ".join(notes))


def _agreement(item: FieldExposure, result: OfflineResult | None) -> Value:
    if result is None or item.kind in ("open", "test"):
        return None
    return Judged("differs", Status.ALARM) if differs(item, result) else "yes"


def _compared(item: FieldExposure, result: OfflineResult | None) -> tuple[Value, ...]:
    status = Status(item.status) if item.status in Status.__members__ else None
    return (
        *(
            item.expid,
            str(item.night),
            "" if item.field is None else field_name(item.field),
            item.program,
            item.exptime,
        ),
        status,
        Styled(item.flag, "bad" if item.flag in ("bad", "junk") else "text"),
        Judged(result.words, KIND_STATUS[result.kind]) if result is not None else None,
        _agreement(item, result),
        " ".join(result.cameras) if result is not None else None,
        item.headline,
        result.comment if result is not None else None,
        item.depth,
    )


def _stranger(result: OfflineResult) -> tuple[Value, ...]:
    return (
        *(result.expid, None, None, None, None, None, None),
        Judged(result.words, KIND_STATUS[result.kind]),
        "not ours",
        " ".join(result.cameras),
        None,
        result.comment,
        None,
    )
