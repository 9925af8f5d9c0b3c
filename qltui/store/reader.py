"""The record as a viewer sees it: everything may be read, and one thing written, a command to the engine."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from qltui.model import Status
from qltui.store import calibrations, control, exposures, notes, pictures, queue, schema, trends
from qltui.store.database import Database
from qltui.store.views import (
    AlarmView,
    CommandView,
    CommentView,
    EngineView,
    ExposureRow,
    KnownFile,
    LogLine,
    MonitorView,
    ProcessView,
    QueuedProcess,
    TrendBin,
    TrendPoint,
)

__all__ = ["Reader"]

P = ParamSpec("P")
T = TypeVar("T")


class Reader:
    """Reads the record; may be used from several threads, each of which gets a connection of its own.

    Parameters
    ----------
    database : Database
        An open one; `qltui.store.record.Store.open` makes it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def path(self) -> Path:
        """The SQLite file."""
        return self._database.path

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is odd about the place of the record, in words; empty where all is well."""
        return self._database.warnings

    def close(self) -> None:
        """Close the connections of all threads."""
        self._database.close()

    def interrupt(self) -> None:
        """Stop what other threads are reading: it ends with a `StoreError`."""
        self._database.interrupt()

    def close_thread(self) -> None:
        """Close the connection of the calling thread alone; one that ends should do so."""
        self._database.close_thread()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Let several reads see one and the same state of the record; keep it short."""
        with self._database.reading():
            yield

    def ask(self, query: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what a function of this package makes of the record: ``reader.ask(survey.pointings, first, last)``.

        Everything that it reads is of one and the same state of the record.
        """
        with self._database.reading():
            return query(self._database, *args, **kwargs)

    # -- what screens show -------------------------------------------------------------------------------------

    def version(self) -> int:
        """Return a number that changes with everything but heartbeats; costs microseconds."""
        return pictures.version(self._database)

    def monitor_view(self, process: int | None = None) -> MonitorView:
        """Return everything that the Monitor shows, read in one transaction.

        Without a number the process shown is the one that runs (of several the one begun last, new exposures before
        others), else the one that ended last, else the first that waits.
        """
        return pictures.monitor_view(self._database, process)

    def process_view(self, number: int) -> ProcessView | None:
        """Return one process whole, or None where there is no such number."""
        return pictures.process_view(self._database, number)

    def process_numbers(self, *, states: Sequence[str] = (), expid: int | None = None, limit: int = 200) -> list[int]:
        """Return the newest processes, newest first, in these states and of this exposure if given."""
        return pictures.process_numbers(self._database, states=states, expid=expid, limit=limit)

    def exposures(
        self,
        night: int | None = None,
        *,
        last_night: int | None = None,
        instrument: str | None = None,
        limit: int | None = None,
    ) -> list[ExposureRow]:
        """Return the exposures of a night (the newest by default) or of `night` to `last_night`, oldest first.

        `limit` keeps the newest.
        """
        return pictures.exposure_rows(self._database, night, last_night=last_night, instrument=instrument, limit=limit)

    def nights(self, instrument: str | None = None) -> list[int]:
        """Return the nights of the record, newest first."""
        return pictures.nights(self._database, instrument)

    def find_exposure(self, digits: str = "", instrument: str | None = None) -> ExposureRow | None:
        """Return the newest exposure whose number ends with `digits`; the newest of all without them.

        Raises
        ------
        ValueError
            Where `digits` is no number.
        """
        return pictures.find_exposure(self._database, digits, instrument)

    def exposure_id(self, instrument: str, night: int, expid: int) -> int | None:
        """Return the record's number of an exposure, or None."""
        return exposures.exposure_id(self._database, instrument, night, expid)

    def engine(self) -> EngineView:
        """Return the engine as its last beat left it, with the queue as it stands now; cheap."""
        return control.engine(self._database)

    def heartbeats(self) -> dict[str, float]:
        """Return when the engine and each of its slots were last heard of [s since 1970]."""
        return control.heartbeats(self._database)

    def log_lines(
        self,
        after: int = 0,
        limit: int = 200,
        contains: str = "",
        *,
        levels: Sequence[str] = (),
        expid: int | None = None,
        camera: str = "",
        before: int | None = None,
    ) -> list[LogLine]:
        """Return the last `limit` lines after number `after` that pass the filter, oldest first.

        `contains` is looked for as it stands, without regard to case in ASCII; `before` pages back.
        """
        return notes.log_lines(
            self._database, after, limit, contains=contains, levels=levels, expid=expid, camera=camera, before=before
        )

    def alarms(self, *, open_only: bool = False, limit: int = 200) -> list[AlarmView]:
        """Return the newest alarms, newest first; `open_only` leaves out what is acknowledged or muted."""
        return notes.alarms(self._database, open_only=open_only, limit=limit)

    def comments(self, exposure_id: int) -> list[CommentView]:
        """Return the comments on an exposure and on its processes, oldest first."""
        return notes.comments(self._database, exposure_id)

    # -- values over time --------------------------------------------------------------------------------------

    def trend(
        self,
        metric: str,
        cameras: Sequence[str] = (),
        elements: Sequence[str] = (),
        *,
        night: int | None = None,
        nights: tuple[int, int] | None = None,
        since: float | None = None,
        until: float | None = None,
        instrument: str | None = None,
        obstypes: Sequence[str] = (),
    ) -> list[TrendPoint]:
        """Return the values of a metric in the order of time, with the limits that held.

        Parameters
        ----------
        metric : str
            ``"NOISE_AMP"``.
        cameras, elements : sequence of str
            Which ones; all where empty.
        night, nights : int, or pair of int
            One night, or the first and the last of several.
        since, until : float
            Range of times [s since 1970], inclusive.
        instrument, obstypes : str, or sequence of str
            Which ones; all where not given.

        Returns
        -------
        list of TrendPoint
            One for each exposure, camera and element: of an exposure reduced several times the last value.
        """
        return trends.trend(
            self._database,
            metric,
            cameras,
            elements,
            instrument=instrument,
            nights=nights if night is None else (night, night),
            since=since,
            until=until,
            obstypes=obstypes,
        )

    def trend_bins(
        self,
        metric: str,
        camera: str,
        element: str = "",
        bins: int = 500,
        *,
        nights: tuple[int, int] | None = None,
        instrument: str | None = None,
    ) -> list[TrendBin]:
        """Return one series in at most `bins` equal pieces of time, empty ones left out: for seasons, not for a night.

        A season is 240,000 values of one series: no screen has room for them, and to read them all takes seconds.
        Extremes are kept. Where two instruments have such a camera, `instrument` must say which.
        """
        return trends.trend_bins(self._database, metric, camera, element, bins, instrument=instrument, nights=nights)

    def header_trend(
        self, name: str, *, instrument: str | None = None, nights: tuple[int, int] | None = None
    ) -> list[tuple[float, int, float]]:
        """Return a header's number over time: time [s since 1970], number of the exposure, value."""
        return trends.header_trend(self._database, name, instrument=instrument, nights=nights)

    def history(
        self,
        metric: str,
        camera: str,
        element: str = "",
        count: int = 20,
        before: float | None = None,
        *,
        instrument: str | None = None,
        obstypes: Sequence[str] = (),
        programs: Sequence[str] = (),
        statuses: Sequence[Status] = (Status.NORMAL,),
    ) -> list[float]:
        """Return the last good values of one element of one camera, newest first.

        Only the newest process of an exposure counts, and none of an exposure that an observer flagged bad or junk.

        Parameters
        ----------
        count : int
            How many at most.
        before : float
            Only exposures earlier than this [s since 1970]; `qltui.store.codec.exposure_time` tells that of one.
        statuses : sequence of Status
            What counts as good.
        """
        return trends.history(
            self._database,
            metric,
            camera,
            element,
            count,
            before,
            instrument=instrument,
            obstypes=obstypes,
            programs=programs,
            statuses=statuses,
        )

    def night_calibrations(
        self,
        instrument: str,
        camera: str,
        before_mjd: float | None,
        kinds: Sequence[str],
        night: int | None = None,
        exists: Callable[[str, int], bool] | None = None,
        *,
        program: str = "",
        by_program: Collection[str] = (),
    ) -> dict[str, str]:
        """Return, by kind, the path of the newest product judged fit that still exists.

        Parameters
        ----------
        before_mjd : float or None
            Only of exposures that began no later than this [d].
        kinds : sequence of str
            ``("fiberflat", "biaslevels")``.
        night : int, optional
            Only of this night.
        exists : callable, optional
            ``(path, size) -> bool``; looks at the disk by default.
        program : str
            Of the exposure that is calibrated.
        by_program : collection of str
            Kinds that serve exposures of the same program alone.
        """
        return calibrations.night_calibrations(
            *(self._database, instrument, camera, before_mjd, kinds, night, exists),
            program=program,
            by_program=by_program,
        )

    # -- engine and commands -----------------------------------------------------------------------------------

    def known(self, instrument: str, night: int) -> dict[str, KnownFile]:
        """Return what the record knows of a night's raw files, by path: size, mtime_ns, revision, state."""
        return exposures.known(self._database, instrument, night)

    def incomplete_paths(self) -> list[str]:
        """Return the raw files that are recorded as not complete."""
        return exposures.incomplete_paths(self._database)

    def waiting(self, limit: int | None = None, in_turn: Collection[str] = ()) -> list[QueuedProcess]:
        """Return the queue, first what is to be done first; calibrations of the types `in_turn` the oldest first."""
        return queue.waiting(self._database, limit, in_turn=in_turn)

    def command(self, number: int) -> CommandView | None:
        """Return a command and its answer, or None."""
        return control.command(self._database, number)

    def pending_commands(self) -> list[CommandView]:
        """Return the commands that wait for an answer, oldest first."""
        return control.pending_commands(self._database)

    def send_command(self, name: str, arguments: Mapping[str, Any] | None = None, who: str = "") -> int:
        """Ask the engine for something and return the number under which it answers: the one write of a viewer.

        Raises
        ------
        RecordReadOnlyError
            Where this user may not write the record.
        """
        if not self._database.read_only:
            return control.send_command(self._database, name, arguments, who)
        # A viewer's own connection cannot write; this one lives for a moment, and never changes the schema.
        writer = Database(self.path, may_migrate=False)
        try:
            return control.send_command(writer, name, arguments, who)
        finally:
            writer.close()

    def limit_set_content(self, number: int) -> str:
        """Return the text of a limit set; KeyError where there is none."""
        return control.content(self._database, schema.LimitSet, number)

    def configuration_content(self, number: int) -> str:
        """Return the text of a configuration; KeyError where there is none."""
        return control.content(self._database, schema.Configuration, number)
