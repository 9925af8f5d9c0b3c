"""What the Survey asks, and how its answer becomes a map: done in the reader's thread, a season at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from qltui.instruments.base import Instrument
from qltui.store.survey_views import CLASSES, FieldExposure, FieldPoint, FieldSummary, NightSummary
from qltui.tables.survey import KIND_STATUS, MOST_NIGHTS, field_name, nights_table, programs_table
from qltui.tables.table import Column, Row, Table
from qltui.tui.sky_projection import SkyView
from qltui.tui.sky_raster import MapColumns, Raster, rasterise_columns
from qltui.tui.symbols import STATUS_MARKS, Charset

__all__ = [
    "KINDS",
    "SurveyAnswer",
    "SurveyChoice",
    "fields_table",
    "kind_look",
    "program_look",
    "read_field",
    "read_survey",
    "read_under",
    "save_fields",
]

KINDS: Final = ("good", "warning", "bad", "open")
"""Classes of fields that the map can be held to."""

_RANKS: Final = (0, 2, 3, 1)
"""Of two fields in a cell the one with the higher rank is seen; in the order of `CLASSES`."""

_ROLES: Final = ("trend", "key", "mark", "odd", "strong", "active")


@dataclass(frozen=True, slots=True)
class SurveyChoice:
    """What is shown.

    Attributes
    ----------
    nights : pair of int or None
        First and last night; None for all.
    program, kind : str
        Only these; all where empty.
    by : str
        What colours the map: ``"verdict"`` or ``"program"``.
    view : SkyView
        Which part of the sky.
    width, height : int
        Cells of the map's pane.
    """

    nights: tuple[int, int] | None = None
    program: str = ""
    kind: str = ""
    by: str = "verdict"
    view: SkyView = field(default_factory=SkyView)
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class SurveyAnswer:
    """What the record knows of the chosen nights, and the map of it.

    `observed` is the number of nights with exposures of the sky, `tiles` that of different fields by program,
    `distinct` that of all. `summaries` and `targets` are by night, or by month (``YYYYMM``) where `by_month`.
    """

    choice: SurveyChoice = SurveyChoice()
    known: tuple[int, int] | None = None
    observed: int = 0
    by_month: bool = False
    summaries: tuple[NightSummary, ...] = ()
    tiles: Mapping[str, int] = field(default_factory=dict)
    distinct: int = 0
    targets: Mapping[int, Mapping[str, int]] = field(default_factory=dict)
    programs: tuple[str, ...] = ()
    raster: Raster | None = None
    nights_table: Table | None = None
    programs_table: Table | None = None


def read_survey(choice: SurveyChoice, instrument: Instrument, charset: Charset) -> Callable[[Any], SurveyAnswer]:
    """Return the question."""

    def ask(source: Any) -> SurveyAnswer:
        from qltui.store import survey

        name, sky = instrument.name, instrument.on_sky
        only = (choice.program,) if choice.program else ()
        with source.reading():
            known = source.ask(survey.night_range, name)
            if known is None:
                return SurveyAnswer(choice)
            nights = choice.nights or known
            observed = source.ask(survey.night_count, name, nights, obstypes=sky, programs=only)
            by_month = observed > MOST_NIGHTS
            summaries = source.ask(survey.night_summaries, name, nights, obstypes=sky, programs=only, by_month=by_month)
            programs = source.ask(survey.programs_of, name, nights, obstypes=sky)
            targets = source.ask(survey.target_counts, name, nights, by_month=by_month)
            found = _chosen(source, choice, instrument)
        columns = tuple(zip(*found, strict=True))
        raster = None
        if choice.width > 20 and choice.height > 3:
            shown = _map_columns(columns, choice)
            raster = rasterise_columns(shown, choice.view, choice.width, choice.height, charset, instrument.footprint)
        tiles, distinct = (Counter(columns[3]), len(set(columns[0]))) if columns else (Counter[str](), 0)
        return SurveyAnswer(
            choice,
            known,
            observed,
            by_month,
            tuple(summaries),
            tiles,
            distinct,
            targets,
            tuple(filter(None, programs)),
            raster,
            nights_table(summaries, targets, by_month=by_month),
            programs_table(summaries, tiles, distinct),
        )

    return ask


def _chosen(source: Any, choice: SurveyChoice, instrument: Instrument) -> list[FieldPoint]:
    """Return the fields of the map."""
    from qltui.store import survey

    only = (choice.program,) if choice.program else ()
    nights = choice.nights or source.ask(survey.night_range, instrument.name)
    if nights is None:
        return []
    found: list[FieldPoint] = source.ask(survey.field_points, instrument.name, nights, instrument.on_sky, programs=only)
    return [row for row in found if CLASSES[row[4]] == choice.kind] if choice.kind else found


def _map_columns(fields: Sequence[Sequence[Any]], choice: SurveyChoice) -> MapColumns | None:
    """Return the columns of `FieldPoint` as those of a map; None where there are no fields."""
    if not fields:
        return None
    number, ra, dec, program, kind = fields
    names: Sequence[str] = CLASSES
    place = kind
    if choice.by == "program":
        names = sorted(set(program))
        order = {name: index for index, name in enumerate(names)}
        place = tuple(map(order.__getitem__, program))
    return MapColumns(number, ra, dec, place, names, tuple(map(_RANKS.__getitem__, kind)))


def read_under(
    choice: SurveyChoice, instrument: Instrument, keys: Sequence[int]
) -> Callable[[Any], list[FieldSummary]]:
    """Return the question for what is known of a few fields."""

    def ask(source: Any) -> list[FieldSummary]:
        from qltui.store import survey

        name, only = instrument.name, (choice.program,) if choice.program else ()
        nights = choice.nights or source.ask(survey.night_range, name)
        found: list[FieldSummary] = source.ask(
            survey.field_summaries, name, nights, instrument.on_sky, programs=only, fields=tuple(keys)
        )
        return found

    return ask


def read_field(instrument: Instrument, nights: tuple[int, int], number: int) -> Callable[[Any], list[FieldExposure]]:
    """Return the question for the exposures of one field, the newest first."""

    def ask(source: Any) -> list[FieldExposure]:
        from qltui.store import survey

        found: list[FieldExposure] = source.ask(
            survey.field_exposures, instrument.name, nights, field=number, obstypes=instrument.on_sky, limit=200
        )
        return found

    return ask


def kind_look(charset: Charset, *, sparse: bool = False) -> Callable[[str], tuple[str, str]]:
    """Return how classes are drawn: good ones as dots unless there are only a few, everything else by its shape."""

    def look(kind: str) -> tuple[str, str]:
        status = KIND_STATUS.get(kind, KIND_STATUS["open"])
        good = kind == "good"
        return ("" if good and not (sparse or charset.ascii) else charset.mark(status)), STATUS_MARKS[status].role

    return look


def program_look(programs: Sequence[str]) -> Callable[[str], tuple[str, str]]:
    """Return how programs are drawn: each by a letter of its own and, as far as there are any, a colour of its own."""
    letters: dict[str, str] = {}
    for name in programs:
        free = [char for char in name.upper() + "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if char not in letters.values()]
        letters[name] = free[0] if free else "*"
    roles = {name: _ROLES[index % len(_ROLES)] for index, name in enumerate(programs)}
    return lambda kind: (letters.get(kind, "*"), roles.get(kind, "dim"))


def fields_table(fields: Sequence[FieldPoint]) -> Table:
    """Return the fields of the map as a table, to be saved."""
    columns = (
        Column("field", "tile", doc="Tile, or right ascension and declination of a field without one."),
        Column("program", "program"),
        Column("ra", "RA", "deg", ".4f", ">", "Right ascension."),
        Column("dec", "Dec", "deg", ".4f", ">", "Declination."),
        Column("verdict", "verdict", doc="Of the best of its exposures."),
    )
    rows = tuple(
        Row((number, program), (field_name(number), program, ra, dec, CLASSES[kind]))
        for number, ra, dec, program, kind in fields
    )
    return Table("survey-fields", "survey fields", columns, rows)


def save_fields(choice: SurveyChoice, instrument: Instrument, directory: Path) -> Callable[[Any], Path]:
    """Return the question that writes the fields of the map to a CSV file in a directory: a season's are many."""

    def ask(source: Any) -> Path:
        from qltui.tables.writers import write_table

        return write_table(fields_table(_chosen(source, choice, instrument)), directory / "survey-fields.csv")

    return ask
