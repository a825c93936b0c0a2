"""The line as a TCP client: a server that is there, that is not there yet, that hangs up and comes again."""

from __future__ import annotations

import logging
import socket
from collections.abc import AsyncIterator, Iterator

import pytest
import trio
from onemo.errors import UsageError
from onemo.link.tcp_client import TcpClientLink, parse_target

from tests.unit.link.lines import EVERY_BYTE, echoing, receive, send, until


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.fixture
async def client(nursery: trio.Nursery, listener: socket.socket) -> AsyncIterator[TcpClientLink]:
    with TcpClientLink("127.0.0.1", listener.getsockname()[1]) as link, trio.fail_after(20):
        nursery.start_soon(link.watch)
        yield link


async def accepted(listener: socket.socket) -> trio.SocketStream:
    await trio.lowlevel.wait_readable(listener)
    return trio.SocketStream(trio.socket.from_stdlib_socket(listener.accept()[0]))


async def test_bytes_go_both_ways(client: TcpClientLink, listener: socket.socket) -> None:
    assert client.port == f"tcp://127.0.0.1:{listener.getsockname()[1]}"
    async with await accepted(listener) as server, echoing(client):
        await server.send_all(EVERY_BYTE)
        heard = b""
        while len(heard) < len(EVERY_BYTE):
            heard += await server.receive_some()
    assert heard == EVERY_BYTE


async def test_it_connects_again_when_the_server_hangs_up(client: TcpClientLink, listener: socket.socket) -> None:
    for _ in range(3):
        async with await accepted(listener) as server:
            await until(lambda: client.in_use)
            await send(client, b"RDY")
            assert await server.receive_some() == b"RDY"
            await server.send_all(b"AT")
            assert await receive(client, 2) == b"AT"
        await client.wait_readable()
        assert client.read_now(1) is None  # the end


async def test_a_server_that_is_not_there_yet(nursery: trio.Nursery, caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as reserved, caplog.at_level(logging.WARNING), trio.fail_after(20):
        reserved.bind(("127.0.0.1", 0))
        link = TcpClientLink("127.0.0.1", number := reserved.getsockname()[1])
        nursery.start_soon(link.watch)
        assert link.write_now(b"lost") == 4
        await until(lambda: bool(caplog.records))
        reserved.listen()
        await until(lambda: link.in_use)
        link.close()
    assert [record.message for record in caplog.records] == [
        f"tcp://127.0.0.1:{number} is not there yet: Connection refused; it is tried until it is"
    ]


async def test_close_wakes_who_waits(client: TcpClientLink) -> None:
    async def close() -> None:
        await until(lambda: client.in_use)
        client.close()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(close)
        with pytest.raises(trio.ClosedResourceError):
            await client.wait_readable()


def test_a_target() -> None:
    assert parse_target("[::1]:7000") == ("::1", 7000)
    with pytest.raises(UsageError, match="there is no port 0 to connect to"):
        parse_target("localhost:0")
