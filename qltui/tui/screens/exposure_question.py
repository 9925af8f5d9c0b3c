"""What the exposure screen asks of the record: one process, what surrounds it, and one to compare it with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qltui.store.details import ExposureDetails
    from qltui.store.views import ProcessView

__all__ = ["ExposureAnswer", "ExposureChoice", "read_exposure"]


@dataclass(frozen=True, slots=True)
class ExposureChoice:
    """Which process is meant.

    Attributes
    ----------
    process : int or None
        Its number; None follows the latest exposure.
    steps : int
        So many exposures after it, before it where negative.
    digits : str
        Last digits of the exposure that is looked for; empty for none.
    other : int or None
        A process to compare with.
    """

    process: int | None = None
    steps: int = 0
    digits: str = ""
    other: int | None = None

    def stepped(self, by: int) -> ExposureChoice:
        """Return the choice of the exposure `by` further, or with 0 of the latest."""
        return replace(self, steps=self.steps + by, other=None) if by else ExposureChoice()


@dataclass(frozen=True, slots=True)
class ExposureAnswer:
    """What the record says; `fault` says in words why a wish could not be met."""

    process: ProcessView | None = None
    details: ExposureDetails | None = None
    other: ProcessView | None = None
    fault: str = ""


def read_exposure(source: Any, choice: ExposureChoice, instrument: str) -> ExposureAnswer:
    """Return what the record says of the process that is meant; call it in the thread of the reader."""
    from qltui.store import details

    number, fault = _number(source, choice, instrument)
    process = source.process_view(number) if number is not None else None
    if process is None:
        return ExposureAnswer(fault=fault)
    other = source.process_view(choice.other) if choice.other is not None else None
    return ExposureAnswer(process, source.ask(details.exposure_details, process.number), other, fault)


def _number(source: Any, choice: ExposureChoice, instrument: str) -> tuple[int | None, str]:
    """Return the process that is meant, and what kept it from being the one that was wished for."""
    from qltui.store import details

    if choice.digits:
        row = source.find_exposure(choice.digits, instrument)
        if row is not None and row.process is not None:
            return row.process, ""
        words = f"no exposure ends with {choice.digits}"
        if row is not None:
            words = f"exposure {row.exposure.expid} was never reduced"
        return _stay(source, choice, instrument), words
    number = _stay(source, choice, instrument)
    for done in range(abs(choice.steps)):
        if number is None:
            break
        beyond = source.ask(details.neighbour_process, number, 1 if choice.steps > 0 else -1)
        if beyond is None:
            where = "last" if choice.steps > 0 else "first"
            return number, f"this is the {where} exposure that was reduced" if not done else ""
        number = beyond
    return number, ""


def _stay(source: Any, choice: ExposureChoice, instrument: str) -> int | None:
    """Return the process that is shown: the one chosen, else the one that the Monitor shows."""
    from qltui.store import details

    if choice.process is not None:
        return choice.process
    running = source.process_numbers(states=("running",), limit=1)
    if running:
        return int(running[0])
    latest: int | None = source.ask(details.latest_process, instrument)
    return latest
