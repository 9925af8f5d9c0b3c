"""``python -m qltui.sky``: reckon the almanac of a night, keep it and print it; screens start it beside themselves."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from qltui.sky.almanac import Place, almanac_json
from qltui.sky.kept import keep


def main(arguments: Sequence[str] | None = None) -> int:
    """Reckon one night; return 0, or 65 where the night or the place is none."""
    parser = argparse.ArgumentParser(prog="python -m qltui.sky", description="Sun and moon of a night, as JSON.")
    parser.add_argument("night", type=int, help="YYYYMMDD of the evening")
    parser.add_argument("--latitude", type=float, required=True, help="[deg], north positive")
    parser.add_argument("--longitude", type=float, required=True, help="[deg], east positive")
    parser.add_argument("--elevation", type=float, required=True, help="[m]")
    parser.add_argument("--keep", type=Path, help="directory to keep it in")
    args = parser.parse_args(arguments)
    from qltui.sky.ephemeris import make_almanac

    try:
        almanac = make_almanac(args.night, Place(args.latitude, args.longitude, args.elevation))
    except ValueError as error:
        print(f"night {args.night}: {error}", file=sys.stderr)
        return 65
    if args.keep is not None:
        try:
            keep(args.keep, almanac)
        except OSError as error:
            # It is only made again the next time.
            print(f"not kept in {args.keep}: {error.strerror}", file=sys.stderr)
    json.dump(almanac_json(almanac), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
