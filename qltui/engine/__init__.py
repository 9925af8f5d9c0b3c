"""The night: watcher, queue, executors, scheduler, worker."""
