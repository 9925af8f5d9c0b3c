"""What the Planning asks of the record; and how a table of offline results is read beside the viewer."""

from __future__ import annotations

import asyncio
import dataclasses
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from qltui.documents import parse_json
from qltui.instruments.base import Instrument
from qltui.store.survey_views import FieldExposure, FieldSummary, NightSummary
from qltui.tables.night_range import parse_range
from qltui.tables.offline import WANTED, Offline, match_offline
from qltui.tables.planning import Rule, comparison_table, differs, plan_table
from qltui.tables.table import Table
from qltui.tui.beside import ProgramError, output_of

__all__ = ["ImportFailedError", "PlanAnswer", "PlanChoice", "read_offline", "read_plan"]


MOST_ROWS: Final = 400
"""Rows that are listed at most: nobody reads more."""

MOST_COMPARED: Final = 20_000
"""Exposures that are compared with offline results at most, the newest ones."""


class ImportFailedError(Exception):
    """A table could not be imported; the message says why."""


@dataclass(frozen=True, slots=True)
class PlanChoice:
    """What is planned for.

    Attributes
    ----------
    nights : str
        As `qltui.tables.night_range.parse_range` reads it.
    program : str
        Only this one; all where empty.
    field : int or None
        Whose exposures are listed; of all where None.
    rule : Rule
        By which a tile is done.
    everything : bool
        Whether tiles that are done are listed, too.
    offline : Offline or None
        What the verdicts are compared with.
    """

    nights: str = "last 30"
    program: str = ""
    rule: Rule = dataclasses.field(default_factory=Rule)
    field: int | None = None
    everything: bool = False
    offline: Offline | None = None


@dataclass(frozen=True, slots=True)
class PlanAnswer:
    """Nights, fields and exposures of the chosen nights."""

    nights: tuple[int, int] | None = None
    known: tuple[int, int] | None = None
    summaries: tuple[NightSummary, ...] = ()
    fields: tuple[FieldSummary, ...] = ()
    exposures: tuple[FieldExposure, ...] = ()
    tiles: Table | None = None
    comparison: Table | None = None
    differences: int = 0
    programs: tuple[str, ...] = ()


def read_plan(choice: PlanChoice, instrument: Instrument) -> Callable[[Any], PlanAnswer]:
    """Return the question."""

    def ask(source: Any) -> PlanAnswer:
        from qltui.store import survey

        name, sky = instrument.name, instrument.on_sky
        # To be compared, all exposures are needed; to be read, the newest.
        limit = MOST_COMPARED if choice.offline is not None else MOST_ROWS
        results = (choice.offline.results or {}) if choice.offline is not None else {}
        with source.reading():
            known = source.ask(survey.night_range, name)
            if known is None:
                return PlanAnswer()
            nights = parse_range(choice.nights, known) or known
            summaries = [row for row in source.ask(survey.night_summaries, name, nights) if row.obstype in sky]
            only = (choice.program,) if choice.program else ()
            fields = source.ask(survey.field_summaries, name, nights, sky, programs=only)
            exposures = source.ask(survey.field_exposures, name, nights, field=choice.field, obstypes=sky, limit=limit)
        exposures = [item for item in exposures if not only or item.program in only]
        return PlanAnswer(
            nights,
            known,
            tuple(row for row in summaries if not only or row.program in only),
            tuple(fields),
            tuple(exposures),
            plan_table(fields, choice.rule, everything=choice.everything, most=MOST_ROWS),
            comparison_table(exposures, choice.offline, instrument.title, most=MOST_ROWS),
            sum(differs(item, results.get(item.expid)) for item in exposures),
            tuple(sorted({row.program for row in summaries if row.program})),
        )

    return ask


async def read_offline(path: Path) -> Offline:
    """Read a table of offline results in a process of its own, and match it.

    Raises
    ------
    ImportFailedError
        Where it is no such table.
    """
    command = (sys.executable, "-m", "qltui.tables.read_table", f"--columns={','.join(WANTED)}", "--", str(path))
    try:
        # Two hundred thousand rows take a moment: not in the thread that answers keys.
        return await asyncio.to_thread(_matched, path.name, await output_of(command))
    except (ProgramError, ValueError) as error:
        raise ImportFailedError(str(error)) from error


def _matched(name: str, text: bytes) -> Offline:
    found = parse_json(text)
    return match_offline(name, found["columns"], found["rows"], found["others"])
