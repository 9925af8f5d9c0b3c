"""Colours: what each role looks like by day, in a dark dome, and without any colour.

``night-red`` has no green and no blue component anywhere; a test reads them off whole screens. In ``mono`` roles
differ by weight alone, and the terminal's own colours are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from rich.style import Style

if TYPE_CHECKING:
    from textual.theme import Theme

__all__ = ["PALETTES", "RAMP", "ROLES", "Ink", "Palette", "make_theme", "style_of"]

ROLES: Final = (
    "text",  # what is read
    "strong",  # what is read first
    "dim",  # what is there when looked for
    "rule",  # lines between panes
    "title",  # names of panes
    "focus",  # name of the pane that has the keys
    "key",  # keys in the footer
    "good",  # NORMAL, and nothing else
    "warn",
    "bad",
    "odd",  # unknown, missing, cancelled
    "active",  # running
    "trend",  # points of a chart
    "mark",  # the camera under the cursor, in a chart
    "band",  # limits of a chart
    "series1",  # groups of points in one chart, each with a shape of its own as well
    "series2",
    "series3",
    "series4",
    "series5",
    "series6",
)


@dataclass(frozen=True, slots=True)
class Ink:
    """Colour and weight of a role; no colour means the palette's own."""

    color: str = ""
    bold: bool = False
    dim: bool = False


@dataclass(frozen=True, slots=True)
class Palette:
    """All colours of a theme; empty ones are left to the terminal. `ramp` goes from dark to bright, for pictures."""

    name: str
    title: str
    foreground: str
    background: str
    raised: str
    inks: Mapping[str, Ink]
    ramp: tuple[str, ...] = ()


def _ramp(first: int, last: int, pattern: str) -> tuple[str, ...]:
    """Return `RAMP` colours at equal distances; the pattern says which components there are."""
    steps = (round(first + (last - first) * level / (RAMP - 1)) for level in range(RAMP))
    return tuple(pattern.format(value) for value in steps)


RAMP: Final = 16
"""Shades of a picture: few enough that neighbouring cells are often alike, which is cheap to send."""

_DAY: Final = Palette(
    "day",
    "day",
    foreground="#c8ccd2",
    background="#14171c",
    raised="#20252d",
    inks={
        "text": Ink("#c8ccd2"),
        "strong": Ink("#f2f4f7", bold=True),
        "dim": Ink("#7d8590"),
        "rule": Ink("#4a515c"),
        "title": Ink("#9aa3af"),
        "focus": Ink("#f2f4f7", bold=True),
        "key": Ink("#e0b04c", bold=True),
        "good": Ink("#57ab6a"),
        "warn": Ink("#e3b341", bold=True),
        "bad": Ink("#ff6a5e", bold=True),
        "odd": Ink("#c792ea"),
        "active": Ink("#62b0e8"),
        "trend": Ink("#8ba0b8"),
        "mark": Ink("#62b0e8", bold=True),
        "band": Ink("#8a7434"),
        "series1": Ink("#62b0e8"),
        "series2": Ink("#d98a4b"),
        "series3": Ink("#a98be0"),
        "series4": Ink("#4fb8b0"),
        "series5": Ink("#d77fb0"),
        "series6": Ink("#b0a878"),
    },
    ramp=_ramp(0x0C, 0xF6, "#{0:02x}{0:02x}{0:02x}"),
)

_NIGHT: Final = Palette(
    "night-red",
    "night, red only",
    foreground="#c00000",
    background="#000000",
    raised="#2a0000",
    inks={
        "text": Ink("#c00000"),
        "strong": Ink("#f00000", bold=True),
        "dim": Ink("#8c0000"),
        "rule": Ink("#5a0000"),
        "title": Ink("#a00000"),
        "focus": Ink("#f00000", bold=True),
        "key": Ink("#dc0000", bold=True),
        "good": Ink("#960000"),
        "warn": Ink("#dc0000", bold=True),
        "bad": Ink("#ff0000", bold=True),
        "odd": Ink("#d20000"),
        "active": Ink("#f00000"),
        "trend": Ink("#a00000"),
        "mark": Ink("#ff0000", bold=True),
        "band": Ink("#8c0000"),
        "series1": Ink("#ff0000"),
        "series2": Ink("#b80000"),
        "series3": Ink("#e00000"),
        "series4": Ink("#980000"),
        "series5": Ink("#d00000"),
        "series6": Ink("#800000"),
    },
    ramp=_ramp(0x00, 0xF0, "#{0:02x}0000"),
)

