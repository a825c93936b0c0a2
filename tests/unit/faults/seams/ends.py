"""Connections with faults over ones in memory, for tests in time that only passes when all wait."""

from __future__ import annotations

import pytest
import trio
from onemo.errors import NetError, NetFailure
from onemo.faults.seams.network import FaultyNetwork
from onemo.net.interface import (
    CloseMode,
    ClosePlan,
    Connection,
    KeepAlive,
    OpenRequest,
    Transport,
)
from trio.testing import wait_all_tasks_blocked

from tests.support.labels import socket_label
from tests.unit.faults.plans import Plan
from tests.unit.runtime.doubles import Peer, World

DRAIN, NOW, RESET = (ClosePlan(mode, stall=10, linger=2) for mode in (CloseMode.DRAIN, CloseMode.NOW, CloseMode.RESET))


class Ends:
    """A connection with faults, and the peer's end of it."""

    def __init__(self, nursery: trio.Nursery, *faults: str, seed: int = 1) -> None:
        self.plan = Plan(*faults, seed=seed)
        self.world = World()
        self.network = FaultyNetwork(self.world, self.plan)
        nursery.start_soon(self.network.run)

    async def open(
        self,
        transport: Transport = Transport.TCP,
        *,
        keep_alive: KeepAlive | None = None,
        send_buffer: int | None = None,
        connect_id: int = 0,
    ) -> tuple[Connection, Peer]:
        request = OpenRequest(transport, "192.0.2.1", 80, 60, keep_alive=keep_alive, label=socket_label(connect_id))
        connection = await self.network.open(request._replace(send_buffer=send_buffer))
        peer = self.world.peers[-1]
        peer.closing.set()
        return connection, peer


async def send(connection: Connection, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        if count := connection.send_now(rest):
            rest = rest[count:]
        else:
            await connection.wait_writable()


async def receive(connection: Connection, limit: int = 65536) -> bytes:
    """The next piece, when it comes; ``b""`` is the end."""
    while (data := connection.receive_now(limit)) is None:
        await connection.wait_readable()
    return data


async def failure(connection: Connection) -> NetFailure:
    with pytest.raises(NetError) as caught:
        await receive(connection)
    return caught.value.failure


async def gets(peer: Peer) -> bytes:
    await wait_all_tasks_blocked()
    data = bytes(peer.taken)
    peer.taken.clear()
    return data
