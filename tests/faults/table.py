"""The table of a campaign, from accounts; no engine, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

from harness import Account

from qltui.tui.printable import clean

__all__ = ["HEADINGS", "as_data", "lines", "row", "wrong"]

HEADINGS = ("class", "fault", "tries", "in", "accounted", "lost", "twice", "green", "recover [s]", "shown")
_WIDEST = 110


def row(account: Account) -> tuple[str, ...]:
    """Return the cells of one fault."""
    seconds = f"{median(account.seconds):.1f} / {max(account.seconds):.1f}" if account.seconds else "-"
    counts = (account.tries, account.entered, account.accounted, account.lost, account.twice, account.green)
    return (account.fault.group, account.fault.title, *(f"{count}" for count in counts), seconds, _shown(account))


def _shown(account: Account) -> str:
    """Return what was shown most often, and how many other words there were."""
    if account.failures:
        return f"FAILED: {account.failures[0]}"
    if account.skipped:
        return f"not tried: {account.skipped}"
    if not account.shown:
        return ""
    # Of two that are as frequent the one that is not simply good.
    most = max(account.shown, key=lambda words: (not words.startswith("NORMAL"), account.shown[words]))
    others = len(account.shown) - 1
    return clean(most) + (f" (+{others} others)" if others else "")


def lines(accounts: Iterable[Account]) -> list[str]:
    """Return the table: median and longest seconds to recover, and what the observer was shown, cut to a line."""
    cells = [HEADINGS, *(row(account) for account in accounts)]
    widths = [min(max(len(line[column]) for line in cells), _WIDEST) for column in range(len(HEADINGS))]
    return [_line(line, widths) for line in cells]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    numbers = range(2, 8)
    parts = [
        text[:width].rjust(width) if column in numbers else text[:width].ljust(width)
        for column, (text, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(parts).rstrip()


def wrong(accounts: Iterable[Account]) -> list[str]:
    """Return the rows that must not be, with all that went wrong."""
    return [
        "\n    ".join(["  ".join(row(account)[:9]), *account.failures]) for account in accounts if not account.is_good
    ]


def as_data(accounts: Iterable[Account]) -> list[dict[str, Any]]:
    """Return the accounts as what JSON can hold."""
    return [
        {
            "class": account.fault.group,
            "fault": account.fault.title,
            "tries": account.tries,
            "entered": account.entered,
            "accounted": account.accounted,
            "lost": account.lost,
            "twice": account.twice,
            "wrongly_green": account.green,
            "recover_seconds": [round(value, 3) for value in account.seconds],
            "shown": account.shown,
            "failures": account.failures,
            "skipped": account.skipped,
        }
        for account in accounts
    ]
