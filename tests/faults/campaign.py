"""A night in which everything goes wrong: tries faults on real engines and says what became of every exposure.

    python tests/faults/campaign.py                      the short campaign, all classes
    python tests/faults/campaign.py --long --seed 7 --json table.json
    python tests/faults/campaign.py --class files --fault "cut off"

Each fault is a function in ``faults_CLASS.py``. It gets a `Site` with a running engine, lets exposures come in and
does its damage; what came in is accounted for when the record holds its result, or its state and reason. The exit
status is 1 where an exposure was lost, reduced twice or called normal although it is not, or a try went wrong in
another way.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from harness import CLASSES, faults_of
from runner import run
from table import as_data, lines, wrong


def main(words: list[str] | None = None) -> int:
    """Run the campaign, print the table and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--long", action="store_true", help="every try of every fault")
    parser.add_argument("--seed", type=int, default=1, help="of all that is left to chance (default 1)")
    parser.add_argument("--class", dest="groups", default=",".join(CLASSES), help="classes, with commas between")
    parser.add_argument("--fault", default="", metavar="WORDS", help="only faults with these words")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the accounts there too")
    args = parser.parse_args(words)
    groups = args.groups.split(",")
    unknown = [group for group in groups if group not in CLASSES]
    if unknown:
        parser.error(f"no class {unknown[0]!r}; there are {', '.join(CLASSES)}")
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    faults = faults_of(groups, args.fault)
    if not faults:
        parser.error("no fault has these words")
    accounts = run(faults, long=args.long, seed=args.seed, tell=lambda text: print(text, file=sys.stderr, flush=True))
    print("\n".join(lines(accounts)))
    if args.json:
        args.json.write_text(json.dumps(as_data(accounts), indent=1))
    for text in wrong(accounts):
        print(text)
    return 1 if any(not account.is_good for account in accounts) else 0


if __name__ == "__main__":
    sys.exit(main())
