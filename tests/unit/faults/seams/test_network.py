"""A network with faults over one in memory, in time that only passes when all wait."""

from __future__ import annotations

from collections.abc import Awaitable

import pytest
import trio
from onemo.errors import NetError, NetFailure
from onemo.faults.kinds import OPEN_FAILURES
from onemo.faults.seams.network import FaultyNetwork
from onemo.net.interface import (
    AddressFamily,
    Echo,
    LookupRequest,
    NamePolicy,
    Network,
    OpenRequest,
    PingRequest,
    TimeRequest,
    Transport,
)
from trio.testing import MockClock

from tests.support.labels import socket_label
from tests.unit.faults.plans import Plan
from tests.unit.runtime.doubles import World

POLICY = NamePolicy((AddressFamily.IPV4,), ("192.0.2.53", "192.0.2.54"), timeout=5, requests=2)
OPEN = OpenRequest(Transport.TCP, "server.example.com", 443, 60, POLICY, label=socket_label(2))
LOOKUP = LookupRequest("server.example.com", POLICY, every=False)
PING = PingRequest("server.example.com", 16, POLICY)
TIME = TimeRequest("ntp.example.com", 123, 30, POLICY)


def network(nursery: trio.Nursery, *faults: str) -> tuple[World, Network]:
    world = World()
    made = FaultyNetwork(world, Plan(*faults))
    nursery.start_soon(made.run)
    return world, made


async def failure(asking: Awaitable[object]) -> NetFailure:
    with pytest.raises(NetError) as caught:
        await asking
    return caught.value.failure


