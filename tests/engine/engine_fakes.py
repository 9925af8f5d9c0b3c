"""An instrument whose raw files are a line of JSON, and tasks that do what workers do at their worst.

It is DESI otherwise: its steps, metrics and limits. What a camera does is written in the file,
``{"do": {"b0": "exit"}}``.
"""

from __future__ import annotations

import ctypes
import dataclasses
import json
import logging
import os
import queue
import resource
import signal
import sys
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path

from qltui.engine.running import run_engine
from qltui.instruments.base import get_instrument
from qltui.instruments.errors import IncompleteFileError, InvalidFileError
from qltui.instruments.files import Candidate
from qltui.model import CameraReport, CameraTask, Exposure, Measurement, Product, Status, StepEvent, StepReport

_DESI = get_instrument("desi")
INSTRUMENT = dataclasses.replace(
    _DESI,
    scan="engine_fakes:scan",
    inspect="engine_fakes:inspect",
    steps=tuple(dataclasses.replace(step, timeout=30.0) for step in _DESI.steps),
)


def exposure_file(root: Path, expid: int, night: int = 20191001, **values) -> Path:
    """Write a raw exposure; it appears whole."""
    values = {
        "obstype": "SCIENCE",
        "program": "DARK",
        "cameras": ["b0", "r0", "z0"],
        "mjd": 58757.0 + expid / 1e4,
    } | values
    directory = root / f"{night}" / f"{expid:08d}"
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"desi-{expid:08d}.json"
    temporary = directory / ".new"
    temporary.write_text(json.dumps(values))
    return temporary.replace(path)


def scan(root, nights):
    found = []
    for night in nights:
        for path in sorted((Path(root) / f"{night}").glob("*/desi-*.json")):
            stat = path.stat()
            found.append(Candidate(str(path), night, int(path.stem[5:]), stat.st_size, stat.st_mtime_ns))
    return found


def inspect(path):
    text = Path(path).read_text()
    if not text.endswith("}"):
        raise IncompleteFileError(f"{Path(path).name} is cut off after {len(text)} bytes")
    try:
        values = json.loads(text)
    except ValueError:
        raise InvalidFileError(f"{Path(path).name} is no JSON") from None
    values.pop("pad", None)
    header = {"do": json.dumps(values.pop("do", {})), "record": values.pop("record", "")}
    cameras = tuple(values.pop("cameras"))
    night = int(Path(path).parents[1].name)
    return Exposure("desi", night, int(Path(path).stem[5:]), path=str(path), cameras=cameras, header=header, **values)


def task(camera="b0", do="good", *, process=1, attempt=1, options=None, path="/nowhere"):
    exposure = Exposure(
        "desi", 20191001, 3579, "SCIENCE", path, cameras=("b0",), header={"do": json.dumps({camera: do})}
    )
    return CameraTask(exposure, camera, process=process, attempt=attempt, options=options or {})


def reduce(task: CameraTask, on_event) -> CameraReport:
    """Take the steps of the recipe, and in the last one do what the file says for this camera."""
    do = json.loads(task.exposure.header["do"]).get(task.camera, "good")
    do, _, argument = do.partition(":")
    reports = []
    steps = [step.name for step in INSTRUMENT.steps_for(task.exposure.obstype)]
    for number, step in enumerate(steps[:1] if do == "silent" else steps):
        tell(task, on_event, step, "started")
        if do == "slow":
            threading.Event().wait(float(argument))
        if step == steps[-1]:
            act(do, argument, task)
        report = StepReport(step, Status.NORMAL, 0.01, _measurements(step, do))
        if do == "fail" and number == 0:
            report = StepReport(step, Status.FAILED, 0.01, reason="no light at all; open the shutter")
        reports.append(report)
        tell(task, on_event, step, "finished", report)
    used = dict(task.night_calibrations)
    report = CameraReport(task.camera, task.attempt, tuple(reports), _products(task), used, 0.02, 1, os.getpid())
    if do == "unpicklable":
        object.__setattr__(report, "notes", (lambda: None,))
    if do == "half":
        report = dataclasses.replace(report, notes=("x" * 1_000_000,))
        Connection._send = _send_half
    write(task, "end")
    return report


def loaded(task: CameraTask, on_event) -> CameraReport:
    """Report which modules are there."""
    notes = (*sys.modules, f"OMP_NUM_THREADS={os.environ.get('OMP_NUM_THREADS')}")
    return CameraReport(task.camera, task.attempt, (), notes=notes)


def tell(task, on_event, step, kind, report=None):
    on_event(StepEvent(task.process, task.camera, task.attempt, step, kind, time.time(), os.getpid(), report))


def _measurements(step, do):
    if step != "CHECK_CCDS":
        # Any metric will do that has a limit by itself.
        return (Measurement("CHECKHDUS", (1.0,)),)
    noise = 25.1 if do == "noisy" else 3.0
    return (
        Measurement("NOISE_AMP", (3.0, 3.0, noise, 3.0), tuple("ABCD"), references={"header": (3.0,) * 4}),
        Measurement("CHECKHDUS", (1.0,)),
    )


