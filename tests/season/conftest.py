"""A season of a few nights around the record with known values."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "tui"))


@pytest.fixture(scope="session")
def moulds(tmp_path_factory):
    """Good cameras by type of exposure."""
    import known

    from qltui.instruments.base import get_instrument
    from qltui.season.templates import read_moulds

    with known.make_known(tmp_path_factory.mktemp("mould") / "qltui.db") as store:
        return read_moulds(store, get_instrument("desi"))


@pytest.fixture(scope="session")
def season(tmp_path_factory, moulds):
    """Directory of a record of three nights with sixteen exposures each; the last night has all measurements."""
    from qltui.instruments.base import get_instrument
    from qltui.season.fill import fill
    from qltui.season.plan import SeasonPlan

    path = tmp_path_factory.mktemp("season") / "qltui.db"
    fill(path, get_instrument("desi"), moulds, SeasonPlan(3, 16, seed=3), limits='["limits"]', detailed=1)
    return path.parent
