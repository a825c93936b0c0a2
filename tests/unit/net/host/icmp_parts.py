"""A far end over UDP that answers echo requests as it likes.

UDP sockets of Linux tell TTLs and ICMP errors just as those of ICMP do.
"""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
import trio
from onemo.errors import NetError, NetFailure
from onemo.net.host.icmp import EchoCodec, open_pinger
from onemo.net.interface import AddressFamily, Echo

from tests.unit.net.conftest import LOOPBACK, SOCKET_FAMILY, open_files

FAMILIES = [AddressFamily.IPV4, AddressFamily.IPV6]
KINDS = {"datagram": socket.SOCK_DGRAM, "raw": socket.SOCK_RAW}
REPLY = {AddressFamily.IPV4: b"\x00\x00", AddressFamily.IPV6: b"\x81\x00"}
TTL = {
    AddressFamily.IPV4: (socket.IPPROTO_IP, socket.IP_TTL),
    AddressFamily.IPV6: (socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS),
}

Create = Callable[[int, int, int], socket.socket]


def only(kind: int) -> Create:
    """A host that permits this kind of socket alone."""

    def create(family: int, asked: int, protocol: int) -> socket.socket:
        if asked != kind:
            raise PermissionError(errno.EPERM, "not permitted")
        return socket.socket(family, asked, protocol)

    return create


def refusing(*codes: int) -> Create:
    """A host that refuses one socket after the other."""
    left = list(codes)

    def create(family: int, kind: int, protocol: int) -> socket.socket:
        raise OSError(left.pop(0), "refused")

    return create


class ToPort(socket.socket):
    """A UDP socket in the place of one for ICMP.

    refusals: what the next calls of send raise. reports: errno and quote of ICMP errors that have come.
    """

    port = 0
    unreachable = 0

    def __init__(self, family: int) -> None:
        super().__init__(family, socket.SOCK_DGRAM)
        self.refusals: list[int] = []
        self.reports: list[tuple[int, bytes]] = []

    def connect(self, address: tuple[str, int]) -> None:  # type: ignore[override]
        if self.unreachable:
            raise OSError(self.unreachable, "unreachable")
        super().connect((address[0], self.port))

    def send(self, data: bytes, flags: int = 0) -> int:  # type: ignore[override]
        if self.refusals:
            code = self.refusals.pop(0)
            raise OSError(code, "refused")
        return super().send(data, flags)

    def recvmsg(
        self, size: int, space: int = 0, flags: int = 0
    ) -> tuple[bytes, list[tuple[int, int, bytes]], int, object]:
        if not self.reports:
            return super().recvmsg(size, space, flags)
        if not flags & socket.MSG_ERRQUEUE:
            raise OSError(self.reports[0][0], "reported")
        code, quote = self.reports.pop(0)
        error = code.to_bytes(4, sys.byteorder) + bytes(12)
        return quote, [(socket.IPPROTO_IP, socket.IP_TTL, bytes(4)), (socket.IPPROTO_IP, 11, error)], flags, None


class FarEnd:
    """Gets the echo requests of one pinger, as plain ICMP packets."""

    def __init__(self, stack: ExitStack, family: AddressFamily, size: int) -> None:
        self.family = family
        self._near = ToPort(SOCKET_FAMILY[family])
        self._sock = stack.enter_context(socket.socket(SOCKET_FAMILY[family], socket.SOCK_DGRAM))
        self._sock.bind((LOOPBACK[family], 0))
        self._sock.setblocking(False)
        self._near.port = self._sock.getsockname()[1]
        self.pinger = open_pinger(LOOPBACK[family], size, lambda *_: self._near)
        stack.callback(self._near.close)

    @property
    def near(self) -> ToPort:
        return self._near

    async def request(self) -> bytes:
        while True:
            await trio.lowlevel.wait_readable(self._sock)
            try:
                return self._sock.recv(4096)
            except BlockingIOError:
                pass

    def send(self, packet: bytes, ttl: int = 22) -> None:
        self._sock.setsockopt(*TTL[self.family], ttl)
        self._sock.sendto(packet, self._near.getsockname())

    def reply_to(self, request: bytes) -> bytes:
        return REPLY[self.family] + request[2:]

    def leave(self) -> None:
        self._sock.close()


@contextmanager
def far_end_of(family: AddressFamily = AddressFamily.IPV4, size: int = 16) -> Iterator[FarEnd]:
    with ExitStack() as stack:
        yield FarEnd(stack, family, size)


async def echo_with(far_end: FarEnd, answer: Callable[[bytes], object], timeout: float = 5.0) -> Echo:
    """One echo, whose request is handed to answer."""

    async def serve() -> None:
        answer(await far_end.request())

    outcome: Echo | NetError
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve)
        try:
            outcome = await far_end.pinger.echo(timeout)
        except NetError as error:  # which the nursery would wrap
            outcome = error
            nursery.cancel_scope.cancel()
    if isinstance(outcome, NetError):
        raise outcome
    return outcome


async def failure_of(operation: Awaitable[object]) -> NetFailure:
    with pytest.raises(NetError) as refusal:
        await operation
    return refusal.value.failure


def failure_of_opening(address: str, create: Create) -> NetFailure:
    before = open_files()
    with pytest.raises(NetError) as refusal:
        open_pinger(address, 16, create)
    assert open_files() == before
    return refusal.value.failure


CODECS = {
    (family, ip_header): EchoCodec(family, ip_header)
    for family, ip_header in [(AddressFamily.IPV4, False), (AddressFamily.IPV4, True), (AddressFamily.IPV6, False)]
}
