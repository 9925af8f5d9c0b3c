"""What a site's rules of keeping let go, oldest first: by age for each kind of product, and by the size of all.

More stays than of what an observer clears by hand: also all of the newest night, and whatever is younger than a day.
"""
# ruff: noqa: S608  (nothing but words of our own and question marks is put into statements)

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from qltui.store.codec import path_from
from qltui.store.database import Database
from qltui.store.usage import KEPT_JOBS, NEWEST_FIT, OldProduct

__all__ = ["DAY", "EVERYTHING", "Policy", "Rule", "expired", "rules_of", "total_size", "would_go"]

DAY: Final = 86400.0
_CHUNK: Final = 2000

_MAY_GO: Final = f"""removed IS NULL AND created < ? AND created < ?
    AND job_id NOT IN ({KEPT_JOBS} UNION
        SELECT job.id FROM night JOIN exposure ON exposure.night_id = night.id
        JOIN process ON process.exposure_id = exposure.id JOIN job ON job.process_id = process.id
        WHERE night.id = (SELECT night_id FROM exposure JOIN night ON night.id = night_id
                          ORDER BY night.night DESC LIMIT 1))
    AND id NOT IN ({NEWEST_FIT})"""


@dataclass(frozen=True, slots=True)
class Policy:
    """For how long each is kept.

    Attributes
    ----------
    products, previews, spectra, logs : int
        Days; 0 for good.
    size : float
        What all products may have together [bytes]; 0 for any.
    preview_kinds, spectra_kinds : tuple of str
        Kinds of products that are previews, and that are spectra or images; all others are tables.
    """

    products: int = 0
    previews: int = 0
    spectra: int = 0
    logs: int = 0
    size: float = 0.0
    preview_kinds: tuple[str, ...] = ()
    spectra_kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """Products that are older than `days` go, of these kinds, or of all others where `is_rest`."""

    name: str
    days: int
    kinds: tuple[str, ...] = ()
    is_rest: bool = False

    def condition(self) -> str:
        """Return it in SQL; its parameters are `kinds`."""
        if not self.kinds:
            return "1" if self.is_rest else "0"
        return f"kind {'NOT ' if self.is_rest else ''}IN ({', '.join('?' * len(self.kinds))})"


EVERYTHING: Final = Rule("oldest products", 0, (), is_rest=True)


def rules_of(policy: Policy) -> tuple[Rule, ...]:
    """Return the rules of age that a policy has for products."""
    rules = (
        Rule("previews", policy.previews, policy.preview_kinds),
        Rule("spectra", policy.spectra, policy.spectra_kinds),
        Rule("products", policy.products, (*policy.preview_kinds, *policy.spectra_kinds), is_rest=True),
    )
    return tuple(rule for rule in rules if rule.days > 0)


def expired(
    database: Database, rule: Rule, now: float, after: tuple[float, int] = (-1e300, 0), limit: int = _CHUNK
) -> list[OldProduct]:
    """Return the next products that may go by a rule, oldest first.

    Parameters
    ----------
    now : float
        [s since 1970].
    after : pair
        Time and number of the one that was returned last.
    limit : int
        At most so many.
    """
    rows = database.sql(
        f"""SELECT id, created, path, size FROM product
            WHERE {_MAY_GO} AND {rule.condition()} AND created >= ? AND (created > ? OR id > ?)
            ORDER BY created, id LIMIT ?""",
        (now - rule.days * DAY, now - DAY, *rule.kinds, after[0], *after, limit),
    )
    return [OldProduct(number, created, path_from(path), size) for number, created, path, size in rows]


def total_size(database: Database) -> int:
    """Return how much all products have that are still there [bytes]."""
    return int(database.sql("SELECT total(size) FROM product WHERE removed IS NULL")[0][0])


def would_go(database: Database, policy: Policy, now: float) -> Mapping[str, tuple[int, int]]:
    """Return how many files and bytes each rule of a policy would take, by its name."""
    found: dict[str, tuple[int, int]] = {}
    for rule in rules_of(policy):
        count, size = database.sql(
            f"SELECT count(*), total(size) FROM product WHERE {_MAY_GO} AND {rule.condition()}",
            (now - rule.days * DAY, now - DAY, *rule.kinds),
        )[0]
        found[rule.name] = int(count), int(size)
    if policy.size:
        excess = total_size(database) - sum(size for _, size in found.values()) - policy.size
        found[EVERYTHING.name] = _oldest(database, rules_of(policy), excess, now)
    return found


def _oldest(database: Database, rules: Collection[Rule], excess: float, now: float) -> tuple[int, int]:
    """Return files and bytes that go to make up for an excess, beside those that the rules of age take."""
    if excess <= 0.0:
        return 0, 0
    taken = " OR ".join(f"(created < ? AND {rule.condition()})" for rule in rules) or "0"
    old = [value for rule in rules for value in (now - rule.days * DAY, *rule.kinds)]
    count, size = database.sql(
        f"""SELECT count(*), total(size) FROM (
            SELECT size, sum(size) OVER (ORDER BY created, id) - size AS before FROM product
            WHERE {_MAY_GO} AND NOT ({taken})) WHERE before < ?""",
        (now, now - DAY, *old, excess),
    )[0]
    return int(count), int(size)
