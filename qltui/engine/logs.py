"""The engine's own logs: everything that happened, for whoever looks for a fault. The night's log is in the record."""

from __future__ import annotations

import logging
import logging.handlers
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

__all__ = ["engine_log", "trim_worker_logs"]

LIMIT: Final = 5_000_000
"""Size of one log [bytes]."""
KEPT: Final = 5


@contextmanager
def engine_log(directory: Path, level: int = logging.DEBUG, *, limit: int = LIMIT, kept: int = KEPT) -> Iterator[None]:
    """Let what qltui logs go to ``engine.log`` as long as this lasts; at `limit` bytes it is set aside."""
    directory.mkdir(parents=True, exist_ok=True)
    handler = logging.handlers.RotatingFileHandler(
        directory / "engine.log", maxBytes=limit, backupCount=kept, encoding="utf-8", errors="backslashreplace"
    )
    formatter = logging.Formatter("%(asctime)s %(levelname)-7s %(processName)s %(name)s: %(message)s")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    logger = logging.getLogger("qltui")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(level)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
        handler.close()


def trim_worker_logs(directory: Path, limit: int = LIMIT) -> None:
    """Set aside what workers have printed where it has become much.

    A worker holds its log open for appending: the file is copied and emptied, not renamed.
    """
    for log in directory.glob("worker-*.log"):
        try:
            if log.stat().st_size <= limit:
                continue
            with log.open("rb") as source:
                source.seek(-limit // 2, os.SEEK_END)
                tail = source.read()
            log.with_suffix(".log.1").write_bytes(tail)
            os.truncate(log, 0)
        except OSError as error:
            logging.getLogger(__name__).warning("%s cannot be trimmed: %s", log, error)
