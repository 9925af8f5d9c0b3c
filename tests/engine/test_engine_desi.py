"""The engine over simulated DESI exposures: from the file to the verdict in the record."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from engine_fakes import Running

from qltui.engine.settings import EngineSettings
from qltui.model import Status
from qltui.store.record import Store

NIGHT = 20191001
ZERO, FAULTY = 3574, 3579


@pytest.fixture
def night(tmp_path, sample_data):
    """Return a function that lets an exposure of the sample night arrive, whole or cut off."""
    data = tmp_path / "data"
    data.mkdir()

    def arrive(expid, cut=None):
        source = sample_data / f"{NIGHT}" / f"{expid:08d}"
        target = data / f"{NIGHT}" / f"{expid:08d}"
        target.mkdir(parents=True, exist_ok=True)
        for file in source.iterdir():
            if file.name.startswith("desi-"):
                continue
            shutil.copyfile(file, target / file.name)
        (raw,) = source.glob("desi-*.fits.fz")
        # No checksum beside it: the engine is to find out by itself that a file is complete.
        for file in target.glob("checksum*"):
            file.unlink()
        (target / raw.name).write_bytes(raw.read_bytes()[:cut])

    return arrive


def test_a_zero_and_a_faulty_science_exposure(tmp_path, sample_data, night):
    settings = EngineSettings(
        str(tmp_path / "data"),
        str(tmp_path / "state"),
        str(sample_data / "calib"),
        slots=2,
        settle_seconds=0.2,
        rescan_seconds=0.5,
        nice=0,
    )
    engine = Running(settings)
    try:
        night(ZERO)
        night(FAULTY, cut=1_000_000)
        engine.until(f"Exposure {ZERO} is ready: NORMAL, all 30 cameras good", timeout=120.0)
        engine.until(f"desi-{FAULTY:08d}.fits.fz:", timeout=60.0)
        with Store.open(settings.database, read_only=True) as store:
            assert store.engine().incomplete == 1
        night(FAULTY)
        engine.until(f"Exposure {FAULTY} is ready: ALARM", timeout=120.0)
    finally:
        assert engine.stop() == 0
    with Store.open(settings.database, read_only=True) as store:
        assert store.engine().incomplete == 0
        view = store.process_view(store.process_numbers(expid=FAULTY)[0])
        assert store.alarms()
    culprits = " | ".join(words for _, words in view.verdict.culprits)
    for words in ("b3 C  noise", "r1 B  bias", "r5  traces dx", "b7  traces dy", "z2 ", "z8  not in the file"):
        assert words in culprits
    assert [step.status for step in view.cameras["b0"].steps[:2]] == [Status.NORMAL] * 2
    assert view.cameras["z8"].status is Status.MISSING
    # The night's own zero is what the bias is compared with.
    assert f"{ZERO:08d}" in view.cameras["b0"].calibrations["biaslevels"]
    products = tmp_path / "state" / "products" / f"{NIGHT}" / f"{FAULTY:08d}"
    assert [path.name for path in products.iterdir()] == [f"{view.number:06d}"]
    assert not list(Path(products).rglob("*tmp*"))
