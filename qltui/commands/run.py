"""``qltui run``: the engine without a screen."""

from __future__ import annotations

import argparse
import time

from qltui.commands.engine import settings_for
from qltui.commands.exit_codes import CommandError, ExitCode
from qltui.commands.options import add_data, configuration, instrument_of, observer, require_data
from qltui.store.views import LogLine

__all__ = ["DESCRIPTION", "EPILOG", "add_arguments", "main"]

DESCRIPTION = """\
Watch the data directory, reduce and judge each new exposure, and record it. No terminal is needed; SIGTERM or Ctrl-C
ends it, and the next start goes on where it stopped."""
EPILOG = """\
examples:
  qltui run --data /data/desi --calib /calib/desi --state /local/qltui
  qltui run --once          works off what is there, calibrations before science, and ends
  qltui run --detach        goes on when you log out; `qltui service` does that with systemd

exit status: 0 ended as asked, 69 it cannot be started, 75 another engine has this state directory
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("--once", action="store_true", help="work off what is there and end")
    parser.add_argument(
        "--detach", action="store_true", help="start it in a session of its own, which outlives this one, and return"
    )
    parser.add_argument("--slots", type=int, metavar="N", help="worker processes (default: engine.slots)")
    parser.add_argument("--quiet", action="store_true", help="print nothing; the log is in the state directory as well")
    add_data(parser)


def main(args: argparse.Namespace) -> int:
    """Carry out the command and return the exit status."""
    from dataclasses import replace

    from qltui.engine.executors import ExecutorError
    from qltui.engine.launch import EngineStartError, start_engine
    from qltui.engine.lock import AlreadyRunningError, StateDirectoryError
    from qltui.engine.privacy import private_files
    from qltui.engine.running import run_engine
    from qltui.quality.limits_file import LimitsError, load_limits
    from qltui.store.errors import StoreError

    config = configuration(args)
    require_data(config)
    if args.detach and args.once:
        msg = "--detach and --once: one of them; an engine that is to end by itself can be waited for"
        raise CommandError(msg, ExitCode.USAGE)
    settings = settings_for(config, who=observer(config))
    if args.slots is not None:
        if args.slots < 1:
            msg = f"--slots {args.slots}: at least one worker is needed"
            raise CommandError(msg, ExitCode.USAGE)
        settings = replace(settings, slots=args.slots)
    try:
        load_limits(instrument_of(config), config.paths.limits or None)  # refused here, before anything is started
        if args.detach:
            print(f"the engine runs, pid {start_engine(settings)}; `qltui status` says how it is")
            return ExitCode.OK
        with private_files(settings.state, group=settings.group_access):
            return run_engine(settings, once=args.once, on_log=None if args.quiet else _print)
    except LimitsError as error:
        raise CommandError(str(error), ExitCode.CONFIG) from error
    except (EngineStartError, ExecutorError) as error:
        raise CommandError(str(error), ExitCode.UNAVAILABLE) from error
    except AlreadyRunningError as error:
        raise CommandError(str(error), ExitCode.ALREADY_RUNNING) from error
    except StoreError as error:
        raise CommandError(str(error), ExitCode.UNAVAILABLE) from error
    except StateDirectoryError as error:
        raise CommandError(str(error), ExitCode.CANNOT_CREATE) from error
    except PermissionError as error:
        msg = f"{error.filename} cannot be written: {error.strerror}; choose another state directory with --state DIR"
        raise CommandError(msg, ExitCode.CANNOT_CREATE) from error


def _print(line: LogLine) -> None:
    print(f"{time.strftime('%H:%M:%S', time.gmtime(line.time))}  {line.text}", flush=True)
