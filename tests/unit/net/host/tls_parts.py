"""A TCP connection without a socket, TLS on it, and the server at its other end."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio
import trustme
from onemo.errors import NetError, NetFailure
from onemo.net.host.secured import TlsConnection
from onemo.net.interface import CloseMode, ClosePlan, CloseResult, Transport
from trio.testing import wait_all_tasks_blocked

SERVER = trustme.CA().issue_cert("tls.example.com")


class Socket:
    """A TCP connection: room is what it still takes, None without limit; what is fed comes in."""

    transport = Transport.TCP
    peer = "192.0.2.1:443"

    def __init__(self) -> None:
        self.room: int | None = None
        self.taken = b""
        self.broken = False
        self.ended: CloseMode | None = None
        self.aborted = False
        self.trickle: list[bytes] = []  # comes a piece at a time, each as soon as the last was received
        self._come = b""
        self._finished = False
        self._changed = trio.Event()

    def feed(self, data: bytes) -> None:
        self._come += data
        self._change()

    def finish(self) -> None:
        self._finished = True
        self._change()

    def take(self, room: int | None) -> None:
        self.room = room
        self._change()

    def break_down(self) -> None:
        self.broken = True
        self._change()

    def _change(self) -> None:
        changed, self._changed = self._changed, trio.Event()
        changed.set()

    def _require(self) -> None:
        if self.aborted or self.broken:
            raise NetError(NetFailure.RESET, "broken")

    # Connection.

    def send_now(self, data: bytes | memoryview) -> int:
        self._require()
        part = bytes(data[: len(data) if self.room is None else self.room])
        if self.room is not None:
            self.room -= len(part)
        self.taken += part
        return len(part)

    def receive_now(self, limit: int) -> bytes | None:
        if self.trickle:
            return self.trickle.pop(0)
        data, self._come = self._come[:limit], self._come[limit:]
        if not data:
            self._require()
        return data or (b"" if self._finished else None)

    async def wait_readable(self) -> None:
        while not self._come and not self._finished:
            self._require()
            await self._changed.wait()

    async def wait_writable(self) -> None:
        while self.room == 0:
            self._require()
            await self._changed.wait()
        self._require()

    async def wait_broken(self) -> None:
        while not self.broken:
            await self._changed.wait()

    def unacknowledged(self) -> int:
        return 0

    async def close(self, plan: ClosePlan) -> CloseResult:
        await trio.lowlevel.checkpoint()
        self.ended = plan.mode
        return CloseResult.NORMAL

    def abort(self) -> None:
        self.aborted = True
        self._change()


class World:
    """An open connection, its socket, and the server at the other end."""

    def __init__(self) -> None:
        self.socket = Socket()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        SERVER.configure_cert(context)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        self._to_server, self._from_server = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.server = context.wrap_bio(self._to_server, self._from_server, server_side=True)
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.connection = TlsConnection(self.socket, client.wrap_bio(incoming, outgoing), incoming, outgoing)

    def deliver(self) -> None:
        """Hand the server all that the socket has taken, and its answer back."""
        self._to_server.write(self.socket.taken)
        self.socket.taken = b""

    def answer(self) -> bytes:
        return self._from_server.read()

    def write(self, data: bytes) -> bytes:
        """Encrypt data in records, to be fed."""
        self.server.write(data)
        return self.answer()

    def read(self, size: int = 1 << 20) -> bytes:
        """Read all that the server has from the client now."""
        self.deliver()
        data = b""
        while True:
            try:
                piece = self.server.read(size)
            except ssl.SSLWantReadError:
                return data
            if not piece:
                return data
            data += piece

    def heard_goodbye(self) -> bool:
        self.deliver()
        try:
            while self.server.read(1 << 20):
                pass
        except ssl.SSLZeroReturnError:
            return True
        except ssl.SSLWantReadError:
            return False
        return True

    async def serve_handshake(self) -> None:
        while True:
            await wait_all_tasks_blocked()
            self.deliver()
            try:
                self.server.do_handshake()
                return
            except ssl.SSLWantReadError:
                pass
            finally:
                self.socket.feed(self.answer())


@asynccontextmanager
async def opened(*, cancels: bool = True) -> AsyncIterator[World]:
    """With its handshake behind it, and carry beside it, which is cancelled in the end or waited for."""
    world = World()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(world.serve_handshake)
        await world.connection.shake_hands()
        nursery.start_soon(world.connection.carry)
        yield world
        if cancels:
            nursery.cancel_scope.cancel()
