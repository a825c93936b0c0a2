"""Echo requests: real ones to loopback where the host permits it, and a far end over UDP that answers as it likes."""

from __future__ import annotations

import errno
import logging
import socket
from collections.abc import Iterator
from threading import Lock
from typing import NamedTuple

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from onemo.errors import NetError, NetFailure
from onemo.net.host import icmp
from onemo.net.host.icmp import HostPinger, open_pinger
from onemo.net.interface import AddressFamily

from tests.unit.net.conftest import LOOPBACK
from tests.unit.net.host.icmp_parts import (
    FAMILIES,
    KINDS,
    Create,
    FarEnd,
    ToPort,
    echo_with,
    failure_of,
    failure_of_opening,
    far_end_of,
    only,
    refusing,
)


@pytest.fixture
def far_end() -> Iterator[FarEnd]:
    with far_end_of() as end:
        yield end


class Way(NamedTuple):
    """One kind of socket to one loopback address, permitted on this host."""

    create: Create
    address: str


@pytest.fixture(params=[(kind, family) for kind in KINDS for family in FAMILIES], ids=lambda p: f"{p[0]}-{p[1].name}")
def way(request: pytest.FixtureRequest) -> Way:
    kind, family = request.param
    way = Way(only(KINDS[kind]), LOOPBACK[family])
    try:
        probe = open_pinger(way.address, 16, way.create)
    except NetError as error:
        pytest.skip(f"no {kind} ICMP socket for {family.name} here: {error}")
    probe._sock.close()
    return way


@pytest.mark.parametrize("size", [1, 16, 1400])
async def test_an_echo_of_this_host(way: Way, size: int) -> None:
    pinger = open_pinger(way.address, size, way.create)
    for _ in range(3):
        echo = await pinger.echo(5.0)
        assert 0 < echo.time < 5
        assert echo.ttl == 64
    assert pinger.address == way.address
    pinger.close()


async def test_many_at_once_keep_their_replies_apart(way: Way) -> None:
    pingers = [open_pinger(way.address, 1, way.create) for _ in range(8)]
    echoes = []

    async def three(pinger: HostPinger) -> None:
        for _ in range(3):
            echoes.append(await pinger.echo(5.0))
        pinger.close()

    async with trio.open_nursery() as nursery:
        for pinger in pingers:
            nursery.start_soon(three, pinger)
    assert len(echoes) == 24
    assert len({pinger._identifier for pinger in pingers}) == 8


async def test_a_socket_full_of_others_replies(way: Way) -> None:
    pinger, other = (open_pinger(way.address, 1400, way.create) for _ in range(2))
    pinger._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
    for _ in range(32):
        await other.echo(5.0)
    await pinger.echo(5.0)
    pinger.close()
    other.close()


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("size", [1, 16, 1400])
async def test_the_request_and_the_ttl_of_its_reply(family: AddressFamily, size: int) -> None:
    with far_end_of(family, size) as far_end:
        requests: list[bytes] = []

        def answer(request: bytes) -> None:
            requests.append(request)
            far_end.send(far_end.reply_to(request), ttl=37)

        for _ in range(3):
            echo = await echo_with(far_end, answer)
            assert 0 < echo.time < 5
            assert echo.ttl == 37
    assert all(
        request[:2] == {AddressFamily.IPV4: b"\x08\x00", AddressFamily.IPV6: b"\x80\x00"}[family]
        for request in requests
    )
    assert [len(request) for request in requests] == [8 + size] * 3
    first, second, third = (int.from_bytes(request[6:8], "big") for request in requests)
    assert ((second - first) & 0xFFFF, (third - second) & 0xFFFF) == (1, 1)


async def test_no_reply_in_time(far_end: FarEnd, autojump_clock: trio.testing.MockClock) -> None:
    began = trio.current_time()
    assert await failure_of(far_end.pinger.echo(10.0)) is NetFailure.TIMED_OUT
    assert trio.current_time() - began == pytest.approx(10.0)


