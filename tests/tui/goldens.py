"""Whole screens as text and as colours, and their comparison with what is kept.

What is kept is text: a change of a screen is then read in the history as what it is. Colours are checked by rule, not
by picture: at night nothing but red may reach the terminal.
"""

from __future__ import annotations

from pathlib import Path

from qltui.tui.widgets.lines import Lines

__all__ = ["DIRECTORY", "assert_as_kept", "assert_only_ascii", "assert_only_red", "screen_text"]

DIRECTORY = Path(__file__).parent / "__goldens__"


def _strips(app):
    return app.screen._compositor.render_strips()


def screen_text(app) -> str:
    """Return what the terminal shows, row by row."""
    return "\n".join(strip.text.rstrip() for strip in _strips(app)) + "\n"


def assert_as_kept(app, name: str, *, update: bool) -> None:
    """Compare the screen with the text that is kept under `name`; with `update` keep it as it is now."""
    path, text = DIRECTORY / f"{name}.txt", screen_text(app)
    if update:
        DIRECTORY.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{path.name} is not kept yet; look at the screen, then run with --snapshot-update"
    kept = path.read_text(encoding="utf-8")
    assert text == kept, f"{name} has changed; look at it, then run with --snapshot-update\n{text}"


def assert_only_red(app) -> None:
    """Check that no colour on the screen has a green or blue part."""
    for y, strip in enumerate(_strips(app)):
        for segment in strip:
            style = segment.style
            for color in (style.color, style.bgcolor) if style is not None else ():
                if color is None:
                    continue
                red, green, blue = color.get_truecolor()
                assert (green, blue) == (0, 0), f"row {y}: {segment.text!r} is drawn in {red, green, blue}"


def assert_only_ascii(app) -> None:
    """Check that a terminal without any other characters shows the screen whole."""
    strange = {char for char in screen_text(app) if ord(char) > 126}
    assert not strange, f"not ASCII: {sorted(strange)}"


def redraw_all(app) -> None:
    """Draw every pane again, after the charset was changed."""
    for pane in app.screen.query(Lines):
        pane.redraw()
