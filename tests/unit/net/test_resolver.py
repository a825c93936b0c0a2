"""Names, asked of a small DNS server on loopback."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
import trio

from emulator.errors import NetError, NetFailure
from emulator.net.interface import Family, Transport
from emulator.net.ports import PortLedger
from emulator.net.resolver import HostResolver
from emulator.net.sockets import HostNetwork
from tests.unit.net.conftest import Peers, port_of, to

ZONE = {
    ("v4.test.", "A"): [("v4.test.", "A", "192.0.2.7 192.0.2.9")],
    ("v6.test.", "AAAA"): [("v6.test.", "AAAA", "2001:db8::7")],
    ("alias.test.", "A"): [
        ("alias.test.", "CNAME", "other.test."),
        ("other.test.", "CNAME", "v4.test."),
        ("v4.test.", "A", "192.0.2.7"),
    ],
    ("here.test.", "A"): [("here.test.", "A", "127.0.0.1")],
    ("large.test.", "A"): [("large.test.", "A", " ".join(f"192.0.2.{n}" for n in range(1, 61)))],
    ("half.test.", "A"): [("half.test.", "CNAME", "v6.test.")],
    ("under_score.test.", "A"): [("under_score.test.", "A", "192.0.2.1")],
}
KNOWN = {name for name, _ in ZONE}


def answer_to(query: dns.message.Message) -> dns.message.Message | None:
    """The zone's answer; SERVFAIL for broken.test, none at all for silent.test."""
    question = query.question[0]
    name, kind = question.name.to_text().lower(), dns.rdatatype.to_text(question.rdtype)
    if name == "silent.test.":
        return None
    response = dns.message.make_response(query, recursion_available=True)
    if name == "broken.test.":
        response.set_rcode(dns.rcode.SERVFAIL)
    elif name not in KNOWN:
        response.set_rcode(dns.rcode.NXDOMAIN)
    for owner, record, values in ZONE.get((name, kind), []):
        response.answer.append(dns.rrset.from_text(owner, 60, "IN", record, *values.split()))
    return response


class Server:
    """Answers over UDP and TCP on one port of loopback; ``asked`` holds each question in order."""

    def __init__(self, udp: trio.socket.SocketType, tcp: trio.SocketListener) -> None:
        self._udp = udp
        self._tcp = tcp
        self.asked: list[str] = []

    @property
    def port(self) -> int:
        port = self._udp.getsockname()[1]
        assert isinstance(port, int)
        return port

    async def serve_udp(self) -> None:
        while True:
            wire, source = await self._udp.recvfrom(4096)
            reply = self._answer(wire)
            if reply is None:
                continue
            content = reply.to_wire(want_shuffle=False)
            if len(content) > 512:
                reply.answer.clear()
                reply.flags |= dns.flags.TC
                content = reply.to_wire(want_shuffle=False)
            await self._udp.sendto(content, source)

    async def serve_tcp(self) -> None:
        while True:
            async with await self._tcp.accept() as stream:
                wire = await stream.receive_some(4096)
                reply = self._answer(wire[2:])
                assert reply is not None
                content = reply.to_wire(want_shuffle=False)
                await stream.send_all(len(content).to_bytes(2, "big") + content)

    def _answer(self, wire: bytes) -> dns.message.Message | None:
        query = dns.message.from_wire(wire)
        self.asked.append(query.question[0].to_text())
        return answer_to(query)


async def same_port(attempts: int = 20) -> tuple[trio.socket.SocketType, trio.SocketListener]:
    """A UDP and a TCP socket on one port of the system's choice."""
    for _ in range(attempts):
        (tcp,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        udp = trio.socket.socket(type=trio.socket.SOCK_DGRAM)
        try:
            await udp.bind(tcp.socket.getsockname())
        except OSError:
            udp.close()
            await tcp.aclose()
        else:
            return udp, tcp
    raise AssertionError("no port is free for both")


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    udp, tcp = await same_port()
    server = Server(udp, tcp)
    with udp:
        async with tcp, trio.open_nursery() as nursery:
            nursery.start_soon(server.serve_udp)
            nursery.start_soon(server.serve_tcp)
            yield server
            nursery.cancel_scope.cancel()


def resolver_at(port: int, lifetime: float = 5.0) -> HostResolver:
    return HostResolver(["127.0.0.1"], port, request_timeout=lifetime, lifetime=lifetime)


async def failure_of_name(resolver: HostResolver, name: str, family: Family = Family.IPV4) -> NetError:
    with pytest.raises(NetError) as refusal:
        await resolver.resolve(name, family)
    assert refusal.value.failure is NetFailure.NAME
    return refusal.value


@pytest.mark.parametrize(
    ("name", "family", "addresses"),
    [
        ("v4.test", Family.IPV4, ["192.0.2.7", "192.0.2.9"]),
        ("v4.test.", Family.IPV4, ["192.0.2.7", "192.0.2.9"]),
        ("V4.Test", Family.IPV4, ["192.0.2.7", "192.0.2.9"]),
        ("v6.test", Family.IPV6, ["2001:db8::7"]),
        ("alias.test", Family.IPV4, ["192.0.2.7"]),
        ("under_score.test", Family.IPV4, ["192.0.2.1"]),
    ],
)
async def test_a_name_that_exists(server: Server, name: str, family: Family, addresses: list[str]) -> None:
    assert await resolver_at(server.port).resolve(name, family) == addresses


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("v4.test", Family.IPV6),
        ("v6.test", Family.IPV4),
        ("half.test", Family.IPV4),  # an alias that leads nowhere
        ("gone.test", Family.IPV4),
        ("gone.test", Family.IPV6),
        ("broken.test", Family.IPV4),
    ],
)
async def test_a_name_without_addresses(server: Server, name: str, family: Family) -> None:
    assert name in (await failure_of_name(resolver_at(server.port), name, family)).detail