async def test_a_late_reply_is_nobodys(far_end: FarEnd) -> None:
    assert await failure_of(far_end.pinger.echo(0.01)) is NetFailure.TIMED_OUT
    late = far_end.reply_to(await far_end.request())
    far_end.send(late, ttl=11)  # before the next request

    def answer(request: bytes) -> None:
        far_end.send(late, ttl=12)  # and after it
        far_end.send(far_end.reply_to(request), ttl=13)

    assert (await echo_with(far_end, answer)).ttl == 13


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("where", [0, 1, 4, 5, 6, 7, 8, -1])
async def test_a_reply_that_is_not_quite_ours(family: AddressFamily, where: int) -> None:
    """Type, code, identifier, sequence number, data: all of them count, only the checksum is the kernel's."""
    with far_end_of(family) as far_end:

        def answer(request: bytes) -> None:
            wrong = bytearray(far_end.reply_to(request))
            wrong[where] ^= 1
            far_end.send(bytes(wrong), ttl=1)
            far_end.send(request, ttl=2)  # what a raw socket sees of an own address
            far_end.send(far_end.reply_to(request)[:-1], ttl=3)
            far_end.send(far_end.reply_to(request) + b"\0", ttl=4)
            far_end.send(far_end.reply_to(request) + bytes(4000), ttl=5)
            far_end.send(far_end.reply_to(request), ttl=6)

        assert (await echo_with(far_end, answer)).ttl == 6


@given(packets=st.lists(st.binary(max_size=64), max_size=8))
@settings(max_examples=30)
async def test_any_packets_before_the_reply(packets: list[bytes]) -> None:
    with far_end_of() as far_end:

        def answer(request: bytes) -> None:
            for packet in packets:
                far_end.send(packet, ttl=1)
            far_end.send(far_end.reply_to(request))

        assert (await echo_with(far_end, answer)).ttl == 22


@pytest.mark.parametrize("family", FAMILIES)
async def test_an_icmp_error_comes_back(family: AddressFamily) -> None:
    with far_end_of(family) as far_end:
        far_end.leave()
        for _ in range(3):
            assert await failure_of(far_end.pinger.echo(5.0)) is NetFailure.REPORTED


async def test_an_icmp_error_for_something_earlier(far_end: FarEnd, autojump_clock: trio.testing.MockClock) -> None:
    port = far_end.near.port
    far_end.leave()
    far_end.near.send(b"\x08\x00")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", port))
        assert await failure_of(far_end.pinger.echo(1.0)) is NetFailure.TIMED_OUT


async def test_an_icmp_error_for_something_else(far_end: FarEnd, autojump_clock: trio.testing.MockClock) -> None:
    """It comes while the echo waits, and makes the socket readable."""

    def quarrel(request: bytes) -> None:
        far_end.leave()
        far_end.near.send(request[:6] + b"\xff\xff" + bytes(16))

    with pytest.raises(NetError) as refusal:
        await echo_with(far_end, quarrel, timeout=1.0)
    assert refusal.value.failure is NetFailure.TIMED_OUT


async def test_a_request_that_was_too_long_for_the_way(far_end: FarEnd) -> None:
    """The host's stack learns of it and fragments the next one: no reason to give up."""

    def answer(request: bytes) -> None:
        far_end.near.reports = [(errno.EMSGSIZE, request)]
        far_end.send(b"")  # wakes the pinger
        far_end.send(far_end.reply_to(request))

    assert (await echo_with(far_end, answer)).ttl == 22
    assert not far_end.near.reports


@pytest.mark.parametrize("code", [errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EPERM, errno.ENOBUFS, errno.EMSGSIZE])
async def test_a_request_that_cannot_be_sent(far_end: FarEnd, code: int) -> None:
    far_end.near.refusals = [code] * 2
    assert await failure_of(far_end.pinger.echo(5.0)) is NetFailure.OTHER


