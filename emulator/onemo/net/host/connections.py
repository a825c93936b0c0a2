"""Open connections of the host: non-blocking sockets, waited for with trio's lowlevel calls.

No thread, no task and no buffer of our own stands between the kernel and the caller.
"""

from __future__ import annotations

import errno
import fcntl
import select
import socket
import struct
import sys
import termios
from collections.abc import Awaitable, Callable

import trio

from onemo.errors import NetError, NetFailure
from onemo.net.draining import drained
from onemo.net.host.ports import PortClaim
from onemo.net.interface import CloseMode, ClosePlan, CloseResult, Datagram, Transport

_SIOCOUTQ = termios.TIOCOUTQ  # one number for both on Linux: bytes not acknowledged (TCP) or not sent (UDP)
_SIOCOUTQNSD = 0x894B  # bytes not yet sent (TCP); Linux's number, which no module of the library names
_TCP_CLOSE = 7  # tcpi_state of linux/tcp.h: nothing is left of the connection
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_DISCARD_BYTES = 65536
_DISCARD_TURNS = 16  # in one go: a peer that never stops must not keep everybody else waiting
_LARGEST_DATAGRAM = 65535
_TRIES = 3  # an ICMP error is reported once, in place of the call that happens to come next
_ICMP_ERRORS = frozenset(
    {
        errno.ECONNREFUSED,
        errno.EHOSTUNREACH,
        errno.ENETUNREACH,
        errno.EHOSTDOWN,
        errno.ENONET,
        errno.EPROTO,
        errno.ENOPROTOOPT,
        errno.EOPNOTSUPP,
        errno.EACCES,
        errno.EMSGSIZE,
    }
)
_SEND_REFUSED = frozenset({errno.ENOBUFS, errno.ENOMEM, errno.EPERM, errno.EMSGSIZE})


