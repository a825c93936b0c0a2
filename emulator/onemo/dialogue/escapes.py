r"""Bytes as text on one line: printable ASCII stands for itself, everything else is an escape.

Escapes are those of C: ``\r \n \t \a \b \f \v \\ \" \'``, ``\xHH`` and one to three octal digits.
"""

from __future__ import annotations

import re

NAME = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
"""The place of a value."""
_SIMPLE = {"r": 13, "n": 10, "t": 9, "a": 7, "b": 8, "f": 12, "v": 11, "\\": 92, '"': 34, "'": 39}
_WRITTEN = {13: "\\r", 10: "\\n", 9: "\\t", 92: "\\\\"}
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|([0-3]?[0-7]{1,2})|(.?))", re.DOTALL)


def latin(text: str) -> bytes:
    """Encode text of one byte a character. Raises ValueError when a character is none."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError as error:
        raise ValueError(f"{text[error.start]!r} is no byte; write its bytes as escapes, like \\xe4") from None


def unescaped(text: str) -> bytes:
    """Read text with escapes. Raises ValueError when an escape is none, or a character is no byte."""

    def byte(match: re.Match[str]) -> str:
        if match[1] is not None:
            return chr(int(match[1], 16))
        if match[2] is not None:
            return chr(int(match[2], 8))
        if match[3] not in _SIMPLE:
            raise ValueError(
                f"{match[0]} is no escape; there are \\r \\n \\t \\a \\b \\f \\v \\\\ \\\" \\' \\xHH and octal ones"
            )
        return chr(_SIMPLE[match[3]])

    return latin(_ESCAPE.sub(byte, text))


def escaped(data: bytes) -> str:
    """Write data as text for ``unescaped``, which neither ends in a blank nor holds the place of a value."""
    text = "".join(_WRITTEN.get(byte) or (chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}") for byte in data)
    if text.endswith(" "):
        text = text[:-1] + "\\x20"
    return NAME.sub(lambda match: "\\x7b" + match[0][1:], text)


def plain(data: bytes) -> bool:
    """Tell whether data is text that needs no escape."""
    text = data.decode("latin-1")
    return text.isascii() and text.isprintable() and not text.endswith(" ") and not NAME.search(text)
