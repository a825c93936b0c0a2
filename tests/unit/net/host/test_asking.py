"""Questions of a module to its network: the addresses of a name, echoes and the time."""

from __future__ import annotations

import pytest
import trio
from onemo.errors import NetError, NetFailure
from onemo.net.host.ports import PortLedger
from onemo.net.host.routes import Routes, parse_route
from onemo.net.host.sockets import HostNetwork
from onemo.net.interface import (
    AddressFamily,
    Echo,
    LookupRequest,
    NamePolicy,
    PingRequest,
    TimeRequest,
    Transport,
)

from tests.unit.net.conftest import Names, Peers, port_of
from tests.unit.net.host.dns_server import DnsServer
from tests.unit.net.host.network_parts import (
    BOTH,
    IPV4_FIRST,
    IPV4_ONLY,
    SERVER,
    FakePinger,
    FakeSandbox,
    asking,
    failure,
    network,
)


class Pings:
    """The calls of open_pinger, sources apart; it raises what ``failures`` has for an address."""

    def __init__(self) -> None:
        self.opened: list[FakePinger] = []
        self.sources: list[str | None] = []
        self.failures: dict[str, NetFailure] = {}

    def open(self, address: str, size: int, *, source: str | None, shown: str | None = None) -> FakePinger:
        self.sources.append(source)
        if address in self.failures:
            raise NetError(self.failures[address], address)
        self.opened.append(FakePinger(address, size, shown=shown))
        return self.opened[-1]


@pytest.fixture
def pings(monkeypatch: pytest.MonkeyPatch) -> Pings:
    pings = Pings()
    monkeypatch.setattr("onemo.net.host.icmp.open_pinger", pings.open)
    return pings


