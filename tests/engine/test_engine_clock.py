"""The clock of the machine is set back, and forward, while an exposure is reduced."""

from __future__ import annotations

import time

import pytest
from engine_fakes import INSTRUMENT, Running, exposure_file

from qltui.engine.settings import EngineSettings
from qltui.store.record import Store

OFF = tuple(camera.name for camera in INSTRUMENT.cameras if camera.name not in ("b0", "r0", "z0"))


@pytest.mark.parametrize("jump", [-3600.0, 86400.0])
def test_a_clock_that_jumps_changes_no_duration_and_raises_no_alarm(tmp_path, monkeypatch, jump):
    (tmp_path / "data").mkdir()
    settings = EngineSettings(
        str(tmp_path / "data"), str(tmp_path / "state"), slots=2, settle_seconds=0.1, rescan_seconds=0.2,
        entry="engine_fakes:reduce", warm=False, nice=0, cameras_off=OFF,
    )  # fmt: skip
    began = time.monotonic()
    offset = [0.0]
    clock = time.time
    monkeypatch.setattr(time, "time", lambda: clock() + offset[0])
    engine = Running(settings, instrument=INSTRUMENT)
    try:
        exposure_file(tmp_path / "data", 1, do={"b0": f"wait:{tmp_path / 'go'}"})
        engine.until("b0 CHECK FIBERS ended")
        offset[0] = jump
        exposure_file(tmp_path / "data", 2)
        engine.until("2 is ready")
        (tmp_path / "go").touch()
        engine.until("1 is ready")
    finally:
        assert engine.stop() == 0
    assert not [text for text in engine.texts if "stuck" in text or "killed" in text or "too long" in text]
    with Store.open(settings.database, read_only=True) as store:
        rows = store.exposures(20191001)
        assert sorted(row.exposure.expid for row in rows) == [1, 2]
        assert all(row.status.value == "NORMAL" for row in rows)
        assert all(0.0 <= row.seconds <= time.monotonic() - began for row in rows)
