"""Programs beside the viewer: what they print, why they failed, and that none is left behind."""

from __future__ import annotations

import asyncio
import os
import sys

import pytest

from qltui.tui.beside import ProgramError, output_of


def python(text):
    return (sys.executable, "-c", text)


async def test_what_a_program_prints_is_returned():
    assert await output_of(python("print('°'.encode())")) == b"b'\\xc2\\xb0'\n"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (python("import sys; sys.exit('first\\nno almanac')"), "no almanac"),
        (python("import os; os._exit(3)"), "exit status 3"),
        (("/nowhere/program",), "no process for it: No such file or directory"),
    ],
)
async def test_why_a_program_failed_is_said(command, words):
    with pytest.raises(ProgramError) as caught:
        await output_of(command)
    assert str(caught.value) == words


async def test_a_program_that_nobody_waits_for_is_ended(tmp_path):
    fifo = tmp_path / "number"
    os.mkfifo(fifo)
    waiting = asyncio.create_task(
        output_of(python(f"import os, time; open({str(fifo)!r}, 'w').write(str(os.getpid())); time.sleep(60)"))
    )
    number = int(await asyncio.to_thread(fifo.read_text))
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)