@pytest.mark.parametrize("codes", [[errno.EHOSTUNREACH], [errno.EAGAIN] * 3])
async def test_a_request_that_is_sent_in_the_end(far_end: FarEnd, codes: list[int]) -> None:
    """An ICMP error for an earlier one is told once in place of sending; a full buffer is waited for."""
    far_end.near.refusals = codes
    assert (await echo_with(far_end, lambda request: far_end.send(far_end.reply_to(request)))).ttl == 22


async def test_closing(far_end: FarEnd) -> None:
    failures = []

    async def echo() -> None:
        failures.append(await failure_of(far_end.pinger.echo(5.0)))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(echo)
        await far_end.request()
        far_end.pinger.close()
        far_end.pinger.close()
    failures.append(await failure_of(far_end.pinger.echo(5.0)))
    assert failures == [NetFailure.OTHER] * 2
    assert far_end.near.fileno() < 0


async def test_a_cancelled_echo_is_late(far_end: FarEnd) -> None:
    with trio.move_on_after(0.01) as scope:
        await far_end.pinger.echo(5.0)
    assert scope.cancelled_caught
    far_end.send(far_end.reply_to(await far_end.request()), ttl=1)
    assert (await echo_with(far_end, lambda request: far_end.send(far_end.reply_to(request)))).ttl == 22


@pytest.mark.parametrize(
    ("address", "codes", "failure"),
    [
        ("127.0.0.1", [errno.EACCES, errno.EPERM], NetFailure.OTHER),
        ("::1", [errno.EPROTONOSUPPORT, errno.EPERM], NetFailure.OTHER),
        ("127.0.0.1", [errno.EMFILE], NetFailure.OTHER),
        ("127.0.0.1", [errno.EACCES, errno.ENFILE], NetFailure.OTHER),
        ("::1", [errno.EAFNOSUPPORT], NetFailure.FAMILY),
        ("::1", [errno.EACCES, errno.EAFNOSUPPORT], NetFailure.FAMILY),
        ("", [], NetFailure.NAME),
        ("localhost", [], NetFailure.NAME),
        ("127.1", [], NetFailure.NAME),
    ],
)
def test_no_socket(address: str, codes: list[int], failure: NetFailure) -> None:
    assert failure_of_opening(address, refusing(*codes)) is failure


@pytest.mark.parametrize(
    ("family", "code", "failure"),
    [
        (AddressFamily.IPV4, errno.ENETUNREACH, NetFailure.OTHER),
        (AddressFamily.IPV4, errno.EHOSTUNREACH, NetFailure.OTHER),
        (AddressFamily.IPV4, errno.EACCES, NetFailure.OTHER),  # a broadcast address
        (AddressFamily.IPV6, errno.ENETUNREACH, NetFailure.FAMILY),
        (AddressFamily.IPV6, errno.EHOSTUNREACH, NetFailure.FAMILY),
        (AddressFamily.IPV6, errno.EADDRNOTAVAIL, NetFailure.FAMILY),
        (AddressFamily.IPV6, errno.EINVAL, NetFailure.OTHER),  # a link-local one
    ],
)
def test_no_way_there(family: AddressFamily, code: int, failure: NetFailure) -> None:
    def create(domain: int, kind: int, protocol: int) -> socket.socket:
        sock = ToPort(domain)
        sock.unreachable = code
        return sock

    assert failure_of_opening(LOOPBACK[family], create) is failure


def test_the_remedy_is_told_once(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(icmp, "_told", Lock())  # other tests may have had it told
    assert failure_of_opening("127.0.0.1", refusing(errno.EMFILE)) is NetFailure.OTHER
    assert not caplog.records
    for address in ["127.0.0.1", "::1"] * 5:
        assert failure_of_opening(address, refusing(errno.EACCES, errno.EPERM)) is NetFailure.OTHER
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.name.startswith("onemo")
    assert 'sysctl -w net.ipv4.ping_group_range="0 2147483647"' in record.getMessage()
    assert "docker run --sysctl" in record.getMessage()
