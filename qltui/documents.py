"""TOML and JSON that others wrote: what is nested too deeply is refused like what is no TOML or JSON at all."""

from __future__ import annotations

import json
import tomllib
from typing import Any

__all__ = ["parse_json", "parse_toml"]


def parse_toml(text: str) -> dict[str, Any]:
    """Return what a TOML document says.

    Raises
    ------
    tomllib.TOMLDecodeError
        Where it is none, or one that nobody writes.
    """
    try:
        return tomllib.loads(text)
    except RecursionError:
        # Without the chain of a thousand calls behind it.
        raise tomllib.TOMLDecodeError("values are nested too deeply") from None
    except ValueError as error:
        if isinstance(error, tomllib.TOMLDecodeError):
            raise
        # A number of more digits than are ever converted, or a date that no calendar has.
        raise tomllib.TOMLDecodeError(str(error)) from error


def parse_json(text: str | bytes) -> Any:
    """Return what a JSON document says.

    Raises
    ------
    ValueError
        Where it is none, or one that nobody writes.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("values are nested too deeply") from None
