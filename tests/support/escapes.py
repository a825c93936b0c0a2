r"""Bytes as Python writes them, without the quotes: ``\r``, ``\x1a``, and ``\\`` for a backslash."""

from __future__ import annotations


def unescaped(text: str) -> bytes:
    """Raises ValueError when an escape is none, or a character is no byte."""
    return text.encode("latin-1").decode("unicode_escape").encode("latin-1")


def escaped(data: bytes) -> str:
    """What unescaped makes data of."""
    return data.decode("latin-1").encode("unicode_escape").decode("ascii")
