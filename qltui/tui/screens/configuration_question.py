"""What the settings' screen asks: files and record together, as the engine puts them together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qltui.config import Config, ConfigError, with_version
from qltui.tables.criteria import Criterion

if TYPE_CHECKING:
    from qltui.instruments.base import Instrument
    from qltui.quality.limits import Limit
    from qltui.store.versions import SavedVersion

__all__ = ["Standing", "config_in_force", "criteria_in_force", "entries_of", "read_standing"]


@dataclass(frozen=True, slots=True)
class Standing:
    """What is in force, and what could be.

    Attributes
    ----------
    config : Config
        Files, the record's version, environment and command line together.
    versions : tuple of SavedVersion
        All that were ever saved.
    criteria : tuple of Criterion
        Every entry of the limits.
    faults : tuple of str
        What of it cannot be read, in words.
    """

    config: Config
    versions: tuple[SavedVersion, ...] = ()
    criteria: tuple[Criterion, ...] = ()
    faults: tuple[str, ...] = ()

    def selected(self, kind: str) -> SavedVersion | None:
        """Return the version of a kind that is in force; None where the files alone hold."""
        return next((item for item in self.versions if item.kind == kind and item.selected), None)

    @property
    def record_limits(self) -> tuple[Limit, ...]:
        """Entries of the record's version alone."""
        version = self.selected("limits")
        return tuple(item.limit for item in self.criteria if version is not None and item.origin == version.words)


def config_in_force(config: Config, version: SavedVersion | None) -> tuple[Config, str]:
    """Return the settings with a version of the record on top, and what is wrong with it."""
    if version is None:
        return config, ""
    try:
        return with_version(config, version.content, version.words), ""
    except ConfigError as error:
        return config, f"settings {version.words}: {error}"


def criteria_in_force(
    instrument: Instrument, site_file: str, version: SavedVersion | None
) -> tuple[tuple[Criterion, ...], tuple[str, ...]]:
    """Return every entry of the limits, and what cannot be read of the files: an entry that is wrong hides its file."""
    from qltui.quality.limits_file import LimitsError, parse_limits, read_limits

    module, _, name = instrument.limits.partition(":")
    found: list[Criterion] = []
    faults: list[str] = []

    def add(text: str, origin: str, **rank: bool) -> None:
        limits = parse_limits(text, instrument, where=origin, **rank)
        first = len(found)
        found.extend(Criterion(first + index, limit, origin) for index, limit in enumerate(limits))

    add(resources.files(module).joinpath(name).read_text(encoding="utf-8"), "instrument")
    for text, origin in _own(site_file, version):
        try:
            if text is None:
                add(read_limits(Path(site_file)), origin, from_site=True)
            else:
                add(text, origin, from_site=True, from_record=True)
        except LimitsError as error:
            faults.append(str(error))
    return tuple(found), tuple(faults)


def entries_of(instrument: Instrument) -> tuple[Criterion, ...]:
    """Return the entries of the instrument's own limits: what holds where nobody has set anything."""
    return criteria_in_force(instrument, "", None)[0]


def _own(site_file: str, version: SavedVersion | None) -> Sequence[tuple[str | None, str]]:
    """Return what lies on top of the instrument's own: the text, None for that of the file, and its name."""
    own: list[tuple[str | None, str]] = [(None, "site's file")] if site_file else []
    return [*own, (version.content, version.words)] if version is not None else own


def read_standing(config: Config, instrument: Instrument) -> Any:
    """Return the question for what is in force and what was ever saved."""

    def ask(source: Any) -> Standing:
        from qltui.store import versions as store

        found = tuple(source.ask(store.versions))
        chosen = {item.kind: item for item in found if item.selected}
        in_force, fault = config_in_force(config, chosen.get("settings"))
        criteria, faults = criteria_in_force(instrument, in_force.paths.limits, chosen.get("limits"))
        return Standing(in_force, found, criteria, (*((fault,) if fault else ()), *faults))

    return ask
