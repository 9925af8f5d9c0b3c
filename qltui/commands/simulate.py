"""``qltui simulate``: write a raw exposure with known truth."""

from __future__ import annotations

from qltui.simulate.command import add_arguments, main

__all__ = ["DESCRIPTION", "EPILOG", "add_arguments", "main"]

DESCRIPTION = "Write a raw exposure of DESI, with faults if you like, and its truth beside it."
EPILOG = """\
examples:
  qltui simulate night --size mini --obstype SCIENCE --expid 3579 --night 20191001 --seed 1
  qltui simulate night --size mini --obstype SCIENCE --expid 3580 --fault noisy_amplifier:b3:C:25
"""
