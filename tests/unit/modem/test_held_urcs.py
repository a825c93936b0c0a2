"""Held and dropped URCs: they never keep the module from reading on."""

from __future__ import annotations

import pytest
from onemo.families.sockets.connection import Loss
from onemo.families.sockets.connections import Connections

from tests.support.driver import Driver

HIGH_MARK = 65536
DISCARD = 0.2
"""Seconds of silence after which lines are read again."""


@pytest.fixture
def driver() -> Driver:
    """A module with a TCP connection, and a UDP connection whose URCs are printed in hexadecimal."""
    driver = Driver("ML307R").boot()
    driver.ask('AT+MIPOPEN=0,"TCP","h",80')
    driver.ask('AT+MIPOPEN=1,"UDP","h",80')
    driver.ask('AT+MIPCFG="encoding",1,0,1')
    return driver


def hold_back(driver: Driver) -> bytes:
    """A datagram whose URC is longer than the high mark; returns its data as the URC prints it."""
    data = b"x" * 40_000
    assert 2 * len(data) > HIGH_MARK
    driver.world.peer_sends(1, data)
    assert driver.take() == b"", "a URC came at the wrong time"
    return data.hex().upper().encode()


# A prompt.


@pytest.mark.parametrize("payload", [b"abcdefgh", b"AT+CGMM\r", b"\x1a\x1b+++\r\n\r"])
def test_a_prompt_takes_its_payload_under_any_urcs(driver: Driver, payload: bytes) -> None:
    assert driver.ask(f"AT+MIPSEND=0,{len(payload)}") == b"\r\n>"
    printed = hold_back(driver)
    driver.type(payload[:3])
    driver.type(payload[3:])
    assert driver.untaken == 0
    assert driver.world.got(0) == payload
    heard = driver.take()
    assert f"+MIPSEND: 0,{len(payload)}".encode() in heard
    assert heard.count(b"OK\r\n") == 1
    assert printed in heard
    driver.wait(1000)
    assert driver.take() == b""
    assert driver.answer("AT+CGMM") == ["ML307R", "OK"]


def test_a_prompt_under_many_urcs(driver: Driver) -> None:
    """URCs that are announced although they would not fit are among them."""
    driver.ask('AT+MIPOPEN=2,"TCP","h",80')
    driver.ask("AT+MIPSEND=0,4")
    for size in [1400] * 100 + list(range(300, 0, -1)):
        driver.world.peer_sends(1, b"y" * size)
    driver.world.peer_ends(2, Loss.BROKEN)
    driver.type(b"abcd")
    assert driver.world.got(0) == b"abcd"
    assert b'\r\n+MIPURC: "disconn",2,2\r\n' in driver.take()


def test_a_prompt_under_held_urcs_times_out(driver: Driver) -> None:
    driver.ask("AT+MIPSEND=0,8")
    printed = hold_back(driver)
    driver.type(b"AT+")
    driver.wait(1000)
    heard = driver.take()
    assert driver.world.got(0) == b"AT+"
    assert printed in heard
    assert b"\r\n+MIPSEND: 0,3\r\n" in heard


# Escape from a prompt.


@pytest.mark.parametrize("loss", Loss)
def test_escape_ends_a_prompt_whose_connection_was_lost(driver: Driver, loss: Loss) -> None:
    driver.ask("AT+MIPSEND=0")
    driver.world.peer_ends(0, loss)
    driver.type(b"never sent\x1b")
    heard = driver.take()
    assert heard.startswith(b"\r\nOK\r\n")
    assert b'+MIPURC: "disconn",0' in heard
    assert driver.world.got(0) == b""


# Transparent mode.


def test_transparent_mode_brings_its_data_under_any_urcs() -> None:
    driver = Driver("ML307R").boot()
    driver.ask('AT+MIPOPEN=1,"UDP","h",80')
    driver.ask('AT+MIPCFG="encoding",1,0,1')
    assert driver.answer('AT+MIPOPEN=0,"TCP","h",80,,1') == ["OK", "CONNECT"]
    printed = hold_back(driver)
    assert driver.modem.part(Connections)[0].credit() > 0
    driver.world.peer_sends(0, b"down" * 10)
    assert driver.take() == b"down" * 10
    driver.type(b"up" * 10)
    driver.wait(1)
    assert driver.world.got(0) == b"up" * 10
    driver.type(b"+++")
    driver.wait(1)
    heard = driver.take()
    assert heard.startswith(b"\r\nOK\r\n")
    assert printed in heard


def test_urcs_that_a_prompt_kept_back_come_before_connect(driver: Driver) -> None:
    driver.world.hold("open", 2)
    assert driver.answer('AT+MIPOPEN=2,"TCP","h",80,,1') == ["OK"]
    assert driver.ask("AT+MIPSEND=0,4") == b"\r\n>"
    driver.world.peer_sends(1, b"kept")
    driver.world.finish_open(2)
    assert driver.take() == b""
    driver.type(b"abcd")
    assert driver.take() == (b'\r\n+MIPSEND: 0,4\r\n\r\nOK\r\n\r\n+MIPURC: "rudp",1,4,6B657074\r\n\r\nCONNECT\r\n')
    driver.world.peer_sends(2, b"payload")
    assert driver.take() == b"payload"


def test_what_comes_after_a_loss_is_discarded_however_full_the_line() -> None:
    driver = Driver("ML307R").boot()
    driver.ask('AT+MIPOPEN=0,"TCP","h",80,,1')
    driver.line_room = 0
    driver.world.peer_sends(0, *[b"x" * 60_000] * 3)
    assert driver.modem.first.transmitter.full
    driver.report(lambda: driver.modem.part(Connections)[0].fail(Loss.BROKEN))
    driver.type(b"payload AT\rAT+CGMM\r")
    assert driver.untaken == 0
    driver.wait(2 * DISCARD)
    driver.line_room = None
    driver._flush()
    driver.report(lambda: None)
    assert driver.take().strip(b"x") == b'\r\n+MIPURC: "disconn",0,2\r\n'
    assert driver.answer("AT") == ["OK"]
