"""Local ports: the ledger, and what the host says to them."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable

import pytest
from onemo.errors import NetError, NetFailure
from onemo.net.host.ports import PortLedger
from onemo.net.host.sockets import HostNetwork
from onemo.net.interface import AddressFamily, Transport

from tests.unit.net.conftest import Peers, failure_of, host_socket, port_of, to

# The ledger


def test_a_port_has_one_holder_at_a_time(ledger: PortLedger) -> None:
    first = ledger.claim(Transport.TCP, 4000)
    with pytest.raises(NetError) as refusal:
        ledger.claim(Transport.TCP, 4000)
    assert refusal.value.failure is NetFailure.PORT_TAKEN
    first.release()
    assert ledger.claim(Transport.TCP, 4000).port == 4000


def test_tcp_and_udp_are_apart(ledger: PortLedger) -> None:
    ledger.claim(Transport.TCP, 4000)
    assert ledger.claim(Transport.UDP, 4000).transport is Transport.UDP


def test_port_0_is_free_for_all(ledger: PortLedger) -> None:
    claims = [ledger.claim(Transport.UDP, 0) for _ in range(3)]
    for claim in claims:
        claim.release()
    assert ledger.claim(Transport.UDP, 0).port == 0


def test_a_second_release_leaves_the_next_holder_alone(ledger: PortLedger) -> None:
    first = ledger.claim(Transport.UDP, 4000)
    first.release()
    ledger.claim(Transport.UDP, 4000)
    first.release()
    with pytest.raises(NetError, match="UDP port 4000"):
        ledger.claim(Transport.UDP, 4000)


def test_ledgers_know_nothing_of_each_other(ledger: PortLedger) -> None:
    ledger.claim(Transport.TCP, 4000)
    assert PortLedger().claim(Transport.TCP, 4000).port == 4000


# The host


@pytest.mark.parametrize("transport", Transport)
async def test_a_local_port_is_used(
    network: HostNetwork, peers: Peers, unused_port: Callable[[Transport], int], transport: Transport
) -> None:
    port = unused_port(transport)
    server = peers.tcp() if transport is Transport.TCP else peers.udp()
    connection = await network.open(to(server, local_port=port))
    assert host_socket(connection).getsockname()[1] == port
    connection.abort()


@pytest.mark.parametrize("transport", Transport)
async def test_a_local_port_of_another_instance(
    network: HostNetwork, peers: Peers, unused_port: Callable[[Transport], int], transport: Transport
) -> None:
    request = to(peers.tcp() if transport is Transport.TCP else peers.udp(), local_port=unused_port(transport))
    first = await network.open(request)
    assert await failure_of(network, request) is NetFailure.PORT_TAKEN
    first.abort()
    (await network.open(request)).abort()


@pytest.mark.parametrize("transport", Transport)
async def test_a_local_port_of_the_host(
    network: HostNetwork, ledger: PortLedger, peers: Peers, transport: Transport
) -> None:
    server = peers.tcp() if transport is Transport.TCP else peers.udp()
    other = peers.tcp() if transport is Transport.TCP else peers.udp()
    assert await failure_of(network, to(server, local_port=port_of(other))) is NetFailure.PORT_TAKEN
    assert ledger.claim(transport, port_of(other)).port == port_of(other), "a failed open gives the port back"


async def test_a_local_port_of_the_host_in_ipv4_is_free_in_ipv6(network: HostNetwork, peers: Peers) -> None:
    other = peers.udp(AddressFamily.IPV4)
    connection = await network.open(to(peers.udp(AddressFamily.IPV6), local_port=port_of(other)))
    assert host_socket(connection).getsockname()[1] == port_of(other)
    connection.abort()


async def test_a_local_port_that_the_host_forbids(
    network: HostNetwork, peers: Peers, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = to(peers.tcp(), local_port=80)

    def forbid(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", forbid)
    assert await failure_of(network, request) is NetFailure.BIND


async def test_a_connection_from_this_port_to_this_peer_is_not_over(
    network: HostNetwork, peers: Peers, unused_port: Callable[[Transport], int]
) -> None:
    listener = peers.tcp()
    port = unused_port(Transport.TCP)
    other = peers.keep(socket.socket())
    other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    other.bind(("0.0.0.0", port))
    other.connect(listener.getsockname())
    assert await failure_of(network, to(listener, local_port=port)) is NetFailure.PORT_TAKEN
