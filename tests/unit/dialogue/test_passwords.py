"""Passwords of commands, in pieces of any size."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from onemo.at.grammar import MalformedLine, arguments, body, next_command
from onemo.dialogue.corrected import BACKSPACE
from onemo.dialogue.passwords import Passwords, without_password
from onemo.runtime.secrets import Masked
from onemo.wire.framer import Framer

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
        (b'AT+MLBSCFG="apikey","a,b"\r', b'AT+MLBSCFG="apikey","***"\r'),
        (b"AT+MLBSCFG=SignKey,ab\r", b"AT+MLBSCFG=SignKey,**\r"),
        (b'AT+MLBSCFG="pid","ab"\r', b'AT+MLBSCFG="pid","**"\r'),
        (b'AT+MLBSCFG="method",40\r', b'AT+MLBSCFG="method",40\r'),
        # Names and parameters that were corrected, as typed and as echoed; control characters mean nothing.
        (b"AT+MSSLPX\bSK=dev,00ff\r", b"AT+MSSLPX\bSK=dev,****\r"),
        (b"AT+MSSLPX\b \bSK=dev,00ff\r", b"AT+MSSLPX\b \bSK=dev,****\r"),
        (b"AT+MSSL\x01PSK=dev,00ff\r", b"AT+MSSL\x01PSK=dev,****\r"),
        (
            b"AT+MSSL" + 90 * b"x" + 90 * b"\b" + b"PSK=dev,00ff\r",
            b"AT+MSSL" + 90 * b"x" + 90 * b"\b" + b"PSK=dev,****\r",
        ),
        (b"AT+MSSLPSK=dev,\b,00ff\r", b"AT+MSSLPSK=dev,\b,****\r"),
        (b'AT+MSSLPSK="de"\bv,",00ff\r', b'AT+MSSLPSK="de"\bv,",****\r'),
        (b"AT+MSSLPX=\b\bSK=dev,00ff\r", b"AT+MSSLPX=\b\bSK=dev,****\r"),
        (b"AT+MSSLPSK=\b\bK=dev,00ff\r", b"AT+MSSLPSK=\b\bK=dev,****\r"),
        (b'AT+MLBSCFG="apiX\bkey","ab"\r', None),
        (b"AT+MLBSCFG=apiX\bkey,ab\r", b"AT+MLBSCFG=apiX\bkey,**\r"),
        (b"AT+MQTTCONNS=\b\b=0,h,1,c,u,pw\r", b"AT+MQTTCONNS=\b\b=0,h,1,c,u,**\r"),
        # A string that is taken back: its first quote, too.
        (b'AT+MSSLPSK="de"\b\b\b\bdev,00ff\r', b'AT+MSSLPSK="de"\b\b\b\bdev,****\r'),
        (b'AT+MSSLPSK="de"\b\b\b\b"dev","00ff"\r', b'AT+MSSLPSK="de"\b\b\b\b"dev","****"\r'),
        (b'AT+MSSLPSK="d' + 3000 * b"e" + b'"x\b,00ff\r', b'AT+MSSLPSK="d' + 3000 * b"e" + b'"x\b*****\r'),
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
        found += bytes(passwords.show(piece, piece))
        through += bytes(masked.show(piece, 0x0D))
    assert found == expected
    assert through == expected


@given(st.lists(st.integers(1, 8), max_size=40), st.integers(0, 120), st.booleans(), st.booleans())
def test_a_name_that_was_corrected_in_pieces(sizes: list[int], count: int, answers: bool, keys: bool) -> None:
    back = b"\b \b" if answers else b"\b"
    wrong, start = count * b"x" + count * back, b"AT+MSSLKEY" if keys else b"AT+MSSLP"
    rest = start + wrong + (b'WR="n",0,4,"SECR"\r' if keys else b"SK=dev,SECR\r") + b"AT+CSQ\r"
    masked, shown, text = Masked(answers=answers), b"", rest
    for size in [*sizes, len(text)]:
        piece, rest = rest[:size], rest[size:]
        shown += bytes(masked.show(piece, 0x0D))
    assert len(shown) == len(text)
    assert b"SECR" not in shown
    assert shown.startswith(start + wrong)
    assert answers is False or shown.endswith(b"\rAT+CSQ\r")


def test_another_character_takes_back() -> None:
    masked = Masked(answers=False)
    assert masked.show(b"AT+MSSLP?_SK=dev,00ff\r", 0x0D, 0, ord("_")) == b"AT+MSSLP?_SK=dev,****\r"


_TYPED = st.lists(
    st.sampled_from([b"\b", b"_", b"\x01", b'"', b",", b"x", b" ", b"K", b'"h"', b'"c,"', b"AT+CSQ;", b"\r"])
    | st.sampled_from([b"AT+", b"mqttconn=", b"MQTT", b"CONN", b"=", b'0,"h",1,"c","u"', b',"333"', b",3"]),
    max_size=30,
)


@settings(max_examples=500)
@given(_TYPED, st.lists(st.integers(1, 8), max_size=40), st.sampled_from([8, 95, 75]), st.booleans())
@example([b"AT+", b"MQTT", b"CONN", b"=", b'0,"h",1,"c","u"', b',"333"', b"\r", *[b"\b"] * 60], [], 8, False)
@example([b"AT+", b"MQTT", b"x", b"_", b"CONN", b"=", b'0,"h",1,"c","u"', b',"333"', b"\r"], [], 95, True)
@example([b"AT+", b"mqttconn=", b"0,", b'"h"', b"\b", b"\b", b"\b", b'"h",1,"c","u"', b',"333"', b"\r"], [], 8, True)
def test_whatever_is_typed_nothing_of_a_password_is_shown(
    typed: list[bytes], sizes: list[int], editing: int, echoed: bool
) -> None:
    """The framer and the grammar say whether it is one."""
    text = b"".join(typed)
    framer = Framer(4096, 1.0, 0.05)
    framer.characters(0x0D, 0x0A, editing)
    framer.echo = True
    framer.command()
    framer.receive(text or b"\r", 0)
    secret = 0
    while isinstance(line := framer.next_event(0), bytes):
        secret += _of_password(line)
        framer.command()
    rest = framer.take_echo() if echoed else text
    masked, shown = Masked(answers=echoed), b""
    for size in [*sizes, len(rest)]:
        piece, rest = rest[:size], rest[size:]
        shown += masked.show(piece, 0x0D, 0, BACKSPACE if echoed else editing)
    assert secret < text.count(b"3") or b"3" not in shown


def _of_password(line: bytes) -> int:
    """Count the 3 in the passwords of a line's commands."""
    position, text, found = 0, b"", 0
    with suppress(MalformedLine):
        text = body(line)
        while (command := next_command(text, position)) is not None:
            values, position = ((), command.end) if command.complete else arguments(text, command.end)
            password = values[5] if command.name == b"MQTTCONN" and len(values) > 5 else None
            found += password.text.count(b"3") if password is not None else 0
    return found


@given(st.lists(st.binary(max_size=12), max_size=8))
def test_all_else_is_shown_as_it_is(pieces: list[bytes]) -> None:
    passwords = Passwords()
    shown = b"".join(bytes(passwords.show(piece, piece)) for piece in pieces)
    text = b"".join(pieces)
    if b"MQTTCONN" not in text.upper():
        assert shown == text
    assert len(shown) == len(text)