class Clocks:
    """The time of every server asked, or the failure that ``failures`` has for an address; silence for 192.0.2.9."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []
        self.failures: dict[str, NetFailure] = {}

    async def ask(self, address: str, port: int, source: str | None) -> float:
        self.asked.append((address, port))
        await trio.lowlevel.checkpoint()
        if address == "192.0.2.9":
            await trio.sleep_forever()
        if address in self.failures:
            raise NetError(self.failures[address], address)
        return 1e9


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    clocks = Clocks()
    monkeypatch.setattr("onemo.net.host.sntp.ask", clocks.ask)
    return clocks


# Lookup


@pytest.mark.parametrize(
    ("name", "policy", "every", "found"),
    [
        ("both.test", BOTH, True, ["::1", "127.0.0.1"]),
        ("both.test", IPV4_FIRST, True, ["127.0.0.1", "::1"]),
        ("both.test", BOTH, False, ["::1"]),
        ("v4.test", BOTH, False, ["192.0.2.7", "192.0.2.9"]),
        ("v6.test", IPV4_FIRST, True, ["2001:db8::7"]),
        ("192.0.2.1", BOTH, True, ["192.0.2.1"]),
        ("2001:0DB8:0::1", IPV4_ONLY, True, ["2001:db8::1"]),
    ],
)
async def test_lookup(server: DnsServer, name: str, policy: NamePolicy, every: bool, found: list[str]) -> None:
    assert await network(asking(server)).lookup(LookupRequest(name, policy, every)) == found


async def test_lookup_asks_the_other_family_only_when_it_must(server: DnsServer) -> None:
    await network(asking(server)).lookup(LookupRequest("both.test", BOTH, every=False))
    assert server.asked == ["both.test. IN AAAA"]


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("gone.test", NetFailure.NAME),
        ("1.2.3", NetFailure.NAME),
        ("a b", NetFailure.NAME),
        ("silent.test", NetFailure.NAME_TIMED_OUT),
    ],
)
async def test_lookup_fails(server: DnsServer, name: str, result: NetFailure) -> None:
    policy = BOTH._replace(timeout=0.02)
    assert await failure(network(asking(server)).lookup(LookupRequest(name, policy, every=True))) is result


@pytest.mark.parametrize(
    "families", [(AddressFamily.IPV4, AddressFamily.IPV6), (AddressFamily.IPV6, AddressFamily.IPV4)]
)
async def test_one_silent_family(server: DnsServer, peers: Peers, families: tuple[AddressFamily, ...]) -> None:
    silent = f"192.0.2.54:53=127.0.0.1:{port_of(peers.udp())}"
    policy = NamePolicy(families, (SERVER,), ("192.0.2.54",), timeout=0.02, requests=1)
    routed = network(asking(server), silent)
    assert await failure(routed.lookup(LookupRequest("gone.test", policy, every=True))) is NetFailure.NAME_TIMED_OUT
    assert await routed.lookup(LookupRequest("here.test", policy._replace(timeout=0.2), every=True)) == ["127.0.0.1"]


async def test_lookup_of_a_name_that_is_denied_or_routed(server: DnsServer, sandbox: FakeSandbox) -> None:
    routed = network(
        asking(server), "*.box:8883=sandbox", "v4.test=127.0.0.1:1", deny=("*.com", "*:25"), sandbox=sandbox
    )

    async def lookup(name: str, every: bool = True) -> list[str]:
        return await routed.lookup(LookupRequest(name, BOTH, every))

    assert await failure(lookup("example.com")) is NetFailure.NAME
    assert await lookup("a.box") == ["2001:db8:5::1", "198.18.0.1"]
    assert await lookup("four.box", every=False) == ["198.18.0.1"]
    assert await failure(lookup("gone.box")) is NetFailure.NAME
    assert await failure(lookup("a..box")) is NetFailure.NAME
    # The route replaces where a connection goes, not what the name is.
    assert await lookup("v4.test") == ["192.0.2.7", "192.0.2.9"]


# Ping


async def test_ping(pings: Pings) -> None:
    names = Names(server=["127.0.0.1", "127.0.0.2", "::1"], four=["127.0.0.1"])
    routed = network(names=names)
    for host, policy, address in [
        ("127.0.0.3", BOTH, "127.0.0.3"),
        ("server", BOTH, "::1"),
        ("server", IPV4_FIRST, "127.0.0.1"),
        ("four", BOTH, "127.0.0.1"),
    ]:
        pinger = await routed.ping(PingRequest(host, 32, policy))
        assert pinger.address == address
        assert pings.opened.pop() is pinger
    assert names.asked.count(("server", AddressFamily.IPV4)) == 1


async def test_a_ping_with_an_address_of_its_own(pings: Pings) -> None:
    routed = Routes((parse_route("192.0.2.7=127.0.0.1"),))
    sourced = HostNetwork(routed, PortLedger(), "/nonexistent", Names(), source="127.0.0.5")
    for host in ("127.0.0.3", "192.0.2.7"):
        await sourced.ping(PingRequest(host, 32, BOTH))
    assert pings.sources == ["127.0.0.5"] * 2


async def test_ping_tries_the_other_family(pings: Pings) -> None:
    pings.failures["::1"] = NetFailure.FAMILY
    routed = network(names=Names(server=["127.0.0.1", "::1"], six=["::1"]))
    assert (await routed.ping(PingRequest("server", 32, BOTH))).address == "127.0.0.1"
    # The name's lack of the other family was no attempt.
    assert await failure(routed.ping(PingRequest("six", 32, BOTH))) is NetFailure.FAMILY


async def test_ping_fails(server: DnsServer, pings: Pings) -> None:
    routed = network(asking(server), deny=("*.com", "192.0.2.7"))
    for host, result in [
        ("gone.test", NetFailure.NAME),
        ("1.2.3", NetFailure.NAME),
        ("silent.test", NetFailure.NAME_TIMED_OUT),
        ("example.com", NetFailure.OTHER),
        ("192.0.2.7", NetFailure.OTHER),
        ("v4.test", NetFailure.OTHER),
    ]:
        assert await failure(routed.ping(PingRequest(host, 32, BOTH._replace(timeout=0.02)))) is result
    assert await failure(routed.ping(PingRequest("::1", 32, IPV4_ONLY))) is NetFailure.OTHER
    assert await failure(network(offline=True).ping(PingRequest("192.0.2.1", 32, BOTH))) is NetFailure.OTHER
    assert pings.opened == []


async def test_ping_is_routed(pings: Pings) -> None:
    names = Names(server=["192.0.2.1"])
    routed = network("192.0.2.*:80=127.0.0.2:8080", "named=127.0.0.3:1", names=names)
    for host, shown, pinged in [
        ("192.0.2.9", "192.0.2.9", "127.0.0.2"),
        ("server", "192.0.2.1", "127.0.0.2"),
        ("named", "127.0.0.3", "127.0.0.3"),
    ]:
        pinger = await routed.ping(PingRequest(host, 32, BOTH))
        assert pinger.address == shown
        real = pings.opened.pop()
        assert (real.pinged, real.size) == (pinged, 32)
        assert await pinger.echo(2.0) == Echo(2.0, 64)
        pinger.close()
        assert real.closed
    away = network("*=192.0.2.1", offline=True)
    assert await failure(away.ping(PingRequest("127.0.0.1", 32, BOTH))) is NetFailure.OTHER


async def test_ping_into_the_sandbox(pings: Pings, sandbox: FakeSandbox) -> None:
    routed = network("*.box=sandbox", "203.0.113.*=sandbox", sandbox=sandbox)
    for host, shown in [("a.box", "2001:db8:5::1"), ("203.0.113.7", "203.0.113.7"), ("198.18.0.1", "198.18.0.1")]:
        pinger = await routed.ping(PingRequest(host, 1400, BOTH))
        assert pinger.address == shown
        assert (await pinger.echo(1.0)).ttl == 255
    assert await failure(routed.ping(PingRequest("gone.box", 32, BOTH))) is NetFailure.NAME
    assert pings.opened == []


# Time


def time_of(host: str, timeout: float = 5.0, names: NamePolicy = BOTH) -> TimeRequest:
    return TimeRequest(host, 123, timeout, names)


async def test_time(clocks: Clocks, sandbox: FakeSandbox) -> None:
    names = Names(pool=["192.0.2.1", "192.0.2.2", "2001:db8::1"])
    clocks.failures = {"2001:db8::1": NetFailure.OTHER, "192.0.2.1": NetFailure.UNUSABLE}
    routed = network("*.box=sandbox", "other:123=127.0.0.1:8123", sandbox=sandbox, names=names)
    for host in ("192.0.2.3", "pool", "a.box", "other"):
        assert await routed.ask_time(time_of(host)) == 1e9
    box = sandbox._sockets[Transport.UDP].getsockname()
    assert clocks.asked == [
        ("192.0.2.3", 123),
        ("2001:db8::1", 123),
        ("192.0.2.1", 123),
        ("192.0.2.2", 123),
        box,
        ("127.0.0.1", 8123),
    ]
    assert sandbox.asked == [(Transport.UDP, 123)]


async def test_time_fails(clocks: Clocks, server: DnsServer) -> None:
    clocks.failures = {"192.0.2.1": NetFailure.UNUSABLE}
    routed = network(asking(server), deny=("*.com",))
    for host, result in [
        ("gone.test", NetFailure.NAME),
        ("1.2.3", NetFailure.NAME),
        ("192.0.2.1", NetFailure.UNUSABLE),
        ("example.com", NetFailure.OTHER),
        ("192.0.2.9", NetFailure.TIMED_OUT),
        ("silent.test", NetFailure.NAME_TIMED_OUT),
    ]:
        assert await failure(routed.ask_time(time_of(host, 0.05))) is result
    policy = BOTH._replace(timeout=0.02)
    assert await failure(routed.ask_time(time_of("silent.test", names=policy))) is NetFailure.NAME_TIMED_OUT
    assert await failure(routed.ask_time(time_of("::1", names=IPV4_ONLY))) is NetFailure.OTHER
    assert await failure(network(offline=True).ask_time(time_of("192.0.2.3"))) is NetFailure.OTHER