def reset(sock: socket.socket) -> None:
    """Close a socket with an RST, whatever it still holds."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    sock.close()


class _HostConnection:
    """The common part of TCP and UDP: one socket, and one claim to a local port, which both end together."""

    __slots__ = ("_claim", "_ended", "_peer", "_sock", "_watch", "transport")

    def __init__(self, sock: socket.socket, peer: str, claim: PortClaim) -> None:
        """Take over sock, non-blocking and connected, and the claim."""
        self._sock = sock
        self.transport = Transport.TCP if sock.type == socket.SOCK_STREAM else Transport.UDP
        self._peer = peer
        self._claim = claim
        self._watch = -1
        self._ended = False  # closing has begun: only the close at hand may use the socket

    @property
    def peer(self) -> str:
        return self._peer

    async def wait_readable(self) -> None:
        """Wait until something can be received. Raises NetError(RESET) when this side closes meanwhile."""
        await self._wait(trio.lowlevel.wait_readable)

    async def wait_writable(self) -> None:
        """Wait until something can be sent. Raises NetError(RESET) when this side closes meanwhile."""
        await self._wait(trio.lowlevel.wait_writable)

    def unacknowledged(self) -> int:
        """Count the unacknowledged bytes: 0 once closed; of UDP the kernel counts its own overhead as well."""
        if self._sock.fileno() < 0:
            return 0
        return self._outstanding(_SIOCOUTQ)

    def _outstanding(self, request: int) -> int:
        return int.from_bytes(fcntl.ioctl(self._sock, request, bytes(4)), sys.byteorder)

    async def _wait(self, wait: Callable[[socket.socket], Awaitable[None]]) -> None:
        self._require_open()
        try:
            await wait(self._sock)
        except trio.ClosedResourceError:
            raise NetError(NetFailure.RESET, "closed by this side") from None

    async def wait_broken(self) -> None:
        """Wait until the connection breaks: an epoll set that asks for nothing is still told of errors and hang-ups."""
        self._require_open()
        with select.epoll() as watch:
            if self.transport is Transport.TCP:
                watch.register(self._sock, 0)
            self._watch = watch.fileno()
            try:
                await trio.lowlevel.wait_readable(self._watch)
            except trio.ClosedResourceError:
                raise NetError(NetFailure.RESET, "closed by this side") from None
            finally:
                self._watch = -1

    def _require_open(self) -> None:
        if self._ended:
            raise NetError(NetFailure.RESET, "closed by this side")

    def _retire(self) -> None:
        """Wake whoever waits, and keep everybody but the close at hand away."""
        self._ended = True
        trio.lowlevel.notify_closing(self._sock)
        if self._watch >= 0:
            trio.lowlevel.notify_closing(self._watch)

    def _finish(self, close: Callable[[socket.socket], None] = socket.socket.close) -> None:
        """Close the socket in the given way and free the local port."""
        self._retire()
        close(self._sock)
        self._claim.release()


class TcpConnection(_HostConnection):
    """A TCP connection of the host's stack."""

    __slots__ = ("_broken",)

    def __init__(self, sock: socket.socket, peer: str, claim: PortClaim) -> None:
        super().__init__(sock, peer, claim)
        self._broken = False

    def send_now(self, data: bytes | memoryview) -> int:
        """Send now. Raises NetError: WRITE, the host cannot take it; RESET, the connection is gone."""
        self._require_open()
        try:
            return self._sock.send(data, socket.MSG_NOSIGNAL)
        except BlockingIOError:
            return 0
        except OSError as error:
            if error.errno in _SEND_REFUSED:
                raise NetError(NetFailure.WRITE, str(error.strerror)) from error
            raise self._lost(error) from error

    def receive_now(self, limit: int) -> bytes | None:
        """Receive now: what had come before an RST is still received before it is reported."""
        self._require_open()
        if limit <= 0:
            return None  # a read of nothing would look like the peer's FIN
        try:
            data = self._sock.recv(limit)
        except BlockingIOError:
            return None
        except OSError as error:
            raise self._lost(error) from error
        if not data and self._broken:
            # The kernel tells of an RST once, and that was to a write; every later read sees a plain end.
            raise NetError(NetFailure.RESET, "broken")
        return data

    async def close(self, plan: ClosePlan) -> CloseResult:
        """End the connection as the plan says and free its local port. Cancelled, it ends with an RST.

        NO_ANSWER: the peer acknowledged nothing for plan.stall. FAILED: an RST came, the transmission failed,
        or this side aborted meanwhile. A FIN that nobody acknowledges is NORMAL: the host's stack goes on.
        A connection that was closed before is NORMAL.
        """
        if self._ended:
            return CloseResult.NORMAL
        self._retire()
        try:
            if plan.mode is CloseMode.DRAIN:
                return await self._drain(plan)
            if plan.mode is CloseMode.NOW:
                return self._part()
            return CloseResult.NORMAL
        except (OSError, trio.ClosedResourceError):
            return CloseResult.FAILED
        finally:
            self.abort()

    def abort(self) -> None:
        """End the connection at once with an RST, also in the middle of a close. Idempotent."""
        if self._sock.fileno() >= 0:
            self._finish(reset)

    async def _drain(self, plan: ClosePlan) -> CloseResult:
        if not await drained(self.unacknowledged, self._discard_alive, plan.stall):
            return CloseResult.NO_ANSWER
        self._sock.shutdown(socket.SHUT_WR)
        with trio.move_on_after(plan.linger):
            while not self._discard():
                await trio.lowlevel.wait_readable(self._sock)
        self._finish()
        return CloseResult.NORMAL

    def _discard_alive(self) -> None:
        """Throw away what has come. Raises OSError when it broke."""
        if self._is_dead():
            raise ConnectionResetError
        self._discard()

    def _part(self) -> CloseResult:
        """Send a FIN if all has been sent (what is under way still arrives); else leave the RST to the caller."""
        if self._is_dead():
            return CloseResult.FAILED
        if not self._outstanding(_SIOCOUTQNSD):
            self._discard()  # the kernel turns the FIN into an RST when something is left unread
            self._sock.shutdown(socket.SHUT_WR)
            self._finish()
        return CloseResult.NORMAL

    def _discard(self) -> bool:
        """Throw away what has come; True once the peer's FIN is reached. Raises OSError when the connection broke."""
        for _ in range(_DISCARD_TURNS):
            try:
                if not self._sock.recv(_DISCARD_BYTES):
                    return True
            except BlockingIOError:
                return False
        return False

    def _is_dead(self) -> bool:
        """Tell whether an RST came or the stack gave up.

        Errors are told once and unacknowledged bytes stay: only this state lasts.
        """
        return self._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == _TCP_CLOSE

    def _lost(self, error: OSError) -> NetError:
        self._broken = True
        return NetError(NetFailure.RESET, str(error.strerror))


