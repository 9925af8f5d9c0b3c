"""``python -m qltui``."""

from __future__ import annotations

import sys

from qltui.cli import main

if __name__ == "__main__":
    sys.exit(main())
