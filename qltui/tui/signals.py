"""Leaving when told to: by SIGTERM, by a closed line, and even while the terminal does not take our bytes."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.app import App

__all__ = ["install_signals"]

_PATIENCE = 3.0
"""After so long without having left, the process ends itself [s]."""


def install_signals(app: App) -> None:
    """Let SIGTERM and SIGHUP end the app in order, with the terminal restored, and in any case end it.

    A handler of the event loop would not run while a write to a stalled terminal blocks; a plain one does.
    """
    loop = asyncio.get_running_loop()

    def stop(number: int, _frame: FrameType | None) -> None:
        code = 128 + number
        timer = threading.Timer(_PATIENCE, os._exit, (code,))
        timer.daemon = True
        timer.start()
        loop.call_soon_threadsafe(lambda: app.exit(code, return_code=code))

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, stop)
