"""A sandbox that runs while a test does, and clients of it on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
from onemo.net.interface import Transport
from onemo.net.sandbox import Sandbox, SandboxConfig

PATIENCE = 5.0  # seconds: only a failure waits so long


@asynccontextmanager
async def running(config: SandboxConfig | None = None) -> AsyncIterator[Sandbox]:
    """A sandbox whose servers run in the block."""
    sandbox = Sandbox() if config is None else Sandbox(config)
    async with trio.open_nursery() as nursery:
        await nursery.start(sandbox.run)
        yield sandbox
        nursery.cancel_scope.cancel()


@pytest.fixture
async def sandbox(nursery: trio.Nursery) -> Sandbox:
    sandbox = Sandbox()
    await nursery.start(sandbox.run)
    return sandbox


async def connect(sandbox: Sandbox, port: int, buffer: int | None = None) -> trio.SocketStream:
    """A TCP connection to a server of the sandbox; buffer: bytes of its own send and receive buffer each."""
    sock = trio.socket.socket()
    if buffer is not None:
        sock.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_SNDBUF, buffer)
        sock.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_RCVBUF, buffer)
    await sock.connect(sandbox.endpoint(Transport.TCP, port))
    return trio.SocketStream(sock)


async def datagrams(sandbox: Sandbox, port: int) -> trio.socket.SocketType:
    """A UDP socket tied to a server of the sandbox."""
    sock = trio.socket.socket(type=trio.socket.SOCK_DGRAM)
    await sock.connect(sandbox.endpoint(Transport.UDP, port))
    return sock


async def read_exactly(stream: trio.SocketStream, size: int) -> bytes:
    """So many bytes, fewer only where the peer ends."""
    data = bytearray()
    with trio.fail_after(PATIENCE):
        while len(data) < size:
            piece = await stream.receive_some(min(65536, size - len(data)))
            if not piece:
                break
            data += piece
    return bytes(data)


async def read_to_end(stream: trio.SocketStream) -> bytes:
    with trio.fail_after(PATIENCE):
        return b"".join([piece async for piece in stream])
