"""Connections through names, routes and the sandbox, and what is denied to them; whom a module asks for names."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import trio
from onemo.errors import NetFailure
from onemo.net.host.ports import PortLedger
from onemo.net.host.routes import Routes, parse_pattern, parse_route
from onemo.net.host.sockets import HostNetwork
from onemo.net.interface import (
    AddressFamily,
    LookupRequest,
    NamePolicy,
    OpenRequest,
    Transport,
)
from trio.testing import MockClock

from tests.unit.net.conftest import Names, Peers, failure_of, open_files, port_of
from tests.unit.net.host.dns_server import DnsServer
from tests.unit.net.host.network_parts import (
    BOTH,
    IPV4_FIRST,
    IPV4_ONLY,
    SERVER,
    FakeSandbox,
    asking,
    failure,
    network,
)


def tcp(host: str, port: int = 80, names: NamePolicy = BOTH, timeout: float = 5.0) -> OpenRequest:
    return OpenRequest(Transport.TCP, host, port, timeout, names)


async def reaches(network: HostNetwork, request: OpenRequest, listener: socket.socket) -> None:
    connection = await network.open(request)
    assert connection.peer.endswith(f":{port_of(listener)}")
    with listener.accept()[0] as peer:
        connection.send_now(b"x")
        assert peer.recv(9) == b"x"
    connection.abort()


# Opening


async def test_an_address_is_routed(peers: Peers) -> None:
    listener = peers.tcp()
    port = port_of(listener)
    await reaches(network(f"192.0.2.1:80=127.0.0.1:{port}"), tcp("192.0.2.1"), listener)
    await reaches(network(f"[2001:db8::1]=127.0.0.1:{port}"), tcp("2001:DB8:0::1"), listener)
    await reaches(network("192.0.2.1=127.0.0.1"), tcp("192.0.2.1", port), listener)
    await reaches(network("192.0.2.1=127.0.0.1:*"), tcp("192.0.2.1", port), listener)


@pytest.mark.parametrize("family", AddressFamily)
async def test_a_name_is_routed_without_being_resolved(peers: Peers, family: AddressFamily) -> None:
    listener = peers.tcp(family)
    host = "127.0.0.1" if family is AddressFamily.IPV4 else "[::1]"
    names = Names()
    routed = network(f"*.example.com:443={host}:{port_of(listener)}", names=names)
    await reaches(routed, tcp("api.example.com", 443, IPV4_ONLY), listener)
    assert names.asked == []
    assert await failure_of(routed, tcp("api.example.com", 80)) is NetFailure.NAME


async def test_a_datagram_is_routed(peers: Peers) -> None:
    server = peers.udp()
    request = OpenRequest(Transport.UDP, "192.0.2.1", 5683, 5.0)
    connection = await network(f"*:5683=127.0.0.1:{port_of(server)}").open(request)
    connection.send_now(b"x")
    assert server.recv(9) == b"x"
    connection.abort()


async def test_a_resolved_address_is_routed(peers: Peers) -> None:
    listener = peers.tcp()
    names = Names(server=["192.0.2.1"])
    routed = network(f"192.0.*=127.0.0.1:{port_of(listener)}", names=names)
    await reaches(routed, tcp("server", names=IPV4_FIRST), listener)
    assert names.asked == [("server", AddressFamily.IPV4)]


async def test_the_hosts_resolver_knows_the_name_of_a_target(peers: Peers) -> None:
    listener = peers.tcp()
    names = Names()
    routed = network(f"api.example.com=localhost:{port_of(listener)}", names=names)
    await reaches(routed, tcp("api.example.com"), listener)
    assert names.asked == []


async def test_a_target_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unknown(*_: object) -> object:
        await trio.lowlevel.checkpoint()
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(trio.socket, "getaddrinfo", unknown)
    assert await failure_of(network("*=gone.example.com"), tcp("192.0.2.1")) is NetFailure.NAME


async def test_every_address_of_a_target_is_tried(peers: Peers, monkeypatch: pytest.MonkeyPatch) -> None:
    async def two(name: str, *_: object) -> object:
        await trio.lowlevel.checkpoint()
        return [(0, 0, 0, "", ("127.0.0.2", 0)), (0, 0, 0, "", ("127.0.0.1", 0))]

    monkeypatch.setattr(trio.socket, "getaddrinfo", two)
    listener = peers.tcp()
    await reaches(network(f"*=two.example.com:{port_of(listener)}"), tcp("a"), listener)
    assert await failure_of(network("*=two.example.com:1"), tcp("a")) is NetFailure.REFUSED


async def test_a_slow_target_takes_the_time_of_the_connection(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    async def never(*_: object) -> object:
        await trio.sleep_forever()

    monkeypatch.setattr(trio.socket, "getaddrinfo", never)
    started = trio.current_time()
    assert await failure_of(network("*=slow.example.com"), tcp("192.0.2.1", timeout=30.0)) is NetFailure.NAME
    assert trio.current_time() - started == pytest.approx(30.0)


async def test_direct_is_an_exception_for_a_names_addresses_too(peers: Peers) -> None:
    listener = peers.tcp()
    names = Names(server=["127.0.0.1"])
    routed = network("server=direct", "*=192.0.2.1:1", names=names)
    await reaches(routed, tcp("server", port_of(listener), IPV4_FIRST), listener)


async def test_a_malformed_name_is_no_way_into_the_sandbox(sandbox: FakeSandbox) -> None:
    for host in ("a b", "a..b", "1.2.3", "fe80::1%lo"):
        assert await failure_of(network("*=sandbox", sandbox=sandbox), tcp(host)) is NetFailure.NAME
    assert sandbox.asked == []


async def test_the_sandbox_stands_for_names_and_addresses(sandbox: FakeSandbox) -> None:
    names = Names()
    routed = network("*=sandbox", sandbox=sandbox, names=names)
    listener = sandbox._sockets[Transport.TCP]
    for host in ("a.example.com", "192.0.2.1", "2001:db8::1", "127.0.0.1"):
        await reaches(routed, tcp(host, 1883), listener)
    assert names.asked == []
    assert sandbox.asked == [(Transport.TCP, 1883)] * 4
    assert await failure_of(routed, tcp("gone.example.com")) is NetFailure.NAME
    assert await failure_of(routed, tcp("four.example.com", names=BOTH._replace(families=(AddressFamily.IPV6,)))) is (
        NetFailure.NAME
    )
    assert await failure_of(routed, tcp("a", 0)) is NetFailure.REFUSED


async def test_an_address_of_the_sandbox_goes_there_whatever_the_routes_say(sandbox: FakeSandbox) -> None:
    listener = sandbox._sockets[Transport.TCP]
    names = Names(server=["198.18.0.1"])
    routed = network("server=direct", "198.18.0.1=direct", sandbox=sandbox, names=names, offline=True)
    await reaches(routed, tcp("198.18.0.1", 1883), listener)
    await reaches(routed, tcp("server", 1883), listener)
    assert sandbox.asked == [(Transport.TCP, 1883)] * 2


async def test_direct_asks_the_host_where_the_name_server_is_the_sandboxs(sandbox: FakeSandbox, peers: Peers) -> None:
    listener = peers.tcp()
    names = Names()
    routed = network("localhost=direct", "*=sandbox", sandbox=sandbox, names=names)
    await reaches(routed, tcp("localhost", port_of(listener), IPV4_FIRST), listener)
    assert names.asked == []


# Denied and offline


async def test_denied_as_it_was_written() -> None:
    names = Names()
    routed = network("*=127.0.0.1:1", deny=("*.com", "192.0.2.1", "*:25"), names=names)
    for request in (tcp("example.com"), tcp("192.0.2.1"), tcp("a.test", 25)):
        assert await failure_of(routed, request) is NetFailure.OTHER
    assert names.asked == []


async def test_a_denied_address_of_a_name(peers: Peers) -> None:
    listener = peers.tcp()
    names = Names(server=["192.0.2.1", "127.0.0.1"], bad=["192.0.2.1"])
    routed = network(deny=("192.0.2.1",), names=names)
    await reaches(routed, tcp("server", port_of(listener)), listener)
    assert await failure_of(routed, tcp("bad")) is NetFailure.OTHER


async def test_offline(peers: Peers, sandbox: FakeSandbox) -> None:
    listener = peers.tcp()
    names = Names(here=["127.0.0.1"], there=["192.0.2.1"])
    routed = network("away=192.0.2.1", "*.box=sandbox", offline=True, sandbox=sandbox, names=names)
    for host in ("192.0.2.1", "2001:db8::1", "away", "there"):
        assert await failure_of(routed, tcp(host)) is NetFailure.OTHER
    await reaches(routed, tcp("127.0.0.1", port_of(listener)), listener)
    await reaches(routed, tcp("here", port_of(listener)), listener)
    await reaches(routed, tcp("a.box"), sandbox._sockets[Transport.TCP])


async def test_a_refusal_leaves_nothing() -> None:
    ledger = PortLedger()
    before = open_files()
    routed = HostNetwork(Routes(denied=(parse_pattern("*"),)), ledger)
    assert await failure_of(routed, tcp("192.0.2.1")._replace(local_port=4000)) is NetFailure.OTHER
    assert ledger.claim(Transport.TCP, 4000).port == 4000
    assert open_files() == before


# Name servers


async def test_a_name_server_is_routed(server: DnsServer, peers: Peers) -> None:
    listener = peers.tcp()
    await reaches(network(asking(server)), tcp("here.test", port_of(listener)), listener)
    assert server.asked == ["here.test. IN AAAA", "here.test. IN A"]


async def test_a_name_server_may_be_the_sandboxs(server: DnsServer, peers: Peers) -> None:

    class Box(FakeSandbox):
        def endpoint(self, transport: Transport, port: int, *, tls: bool = False) -> tuple[str, int]:
            self.asked.append((transport, port))
            return server.place

    box = Box(peers.tcp(), peers.udp())
    routed = network(f"{SERVER}=sandbox", sandbox=box, offline=True)
    assert await routed.lookup(LookupRequest("large.test", BOTH, every=False))
    assert box.asked == [(Transport.UDP, 53), (Transport.UDP, 53), (Transport.TCP, 53)]


@pytest.mark.parametrize("deny", [(SERVER,), (f"{SERVER}:53",), ("*:53",)])
async def test_a_denied_name_server_is_not_asked(server: DnsServer, deny: tuple[str, ...]) -> None:
    routed = network(asking(server), deny=deny)
    assert await failure_of(routed, tcp("here.test")) is NetFailure.NAME
    assert await failure(routed.lookup(LookupRequest("here.test", BOTH, every=True))) is NetFailure.NAME
    assert server.asked == []


async def test_offline_asks_no_name_server() -> None:
    assert await failure(network(offline=True).lookup(LookupRequest("a.test", BOTH, True))) is NetFailure.NAME


async def test_a_silent_name_server_costs_a_connection_its_time(server: DnsServer) -> None:
    routed = network(asking(server))
    assert await failure_of(routed, tcp("silent.test", timeout=0.03)) is NetFailure.NAME
    assert await failure_of(routed, tcp("silent.test", names=BOTH._replace(timeout=0.02))) is NetFailure.NAME
    assert server.asked.count("silent.test. IN A") == 1


def test_the_name_servers_of_the_network(tmp_path: Path, sandbox: FakeSandbox) -> None:
    conf = tmp_path / "resolv.conf"
    conf.write_text("nameserver 192.0.2.1\n")
    everything = Routes((parse_route("a=direct"), parse_route("*:*=sandbox")), sandbox=sandbox)
    assert HostNetwork(everything, resolv_conf=str(conf)).name_servers() == ("198.18.0.53",)
    some = Routes((parse_route("*.com=sandbox"),), sandbox=sandbox)
    routed = HostNetwork(some, resolv_conf=str(conf))
    assert routed.name_servers() == ("192.0.2.1",)
    conf.write_text("nameserver 192.0.2.2\n")
    assert routed.name_servers() == ("192.0.2.2",)


async def test_forgetting(server: DnsServer) -> None:
    routed = network(asking(server))
    request = LookupRequest("v4.test", IPV4_ONLY._replace(cache=60.0), every=True)
    for asked in (1, 1):
        await routed.lookup(request)
        assert len(server.asked) == asked
    routed.forget()
    await routed.lookup(request)
    assert len(server.asked) == 2