async def test_without_a_fault_it_is_the_network(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    world, faulty = network(nursery)
    await faulty.open(OPEN)
    assert await faulty.lookup(LOOKUP) == ["192.0.2.1"]
    pinger = await faulty.ping(PING)
    assert (await pinger.echo(3), pinger.address) == (Echo(0.001, 64), PING.host)
    pinger.close()
    assert await faulty.ask_time(TIME) == 1550734160
    assert (world.requests, world.asked) == ([OPEN], [LOOKUP, PING, TIME])
    assert world.pingers[0].closed
    world.servers = ("192.0.2.53",)
    assert (faulty.name_servers(), faulty.local_addresses()) == (("192.0.2.53",), ("10.1.2.3", None))
    faulty.forget()
    assert (world.forgotten, trio.current_time()) == (1, 0)


@pytest.mark.parametrize("told", OPEN_FAILURES)
async def test_every_way_to_be_refused(nursery: trio.Nursery, autojump_clock: MockClock, told: str) -> None:
    world, faulty = network(nursery, f"net-refuse failure={told} seconds=2s times=1")
    assert (await failure(faulty.open(OPEN))).name == told.replace("-", "_").upper()
    assert (trio.current_time(), world.requests) == (2, [])
    await faulty.open(OPEN)
    assert world.requests == [OPEN]


async def test_no_longer_than_the_module_waits(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    _, faulty = network(nursery, "net-refuse seconds=100s times=1", "net-latency operation=open seconds=40s")
    for end in (60, 120):
        assert await failure(faulty.open(OPEN)) is NetFailure.TIMED_OUT
        assert trio.current_time() == end


async def test_what_opening_takes_counts(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    world, faulty = network(nursery, "dns-delay seconds=4s", "net-latency operation=open seconds=3s")
    await faulty.open(OPEN)
    assert (trio.current_time(), world.requests) == (10, [OPEN._replace(timeout=50)])
    await faulty.open(OPEN._replace(transport=Transport.UDP))
    assert trio.current_time() == 14, "UDP has no handshake"


@pytest.mark.parametrize(
    ("scope", "refused"),
    [
        ("connect_id=2", True),
        ("connect_id=1", False),
        ("host=*.example.com port=443", True),
        ("host=SERVER.example.com transport=TCP", True),
        ("host=*.example.org", False),
        ("port=80", False),
        ("transport=UDP", False),
    ],
)
async def test_whom_it_concerns(nursery: trio.Nursery, autojump_clock: MockClock, scope: str, refused: bool) -> None:
    _, faulty = network(nursery, f"net-refuse {scope}")
    if refused:
        assert await failure(faulty.open(OPEN)) is NetFailure.REFUSED
    else:
        await faulty.open(OPEN)


async def test_names_are_not_found(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    world, faulty = network(nursery, "dns-fail seconds=1s")
    for asking in (faulty.open(OPEN), faulty.lookup(LOOKUP), faulty.ping(PING), faulty.ask_time(TIME)):
        assert await failure(asking) is NetFailure.NAME
    assert (trio.current_time(), world.requests, world.asked) == (4, [], [])
    await faulty.open(OPEN._replace(host="192.0.2.1"))
    await faulty.ping(PING._replace(host="2001:db8::1"))
    assert await faulty.lookup(LOOKUP._replace(name="192.0.2.1"))


async def test_name_servers_are_silent(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    _, faulty = network(nursery, "dns-fail failure=timed-out")
    assert await failure(faulty.open(OPEN)) is NetFailure.NAME
    for asking in (faulty.lookup(LOOKUP), faulty.ping(PING), faulty.ask_time(TIME)):
        assert await failure(asking) is NetFailure.NAME_TIMED_OUT


async def test_an_answer_that_comes_too_late_is_none(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    world, faulty = network(nursery, "dns-delay seconds=5s")
    assert await failure(faulty.lookup(LOOKUP)) is NetFailure.NAME_TIMED_OUT
    assert trio.current_time() == 20, "two requests to each of two servers"
    assert await failure(faulty.ask_time(TIME._replace(timeout=7))) is NetFailure.NAME_TIMED_OUT
    assert trio.current_time() == 27
    assert await failure(faulty.open(OPEN._replace(timeout=7))) is NetFailure.NAME
    assert (trio.current_time(), world.asked) == (34, [])


async def test_names_that_lead_elsewhere(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    world, faulty = network(nursery, "dns-wrong address=127.0.0.9 host=server.*")
    connection = await faulty.open(OPEN)
    assert (world.requests[0].host, connection.peer) == ("127.0.0.9", "127.0.0.9:443")
    await faulty.ping(PING)
    await faulty.lookup(LOOKUP)
    await faulty.ask_time(TIME)
    assert world.asked == [PING._replace(host="127.0.0.9"), LOOKUP._replace(name="127.0.0.9"), TIME]


async def test_a_fault_of_one_operation(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    _, faulty = network(nursery, "dns-fail operation=ping", "net-latency operation=lookup seconds=2s")
    assert await faulty.lookup(LOOKUP)
    assert trio.current_time() == 4
    assert await failure(faulty.ping(PING)) is NetFailure.NAME
    await faulty.open(OPEN)
    assert trio.current_time() == 4


async def test_echo_requests_without_a_reply(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    world, faulty = network(nursery, "ping-loss times=2", "ping-fail failure=reported after=2 times=1")
    pinger = await faulty.ping(PING)
    assert [await failure(pinger.echo(3)) for _ in range(2)] == [NetFailure.TIMED_OUT] * 2
    assert (trio.current_time(), world.pingers[0].sent) == (6, [])
    assert await failure(pinger.echo(3)) is NetFailure.REPORTED
    assert await pinger.echo(3) == Echo(0.001, 64)
    assert trio.current_time() == 6


async def test_replies_that_are_late(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    world, faulty = network(nursery, "net-latency operation=ping seconds=1s times=1", "net-latency seconds=2s after=1")
    pinger = await faulty.ping(PING)
    assert await pinger.echo(3) == Echo(2.001, 64)
    assert (trio.current_time(), world.pingers[0].timeouts) == (2, [1])
    assert await failure(pinger.echo(4)) is NetFailure.TIMED_OUT
    assert trio.current_time() == 6


async def test_time_servers(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    _, faulty = network(nursery, "time-fail failure=unusable times=1 seconds=2s", "time-fail after=1 times=1",
                        "time-wrong seconds=-86400")  # fmt: skip
    assert await failure(faulty.ask_time(TIME)) is NetFailure.UNUSABLE
    assert trio.current_time() == 2
    assert await failure(faulty.ask_time(TIME)) is NetFailure.TIMED_OUT
    assert await faulty.ask_time(TIME) == 1550734160 - 86400
