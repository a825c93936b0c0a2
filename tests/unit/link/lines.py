"""Parts of the tests of several links."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import trio
from onemo.link.interface import Link

EVERY_BYTE = bytes(range(256))
T = TypeVar("T")


async def receive(link: Link, size: int) -> bytes:
    """Exactly so many bytes from the DTE."""
    data = bytearray()
    while len(data) < size:
        await link.wait_readable()
        if (chunk := link.read_now(size - len(data))) is not None:
            assert chunk
            data += chunk
    return bytes(data)


async def send(link: Link, data: bytes) -> None:
    """All of it to the DTE."""
    rest = memoryview(data)
    while rest:
        if taken := link.write_now(rest):
            rest = rest[taken:]
        else:
            await link.wait_writable()


async def fill(link: Link) -> int:
    """Write until the line takes no more for a while; returns how much it took."""
    taken, piece = 0, bytes(65536)
    while True:
        with trio.move_on_after(0.1) as patience:
            await link.wait_writable()
        if patience.cancelled_caught:
            return taken
        taken += link.write_now(piece)


@asynccontextmanager
async def echoing(link: Link) -> AsyncIterator[None]:
    """The link sends back all that comes."""

    async def echo() -> None:
        while True:
            await link.wait_readable()
            while (data := link.read_now(4096)) is not None:
                await send(link, data)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(echo)
        yield
        nursery.cancel_scope.cancel()


async def aside(call: Callable[[], T]) -> T:
    """The result of a blocking call, in a thread."""
    return await trio.to_thread.run_sync(call)


async def until(condition: Callable[[], bool]) -> None:
    """Let everything else run until it holds."""
    while not condition():  # noqa: ASYNC110  # it depends on the kernel
        await trio.sleep(0.001)
