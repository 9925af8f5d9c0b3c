"""``qltui simulate --instrument decam``: raw exposures of DECam with known truth, from the command line."""

from __future__ import annotations

import argparse
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Final

from qltui.instruments.decam.constants import BANDS
from qltui.simulate.command import carry_out, fault_help, show_progress
from qltui.simulate.decam.faults import BOOK, FAULTS, Fault
from qltui.simulate.decam.geometry import SIZES
from qltui.simulate.decam.mosaic import BACKPLANES, CCDS
from qltui.simulate.decam.psf import PROFILES
from qltui.simulate.decam.request import FIRST_EXPNUM, FIRST_NIGHT, OBSTYPES, SimulationRequest
from qltui.simulate.errors import SimulationError
from qltui.simulate.simulators import SampleNight

__all__ = ["DESCRIPTION", "EPILOG", "add_arguments", "main", "sample_night"]

OK: Final = 0

DESCRIPTION: Final = """\
Write a raw exposure of DECam whose truth is known: OUT/NIGHT/DECam_EXPNUM.fits.fz with its 62 CCDs and eight focus
chips, the truth in OUT/truth/NIGHT/truth-EXPNUM.json, stars and galaxies in sources-EXPNUM.npz. With --plan, a whole
night."""

EPILOG: Final = """\
examples:
  qltui simulate /tmp/night --instrument decam --obstype SCIENCE --band z --seeing 1.1 --fault clouds:1.5
  qltui simulate /tmp/night --instrument decam --plan ZERO ZERO FLAT SCIENCE/r SCIENCE/z,focus_ring:0.8
  qltui simulate /tmp/night --instrument decam --size full --ccds S29,N4 --fault noisy_amplifier:S29:A:25
"""


def _numbers(parser: argparse.ArgumentParser) -> None:
    """Add the options with a number, which are drawn, or the band's own, where they are left out."""
    for name, unit, line in (
        ("exptime", "SECONDS", "exposure time"),
        ("seeing", "ARCSEC", "full width at half maximum of stars in this band"),
        ("ellipticity", "E", "of stars, 1 - b/a"),
        ("angle", "DEGREES", "of the major axis of stars, from +x towards +y of the pixels"),
        ("sky", "MAG", "brightness of the sky [mag/arcsec2]"),
        ("airmass", "X", "of the pointing"),
        ("level", "ADU", "light of dome flats and twilight exposures"),
    ):
        parser.add_argument(f"--{name}", type=float, default=float("nan"), metavar=unit, help=line)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command to a parser."""
    parser.add_argument("out", type=Path, metavar="OUT", help="root of the nights; made if it is not there")
    parser.add_argument(
        "--size", choices=tuple(SIZES), default="mini",
        help="mini: CCDs of 128 x 256 pixels; full: 2048 x 4096 (default: mini)",
    )  # fmt: skip
    parser.add_argument("--obstype", type=str.upper, choices=OBSTYPES, default="SCIENCE", help="default: SCIENCE")
    parser.add_argument("--expnum", type=int, default=FIRST_EXPNUM, metavar="N", help="number of the (first) exposure")
    parser.add_argument("--night", type=int, default=FIRST_NIGHT, metavar="YYYYMMDD", help="date of sunset")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="the same seed gives the same pixels")
    parser.add_argument("--band", choices=tuple(BANDS), default="r", help="filter (default: r)")
    _numbers(parser)
    parser.add_argument("--profile", choices=PROFILES, default="moffat", help="of stars (default: moffat)")
    parser.add_argument(
        "--ccds", default="", metavar="LIST", help=f"only these, as S29,N4; backplanes are {', '.join(BACKPLANES)}"
    )
    parser.add_argument("--no-focus-chips", action="store_true", help="leave the eight focus chips out of the file")
    parser.add_argument("--no-bias-step", action="store_true", help="no step of the bias where focus chips were read")
    parser.add_argument("--archive-names", action="store_true", help="name files c4d_YYMMDD_HHMMSS_ori.fits.fz")
    parser.add_argument(
        "--plan", nargs="+", metavar="OBSTYPE[/BAND][,FAULT...]", help="a night, not --obstype; or the word sample"
    )
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes (default: 1)")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")
    kinds = "\n".join(fault_help(BOOK, kind) for kind in FAULTS.values())
    faults = parser.add_argument_group("faults", description=kinds)
    faults.add_argument("--fault", action="append", default=[], metavar="FAULT", help="one of these; may be repeated")


def main(args: argparse.Namespace) -> int:
    """Carry the command out; return the exit status."""
    return carry_out(_plan if args.plan else _one, args)


def _request(args: argparse.Namespace) -> SimulationRequest:
    """Return the exposure that the options describe."""
    wanted = [name.strip().upper() for name in args.ccds.split(",") if name.strip()]
    ccds = tuple(ccd for name in wanted for ccd in BACKPLANES.get(name, (name,))) or CCDS
    return SimulationRequest(
        args.obstype, args.expnum, args.night, args.seed, args.size, args.band, args.exptime, ccds,
        tuple(Fault.parse(text) for text in args.fault), None, args.seeing, args.ellipticity, args.angle, args.profile,
        args.sky, args.airmass, args.level, bias_step=not args.no_bias_step, focus_chips=not args.no_focus_chips,
    )  # fmt: skip


def _one(args: argparse.Namespace) -> int:
    """Write one exposure."""
    from qltui.simulate.decam.exposure import simulate_exposure

    request = _request(args).complete()
    progress = None if args.quiet else show_progress("CCDs")
    exposure = simulate_exposure(
        request, args.out, archive_names=args.archive_names, workers=args.workers, progress=progress
    )
    print(exposure.path)
    return OK


def _plan(args: argparse.Namespace) -> int:
    """Write a night."""
    from qltui.simulate.decam.night import SAMPLE_NIGHT, parse_plan, simulate_night

    if args.fault:
        msg = "--fault does not go with --plan; write the fault behind its exposure, as SCIENCE/z,clouds:1.5"
        raise SimulationError(msg)
    plan = SAMPLE_NIGHT if args.plan == ["sample"] else parse_plan(args.plan, args.band)
    simulate_night(
        args.out, plan=plan, template=_request(args), archive_names=args.archive_names, workers=args.workers,
        progress=None if args.quiet else show_progress("CCDs"),
        on_exposure=lambda exposure: print(exposure.path, flush=True),
    )  # fmt: skip
    return OK


def sample_night(out: Path, workers: int) -> SampleNight:
    """Return the exposures of the sample night, each of which is yet to be simulated."""
    from qltui.simulate.decam.night import night_exposures, night_requests

    requests = night_requests(SimulationRequest("ZERO"))
    exposures = night_exposures(requests, out, workers=workers)

    def files() -> Generator[Path, None, None]:
        with closing(exposures):
            for exposure in exposures:
                yield exposure.path

    return SampleNight(tuple(request.expnum for request in requests), files())
