"""What changed limits would do to the last nights: asked of the record, and put in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qltui.quality.limits import Limit
from qltui.quality.limits_file import load_limits
from qltui.quality.limits_text import limits_toml
from qltui.quality.whatif import Flips
from qltui.tui.words import plural

if TYPE_CHECKING:
    from qltui.instruments.base import Instrument
    from qltui.tui.progress import Progress
    from qltui.tui.screens.configuration_question import Standing

__all__ = ["flip_words", "read_flips"]


def read_flips(standing: Standing, entries: Sequence[Limit], instrument: Instrument, nights: int) -> Any:
    """Return the question what the record's limits would change in the newest nights if they were `entries`.

    Months of values are judged anew: the question is one for `LongWork.read_long`.
    """
    version = standing.selected("limits")
    site_file = standing.config.paths.limits or None

    def ask(source: Any, progress: Progress) -> Flips:
        from qltui.store.judged import flips

        before = load_limits(instrument, site_file, record=version.content if version is not None else "")
        after = load_limits(instrument, site_file, record=limits_toml(entries))
        return source.ask(flips, instrument, before, after, nights, step=progress.step)

    return ask


def flip_words(found: Flips) -> tuple[str, ...]:
    """Return what would change in words: in all, by metric, and some exposures."""
    if not found.exposures:
        return (f"{found.words[:1].upper()}{found.words[1:]}",)
    where = f"{plural(found.exposures, 'exposure')} of the last {plural(len(found.nights), 'night')}"
    if found.flips:
        # Short enough for the last line of 80 columns.
        words = f"{len(found.flips)} of {where} would flip: {found.better} better, {found.worse} worse"
    else:
        words = f"None of {where} would flip"
    counts = [entry for entry in found.by_metric if any(entry[1:])]
    lines = [f"{metric} alone: {better} better, {worse} worse" for metric, better, worse in counts]
    examples = ", ".join(f"{expid} {old} → {new}" for expid, old, new in found.examples)
    return (words, *lines, *((examples,) if examples else ()))
