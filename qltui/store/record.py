"""The record of all nights, in one SQLite file: what the engine writes and everybody reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Concatenate, ParamSpec, Self, TypeVar

from qltui.model import CameraReport, Exposure, Judgement, Product, Status, StepReport, Trigger, Verdict
from qltui.store import control, exposures, notes, progress, queue, schema, survey, whole
from qltui.store.database import Database
from qltui.store.reader import Reader
from qltui.store.views import AlarmView, EngineView

__all__ = ["Store"]

P = ParamSpec("P")
T = TypeVar("T")


class Store(Reader):
    """The record, for its one writer; opened with `read_only` it is a viewer's, and every write is refused.

    Each method that writes is a transaction of its own; inside ``with store.transaction():`` they are parts of that.
    Times are seconds since 1970, UTC; where `now` is not given, the clock is asked. All of them raise a `StoreError`
    that names cause and action where SQLite fails.
    """

    @classmethod
    def open(cls, path: str | Path, *, read_only: bool = False, timeout: float = 10.0) -> Self:
        """Open the record, and for writing make it or bring it up to date.

        Parameters
        ----------
        path : str or Path
            The SQLite file.
        read_only : bool
            For a viewer: nothing is written or migrated.
        timeout : float
            How long to wait for a lock [s].

        Raises
        ------
        NoRecordError
            Nothing is there (for reading), or the directory is missing.
        NewerRecordError
            A newer qltui wrote it.
        OlderRecordError
            An older one did, and it is opened for reading.
        StoreError
            Anything else that SQLite says.
        """
        return cls(Database(Path(path), read_only=read_only, timeout=timeout))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One batch of writes: all of it, or nothing."""
        with self._database.transaction():
            yield

    def tell(self, write: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Let a function of this package write: ``store.tell(versions.decide, "mode", "manual", who)``.

        All of it is one transaction, or a part of the one that is open.
        """
        with self._database.transaction():
            return write(self._database, *args, **kwargs)

    def write_copy(self, path: Path) -> None:
        """Write all that this connection sees into a new file; no transaction may be open."""
        self._database.sql("VACUUM INTO ?", (str(path),))

    # -- arrival -----------------------------------------------------------------------------------------------

    def add_exposure(self, exposure: Exposure, now: float | None = None) -> int:
        """Record an exposure and return its number in the record; the same file twice changes nothing.

        A file of another size or time of change is a new revision (the revision in `exposure` is not regarded), and
        what waits for the older one is superseded.

        Raises
        ------
        ValueError
            Where a whole number has more than 64 bits.
        """
        return exposures.add_exposure(self._database, exposure, now)

    def set_incomplete(self, path: str, size: int, since: float, reason: str, *, instrument: str, night: int) -> None:
        """Record a file that is not complete, and why; the first `since` is kept."""
        exposures.set_incomplete(self._database, path, size, since, reason, instrument=instrument, night=night)

    def clear_incomplete(self, path: str) -> None:
        """Forget that a file was not complete."""
        exposures.clear_incomplete(self._database, path)

    # -- queue -------------------------------------------------------------------------------------------------

    def enqueue(
        self,
        exposure_id: int,
        trigger: Trigger | str,
        who: str,
        cameras: Sequence[str],
        configuration: int | None = None,
        code_version: str = "",
        limit_set: int | None = None,
        now: float | None = None,
    ) -> int:
        """Put an exposure in the queue and return the number of its process.

        A revision gets one process with trigger NEW or BACKLOG in its life: asked again, its number is returned.
        Every REPROCESS is a process of its own.

        Parameters
        ----------
        cameras : sequence of str
            All cameras that the grid shows for this process, those that are missing or switched off too.
        configuration, limit_set : int
            Numbers from `configuration` and `limit_set`.
        """
        return queue.enqueue(
            self._database,
            exposure_id,
            trigger,
            who,
            cameras,
            configuration=configuration,
            code_version=code_version,
            limit_set=limit_set,
            now=now,
        )

    def recover(self, now: float | None = None) -> list[int]:
        """Put back into the queue what a stopped engine left running, and return those processes.

        Cameras that came to an end stay as they are: `waiting` tells which. One that was in a worker leaves nothing
        behind, so that the interruption is no attempt of its own.
        """
        return queue.recover(self._database, now)

    # -- progress ----------------------------------------------------------------------------------------------

    def start_process(self, process: int, now: float | None = None) -> None:
        """Say that a process has begun."""
        progress.start_process(self._database, process, now)

    def start_job(self, process: int, camera: str, attempt: int = 1, pid: int = 0, now: float | None = None) -> int:
        """Say that a camera has gone to a worker; what an earlier attempt measured is forgotten."""
        return progress.start_job(self._database, process, camera, attempt, pid, now)

    def start_step(self, process: int, camera: str, attempt: int, step: str, now: float | None = None) -> None:
        """Say that a step has begun."""
        progress.start_step(self._database, process, camera, attempt, step, now)

    def finish_step(
        self,
        process: int,
        camera: str,
        attempt: int,
        report: StepReport,
        judgements: Sequence[Judgement] = (),
        status: Status | None = None,
        now: float | None = None,
    ) -> None:
        """Record how a step ended, what it measured, and the limits that it was judged by.

        `status` is the step's as quality says; without it the worst of the judgements', or the report's own where
        that is worse. A step without judgements is `NOT_CHECKED`.
        """
        progress.finish_step(self._database, process, camera, attempt, report, judgements, status, now)

    def finish_job(
        self,
        process: int,
        report: CameraReport,
        status: Status,
        reason: str = "",
        products: Sequence[Product] | None = None,
        fit: bool | Mapping[str, bool] = False,
        now: float | None = None,
    ) -> None:
        """Record how a camera ended, what it wrote and what it used.

        Parameters
        ----------
        status, reason : Status, str
            The camera's, as quality judged it.
        products : sequence of Product, optional
            Those of `report` where not given.
        fit : bool or mapping of kind to bool
            Which products are good enough to calibrate later exposures.
        """
        progress.finish_job(self._database, process, report, status, reason, products, fit, now)

    def set_camera_status(
        self, process: int, camera: str, status: Status, reason: str = "", now: float | None = None
    ) -> None:
        """Record a camera's status without a report: MISSING, NOT_EXPECTED, CANCELLED, FAILED."""
        progress.set_camera_status(self._database, process, camera, status, reason, now)

    def record_cameras(self, process: int, cameras: Sequence[whole.CameraRows]) -> None:
        """Record cameras that are over, all at once, with steps and measurements; see `qltui.store.whole`."""
        whole.record_cameras(self._database, process, cameras)

    def set_verdict(self, process: int, verdict: Verdict) -> None:
        """Record the verdict so far of a process that runs."""
        progress.set_verdict(self._database, process, verdict)

    def finish_process(
        self, process: int, verdict: Verdict, state: str = "done", reason: str = "", now: float | None = None
    ) -> None:
        """Say that a process ended: ``"done"``, ``"failed"``, ``"cancelled"`` or ``"superseded"``."""
        progress.finish_process(self._database, process, verdict, state, reason, now)

    # -- beside the numbers ------------------------------------------------------------------------------------

    def log(
        self,
        level: str,
        text: str,
        expid: int | None = None,
        camera: str = "",
        process: int | None = None,
        now: float | None = None,
    ) -> int:
        """Write a line of the log at level ``info``, ``warning``, ``alarm`` or ``error`` and return its number."""
        return notes.log(self._database, level, text, expid, camera, process, now)

    def raise_alarms(
        self, process: int, causes: Sequence[tuple[Status, str]], now: float | None = None
    ) -> list[AlarmView]:
        """Record alarms, one for each cause of a process; returns those that are new and not muted."""
        return notes.raise_alarms(self._database, process, causes, now)

    def acknowledge(self, number: int, who: str, now: float | None = None) -> bool:
        """Say that somebody has seen an alarm; returns whether it was open."""
        return notes.acknowledge(self._database, number, who, now)

    def mute(self, words: str, who: str, until: float | None = None, now: float | None = None) -> int:
        """Let no alarm whose cause has these words be heard until a time, or for good; returns how many were open."""
        return notes.mute(self._database, words, who, until, now)

    def unmute(self, words: str, now: float | None = None) -> None:
        """Let alarms with these words be heard again, those of the last day among them."""
        notes.unmute(self._database, words, now)

    def add_comment(
        self, exposure_id: int, author: str, text: str, process: int | None = None, now: float | None = None
    ) -> int:
        """Record a comment on an exposure, or on one process of it, and return its number."""
        return notes.add_comment(self._database, exposure_id, author, text, process, now)

    def edit_comment(self, number: int, who: str, text: str, now: float | None = None) -> None:
        """Edit a comment; what it said is kept. PermissionError where somebody else wrote it, KeyError without it."""
        notes.change_comment(self._database, number, who, text, now)

    def delete_comment(self, number: int, who: str, now: float | None = None) -> None:
        """Delete a comment; what it said is kept. PermissionError and KeyError as `edit_comment`."""
        notes.change_comment(self._database, number, who, None, now)

    def set_flag(self, exposure_id: int, value: str, author: str, reason: str = "", now: float | None = None) -> None:
        """Flag an exposure ``"good"``, ``"bad"``, ``"junk"`` or ``"test"``; an empty value takes the flag back."""
        notes.set_flag(self._database, exposure_id, value, author, reason, now)

    def answer_command(self, number: int, answer: str, *, refused: bool = False, now: float | None = None) -> None:
        """Say what became of a command."""
        control.answer_command(self._database, number, answer, refused=refused, now=now)

    def count_targets(self, process: int, counts: Mapping[tuple[str, str], int]) -> None:
        """Take down how many targets a camera saw, by part of the instrument and class; see `settle`."""
        with self._database.transaction():
            survey.count_targets(self._database, process, counts)

    def settle(self, process: int, depth_metric: str = "") -> None:
        """Sum up a process that has ended: its targets, and by the values of a metric how deep its exposure is."""
        survey.settle(self._database, process, depth_metric)

    def limit_set(self, content: str, name: str = "") -> int:
        """Return the number of a limit set; the same text is kept once."""
        return control.content_number(self._database, schema.LimitSet, content, name)

    def configuration(self, content: str, name: str = "") -> int:
        """Return the number of a configuration; the same text is kept once."""
        return control.content_number(self._database, schema.Configuration, content, name)

    def beat(self, view: EngineView, slots: Mapping[str, float] | None = None, now: float | None = None) -> None:
        """Record that the engine lives, and when its slots were last heard of [s since 1970].

        `version` stays unless the engine says something new.
        """
        control.beat(self._database, view, slots, now)
