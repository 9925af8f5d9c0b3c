"""qltui: a quick-look monitor for a night of observing, in the terminal."""

__version__ = "0.1.0"
