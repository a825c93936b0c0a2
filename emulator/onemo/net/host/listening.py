"""Sockets of the host on which a module listens, and what comes in on them."""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence
from typing import NamedTuple

import trio

from onemo.errors import NetError, NetFailure
from onemo.net.host.addresses import DOMAIN
from onemo.net.host.connect import Place
from onemo.net.host.connections import OpenUdpConnection, TcpConnection
from onemo.net.host.ports import LEDGER
from onemo.net.interface import AddressFamily, ListenRequest, Transport

BACKLOG = 512
"""Connections that wait at the host until they are accepted.

Beyond it Linux answers with SYN cookies and forgets the client, which then takes the connection for open: it would see
neither data nor an RST.
"""
_PASSING = frozenset({errno.ECONNABORTED, errno.EINTR, errno.EPROTO, errno.EAGAIN})
"""What accept says of a connection that is gone, or of none."""


class Accepting:
    """A socket that listens on TCP. place: where."""

    def __init__(self, sock: socket.socket, place: Place) -> None:
        self._sock = sock
        self.place = place

    async def wait(self) -> None:
        """Wait until there may be a connection. Raises trio.ClosedResourceError once it is closed."""
        if self._sock.fileno() < 0:
            raise trio.ClosedResourceError
        await trio.lowlevel.wait_readable(self._sock)

    def accept_now(self) -> tuple[TcpConnection, Place] | None:
        """Return a connection that has come, with its peer; None: there is none now. Raises OSError."""
        try:
            sock, (address, port, *_) = self._sock.accept()
        except OSError as error:
            if error.errno in _PASSING:
                return None
            raise
        sock.setblocking(False)
        peer = Place(address.partition("%")[0], port)
        return TcpConnection(sock, str(peer), LEDGER.claim(Transport.TCP, 0)), peer

    def close(self) -> None:
        """Listen no more. Idempotent."""
        if self._sock.fileno() >= 0:
            trio.lowlevel.notify_closing(self._sock)
            self._sock.close()


class Opened(NamedTuple):
    """A socket that listens: on TCP one that accepts, on UDP one that is open to all. place: where."""

    place: Place
    accepting: Accepting | None
    connection: OpenUdpConnection | None


def open_listening(request: ListenRequest, places: Sequence[Place]) -> Opened:
    """Listen at the first of the places that can be had; port 0 lets the system choose.

    Raises NetError, the last place's: SOCKET, PORT_TAKEN, BIND, LISTEN, FAMILY.
    """
    *others, last = places
    for place in others:
        try:
            return _open(request, place)
        except NetError as error:
            if error.failure not in (NetFailure.PORT_TAKEN, NetFailure.BIND):
                raise
    return _open(request, last)


def _open(request: ListenRequest, place: Place) -> Opened:
    tcp = request.transport is Transport.TCP
    try:
        sock = socket.socket(DOMAIN[request.family], socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM)
    except OSError as error:
        raise NetError(NetFailure.SOCKET, str(error)) from error
    try:
        sock.setblocking(False)
        _set_options(sock, request)
        _bind(sock, place)
        address, port, *_ = sock.getsockname()
        at = Place(address, port)
        if not tcp:
            return Opened(at, None, OpenUdpConnection(sock, str(at), LEDGER.claim(Transport.UDP, 0)))
        try:
            sock.listen(BACKLOG)
        except OSError as error:
            failure = NetFailure.PORT_TAKEN if error.errno == errno.EADDRINUSE else NetFailure.LISTEN
            raise NetError(failure, f"{place}: {error.strerror}") from error
        return Opened(at, Accepting(sock, at), None)
    except BaseException:
        sock.close()
        raise


def _set_options(sock: socket.socket, request: ListenRequest) -> None:
    """Set the options that accepted connections inherit, before the socket listens."""
    if request.family is AddressFamily.IPV6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    if request.transport is Transport.UDP:
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if request.receive_window is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, request.receive_window)
    if request.send_buffer is not None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, request.send_buffer)


def _bind(sock: socket.socket, place: Place) -> None:
    """Bind the socket. Raises NetError: PORT_TAKEN, BIND."""
    try:
        sock.bind((place.address, place.port))
    except OSError as error:
        failure = NetFailure.PORT_TAKEN if error.errno == errno.EADDRINUSE else NetFailure.BIND
        raise NetError(failure, f"{place}: {error.strerror}") from error
