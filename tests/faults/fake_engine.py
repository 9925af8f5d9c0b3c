"""An engine in a process of its own whose cameras do what the raw file says; told through its standard input."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "engine"))

if __name__ == "__main__":
    from engine_fakes import INSTRUMENT

    from qltui.engine.privacy import private_files
    from qltui.engine.running import run_engine
    from qltui.engine.settings import EngineSettings

    settings = EngineSettings.from_json(sys.stdin.read())
    with private_files(settings.state, group=settings.group_access):
        limit = settings.options.get("step_timeout")
        steps = INSTRUMENT.steps
        if limit is not None:
            steps = tuple(dataclasses.replace(step, timeout=float(limit)) for step in steps)
        sys.exit(run_engine(settings, instrument=dataclasses.replace(INSTRUMENT, steps=steps)))
