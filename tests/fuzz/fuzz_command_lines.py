"""Runs commands that only read the record, in this process, with words that may be anything a shell can pass on."""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path
from typing import Final

from qltui.cli import build_parser, main
from qltui.commands.exit_codes import ExitCode

__all__ = ["RefusedError", "run"]

_READING: Final = ("night", "exposure", "trend", "log", "status")
_VERDICTS: Final = (0, 1, 2, 3)
"""What a command says of a night is no refusal."""


class RefusedError(Exception):
    """The command said why it does not do that, with a status of its own."""


def run(content: bytes, state: Path) -> None:
    """Run the words of an input, one on each line.

    Raises
    ------
    RefusedError
        Where the command refuses them, with its words.
    AssertionError
        Where it calls that a fault of the program, or refuses without a word.
    """
    words = [os.fsdecode(line) for line in content.replace(b"\0", b"").split(b"\n")]
    # As a terminal in UTF-8 takes it: what cannot be written there is an error.
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="strict", write_through=True)
    err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace", write_through=True)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = _status(words, state)
    out.seek(0)
    err.seek(0)
    said = err.read().strip()
    assert code != ExitCode.INTERNAL, said[-1500:]
    if code not in _VERDICTS:
        assert said, f"refused with {code} without a word"
        raise RefusedError(said)


def _status(words: list[str], state: Path) -> int:
    try:
        # A log that is followed has no end; a command that writes is none of these.
        if words[0] in _READING and not any(word.startswith("--fo") for word in words):
            return main([*words, "--state", str(state)])
        build_parser(words[0], words).parse_args(words)
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0
