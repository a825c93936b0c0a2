"""A module with an address of its own: whoever it talks to sees that."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from contextlib import ExitStack

import pytest
import trio
from onemo.errors import NetError, NetFailure
from onemo.net.host.icmp import open_pinger
from onemo.net.host.ports import PortLedger
from onemo.net.host.routes import Routes, parse_route
from onemo.net.host.sockets import HostNetwork
from onemo.net.interface import AddressFamily, LookupRequest, TimeRequest, Transport

from tests.unit.net.conftest import Peers, port_of, to
from tests.unit.net.host.icmp_parts import ToPort
from tests.unit.net.host.network_parts import IPV4_ONLY, SERVER

OWN, OTHER = "127.0.0.5", "127.0.0.6"


def network(source: str | None, ledger: PortLedger | None = None, *routes: str) -> HostNetwork:
    return HostNetwork(Routes(tuple(map(parse_route, routes))), ledger or PortLedger(), "/nonexistent", source=source)


@pytest.mark.parametrize("family", list(AddressFamily))
@pytest.mark.parametrize("transport", list(Transport))
@pytest.mark.parametrize("given", [False, True])
async def test_a_connection(
    peers: Peers,
    unused_port: Callable[[Transport], int],
    family: AddressFamily,
    transport: Transport,
    given: bool,
) -> None:
    """Its own family has the source; the port is the given one, or one that the host chooses."""
    peer = peers.tcp(family) if transport is Transport.TCP else peers.udp(family)
    local_port = unused_port(transport) if given else 0
    connection = await network(OWN).open(to(peer, local_port=local_port))
    try:
        if transport is Transport.TCP:
            address, port = peers.accept(peer).getpeername()[:2]
        else:
            assert connection.send_now(b"x") == 1
            address, port = peer.recvfrom(1)[1][:2]
        assert address == (OWN if family is AddressFamily.IPV4 else "::1")
        assert port == local_port or (port and not local_port)
    finally:
        connection.abort()


@pytest.mark.parametrize("transport", list(Transport))
async def test_two_sources_have_the_same_local_port(
    peers: Peers, ledger: PortLedger, unused_port: Callable[[Transport], int], transport: Transport
) -> None:
    peer = peers.tcp() if transport is Transport.TCP else peers.udp()
    request = to(peer, local_port=unused_port(transport))
    first = await network(OWN, ledger).open(request)
    second = await network(OTHER, ledger).open(request)
    for taken in (OWN, None):
        with pytest.raises(NetError) as refusal:
            await network(taken, ledger).open(request)
        assert refusal.value.failure is NetFailure.PORT_TAKEN
    second.abort()
    (await network(OTHER, ledger).open(request)).abort()
    first.abort()


def test_an_address_and_every_address_share_no_port(ledger: PortLedger) -> None:
    every = ledger.claim(Transport.TCP, 4000)
    with pytest.raises(NetError):
        ledger.claim(Transport.TCP, 4000, OWN)
    every.release()
    one = ledger.claim(Transport.TCP, 4000, OWN)
    with pytest.raises(NetError):
        ledger.claim(Transport.TCP, 4000)
    every.release()  # once more: the port is another's since
    one.release()
    ledger.claim(Transport.TCP, 4000).release()


async def seen(peer: socket.socket, asking: Callable[[], Awaitable[object]]) -> str:
    """Return the address that asks, as the peer sees it."""
    peer.setblocking(False)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(asking)
        with trio.fail_after(5):
            await trio.lowlevel.wait_readable(peer)
        nursery.cancel_scope.cancel()
    address: str = peer.recvfrom(512)[1][0]
    return address


async def test_a_name_server_sees_it(peers: Peers) -> None:
    peer = peers.udp()
    ways = network(OWN, None, f"{SERVER}:53=127.0.0.1:{port_of(peer)}")
    assert await seen(peer, lambda: ways.lookup(LookupRequest("v4.test", IPV4_ONLY, every=False))) == OWN


async def test_a_time_server_sees_it(peers: Peers) -> None:
    peer = peers.udp()
    request = TimeRequest("127.0.0.1", port_of(peer), 5.0, IPV4_ONLY)
    assert await seen(peer, lambda: network(OWN).ask_time(request)) == OWN


@pytest.mark.parametrize(("family", "shown"), [(AddressFamily.IPV4, OWN), (AddressFamily.IPV6, "::1")])
async def test_who_is_pinged_sees_it(family: AddressFamily, shown: str) -> None:
    with ExitStack() as stack:
        near = stack.enter_context(ToPort(socket.AF_INET if family is AddressFamily.IPV4 else socket.AF_INET6))
        near.port = 9
        pinger = open_pinger("127.0.0.1" if family is AddressFamily.IPV4 else "::1", 8, lambda *_: near, OWN)
        assert near.getsockname()[0] == shown
        pinger.close()


async def test_an_address_of_another_host(peers: Peers) -> None:
    with pytest.raises(NetError) as refusal:
        await network("192.0.2.77").open(to(peers.tcp()))
    assert refusal.value.failure is NetFailure.BIND
    assert "192.0.2.77" in refusal.value.detail


@pytest.mark.parametrize("source", [OWN, "::1"])
def test_the_module_knows_its_address(source: str) -> None:
    ipv4, ipv6 = HostNetwork(Routes(offline=True), source=source).local_addresses()
    assert (ipv4, ipv6) == ((source, None) if ":" not in source else (None, source))
