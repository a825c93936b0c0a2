"""Opening real connections: to whom, in which order, with which options, and what each refusal is called."""

from __future__ import annotations

import errno
import fcntl
import resource
import socket
import sys
import termios
from collections.abc import Callable
from contextlib import suppress

import pytest
import trio
from onemo.errors import NetFailure
from onemo.net.host.ports import PortLedger
from onemo.net.host.sockets import HostNetwork
from onemo.net.interface import AddressFamily, CloseMode, ClosePlan, KeepAlive, NamePolicy, OpenRequest, Transport
from trio.testing import MockClock

from tests.unit.net.conftest import LOOPBACK, Names, Peers, failure_of, host_socket, open_files, port_of, to

FIRST_IPV6 = NamePolicy((AddressFamily.IPV6, AddressFamily.IPV4))
FIRST_IPV4 = NamePolicy((AddressFamily.IPV4, AddressFamily.IPV6))
RESET = ClosePlan(CloseMode.RESET, stall=1.0, linger=1.0)


def refused_port(peers: Peers, family: AddressFamily = AddressFamily.IPV4) -> int:
    """A port that is bound, so that it stays ours, and not listened to."""
    sock = peers.keep(socket.socket(socket.AF_INET6 if family is AddressFamily.IPV6 else socket.AF_INET))
    sock.bind((LOOPBACK[family], 0))
    return port_of(sock)


async def settled(sock: socket.socket, least: int) -> int:
    """The bytes that wait to be read, once there are at least so many."""
    with trio.fail_after(5):
        while (held := int.from_bytes(fcntl.ioctl(sock, termios.FIONREAD, bytes(4)), sys.byteorder)) < least:
            await trio.lowlevel.checkpoint()
    return held


# Where it connects to


@pytest.mark.parametrize("family", AddressFamily)
async def test_tcp_to_a_literal(network: HostNetwork, peers: Peers, family: AddressFamily) -> None:
    listener = peers.tcp(family)
    connection = await network.open(to(listener))
    peer = peers.accept(listener)
    assert connection.transport is Transport.TCP
    host = {AddressFamily.IPV4: "127.0.0.1", AddressFamily.IPV6: "[::1]"}[family]
    assert connection.peer == f"{host}:{port_of(listener)}"
    assert connection.send_now(b"up") == 2
    assert peer.recv(9) == b"up"
    peer.sendall(b"down")
    await connection.wait_readable()
    assert connection.receive_now(99) == b"down"
    connection.abort()


@pytest.mark.parametrize("family", AddressFamily)
async def test_udp_to_a_literal(network: HostNetwork, peers: Peers, family: AddressFamily) -> None:
    server = peers.udp(family)
    connection = await network.open(to(server))
    assert connection.transport is Transport.UDP
    assert connection.send_now(b"up") == 2
    data, source = server.recvfrom(9)
    assert data == b"up"
    server.sendto(b"down", source)
    await connection.wait_readable()
    assert connection.receive_now(1) == b"down"
    connection.abort()


async def test_a_name_is_tried_in_the_order_of_the_families(ledger: PortLedger, peers: Peers) -> None:
    listener = peers.tcp(AddressFamily.IPV4)  # nobody listens on ::1
    names = Names(server=["127.0.0.2", "127.0.0.1", "::1"])
    request = to(listener)._replace(host="server", names=FIRST_IPV6)
    connection = await HostNetwork(ports=ledger, names=names).open(request)
    assert connection.peer == f"127.0.0.1:{port_of(listener)}"
    assert names.asked == [("server", AddressFamily.IPV6), ("server", AddressFamily.IPV4)]
    connection.abort()


async def test_the_first_family_that_answers_is_enough(ledger: PortLedger, peers: Peers) -> None:
    listener = peers.tcp(AddressFamily.IPV6)
    names = Names(server=["127.0.0.1", "::1"])
    connection = await HostNetwork(ports=ledger, names=names).open(to(listener)._replace(host="server"))
    assert connection.peer == f"[::1]:{port_of(listener)}"
    assert names.asked == [("server", AddressFamily.IPV6)]
    connection.abort()


async def test_a_literal_is_no_name(ledger: PortLedger, peers: Peers) -> None:
    names = Names()
    (await HostNetwork(ports=ledger, names=names).open(to(peers.tcp()))).abort()
    assert names.asked == []


@pytest.mark.parametrize(
    "host", ["1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4.", "1234", "...", "", "::g", "[::1]", "a:b"]
)
async def test_a_malformed_address_is_no_name_either(ledger: PortLedger, host: str) -> None:
    names = Names(**{host: ["127.0.0.1"]})
    assert (
        await failure_of(HostNetwork(ports=ledger, names=names), OpenRequest(Transport.TCP, host, 1, 5.0))
        is NetFailure.NAME
    )
    assert names.asked == []