def _products(task):
    kind = INSTRUMENT.calibration_products.get(task.exposure.obstype)
    if kind is None or not task.products_directory:
        return ()
    path = Path(task.products_directory) / f"{kind}-{task.camera}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(kind)
    return (Product(kind, str(path), path.stat().st_size),)


def _send_half(connection, words, _write=None):
    """Write what is said, but of a long report the half, and die."""
    if len(words) < 1_000_000:
        os.write(connection.fileno(), words)
    else:
        os.write(connection.fileno(), words[:1000])
        os.kill(os.getpid(), signal.SIGKILL)


class OddError(Exception):
    """Cannot be put together again from its message, as some of libraries."""

    def __init__(self, who, what):
        super().__init__(f"{who} {what}")


def act(do, argument, task):
    if do == "exit" or (do == "exit_once" and task.attempt == 1):
        os._exit(3)
    elif do in _DEATHS:
        _DEATHS[do](argument)
    elif do == "loop":
        while True:
            pass
    elif do == "eat":
        eat(int(argument))
    elif do == "print":
        sys.stdout.write("x" * int(argument))
        sys.stdout.flush()
        os.write(2, b"from C\n")
    elif do == "log":
        logging.getLogger("qltui.fake").warning("%s has %d cosmics", task.camera, 7)
    elif do == "wait":
        write(task, "begin")
        _wait_for(Path(argument))


def _raise(error):
    raise error


_DEATHS = {
    "kill": lambda _: os.kill(os.getpid(), signal.SIGKILL),
    "signal": lambda number: os.kill(os.getpid(), int(number)),
    "crash": lambda _: ctypes.string_at(0),
    "memory": lambda _: _raise(MemoryError("no room for 10 GB")),
    "raise": lambda _: _raise(RuntimeError("something else")),
    "odd": lambda _: _raise(OddError("nobody", "can copy this")),
}


def eat(most):
    """Take memory until there is no more, with so many bytes of it allowed."""
    allowed = resource.getrlimit(resource.RLIMIT_AS)
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + most, allowed[1]))
    food = []
    try:
        while True:
            food.append(bytearray(1_000_000))
    finally:
        food.clear()
        resource.setrlimit(resource.RLIMIT_AS, allowed)


def write(task, what):
    """Append a line to the file in which a test looks for what was done."""
    record = task.exposure.header.get("record")
    if record:
        descriptor = os.open(record, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        line = f"{task.exposure.expid} {task.camera} {task.process} {task.attempt} {what} {os.getpid()}\n"
        os.write(descriptor, line.encode())
        os.close(descriptor)


def _wait_for(path):
    """Wait until a test makes a file; there is no other line between it and the inside of a worker."""
    end = time.monotonic() + 30.0
    pause = threading.Event()
    while not path.exists():
        if time.monotonic() > end:
            raise TimeoutError(path)
        pause.wait(0.01)


class Events:
    """Takes what workers tell, and lets a test wait for it."""

    def __init__(self):
        self._queue = queue.SimpleQueue()
        self.seen = []

    def __call__(self, event):
        self._queue.put(event)

    def until(self, kind, count=1, timeout=30.0, **values):
        """Return the `count`-th event of this kind with these values, waiting for it."""
        end = time.monotonic() + timeout
        while True:
            found = [event for event in self.seen if isinstance(event, kind) and _has(event, values)]
            if len(found) >= count:
                return found[count - 1]
            try:
                self.seen.append(self._queue.get(timeout=max(0.0, end - time.monotonic())))
            except queue.Empty:
                raise AssertionError(f"no {kind.__name__} {values} within {timeout} s; seen: {self.seen}") from None


def _has(event, values):
    return all(getattr(event, name) == value for name, value in values.items())


class Running:
    """An engine in a thread, whose log a test can wait for."""

    def __init__(self, settings, **options):
        self.settings = settings
        self.lines = []
        self._news = threading.Condition()
        self._stop = threading.Event()
        self.status = None
        self.error = None
        self._thread = threading.Thread(target=self._run, args=(options,), daemon=True)
        self._thread.start()

    def _run(self, options):
        try:
            self.status = run_engine(self.settings, on_log=self._hear, stop_event=self._stop, **options)
        except Exception as error:
            self.error = error
        with self._news:
            self._news.notify_all()

    def _hear(self, line):
        with self._news:
            self.lines.append(line)
            self._news.notify_all()

    def until(self, words, count=1, timeout=30.0):
        """Wait until so many lines of the log have these words."""

        def there():
            return sum(words in line.text for line in self.lines) >= count or not self._thread.is_alive()

        with self._news:
            assert self._news.wait_for(there, timeout), f"no {words!r}: {self.texts}"
        assert sum(words in line.text for line in self.lines) >= count, self.texts
        return next(line for line in self.lines if words in line.text)

    @property
    def texts(self):
        return [line.text for line in self.lines]

    def end(self, timeout=30.0):
        """Wait for its own end."""
        self._thread.join(timeout)
        assert not self._thread.is_alive(), self.texts
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        return self.status

    def stop(self):
        self._stop.set()
        return self.end()
