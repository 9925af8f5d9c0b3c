"""SOURCES and QA: sky and sources of a CCD, and the shapes of its stars."""

from __future__ import annotations

from typing import Final

import numpy as np

from qltui.instruments.decam.state import State
from qltui.reduction.background import BOX, measure_background, subtract_background
from qltui.reduction.masks import BAD, COSMIC, FLAT_ZERO
from qltui.reduction.sources import SourceLimitError, extract_sources
from qltui.reduction.star_profile import measure_profile
from qltui.reduction.star_selection import find_stars
from qltui.reduction.star_shapes import mean_shape

__all__ = ["find_sources", "measure_stars"]

IGNORED: Final = BAD | COSMIC | FLAT_ZERO
"""Pixels that say nothing. Saturated ones belong to their star."""

_BOXES: Final = 2
"""Boxes of the background's mesh along the shorter side of a CCD, at least."""


def find_sources(state: State) -> State:
    """Measure the background, take it away, and find the sources."""
    if state.dead or state.ccd is None:
        return state.with_(background_reason=state.dead, sources_reason=state.dead)
    if not state.option("sources"):
        reason = "the search for sources is switched off"
        return state.with_(background_reason=reason, sources_reason=reason)
    image, mask = state.ccd.image, state.ccd.mask
    box = min(BOX, max(min(image.shape) // _BOXES, 1))
    background = measure_background(image, mask=mask, ignore=0xFF, box=box)
    if not np.isfinite(background.level):
        return state.with_(background_reason=background.reason, sources_reason=background.reason)
    sky = subtract_background(image, background, mask=mask, ignore=IGNORED)
    state = state.with_(f"background mesh of {box} px", background=background, sky=sky)
    if not background.rms > 0:
        return state.with_(sources_reason="the background has no noise: nothing can be told from it")
    try:
        sources = extract_sources(sky, background.rms, mask=mask, ignore=IGNORED, gain=1.0)
    except SourceLimitError as error:
        return state.with_(sources_reason=str(error))
    return state.with_(f"{len(sources)} sources above 5 sigma", sources=sources)


def measure_stars(state: State) -> State:
    """Choose the stars by their size, and measure how wide and how round they are."""
    if not state.option("qa"):
        return state.with_(qa_reason="QA is switched off")
    if state.sources is None or state.sky is None or state.background is None or state.ccd is None:
        return state.with_(qa_reason=state.sources_reason)
    rms = state.background.rms
    stars = find_stars(state.sky, state.sources, rms, mask=state.ccd.mask)
    if not len(stars):
        return state.with_(qa_reason=stars.reason)
    profile = measure_profile(state.sky, stars.shapes, rms, gain=1.0, mask=state.ccd.mask)
    # A coarser catalogue has other numbers: stars so wide are shown among its sources.
    is_star = np.zeros(len(stars.catalogue), dtype=bool)
    is_star[stars.index] = True
    coarse = " in larger pixels" if stars.coarse else ""
    return state.with_(
        f"{len(stars)} stars{coarse}",
        sources=stars.catalogue,
        is_star=is_star,
        star_index=stars.index,
        shapes=stars.shapes,
        shape=mean_shape(stars.shapes),
        profile=profile,
    )
