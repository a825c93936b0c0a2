"""Echo requests of the host (RFC 792, RFC 4443): their packets, and the socket that carries them."""

from __future__ import annotations

import errno
import logging
import os
import random
import socket
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count
from struct import Struct, iter_unpack
from threading import Lock
from typing import NamedTuple

import trio

from onemo.errors import NetError, NetFailure
from onemo.net.host.addresses import DOMAIN, family_of, own_address
from onemo.net.interface import AddressFamily, Echo

_log = logging.getLogger(__name__)

_LARGEST_PACKET = 2048  # bytes: 1,400 of data, the ICMP header and the longest IP header fit
_MOST_LEFT_OVER = 1024  # packets: more than the kernel queues for one socket
_HEADER = Struct("!BBHHH")  # type, code, checksum, identifier, sequence number
_TYPES = {AddressFamily.IPV4: (8, 0), AddressFamily.IPV6: (128, 129)}  # of a request, and of the reply to it
_TTL_SPACE = socket.CMSG_SPACE(4)
_ERROR_SPACE = socket.CMSG_SPACE(4) + socket.CMSG_SPACE(64)  # sock_extended_err and the address of who reported

# Linux's numbers, of linux/in.h and linux/in6.h, which the library does not name.
_IP_MTU_DISCOVER, _IP_PMTUDISC_DONT = 10, 0
_IP_RECVERR, _IPV6_RECVERR = 11, 25
_IP_RECVTTL = 12

_OPTIONS = {
    AddressFamily.IPV4: (
        (socket.IPPROTO_IP, _IP_RECVTTL, 1),
        (socket.IPPROTO_IP, _IP_RECVERR, 1),
        (socket.IPPROTO_IP, _IP_MTU_DISCOVER, _IP_PMTUDISC_DONT),  # routers may fragment a long echo
    ),
    AddressFamily.IPV6: (
        (socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1),
        (socket.IPPROTO_IPV6, _IPV6_RECVERR, 1),
    ),
}
_TTL = frozenset({(socket.IPPROTO_IP, socket.IP_TTL), (socket.IPPROTO_IPV6, socket.IPV6_HOPLIMIT)})
_ERROR = frozenset({(socket.IPPROTO_IP, _IP_RECVERR), (socket.IPPROTO_IPV6, _IPV6_RECVERR)})

_PROTOCOL = {AddressFamily.IPV4: socket.IPPROTO_ICMP, AddressFamily.IPV6: socket.IPPROTO_ICMPV6}
_KINDS = (socket.SOCK_DGRAM, socket.SOCK_RAW)  # the one that needs no privilege first
_NOT_LET = frozenset({errno.EACCES, errno.EPERM, errno.EPROTONOSUPPORT, errno.ESOCKTNOSUPPORT})
_NO_WAY_THERE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL})

_identifiers = count(os.getpid())
_told = Lock()  # taken by the first who says it, and kept


class EchoRequest(NamedTuple):
    """The whole ICMP packets of one echo request and of its reply."""

    packet: bytes
    reply: bytes


class EchoCodec:
    """A builder of echo requests, which knows what belongs to them. Any bytes may come.

    ip_header: received packets begin with their IPv4 header, as a raw socket has them.
    """

    def __init__(self, family: AddressFamily, ip_header: bool) -> None:
        self._types = _TYPES[family]
        self._ip_header = ip_header

    def request(self, identifier: int, sequence: int, size: int) -> EchoRequest:
        """Build a request with size bytes of random data."""
        data = random.randbytes(size)
        packet, reply = (_packet(kind, identifier, sequence, data) for kind in self._types)
        return EchoRequest(packet, reply)

    def is_reply(self, packet: bytes, request: EchoRequest) -> bool:
        """Tell whether a received packet is the reply to this very request. Its checksum is the kernel's to check."""
        if self._ip_header and packet:
            packet = packet[4 * (packet[0] & 0x0F) :]
        return (packet[:2], packet[4:]) == (request.reply[:2], request.reply[4:])

    def is_quote(self, quote: bytes, request: EchoRequest) -> bool:
        """Tell whether what an ICMP error quotes, from the ICMP header on, is this very request.

        The checksum is left out: the kernel has put in its own. Routers quote no more than the header.
        """
        sent = request.packet[: _HEADER.size]
        return (quote[:2], quote[4 : _HEADER.size]) == (sent[:2], sent[4:])


