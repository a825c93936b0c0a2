"""The text of the character generator (RFC 864): lines of 72 characters, each beginning one further."""

from __future__ import annotations

from functools import cache

_PRINTING = bytes(range(0x20, 0x7F))
_WIDTH = 72
PERIOD = len(_PRINTING) * (_WIDTH + 2)
"""Bytes after which the text begins anew."""
SPAN = 8 * PERIOD
"""The most bytes that one piece of the text has."""


@cache
def text() -> bytes:
    """Make the text, so long that a piece of SPAN bytes can begin anywhere in the first PERIOD."""
    ring = 2 * _PRINTING
    once = b"".join(ring[line : line + _WIDTH] + b"\r\n" for line in range(len(_PRINTING)))
    return once * (1 + SPAN // PERIOD)
