"""``--deny`` of loopback: every spelling of it, by every way out."""

from __future__ import annotations

import errno
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
import trio
from onemo.errors import NetError, NetFailure
from onemo.net.host.addresses import destination, reaches_loopback
from onemo.net.host.icmp import HostPinger
from onemo.net.host.ports import PortLedger
from onemo.net.host.routes import Routes, parse_pattern, parse_route
from onemo.net.host.sockets import HostNetwork
from onemo.net.interface import (
    AddressFamily,
    LookupRequest,
    NamePolicy,
    OpenRequest,
    PingRequest,
    TimeRequest,
    TlsRequest,
    Transport,
)

from tests.unit.net.conftest import Names
from tests.unit.net.host.network_parts import BOTH

DENIED = ("127.*", "[::1]", "localhost", "*.localhost")
ADDRESSES = [
    *("127.0.0.1", "127.1.2.3", "0.0.0.0", "::1", "::", "0:0:0:0:0:0:0:0", "0::0", "0000:0000::0001", "::0.0.0.0"),
    *("::0.0.0.1", "::ffff:127.0.0.1", "::FFFF:7f00:1", "::ffff:0.0.0.0", "::ffff:0:0", "0:0:0:0:0:ffff:0:0"),
]
SCOPED = ["::%lo", "::1%lo", "::1%1", "::ffff:0.0.0.0%lo"]
OTHERWISE = [  # what the host's own resolver would take for an address
    *("2130706433", "0", "0x7f000001", "0x0", "127.1", "127.0.1", "0177.0.0.1", "0x7f.0.0.1", "127.0.0.1.", "0.0.0.0."),
    *("localhost", "LOCALHOST", "localhost.", "a.localhost.", "017700000001", "127.0.0.01", "[::1]", "0.0.0.0%lo"),
]


class Reached:
    """What the kernel was asked to reach: every socket of the test connects or sends through it."""

    def __init__(self) -> None:
        self.addresses: list[str] = []


@pytest.fixture(autouse=True)
def reached(monkeypatch: pytest.MonkeyPatch) -> Reached:
    """Nothing leaves; what would have is remembered."""
    seen = Reached()

    def pinger(address: str, size: int, **_: object) -> HostPinger:
        seen.addresses.append(address)
        raise NetError(NetFailure.TIMED_OUT, "reached")

    async def time(address: str, port: int, source: str | None = None) -> float:
        await trio.lowlevel.checkpoint()
        seen.addresses.append(address)
        raise NetError(NetFailure.TIMED_OUT, "reached")

    def connect_ex(self: socket.socket, place: tuple[str, int]) -> int:
        seen.addresses.append(place[0])
        return errno.ECONNREFUSED

    async def datagram(query: object, where: str, **_: object) -> None:
        await trio.lowlevel.checkpoint()
        seen.addresses.append(where)
        raise OSError(errno.ECONNREFUSED, "reached")

    monkeypatch.setattr("onemo.net.host.icmp.open_pinger", pinger)
    monkeypatch.setattr("onemo.net.host.sntp.ask", time)
    monkeypatch.setattr(socket.socket, "connect_ex", connect_ex)
    monkeypatch.setattr("dns.asyncquery.udp", datagram)
    monkeypatch.setattr("dns.asyncquery.tcp", datagram)
    return seen


def network(names: Names | None, deny: tuple[str, ...] = DENIED, *routes: str) -> HostNetwork:
    ways = Routes(tuple(map(parse_route, routes)), tuple(map(parse_pattern, deny)))
    return HostNetwork(ways, PortLedger(), "/nonexistent", names)


WAYS: dict[str, Callable[[HostNetwork, str], Awaitable[object]]] = {
    "TCP": lambda net, host: net.open(OpenRequest(Transport.TCP, host, 80, 5.0, BOTH)),
    "TLS": lambda net, host: net.open(OpenRequest(Transport.TCP, host, 443, 5.0, BOTH, tls=TlsRequest())),
    "UDP": lambda net, host: net.open(OpenRequest(Transport.UDP, host, 80, 5.0, BOTH)),
    "MPING": lambda net, host: net.ping(PingRequest(host, 32, BOTH)),
    "MNTP": lambda net, host: net.ask_time(TimeRequest(host, 123, 5.0, BOTH)),
}
ways = pytest.mark.parametrize("way", WAYS)


@ways
@pytest.mark.parametrize("address", [*ADDRESSES, *SCOPED, *OTHERWISE])
async def test_as_the_firmware_writes_it(way: str, address: str, reached: Reached) -> None:
    with pytest.raises(NetError):
        await WAYS[way](network(Names()), address)
    assert reached.addresses == []


@ways
@pytest.mark.parametrize("address", ADDRESSES)
async def test_as_a_name_resolves_to_it(way: str, address: str, reached: Reached) -> None:
    with pytest.raises(NetError, match="denied by --deny"):
        await WAYS[way](network(Names(trap=[address])), "trap")
    assert reached.addresses == []


@ways
@pytest.mark.parametrize("name", ["0x7f000001", "0x0", "localhost", "a.localhost"])
async def test_as_the_host_resolves_it(way: str, name: str, reached: Reached) -> None:
    """A direct route has the host's resolver asked, which takes other spellings."""
    direct = network(Names(**{name: ["127.0.0.1"]}), DENIED, "*=direct")
    with pytest.raises(NetError, match="denied by --deny"):
        await WAYS[way](direct, name)
    assert reached.addresses == []


@pytest.mark.parametrize("address", [*ADDRESSES, *SCOPED])
async def test_as_a_name_server(address: str, reached: Reached) -> None:
    names = NamePolicy((AddressFamily.IPV4,), (address,), (address,), timeout=1.0, requests=1)
    with pytest.raises(NetError):
        await network(None).lookup(LookupRequest("a.test", names, every=False))
    assert reached.addresses == []


@ways
@pytest.mark.parametrize("address", ADDRESSES)
async def test_what_is_reached_is_what_was_checked(way: str, address: str, reached: Reached) -> None:
    """Without a socket's own address in the way: Linux takes that for an unspecified destination."""
    with suppress(NetError):
        await WAYS[way](network(Names(), deny=("192.0.2.1",)), address)
    assert reached.addresses
    assert all(map(reaches_loopback, reached.addresses))
    assert not {"0.0.0.0", "::"} & set(reached.addresses)


@pytest.mark.parametrize(
    ("written", "reached"),
    [
        ("0.0.0.0", "127.0.0.1"),
        ("::", "::1"),
        ("::%lo", "::1"),
        ("::ffff:0.0.0.0", "::ffff:127.0.0.1"),
        ("127.0.0.2", "127.0.0.2"),
        ("192.0.2.1", "192.0.2.1"),
        ("0.0.0.1", "0.0.0.1"),
        ("2001:db8::", "2001:db8::"),
    ],
)
def test_destination(written: str, reached: str) -> None:
    assert destination(written) == reached


def test_a_pattern_of_the_unspecified_address_means_that_alone() -> None:
    routes = Routes(denied=(parse_pattern("0.0.0.0"),))
    assert routes.find("127.0.0.1", 80) is None
    with pytest.raises(NetError):
        routes.find("0.0.0.0", 80)
