"""What the screens remember between runs: columns, filters, the chosen metric, colours. A small file of JSON.

It is a convenience: where it cannot be read or written the screens begin as new, and say why.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from qltui.documents import parse_json

__all__ = ["Memory"]

_LARGEST: Final = 1_000_000
"""A larger file is none of ours [bytes]."""


class Memory:
    """Values by key; every change is written at once.

    Parameters
    ----------
    path : Path or None
        The file; None to remember nothing beyond this run.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self.fault = ""
        self._values: dict[str, Any] = self._load()

    def get(self, key: str, default: Any) -> Any:
        """Return what is kept under `key`; `default` where that is nothing, or of another type than `default`."""
        value = self._values.get(key, default)
        if default is None or value is None:
            return value
        if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        return value if type(value) is type(default) else default

    def set(self, key: str, value: Any) -> None:
        """Keep a value that JSON can hold; None forgets it."""
        if self._values.get(key) == value:
            return
        if value is None:
            self._values.pop(key, None)
        else:
            self._values[key] = value
        self._save({key: value})

    def _load(self) -> dict[str, Any]:
        if self._path is None:
            return {}
        try:
            if self._path.stat().st_size > _LARGEST:
                self.fault = f"{self._path} is too large to be ours and was not read"
                return {}
            values = parse_json(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            self.fault = f"{self._path} cannot be read: {error}"
            return {}
        return values if isinstance(values, dict) else {}

    def _save(self, change: Mapping[str, Any]) -> None:
        """Write what has changed on top of what another viewer may have written meanwhile."""
        if self._path is None:
            return
        values = {**self._load(), **change}
        values = {key: value for key, value in values.items() if value is not None}
        temporary = self._path.with_name(f".{self._path.name}.{os.getpid()}.tmp")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            try:
                temporary.write_text(json.dumps(values, indent=1, sort_keys=True), encoding="utf-8")
                temporary.replace(self._path)
            finally:
                temporary.unlink(missing_ok=True)
        except OSError as error:
            self.fault = f"choices are not kept: {self._path}: {error.strerror}"
