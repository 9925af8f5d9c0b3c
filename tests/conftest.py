"""What all tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real files of the observatories, kept beside the checkout and not copied into it."""
    if not SHARED.is_dir():
        pytest.skip("real files of the observatory are not beside this checkout (../shared/data)")
    return SHARED


@pytest.fixture(scope="session")
def sample_data() -> Path:
    """The committed simulated night."""
    return ROOT / "sample_data"


@pytest.fixture(scope="session", autouse=True)
def own_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what programs remember of their user away from the user who runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state-home")))
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache-home")))
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[pytest.TestReport]:
    """Let what hostile names leave in the log of a test pass from one process of pytest to another."""
    report: pytest.TestReport = yield  # type: ignore[misc]
    report.sections = [(name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections]
    return report  # type: ignore[return-value]
