"""``qltui reduce``: reduce and judge one exposure, on all cores, without the record."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path

from qltui.commands.engine import workflow_options
from qltui.commands.exit_codes import CommandError, ExitCode
from qltui.commands.options import add_config, configuration, instrument_of
from qltui.commands.report import MARKS, format_value, grid_lines
from qltui.config import Config
from qltui.instruments.base import Instrument, resolve
from qltui.instruments.errors import IncompleteFileError, InvalidFileError
from qltui.model import CameraReport, CameraTask, Exposure, Status, Verdict
from qltui.quality.limits import LimitSet
from qltui.quality.limits_file import LimitsError, load_limits
from qltui.quality.results import CameraResult
from qltui.quality.verdict import camera_result, exposure_verdict, judge_step
from qltui.store.views import CameraView, StepView
from qltui.tables.result import result_json

__all__ = ["DESCRIPTION", "EPILOG", "add_arguments", "main"]

DESCRIPTION = """\
Reduce one exposure and judge it. Nothing is recorded; products are written only where --products says so.
Metrics that are compared with their own history are NOT_CHECKED, unless the calibrations give a reference."""
EPILOG = """\
examples:
  qltui reduce /data/desi/20191001/00003579/desi-00003579.fits.fz --calib /calib/desi
  qltui reduce desi-00003579.fits.fz --cameras b0,r0 --json > 3579.json

exit status: 0 reduced, whatever the verdict; with --verdict 0 good, 1 warnings, 2 alarms;
  65 not an exposure or cut off, 66 not there
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("file", type=Path, metavar="FILE", help="the raw exposure")
    parser.add_argument("--cameras", metavar="LIST", help="cameras to reduce, as b0,r0 (default: all expected)")
    parser.add_argument("--calib", metavar="DIR", help="calibrations: psf-CAM.fits and more")
    parser.add_argument("--products", type=Path, metavar="DIR", help="write spectra, tables and previews here")
    parser.add_argument("--slots", type=int, metavar="N", help="worker processes (default: engine.slots)")
    parser.add_argument("--json", action="store_true", help="the documented JSON on standard output")
    parser.add_argument("--verdict", action="store_true", help="exit 1 for warnings and 2 for alarms")
    add_config(parser)


def main(args: argparse.Namespace) -> int:
    """Carry out the command and return the exit status."""
    config = configuration(args)
    instrument = instrument_of(config)
    try:
        limits = load_limits(instrument, config.paths.limits or None)
    except LimitsError as error:
        raise CommandError(str(error), ExitCode.CONFIG) from error
    exposure = _inspect(args.file, instrument)
    expected = _cameras(args.cameras, instrument)
    tasks = _tasks(exposure, expected, config, args.products)
    slots = args.slots or config.engine.slots or os.cpu_count() or 1
    reports = _reduce(tasks, min(slots, max(len(tasks), 1)), quiet=args.json)

    results = {name: _result(name, exposure, config, reports, instrument, limits) for name in expected}
    field = instrument.field_camera
    if field is not None and instrument.steps_of(exposure.obstype, field.name):
        expected = (*expected, field.name)
        reports |= _reduce_field(field.name, tasks, reports, quiet=args.json)
        results[field.name] = _result(field.name, exposure, config, reports, instrument, limits)
    verdict = exposure_verdict(instrument, exposure, results, expected)
    views = {name: _view(result, reports.get(name)) for name, result in results.items()}
    if args.json:
        print(json.dumps(result_json(exposure, verdict, views, instrument), indent=2))
    else:
        print("\n".join(_lines(exposure, verdict, views, instrument)))
    return _exit_code(verdict.status) if args.verdict else ExitCode.OK


