"""``qltui service``: the engine under systemd, so that it comes back after a fault and when the machine does."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from qltui.commands.exit_codes import CommandError, ExitCode
from qltui.commands.options import add_data, configuration, require_data
from qltui.config import Config

__all__ = ["DESCRIPTION", "EPILOG", "add_arguments", "main", "unit_text"]

DESCRIPTION = """\
Let systemd run the engine: it is started with the machine (or with your login), started again when it fails or hangs,
and stopped in order. As your own service, unless --system says otherwise."""
EPILOG = """\
examples:
  qltui service install --data /data/desi --calib /calib/desi
  qltui service install --dry-run            print the unit, and change nothing
  qltui service status
  sudo qltui service install --system --user-name observer --data /data/desi
  qltui service remove

A service of your own ends with your last login, unless lingering is on: `loginctl enable-linger`.
Without systemd: `tmux new -d qltui run`, or `setsid -f qltui run`.
exit status: 0 done (status: it runs), 3 it does not run (status), 69 no systemd here, 73 cannot be written
"""
UNIT: Final = "qltui-{}.service"
_WATCHDOG: Final = 60
"""Time in which the engine's loop has to turn [s]; it turns twice a second."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("action", choices=("install", "remove", "status"))
    parser.add_argument("--system", action="store_true", help="a service of the machine; needs its administrator")
    parser.add_argument("--user-name", default="", metavar="NAME", help="with --system: in whose name it runs")
    parser.add_argument("--dry-run", action="store_true", help="print what would be done, and change nothing")
    add_data(parser)


def main(args: argparse.Namespace) -> int:
    """Carry out the command and return the exit status."""
    config = configuration(args)
    name = UNIT.format(config.site.instrument)
    path = _directory(system=args.system) / name
    if args.action == "install":
        return _install(args, config, path)
    if args.action == "remove":
        return _remove(args, path)
    _require_systemctl()
    run = subprocess.run([*_systemctl(system=args.system), "status", "--no-pager", name], check=False)  # noqa: S603
    return ExitCode.OK if run.returncode == 0 else ExitCode.ENGINE_DEAD


def unit_text(config: Config, words: Sequence[str], *, system: bool, user: str = "") -> str:
    """Return the unit file.

    Parameters
    ----------
    config : Config
        Says where the record lies.
    words : sequence of str
        Command line of the engine.
    system : bool
        Whether it is a service of the machine.
    user : str
        In whose name that one runs; empty for root's.
    """
    command = " ".join(map(_quoted, words))
    lines = [
        "[Unit]",
        f"Description=qltui engine ({config.site.instrument})",
        "After=local-fs.target remote-fs.target",
        "",
        "[Service]",
        "Type=notify",
        "NotifyAccess=main",
        f"Environment=QLTUI_SITE_INSTRUMENT={config.site.instrument}",
        f"ExecStart={command}",
        f"WatchdogSec={_WATCHDOG}",
        "TimeoutStartSec=120",
        "TimeoutStopSec=60",
        "Restart=always",
        "RestartSec=5",
        "# 75: another engine has this state directory; 78: a setting is wrong. Trying again helps neither.",
        "RestartPreventExitStatus=75 78",
        "KillMode=mixed",
        "UMask=0077",
        "NoNewPrivileges=yes",
        *([f"User={user}"] if system and user else []),
        "",
        "[Install]",
        f"WantedBy={'multi-user' if system else 'default'}.target",
    ]
    return "\n".join(lines) + "\n"


def _quoted(word: str) -> str:
    """Return a word as ``systemd.syntax(7)`` wants it: quoted, with its own characters and percent signs escaped."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    if any(ord(char) < 32 or ord(char) == 127 for char in word):
        msg = f"{word!r} has control characters, which no unit file can hold"
        raise CommandError(msg, ExitCode.USAGE)
    return f'"{escaped}"' if escaped != word or not word or " " in word else word


def _directory(*, system: bool) -> Path:
    if system:
        return Path("/etc/systemd/system")
    home = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(home) / "systemd" / "user"


def _systemctl(*, system: bool) -> list[str]:
    return ["systemctl"] if system else ["systemctl", "--user"]


def _require_systemctl() -> None:
    if shutil.which("systemctl") is None:
        msg = "systemd is not on this machine; use `tmux new -d qltui run`, or `setsid -f qltui run`"
        raise CommandError(msg, ExitCode.UNAVAILABLE)


def _engine_words(args: argparse.Namespace, config: Config) -> list[str]:
    """Return the command line of the engine: with what was said here, and no more, so that files still count."""
    words = [sys.executable, "-m", "qltui", "run", "--quiet"]
    if args.config is not None:
        words += ["--config", str(args.config.expanduser().absolute())]
    for flag, value in (("--state", args.state), ("--data", args.data), ("--calib", args.calib)):
        if value is not None:
            words += [flag, str(Path(value).expanduser().absolute())]
    require_data(config)
    return words


def _install(args: argparse.Namespace, config: Config, path: Path) -> int:
    text = unit_text(config, _engine_words(args, config), system=args.system, user=args.user_name)
    steps = [["daemon-reload"], ["enable", "--now", path.name]]
    if args.dry_run:
        print(f"# {path}\n{text}")
        for step in steps:
            print("# " + " ".join([*_systemctl(system=args.system), *step]))
        return ExitCode.OK
    _require_systemctl()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        msg = f"{path} cannot be written: {error.strerror}; leave --system out, or ask the administrator"
        raise CommandError(msg, ExitCode.CANNOT_CREATE) from error
    for step in steps:
        _run([*_systemctl(system=args.system), *step], f"{path} is written")
    print(f"{path.name} is installed and runs; `qltui service status` and `qltui status` say how it is")
    return ExitCode.OK


def _remove(args: argparse.Namespace, path: Path) -> int:
    if not path.is_file():
        print(f"{path} is not there: nothing to remove")
        return ExitCode.OK
    if args.dry_run:
        print(" ".join([*_systemctl(system=args.system), "disable", "--now", path.name]) + f"\nrm {path}")
        return ExitCode.OK
    _require_systemctl()
    _run([*_systemctl(system=args.system), "disable", "--now", path.name], f"{path} is still there")
    try:
        path.unlink()
    except OSError as error:
        msg = f"{path} cannot be removed: {error.strerror}; ask the administrator"
        raise CommandError(msg, ExitCode.CANNOT_CREATE) from error
    _run([*_systemctl(system=args.system), "daemon-reload"], f"{path} is removed")
    print(f"{path.name} is stopped and removed; the record and its products stay")
    return ExitCode.OK


def _run(command: Sequence[str], so_far: str) -> None:
    """Run systemctl; what it says goes to the terminal."""
    run = subprocess.run(list(command), check=False, capture_output=True, text=True)  # noqa: S603 - words of our own
    if run.returncode != 0:
        said = " ".join(run.stderr.split()) or f"status {run.returncode}"
        msg = f"`{' '.join(command)}` failed: {said} ({so_far})"
        raise CommandError(msg, ExitCode.UNAVAILABLE)
