"""``python -m qltui.engine STATE``: the engine that a viewer starts; its settings come through its standard input."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the engine and return its exit status; what prevents it is said in one line."""
    from qltui.engine.executors import ExecutorError
    from qltui.engine.lock import AlreadyRunningError, StateDirectoryError
    from qltui.engine.privacy import private_files
    from qltui.engine.running import run_engine
    from qltui.engine.settings import EngineSettings
    from qltui.quality.limits_file import LimitsError
    from qltui.store.errors import StoreError

    try:
        settings = EngineSettings.from_json(sys.stdin.read())
        with private_files(settings.state, group=settings.group_access):
            return run_engine(settings)
    except AlreadyRunningError as error:
        print(error, file=sys.stderr)
        return 75
    except (StateDirectoryError, LimitsError, StoreError, ExecutorError, OSError) as error:
        print(error, file=sys.stderr)
        return 69


if __name__ == "__main__":
    sys.exit(main())
