"""Keys for a running app, and waiting until what they began is drawn."""

from __future__ import annotations

__all__ = ["press", "settle"]


async def settle(app, pilot, rounds=2):
    """Look at the record and draw it; the second round has what the first one asked for."""
    for _ in range(rounds):
        await app.poll()
        await app.workers.wait_for_complete()
        await pilot.pause()


async def press(app, pilot, *keys):
    """Press keys; ``"=words"`` stands for words typed into a question in the place of those that are there."""
    for key in keys:
        if key[:1] == "=" and len(key) > 1:
            app.screen.words = key[1:]
            app.screen._on_change(key[1:])
            continue
        await pilot.press(key)
        await app.workers.wait_for_complete()
        await pilot.pause()
