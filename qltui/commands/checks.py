"""The checks of ``qltui doctor``: each returns what it found and what to do about it."""

from __future__ import annotations

import ctypes
import importlib
import importlib.metadata
import locale
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from qltui.config import Config

__all__ = ["Finding", "file_system_of", "machine_findings", "terminal_findings"]

NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "lustre", "gpfs", "beegfs", "ceph", "fuse.sshfs", "afs"}
)
"""SQLite's write-ahead log does not work on them, and inotify does not see what other machines write."""

WORKER_MEMORY = 700e6
"""A worker's largest memory on a full-size camera [bytes]."""

STATE_PER_NIGHT = 5e9
"""Room that the products and the record of a night may take [bytes]."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at.

    Attributes
    ----------
    name : str
        What was looked at.
    level : str
        ``"ok"``, ``"note"``, ``"warning"`` (works, but) or ``"problem"`` (will not work).
    what, action : str
        What was found, and what to do; no action where all is well.
    """

    name: str
    level: str
    what: str
    action: str = ""


def terminal_findings(
    environment: Mapping[str, str] | None = None, stderr_is_terminal: bool | None = None
) -> list[Finding]:
    """Look at the terminal, its colours, the locale and tmux."""
    environment = os.environ if environment is None else environment
    is_terminal = sys.stderr.isatty() if stderr_is_terminal is None else stderr_is_terminal
    return [
        _terminal(environment, is_terminal=is_terminal),
        _size(),
        _colours(environment),
        _locale(environment),
        _tmux(environment),
    ]


def _terminal(environment: Mapping[str, str], *, is_terminal: bool) -> Finding:
    term = environment.get("TERM", "")
    if term in ("", "dumb", "unknown"):
        action = "run in a real terminal, or use `qltui status` and `qltui run`"
        return Finding("terminal", "problem", f"TERM is {term!r}: no cursor control", action)
    if not is_terminal:
        action = "the Monitor draws on stderr: do not redirect it"
        return Finding("terminal", "warning", "stderr is not a terminal", action)
    return Finding("terminal", "ok", f"TERM={term}")


def _size() -> Finding:
    columns, lines = shutil.get_terminal_size()
    if columns < 80 or lines < 24:
        return Finding("size", "warning", f"{columns}x{lines}", "the Monitor is complete from 80x24 on")
    return Finding("size", "ok", f"{columns}x{lines}")


def _colours(environment: Mapping[str, str]) -> Finding:
    if environment.get("NO_COLOR"):
        return Finding("colours", "note", "NO_COLOR is set: shapes and letters tell the states")
    term, depth = environment.get("TERM", ""), environment.get("COLORTERM", "")
    if depth in ("truecolor", "24bit"):
        return Finding("colours", "ok", "24 bit")
    if "256color" in term:
        return Finding("colours", "ok", "256")
    action = "in tmux: set -g default-terminal tmux-256color"
    return Finding("colours", "note", f"16 (TERM={term}); all states can still be told apart by shape", action)


def _locale(environment: Mapping[str, str]) -> Finding:
    encoding = locale.getpreferredencoding(do_setlocale=False)
    name = environment.get("LC_ALL") or environment.get("LC_CTYPE") or environment.get("LANG") or "not set"
    if encoding.lower().replace("-", "") != "utf8":
        action = "export LC_ALL=C.UTF-8, or run with --charset ascii"
        return Finding("locale", "warning", f"{name}: encoding {encoding}", action)
    if name in ("C", "POSIX", "not set"):
        action = "if charts show underscores, attach with `tmux -u`, or export LC_ALL=C.UTF-8 where tmux is started"
        return Finding("locale", "note", f"{name}: Python writes UTF-8, but a tmux client may not", action)
    return Finding("locale", "ok", name)


def _tmux(environment: Mapping[str, str]) -> Finding:
    program = shutil.which("tmux")
    if not environment.get("TMUX"):
        if program is None:
            return Finding(
                "tmux", "note", "not installed", "without it a dropped line closes the screen (not the engine)"
            )
        return Finding("tmux", "note", "not inside tmux", "start it in tmux, and a dropped line loses nothing")
    if program is None:
        return Finding("tmux", "note", "inside tmux of another machine or container")
    flags = _output([program, "display-message", "-p", "#{client_utf8} #{client_termname}"]).split()
    version = _output([program, "-V"]) or "tmux"
    if flags and flags[0] == "0":
        action = "attach with `tmux -u attach`: without it every braille character becomes an underscore"
        return Finding("tmux", "warning", f"{version}: the client is not in UTF-8", action)
    return Finding("tmux", "ok", version)


def _output(command: list[str]) -> str:
    """Return what a quick command prints, or nothing where it fails."""
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=3, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return result.stdout.strip()


def machine_findings(config: Config) -> list[Finding]:
    """Look at libraries, file systems, disk, inotify, memory and the clock."""
    state = config.state_directory
    findings = [_libraries(), _charts(), *_inotify(), _state(state), _disk(state, config)]
    data = config.data_directory
    findings.append(_data(data) if data else Finding("data", "note", "no data directory set", "give --data DIR"))
    findings.extend([_memory(config), _clock()])
    return findings


