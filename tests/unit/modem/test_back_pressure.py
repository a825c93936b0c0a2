"""A DTE that does not read: answers and streams wait, datagrams are dropped whole, and memory stays bounded."""

from __future__ import annotations

import re

import pytest
from onemo.families.sockets.connection import Loss
from onemo.families.sockets.connections import Connections
from onemo.faults.say import parse_fault
from onemo.faults.seams.events import happen

from tests.support.driver import Driver

HIGH_MARK = 65536
PIECE = 1460


@pytest.fixture(params=["ML307R", "MN316"])
def driver(request: pytest.FixtureRequest) -> Driver:
    """A module with a TCP and a UDP connection, whose DTE has stopped reading."""
    driver = Driver(request.param).boot()
    driver.ask('AT+MIPOPEN=0,"TCP","h",80')
    driver.ask('AT+MIPOPEN=1,"UDP","h",80')
    driver.take()
    driver.line_room = 0
    return driver


def waiting(driver: Driver) -> int:
    transmitter = driver.modem.first.transmitter
    return len(driver.take()) + transmitter.size + transmitter._urc_size


def read_all(driver: Driver, step: int) -> bytes:
    out = driver.take()
    while True:
        driver.read_more(step)
        got = driver.take()
        if not got:
            return out
        out += got


@pytest.mark.parametrize("step", [700, 10_000])
def test_no_command_is_read_and_no_answer_lost(driver: Driver, step: int) -> None:
    driver.type(b"AT+CGMM\r" * 20_000)
    assert driver.untaken > 0
    assert waiting(driver) <= HIGH_MARK + 1000
    assert read_all(driver, step).count(b"OK") == 20_000
    assert driver.untaken == 0


def test_one_line_of_many_commands_is_bounded_by_the_length_of_a_line(driver: Driver) -> None:
    driver.type((b"AT" + b"+MIPSTATE?;" * 740 + b"\r") * 50)
    assert waiting(driver) <= HIGH_MARK + 740 * 400
    assert driver.untaken > 0


def test_a_stream_is_read_no_further_and_nothing_of_it_is_lost(driver: Driver) -> None:
    data = b"".join(b"%07d." % number for number in range(100_000))
    driver.world.peer_sends(0, data)
    assert driver.modem.part(Connections)[0].credit() == 0
    assert waiting(driver) <= HIGH_MARK + 2 * PIECE
    pieces = re.findall(rb'\r\n\+MIPURC: "rtcp",0,(\d+),([\d.]+)\r\n', read_all(driver, 5000))
    assert b"".join(piece for _, piece in pieces) == data
    assert all(int(length) == len(piece) <= PIECE for length, piece in pieces)


def test_datagrams_are_dropped_whole_newest_first_and_counted(driver: Driver) -> None:
    sent = [b"%04d" % number + b"x" * 500 for number in range(1000)]
    driver.world.peer_sends(1, *sent)
    assert waiting(driver) <= HIGH_MARK + 2 * PIECE
    urcs = re.findall(rb'\r\n\+MIPURC: "rudp",1,504,(\d{4}x{500})\r\n', read_all(driver, 5000))
    assert urcs == sent[: len(urcs)]
    assert 100 < len(urcs) < 1000
    assert driver.modem.first.transmitter.dropped == 1000 - len(urcs)
    driver.line_room = None
    driver.world.peer_sends(1, b"again")
    assert driver.take() == b'\r\n+MIPURC: "rudp",1,5,again\r\n'


def test_the_end_of_a_connection_is_told_after_its_last_byte(driver: Driver) -> None:
    driver.world.peer_sends(0, b"y" * 200_000)
    driver.world.peer_ends(0, Loss.PEER_CLOSED)
    out = read_all(driver, 5000)
    assert out.count(b"y") == 200_000
    assert out.endswith(b'\r\n+MIPURC: "disconn",0,1\r\n')


def test_other_notices_are_never_dropped(driver: Driver) -> None:
    driver.world.peer_sends(0, b"y" * 200_000)
    for _ in range(3):
        driver.world.peer_sends(1, *[b"z" * 500] * 500)
    driver.read_more(100_000_000)
    driver.take()
    driver.line_room = 0
    driver.world.peer_sends(1, *[b"z" * 500] * 500)
    driver.world.peer_ends(1, Loss.BROKEN)
    assert read_all(driver, 5000).endswith(b'\r\n+MIPURC: "disconn",1,2\r\n')


@pytest.mark.parametrize("silent", [0, 1])
def test_a_console_that_nobody_reads_holds_up_no_other(silent: int) -> None:
    driver = Driver("ML307R", consoles=2).boot()
    driver.go_to(silent)
    driver.line_room = 0
    driver.type(b"AT+CGMM\r" * 20_000)
    assert driver.untaken > 0
    driver.go_to(1 - silent)
    assert driver.answer('AT+MIPOPEN=0,"TCP","h",80') == ["OK", "+MIPOPEN: 0,0"]
    driver.type(b"AT+CGMM\r" * 20_000)
    assert driver.untaken == 0
    assert driver.take().count(b"OK") == 20_000
    driver.go_to(silent)
    assert read_all(driver, 10_000).count(b"OK") == 20_000


def test_urcs_that_the_first_console_does_not_read_slow_their_peer_alone() -> None:
    """Transparent mode of the second console goes on meanwhile, and the other way round."""
    driver = Driver("ML307R", consoles=2).boot()
    driver.ask('AT+MIPOPEN=0,"TCP","h",80')
    driver.line_room = 0
    driver.go_to(1)
    driver.ask('AT+MIPOPEN=1,"TCP","h",80,,1')
    data = bytes(10 * HIGH_MARK)
    driver.world.peer_sends(0, data)
    assert driver.modem.part(Connections)[0].credit() == 0
    driver.world.peer_sends(1, data)
    assert driver.take() == data
    driver.line_room = 0
    driver.world.peer_sends(1, data)
    assert driver.modem.part(Connections)[1].credit() == 0
    driver.go_to(0)
    assert read_all(driver, 10_000).count(b"\0") == len(data)


@pytest.mark.parametrize(
    ("model", "command", "events"),
    [
        ("ML307G", "AT+CTZR=2", ("zone quarters=36",)),
        ("ML307R", "AT+CEREG=2", ("handover band=8", "handover band=3")),
        ("ML307R", "AT", ("sim-remove", "sim-insert")),
        ("ML307R", "AT+CGEREP=2", ("pdp-deactivate cid=1", "registration-back")),
        ("ML307G", "AT+MEMMTIMER=1", ("emm-timer id=0 seconds=5",)),
        ("ML307A-DSLN", "AT+CUSD=1", ("ussd text=Hello",)),
    ],
)
def test_events_without_end_are_told_within_bounds(model: str, command: str, events: tuple[str, ...]) -> None:
    driver = Driver(model).boot()
    driver.ask(command)
    driver.line_room = 0
    faults = [parse_fault(text) for text in events]
    for number in range(6000):
        fault = faults[number % len(faults)]
        driver.report(lambda fault=fault: happen(driver.modem, fault, driver.now))  # type: ignore[misc]
        if fault.kind.name in ("sim-insert", "registration-back"):
            driver.wait(1)
    assert waiting(driver) <= HIGH_MARK + 1000
