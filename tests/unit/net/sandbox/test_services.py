"""Echo, discard and the character generator, over real sockets."""

from __future__ import annotations

import random
import socket
import struct

import pytest
import trio
import trio.testing
from onemo.net.interface import Transport
from onemo.net.sandbox import Sandbox, streams
from onemo.net.sandbox import datagrams as udp

from tests.unit.net.sandbox.conftest import PATIENCE, connect, datagrams, read_exactly, read_to_end

LARGE = random.Random(862).randbytes(5_000_000)
SMALL_BUFFER = 65536


class Sender:
    """Sends much while nobody need read, and tells how much the network has taken."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self.sent = 0

    async def send(self, data: bytes) -> None:
        for begin in range(0, len(data), 16384):
            await self._stream.send_all(data[begin : begin + 16384])
            self.sent += len(data[begin : begin + 16384])
        await self._stream.send_eof()


async def reset(stream: trio.SocketStream) -> None:
    stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    await stream.aclose()


@pytest.mark.parametrize("port", [7, 8080, 123, 65535])
async def test_echo_sends_back_what_comes(sandbox: Sandbox, port: int) -> None:
    async with await connect(sandbox, port) as stream:
        await stream.send_all(b"\x00AT\r\n\xff")
        assert await read_exactly(stream, 6) == b"\x00AT\r\n\xff"


async def test_echo_stops_reading_while_the_peer_does_not_read_and_loses_nothing(sandbox: Sandbox) -> None:
    async with await connect(sandbox, 7, SMALL_BUFFER) as stream, trio.open_nursery() as nursery:
        sender = Sender(stream)
        nursery.start_soon(sender.send, LARGE)
        await trio.testing.wait_all_tasks_blocked(0.02)
        assert 0 < sender.sent < len(LARGE) / 2
        assert await read_to_end(stream) == LARGE


async def test_echo_sends_the_rest_after_the_peer_has_ended(sandbox: Sandbox) -> None:
    async with await connect(sandbox, 7) as stream:
        await stream.send_all(LARGE[:300_000])
        await stream.send_eof()
        assert await read_to_end(stream) == LARGE[:300_000]


async def test_a_reset_ends_only_its_own_connection(sandbox: Sandbox) -> None:
    async with await connect(sandbox, 7) as other:
        for port in (9, 19, 53, 7, 80):
            broken = await connect(sandbox, port, SMALL_BUFFER)
            await broken.send_all(b"\x00")
            await trio.testing.wait_all_tasks_blocked()
            await reset(broken)
        await other.send_all(b"still here")
        assert await read_exactly(other, 10) == b"still here"


async def test_a_reset_while_the_echo_waits_for_its_peer(sandbox: Sandbox) -> None:
    stream = await connect(sandbox, 7, SMALL_BUFFER)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Sender(stream).send, LARGE)
        await trio.testing.wait_all_tasks_blocked(0.02)
        nursery.cancel_scope.cancel()
    await reset(stream)
    async with await connect(sandbox, 7) as other:
        await other.send_all(b"x")
        assert await read_exactly(other, 1) == b"x"


async def test_a_server_has_a_bounded_number_of_connections(nursery: trio.Nursery) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    nursery.start_soon(streams.serve, listener, streams.echo, 2)
    address = listener.getsockname()
    peers = [await trio.open_tcp_stream(*address) for _ in range(3)]
    for peer in peers:
        await peer.send_all(b"x")
    for peer in peers[:2]:
        assert await read_exactly(peer, 1) == b"x"
    await trio.testing.wait_all_tasks_blocked()
    with trio.move_on_after(0) as scope:
        await peers[2].receive_some(1)
    assert scope.cancelled_caught
    await peers[0].aclose()
    assert await read_exactly(peers[2], 1) == b"x"
    for peer in peers:
        await peer.aclose()


class Exhausted(socket.socket):
    """A listening socket of a host that has no descriptor left, the first time."""

    refused = False

    def accept(self) -> tuple[socket.socket, object]:
        if not self.refused:
            self.refused = True
            raise OSError(24, "Too many open files")
        return super().accept()


async def test_a_host_without_descriptors_is_asked_again(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    listener = Exhausted()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    listener.setblocking(False)
    nursery.start_soon(streams.serve, listener, streams.echo)
    async with await trio.open_tcp_stream(*listener.getsockname()) as stream:
        await stream.send_all(b"x")
        assert await stream.receive_some(1) == b"x"
    assert listener.refused


async def test_echo_sends_each_datagram_back_to_its_sender(sandbox: Sandbox) -> None:
    first, second = await datagrams(sandbox, 7), await datagrams(sandbox, 4000)
    with first, second, trio.fail_after(PATIENCE):
        for size in (1, 0, 1460, 65507):
            await first.send(LARGE[:size])
            await second.send(LARGE[size : 2 * size])
            assert await first.recv(65535) == LARGE[:size]
            assert await second.recv(65535) == LARGE[size : 2 * size]


async def test_a_burst_of_datagrams_is_echoed_whole(sandbox: Sandbox) -> None:
    with await datagrams(sandbox, 7) as sock, trio.fail_after(PATIENCE):
        for number in range(50):
            await sock.send(bytes([number]) * 100)
        assert [(await sock.recv(200))[0] for _ in range(50)] == list(range(50))


async def test_discard_takes_all_and_says_nothing(sandbox: Sandbox) -> None:
    async with await connect(sandbox, 9, SMALL_BUFFER) as stream:
        with trio.fail_after(PATIENCE):
            await stream.send_all(LARGE)
        await stream.send_eof()
        assert await read_to_end(stream) == b""
    with await datagrams(sandbox, 9) as sock:
        await sock.send(b"x")
        await trio.testing.wait_all_tasks_blocked()
        with trio.move_on_after(0) as scope:
            await sock.recv(10)
        assert scope.cancelled_caught


async def test_the_character_generator_prints_lines_that_turn(sandbox: Sandbox) -> None:
    async with await connect(sandbox, 19, SMALL_BUFFER) as stream:
        data = await read_exactly(stream, 74 * 95 * 100)
    lines = data.split(b"\r\n")[:-1]
    ring = bytes(range(0x20, 0x7F)) * 2
    assert len(lines) == 9500
    assert lines[0].startswith(b" !\"#$%&'()*+,-./0123")
    assert all(line == ring[number % 95 : number % 95 + 72] for number, line in enumerate(lines))


async def test_the_character_generator_waits_for_its_reader_and_reads_what_it_says(sandbox: Sandbox) -> None:
    async with await connect(sandbox, 19, SMALL_BUFFER) as stream:
        with trio.fail_after(PATIENCE):
            await trio.testing.wait_all_tasks_blocked()  # it would never be, with nothing to stop it
            await stream.send_all(LARGE)
        await stream.send_eof()
        assert len(await read_to_end(stream)) < len(LARGE)


async def test_the_character_generator_answers_each_datagram(sandbox: Sandbox) -> None:
    with await datagrams(sandbox, 19) as sock, trio.fail_after(PATIENCE):
        replies = []
        for _ in range(60):
            await sock.send(b"")
            replies.append(await sock.recv(2000))
    async with await connect(sandbox, 19) as stream:
        assert b"".join(replies) == await read_exactly(stream, sum(map(len, replies)))
    assert max(map(len, replies)) <= 512
    assert len({*map(len, replies)}) > 10


async def test_tcp_and_udp_share_a_number(sandbox: Sandbox) -> None:
    for port in (53, 80, 9, 19, 123, 7):
        assert sandbox.endpoint(Transport.TCP, port) == sandbox.endpoint(Transport.UDP, port)


class Troubled(socket.socket):
    """A UDP socket that is told first of an earlier datagram, then that its buffer is full, then of a lost route."""

    def __init__(self) -> None:
        super().__init__(type=socket.SOCK_DGRAM)
        self.receiving: list[OSError] = [ConnectionRefusedError()]
        self.sending: list[OSError] = [OSError(101, "Network is unreachable"), BlockingIOError()]

    def recvfrom(self, bufsize: int, flags: int = 0, /) -> tuple[bytes, object]:
        if self.receiving:
            raise self.receiving.pop()
        return super().recvfrom(bufsize, flags)

    def sendto(self, data: bytes, address: tuple[str, int]) -> int:  # type: ignore[override]
        if self.sending:
            raise self.sending.pop()
        return super().sendto(data, address)


async def test_errors_of_datagrams_end_nothing(nursery: trio.Nursery) -> None:
    server = Troubled()
    server.bind(("127.0.0.1", 0))
    server.setblocking(False)
    nursery.start_soon(udp.serve, server, udp.echo)
    with trio.socket.socket(type=trio.socket.SOCK_DGRAM) as sock, trio.fail_after(PATIENCE):
        await sock.connect(server.getsockname())
        await sock.send(b"lost")
        await sock.send(b"echoed")
        assert await sock.recv(10) == b"echoed"
    assert not server.receiving
    assert not server.sending
