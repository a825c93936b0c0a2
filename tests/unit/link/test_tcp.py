"""The TCP port, opened as DTEs do."""

from __future__ import annotations

import logging
import random
import select
import socket
import struct
from collections.abc import AsyncIterator

import pytest
import serial
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st
from onemo.errors import LinkError, UsageError
from onemo.link.interface import Link
from onemo.link.tcp import TcpLink, open_tcp, parse_endpoint

from tests.unit.link.lines import EVERY_BYTE, aside, echoing, fill, receive, send, until


@pytest.fixture
async def tcp(nursery: trio.Nursery) -> AsyncIterator[TcpLink]:
    """A watched one."""
    with open_tcp() as link, trio.fail_after(20):
        nursery.start_soon(link.watch)
        yield link


def number(link: TcpLink) -> int:
    return int(link.port.rpartition(":")[2])


def connect(link: TcpLink) -> socket.socket:
    return socket.create_connection(("127.0.0.1", number(link)), timeout=10)


async def connected(link: TcpLink) -> trio.SocketStream:
    """A DTE that the link serves."""
    before = link._dte
    stream = await trio.open_tcp_stream("127.0.0.1", number(link))
    await until(lambda: link._dte is not before and link.in_use)
    return stream


async def test_pyserial_talks_to_it(tcp: TcpLink) -> None:
    line: Link = tcp
    assert line.port == f"socket://127.0.0.1:{number(tcp)}"

    def dte() -> bytes:
        with serial.serial_for_url(tcp.port, timeout=10) as port:
            port.write(EVERY_BYTE)
            return bytes(port.read(256))

    async with echoing(line):
        assert await aside(dte) == EVERY_BYTE


async def test_what_is_sent_while_no_dte_is_there_is_lost(tcp: TcpLink) -> None:
    for _ in range(100):
        assert tcp.write_now(bytes(65536)) == 65536
        await tcp.wait_writable()
    stream = await connected(tcp)
    await send(tcp, b"RDY")
    assert await stream.receive_some() == b"RDY"
    await stream.aclose()


async def test_a_second_dte_is_turned_away(tcp: TcpLink, caplog: pytest.LogCaptureFixture) -> None:
    first = await connected(tcp)
    began = trio.current_time()
    second = await trio.open_tcp_stream("127.0.0.1", number(tcp))
    assert await second.receive_some() == b""
    assert trio.current_time() - began >= 0.25
    assert "turned a second DTE away" in caplog.text
    async with echoing(tcp):
        await first.send_all(b"AT\r")
        assert await first.receive_some() == b"AT\r"
    await first.aclose()
    await second.aclose()


async def test_one_that_comes_before_the_first_has_gone_is_served(tcp: TcpLink) -> None:
    first = await connected(tcp)
    second = await trio.open_tcp_stream("127.0.0.1", number(tcp))
    await trio.sleep(0.05)
    await first.aclose()
    async with echoing(tcp):
        await second.send_all(b"AT\r")
        assert await second.receive_some() == b"AT\r"
    await second.aclose()


async def test_a_first_that_left_behind_what_nobody_reads_does_not_keep_the_second_out(tcp: TcpLink) -> None:
    first = await connected(tcp)
    await first.send_all(b"AT\r")
    await first.aclose()
    second = await connected(tcp)
    await second.send_all(b"ATI\r")
    assert await receive(tcp, 4) == b"ATI\r"
    await second.aclose()


async def test_reconnecting_a_hundred_times(tcp: TcpLink, caplog: pytest.LogCaptureFixture) -> None:
    def dtes() -> None:
        for turn in range(100):
            with connect(tcp) as dte:
                dte.sendall(b"%d\r" % turn)
                assert dte.recv(100) == b"%d\r" % turn
                if turn % 2:  # a reset
                    dte.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    async with echoing(tcp):
        await aside(dtes)
    assert not caplog.records


async def test_a_dte_that_sends_no_more_still_reads_for_half_a_second(tcp: TcpLink) -> None:
    stream = await connected(tcp)
    await stream.send_all(b"ATI\r")
    await stream.send_eof()
    assert await receive(tcp, 4) == b"ATI\r"
    with trio.move_on_after(0.2):
        while tcp.read_now(100) is None:
            await tcp.wait_readable()
    await send(tcp, b"OK")
    assert await stream.receive_some() == b"OK"
    assert await stream.receive_some() == b""
    await until(lambda: not tcp.in_use)
    await stream.aclose()


