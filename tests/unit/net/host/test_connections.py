"""Real connections while they are open: bytes, datagrams, waiting, and how they break."""

from __future__ import annotations

import errno
import socket
import struct
from contextlib import suppress

import pytest
import trio
from onemo.errors import NetError, NetFailure
from onemo.net.host.sockets import HostNetwork
from onemo.net.interface import AddressFamily, Connection, OpenRequest, Transport
from trio.testing import wait_all_tasks_blocked

from tests.unit.net.conftest import Peers, host_socket, open_files, port_of, to

LARGEST = {AddressFamily.IPV4: 65507, AddressFamily.IPV6: 65527}


async def pair(network: HostNetwork, peers: Peers, window: int | None = None) -> tuple[Connection, socket.socket]:
    """An open TCP connection and its peer's end."""
    listener = peers.tcp(window=window)
    connection = await network.open(to(listener))
    return connection, peers.accept(listener)


def send_reset(peer: socket.socket) -> None:
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


def fill(connection: Connection) -> int:
    """Send until the host's stack is full; returns the bytes taken."""
    taken = 0
    while count := connection.send_now(bytes(8192)):
        taken += count
    return taken


async def acknowledged(connection: Connection) -> None:
    """Until the peer's stack has taken everything, which the kernel tells nobody."""
    with trio.fail_after(5):
        while connection.unacknowledged():
            await trio.lowlevel.checkpoint()


def refusal_of_receiving(connection: Connection) -> NetFailure:
    with pytest.raises(NetError) as refusal:
        connection.receive_now(99)
    return refusal.value.failure


# TCP


async def test_nothing_has_come(network: HostNetwork, peers: Peers) -> None:
    connection, peer = await pair(network, peers)
    assert connection.receive_now(99) is None
    peer.sendall(b"x")
    await connection.wait_readable()
    assert connection.receive_now(0) is None, "reading nothing is not the peer's end"
    assert connection.receive_now(99) == b"x"
    connection.abort()


async def test_at_most_the_limit(network: HostNetwork, peers: Peers) -> None:
    connection, peer = await pair(network, peers)
    peer.sendall(b"abcdef")
    await connection.wait_readable()
    assert connection.receive_now(4) == b"abcd"
    assert connection.receive_now(4) == b"ef"
    connection.abort()


async def test_the_peer_closes(network: HostNetwork, peers: Peers) -> None:
    connection, peer = await pair(network, peers)
    peer.sendall(b"last")
    peer.close()
    await connection.wait_readable()
    assert connection.receive_now(99) == b"last"
    assert connection.receive_now(99) == b""
    connection.abort()


async def test_the_peer_resets(network: HostNetwork, peers: Peers) -> None:
    connection, peer = await pair(network, peers)
    peer.sendall(b"last")
    send_reset(peer)
    await connection.wait_readable()
    assert connection.receive_now(99) == b"last", "what came before the RST is not lost"
    assert refusal_of_receiving(connection) is NetFailure.RESET
    connection.abort()


async def test_a_reset_that_sending_met_first(network: HostNetwork, peers: Peers) -> None:
    connection, peer = await pair(network, peers)
    send_reset(peer)
    await connection.wait_readable()
    for _ in range(2):  # ECONNRESET, then EPIPE
        with pytest.raises(NetError) as refusal:
            connection.send_now(b"x")
        assert refusal.value.failure is NetFailure.RESET
    assert refusal_of_receiving(connection) is NetFailure.RESET, "not the peer's orderly end"
    connection.abort()