class UdpConnection(_HostConnection):
    """A UDP socket tied to one peer: datagrams of others never come in."""

    __slots__ = ()

    def send_now(self, data: bytes | memoryview) -> int:
        """Send one datagram now. Raises NetError(WRITE): too long for a datagram, or the host has no way out."""
        return self._sent_by(lambda: self._sock.send(data))

    def _sent_by(self, send: Callable[[], int]) -> int:
        self._require_open()
        failure: OSError | None = None
        for _ in range(_TRIES):
            try:
                return send()
            except BlockingIOError:
                return 0
            except OSError as error:
                failure = error
                if error.errno not in _ICMP_ERRORS:
                    break
        raise NetError(NetFailure.WRITE, str(failure)) from failure

    def receive_now(self, limit: int) -> bytes | None:
        """Receive one whole datagram now, limit ignored. Raises NetError(RESET) once closed by this side."""
        self._require_open()
        for _ in range(_TRIES):
            try:
                return self._receive()
            except BlockingIOError:
                return None
            except OSError as error:
                if error.errno not in _ICMP_ERRORS:
                    raise NetError(NetFailure.RESET, str(error.strerror)) from error
        return None

    def _receive(self) -> bytes:
        return self._sock.recv(_LARGEST_DATAGRAM)

    async def close(self, plan: ClosePlan) -> CloseResult:
        """Close at once, whatever the plan says."""
        self.abort()
        return CloseResult.NORMAL

    def abort(self) -> None:
        """Close at once. Idempotent."""
        if self._sock.fileno() >= 0:
            self._finish()


class OpenUdpConnection(UdpConnection):
    """A UDP socket for everybody. Implements OpenToAll.

    usual: the address and port to which send_now sends; None: it has none. shown: how that peer is told, which a route
    may have led elsewhere.
    """

    __slots__ = ("_shown", "_usual")

    def __init__(
        self,
        sock: socket.socket,
        peer: str,
        claim: PortClaim,
        usual: tuple[str, int] | None = None,
        shown: tuple[str, int] | None = None,
    ) -> None:
        super().__init__(sock, peer, claim)
        self._usual = usual
        self._shown = {} if usual is None or shown is None else {usual: shown}

    def send_now(self, data: bytes | memoryview) -> int:
        """Send one datagram to the usual peer. Raises NetError(WRITE), also where there is none."""
        if self._usual is None:
            raise NetError(NetFailure.WRITE, "nobody is its one peer")
        return self.send_to_now(bytes(data), *self._usual)

    def send_to_now(self, data: bytes, address: str, port: int) -> int:
        """Send one datagram. Raises NetError(WRITE or RESET)."""
        return self._sent_by(lambda: self._sock.sendto(data, (address, port)))

    def show(self, place: tuple[str, int], shown: tuple[str, int]) -> None:
        """Have what comes from a place told as from another one, to which it was written."""
        if place != shown:
            self._shown[place] = shown

    def _receive(self) -> bytes:
        data, (address, port, *_) = self._sock.recvfrom(_LARGEST_DATAGRAM)
        datagram = Datagram(data)
        sender = address.partition("%")[0], port
        datagram.sender = self._shown.get(sender, sender)
        return datagram
