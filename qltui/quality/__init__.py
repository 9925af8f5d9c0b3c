"""Judging: value and limits to status, verdict and alarms."""
