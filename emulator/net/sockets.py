"""The host's network: real TCP and UDP sockets, opened as a module's instance asks.

Names, families, the handshake's time limit, and what the host's errno means to a module.
"""

from __future__ import annotations

import errno
import os
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Protocol

import trio

from emulator.errors import NetError, NetFailure
from emulator.net.connections import TcpConnection, UdpConnection, reset
from emulator.net.interface import Connection, Family, OpenRequest, Transport
from emulator.net.ports import LEDGER, PortClaim, PortLedger
from emulator.net.resolver import HostResolver

__all__ = ["HostNetwork", "Resolver", "TcpConnection", "UdpConnection"]

_DOTTED = frozenset("0123456789.")
_ANY_ADDRESS = {Family.IPV4: "0.0.0.0", Family.IPV6: "::"}
_SOCKET_FAMILY = {Family.IPV4: socket.AF_INET, Family.IPV6: socket.AF_INET6}
_SOCKET_TYPE = {Transport.TCP: socket.SOCK_STREAM, Transport.UDP: socket.SOCK_DGRAM}

_CONNECT_FAILURE = {
    errno.ECONNREFUSED: NetFailure.REFUSED,
    errno.ECONNRESET: NetFailure.REFUSED,
    errno.ETIMEDOUT: NetFailure.TIMED_OUT,
    errno.EAFNOSUPPORT: NetFailure.FAMILY,
}
_NO_WAY_THERE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL}


class Resolver(Protocol):
    """Something that knows the addresses of names."""

    async def resolve(self, name: str, family: Family) -> list[str]:
        """The name's addresses in this family, best first. Raises NetError(NAME) when there is none."""
        ...


class HostNetwork:
    """Opens real connections. Names are the resolver's business (the host's name servers by default); local
    ports are entered in the ledger."""

    def __init__(self, resolver: Resolver | None = None, ports: PortLedger = LEDGER) -> None:
        self._resolver = resolver or HostResolver()
        self._ports = ports

    async def open(self, request: OpenRequest) -> Connection:
        """Resolve, connect, and return the connection.

        Families are tried in the request's order, in each family every address. Raises NetError: the last
        attempt's when all fail; a name that lacks one family is no attempt. TIMED_OUT when the time ends
        during a handshake, NAME when it ends before the name is known.
        """
        await trio.lowlevel.checkpoint()
        literal = _literal(request.host)
        if literal is not None and Family(literal.version) not in request.families:
            raise NetError(NetFailure.FAMILY, f"{request.host}: not a family of this module")
        if request.transport is Transport.UDP and not request.port:
            # The kernel takes it for "not connected" and would let in everybody's datagrams.
            raise NetError(NetFailure.OTHER, "UDP has no port 0")
        claim = self._ports.claim(request.transport, request.local_port)
        try:
            return await self._first_that_answers(request, literal, claim)
        except BaseException:
            claim.release()
            raise

    async def _first_that_answers(
        self, request: OpenRequest, literal: IPv4Address | IPv6Address | None, claim: PortClaim
    ) -> Connection:
        deadline = trio.current_time() + request.timeout
        families = request.families if literal is None else (Family(literal.version),)
        failure: NetError | None = None
        for family in families:
            try:
                addresses = [str(literal)] if literal else await self._resolve(request.host, family, deadline)
            except NetError as error:
                if trio.current_time() >= deadline:
                    raise
                failure = failure or error
                continue
            for address in addresses:
                try:
                    return await _connect(request, family, address, deadline, claim)
                except NetError as error:
                    if trio.current_time() >= deadline:
                        raise
                    failure = error
        raise failure or NetError(NetFailure.NAME, f"{request.host}: no address")

    async def _resolve(self, name: str, family: Family, deadline: float) -> list[str]:
        with trio.move_on_at(deadline):
            return await self._resolver.resolve(name, family)
        raise NetError(NetFailure.NAME, f"{name}: not resolved in time")


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    """The address that host is, None if it is a name. Raises NetError(NAME): it is neither.

    A scope id is refused: it names an interface of the host, and the module does not have those.
    """
    if ":" not in host and not _DOTTED.issuperset(host):
        return None
    try:
        address = ip_address(host)
    except ValueError:
        raise NetError(NetFailure.NAME, f"malformed address {host[:64]!r}") from None
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        raise NetError(NetFailure.NAME, f"{host[:64]!r} has a scope id")
    return address


