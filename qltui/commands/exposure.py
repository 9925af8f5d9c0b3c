"""``qltui exposure``: verdict, culprits, steps and metrics of one exposure, or every value of a camera or a metric."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from qltui.commands.exit_codes import CommandError, ExitCode
from qltui.commands.options import add_state, configuration, instrument_of
from qltui.commands.selecting import add_form, add_number, find, open_record, output
from qltui.instruments.base import Instrument
from qltui.model import Status
from qltui.store.reader import Reader
from qltui.store.views import CameraView, ExposureRow, ProcessView
from qltui.tables.companions import companion_words, companions, worst_element
from qltui.tables.exposure import judgements_of, metric_table, step_table, utc_text, value_table
from qltui.tables.result import process_json
from qltui.tables.wording import program_text
from qltui.tables.writers import to_text

__all__ = ["DESCRIPTION", "EPILOG", "add_arguments", "main"]

DESCRIPTION = """\
Show one exposure of the record: its verdict, what is wrong, its steps with their times and its metrics with the worst
camera of each. With --camera or --metric: every value with its reference and limits."""
EPILOG = """\
examples:
  qltui exposure                      the latest
  qltui exposure 79 --camera b3       all values of one camera of the newest exposure that ends with 79
  qltui exposure 3579 --metric NOISE_AMP --csv > noise.csv
  qltui exposure 3579 --json | jq .culprits

--json has the form of `qltui reduce --json`, and the process; --csv and --ecsv have a row for each value.
exit status: 0 shown, whatever the verdict; with --verdict 0 good, 1 warnings, 2 alarms; 66 no such exposure
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    add_number(parser)
    parser.add_argument("--process", type=int, metavar="P", help="an older process of it (default: the newest)")
    parser.add_argument("--camera", action="append", default=[], metavar="CAM", help="this camera; may be repeated")
    parser.add_argument("--metric", action="append", default=[], metavar="NAME", help="this metric; may be repeated")
    parser.add_argument("--verdict", action="store_true", help="exit 1 for warnings and 2 for alarms")
    add_form(parser)
    add_state(parser)


def main(args: argparse.Namespace) -> int:
    """Carry out the command and return the exit status."""
    config = configuration(args)
    instrument = instrument_of(config)
    cameras = _known([name.lower() for name in args.camera], [item.name for item in instrument.cameras], "camera")
    metrics = _known([name.upper() for name in args.metric], [item.name for item in instrument.metrics], "metric")
    with open_record(config) as reader:
        process = _process(reader, find(reader, args.number, config), args.process)
    if args.json:
        print(json.dumps(_as_json(process, instrument, cameras, metrics), indent=2))
    elif args.csv or args.ecsv or cameras or metrics:
        if not (args.csv or args.ecsv):
            print("\n".join(_head(process, instrument)) + "\n")
        table = value_table(process, instrument, cameras, metrics, rounded=not (args.csv or args.ecsv))
        output(replace(table, note=_company(process, instrument, cameras, metrics)), args)
    else:
        print("\n".join(_head(process, instrument)) + "\n")
        print(to_text(step_table(process, instrument), everything=args.all_columns))
        print(to_text(metric_table(process, instrument), everything=args.all_columns), end="")
    return _exit_code(process.verdict.status) if args.verdict else ExitCode.OK


def _known(names: Sequence[str], known: Sequence[str], what: str) -> tuple[str, ...]:
    """Return names that exist, as the instrument writes them.

    Raises
    ------
    CommandError
        Where one does not.
    """
    exact = {name.casefold(): name for name in known}
    for name in names:
        if name.casefold() not in exact:
            msg = f"no {what} {name!r}; known: {', '.join(known)}"
            raise CommandError(msg, ExitCode.USAGE)
    return tuple(exact[name.casefold()] for name in names)


def _process(reader: Reader, row: ExposureRow, number: int | None) -> ProcessView:
    """Return the process that is meant: the newest, or an older one of the same exposure.

    Raises
    ------
    CommandError
        Where there is none.
    """
    expid = row.exposure.expid
    if row.process is None:
        msg = f"exposure {expid} was never reduced; `qltui reprocess {expid}` asks for it"
        raise CommandError(msg, ExitCode.NO_INPUT)
    process = reader.process_view(row.process if number is None else number)
    if process is None or (process.exposure.expid, process.exposure.night) != (expid, row.exposure.night):
        numbers = ", ".join(str(item) for item in reversed(reader.process_numbers(expid=expid)))
        msg = f"process {number} is none of exposure {expid}; it has {numbers}"
        raise CommandError(msg, ExitCode.NO_INPUT)
    return process


def _head(process: ProcessView, instrument: Instrument) -> list[str]:
    """Return the exposure, its verdict and its culprits."""
    exposure, verdict = process.exposure, process.verdict
    facts = [exposure.obstype or "no OBSTYPE", program_text(exposure.program)]
    facts += [f"{instrument.tile_title} {exposure.tile}"] if exposure.tile is not None else []
    facts += [f"{exposure.exptime:g} s"] if exposure.exptime is not None else []
    facts += [f"airmass {exposure.airmass:.2f}"] if exposure.airmass is not None else []
    who = f" by {process.who}" if process.who else ""
    began = f", begun {utc_text(process.started)} UTC" if process.started is not None else ""
    lines = [
        f"{exposure.expid}  night {exposure.night}  {'  '.join(fact for fact in facts if fact)}",
        f"process {process.number}  {process.state}  {process.trigger}{who}{began}",
        f"{verdict.status.value}  {verdict.headline}",
    ]
    return lines + [f"  {status.value:<12} {words}" for status, words in verdict.culprits]


def _company(process: ProcessView, instrument: Instrument, cameras: Sequence[str], metrics: Sequence[str]) -> str:
    """Return which other cameras moved with the worst element, where one metric of one camera is asked for."""
    if len(cameras) != 1 or len(metrics) != 1:
        return ""
    judgements = judgements_of(process, metrics[0])
    judgement = judgements.get(cameras[0])
    if judgement is None or not judgement.elements:
        return ""
    element = judgement.elements[worst_element(judgement)]
    found = companions(judgements, instrument, instrument.metric(metrics[0]), cameras[0], element)
    return f"moved with {' '.join(part for part in (cameras[0], element) if part)}: {companion_words(found)}"


def _as_json(
    process: ProcessView, instrument: Instrument, cameras: Sequence[str], metrics: Sequence[str]
) -> dict[str, Any]:
    """Return the documented form, of the cameras and metrics that were asked for."""
    kept = {name: _only(camera, metrics) for name, camera in process.cameras.items() if not cameras or name in cameras}
    return process_json(process, instrument, kept)


def _only(camera: CameraView, metrics: Sequence[str]) -> CameraView:
    """Return a camera with these metrics alone; with all of them where none is named."""
    if not metrics:
        return camera
    steps = (
        replace(step, judgements=tuple(item for item in step.judgements if item.metric in metrics))
        for step in camera.steps
    )
    return replace(camera, steps=tuple(step for step in steps if step.judgements))


def _exit_code(status: Status) -> ExitCode:
    if status in (Status.ALARM, Status.FAILED, Status.MISSING):
        return ExitCode.ALARM
    return ExitCode.OK if status is Status.NORMAL else ExitCode.WARNING
