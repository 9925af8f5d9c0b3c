"""Waiting until a running app has nothing left to do: seen in its event loop, not guessed from the processor's time.

Textual's pilot sleeps for 20 ms and looks how busy the process was, again and again: half of the time of a test goes by
in it, and where the machine is busy with others, a process that waits for its turn looks idle.
"""

from __future__ import annotations

import asyncio
import time

__all__ = ["IdleWaiting"]

SOON = 0.02
"""A timer that is due within this time is waited for [s]; screens put off their drawing by less."""

IDLE = 0.001
"""Processor time within `SOON` below which a thread is not at work but waits itself [s]."""


class IdleWaiting:
    """Knows which calls run in threads, and waits until loop and threads are idle.

    Parameters
    ----------
    run_in_executor : callable
        The event loop's own.
    """

    def __init__(self, run_in_executor):
        self._run_in_executor = run_in_executor
        self._running = set()

    def run_in_executor(self, loop, executor, function, *args):
        """Do as the loop does, and remember it until it has ended."""
        future = self._run_in_executor(loop, executor, function, *args)
        self._running.add(future)
        future.add_done_callback(self._running.discard)
        return future

    async def until_idle(self, _min_sleep=0.0, max_sleep=1.0):
        """Wait until no callback is ready, no timer nearly due and no thread at work; `max_sleep` [s] at most."""
        loop = asyncio.get_running_loop()
        end = loop.time() + max_sleep
        quiet = 0
        # Twice: what other processes and threads have sent is seen only when the loop comes round.
        while quiet < 2 and loop.time() < end:
            await asyncio.sleep(0)
            quiet += 1
            if loop._ready:
                quiet = 0
            elif self._is_due(loop):
                quiet = 0
                await asyncio.sleep(0.001)
            elif await self._is_at_work(loop):
                quiet = 0

    @staticmethod
    def _is_due(loop):
        soon = loop.time() + SOON
        return any(not timer.cancelled() and timer.when() < soon for timer in loop._scheduled)

    async def _is_at_work(self, loop):
        running = [future for future in self._running if future.get_loop() is loop]
        if not running:
            return False
        before = time.process_time()
        done, _ = await asyncio.wait(running, timeout=SOON, return_when=asyncio.FIRST_COMPLETED)
        return bool(done) or time.process_time() - before > IDLE