def _libraries() -> Finding:
    names = ("astropy", "numba", "numpy", "peewee", "plotext", "scipy", "textual", "watchfiles")
    missing, versions = [], []
    for name in names:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        return Finding("libraries", "problem", f"missing: {', '.join(missing)}", "install qltui again with pip")
    python = ".".join(str(part) for part in sys.version_info[:3])
    return Finding("libraries", "ok", f"Python {python}, " + ", ".join(versions))


def _charts() -> Finding:
    try:
        importlib.import_module("plotext")
    except (ImportError, OSError) as error:
        return Finding("charts", "warning", f"plotext does not load: {error}", "trends are shown as tables")
    return Finding("charts", "ok", "plotext loads")


def _inotify() -> list[Finding]:
    limits = {"max_user_watches": 8192, "max_user_instances": 128, "max_queued_events": 16384}
    findings = []
    for name, wanted in limits.items():
        try:
            value = int(Path("/proc/sys/fs/inotify", name).read_text())
        except (OSError, ValueError):
            findings.append(
                Finding(f"inotify {name}", "note", "cannot be read; the directory is looked through anyway")
            )
            continue
        if value < wanted:
            action = f"sysctl fs.inotify.{name}={wanted}; until then files are found by looking, not by hints"
            findings.append(Finding(f"inotify {name}", "warning", str(value), action))
        else:
            findings.append(Finding(f"inotify {name}", "ok", str(value)))
    return findings


def file_system_of(path: Path) -> str:
    """Return the type of the file system that `path` is or would be on; empty where it cannot be told."""
    target = path.absolute()
    best, kind = "", ""
    try:
        mounts = Path("/proc/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    for line in mounts:
        fields = line.split()
        if len(fields) < 3:
            continue
        mount = fields[1].replace("\\040", " ")
        if len(mount) >= len(best) and target.is_relative_to(mount):
            best, kind = mount, fields[2]
    return kind


def _existing(path: Path) -> Path:
    """Return `path`, or its nearest parent that exists."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def _state(state: Path) -> Finding:
    kind = file_system_of(state)
    if kind in NETWORK_FILE_SYSTEMS:
        action = "put the state directory on a local disk with --state DIR: SQLite's log does not work over a network"
        return Finding("state", "problem", f"{state} is on {kind}", action)
    if not os.access(_existing(state), os.W_OK):
        return Finding("state", "problem", f"{state} cannot be written", "choose another with --state DIR")
    return Finding("state", "ok", f"{state} ({kind or 'unknown file system'})")


def _disk(state: Path, config: Config) -> Finding:
    usage = shutil.disk_usage(_existing(state))
    used = usage.used / (usage.used + usage.free)  # as df: blocks kept for root count as neither
    what = f"{usage.free / 1e9:.1f} GB free, {100 * used:.0f} % used"
    if used >= config.disk.alarm or usage.free < 1e9:
        return Finding("disk", "problem", what, "make room before the night: products and logs may go, raw data never")
    if used >= config.disk.warning or usage.free < STATE_PER_NIGHT:
        return Finding("disk", "warning", what, f"a night may take {STATE_PER_NIGHT / 1e9:.0f} GB of products")
    return Finding("disk", "ok", what)


def _data(data: Path) -> Finding:
    if not data.is_dir():
        return Finding("data", "problem", f"{data} is not a directory", "give the root that holds the nights")
    if not os.access(data, os.R_OK | os.X_OK):
        return Finding("data", "problem", f"{data} cannot be read", "ask for read permission")
    kind = file_system_of(data)
    if kind in NETWORK_FILE_SYSTEMS:
        action = "new files are found by looking every few seconds (engine.rescan), not by hints"
        return Finding("data", "note", f"{data} is on {kind}", action)
    return Finding("data", "ok", f"{data} ({kind or 'unknown file system'})")


def _memory(config: Config) -> Finding:
    slots = config.engine.slots or os.cpu_count() or 1
    needed = slots * WORKER_MEMORY
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        available = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration, ValueError):
        return Finding("memory", "note", "cannot be read")
    what = f"{available / 1e9:.1f} GB available, {slots} slots may take {needed / 1e9:.1f} GB"
    if available < needed:
        return Finding("memory", "warning", what, "set engine.slots lower")
    return Finding("memory", "ok", what)


class _Timex(ctypes.Structure):
    """``struct timex`` of adjtimex(2); the kernel fills more than we read, so there is room behind."""

    _fields_ = (("modes", ctypes.c_uint), ("rest", ctypes.c_byte * 512))


def _clock() -> Finding:
    """Ask the kernel whether something keeps the clock right: adjtimex(2) returns 5 where nothing does."""
    if time.time() < 1.7e9:
        return Finding("clock", "problem", time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()), "set the clock")
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(_Timex()))
    except (OSError, AttributeError):
        return Finding("clock", "note", "cannot be asked whether it is synchronised")
    now = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    if state == 5:
        action = "start chrony or systemd-timesyncd: times since the shutter closed will be wrong otherwise"
        return Finding("clock", "warning", f"{now}, not synchronised", action)
    if state < 0:
        return Finding("clock", "note", f"{now}; whether it is synchronised cannot be asked here")
    return Finding("clock", "ok", f"{now}, synchronised")
