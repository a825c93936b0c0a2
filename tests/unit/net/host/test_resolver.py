"""Names, asked of small DNS servers on loopback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from onemo.errors import NetError, NetFailure
from onemo.net.host.connect import Place
from onemo.net.host.resolver import Resolver, host_name_servers
from onemo.net.interface import AddressFamily, Transport
from onemo.net.names import require_name

from tests.unit.net.conftest import Peers, open_files, port_of
from tests.unit.net.host.dns_server import DnsServer, dns_server
from tests.unit.net.host.name_parts import DENIED, FIRST, HASTY, PATIENT, SECOND, V4, Places, failure_of_name


@pytest.fixture
def resolver(server: DnsServer) -> Resolver:
    """Finds the server at FIRST."""
    return Resolver(Places({FIRST: server.place}).of)


# One server


@pytest.mark.parametrize(
    ("name", "family", "addresses"),
    [
        ("v4.test", AddressFamily.IPV4, V4),
        ("v4.test.", AddressFamily.IPV4, V4),
        ("V4.Test", AddressFamily.IPV4, V4),
        ("v6.test", AddressFamily.IPV6, ["2001:db8::7"]),
        ("alias.test", AddressFamily.IPV4, ["192.0.2.7"]),
        ("under_score.test", AddressFamily.IPV4, ["192.0.2.1"]),
    ],
)
async def test_a_name_that_exists(
    server: DnsServer, resolver: Resolver, name: str, family: AddressFamily, addresses: list[str]
) -> None:
    assert await resolver.resolve(name, family, PATIENT) == addresses
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("v4.test", AddressFamily.IPV6),
        ("v6.test", AddressFamily.IPV4),
        ("half.test", AddressFamily.IPV4),  # an alias that leads nowhere
        ("gone.test", AddressFamily.IPV4),
        ("gone.test", AddressFamily.IPV6),
    ],
)
async def test_that_there_is_no_address_is_an_answer(
    server: DnsServer, resolver: Resolver, name: str, family: AddressFamily
) -> None:
    policy = PATIENT._replace(ipv4=(FIRST, FIRST), ipv6=(FIRST, FIRST))
    assert await failure_of_name(resolver, name, family, policy) is NetFailure.NAME
    assert len(server.asked) == 1


async def test_an_answer_too_large_for_a_datagram_is_fetched_over_tcp(server: DnsServer, resolver: Resolver) -> None:
    assert len(await resolver.resolve("large.test", AddressFamily.IPV4, PATIENT)) == 60
    assert server.asked == ["large.test. IN A"] * 2


async def test_tcp_may_be_elsewhere(server: DnsServer) -> None:
    asked = []

    async with dns_server() as other:

        async def place(transport: Transport, address: str, port: int) -> Place:
            asked.append((transport, address, port))
            return server.place if transport is Transport.UDP else other.place

        assert len(await Resolver(place).resolve("large.test", AddressFamily.IPV4, PATIENT)) == 60
        assert server.asked == other.asked == ["large.test. IN A"]
    assert asked == [(Transport.UDP, FIRST, 53), (Transport.TCP, FIRST, 53)]


async def test_a_server_cannot_fill_the_memory(resolver: Resolver) -> None:
    assert len(await resolver.resolve("huge.test", AddressFamily.IPV4, PATIENT)) == 64


@pytest.mark.parametrize("name", ["broken.test", "refused.test", "loop.test", "cut.test"])
async def test_a_server_that_fails_is_asked_again(server: DnsServer, resolver: Resolver, name: str) -> None:
    assert await failure_of_name(resolver, name) is (
        NetFailure.NAME if name != "cut.test" else NetFailure.NAME_TIMED_OUT
    )
    assert len(server.asked) == 3 * (2 if name == "cut.test" else 1)


async def test_a_server_that_fails_once(server: DnsServer, resolver: Resolver) -> None:
    assert await resolver.resolve("flaky.test", AddressFamily.IPV4, PATIENT) == V4
    assert len(server.asked) == 2


@pytest.mark.parametrize("name", ["silent.test", "garbage.test"])
@pytest.mark.parametrize("requests", [1, 3])
async def test_silence(server: DnsServer, resolver: Resolver, name: str, requests: int) -> None:
    policy = HASTY._replace(requests=requests)
    started = trio.current_time()
    assert await failure_of_name(resolver, name, policy=policy) is NetFailure.NAME_TIMED_OUT
    assert trio.current_time() - started >= requests * policy.timeout
    assert server.asked == [f"{name}. IN A"] * requests


async def test_a_request_that_is_lost(server: DnsServer, resolver: Resolver) -> None:
    assert await resolver.resolve("late.test", AddressFamily.IPV4, PATIENT._replace(timeout=0.1)) == V4
    assert len(server.asked) == 2


async def test_what_answers_no_question_is_passed_over(server: DnsServer, resolver: Resolver) -> None:
    assert await resolver.resolve("liar.test", AddressFamily.IPV4, PATIENT) == V4
    assert len(server.asked) == 1


async def test_what_strangers_send_is_passed_over(peers: Peers) -> None:
    silent, stranger = peers.udp(), peers.udp()
    found: list[NetFailure] = []

    async def ask() -> None:
        place = Place("127.0.0.1", port_of(silent))
        found.append(await failure_of_name(Resolver(Places({FIRST: place}).of), "v4.test", policy=policy))

    policy = PATIENT._replace(timeout=0.1, requests=1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        await trio.lowlevel.wait_readable(silent)
        query, source = silent.recvfrom(512)
        stranger.sendto(query[:2] + b"\x81\x80" + query[4:], source)
    assert found == [NetFailure.NAME_TIMED_OUT]


async def test_a_server_that_is_not_there(peers: Peers) -> None:
    gone = peers.udp()
    place = Place("127.0.0.1", port_of(gone))
    gone.close()
    assert await failure_of_name(Resolver(Places({FIRST: place}).of), "v4.test", policy=HASTY) is (
        NetFailure.NAME_TIMED_OUT
    )


async def test_a_server_without_a_way_there() -> None:
    policy = PATIENT._replace(ipv4=("255.255.255.255",), timeout=60.0)  # a broadcast, which the host refuses
    assert await failure_of_name(Resolver(), "v4.test", policy=policy) is NetFailure.NAME_TIMED_OUT


async def test_a_server_that_is_no_address() -> None:
    policy = PATIENT._replace(ipv4=("nonsense",))
    assert await failure_of_name(Resolver(), "v4.test", policy=policy) is NetFailure.NAME


async def test_cancelling_leaves_nothing(server: DnsServer, resolver: Resolver) -> None:
    with pytest.raises(NetError):  # dnspython is imported, which may open files of its own
        await resolver.resolve("gone.test", AddressFamily.IPV4, PATIENT)
    before = open_files()
    with trio.move_on_after(0.02) as scope:
        await resolver.resolve("silent.test", AddressFamily.IPV4, PATIENT)
    assert scope.cancelled_caught
    assert open_files() == before


# Several servers


async def test_the_servers_of_a_family_in_order(server: DnsServer) -> None:
    async with dns_server() as other:
        resolver = Resolver(Places({FIRST: server.place, SECOND: other.place}).of)
        policy = HASTY._replace(ipv4=(FIRST, SECOND), ipv6=(SECOND,), requests=2)
        assert await failure_of_name(resolver, "silent.test", policy=policy) is NetFailure.NAME_TIMED_OUT
        assert server.asked == other.asked == ["silent.test. IN A"] * 2
        assert await resolver.resolve("v6.test", AddressFamily.IPV6, PATIENT._replace(ipv6=(SECOND,))) == [
            "2001:db8::7"
        ]
        assert other.asked.pop() == "v6.test. IN AAAA"
        assert await resolver.resolve("v4.test", AddressFamily.IPV4, PATIENT._replace(ipv4=(FIRST, SECOND))) == V4
        assert other.asked == ["silent.test. IN A"] * 2


async def test_the_second_server_is_asked_when_the_first_fails(server: DnsServer, peers: Peers) -> None:
    silent = Place("127.0.0.1", port_of(peers.udp()))
    resolver = Resolver(Places({FIRST: silent, SECOND: server.place}).of)
    policy = PATIENT._replace(ipv4=(FIRST, SECOND), timeout=0.1, requests=1)
    assert await resolver.resolve("v4.test", AddressFamily.IPV4, policy) == V4
    assert await failure_of_name(resolver, "broken.test", policy=policy) is NetFailure.NAME


async def test_a_denied_server_is_skipped(server: DnsServer, resolver: Resolver) -> None:
    assert await resolver.resolve("v4.test", AddressFamily.IPV4, PATIENT._replace(ipv4=(DENIED, FIRST))) == V4
    assert await failure_of_name(resolver, "v4.test", policy=PATIENT._replace(ipv4=(DENIED,))) is NetFailure.NAME
    silent = HASTY._replace(ipv4=(DENIED, FIRST))
    assert await failure_of_name(resolver, "silent.test", policy=silent) is NetFailure.NAME_TIMED_OUT


async def test_no_servers(server: DnsServer, resolver: Resolver) -> None:
    assert await failure_of_name(resolver, "v4.test", policy=PATIENT._replace(ipv4=())) is NetFailure.NAME
    assert server.asked == []


# Names


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
        "a." * 126 + "aa",
    ],
)
async def test_a_malformed_name_is_not_asked_for(server: DnsServer, resolver: Resolver, name: str) -> None:
    assert await failure_of_name(resolver, name) is NetFailure.NAME
    assert server.asked == []


@pytest.mark.parametrize("end", ["", "."])
async def test_the_longest_name(server: DnsServer, resolver: Resolver, end: str) -> None:
    name = "a." * 126 + "a"  # 255 bytes on the wire
    assert await failure_of_name(resolver, name + end) is NetFailure.NAME
    assert server.asked == [f"{name}. IN A"]


@given(st.text())
def test_any_text_is_a_name_or_refused(text: str) -> None:
    try:
        require_name(text)
    except NetError as refusal:
        failure = refusal.failure
    else:
        assert text.isascii()
        return
    assert failure is NetFailure.NAME


# The host's configuration


def test_the_hosts_name_servers(tmp_path: Path) -> None:
    conf = tmp_path / "resolv.conf"
    conf.write_bytes(
        b"# nameserver 192.0.2.1\n"
        b"search test example.com\r\n"
        b"nameserver 192.0.2.2\n"
        b"nameserver\t2001:db8::53 ; the second\n"
        b"nameserver\nnameserver nonsense\nnameserver fe80::1%eth0\nnameserver 192.0.2.300\n"
        b"nameservers 192.0.2.3\noptions ndots:3 \xff\n"
        b"  nameserver 192.0.2.4"
    )
    assert host_name_servers(str(conf)) == ("192.0.2.2", "2001:db8::53", "192.0.2.4")


def test_a_host_without_a_configuration(tmp_path: Path) -> None:
    assert host_name_servers(str(tmp_path / "resolv.conf")) == ()
    assert host_name_servers(str(tmp_path)) == ()


@given(st.binary())
def test_any_configuration_is_read(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    conf = tmp_path_factory.getbasetemp() / "any.conf"
    conf.write_bytes(b"nameserver 192.0.2.1\n" + content)
    assert host_name_servers(str(conf))[0] == "192.0.2.1"


def test_dnspython_is_loaded_with_the_first_name_only() -> None:
    program = (
        "import sys, onemo.net.host.sockets as s; s.HostNetwork().name_servers();"
        "print([m for m in ('dns', 'ntplib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
