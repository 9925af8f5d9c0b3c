"""Screens that follow the terminal's size, however quickly that changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.events import Resize

if TYPE_CHECKING:
    from textual.events import ScreenResume
    from textual.geometry import Size
    from textual.screen import Screen

    Base = Screen[None]
else:
    Base = object

__all__ = ["LatestSize"]


class LatestSize(Base):
    """Lays a screen out for the size that the terminal has, and for none that it had.

    Textual's screen tells itself of each size that it was laid out for, by an event behind those that wait. With two
    sizes in the queue at once each calls the other back, for ever: the processor is busy and the picture stays wrong.
    An event of an older size is dropped here. One of the size that holds follows, or comes when the screen is shown
    again: only the screen in front hears of the terminal. To stand before `Screen` among the bases.
    """

    _follows: Size | None = None
    """The size that the screen was last laid out for."""

    def on_resize(self, event: Resize) -> None:
        """Drop a size that the terminal no longer has."""
        if event.size == self.app.size:
            self._follows = event.size
        else:
            event.prevent_default()
            event.stop()

    def on_screen_resume(self, _event: ScreenResume) -> None:
        """Take the size that the terminal got while another screen was in front."""
        size = self.app.size
        if self._follows != size:
            self.post_message(Resize(size, size))
