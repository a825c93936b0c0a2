"""Payload codecs: what is written in a format is read back, and what is none is refused in one way."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onemo.at.payload import BadPayload, ReceiveFormat, SendFormat, decode, encode, typed_length

NAMED = {7: "a", 8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r", 0x22: '"', 0x5C: "\\"}
ESCAPE = re.compile(rb'\\(?:[rntabfv\\"]|x[0-9A-Fa-f]{2}|[0-7]{1,3})', re.DOTALL)


@given(st.binary())
def test_plain_data_is_itself(data: bytes) -> None:
    assert decode(data, SendFormat.ASCII) == data
    assert encode(data, ReceiveFormat.ASCII) == data


@given(st.binary())
def test_hex_in_either_case_comes_back(data: bytes) -> None:
    shown = encode(data, ReceiveFormat.HEX)
    assert shown == data.hex().upper().encode()
    assert len(shown) == typed_length(len(data), SendFormat.HEX)
    for typed in (shown, shown.lower(), shown.swapcase(), shown[: len(data)].lower() + shown[len(data) :]):
        assert decode(typed, SendFormat.HEX) == data


@given(st.one_of(st.binary(), st.text("0123456789abcdefABCDEFx \n").map(str.encode)))
def test_hex_that_is_none_is_refused(typed: bytes) -> None:
    if re.fullmatch(rb"(?:[0-9A-Fa-f]{2})*", typed):
        assert decode(typed, SendFormat.HEX) == bytes.fromhex(typed.decode())
    else:
        with pytest.raises(BadPayload):
            decode(typed, SendFormat.HEX)


@st.composite
def written(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """Bytes, and one of the ways to write them with escapes."""
    data = draw(st.binary(max_size=30))
    text = b""
    for index, byte in enumerate(data):
        ways = [b"\\x%02x" % byte, b"\\x%02X" % byte, b"\\%03o" % byte]
        ways += [b"\\" + NAMED[byte].encode()] if byte in NAMED else []
        ways += [bytes((byte,))] if byte not in (0x22, 0x5C) else []
        # A short octal escape must not be followed by what could be another digit of it.
        ways += [b"\\%o" % byte] if index + 1 == len(data) else []
        text += draw(st.sampled_from(ways))
    return data, text


@given(written())
def test_escapes_come_back(pair: tuple[bytes, bytes]) -> None:
    data, text = pair
    assert decode(text, SendFormat.ESCAPED) == data


@given(
    st.lists(st.sampled_from([b"\\", b"x", b"4", b"1", b"8", b"9", b'"', b"n", b"q", b"\r", b"\n", b"\xff"])).map(
        b"".join
    )
)
def test_what_is_no_escape_is_refused(text: bytes) -> None:
    rest = ESCAPE.sub(b"", text)
    try:
        data = decode(text, SendFormat.ESCAPED)
    except BadPayload:
        assert b"\\" in rest or re.search(rb"\\[4-7][0-7]{2}", text)
    else:
        assert b"\\" not in rest
        assert len(data) <= len(text)


@given(st.integers(0, 1460))
def test_typed_lengths(length: int) -> None:
    assert [typed_length(length, form) for form in SendFormat] == [length, 2 * length, length]
