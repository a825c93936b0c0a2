"""One attempt at one address: a real TCP or UDP socket with the options that a module's instance asks for.

The handshake's time limit, and the meaning of the host's errno to a module.
"""

from __future__ import annotations

import errno
import os
import socket
from typing import NamedTuple

import trio

from onemo.errors import NetError, NetFailure
from onemo.net.host.addresses import DOMAIN, own_address
from onemo.net.host.connections import OpenUdpConnection, TcpConnection, UdpConnection, reset
from onemo.net.host.ports import PortClaim
from onemo.net.interface import AddressFamily, Connection, OpenRequest, Transport

_ANY_ADDRESS = {AddressFamily.IPV4: "0.0.0.0", AddressFamily.IPV6: "::"}
_SOCKET_TYPE = {Transport.TCP: socket.SOCK_STREAM, Transport.UDP: socket.SOCK_DGRAM}

_CONNECT_FAILURE = {
    errno.ECONNREFUSED: NetFailure.REFUSED,
    errno.ECONNRESET: NetFailure.REFUSED,
    errno.ETIMEDOUT: NetFailure.TIMED_OUT,
    errno.EAFNOSUPPORT: NetFailure.FAMILY,
}
_NO_WAY_THERE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL}
_IP_BIND_ADDRESS_NO_PORT = 24  # of linux/in.h, which the library does not name


class Place(NamedTuple):
    """The real end of traffic: an address of the host's network and a port."""

    address: str
    port: int

    @property
    def family(self) -> AddressFamily:
        """The family of the address."""
        return AddressFamily.IPV6 if ":" in self.address else AddressFamily.IPV4

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if self.family is AddressFamily.IPV6 else f"{self.address}:{self.port}"


async def connect(
    request: OpenRequest, place: Place, deadline: float, claim: PortClaim, source: str | None = None
) -> Connection:
    """Connect to the place, whatever host and port the request has; deadline in trio's time, source as in HostNetwork.

    Raises NetError, and then nothing of the attempt is left. The claim stays the caller's until then.
    """
    family, peer = place.family, str(place)
    sock = _new_socket(request.transport, family)
    try:
        _set_options(sock, request, family)
        _bind(sock, request, family, own_address(source, family))
        if request.open_to_all:
            if not request.local_port:
                sock.bind((own_address(source, family) or _ANY_ADDRESS[family], 0))
            return OpenUdpConnection(sock, peer, claim, place, (request.host, request.port))
        await _shake_hands(sock, place, deadline)
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


def _new_socket(transport: Transport, family: AddressFamily) -> socket.socket:
    try:
        sock = socket.socket(DOMAIN[family], _SOCKET_TYPE[transport])
    except OSError as error:
        failure = NetFailure.FAMILY if error.errno == errno.EAFNOSUPPORT else NetFailure.SOCKET
        raise NetError(failure, str(error.strerror)) from error
    sock.setblocking(False)
    return sock


def _set_options(sock: socket.socket, request: OpenRequest, family: AddressFamily) -> None:
    """Set the options that must be set before the handshake.

    UDP keeps the host's buffers: a small one loses whole datagrams. Linux doubles SO_RCVBUF for its own overhead and
    offers half of that, so the window begins at what is asked for; a peer that sends large segments gets up to twice as
    much in before the window is shut.
    """
    if family is AddressFamily.IPV6:
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


def _bind(sock: socket.socket, request: OpenRequest, family: AddressFamily, own: str | None) -> None:
    if not request.local_port and own is None:
        return
    if not request.local_port:
        # The port is chosen with the peer, so that there are as many for each peer.
        sock.setsockopt(socket.IPPROTO_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
    elif request.transport is Transport.TCP:
        # The host's own TIME_WAIT must not add to the module's.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((own or _ANY_ADDRESS[family], request.local_port))
    except OSError as error:
        failure = NetFailure.PORT_TAKEN if error.errno == errno.EADDRINUSE else NetFailure.BIND
        what = " ".join(filter(None, (own, f"local port {request.local_port}")))
        raise NetError(failure, f"{what}: {error.strerror}") from error


async def _shake_hands(sock: socket.socket, place: Place, deadline: float) -> None:
    """Connect the socket. Raises OSError, or NetError(TIMED_OUT) at the deadline."""
    code = sock.connect_ex((place.address, place.port))
    if code == errno.EINPROGRESS:
        with trio.move_on_at(deadline) as scope:
            await trio.lowlevel.wait_writable(sock)
        if scope.cancelled_caught:
            raise NetError(NetFailure.TIMED_OUT, f"{place}: no answer")
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, os.strerror(code))


def _refuse_itself(sock: socket.socket) -> None:
    """Refuse a socket that dialled its own port on its own address, and got itself (a simultaneous open)."""
    try:
        itself = sock.getsockname() == sock.getpeername()
    except OSError:
        return  # the peer has reset it already, which the first read will say
    if itself:
        reset(sock)
        raise NetError(NetFailure.REFUSED, "nobody there but this very socket")


def _connect_failure(code: int, request: OpenRequest, family: AddressFamily) -> NetFailure:
    if code == errno.EADDRNOTAVAIL and request.transport is Transport.TCP and request.local_port:
        return NetFailure.PORT_TAKEN  # an earlier connection from this port to this very peer is not over yet
    if code in _NO_WAY_THERE:
        return NetFailure.FAMILY if family is AddressFamily.IPV6 else NetFailure.OTHER
    return _CONNECT_FAILURE.get(code, NetFailure.OTHER)
