"""The sandbox's servers over TCP: one listening socket, any conversation.

No buffer of our own stands between the peer and the kernel: who does not read is soon not read from.
"""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable

import trio

from onemo.net.sandbox.characters import PERIOD, SPAN, text

Conversation = Callable[[socket.socket], Awaitable[None]]
"""Talks to one peer over a non-blocking socket, until the end. An OSError is the connection's end too."""

MOST_CONNECTIONS = 4096  # of one server, for a large lab; the next ones wait in the listening queue
_PIECE = 65536
_TURNS = 16  # without a wait: a peer that never stops must not keep everybody else waiting
_RETRY = 0.1  # seconds until accepting is tried again, where the host has no descriptor left


async def serve(listener: socket.socket, converse: Conversation, most: int = MOST_CONNECTIONS) -> None:
    """Accept for ever, at most so many connections at a time. Owns the listener; cancelled, it closes all."""
    slots = trio.Semaphore(most)
    with listener:
        async with trio.open_nursery() as nursery:
            while True:
                await slots.acquire()
                sock = await _accept(listener)
                nursery.start_soon(_attend, sock, converse, slots)


async def _accept(listener: socket.socket) -> socket.socket:
    while True:
        try:
            sock, _ = listener.accept()
        except BlockingIOError:
            await trio.lowlevel.wait_readable(listener)
        except OSError:
            await trio.sleep(_RETRY)
        else:
            sock.setblocking(False)
            return sock


async def _attend(sock: socket.socket, converse: Conversation, slots: trio.Semaphore) -> None:
    try:
        with sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await converse(sock)
    except OSError:
        pass  # the peer reset it, which ends nothing else
    finally:
        slots.release()


async def echo(sock: socket.socket) -> None:
    """Send back all that comes, then end as the peer did (RFC 862)."""
    piece = memoryview(bytearray(_PIECE))
    turn = 0
    while size := await _receive_into(sock, piece):
        await send_all(sock, piece[:size])
        turn += 1
        if turn % _TURNS == 0:
            await trio.lowlevel.checkpoint()


async def discard(sock: socket.socket) -> None:
    """Throw away all that comes, until the peer ends (RFC 863)."""
    piece = memoryview(bytearray(_PIECE))
    turn = 0
    while await _receive_into(sock, piece):
        turn += 1
        if turn % _TURNS == 0:
            await trio.lowlevel.checkpoint()


async def characters(sock: socket.socket) -> None:
    """Send lines of characters until the peer ends, throwing away what comes (RFC 864)."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_send_lines, sock)
        try:
            await discard(sock)
        except OSError:
            pass
        nursery.cancel_scope.cancel()


async def _send_lines(sock: socket.socket) -> None:
    lines = memoryview(text())
    begin = turn = 0
    while True:
        try:
            begin = (begin + sock.send(lines[begin : begin + SPAN])) % PERIOD
        except BlockingIOError:
            await trio.lowlevel.wait_writable(sock)
        except OSError:
            return
        turn += 1
        if turn % _TURNS == 0:
            await trio.lowlevel.checkpoint()


async def receive_exactly(sock: socket.socket, size: int) -> bytes | None:
    """Receive exactly size bytes; None if the peer ends before. Raises OSError."""
    data = bytearray(size)
    rest = memoryview(data)
    while rest:
        received = await _receive_into(sock, rest)
        if not received:
            return None
        rest = rest[received:]
    return bytes(data)


async def send_all(sock: socket.socket, data: bytes | memoryview) -> None:
    """Send all, as fast as the peer takes it. Raises OSError."""
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[sock.send(rest) :]
        except BlockingIOError:
            await trio.lowlevel.wait_writable(sock)


async def _receive_into(sock: socket.socket, buffer: memoryview) -> int:
    """Wait for bytes and return how many have come, 0 at the peer's end."""
    while True:
        try:
            return sock.recv_into(buffer)
        except BlockingIOError:
            await trio.lowlevel.wait_readable(sock)
