"""The error of the simulator."""

from __future__ import annotations

__all__ = ["SimulationError"]


class SimulationError(ValueError):
    """Something was asked for that cannot be simulated; the message names the cause and what to do."""
