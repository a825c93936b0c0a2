"""Peers on loopback for the host's network. They are plain blocking sockets: what they wait for has come already."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from onemo.errors import NetError, NetFailure
from onemo.net.host.connections import TcpConnection, UdpConnection
from onemo.net.host.ports import PortLedger
from onemo.net.host.sockets import HostNetwork
from onemo.net.interface import AddressFamily, Connection, NamePolicy, OpenRequest, Transport

LOOPBACK = {AddressFamily.IPV4: "127.0.0.1", AddressFamily.IPV6: "::1"}
SOCKET_FAMILY = {AddressFamily.IPV4: socket.AF_INET, AddressFamily.IPV6: socket.AF_INET6}


class Names:
    """A resolver that knows what it was told, and remembers what it was asked."""

    def __init__(self, **known: list[str]) -> None:
        self.known = known
        self.asked: list[tuple[str, AddressFamily]] = []

    async def resolve(self, name: str, family: AddressFamily, policy: NamePolicy) -> list[str]:
        self.asked.append((name, family))
        found = [a for a in self.known.get(name, []) if (":" in a) == (family is AddressFamily.IPV6)]
        if not found:
            raise NetError(NetFailure.NAME, name)
        return found

    def forget(self) -> None:
        self.known.clear()


class Peers:
    """Sockets on loopback that are closed when the test ends."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    def keep(self, sock: socket.socket) -> socket.socket:
        sock.settimeout(5)
        return self._stack.enter_context(sock)

    def tcp(
        self, family: AddressFamily = AddressFamily.IPV4, *, backlog: int = 8, window: int | None = None
    ) -> socket.socket:
        """A listening socket; window: SO_RCVBUF of what it accepts."""
        sock = self.keep(socket.socket(SOCKET_FAMILY[family], socket.SOCK_STREAM))
        if window is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        sock.bind((LOOPBACK[family], 0))
        sock.listen(backlog)
        return sock

    def deaf(self) -> socket.socket:
        """A listening socket whose queue is full: it answers no SYN."""
        sock = self.tcp(backlog=0)
        for _ in range(3):
            filler = self.keep(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(sock.getsockname())
        return sock

    def udp(self, family: AddressFamily = AddressFamily.IPV4, port: int = 0) -> socket.socket:
        sock = self.keep(socket.socket(SOCKET_FAMILY[family], socket.SOCK_DGRAM))
        sock.bind((LOOPBACK[family], port))
        return sock

    def accept(self, listener: socket.socket) -> socket.socket:
        return self.keep(listener.accept()[0])


@pytest.fixture
def peers() -> Iterator[Peers]:
    with ExitStack() as stack:
        yield Peers(stack)


@pytest.fixture
def ledger() -> PortLedger:
    return PortLedger()


@pytest.fixture
def network(ledger: PortLedger) -> HostNetwork:
    """The host's network, without names."""
    return HostNetwork(ports=ledger, names=Names())


@pytest.fixture
def unused_port() -> Callable[[Transport], int]:
    """A port that was free a moment ago, for the tests that have to name one."""

    def find(transport: Transport) -> int:
        kind = socket.SOCK_STREAM if transport is Transport.TCP else socket.SOCK_DGRAM
        with socket.socket(socket.AF_INET, kind) as sock:
            sock.bind(("0.0.0.0", 0))
            return port_of(sock)

    return find


def port_of(sock: socket.socket) -> int:
    port = sock.getsockname()[1]
    assert isinstance(port, int)
    return port


def to(sock: socket.socket, timeout: float = 5.0, local_port: int = 0) -> OpenRequest:
    """A request to open a connection to this very socket."""
    transport = Transport.TCP if sock.type == socket.SOCK_STREAM else Transport.UDP
    host, port = sock.getsockname()[:2]
    return OpenRequest(transport, host, port, timeout, local_port=local_port)


async def failure_of(network: HostNetwork, request: OpenRequest) -> NetFailure:
    with pytest.raises(NetError) as refusal:
        await network.open(request)
    return refusal.value.failure


def host_socket(connection: Connection) -> socket.socket:
    """The host's socket under a connection, to look at its options."""
    assert isinstance(connection, TcpConnection | UdpConnection)
    return connection._sock


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))
