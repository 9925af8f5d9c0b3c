"""Files that are not what they should be, or not yet, or not any more."""

from __future__ import annotations

import random

from harness import Site, fault


@fault("files", "none: good exposures", tries=10, short=3, together=5)
def good(site: Site, rng: random.Random, n: int) -> None:
    site.arrive(site.make(), allowed={"NORMAL"})


@fault("files", "cut off at an offset", tries=50, short=5, together=10)
def cut_off(site: Site, rng: random.Random, n: int):
    raw = site.make()
    whole = raw.read_bytes()
    target = site.place_of(raw)
    raw.write_bytes(whole[: len(whole) * n // 50])
    entry = site.arrive(raw, good=False, allowed={"incomplete"})
    yield
    site.touched(target)
    target.write_bytes(whole)
    entry.good, entry.allowed = True, frozenset({"NORMAL"})
    site.mark()
