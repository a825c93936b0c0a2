"""The one pattern language: of ``wait_for``, of the filters and steps of the control, and of ``contains`` of faults.

A pattern is a text, found anywhere in a line as it stands; ``*`` in it stands for anything, nothing too. Looking takes
time in proportion to the line, whatever the pattern says.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import AnyStr


def occurs(pattern: str, line: str) -> bool:
    """Tell whether the pattern is found in the line."""
    return _in_order(pattern.split("*"), line)


def occurs_in_bytes(pattern: bytes, data: bytes) -> bool:
    """Tell the same of bytes."""
    return _in_order(pattern.split(b"*"), data)


def _in_order(parts: Sequence[AnyStr], line: AnyStr) -> bool:
    at = 0
    for part in parts:
        at = line.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True