async def test_a_dte_that_does_not_read_stops_the_module(tcp: TcpLink) -> None:
    stream = await connected(tcp)
    taken = await fill(tcp)
    assert taken < 10_000_000
    got = 0
    while got < taken:
        got += len(await stream.receive_some(65536))
    await tcp.wait_writable()
    assert tcp.write_now(b"!") == 1
    assert await stream.receive_some() == b"!"
    await stream.aclose()


async def test_a_module_that_does_not_read_stops_the_dte(tcp: TcpLink) -> None:
    with connect(tcp) as dte:
        dte.setblocking(False)
        await until(lambda: tcp.in_use)
        sent = 0
        while select.select([], [dte], [], 0.1)[1]:
            sent += dte.send(bytes(65536))
        assert sent < 20_000_000
        assert await receive(tcp, sent) == bytes(sent)


async def test_the_module_survives_a_dte_that_goes_while_the_line_is_full(tcp: TcpLink) -> None:
    stream = await connected(tcp)
    await fill(tcp)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(send, tcp, bytes(10_000_000))
        await trio.testing.wait_all_tasks_blocked()
        await stream.aclose()
    assert not tcp.in_use


async def test_bulk_arrives_whole(tcp: TcpLink) -> None:
    data = random.Random(1).randbytes(1_000_000)
    stream = await connected(tcp)
    async with trio.open_nursery() as nursery, echoing(tcp):
        nursery.start_soon(stream.send_all, data)
        got = bytearray()
        while len(got) < len(data):
            got += await stream.receive_some()
    assert got == data
    await stream.aclose()


async def test_it_tells_of_dtes(tcp: TcpLink) -> None:
    told: list[bool] = []
    tcp.on_dte = told.append
    stream = await connected(tcp)
    await stream.aclose()
    with trio.move_on_after(0.1):
        await receive(tcp, 1)
    await until(lambda: not tcp.in_use)
    assert told == [True, False]


async def test_closing_ends_whoever_waits() -> None:
    async def reads(link: TcpLink) -> None:
        with pytest.raises(trio.ClosedResourceError):
            await link.wait_readable()

    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            link = open_tcp()
            nursery.start_soon(link.watch)
            stream = await connected(link)
            nursery.start_soon(reads, link)
            await trio.testing.wait_all_tasks_blocked()
            link.close()
            link.close()
        assert await stream.receive_some() == b""
        await stream.aclose()


def test_a_port_that_is_taken() -> None:
    with open_tcp() as link, pytest.raises(LinkError, match="in use: choose"):
        open_tcp("127.0.0.1", number(link))


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid", "a" * 70])
def test_a_host_that_is_not_this_one(host: str) -> None:
    with pytest.raises(LinkError, match="choose an address of this host"):
        open_tcp(host, 0)


def test_ipv6() -> None:
    try:
        link = open_tcp("::1")
    except LinkError as error:
        pytest.skip(f"no IPv6 on this host: {error}")
    with link:
        assert link.port.startswith("socket://[::1]:")


async def test_a_host_without_descriptors_is_told_of_and_goes_on(
    tcp: TcpLink, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real, failures = socket.socket.accept, [24, 24]

    def accept(listener: socket.socket) -> tuple[socket.socket, object]:
        if failures:
            raise OSError(failures.pop(), "Too many open files")
        return real(listener)

    monkeypatch.setattr("socket.socket.accept", accept)
    await (await connected(tcp)).aclose()
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("127.0.0.1:7000", ("127.0.0.1", 7000)),
        (":7000", ("127.0.0.1", 7000)),
        ("7000", ("127.0.0.1", 7000)),
        ("0.0.0.0:0", ("0.0.0.0", 0)),
        ("localhost:65535", ("localhost", 65535)),
        ("[::1]:7000", ("::1", 7000)),
    ],
)
def test_endpoints(text: str, endpoint: tuple[str, int]) -> None:
    assert parse_endpoint(text) == endpoint


@pytest.mark.parametrize(
    "text", ["", "host", "host:", "host:65536", "::1:7000", "[::1:7000", "::1]:7", "a b:1", "h:-1"]
)
def test_no_endpoints(text: str) -> None:
    with pytest.raises(UsageError, match="write HOST:PORT"):
        parse_endpoint(text)


@given(st.text(max_size=20))
def test_any_text_is_an_endpoint_or_refused(text: str) -> None:
    try:
        host, port = parse_endpoint(text)
    except UsageError:
        return
    assert host
    assert 0 <= port <= 65535
