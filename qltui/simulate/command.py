"""``qltui simulate``: raw exposures with known truth, from the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from qltui.simulate.errors import SimulationError
from qltui.simulate.fault_book import FaultBook, FaultKind
from qltui.simulate.faults import BOOK, FAULTS, parse_fault
from qltui.simulate.request import CAMERAS, OBSTYPES, PROGRAM_EXPTIME, SimulationRequest
from qltui.simulate.simulators import SampleNight

__all__ = ["DESCRIPTION", "EPILOG", "add_arguments", "main", "sample_night"]

# As in qltui.commands.exit_codes, which this part may not import; a test compares them.
OK: Final = 0
USAGE: Final = 64
CANNOT_CREATE: Final = 73

DESCRIPTION: Final = """\
Write a raw DESI exposure whose truth is known: OUT/NIGHT/EXPID/desi-EXPID.fits.fz with its fibermap, the truth in
OUT/truth/NIGHT/truth-EXPID.json. With --plan, a whole night."""


def fault_help(book: FaultBook, kind: FaultKind) -> str:
    """Return the line of help of a kind of fault."""
    size = f"{kind.size} [{kind.unit}], {kind.default:g} by default" if kind.size else "no size"
    return f"  {book.form(kind):44s} {size}"


EPILOG: Final = """\
examples:
  qltui simulate /tmp/night --obstype SCIENCE --expid 3579 --fault noisy_amplifier:b3:C:25
  qltui simulate /tmp/night --plan ZERO ARC FLAT SCIENCE SCIENCE,trace_dx:r5:1.5
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command to a parser."""
    parser.add_argument("out", type=Path, metavar="OUT", help="root of the nights; made if it is not there")
    parser.add_argument(
        "--size", choices=("mini", "full"), default="mini",
        help="mini: 20 fibres and some hundred pixels a side; full: the real detectors (default: mini)",
    )  # fmt: skip
    parser.add_argument("--obstype", type=str.upper, choices=OBSTYPES, default="SCIENCE", help="default: SCIENCE")
    parser.add_argument("--expid", type=int, default=3574, metavar="N", help="number of the (first) exposure")
    parser.add_argument("--night", type=int, default=20191001, metavar="YYYYMMDD", help="date of sunset")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="the same seed gives the same pixels")
    parser.add_argument("--program", type=str.upper, choices=tuple(PROGRAM_EXPTIME), default="DARK")
    parser.add_argument("--exptime", type=float, default=float("nan"), metavar="SECONDS", help="exposure time")
    parser.add_argument("--cameras", default="", metavar="LIST", help="only these, as b0,r0,z0")
    parser.add_argument(
        "--plan", nargs="+", metavar="OBSTYPE[,FAULT...]", help="a night, instead of --obstype; or the word sample"
    )
    parser.add_argument("--calib", type=Path, metavar="DIR", help="take the traces from psf-CAM.fits in DIR")
    parser.add_argument("--write-calib", action="store_true", help="write OUT/calib with the traces that were used")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes (default: 1)")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")
    kinds = "\n".join(fault_help(BOOK, kind) for kind in FAULTS.values())
    faults = parser.add_argument_group("faults", description=kinds)
    faults.add_argument("--fault", action="append", default=[], metavar="FAULT", help="one of these; may be repeated")


def main(args: argparse.Namespace) -> int:
    """Carry the command out; return the exit status."""
    return carry_out(_plan if args.plan else _one, args)


def carry_out(simulate: Callable[[argparse.Namespace], int], args: argparse.Namespace) -> int:
    """Run a simulation and return the exit status; what cannot be done is said with cause and action."""
    try:
        return simulate(args)
    except SimulationError as error:
        print(f"qltui simulate: {error}", file=sys.stderr)
        return USAGE
    except OSError as error:
        where = error.filename or args.out
        print(f"qltui simulate: cannot write {where} ({error.strerror or error}); choose another OUT", file=sys.stderr)
        return CANNOT_CREATE


def show_progress(units: str) -> Callable[[str, int, int], None]:
    """Return a function that shows the progress on a terminal, on one line, of so many ``"cameras"``."""

    def show(name: str, done: int, total: int) -> None:
        end = "\n" if done == total else ""
        print(f"\r{name}  {done}/{total} {units} ", end=end, file=sys.stderr, flush=True)

    return show


def _one(args: argparse.Namespace) -> int:
    """Write one exposure."""
    from qltui.simulate.exposure import simulate_exposure

    cameras = tuple(name.strip().lower() for name in args.cameras.split(",") if name.strip()) or CAMERAS
    request = SimulationRequest(
        args.obstype, args.expid, args.night, args.seed, args.size, args.program, args.exptime, cameras,
        tuple(parse_fault(text) for text in args.fault),
    ).complete()  # fmt: skip
    _write_calibrations(args)
    progress = None if args.quiet else show_progress("cameras")
    exposure = simulate_exposure(request, args.out, calibration=args.calib, workers=args.workers, progress=progress)
    print(exposure.path)
    return OK


def _plan(args: argparse.Namespace) -> int:
    """Write a night."""
    from qltui.simulate.night import SAMPLE_NIGHT, parse_plan, simulate_night

    if args.fault:
        msg = "--fault does not go with --plan; write the fault behind its exposure, as SCIENCE,trace_dx:r5:1.5"
        raise SimulationError(msg)
    plan = SAMPLE_NIGHT if args.plan == ["sample"] else parse_plan(args.plan)
    simulate_night(
        args.out, args.size, args.night, args.seed, plan, first_expid=args.expid, calibration=args.calib,
        workers=args.workers, progress=None if args.quiet else show_progress("cameras"),
        on_exposure=lambda exposure: print(exposure.path, flush=True),
    )  # fmt: skip
    return OK


def _write_calibrations(args: argparse.Namespace) -> None:
    """Write the traces that go with the exposure, where asked for."""
    if not args.write_calib:
        return
    if args.calib is not None:
        msg = "--write-calib writes the traces of the own model; leave it out where --calib names others"
        raise SimulationError(msg)
    from qltui.simulate.calibrations import simulate_calibrations

    simulate_calibrations(args.out / "calib", args.size, args.seed)


def sample_night(out: Path, workers: int) -> SampleNight:
    """Write the calibrations of the sample night, and return its exposures, each of which is yet to be simulated."""
    from qltui.simulate.calibrations import simulate_calibrations
    from qltui.simulate.exposure import simulate_exposure
    from qltui.simulate.night import night_requests

    calibration = out / "calib"
    simulate_calibrations(calibration, "mini", 1)
    requests = night_requests("mini", 20191001, 1)
    files = (simulate_exposure(one, out, calibration=calibration, workers=workers).path for one in requests)
    return SampleNight(tuple(request.expid for request in requests), files)
