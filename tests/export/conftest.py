"""A record with one real process of each instrument, made by a real engine once for all tests of the export."""

from __future__ import annotations

from pathlib import Path

import pytest
from export_nights import reduced_night

from qltui.config import Config


@pytest.fixture(scope="session", params=["desi", "decam"])
def night(request: pytest.FixtureRequest, sample_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Config:
    """A record with one exposure of a few cameras."""
    return reduced_night(request.param, sample_data, tmp_path_factory.mktemp(f"export-{request.param}"))


@pytest.fixture(scope="session")
def desi_night(sample_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Config:
    """The same for what does not depend on the instrument."""
    return reduced_night("desi", sample_data, tmp_path_factory.mktemp("export-one"))