@pytest.mark.parametrize("host", ["fe80::1%lo", "::1%1", "fe80::1%"])
async def test_a_scope_id_is_refused(network: HostNetwork, host: str) -> None:
    assert await failure_of(network, OpenRequest(Transport.UDP, host, 9, 5.0)) is NetFailure.NAME


async def test_a_literal_of_a_family_that_is_not_asked_for(network: HostNetwork) -> None:
    request = OpenRequest(Transport.UDP, "::1", 9, 5.0, names=NamePolicy((AddressFamily.IPV4,)))
    assert await failure_of(network, request) is NetFailure.FAMILY


# What goes wrong


@pytest.mark.parametrize("family", AddressFamily)
async def test_refused(network: HostNetwork, peers: Peers, family: AddressFamily) -> None:
    request = OpenRequest(Transport.TCP, LOOPBACK[family], refused_port(peers, family), 5.0)
    assert await failure_of(network, request) is NetFailure.REFUSED


async def test_port_0_is_refused(network: HostNetwork) -> None:
    assert await failure_of(network, OpenRequest(Transport.TCP, "127.0.0.1", 0, 5.0)) is NetFailure.REFUSED
    assert await failure_of(network, OpenRequest(Transport.UDP, "127.0.0.1", 0, 5.0)) is NetFailure.OTHER


async def test_nobody_answers_in_time(network: HostNetwork, peers: Peers) -> None:
    assert await failure_of(network, to(peers.deaf(), timeout=0.05)) is NetFailure.TIMED_OUT


async def test_the_time_covers_all_addresses(ledger: PortLedger, peers: Peers) -> None:
    deaf = peers.deaf()
    names = Names(server=["127.0.0.1", "127.0.0.1", "::1"])
    request = to(deaf, timeout=0.05)._replace(host="server", names=FIRST_IPV4)
    assert await failure_of(HostNetwork(ports=ledger, names=names), request) is NetFailure.TIMED_OUT
    assert names.asked == [("server", AddressFamily.IPV4)]


async def test_the_name_takes_all_the_time(ledger: PortLedger, autojump_clock: MockClock) -> None:
    class Silence:
        async def resolve(self, name: str, family: AddressFamily, policy: NamePolicy) -> list[str]:
            await trio.sleep_forever()
            raise AssertionError

        def forget(self) -> None: ...

    started = trio.current_time()
    request = OpenRequest(Transport.TCP, "server", 1, 30.0, local_port=4000)
    assert await failure_of(HostNetwork(ports=ledger, names=Silence()), request) is NetFailure.NAME
    assert trio.current_time() - started == pytest.approx(30.0)
    assert ledger.claim(Transport.TCP, 4000).port == 4000


async def test_an_unknown_name(ledger: PortLedger) -> None:
    names = Names()
    request = OpenRequest(Transport.UDP, "server", 9, 5.0)
    assert await failure_of(HostNetwork(ports=ledger, names=names), request) is NetFailure.NAME
    assert names.asked == [("server", AddressFamily.IPV6), ("server", AddressFamily.IPV4)]


async def test_the_last_attempt_is_reported(ledger: PortLedger, peers: Peers) -> None:
    network = HostNetwork(ports=ledger, names=Names(both=["::1", "255.255.255.255"], six=["::1"]))
    request = OpenRequest(Transport.TCP, "both", refused_port(peers, AddressFamily.IPV6), 5.0)
    assert await failure_of(network, request) is NetFailure.OTHER
    reverse = request._replace(names=FIRST_IPV4)
    assert await failure_of(network, reverse) is NetFailure.REFUSED
    # A family that the name does not have was no attempt.
    assert await failure_of(network, request._replace(host="six")) is NetFailure.REFUSED


@pytest.mark.parametrize("transport", Transport)
async def test_ipv6_without_a_way(network: HostNetwork, transport: Transport) -> None:
    request = OpenRequest(transport, "::ffff:127.0.0.1", 9, 5.0)  # IPv4 is not to be had over IPv6
    assert await failure_of(network, request) is NetFailure.FAMILY


@pytest.mark.parametrize(
    ("code", "over_ipv4", "over_ipv6"),
    [
        (errno.ECONNREFUSED, NetFailure.REFUSED, NetFailure.REFUSED),
        (errno.ECONNRESET, NetFailure.REFUSED, NetFailure.REFUSED),
        (errno.ETIMEDOUT, NetFailure.TIMED_OUT, NetFailure.TIMED_OUT),
        (errno.EAFNOSUPPORT, NetFailure.FAMILY, NetFailure.FAMILY),
        (errno.ENETUNREACH, NetFailure.OTHER, NetFailure.FAMILY),
        (errno.EHOSTUNREACH, NetFailure.OTHER, NetFailure.FAMILY),
        (errno.EADDRNOTAVAIL, NetFailure.OTHER, NetFailure.FAMILY),
        (errno.EACCES, NetFailure.OTHER, NetFailure.OTHER),
    ],
)
async def test_what_errno_means(
    network: HostNetwork, monkeypatch: pytest.MonkeyPatch, code: int, over_ipv4: NetFailure, over_ipv6: NetFailure
) -> None:
    monkeypatch.setattr(socket.socket, "connect_ex", lambda *_: code)
    assert await failure_of(network, OpenRequest(Transport.TCP, "127.0.0.1", 9, 5.0)) is over_ipv4
    assert await failure_of(network, OpenRequest(Transport.TCP, "::1", 9, 5.0)) is over_ipv6


