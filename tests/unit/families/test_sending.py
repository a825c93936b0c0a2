"""The bytes that MIPSEND takes (manual 3.5), and the URCs into which received data is cut (3.14)."""

from __future__ import annotations

import pytest

from tests.support.driver import Driver
from tests.support.models import SERIES

CME_50 = ["+CME ERROR: 50"]


@pytest.fixture(params=SERIES)
def driver(request: pytest.FixtureRequest) -> Driver:
    """A module with a TCP connection 0 and a UDP connection 1."""
    driver = Driver(request.param).boot()
    driver.ask('AT+MIPOPEN=0,"TCP","h",80')
    driver.ask('AT+MIPOPEN=1,"UDP","h",80')
    return driver


@pytest.mark.parametrize("connect_id", [0, 1])
def test_inline_data_is_1460_bytes_at_most(driver: Driver, connect_id: int) -> None:
    most = "a" * 1460
    for length in ("", "0", "1460"):
        sent = driver.answer(f'AT+MIPSEND={connect_id},{length},"{most}"')
        assert sent == [f"+MIPSEND: {connect_id},1460", "OK"]
        if connect_id:
            assert driver.world.got(connect_id) == most.encode()
    for length in ("", "0", "1461", "1460"):
        assert driver.answer(f'AT+MIPSEND={connect_id},{length},"{most}a"') == CME_50


def test_in_hex_as_well(driver: Driver) -> None:
    driver.ask('AT+MIPCFG="encoding",0,1,0')
    if driver.model.profile.line.max_line < 2 * 1460:  # it does not hold so much
        assert driver.answer(f'AT+MIPSEND=0,1460,"{"a5" * 1460}"') == ["ERROR"]
        return
    assert driver.answer(f'AT+MIPSEND=0,1460,"{"a5" * 1460}"') == ["+MIPSEND: 0,1460", "OK"]
    assert driver.world.got(0) == b"\xa5" * 1460
    assert driver.answer(f'AT+MIPSEND=0,0,"{"a5" * 1461}"') == CME_50


def test_and_escaped_where_what_is_meant_counts(driver: Driver) -> None:
    if driver.answer('AT+MIPCFG="encoding",0,2,0') == CME_50:  # MR880A takes no escapes
        return
    assert driver.answer(f'AT+MIPSEND=0,0,"{chr(92)}x41{"a" * 1459}"') == ["+MIPSEND: 0,1460", "OK"]
    assert driver.answer(f'AT+MIPSEND=0,0,"{chr(92)}x41{"a" * 1460}"') == CME_50


def test_the_send_timeout_is_the_time_that_a_full_stack_has(driver: Driver) -> None:
    driver.ask('AT+MIPSEND=0,1,"a"')
    assert driver.world.sends[-1].timeout == 10
    set_it = driver.answer('AT+MIPCFG="timeout",0,33')
    driver.ask('AT+MIPSEND=0,1,"a"')
    assert (set_it, driver.world.sends[-1].timeout) in ((["OK"], 33), (CME_50, 10))


def test_a_stream_comes_in_pieces_of_1460_bytes_at_most(driver: Driver) -> None:
    driver.take()
    driver.world.peer_sends(0, b"x" * 3000)
    piece = b'\r\n+MIPURC: "rtcp",0,1460,' + b"x" * 1460 + b"\r\n"
    assert driver.take() == piece * 2 + b'\r\n+MIPURC: "rtcp",0,80,' + b"x" * 80 + b"\r\n"


@pytest.mark.parametrize("length", [1460, 1461, 4000])
def test_a_datagram_is_unbroken(driver: Driver, length: int) -> None:
    driver.take()
    driver.world.peer_sends(1, b"x" * length)
    assert driver.take() == b'\r\n+MIPURC: "rudp",1,%d,' % length + b"x" * length + b"\r\n"


# IPv6 datagrams with a sequence number.


@pytest.mark.parametrize("series", ["MN316A", "MN319"])
def test_an_ipv6_datagram_with_a_sequence_number_leaves_room_for_its_headers(series: str) -> None:
    driver = Driver(series).boot()
    driver.world.over_ipv6(0)
    driver.ask('AT+MIPOPEN=0,"UDP","2001:db8::1",80')
    assert driver.answer(f'AT+MIPSEND=0,0,"{"a" * 1232}",0,1')[:2] == ["+MIPSEND: 0,1232", "OK"]
    assert driver.answer(f'AT+MIPSEND=0,0,"{"a" * 1233}",0,1') == CME_50
    assert driver.answer(f'AT+MIPSEND=0,1233,"{"a" * 1233}",,1') == CME_50
    assert driver.answer(f'AT+MIPSEND=0,0,"{"a" * 1460}",0') == ["+MIPSEND: 0,1460", "OK"], (
        "without one there is no limit"
    )
    driver.ask('AT+MIPCFG="encoding",0,1,0')
    assert driver.answer(f'AT+MIPSEND=0,0,"{"a5" * 1232}",0,1')[:2] == ["+MIPSEND: 0,1232", "OK"]
    assert driver.answer(f'AT+MIPSEND=0,0,"{"a5" * 1233}",0,1') == CME_50


@pytest.mark.parametrize(("series", "ipv6"), [("MN316A", False), ("MN319", False), ("MN316", True), ("MN318", True)])
def test_others_do_not(series: str, ipv6: bool) -> None:
    driver = Driver(series).boot()
    if ipv6:
        driver.world.over_ipv6(0)
    driver.ask('AT+MIPOPEN=0,"UDP","h",80')
    assert driver.answer(f'AT+MIPSEND=0,0,"{"a" * 1460}",0,1')[:2] == ["+MIPSEND: 0,1460", "OK"]


def test_the_limit_ends_with_its_connection() -> None:
    driver = Driver("MN316A").boot()
    driver.world.over_ipv6(0)
    driver.ask('AT+MIPOPEN=0,"UDP","2001:db8::1",80')
    driver.ask("AT+MIPCLOSE=0")
    driver.ask('AT+MIPOPEN=0,"UDP","192.0.2.1",80')
    assert driver.answer(f'AT+MIPSEND=0,0,"{"a" * 1460}",0,1')[:2] == ["+MIPSEND: 0,1460", "OK"]


# Lines.


@pytest.mark.parametrize("series", ["ML307R", "MN316"])
def test_a_line_of_8192_bytes_is_read_and_one_more_is_too_long(series: str) -> None:
    driver = Driver(series).boot()
    head, tail = 'AT+MIPOPEN=0,"TCP","h",', "80"
    longest = head + " " * (8192 - len(head) - len(tail)) + tail
    assert len(longest) == 8192
    assert driver.answer(longest) == ["OK", "+MIPOPEN: 0,0"]
    assert driver.answer(longest.replace("=0", "=1").replace("  80", "   80")) == ["ERROR"]
    assert driver.answer("AT+MIPSTATE=1") == ['+MIPSTATE: 1,,,,"INITIAL"', "OK"]


def test_what_follows_the_end_of_a_line_that_is_too_long_is_a_line() -> None:
    driver = Driver("ML307R").boot()
    driver.type(b"AT" + b"+" * 20_000)
    assert driver.take() == b""
    driver.type(b"+" * 20_000 + b"\rAT\r")
    assert driver.take() == b"\r\nERROR\r\n\r\nOK\r\n"
