"""Reads many spoiled inputs in a process of its own, which may die of them: memory and time are limited.

What it works on is on the disk before it is read, so that the one that kills the process is known.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import os
import random
import resource
import sys
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent))

from fuzz_readers import READERS, Reader

__all__ = ["LIMIT_MEMORY", "LIMIT_SECONDS", "main"]

LIMIT_SECONDS: Final = 5.0
LIMIT_MEMORY: Final = 1_000_000_000
"""Bytes that reading may take beyond what the program itself has; a process that wants more gets none."""
_LOOK: Final = 200
"""After so many inputs the descriptors that are open are counted."""


def main(words: list[str] | None = None) -> int:
    """Read the inputs FIRST to FIRST + COUNT - 1 of a reader and print what came of it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reader", choices=sorted(READERS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--work", type=Path, required=True)
    args = parser.parse_args(words)
    args.work.mkdir(parents=True, exist_ok=True)
    reader = READERS[args.reader](args.work)
    # Whatever is loaded or compiled at the first use is there before anything is limited or timed.
    for base in reader.bases:
        outcome, why = _try(reader, base)
        if outcome == "fault" or (base is reader.bases[0] and outcome != "accepted"):
            parser.error(f"{args.reader}: a kept input is a fault, or the good one is refused; {why or outcome}")
    with _limited():
        found = _read_all(reader, args)
    print(json.dumps(found))
    return 0


def _read_all(reader: Reader, args: argparse.Namespace) -> dict[str, Any]:
    counts = {"accepted": 0, "refused": 0}
    faults: list[dict[str, Any]] = []
    slowest = 0.0
    before = _descriptors()
    for number in range(args.first, args.first + args.count):
        rng = random.Random(f"{args.reader}/{args.seed}/{number}")
        base = rng.choice(reader.bases)
        spoiled = reader.mutate(base, rng)
        (args.work / "number").write_text(f"{number}")
        faulthandler.dump_traceback_later(LIMIT_SECONDS, exit=True)
        started = time.perf_counter()
        outcome, words = _try(reader, spoiled)
        slowest = max(slowest, time.perf_counter() - started)
        faulthandler.cancel_dump_traceback_later()
        if outcome == "fault":
            faults.append({"number": number, "words": words})
            (args.work / f"fault-{number}").write_bytes(spoiled)
        else:
            counts[outcome] += 1
        if number % _LOOK == _LOOK - 1 and _descriptors() > before + 8:
            faults.append({"number": number, "words": f"{_descriptors() - before} descriptors are left open"})
            break
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {**counts, "faults": faults, "slowest": slowest, "memory": memory}


def _try(reader: Reader, content: bytes) -> tuple[str, str]:
    """Return ``"accepted"``, ``"refused"`` or ``"fault"``, and what the fault was."""
    reader.path.write_bytes(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            reader.read(reader.path)
    except reader.refuses as error:
        return ("refused", str(error)) if str(error).strip() else ("fault", f"{type(error).__name__} without a word")
    except Exception:
        return "fault", traceback.format_exc(limit=-4)
    return "accepted", ""


@contextmanager
def _limited() -> Iterator[None]:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * os.sysconf("SC_PAGE_SIZE") + LIMIT_MEMORY
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


if __name__ == "__main__":
    sys.exit(main())
