"""The night: watcher, queue, executors, worker, scheduler. `qltui.engine.running.run_engine` is the way in."""