def _result(
    name: str,
    exposure: Exposure,
    config: Config,
    reports: Mapping[str, CameraReport | str],
    instrument: Instrument,
    limits: LimitSet,
) -> CameraResult:
    """Judge one camera, or say why there is nothing to judge."""
    is_field = instrument.field_camera is not None and name == instrument.field_camera.name
    if name in config.cameras.off:
        return CameraResult(name, Status.NOT_EXPECTED, "switched off by the site")
    dead = instrument.dead_cameras(exposure.night, str(config.calibration_directory or ""))
    if name in dead:
        return CameraResult(name, Status.NOT_EXPECTED, dead[name])
    if is_field and name not in reports:
        return CameraResult(name, Status.NOT_CHECKED, "no camera could be measured")
    if not is_field and name not in exposure.cameras:
        return CameraResult(name, Status.MISSING, "not in the file")
    report = reports[name]
    if isinstance(report, str):
        return CameraResult(name, Status.FAILED, report)
    steps = [step.name for step in instrument.steps_of(exposure.obstype, name)]
    judged = [judge_step(step, instrument, exposure, name, limits) for step in report.steps]
    return camera_result(name, judged, steps)


def _reduce_field(
    field: str, tasks: Sequence[CameraTask], reports: Mapping[str, CameraReport | str], *, quiet: bool
) -> dict[str, CameraReport | str]:
    """Consolidate what was measured of the cameras; nothing where nothing was."""
    there = {name: report for name, report in reports.items() if isinstance(report, CameraReport)}
    gathered = {
        name: tuple(item for step in report.steps for item in step.measurements) for name, report in there.items()
    }
    gathered = {name: measurements for name, measurements in gathered.items() if measurements}
    if not gathered:
        return {}
    products = {name: {item.kind: item.path for item in report.products} for name, report in there.items()}
    task = replace(tasks[0], camera=field, gathered=gathered, gathered_products=products)
    return _reduce([task], 1, quiet=quiet)


def _exit_code(status: Status) -> ExitCode:
    if status in (Status.ALARM, Status.FAILED, Status.MISSING):
        return ExitCode.ALARM
    return ExitCode.OK if status is Status.NORMAL else ExitCode.WARNING


def _inspect(path: Path, instrument: Instrument) -> Exposure:
    """Take the first look, or say in a sentence why that cannot be."""
    if not path.is_file():
        msg = f"{path} is not there, or not a file; name a raw exposure, as desi-00003579.fits.fz"
        raise CommandError(msg, ExitCode.NO_INPUT)
    try:
        exposure: Exposure = resolve(instrument.inspect)(path.absolute())
    except IncompleteFileError as error:
        msg = f"{path} is not complete: {error}; wait until it is, or copy it again"
        raise CommandError(msg, ExitCode.DATA) from error
    except InvalidFileError as error:
        msg = f"{path} is not a raw exposure of {instrument.title}: {error}"
        raise CommandError(msg, ExitCode.DATA) from error
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror or error}"
        raise CommandError(msg, ExitCode.NO_INPUT) from error
    return exposure


def _cameras(words: str | None, instrument: Instrument) -> tuple[str, ...]:
    """Return the cameras that are asked for, in the order of the grid."""
    known = tuple(camera.name for camera in instrument.cameras)
    if not words:
        return known
    wanted = {word.strip().lower() for word in words.split(",") if word.strip()}
    unknown = sorted(wanted - {name.lower() for name in known})
    if unknown or not wanted:
        msg = f"no camera {', '.join(unknown) or repr(words)}; {instrument.title} has {known[0]} to {known[-1]}"
        raise CommandError(msg, ExitCode.USAGE)
    return tuple(name for name in known if name.lower() in wanted)


def _tasks(exposure: Exposure, cameras: Sequence[str], config: Config, products: Path | None) -> list[CameraTask]:
    calibration = config.calibration_directory
    if calibration is not None and not calibration.is_dir():
        msg = f"calibrations: {calibration} is not a directory; give one with --calib DIR"
        raise CommandError(msg, ExitCode.NO_INPUT)
    if products is not None:
        try:
            products.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            msg = f"products: {products} cannot be made: {error.strerror}; name another directory"
            raise CommandError(msg, ExitCode.CANNOT_CREATE) from error
    options = workflow_options(config)
    return [
        CameraTask(
            exposure=exposure,
            camera=name,
            calibration_directory=str(calibration or ""),
            products_directory=str(products.absolute()) if products else "",
            options=options,
        )
        for name in cameras
        if name in exposure.cameras and name not in config.cameras.off
    ]


