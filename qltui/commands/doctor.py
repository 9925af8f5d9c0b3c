"""``qltui doctor``: look at everything that has been seen to go wrong on mountains, and say what to do."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from qltui.commands.checks import Finding, machine_findings, terminal_findings
from qltui.commands.exit_codes import ExitCode
from qltui.commands.options import add_data, configuration

__all__ = ["DESCRIPTION", "EPILOG", "add_arguments", "main"]

DESCRIPTION = "Check terminal, colours, locale, tmux, inotify limits, file systems, disk, memory, clock and libraries."
EPILOG = """\
examples:
  qltui doctor
  qltui doctor --data /data/desi --state /local/qltui --json

exit status: 0 all is well, 1 something could be better, 2 something will not work
"""

_MARKS = {"ok": "  ok  ", "note": " note ", "warning": " WARN ", "problem": " FAIL "}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    add_data(parser)
    parser.add_argument("--json", action="store_true", help="as JSON")


def main(args: argparse.Namespace) -> int:
    """Carry out the command and return the exit status."""
    config = configuration(args)
    findings = [*terminal_findings(), *machine_findings(config)]
    if args.json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        _print(findings)
    levels = {finding.level for finding in findings}
    if "problem" in levels:
        return ExitCode.ALARM
    return ExitCode.WARNING if "warning" in levels else ExitCode.OK


def _print(findings: list[Finding]) -> None:
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        print(f"[{_MARKS[finding.level]}] {finding.name:<{width}}  {finding.what}")
        if finding.action:
            print(f"{'':{width + 12}}-> {finding.action}")
    bad = sum(finding.level in ("warning", "problem") for finding in findings)
    print(f"\n{len(findings)} checks, " + (f"{bad} to look at" if bad else "all is well"))
