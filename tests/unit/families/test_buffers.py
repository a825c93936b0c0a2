"""Buffered modes at their limits (manual 3.6, 3.14): how much is held, and how the peer is kept waiting."""

from __future__ import annotations

import re

import pytest
from onemo.families.sockets.connection import Loss
from onemo.families.sockets.connections import Connections

from tests.support.driver import Driver
from tests.support.models import CAT1, NB, SERIES

PACKETS = dict.fromkeys(NB, 12) | dict.fromkeys(CAT1, 256) | {"ML305M": 128, "ML307M": 128, "ML307N": 128, "ML307H": 45}
WINDOWS = (
    dict.fromkeys(NB, 4096)
    | dict.fromkeys(("MN316A", "MN318", "MN319"), 2048)
    | dict.fromkeys(CAT1, 64240)
    | {"ML305U": 63920}
    | {"ML307H": 65535, "ML307X": 65534, "MR880A": 65535, "MN326A": 2048}
)


def read_all(driver: Driver) -> bytes:
    """Read all that stream-buffered instance 0 holds, 1000 bytes at a time."""
    data = b""
    while match := re.match(rb"\r\n\+MIPRD: 0,(\d+),(\d+),", answer := driver.ask("AT+MIPRD=0,1000")):
        start = match.end()
        data += answer[start : start + int(match[2])]
    return data


def buffered(series: str, protocol: str = "TCP") -> Driver:
    driver = Driver(series).boot()
    driver.ask(f'AT+MIPOPEN=0,"{protocol}","h",80,,{2 if protocol == "TCP" else 3}')
    driver.take()
    return driver


@pytest.mark.parametrize("series", SERIES)
def test_so_many_packets_are_held_and_the_next_is_dropped(series: str) -> None:
    driver = buffered(series, "UDP")
    for number in range(1, PACKETS[series] + 1):
        driver.world.peer_sends(0, b"%d" % (number % 10))
        assert driver.take() == b'\r\n+MIPURC: "rudp",0,%d\r\n' % number
    driver.world.peer_sends(0, b"late")
    assert driver.take() == b'\r\n+MIPURC: "drop",0,4\r\n'
    assert driver.answer("AT+MIPRD=0,1") == [f"+MIPRD: 0,{PACKETS[series] - 1},1,1", "OK"]
    driver.world.peer_sends(0, b"new")
    assert driver.take() == b'\r\n+MIPURC: "rudp",0,%d\r\n' % PACKETS[series]


@pytest.mark.parametrize("series", SERIES)
def test_so_many_pieces_of_a_stream_are_held_and_the_next_waits(series: str) -> None:
    driver = buffered(series)
    limit = PACKETS[series]
    driver.world.peer_sends(0, *[b"x"] * limit)
    driver.take()
    assert driver.modem.part(Connections)[0].credit() == 0
    driver.world.peer_sends(0, b"yz")
    assert driver.take() == b""
    told = driver.ask("AT+MIPRD=0,1")
    assert told.startswith(b"\r\n+MIPRD: 0,%d,1,x\r\n\r\nOK\r\n" % (limit - 1))
    assert told.endswith(b'\r\n+MIPURC: "rtcp",0,2,%d\r\n' % (limit + 1))


@pytest.mark.parametrize("series", SERIES)
def test_no_more_than_the_window_is_held_and_nothing_is_lost(series: str) -> None:
    driver = buffered(series)
    data = b"".join(b"%07d." % number for number in range(20_000))
    driver.world.peer_sends(0, data)
    last = re.findall(rb'"rtcp",0,(\d+),(\d+)\r\n', driver.take())[-1]
    held = min(WINDOWS[series], PACKETS[series] * 1460)
    assert int(last[1]) == held
    assert driver.modem.part(Connections)[0].credit() == 0
    assert driver.answer("AT+MIPRD=0") == [f"+MIPRD: 0,{held}", "OK"]
    assert read_all(driver) == data


def test_a_break_is_told_while_the_window_is_full_and_what_is_held_can_be_read() -> None:
    driver = buffered("ML307R")
    driver.ask('AT+MIPCFG="autofree",0,1')
    driver.world.peer_sends(0, b"x" * 100_000)
    driver.take()
    driver.world.peer_ends(0, Loss.BROKEN)
    assert driver.take() == b'\r\n+MIPURC: "disconn",0,2\r\n'
    assert read_all(driver) == b"x" * 64240


def test_a_fin_is_told_after_the_last_byte_was_buffered() -> None:
    driver = buffered("MN316")
    driver.ask('AT+MIPCFG="autofree",0,1')
    driver.world.peer_sends(0, b"x" * 5000)
    driver.world.peer_ends(0, Loss.PEER_CLOSED)
    driver.take()
    told = driver.ask("AT+MIPRD=0,1000")
    assert told.endswith(b'\r\n+MIPURC: "rtcp",0,904,4000\r\n\r\n+MIPURC: "disconn",0,1\r\n')
    assert read_all(driver) == b"x" * 4000


def test_switching_from_a_full_buffer_lets_the_peer_go_on() -> None:
    driver = buffered("MN316")
    driver.world.peer_sends(0, b"x" * 5000)
    driver.take()
    told = driver.ask("AT+MIPMODE=0,0")
    assert told.startswith(b"\r\n+MIPRD: 0,0,4096," + b"x" * 4096 + b"\r\n\r\nOK\r\n")
    assert told.endswith(b'\r\n+MIPURC: "rtcp",0,904,' + b"x" * 904 + b"\r\n")


def test_a_buffer_of_one_instance_is_not_anothers() -> None:
    driver = buffered("ML307R")
    driver.ask('AT+MIPOPEN=1,"TCP","h",80,,2')
    driver.world.peer_sends(0, b"zero")
    driver.world.peer_sends(1, b"one")
    driver.take()
    assert driver.answer("AT+MIPRD=1,0") == ["+MIPRD: 1,0,3,one", "OK"]
    assert driver.answer("AT+MIPRD=0,0") == ["+MIPRD: 0,0,4,zero", "OK"]


def test_a_connection_of_its_own_has_a_buffer_of_its_own() -> None:
    driver = buffered("ML307R")
    driver.world.peer_sends(0, b"old")
    driver.ask("AT+MIPCLOSE=0")
    driver.ask('AT+MIPOPEN=0,"TCP","h",80,,2')
    assert driver.answer("AT+MIPRD=0") == ["+MIPRD: 0,0", "OK"]
