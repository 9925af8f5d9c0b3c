"""Spoiled inputs for everything that reads: files of telescopes, tables, settings, limits, commands, filters.

    python tests/fuzz/fuzz.py --inputs 100000 --seed 3 --jobs 2
    python tests/fuzz/fuzz.py --inputs 2000 --reader "desi raw" --keep /tmp/inputs

Each reader runs in processes of its own with limited memory. What it may do with an input is to accept it, or to refuse
it with an error of its own that says why; everything else is a fault, and the input is kept. The exit status is 1 where
there was one.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent))

from fuzz_readers import READERS
from fuzz_worker import LIMIT_SECONDS

__all__ = ["Account", "fuzz", "lines", "main"]

_PIECE: Final = 2500
"""Inputs of one process."""
_HEADINGS: Final = ("reader", "inputs", "accepted", "refused", "faults", "slowest [s]", "memory [MB]")


@dataclass
class Account:
    """What came of the inputs of a reader; memory is that of the largest process, program included."""

    reader: str
    inputs: int = 0
    accepted: int = 0
    refused: int = 0
    slowest: float = 0.0
    memory: int = 0
    faults: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)


def fuzz(names: list[str], inputs: int, seed: int, jobs: int, keep: Path) -> list[Account]:
    """Give each reader its share of the inputs; those that are faults are kept."""
    share = -(-inputs // len(names))
    accounts = {name: Account(name) for name in names}
    pieces = [(name, first) for first in range(0, share, _PIECE) for name in names]
    with ThreadPoolExecutor(jobs) as pool:
        list(
            pool.map(
                lambda piece: _piece(accounts[piece[0]], piece[1], min(_PIECE, share - piece[1]), seed, keep), pieces
            )
        )
    return list(accounts.values())


def _piece(account: Account, first: int, count: int, seed: int, keep: Path) -> None:
    """Read some inputs; where one kills the process, go on behind it."""
    last = first + count
    while first < last:
        with tempfile.TemporaryDirectory(prefix="qltui-fuzz-") as place:
            work = Path(place) / "work"
            ended = _process(account.reader, first, last - first, seed, work)
            _keep_faults(account, work, keep)
            with account.lock:
                if ended.returncode == 0:
                    _add(account, json.loads(ended.stdout.splitlines()[-1]), last - first)
                    return
                if not (work / "number").is_file():
                    # It could not begin, and would not with the next number either.
                    account.faults.append(f"the reader does not begin: {ended.stderr[-1500:]}")
                    return
                number = int((work / "number").read_text())
                account.faults.append(f"{number}: the process ended with {ended.returncode}: {ended.stderr[-1500:]}")
                account.inputs += number + 1 - first
        first = number + 1


def _process(name: str, first: int, count: int, seed: int, work: Path) -> subprocess.CompletedProcess[str]:
    words = [name, "--seed", f"{seed}", "--first", f"{first}", "--count", f"{count}", "--work", str(work)]
    return subprocess.run(
        [sys.executable, str(Path(__file__).with_name("fuzz_worker.py")), *words],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"},
        timeout=60.0 + count * LIMIT_SECONDS,
    )


def _add(account: Account, found: dict[str, object], count: int) -> None:
    account.inputs += count
    for name in ("accepted", "refused"):
        setattr(account, name, getattr(account, name) + found[name])
    account.faults += [f"{fault['number']}: {fault['words']}" for fault in found["faults"]]  # type: ignore[attr-defined]
    account.slowest = max(account.slowest, float(str(found["slowest"])))
    account.memory = max(account.memory, int(str(found["memory"])))


def _keep_faults(account: Account, work: Path, keep: Path) -> None:
    for path in work.glob("fault-*"):
        keep.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, keep / f"{account.reader.replace(' ', '-')}-{path.name}")


def lines(accounts: list[Account]) -> list[str]:
    """Return the table of the readers and their sum."""
    rows = [_HEADINGS, *(_row(account) for account in accounts)]
    total = [sum(getattr(account, name) for account in accounts) for name in ("inputs", "accepted", "refused")]
    most = (max(account.slowest for account in accounts), max(account.memory for account in accounts))
    faults = sum(len(account.faults) for account in accounts)
    rows.append(("all", *(f"{count}" for count in (*total, faults)), f"{most[0]:.2f}", f"{most[1] / 1e6:.0f}"))
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    return [
        "  ".join(
            text.rjust(width) if column else text.ljust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]


def _row(account: Account) -> tuple[str, ...]:
    counts = (account.inputs, account.accepted, account.refused, len(account.faults))
    return (account.reader, *(f"{count}" for count in counts), f"{account.slowest:.2f}", f"{account.memory / 1e6:.0f}")


def main(words: list[str] | None = None) -> int:
    """Run, print the table and the faults, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=10_000, help="over all readers (default 10000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--reader", action="append", choices=sorted(READERS), help="only this one; may be repeated")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-faults"), help="where inputs that are faults go")
    args = parser.parse_args(words)
    accounts = fuzz(args.reader or sorted(READERS), args.inputs, args.seed, args.jobs, args.keep)
    print("\n".join(lines(accounts)))
    for account in accounts:
        for fault in account.faults[:20]:
            print(f"\n{account.reader} {fault}")
    return 1 if any(account.faults for account in accounts) else 0


if __name__ == "__main__":
    sys.exit(main())