async def _connect(request: OpenRequest, family: Family, address: str, deadline: float, claim: PortClaim) -> Connection:
    """One attempt at one address. Raises NetError, and then nothing of the attempt is left."""
    peer = f"[{address}]:{request.port}" if family is Family.IPV6 else f"{address}:{request.port}"
    sock = _new_socket(request.transport, family)
    try:
        _set_options(sock, request, family)
        _bind(sock, request, family)
        await _shake_hands(sock, address, request.port, deadline)
        if request.transport is Transport.UDP:
            return UdpConnection(sock, peer, claim)
        _refuse_itself(sock)
        return TcpConnection(sock, peer, claim)
    except OSError as error:
        sock.close()
        failure = _connect_failure(error.errno or 0, request, family)
        raise NetError(failure, f"{peer}: {error.strerror}") from error
    except BaseException:
        sock.close()
        raise


def _new_socket(transport: Transport, family: Family) -> socket.socket:
    try:
        sock = socket.socket(_SOCKET_FAMILY[family], _SOCKET_TYPE[transport])
    except OSError as error:
        failure = NetFailure.FAMILY if error.errno == errno.EAFNOSUPPORT else NetFailure.SOCKET
        raise NetError(failure, str(error.strerror)) from error
    sock.setblocking(False)
    return sock


def _set_options(sock: socket.socket, request: OpenRequest, family: Family) -> None:
    """What must be set before the handshake. UDP keeps the host's buffers: a small one loses whole datagrams.

    Linux doubles SO_RCVBUF for its own overhead and offers half of that, so the window begins at what is
    asked for; a peer that sends large segments gets up to twice as much in before the window is shut.
    """
    if family is Family.IPV6:
        # else a program of the host that has this local port in IPv4 alone would stand in the way
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    if request.transport is Transport.UDP:
        return
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if request.receive_window is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, request.receive_window)
    if request.send_buffer is not None:
        # Bytes not yet sent, rather than SO_SNDBUF, which also counts those under way: on loopback, whose segments
        # are larger than a module's whole buffer, a sender would wait for acknowledgements that the peer delays.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, request.send_buffer)
    if request.keep_alive is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, request.keep_alive.idle)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, request.keep_alive.interval)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, request.keep_alive.probes)


def _bind(sock: socket.socket, request: OpenRequest, family: Family) -> None:
    if not request.local_port:
        return
    if request.transport is Transport.TCP:
        # The host's own TIME_WAIT must not add to the module's.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((_ANY_ADDRESS[family], request.local_port))
    except OSError as error:
        failure = NetFailure.PORT_TAKEN if error.errno == errno.EADDRINUSE else NetFailure.BIND
        raise NetError(failure, f"local port {request.local_port}: {error.strerror}") from error


async def _shake_hands(sock: socket.socket, address: str, port: int, deadline: float) -> None:
    """Raises OSError, or NetError(TIMED_OUT) at the deadline."""
    code = sock.connect_ex((address, port))
    if code == errno.EINPROGRESS:
        with trio.move_on_at(deadline) as scope:
            await trio.lowlevel.wait_writable(sock)
        if scope.cancelled_caught:
            raise NetError(NetFailure.TIMED_OUT, f"{address} port {port}: no answer")
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, os.strerror(code))


def _refuse_itself(sock: socket.socket) -> None:
    """A socket that dials its own port on its own address gets itself (a simultaneous open), and an echo."""
    try:
        itself = sock.getsockname() == sock.getpeername()
    except OSError:
        return  # the peer has reset it already, which the first read will say
    if itself:
        reset(sock)
        raise NetError(NetFailure.REFUSED, "nobody there but this very socket")


def _connect_failure(code: int, request: OpenRequest, family: Family) -> NetFailure:
    if code == errno.EADDRNOTAVAIL and request.transport is Transport.TCP and request.local_port:
        return NetFailure.PORT_TAKEN  # an earlier connection from this port to this very peer is not over yet
    if code in _NO_WAY_THERE:
        return NetFailure.FAMILY if family is Family.IPV6 else NetFailure.OTHER
    return _CONNECT_FAILURE.get(code, NetFailure.OTHER)
