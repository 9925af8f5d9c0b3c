"""What the record says of one cell of the grid: a camera in a step."""

from __future__ import annotations

from qltui.tables.cells import cell_reason, cell_status, first_judgement, step_view, worst_cell

__all__ = ["cell_reason", "cell_status", "first_judgement", "step_view", "worst_cell"]
