"""COM port control, with pyserial's own client."""

from __future__ import annotations

import random
import socket
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

import pytest
import serial
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st
from onemo.link.interface import Link
from onemo.link.rfc2217 import Rfc2217Link, open_rfc2217
from serial import rfc2217

from tests.unit.link.lines import EVERY_BYTE, aside, echoing, fill, receive, send, until

T = TypeVar("T")
# pyserial calls Thread.setDaemon and setName.
pytestmark = pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")


@pytest.fixture
async def link(nursery: trio.Nursery) -> AsyncIterator[Rfc2217Link]:
    """A watched one."""
    with open_rfc2217() as link, trio.fail_after(20):
        nursery.start_soon(link.watch)
        yield link


async def with_dte(link: Link, use: Callable[[rfc2217.Serial], T], baud_rate: int = 115200) -> T:
    """Run a DTE in a thread, while the module sends all back, and return its findings."""

    def dte() -> T:
        with serial.serial_for_url(link.port, baud_rate, timeout=10) as port:
            assert isinstance(port, rfc2217.Serial)
            return use(port)

    async with echoing(link):
        return await aside(dte)


class Telnet:
    """A DTE that speaks it by hand."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream

    async def ask(self, *suboption: int) -> None:
        await self.stream.send_all(bytes([255, 250, 44, *suboption, 255, 240]))

    async def expect(self, *suboption: int) -> None:
        wanted, got = bytes([255, 250, 44, *suboption, 255, 240]), b""
        while wanted not in got:
            part = await self.stream.receive_some()
            assert part, got
            got += part


@pytest.fixture
async def telnet(link: Rfc2217Link) -> AsyncIterator[Telnet]:
    """One that agreed on COM port control."""
    async with await trio.open_tcp_stream("127.0.0.1", int(link.port.rpartition(":")[2])) as stream:
        await until(lambda: link.in_use)
        await stream.send_all(bytes([255, 253, 44]))
        async with echoing(link):
            telnet = Telnet(stream)
            await telnet.expect(107, 0x33)  # CTS and DSR are on, and news
        yield telnet


async def test_every_byte_both_ways(link: Rfc2217Link) -> None:
    def use(port: rfc2217.Serial) -> bytes:
        port.write(EVERY_BYTE + b"\xff\xff\xff")
        return bytes(port.read(259))

    assert await with_dte(link, use) == EVERY_BYTE + b"\xff\xff\xff"


async def test_bulk_arrives_whole(link: Rfc2217Link, telnet: Telnet) -> None:
    data = random.Random(1).randbytes(300_000) + b"\xff" * 100_000
    escaped = data.replace(b"\xff", b"\xff\xff")
    got = bytearray()
    async with trio.open_nursery() as nursery, echoing(link):
        nursery.start_soon(telnet.stream.send_all, escaped)
        while len(got) < len(escaped):
            got += await telnet.stream.receive_some()
    assert got == escaped


async def test_the_dte_sets_the_speed(link: Rfc2217Link) -> None:
    assert link.baud_rate == 115200
    seen: list[int] = []

    def use(port: rfc2217.Serial) -> None:
        seen.append(link.baud_rate)
        port.baudrate = 460800
        seen.append(link.baud_rate)

    await with_dte(link, use, 9600)
    assert seen == [9600, 460800]


async def test_what_came_before_a_new_speed_is_read_at_the_old_one(link: Rfc2217Link, telnet: Telnet) -> None:
    """However few reads it takes: the module asks for the speed of what it has read."""
    speeds = [bytes([255, 250, 44, 1, *rate.to_bytes(4, "big"), 255, 240]) for rate in (9600, 57600)]
    await telnet.stream.send_all(b"one" + speeds[0] + b"two" + speeds[1])
    read: list[tuple[int, bytes]] = []
    while len(read) < 2:
        await link.wait_readable()
        if data := link.read_now(100):
            read.append((link.dte_baud_rate, data))
    assert read == [(0, b"one"), (9600, b"two")]


async def test_lines_both_ways(link: Rfc2217Link) -> None:
    told: list[tuple[bool, bool]] = []
    link.on_lines = lambda dtr, rts: told.append((dtr, rts))
    shown: list[tuple[bool, bool, bool, bool]] = []

    def use(port: rfc2217.Serial) -> None:
        port.dtr = False
        port.rts = False
        shown.append((port.cts, port.dsr, port.cd, port.ri))
        trio.from_thread.run_sync(lambda: link.show(cd=True))
        port.dtr = True  # its answer comes after the news
        shown.append((port.cts, port.dsr, port.cd, port.ri))
        trio.from_thread.run_sync(lambda: link.show(cd=False, cts=False, ri=True))
        port.rts = True
        shown.append((port.cts, port.dsr, port.cd, port.ri))

    await with_dte(link, use)
    with trio.move_on_after(0.1):
        await receive(link, 1)
    await until(lambda: link.lines == (False, False))
    opened = [(True, False), (True, True)]
    assert told == [*opened, (False, True), (False, False), (True, False), (True, True), (False, False)]
    assert shown == [(True, True, False, False), (True, True, True, False), (False, True, False, True)]


async def test_a_line_changes_between_the_bytes_around_it(link: Rfc2217Link, telnet: Telnet) -> None:
    seen: list[bytes | tuple[bool, bool]] = []
    link.on_lines = lambda dtr, rts: seen.append((dtr, rts))
    await telnet.stream.send_all(
        b"one" + bytes([255, 250, 44, 5, 8, 255, 240]) + bytes([255, 250, 44, 5, 9, 255, 240]) + b"two"
    )
    while seen[-1:] != [b"two"]:
        await link.wait_readable()
        if data := link.read_now(4096):
            seen.append(data)
    assert seen == [b"one", (True, False), (False, False), b"two"]


async def test_the_limit_holds_within_one_packet(link: Rfc2217Link, telnet: Telnet) -> None:
    await telnet.stream.send_all(b"a" + b"\xff\xff" + bytes([255, 250, 44, 5, 8, 255, 240]) + b"bcdef")
    got = b""
    while len(got) < 7:
        await link.wait_readable()
        if data := link.read_now(2):
            assert len(data) <= 2
            got += data
    assert got == b"a\xffbcdef"


async def test_purging_what_the_module_sent(link: Rfc2217Link, telnet: Telnet) -> None:
    await fill(link)
    link.write_now(b"\xff" * 5000)
    await telnet.ask(12, 1)
    with trio.move_on_after(0.1):
        await receive(link, 1)
    await telnet.expect(112, 1)
    await link.wait_writable()
    assert link.write_now(b"fresh") == 5
    assert await telnet.stream.receive_some() == b"fresh"


async def test_purging_what_the_dte_sent(link: Rfc2217Link, telnet: Telnet) -> None:
    await telnet.stream.send_all(b"stale" + bytes([255, 250, 44, 12, 2, 255, 240]) + b"fresh")
    await link.wait_readable()
    assert link.read_now(4096) == b"fresh"
    await telnet.expect(112, 2)


async def test_escaped_bytes_survive_a_full_line(link: Rfc2217Link, telnet: Telnet) -> None:
    total, got, taken = 1_500_000, 0, 0
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:

            @nursery.start_soon
            async def write() -> None:
                nonlocal taken
                await send(link, b"\xff" * total)
                taken = total

            await trio.testing.wait_all_tasks_blocked()
            for _ in range(3):  # answers between them
                await telnet.ask(1, 0, 0, 0, 0)
                with trio.move_on_after(0.02):
                    await receive(link, 1)
            stream = bytearray()
            while got < total:
                stream += await telnet.stream.receive_some(65536)
                answers = stream.count(bytes([255, 250, 44, 101, 0, 1, 0xC2, 0, 255, 240]))
                got = (len(stream) - 10 * answers) // 2
        scope.cancel()
    assert answers == 3
    assert stream.count(b"\xff") == 2 * total + 3 * 2


async def test_a_dte_that_does_not_read_answers_is_not_asked_for_more(link: Rfc2217Link, telnet: Telnet) -> None:
    sent = 0
    async with echoing(link):
        while True:
            with trio.move_on_after(0.2) as patience:
                await telnet.stream.send_all(bytes([255, 250, 44, 7, 255, 240]) * 10_000)
            if patience.cancelled_caught:
                break
            sent += 1
            assert sent < 1000
        assert len(link._control) < 100_000
        await fill(link)


async def test_a_second_dte_is_turned_away(link: Rfc2217Link, telnet: Telnet) -> None:
    async with await trio.open_tcp_stream("127.0.0.1", int(link.port.rpartition(":")[2])) as second:
        assert await second.receive_some() == b""
    assert link.in_use


async def test_reconnecting_a_hundred_times(link: Rfc2217Link, caplog: pytest.LogCaptureFixture) -> None:
    def dtes() -> None:
        for turn in range(100):
            with socket.create_connection(("127.0.0.1", int(link.port.rpartition(":")[2]))) as dte:
                got = b""
                dte.sendall(b"%d\r" % turn)
                while not got.endswith(b"%d\r" % turn):
                    part = dte.recv(100)
                    assert part
                    got += part

    async with echoing(link):
        await aside(dtes)
    assert not caplog.records


MALFORMED = [
    bytes([255, 240]),
    bytes([255, 250, 44, 1, 1, 255, 240]),
    bytes([255, 250, 44, 3, 99, 255, 240]),
    bytes([255, 250, 44, 4, 99, 255, 240]),
    bytes([255, 250, 44, 2, 99, 255, 240]),
    bytes([255, 250, 44, 10, 255, 240]),
    bytes([255, 250, 44, 99, 255, 240]),
    bytes([255, 250, 255, 240]),
    bytes([255, 250, 1]) + bytes(100) + bytes([255, 240]),
]


@pytest.mark.parametrize("malformed", MALFORMED)
async def test_malformed_requests_do_no_harm(link: Rfc2217Link, telnet: Telnet, malformed: bytes) -> None:
    await telnet.stream.send_all(malformed)
    async with echoing(link):
        await telnet.ask(1, 0, 0, 37, 128)
        await telnet.expect(101, 0, 0, 37, 128)
    assert link.baud_rate == 9600


async def test_a_subnegotiation_that_never_ends_is_bounded(
    link: Rfc2217Link, telnet: Telnet, caplog: pytest.LogCaptureFixture
) -> None:
    async with echoing(link):
        for _ in range(3):
            await telnet.stream.send_all(bytes([255, 250]) + bytes(10_000))
        await telnet.ask(1, 0, 0, 37, 128)
        await telnet.expect(101, 0, 0, 37, 128)
    assert "does not end" in caplog.text
    assert len(caplog.records) == 1


@settings(max_examples=50)
@given(st.lists(st.one_of(st.binary(max_size=20), st.sampled_from(MALFORMED), st.sampled_from([b"\xff\xfa\x2c"]))))
def test_any_bytes_are_taken(parts: list[bytes]) -> None:
    async def main() -> None:
        with open_rfc2217() as link:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(link.watch)
                async with await trio.open_tcp_stream("127.0.0.1", int(link.port.rpartition(":")[2])) as stream:
                    await until(lambda: link.in_use)
                    await stream.send_all(b"".join(parts))
                while link.in_use:
                    with trio.move_on_after(0.01):
                        await link.wait_readable()
                    while link.read_now(100) is not None:
                        pass
                    link._tcp._leave_at = link._tcp._patience.deadline = trio.current_time()
                nursery.cancel_scope.cancel()

    trio.run(main)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.one_of(st.binary(min_size=1, max_size=9), st.sampled_from([b"\xff", b"\xff\xff"])), min_size=1),
    st.lists(st.integers(1, 20), min_size=1),
    st.integers(1, 20),
)
def test_any_cut_gives_the_same_bytes(parts: list[bytes], cuts: list[int], limit: int) -> None:
    """However the bytes come, and however many are asked for."""
    near, far = socket.socketpair()
    with open_rfc2217() as link, near, far:
        near.setblocking(False)
        link._tcp._dte = near
        link._on_dte(True)
        plain, got = b"".join(parts), b""
        rest = plain.replace(b"\xff", b"\xff\xff")
        while rest:
            size = cuts[0]
            cuts = [*cuts[1:], size]
            far.sendall(rest[:size])
            rest = rest[size:]
            while (data := link.read_now(limit)) is not None:
                assert 0 < len(data) <= limit
                got += data
        assert got == plain
        link._tcp._dte = None


async def test_a_plain_telnet_talks_too(link: Rfc2217Link) -> None:
    async with await trio.open_tcp_stream("127.0.0.1", int(link.port.rpartition(":")[2])) as stream:
        await until(lambda: link.in_use)
        assert (await stream.receive_some()).startswith(rfc2217.IAC + rfc2217.WILL)
        await stream.send_all(b"AT\r")
        assert await receive(link, 3) == b"AT\r"


async def test_what_is_sent_while_no_dte_is_there_is_lost(link: Rfc2217Link) -> None:
    assert link.write_now(bytes(100_000)) == 100_000
    await link.wait_writable()
