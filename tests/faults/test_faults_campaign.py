"""The short campaign: one test for each class; what fails is told by its row."""

from __future__ import annotations

import sys

import pytest
from harness import CLASSES, faults_of, load_class
from runner import run
from table import wrong

pytestmark = [pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc"), pytest.mark.slow]


@pytest.mark.parametrize("group", [group for group in CLASSES if load_class(group)])
def test_nothing_is_lost_or_done_twice_or_wrongly_green(group):
    accounts = run(faults_of([group]), long=False, seed=1)
    assert sum(account.tries for account in accounts) > 0
    assert not wrong(accounts), "\n".join(wrong(accounts))
