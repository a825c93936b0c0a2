"""TOML files."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from onemo.errors import UsageError


def read_toml(path: Path) -> dict[str, Any]:
    """Read a file. Raises UsageError: it cannot be read, or is no TOML."""
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:  # ValueError: also what is no UTF-8, and a number without end
        raise UsageError(f"{path}: is not TOML: {error}") from error
