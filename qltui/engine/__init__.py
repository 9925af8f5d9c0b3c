"""The night: watcher, queue, executors, worker, scheduler. `qltui.engine.engine.run_engine` is the way in."""