async def test_an_answer_too_large_for_a_datagram_is_fetched_over_tcp(server: Server) -> None:
    assert len(await resolver_at(server.port).resolve("large.test", Family.IPV4)) == 60
    assert server.asked == ["large.test. IN A"] * 2


async def test_no_answer_in_time(server: Server) -> None:
    await failure_of_name(resolver_at(server.port, lifetime=0.05), "silent.test")
    assert server.asked[0] == "silent.test. IN A"


async def test_nobody_serves_names(peers: Peers) -> None:
    gone = peers.udp()
    port = port_of(gone)
    gone.close()
    await failure_of_name(resolver_at(port, lifetime=0.05), "v4.test")


async def test_cancelling_leaves_the_server_alone(server: Server) -> None:
    with trio.move_on_after(0.05) as scope:
        await resolver_at(server.port, lifetime=30.0).resolve("silent.test", Family.IPV4)
    assert scope.cancelled_caught


async def test_the_hosts_configuration_without_its_search_list(server: Server, tmp_path: Path) -> None:
    conf = tmp_path / "resolv.conf"
    conf.write_text("search test example.com\noptions ndots:3\nnameserver 127.0.0.1\n")
    resolver = HostResolver(port=server.port, resolv_conf=str(conf))
    assert await resolver.resolve("v4.test", Family.IPV4) == ["192.0.2.7", "192.0.2.9"]
    await failure_of_name(resolver, "v4")
    assert server.asked == ["v4.test. IN A", "v4. IN A"]


async def test_the_hosts_configuration_may_change(server: Server, tmp_path: Path) -> None:
    conf = tmp_path / "resolv.conf"
    resolver = HostResolver(port=server.port, resolv_conf=str(conf))
    await failure_of_name(resolver, "v4.test")
    conf.write_text("nameserver 127.0.0.1\n")
    assert await resolver.resolve("v6.test", Family.IPV6) == ["2001:db8::7"]


@pytest.mark.parametrize("content", ["", "# nothing\n", "search test\n", "nameserver nonsense\n", "nameserver\n"])
async def test_a_host_without_resolvers(tmp_path: Path, content: str) -> None:
    conf = tmp_path / "resolv.conf"
    conf.write_text(content)
    await failure_of_name(HostResolver(resolv_conf=str(conf)), "v4.test")


async def test_a_host_without_a_configuration(tmp_path: Path) -> None:
    await failure_of_name(HostResolver(resolv_conf=str(tmp_path / "resolv.conf")), "v4.test")


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "@",
        ".test",
        "a..test",
        "a b.test",
        "v4.test\n",
        "a\\046b.test",
        "bücher.test",
        "a" * 64 + ".test",
        ".".join(["a" * 60] * 5),
        "a." * 127 + "a.",
    ],
)
async def test_a_malformed_name_is_not_asked_for(server: Server, name: str) -> None:
    await failure_of_name(resolver_at(server.port), name)
    assert server.asked == []


async def test_the_longest_name(server: Server) -> None:
    name = "a." * 126 + "a"  # 255 bytes on the wire
    await failure_of_name(resolver_at(server.port), name)
    assert server.asked == [f"{name}. IN A"]


async def test_a_connection_to_a_name(server: Server, ledger: PortLedger, peers: Peers) -> None:
    listener = peers.tcp()
    request = to(listener)
    network = HostNetwork(resolver_at(server.port), ledger)
    connection = await network.open(type(request)(request.transport, "here.test", request.port, request.timeout))
    assert connection.peer == f"127.0.0.1:{port_of(listener)}"
    assert server.asked == ["here.test. IN AAAA", "here.test. IN A"]
    connection.abort()


async def test_a_silent_server_costs_a_connection_its_time(
    server: Server, ledger: PortLedger, peers: Peers, unused_port: Callable[[Transport], int]
) -> None:
    request = to(peers.tcp(), 0.05, unused_port(Transport.TCP))
    silent = type(request)(Transport.TCP, "silent.test", request.port, 0.05, local_port=request.local_port)
    with pytest.raises(NetError) as refusal:
        await HostNetwork(resolver_at(server.port), ledger).open(silent)
    assert refusal.value.failure is NetFailure.NAME
    assert ledger.claim(Transport.TCP, request.local_port).port == request.local_port


def test_dnspython_is_loaded_with_the_first_name_only() -> None:
    program = "import sys, emulator.net.sockets, emulator.net.resolver; print('dns' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