_MONO: Final = Palette(
    "mono",
    "no colours",
    foreground="",
    background="",
    raised="",
    inks={
        "text": Ink(),
        "strong": Ink(bold=True),
        "dim": Ink(dim=True),
        "rule": Ink(dim=True),
        "title": Ink(),
        "focus": Ink(bold=True),
        "key": Ink(bold=True),
        "good": Ink(),
        "warn": Ink(bold=True),
        "bad": Ink(bold=True),
        "odd": Ink(bold=True),
        "active": Ink(bold=True),
        "trend": Ink(dim=True),
        "mark": Ink(bold=True),
        "band": Ink(dim=True),
        "series1": Ink(bold=True),
        "series2": Ink(),
        "series3": Ink(bold=True),
        "series4": Ink(),
        "series5": Ink(bold=True),
        "series6": Ink(),
    },
)

PALETTES: Final[Mapping[str, Palette]] = {palette.name: palette for palette in (_DAY, _NIGHT, _MONO)}
"""In the order in which the theme key goes through them."""


@cache
def style_of(palette_name: str, role: str) -> Style:
    """Return the style of a role; ``"role+cursor"`` is the same under the cursor, an empty role plain text.

    ``"pixel:12:3"`` is the shade 12 of the palette's ramp upon shade 3; the first may be a role as well, and without
    the second nothing lies behind.

    Raises
    ------
    KeyError
        Where there is no such palette or role.
    """
    palette = PALETTES[palette_name]
    if role.startswith("pixel:"):
        return _pixel_style(palette, *role.split(":")[1:])
    name, _, cursor = role.partition("+")
    ink = palette.inks[name or "text"]
    color = ink.color or palette.foreground or None
    # Dim and reverse together cannot be read on many terminals.
    dim = True if ink.dim and not cursor else None
    return Style(color=color, bold=True if ink.bold or cursor else None, dim=dim, reverse=True if cursor else None)


def _pixel_style(palette: Palette, front: str, back: str) -> Style:
    """Return two shades upon each other; where the palette has no ramp, the role alone."""
    if not palette.ramp:
        return Style() if front.isdigit() else style_of(palette.name, front)
    color = palette.ramp[int(front)] if front.isdigit() else palette.inks[front].color
    behind = palette.ramp[int(back)] if back else None
    return Style(color=color, bgcolor=behind, bold=None if front.isdigit() else True)


def make_theme(palette: Palette) -> Theme:
    """Return Textual's theme for a palette: whatever Textual itself draws gets no colour but the palette's."""
    from textual.theme import Theme

    if not palette.foreground:
        own = "ansi_default"
        return Theme(
            name=palette.name,
            primary=own,
            foreground=own,
            background=own,
            surface=own,
            panel=own,
            boost=own,
            ansi=True,
            variables=_ansi_variables(),
        )
    text, back, raised = palette.foreground, palette.background, palette.raised
    strong = palette.inks["strong"].color
    return Theme(
        name=palette.name,
        primary=palette.inks["title"].color,
        secondary=palette.inks["dim"].color,
        warning=palette.inks["warn"].color,
        error=palette.inks["bad"].color,
        success=palette.inks["good"].color,
        accent=palette.inks["key"].color,
        foreground=text,
        background=back,
        surface=back,
        panel=raised,
        boost=raised,
        dark=True,
        variables={
            "raised": raised,
            "text": text,
            "text-muted": palette.inks["dim"].color,
            "text-disabled": palette.inks["dim"].color,
            "input-cursor-background": strong,
            "input-cursor-foreground": back,
            "input-selection-background": raised,
            "input-selection-foreground": strong,
            "screen-selection-background": raised,
            "screen-selection-foreground": strong,
            "scrollbar": palette.inks["rule"].color,
            "scrollbar-hover": palette.inks["title"].color,
            "scrollbar-active": palette.inks["title"].color,
            "scrollbar-background": back,
            "scrollbar-corner-color": back,
            "scrollbar-background-hover": back,
            "scrollbar-background-active": back,
            "block-cursor-background": raised,
            "block-cursor-foreground": strong,
            "block-hover-background": raised,
            "border": palette.inks["rule"].color,
            "border-blurred": palette.inks["rule"].color,
            "link-color": text,
            "link-color-hover": strong,
            "link-background-hover": raised,
        },
    )


def _ansi_variables() -> dict[str, str]:
    """Return what Textual would else colour in a theme of the terminal's own colours."""
    names = (
        "ansi-background", "ansi-foreground", "scrollbar", "scrollbar-hover", "scrollbar-active",
        "scrollbar-background", "scrollbar-background-hover", "scrollbar-background-active", "border",
        "border-blurred", "block-cursor-background", "link-color", "link-color-hover", "link-background-hover",
        "input-cursor-background", "input-selection-background", "footer-key-foreground",
        "screen-selection-background", "screen-selection-foreground", "raised",
    )  # fmt: skip
    return dict.fromkeys(names, "ansi_default")
