"""Passwords of commands, in pieces of any size."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onemo.dialogue.passwords import Passwords, without_password
from onemo.runtime.secrets import Masked

LINE = b'AT+MQTTCONN=0,"h,x",1883,"c","u","sec,ret"\r'
SHOWN = b'AT+MQTTCONN=0,"h,x",1883,"c","u","*******"\r'


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (LINE, SHOWN),
        (b'at+mqttconn=0,"h",,,,pw\r', b'at+mqttconn=0,"h",,,,**\r'),
        (b'AT+MQTTCONN=0,"h",1883,"c","u"\r', b'AT+MQTTCONN=0,"h",1883,"c","u"\r'),
        (b"AT+MQTTCONN=?\r", b"AT+MQTTCONN=?\r"),
        (b'AT+MFWCFG="auth","u","pw"\r', b'AT+MFWCFG="auth","u","**"\r'),
        (b'\r\n+MFWCFG: "auth","u","pw"\r\n', b'\r\n+MFWCFG: "auth","u","**"\r\n'),
        (b'AT+MFWCFG="url","http://h/a,b"\r', b'AT+MFWCFG="url","http://h/a,b"\r'),
        (b"\r\n+MQTTCONN: <connect_id>,<host>,<port>,<clientID>,<user>,<passwd>\r\n", None),
        (b'AT+CSQ;+MQTTCONN=0,"h",1,"c","u","pw"\rAT+CSQ\r', b'AT+CSQ;+MQTTCONN=0,"h",1,"c","u","**"\rAT+CSQ\r'),
        (b'AT+MQTTCONN=0,"h",1,"c","u","pw', b'AT+MQTTCONN=0,"h",1,"c","u","**'),
        (b'AT+MSSLPSK="dev,1","00ff"\r', b'AT+MSSLPSK="dev,1","****"\r'),
        (b"at+msslpsk=dev,00ff\rAT\r", b"at+msslpsk=dev,****\rAT\r"),
        (b'AT+MIPLCREATEEX="h",1,code,"12ab",id\r', b'AT+MIPLCREATEEX="h",1,****,"****",id\r'),
        (b"AT+MIPLCREATE=2,13AB,0,2,0\r", b"AT+MIPLCREATE=2,****,0,2,0\r"),
        (b'\r\n+MIPLDEVINFO: "h",0,,"12ab"\r\n', b'\r\n+MIPLDEVINFO: "h",0,,"****"\r\n'),
    ],
)
def test_the_password_alone_is_masked(line: bytes, shown: bytes | None) -> None:
    assert without_password(line) == (shown or line)


@given(st.lists(st.integers(1, 8), max_size=12), st.booleans())
def test_in_pieces(sizes: list[int], twice: bool) -> None:
    text = b"AT\r" + LINE * (1 + twice) + b'AT+MIPSEND=0,,"sec,ret"\r'
    expected = b"AT\r" + SHOWN * (1 + twice) + b'AT+MIPSEND=0,,"sec,ret"\r'
    passwords, masked, rest = Passwords(), Masked(answers=False), text
    found, through = b"", b""
    for size in [*sizes, len(text)]:
        piece, rest = rest[:size], rest[size:]
        found += bytes(passwords.show(piece, piece, 0x0D))
        through += bytes(masked.show(piece, 0x0D))
    assert found == expected
    assert through == expected


@given(st.lists(st.binary(max_size=12), max_size=8))
def test_all_else_is_shown_as_it_is(pieces: list[bytes]) -> None:
    passwords = Passwords()
    shown = b"".join(bytes(passwords.show(piece, piece, 0x0D)) for piece in pieces)
    text = b"".join(pieces)
    if b"MQTTCONN" not in text.upper():
        assert shown == text
    assert len(shown) == len(text)