def _packet(kind: int, identifier: int, sequence: int, data: bytes) -> bytes:
    """Build an ICMP packet with its checksum (RFC 1071); for ICMPv6 the kernel puts in another one."""
    packet = _HEADER.pack(kind, 0, 0, identifier, sequence) + data
    words = iter_unpack("!H", packet + bytes(len(packet) % 2))
    checksum: int = -sum(word for (word,) in words) % 0xFFFF
    return packet[:2] + checksum.to_bytes(2) + packet[4:]


class HostPinger:
    """A sender of echo requests from one socket, which sees nobody else's replies. Implements Pinger."""

    __slots__ = ("_address", "_codec", "_identifier", "_sequence", "_size", "_sock")

    def __init__(self, sock: socket.socket, address: str, size: int) -> None:
        """Own sock from here on: non-blocking, connected, _OPTIONS set. address: the one that is shown."""
        raw = sock.type == socket.SOCK_RAW
        family = AddressFamily.IPV4 if sock.family == socket.AF_INET else AddressFamily.IPV6
        self._sock = sock
        self._address = address
        self._size = size
        self._codec = EchoCodec(family, ip_header=raw and family is AddressFamily.IPV4)
        # A datagram socket's identifier is the kernel's choice: it stands where UDP has its port.
        self._identifier: int = next(_identifiers) & 0xFFFF if raw else sock.getsockname()[1]
        self._sequence = random.getrandbits(16)  # another process may have the same identifier

    @property
    def address(self) -> str:
        """The address that is shown, as it was given."""
        return self._address

    async def echo(self, timeout: float) -> Echo:
        """Send one request and wait timeout seconds for its reply; nothing else that comes counts.

        Raises NetError: TIMED_OUT; REPORTED, an ICMP error came back for this request; OTHER, it cannot be
        sent, or this side closed.
        """
        self._require_open()
        self._sequence = (self._sequence + 1) & 0xFFFF
        request = self._codec.request(self._identifier, self._sequence, self._size)
        self._discard()
        try:
            with trio.move_on_after(timeout):
                sent = await self._send(request.packet)
                while True:
                    await trio.lowlevel.wait_readable(self._sock)
                    ttl = self._receive(request)
                    if ttl is not None:
                        return Echo(time.perf_counter() - sent, ttl)
        except trio.ClosedResourceError:
            raise NetError(NetFailure.OTHER, "closed by this side") from None
        raise NetError(NetFailure.TIMED_OUT, f"{self._address}: no echo reply in {timeout:g} s")

    def close(self) -> None:
        """Close the socket; an echo under way ends with NetError(OTHER). Idempotent."""
        if self._sock.fileno() >= 0:
            trio.lowlevel.notify_closing(self._sock)
            self._sock.close()

    def _require_open(self) -> None:
        if self._sock.fileno() < 0:
            raise NetError(NetFailure.OTHER, "closed by this side")

    async def _send(self, packet: bytes) -> float:
        """Hand the packet to the host's stack; return the moment before (time.perf_counter)."""
        tries = 2  # an ICMP error that came just now is told here, once, in place of sending
        while True:
            sent = time.perf_counter()
            try:
                self._sock.send(packet)
                return sent
            except BlockingIOError:
                await trio.lowlevel.wait_writable(self._sock)
                self._require_open()
            except OSError as error:
                tries -= 1
                if not tries:
                    raise NetError(NetFailure.OTHER, f"{self._address}: {error.strerror}") from error

    def _receive(self, request: EchoRequest) -> int | None:
        """Look at one packet; return the TTL of the reply to this request, None for anything else.

        Raises NetError(REPORTED) when an ICMP error quotes the request.
        """
        try:
            packet, ancillary, _, _ = self._sock.recvmsg(_LARGEST_PACKET, _TTL_SPACE)
        except OSError:  # nothing there, or an ICMP error came: the queue has the whole of it
            for code, quote in self._errors():
                # Too long for the way: the kernel has learnt it and fragments from now on, this one is lost.
                if code != errno.EMSGSIZE and self._codec.is_quote(quote, request):
                    raise NetError(NetFailure.REPORTED, f"{self._address}: {os.strerror(code)}") from None
            return None
        if not self._codec.is_reply(packet, request):
            return None
        return next((_integer(value) for level, kind, value in ancillary if (level, kind) in _TTL), 0)

    def _errors(self) -> Iterator[tuple[int, bytes]]:
        """Yield the kernel's ICMP errors: the errno, and what was quoted from our packet's header on."""
        for _ in range(_MOST_LEFT_OVER):
            try:
                quote, ancillary, _, _ = self._sock.recvmsg(_LARGEST_PACKET, _ERROR_SPACE, socket.MSG_ERRQUEUE)
            except OSError:
                return
            for level, kind, value in ancillary:
                if (level, kind) in _ERROR:
                    yield _integer(value), quote

    def _discard(self) -> None:
        """Empty the socket: a full one would take no reply. A raw one sees everybody's from this address."""
        for _ in range(_MOST_LEFT_OVER):
            try:
                self._sock.recv(_LARGEST_PACKET)
            except BlockingIOError:
                break
            except OSError:
                continue  # an ICMP error, told once
        for _ in self._errors():
            pass