async def test_a_stack_without_memory_is_no_reset(
    network: HostNetwork, peers: Peers, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection, _ = await pair(network, peers)

    def no_buffers(*_: object) -> int:
        raise OSError(errno.ENOBUFS, "No buffer space available")

    with monkeypatch.context() as patch:
        patch.setattr(socket.socket, "send", no_buffers)
        with pytest.raises(NetError) as refusal:
            connection.send_now(b"x")
    assert refusal.value.failure is NetFailure.WRITE
    connection.abort()


async def test_a_full_stack_takes_nothing_until_the_peer_reads(network: HostNetwork, peers: Peers) -> None:
    connection, peer = await pair(network, peers, window=4096)
    left = fill(connection)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(connection.wait_writable)
        await wait_all_tasks_blocked()
        assert nursery.child_tasks, "it waits"
        with trio.fail_after(5):
            while nursery.child_tasks:
                left -= len(peer.recv(65536))
                await trio.lowlevel.checkpoint()
    assert connection.send_now(memoryview(b"abc")[1:]) == 2
    while left > 0:
        left -= len(peer.recv(left))
    assert peer.recv(9) == b"bc"
    connection.abort()


async def test_unacknowledged(network: HostNetwork, peers: Peers) -> None:
    connection, peer = await pair(network, peers, window=4096)
    connection.send_now(b"soon acknowledged")
    await acknowledged(connection)
    assert connection.unacknowledged() == 0
    taken = fill(connection)
    outstanding = connection.unacknowledged()
    assert 0 < outstanding <= taken
    connection.abort()
    assert connection.unacknowledged() == 0
    assert peer.fileno() >= 0


async def woken(connection: Connection) -> bool:
    """Tell whether wait_broken comes back once everything else has settled."""
    with trio.move_on_after(0.05):
        await connection.wait_broken()
        return True
    return False


async def test_a_reset_wakes_who_does_not_read(network: HostNetwork, peers: Peers) -> None:
    connection, peer = await pair(network, peers)
    peer.sendall(b"unread")
    await connection.wait_readable()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(connection.wait_broken)
        await wait_all_tasks_blocked()
        send_reset(peer)
    assert await woken(connection)
    connection.abort()


async def test_data_and_a_fin_do_not(network: HostNetwork, peers: Peers) -> None:
    connection, peer = await pair(network, peers)
    peer.sendall(b"unread")
    assert not await woken(connection)
    peer.shutdown(socket.SHUT_WR)
    assert not await woken(connection)
    assert connection.receive_now(99) == b"unread"
    assert connection.receive_now(99) == b""
    connection.abort()


async def test_udp_never_breaks(network: HostNetwork, peers: Peers) -> None:
    server = peers.udp()
    connection = await network.open(to(server))
    server.close()
    connection.send_now(b"to nobody")
    assert not await woken(connection)
    connection.abort()


async def test_waiting_for_a_break_leaves_no_file(network: HostNetwork, peers: Peers) -> None:
    connection, _ = await pair(network, peers)
    before = open_files()
    assert not await woken(connection)
    assert open_files() == before
    connection.abort()


@pytest.mark.parametrize("transport", Transport)
async def test_abort_wakes_who_waits_for_a_break(network: HostNetwork, peers: Peers, transport: Transport) -> None:
    connection = await network.open(to(peers.tcp() if transport is Transport.TCP else peers.udp()))
    ended = False
    with trio.move_on_after(0.2):
        async with trio.open_nursery() as nursery:

            async def wait() -> None:
                nonlocal ended
                with suppress(NetError):
                    await connection.wait_broken()
                ended = True

            nursery.start_soon(wait)
            await wait_all_tasks_blocked()
            connection.abort()
    assert ended


@pytest.mark.parametrize("transport", Transport)
async def test_abort_wakes_who_waits(network: HostNetwork, peers: Peers, transport: Transport) -> None:
    connection = await network.open(to(peers.tcp() if transport is Transport.TCP else peers.udp()))
    woken = []

    async def wait() -> None:
        with pytest.raises(NetError) as refusal:
            await connection.wait_readable()
        woken.append(refusal.value.failure)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await wait_all_tasks_blocked()
        connection.abort()
    assert woken == [NetFailure.RESET]


@pytest.mark.parametrize("transport", Transport)
async def test_nothing_is_possible_after_abort(network: HostNetwork, peers: Peers, transport: Transport) -> None:
    connection = await network.open(to(peers.tcp() if transport is Transport.TCP else peers.udp()))
    connection.abort()
    connection.abort()
    assert refusal_of_receiving(connection) is NetFailure.RESET
    for wait in (connection.wait_readable, connection.wait_writable):
        with pytest.raises(NetError, match="closed by this side"):
            await wait()
    with pytest.raises(NetError, match="closed by this side"):
        connection.send_now(b"x")


# UDP


@pytest.mark.parametrize("family", AddressFamily)
async def test_datagrams_stay_whole(network: HostNetwork, peers: Peers, family: AddressFamily) -> None:
    server = peers.udp(family)
    connection = await network.open(to(server))
    largest = bytes(range(256)) * 256
    for datagram in (b"", b"x", largest[: LARGEST[family]]):
        assert connection.send_now(datagram) == len(datagram)
        received, source = server.recvfrom(65536)
        assert received == datagram
        server.sendto(datagram, source)
        await connection.wait_readable()
        assert connection.receive_now(1) == datagram
    assert connection.receive_now(1) is None
    connection.abort()


async def test_a_datagram_that_is_too_long(network: HostNetwork, peers: Peers) -> None:
    connection = await network.open(to(peers.udp()))
    with pytest.raises(NetError) as refusal:
        connection.send_now(bytes(65508))
    assert refusal.value.failure is NetFailure.WRITE
    assert connection.send_now(b"x") == 1, "it is the datagram's fault alone"
    connection.abort()


async def test_datagrams_of_others_do_not_come_in(network: HostNetwork, peers: Peers) -> None:
    server, stranger = peers.udp(), peers.udp()
    connection = await network.open(to(server))
    address = ("127.0.0.1", port_of(host_socket(connection)))
    stranger.sendto(b"from a stranger", address)
    server.sendto(b"from the peer", address)
    await connection.wait_readable()
    assert connection.receive_now(99) == b"from the peer"
    assert connection.receive_now(99) is None
    connection.abort()


@pytest.mark.parametrize("family", AddressFamily)
async def test_icmp_errors_are_no_failure(network: HostNetwork, peers: Peers, family: AddressFamily) -> None:
    gone = peers.udp(family)
    host, port = gone.getsockname()[:2]
    gone.close()
    connection = await network.open(OpenRequest(Transport.UDP, host, port, 5.0))
    for _ in range(3):
        assert connection.send_now(b"into the void") == 13
    assert connection.receive_now(99) is None
    assert connection.send_now(b"into the void") == 13
    server = peers.udp(family, port)
    assert connection.send_now(b"found") == 5, "sent again in place of the error"
    assert server.recv(99) == b"found"
    connection.abort()


@pytest.mark.parametrize(("code", "tries"), [(errno.ENETUNREACH, 3), (errno.EPERM, 1)])
async def test_a_host_without_a_way_out(
    network: HostNetwork, peers: Peers, monkeypatch: pytest.MonkeyPatch, code: int, tries: int
) -> None:
    connection = await network.open(to(peers.udp()))
    tried = []

    def refuse(*_: object) -> int:
        tried.append(1)
        raise OSError(code, "refused")

    with monkeypatch.context() as patch:
        patch.setattr(socket.socket, "send", refuse)
        with pytest.raises(NetError) as refusal:
            connection.send_now(b"x")
    assert refusal.value.failure is NetFailure.WRITE
    assert len(tried) == tries
    connection.abort()


async def test_a_full_queue_takes_no_datagram(
    network: HostNetwork, peers: Peers, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = await network.open(to(peers.udp()))

    def full(*_: object) -> int:
        raise BlockingIOError

    with monkeypatch.context() as patch:
        patch.setattr(socket.socket, "send", full)
        assert connection.send_now(b"x") == 0
    assert connection.unacknowledged() == 0
    connection.abort()
