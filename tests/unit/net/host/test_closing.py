"""The closing modes on real sockets, as the peer sees them."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest
import trio
from onemo.errors import NetError, NetFailure
from onemo.net.host.ports import PortLedger
from onemo.net.host.sockets import HostNetwork
from onemo.net.interface import CloseMode, ClosePlan, CloseResult, Connection, Transport
from trio.testing import wait_all_tasks_blocked

from tests.unit.net.conftest import Peers, open_files, to
from tests.unit.net.host.test_connections import acknowledged, fill, pair, send_reset

DRAIN = ClosePlan(CloseMode.DRAIN, stall=5.0, linger=0.05)
NOW = ClosePlan(CloseMode.NOW, stall=5.0, linger=5.0)
RESET = ClosePlan(CloseMode.RESET, stall=5.0, linger=5.0)


def everything(peer: socket.socket) -> int:
    """Read to the end, return the bytes read. Raises ConnectionResetError where the end is an RST."""
    count = 0
    while data := peer.recv(65536):
        count += len(data)
    return count


class Ending:
    """A close that runs as a task of its own."""

    def __init__(self, nursery: trio.Nursery, connection: Connection, plan: ClosePlan) -> None:
        self.result: CloseResult | None = None
        nursery.start_soon(self._run, connection, plan)

    async def _run(self, connection: Connection, plan: ClosePlan) -> None:
        self.result = await connection.close(plan)


@pytest.mark.parametrize("plan", [DRAIN, NOW])
async def test_an_idle_connection_ends_with_a_fin(network: HostNetwork, peers: Peers, plan: ClosePlan) -> None:
    connection, peer = await pair(network, peers)
    connection.send_now(b"last")
    await acknowledged(connection)
    assert await connection.close(plan) is CloseResult.NORMAL
    assert everything(peer) == 4


@pytest.mark.parametrize("plan", [DRAIN, NOW])
async def test_data_that_nobody_read_does_not_turn_the_fin_into_a_reset(
    network: HostNetwork, peers: Peers, plan: ClosePlan
) -> None:
    connection, peer = await pair(network, peers)
    peer.sendall(bytes(50000))
    assert await connection.close(plan) is CloseResult.NORMAL
    assert everything(peer) == 0


async def test_draining_discards_what_comes_after_the_fin(network: HostNetwork, peers: Peers) -> None:
    connection, peer = await pair(network, peers)
    async with trio.open_nursery() as nursery:
        ending = Ending(nursery, connection, DRAIN._replace(linger=5.0))
        await wait_all_tasks_blocked()
        assert everything(peer) == 0
        peer.sendall(bytes(50000))
        await wait_all_tasks_blocked()
        assert ending.result is None
        peer.close()
    assert ending.result is CloseResult.NORMAL


async def test_draining_ends_with_the_peer(network: HostNetwork, peers: Peers) -> None:
    connection, peer = await pair(network, peers)
    peer.shutdown(socket.SHUT_WR)
    with trio.fail_after(5):
        assert await connection.close(DRAIN._replace(linger=60.0)) is CloseResult.NORMAL
    assert everything(peer) == 0


async def test_draining_brings_everything_to_a_slow_peer(network: HostNetwork, peers: Peers) -> None:
    connection, peer = await pair(network, peers, window=4096)
    sent = fill(connection)
    peer.setblocking(False)
    async with trio.open_nursery() as nursery:
        ending = Ending(nursery, connection, DRAIN._replace(linger=5.0))
        received = 0
        with trio.fail_after(20):
            while True:
                await trio.lowlevel.wait_readable(peer)
                data = peer.recv(20000)
                if not data:
                    break
                received += len(data)
                assert ending.result is None
        peer.close()
    assert received == sent
    assert ending.result is CloseResult.NORMAL


async def test_draining_does_not_stop_a_peer_that_echoes(network: HostNetwork, peers: Peers) -> None:
    connection, peer = await pair(network, peers, window=4096)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    sent = fill(connection)
    async with trio.open_nursery() as nursery:
        ending = Ending(nursery, connection, DRAIN._replace(linger=5.0))
        echoed = 0
        peer.setblocking(False)
        stream = trio.SocketStream(trio.socket.from_stdlib_socket(peer))
        with trio.fail_after(20):
            async for data in stream:
                await stream.send_all(data)
                echoed += len(data)
        await stream.aclose()
    assert echoed == sent
    assert ending.result is CloseResult.NORMAL


async def test_a_peer_that_stalls_is_reset(network: HostNetwork, peers: Peers) -> None:
    connection, peer = await pair(network, peers, window=4096)
    fill(connection)
    started = trio.current_time()
    assert await connection.close(DRAIN._replace(stall=0.1)) is CloseResult.NO_ANSWER
    assert trio.current_time() - started >= 0.1
    with pytest.raises(ConnectionResetError):
        everything(peer)


async def test_a_reset_while_draining(network: HostNetwork, peers: Peers) -> None:
    connection, peer = await pair(network, peers, window=4096)
    fill(connection)
    async with trio.open_nursery() as nursery:
        ending = Ending(nursery, connection, DRAIN)
        await wait_all_tasks_blocked()
        send_reset(peer)
    assert ending.result is CloseResult.FAILED


async def test_a_reset_after_the_peers_fin_while_draining(network: HostNetwork, peers: Peers) -> None:
    connection, peer = await pair(network, peers, window=4096)
    fill(connection)
    peer.shutdown(socket.SHUT_WR)
    async with trio.open_nursery() as nursery:
        ending = Ending(nursery, connection, DRAIN)
        await wait_all_tasks_blocked()
        send_reset(peer)
    assert ending.result is CloseResult.FAILED


async def test_a_reset_after_our_fin(network: HostNetwork, peers: Peers) -> None:
    connection, peer = await pair(network, peers)
    async with trio.open_nursery() as nursery:
        ending = Ending(nursery, connection, DRAIN._replace(linger=5.0))
        await wait_all_tasks_blocked()
        send_reset(peer)
    assert ending.result is CloseResult.FAILED


@pytest.mark.parametrize("plan", [DRAIN, NOW])
@pytest.mark.parametrize("noticed", [False, True])
async def test_a_connection_that_was_reset_before(
    network: HostNetwork, peers: Peers, plan: ClosePlan, noticed: bool
) -> None:
    connection, peer = await pair(network, peers)
    send_reset(peer)
    await connection.wait_readable()
    if noticed:
        with pytest.raises(NetError):
            connection.receive_now(99)
    assert await connection.close(plan) is CloseResult.FAILED


async def test_at_once_with_something_unsent_is_a_reset(network: HostNetwork, peers: Peers) -> None:
    connection, peer = await pair(network, peers, window=4096)
    fill(connection)
    assert await connection.close(NOW) is CloseResult.NORMAL
    with pytest.raises(ConnectionResetError):
        everything(peer)


async def test_reset(network: HostNetwork, peers: Peers) -> None:
    connection, peer = await pair(network, peers)
    assert await connection.close(RESET) is CloseResult.NORMAL
    with pytest.raises(ConnectionResetError):
        everything(peer)


async def test_abort_is_a_reset(network: HostNetwork, peers: Peers) -> None:
    connection, peer = await pair(network, peers)
    connection.abort()
    with pytest.raises(ConnectionResetError):
        everything(peer)


@pytest.mark.parametrize("plan", [DRAIN, NOW, RESET])
async def test_a_second_close_has_nothing_to_do(network: HostNetwork, peers: Peers, plan: ClosePlan) -> None:
    connection, _ = await pair(network, peers)
    connection.abort()
    assert await connection.close(plan) is CloseResult.NORMAL


@pytest.mark.parametrize("outstanding", [True, False])
async def test_cancelling_a_close_is_a_reset(network: HostNetwork, peers: Peers, outstanding: bool) -> None:
    connection, peer = await pair(network, peers, window=4096)
    if outstanding:
        fill(connection)
    before = open_files()
    async with trio.open_nursery() as nursery:
        ending = Ending(nursery, connection, DRAIN._replace(linger=5.0))
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert ending.result is None
    assert open_files() == before - 1
    if outstanding:
        with pytest.raises(ConnectionResetError):
            everything(peer)


@pytest.mark.parametrize("outstanding", [True, False])
async def test_abort_ends_a_close(network: HostNetwork, peers: Peers, outstanding: bool) -> None:
    connection, _ = await pair(network, peers, window=4096)
    if outstanding:
        fill(connection)
    async with trio.open_nursery() as nursery:
        ending = Ending(nursery, connection, DRAIN._replace(linger=5.0))
        await wait_all_tasks_blocked()
        connection.abort()
    assert ending.result is CloseResult.FAILED


async def test_closing_wakes_who_waits_and_keeps_everybody_away(network: HostNetwork, peers: Peers) -> None:
    connection, _ = await pair(network, peers)
    woken = []

    async def wait() -> None:
        with pytest.raises(NetError) as refusal:
            await connection.wait_readable()
        woken.append(refusal.value.failure)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await wait_all_tasks_blocked()
        ending = Ending(nursery, connection, DRAIN._replace(linger=5.0))
        await wait_all_tasks_blocked()
        assert woken == [NetFailure.RESET]
        assert ending.result is None
        with pytest.raises(NetError, match="closed by this side"):
            connection.receive_now(99)
        connection.abort()


@pytest.mark.parametrize("plan", [DRAIN, NOW, RESET])
@pytest.mark.parametrize("transport", Transport)
async def test_closing_frees_the_local_port(
    network: HostNetwork,
    ledger: PortLedger,
    peers: Peers,
    unused_port: Callable[[Transport], int],
    transport: Transport,
    plan: ClosePlan,
) -> None:
    port = unused_port(transport)
    server = peers.tcp() if transport is Transport.TCP else peers.udp()
    connection = await network.open(to(server, local_port=port))
    assert await connection.close(plan) is CloseResult.NORMAL
    assert ledger.claim(transport, port).port == port


async def test_the_hosts_time_wait_does_not_hold_a_local_port(
    network: HostNetwork, peers: Peers, unused_port: Callable[[Transport], int]
) -> None:
    listener = peers.tcp()
    request = to(listener, local_port=unused_port(Transport.TCP))
    for turn in range(3):
        connection = await network.open(request)
        peer = peers.accept(listener)
        async with trio.open_nursery() as nursery:
            ending = Ending(nursery, connection, DRAIN._replace(linger=5.0))
            await wait_all_tasks_blocked()
            assert everything(peer) == 0, turn
            peer.close()
        assert ending.result is CloseResult.NORMAL
