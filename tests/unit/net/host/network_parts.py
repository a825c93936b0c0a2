"""A sandbox of one socket each, and networks with the routes of a test."""

from __future__ import annotations

import socket
from collections.abc import Awaitable

import pytest
import trio
from onemo.errors import NetError, NetFailure
from onemo.net.host.ports import PortLedger
from onemo.net.host.routes import Routes, SandboxNetwork, parse_pattern, parse_route
from onemo.net.host.sockets import HostNetwork
from onemo.net.interface import (
    AddressFamily,
    Echo,
    NamePolicy,
    Pinger,
    Transport,
)

from tests.unit.net.conftest import Names
from tests.unit.net.host.dns_server import DnsServer

SERVER = "192.0.2.53"
BOTH = NamePolicy((AddressFamily.IPV6, AddressFamily.IPV4), (SERVER,), (SERVER,), timeout=5.0, requests=1)
IPV4_FIRST = BOTH._replace(families=(AddressFamily.IPV4, AddressFamily.IPV6))
IPV4_ONLY = BOTH._replace(families=(AddressFamily.IPV4,))


class FakePinger:
    """Remembers whom it pings; its replies come at once."""

    def __init__(self, pinged: str, size: int, ttl: int = 64, shown: str | None = None) -> None:
        self.pinged = pinged
        self.address = shown or pinged
        self.size = size
        self.ttl = ttl
        self.closed = False

    async def echo(self, timeout: float) -> Echo:
        await trio.lowlevel.checkpoint()
        return Echo(timeout, self.ttl)

    def close(self) -> None:
        self.closed = True


class FakeSandbox:
    """One TCP and one UDP socket stand for every port; it gives out 198.18.0.1 and 2001:db8:5::1."""

    def __init__(self, tcp: socket.socket, udp: socket.socket) -> None:
        self._sockets = {Transport.TCP: tcp, Transport.UDP: udp}
        self.asked: list[tuple[Transport, int]] = []

    def endpoint(self, transport: Transport, port: int, *, tls: bool = False) -> tuple[str, int]:
        self.asked.append((transport, port))
        address, number = self._sockets[transport].getsockname()
        return address, number

    def addresses(self, name: str, family: AddressFamily) -> list[str]:
        if name.startswith("gone"):
            raise NetError(NetFailure.NAME, name)
        if family is AddressFamily.IPV6:
            return [] if name.startswith("four") else ["2001:db8:5::1"]
        return ["198.18.0.1"]

    def pinger(self, address: str, size: int) -> Pinger:
        return FakePinger(address, size, ttl=255)

    def holds(self, address: str) -> bool:
        return address in ("198.18.0.1", "2001:db8:5::1")

    def name_servers(self) -> tuple[str, ...]:
        return ("198.18.0.53",)


def network(
    *routes: str,
    deny: tuple[str, ...] = (),
    offline: bool = False,
    sandbox: SandboxNetwork | None = None,
    names: Names | None = None,
) -> HostNetwork:
    """A network whose names are known to names, or to the server at SERVER where the routes say so."""
    ways = Routes(tuple(map(parse_route, routes)), tuple(map(parse_pattern, deny)), offline, sandbox)
    return HostNetwork(ways, PortLedger(), "/nonexistent", names)


def asking(server: DnsServer) -> str:
    """The route to a DNS server of a test."""
    return f"{SERVER}:53={server.place}"


async def failure(waiting: Awaitable[object]) -> NetFailure:
    with pytest.raises(NetError) as refusal:
        await waiting
    return refusal.value.failure
