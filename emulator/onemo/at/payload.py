"""The codec of payload: its form on the line, and its bytes (manual 3.1, <send_format> and <recv_format>)."""

from __future__ import annotations

import re
from enum import IntEnum

from onemo.errors import EmulatorError


class SendFormat(IntEnum):
    """The form of inline data: <send_format>."""

    ASCII = 0
    HEX = 1
    ESCAPED = 2


class ReceiveFormat(IntEnum):
    """The form of received data: <recv_format>."""

    ASCII = 0
    HEX = 1


class BadPayload(EmulatorError):
    """Inline data that its format does not allow."""


_ESCAPE = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|([0-7]{1,3})|(.)|$)", re.DOTALL)
_SIMPLE = {
    b"r": b"\r", b"n": b"\n", b"t": b"\t", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v", b"\\": b"\\", b'"': b'"',
}  # fmt: skip
_HEX = re.compile(rb"(?:[0-9A-Fa-f]{2})*")


def decode(text: bytes, form: SendFormat) -> bytes:
    """Return the bytes that text stands for.

    Raises BadPayload: odd or foreign HEX, an unknown escape, an octal escape over 377.
    """
    if form is SendFormat.ASCII:
        return text
    if form is SendFormat.HEX:
        if _HEX.fullmatch(text) is None:
            raise BadPayload("no HEX string")
        return bytes.fromhex(text.decode("ascii"))
    return _ESCAPE.sub(_unescape, text) if b"\\" in text else text


def encode(data: bytes, form: ReceiveFormat) -> bytes:
    """Return data as it is printed: unchanged, or as upper-case HEX."""
    return data.hex().upper().encode("ascii") if form is ReceiveFormat.HEX else data


def typed_length(length: int, form: SendFormat) -> int:
    """Return the number of characters between the quotes that a <send_length> of length stands for (manual 3.5)."""
    return 2 * length if form is SendFormat.HEX else length


def _unescape(match: re.Match[bytes]) -> bytes:
    hexadecimal, octal, simple = match.groups()
    if hexadecimal is not None:
        return bytes.fromhex(hexadecimal.decode("ascii"))
    if octal is not None:
        value = int(octal, 8)
        if value > 255:
            raise BadPayload("an octal escape over 377")
        return bytes((value,))
    if simple in _SIMPLE:
        return _SIMPLE[simple]
    raise BadPayload("an unknown escape")