def open_pinger(
    address: str,
    size: int,
    create: Callable[[int, int, int], socket.socket] = socket.socket,
    source: str | None = None,
    shown: str | None = None,
) -> HostPinger:
    """Get ready to ping an IPv4 or IPv6 literal with size bytes of data (1-1400).

    create makes the host's sockets (family, type, protocol); source as in HostNetwork; shown: the address that the
    pinger shows in place of its own. Raises NetError: NAME, no literal; FAMILY, the host lacks the family, or IPv6 has
    no route there; OTHER, the host does not let us ping, or no way there.
    """
    family = family_of(address)
    sock = _permitted_socket(family, create)
    try:
        sock.setblocking(False)
        for level, option, value in _OPTIONS[family]:
            sock.setsockopt(level, option, value)
        if (own := own_address(source, family)) is not None:
            sock.bind((own, 0))
        sock.connect((address, 0))
        return HostPinger(sock, shown or address, size)
    except OSError as error:
        sock.close()
        lost = family is AddressFamily.IPV6 and error.errno in _NO_WAY_THERE
        raise NetError(NetFailure.FAMILY if lost else NetFailure.OTHER, f"{address}: {error.strerror}") from error
    except BaseException:
        sock.close()
        raise


def _permitted_socket(family: AddressFamily, create: Callable[[int, int, int], socket.socket]) -> socket.socket:
    """Create a socket for ICMP, of the first kind that the host lets us have. Raises NetError: FAMILY, OTHER."""
    refusal: OSError | None = None
    for kind in _KINDS:
        try:
            return create(DOMAIN[family], kind, _PROTOCOL[family])
        except OSError as error:
            refusal = error
            if error.errno == errno.EAFNOSUPPORT:
                raise NetError(NetFailure.FAMILY, f"{family.name}: {error.strerror}") from error
            if error.errno not in _NOT_LET:
                break
    if refusal is not None and refusal.errno in _NOT_LET:
        _tell_the_remedy()
    raise NetError(NetFailure.OTHER, f"no ICMP socket: {refusal}") from refusal


def _tell_the_remedy() -> None:
    """Say once in a process what lets it ping."""
    if _told.acquire(blocking=False):
        _log.warning(
            "this host does not let the emulator ping: allow it with "
            '`sysctl -w net.ipv4.ping_group_range="0 2147483647"` (`docker run --sysctl` for a container), '
            "or give the emulator CAP_NET_RAW"
        )


def _integer(value: bytes) -> int:
    """Return the C int at the start of an ancillary item."""
    return int.from_bytes(value[:4], sys.byteorder)