async def test_no_socket(network: HostNetwork, peers: Peers) -> None:
    request = to(peers.tcp())
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        assert await failure_of(network, request) is NetFailure.SOCKET
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_no_such_family_on_the_host(network: HostNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_socket(*_: object) -> socket.socket:
        raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")

    monkeypatch.setattr(socket, "socket", no_socket)
    assert await failure_of(network, OpenRequest(Transport.TCP, "::1", 9, 5.0)) is NetFailure.FAMILY


async def test_nobody_there_but_itself(
    network: HostNetwork, ledger: PortLedger, unused_port: Callable[[Transport], int]
) -> None:
    port = unused_port(Transport.TCP)
    request = OpenRequest(Transport.TCP, "127.0.0.1", port, 5.0, local_port=port)
    assert await failure_of(network, request) is NetFailure.REFUSED
    assert ledger.claim(Transport.TCP, port).port == port


async def test_a_peer_that_resets_at_once_is_a_peer(
    network: HostNetwork, peers: Peers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_: object) -> None:
        raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")

    with monkeypatch.context() as patch:
        patch.setattr(socket.socket, "getpeername", gone)
        connection = await network.open(to(peers.tcp()))
    assert connection.transport is Transport.TCP
    connection.abort()


# Options


async def test_the_options_of_tcp(network: HostNetwork, peers: Peers) -> None:
    asked = to(peers.tcp())._replace(keep_alive=KeepAlive(40, 31, 4), receive_window=5840, send_buffer=8192)
    connection = await network.open(asked)
    sock = host_socket(connection)
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 40
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL) == 31
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT) == 4
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) == 2 * 5840
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT) == 8192
    connection.abort()


async def test_the_options_of_tcp_that_nobody_asked_for(network: HostNetwork, peers: Peers) -> None:
    connection = await network.open(to(peers.tcp()))
    assert host_socket(connection).getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
    assert host_socket(connection).getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 0
    connection.abort()


async def test_udp_has_no_keep_alive_and_the_buffers_of_the_host(network: HostNetwork, peers: Peers) -> None:
    server = peers.udp()
    asked = to(server)._replace(keep_alive=KeepAlive(40, 31, 4), receive_window=1460, send_buffer=4096)
    connection = await network.open(asked)
    for option in (socket.SO_KEEPALIVE, socket.SO_RCVBUF, socket.SO_SNDBUF):
        assert host_socket(connection).getsockopt(socket.SOL_SOCKET, option) == server.getsockopt(
            socket.SOL_SOCKET, option
        )
    connection.abort()


@pytest.mark.parametrize("window", [1460, 5840, 65535])
async def test_the_window_closes_soon(network: HostNetwork, peers: Peers, window: int) -> None:
    listener = peers.tcp()
    connection = await network.open(to(listener)._replace(receive_window=window))
    peer = peers.accept(listener)
    peer.setblocking(False)
    with suppress(BlockingIOError):
        while True:
            peer.send(bytes(65536))
    assert window <= await settled(host_socket(connection), window) <= 3 * window
    connection.abort()


# What is left behind


async def test_cancelling_an_open_leaves_nothing(
    network: HostNetwork, ledger: PortLedger, peers: Peers, unused_port: Callable[[Transport], int]
) -> None:
    port = unused_port(Transport.TCP)
    request = to(peers.deaf(), timeout=30.0, local_port=port)
    before = open_files()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(network.open, request)
        await trio.testing.wait_all_tasks_blocked()
        assert open_files() > before
        nursery.cancel_scope.cancel()
    assert open_files() == before
    assert ledger.claim(Transport.TCP, port).port == port


async def test_no_descriptor_is_lost(network: HostNetwork, peers: Peers) -> None:
    listener, udp, deaf = peers.tcp(backlog=64), peers.udp(), peers.deaf()
    refused = OpenRequest(Transport.TCP, "127.0.0.1", refused_port(peers), 5.0)
    before = open_files()
    for _ in range(5):
        (await network.open(to(listener))).abort()
        await (await network.open(to(listener))).close(RESET)
        await (await network.open(to(udp))).close(RESET)
        assert await failure_of(network, refused) is NetFailure.REFUSED
        assert await failure_of(network, to(listener, local_port=port_of(deaf))) is NetFailure.PORT_TAKEN
        assert await failure_of(network, to(deaf, timeout=0.01)) is NetFailure.TIMED_OUT
    assert open_files() == before
