"""What a viewer asks of the engine: a row in the record, and the answer when it comes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from qltui.model import Status
from qltui.store.views import ProcessView
from qltui.tui.source import Reader, Source

__all__ = ["Requests", "reprocess_arguments", "reprocess_choices"]

_BAD: Final = (Status.ALARM, Status.WARNING, Status.FAILED, Status.UNKNOWN, Status.CANCELLED)
"""A camera with one of these may come out better the second time; one that is not in the file will not."""


def reprocess_choices(process: ProcessView, camera: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return what can be reduced again, by key: the words for it, and the cameras (none means all)."""
    choices: dict[str, tuple[str, tuple[str, ...]]] = {"a": (f"all {len(process.cameras)}", ())}
    if camera:
        choices["c"] = (f"{camera} alone", (camera,))
    bad = tuple(name for name, view in process.cameras.items() if view.status in _BAD)
    if bad:
        choices["b"] = (f"the {len(bad)} bad", bad)
    return choices


def reprocess_arguments(process: ProcessView, cameras: Sequence[str] = ()) -> dict[str, Any]:
    """Return the arguments of the command ``reprocess``; no cameras means all of them."""
    exposure = process.exposure
    return {
        "instrument": exposure.instrument,
        "night": exposure.night,
        "expid": exposure.expid,
        "cameras": list(cameras),
    }


class Requests:
    """Sends commands, and remembers which have not been answered.

    Parameters
    ----------
    reader : Reader
        Way to the record.
    who : callable
        Returns the name of the observer.
    """

    def __init__(self, reader: Reader, who: Callable[[], str]) -> None:
        self._reader = reader
        self._who = who
        self._open: list[int] = []

    async def send(self, name: str, arguments: Mapping[str, Any] | None = None) -> int:
        """Ask for something and return the number of the request.

        Raises
        ------
        ReadError
            Where the record cannot be written.
        """
        who = self._who()
        number = await self._reader.read(lambda source: source.send_command(name, arguments or {}, who))
        self._open.append(number)
        return number

    async def answers(self) -> list[tuple[bool, str]]:
        """Return the answers that have come since: whether it was done, and the engine's words."""
        if not self._open:
            return []
        numbers = tuple(self._open)

        def look(source: Source) -> list[Any]:
            return [source.command(number) for number in numbers]

        found = await self._reader.read(look)
        answers = []
        for number, view in zip(numbers, found, strict=True):
            if view is None or view.state != "pending":
                self._open.remove(number)
                if view is not None:
                    answers.append((view.state == "done", f"{view.name}: {view.answer or view.state}"))
        return answers