def _worker(task: CameraTask) -> CameraReport:
    """Reduce one camera in a process of its own; the events are in the report as well."""
    from qltui.instruments.run import reduce_camera

    return reduce_camera(task, lambda event: None)  # noqa: ARG005 - nobody listens here


def _reduce(tasks: Sequence[CameraTask], slots: int, *, quiet: bool) -> dict[str, CameraReport | str]:
    """Reduce all cameras; a camera whose worker died has the reason instead of a report."""
    reports: dict[str, CameraReport | str] = {}
    if not tasks:
        return reports
    show = not quiet and sys.stderr.isatty()
    with ProcessPoolExecutor(slots, mp_context=multiprocessing.get_context("forkserver")) as pool:
        futures = {pool.submit(_worker, task): task.camera for task in tasks}
        for future in as_completed(futures):
            try:
                reports[futures[future]] = future.result()
            except BrokenProcessPool:
                reports[futures[future]] = "a worker was killed (out of memory?); try again with --slots 1"
            if show:
                print(f"\r{len(reports)}/{len(tasks)} cameras", end="", file=sys.stderr, flush=True)
    if show:
        print("\r\x1b[K", end="", file=sys.stderr)
    return reports


def _view(result: CameraResult, report: CameraReport | str | None) -> CameraView:
    """Return a camera as the record would show it."""
    seconds = {step.step: step.seconds for step in report.steps} if isinstance(report, CameraReport) else {}
    steps = tuple(
        StepView(step.step, step.status, step.reason, seconds.get(step.step), judgements=step.judgements)
        for step in result.steps
    )
    view = CameraView(result.camera, result.status, result.reason, steps=steps)
    if isinstance(report, CameraReport):
        view = replace(view, seconds=report.seconds, attempt=report.attempt, calibrations=report.calibrations)
    return view


def _lines(
    exposure: Exposure, verdict: Verdict, cameras: Mapping[str, CameraView], instrument: Instrument
) -> list[str]:
    tile = f"  {instrument.tile_title} {exposure.tile}" if exposure.tile is not None else ""
    seconds = f"  {exposure.exptime:.1f} s" if exposure.exptime is not None else ""
    title = f"{exposure.obstype} {exposure.program}".rstrip()
    lines = [f"{instrument.title} {exposure.expid}  night {exposure.night}  {title}{tile}{seconds}"]
    lines.extend(f"  note: {problem}" for problem in exposure.problems)
    lines.append(f"{verdict.status.value}: {verdict.headline}")
    lines.extend(f"  {status.value:<8} {text}" for status, text in verdict.culprits)
    if len(cameras) <= 3:  # the grid would be empty but for them: their numbers say more
        for camera in cameras.values():
            lines.extend(["", *_camera_lines(camera, instrument)])
        return lines
    steps = [(step.name, step.title) for step in instrument.steps_for(exposure.obstype)]
    lines.extend(["", *grid_lines(instrument, steps, cameras)])
    lines.append("  (" + ", ".join(f"{mark} {status.value.lower()}" for status, mark in MARKS.items()) + ")")
    return lines


def _camera_lines(camera: CameraView, instrument: Instrument) -> list[str]:
    seconds = f"  {camera.seconds:.2f} s" if camera.seconds is not None else ""
    lines = [f"{camera.camera}  {camera.status.value}{seconds}  {camera.reason}".rstrip()]
    for step in camera.steps:
        lines.append(f"  {step.step}  {step.status.value}  {step.reason}".rstrip())
        for judgement in step.judgements:
            definition = instrument.metric(judgement.metric)
            values = "  ".join(
                f"{element} {format_value(value, definition)}".strip()
                for element, value in zip(judgement.elements, judgement.values, strict=True)
            )
            reason = f"  ({judgement.reason})" if judgement.reason else ""
            lines.append(f"    {judgement.metric:<14} {judgement.status.value:<11} {values}{reason}")
    return lines
