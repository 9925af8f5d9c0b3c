"""Tries faults one after the other, on as few sites as will do, and keeps the accounts."""

from __future__ import annotations

import inspect
import random
import signal
import sys
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import groupby
from typing import Any

from harness import Account, Fault
from site_of_faults import Site, SkipFaultError

__all__ = ["run"]


def run(
    faults: Iterable[Fault], *, long: bool, seed: int, tell: Callable[[str], None] = lambda _words: None
) -> list[Account]:
    """Try faults and return their accounts, in their order."""
    _hear_all_signals()
    accounts: list[Account] = []
    for _shared, group in groupby(
        faults, key=lambda fault: (fault.group, fault.kind, repr(fault.settings), fault.fresh)
    ):
        accounts += _on_one_site(list(group), long=long, seed=seed, tell=tell)
    return accounts


def _hear_all_signals() -> None:
    """Let no engine inherit that a signal is ignored: of a campaign in the background or under `nohup` some are."""
    for number in (signal.SIGHUP, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _on_one_site(faults: list[Fault], *, long: bool, seed: int, tell: Callable[[str], None]) -> list[Account]:
    accounts = []
    site: Site | None = None
    last: Account | None = None
    for fault in faults:
        account = last = Account(fault)
        accounts.append(account)
        begin = time.monotonic()
        tries = list(range(fault.tries)) if long else _spread(fault.tries, fault.short)
        for chunk in _chunks(tries, fault.together):
            if account.skipped:
                break
            site = site or Site(fault.kind, dict(fault.settings))
            _try(site, fault, chunk, seed, account)
            # What has failed leaves nobody knows what: the next try has a site of its own.
            if fault.fresh or account.failures:
                account.failures += site.close()
                site = None
            if len(account.failures) > 5:
                break
        tell(f"{fault.group}: {fault.title}: {account.tries} tries, {time.monotonic() - begin:.1f} s"
             f"{'' if account.is_good else ', FAILED: ' + '; '.join(account.failures[:2])}")  # fmt: skip
    if site is not None and last is not None:
        last.failures += site.close()
    return accounts


def _spread(tries: int, short: int) -> list[int]:
    """Return a few tries of many, the first among them, evenly apart."""
    count = min(tries, short)
    return [number * tries // count for number in range(count)] if count else []


def _chunks(tries: list[int], together: int) -> Iterator[list[int]]:
    for start in range(0, len(tries), together):
        yield tries[start : start + together]


def _try(site: Site, fault: Fault, chunk: list[int], seed: int, account: Account) -> None:
    """Make some tries of a fault, which are in flight at once, and add what came of them to the account."""
    account.tries += len(chunk)
    try:
        site.ensure()
        running: list[Generator[Any, None, None]] = []
        for number in chunk:
            done = fault.function(site, random.Random(f"{seed} {fault.title} {number}"), number)
            if inspect.isgenerator(done):
                running.append(done)
        while running:
            running = [generator for generator in running if next(generator, StopIteration) is not StopIteration]
            if running:
                site.settled()
                _note_shown(site, account)
        faults, seconds = site.settle_and_check(internal=fault.internal)
        account.failures += faults
        account.seconds.append(seconds)
    except SkipFaultError as error:
        account.skipped = str(error)
        account.tries -= len(chunk)
    except Exception as error:
        print(f"{fault.title}, tries {chunk}: {type(error).__name__}: {error}", file=sys.stderr)
        account.failures.append(f"tries {chunk[0]}-{chunk[-1]}: {type(error).__name__}: {error}")
    except BaseException:
        # Somebody has had enough, or a limit of time: no engine is left behind.
        site.close()
        raise
    finally:
        _close(site, account)


def _note_shown(site: Site, account: Account) -> None:
    for entry in site.entries:
        shown = site.shown(entry)
        account.shown[shown] = account.shown.get(shown, 0) + 1


def _close(site: Site, account: Account) -> None:
    record = site.watch.look()
    _note_shown(site, account)
    for words in site.__dict__.pop("also_shown", []):
        account.shown[words] = account.shown.get(words, 0) + 1
    for entry in site.close_accounts():
        outcome = site.outcome(entry, record)
        account.entered += 1
        if outcome == "absent" and "absent" not in entry.allowed:
            account.lost += 1
            account.failures.append(f"{entry.expid} is lost")
        elif outcome == "waiting":
            account.failures.append(f"{entry.expid} waits for ever")
        else:
            account.accounted += 1
        if site.times_done(entry) > 1:
            account.twice += 1
            account.failures.append(f"{entry.expid} was reduced {site.times_done(entry)} times")
        if not entry.good and outcome == "NORMAL":
            account.green += 1
            account.failures.append(f"{entry.expid} is called NORMAL and is not")
