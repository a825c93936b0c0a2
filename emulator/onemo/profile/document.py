"""Files that a user names: read up to a length, as TOML or as text."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import tomli

from onemo.errors import UsageError

LONGEST = 1 << 24
"""Bytes of a file."""
_DEEPEST = 32
_LARGEST = 1023
"""Bits of a whole number: it has a float, and can be shown."""
_BEYOND = f"a whole number in it has more than {_LARGEST} bits"


def read_bytes(path: Path) -> bytes:
    """Read a file. Raises OSError, which says why in words; one that has no end is too long."""
    with path.open("rb") as file:
        data = file.read(LONGEST + 1)
    if len(data) > LONGEST:
        raise OSError(errno.EFBIG, f"it is longer than {LONGEST >> 20} MiB")
    return data


def read_text(path: Path) -> str:
    """Read a file of UTF-8, with LF for every line end. Raises OSError, UnicodeDecodeError."""
    return read_bytes(path).decode().replace("\r\n", "\n").replace("\r", "\n")


def parse_toml(data: bytes | str, *, checked: bool = True) -> dict[str, Any]:
    """Parse TOML. checked: not one of ours. Raises ValueError, which says what is wrong."""
    try:
        document = tomli.loads(data if isinstance(data, str) else data.decode())
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    except (UnicodeDecodeError, tomli.TOMLDecodeError):
        raise
    except ValueError:  # thousands of digits, of which Python makes no number
        raise ValueError(_BEYOND) from None
    if checked:
        _check(document)
    return document


def read_toml(path: Path) -> dict[str, Any]:
    """Read a file. Raises UsageError: it cannot be read, or is no TOML."""
    try:
        return parse_toml(read_bytes(path))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}; name a file that can be read") from error
    except ValueError as error:  # also what is no UTF-8
        raise UsageError(f"{path}: is not TOML: {error}") from error


def _check(document: dict[str, Any]) -> None:
    """Raise ValueError for what the rest of the program need not be ready for: depth, and endless numbers."""
    waiting: list[tuple[object, int]] = [(document, 0)]
    while waiting:
        value, depth = waiting.pop()
        if isinstance(value, dict | list):
            if depth > _DEEPEST:
                raise ValueError("it is nested too deep")
            inner = value.values() if isinstance(value, dict) else value
            waiting += [(each, depth + 1) for each in inner]
        elif isinstance(value, int) and value.bit_length() > _LARGEST:
            raise ValueError(_BEYOND)
