"""The formats of inline data (manual 3.1, <send_format> and <recv_format>)."""

from __future__ import annotations

import pytest
from onemo.at.payload import BadPayload, ReceiveFormat, SendFormat, decode, encode


@pytest.mark.parametrize(
    ("text", "data"),
    [
        (rb"\r\n\t\a\b\f\v", b"\r\n\t\a\b\f\v"),
        (rb"\\\"", b'\\"'),
        (rb"\x41\x0a\xFf", b"A\n\xff"),
        (rb"\0\7\12\101\377", b"\0\7\nA\xff"),
        (rb"\1012", b"A2"),
        (rb"\08\1a", b"\x008\x01a"),
        (rb"\\x41", rb"\x41"),
        (rb"\x411", b"A1"),
        (b"plain \xff\x00\n", b"plain \xff\x00\n"),
        (b"", b""),
    ],
)
def test_escapes(text: bytes, data: bytes) -> None:
    assert decode(text, SendFormat.ESCAPED) == data


@pytest.mark.parametrize(
    "text",
    [
        rb"\q",
        rb"\400",
        rb"\777",
        rb"\8",
        rb"\9",
        rb"\x",
        rb"\x4",
        rb"\xg0",
        rb"\x 1",
        rb"\'",
        rb"\R",
        rb"\N",
        b"\\\n",
        b"\\",
        b"a\\",
        b"\\\xff",
    ],
)
def test_anything_else_after_a_backslash_is_refused(text: bytes) -> None:
    with pytest.raises(BadPayload):
        decode(b"before" + text, SendFormat.ESCAPED)


@pytest.mark.parametrize(
    "text",
    [b"4", b"4a4", b"4g", b"4a 4b", b" 4a", b"4a\n", b"0x4a", b"\xff\xff", b"-1", "\N{FULLWIDTH DIGIT FOUR}".encode()],
)
def test_hex_that_is_none(text: bytes) -> None:
    with pytest.raises(BadPayload):
        decode(text, SendFormat.HEX)


def test_hex() -> None:
    assert decode(b"4a4B00fF", SendFormat.HEX) == b"JK\x00\xff"
    assert decode(b"", SendFormat.HEX) == b""
    assert encode(b"JK\x00\xff\n", ReceiveFormat.HEX) == b"4A4B00FF0A"


def test_plain() -> None:
    assert decode(rb"\x41", SendFormat.ASCII) == rb"\x41"
    assert encode(b"\x00\xff\r\n", ReceiveFormat.ASCII) == b"\x00\xff\r\n"
