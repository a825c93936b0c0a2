"""The name server, asked by dnspython over real sockets."""

from __future__ import annotations

import dns.asyncquery
import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype
import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st
from onemo.net.interface import AddressFamily, Transport
from onemo.net.sandbox import Sandbox, SandboxConfig
from onemo.net.sandbox.nameserver import NameServer
from onemo.net.sandbox.zone import Zone

from tests.unit.net.sandbox.conftest import PATIENCE, connect, datagrams, read_exactly, running

MANY = tuple(f"198.18.7.{number}" for number in range(1, 101))
HOSTS = {
    "both.example": ("198.18.7.9", "198.18.7.7", "2001:db8::7"),
    "four.example": ("198.18.7.7",),
    "gone.example": (),
    "many.example": MANY,
}
SERVER = NameServer(Zone(HOSTS))
QUERY = dns.message.make_query("both.example", "A", use_edns=True, id=7).to_wire()


async def ask(
    name: str, kind: str, *, transport: Transport = Transport.UDP, edns: int | bool = False
) -> dns.message.Message:
    query = dns.message.make_query(name, kind, use_edns=edns)
    asking = dns.asyncquery.udp if transport is Transport.UDP else dns.asyncquery.tcp
    async with running(SandboxConfig(HOSTS)) as sandbox:
        where, port = sandbox.endpoint(transport, 53)
        reply = await asking(query, where, PATIENCE, port=port)
    assert isinstance(reply, dns.message.Message)
    return reply


def addresses(reply: dns.message.Message) -> list[str]:
    return [record.to_text() for rrset in reply.answer for record in rrset]


@pytest.mark.parametrize("transport", Transport)
@pytest.mark.parametrize("edns", [False, True])
async def test_addresses(transport: Transport, edns: bool) -> None:
    reply = await ask("Both.Example", "A", transport=transport, edns=edns)
    assert reply.rcode() == dns.rcode.NOERROR
    assert reply.flags == dns.flags.QR | dns.flags.AA | dns.flags.RD | dns.flags.RA
    assert addresses(reply) == ["198.18.7.9", "198.18.7.7"]
    assert reply.edns == (0 if edns else -1)
    assert not reply.authority


async def test_a_name_without_an_entry() -> None:
    zone = Zone({})
    assert addresses(await ask("any.test", "A")) == zone.addresses("any.test", AddressFamily.IPV4)
    assert addresses(await ask("any.test", "AAAA")) == zone.addresses("any.test", AddressFamily.IPV6)


@pytest.mark.parametrize(
    ("name", "kind", "code", "found"),
    [
        ("both.example", "AAAA", "NOERROR", ["2001:db8::7"]),
        ("both.example", "ANY", "NOERROR", ["198.18.7.9", "198.18.7.7", "2001:db8::7"]),
        ("four.example", "AAAA", "NOERROR", []),
        ("four.example", "ANY", "NOERROR", ["198.18.7.7"]),
        ("four.example", "MX", "NOERROR", []),
        ("four.example", "TYPE65280", "NOERROR", []),
        (".", "A", "NOERROR", []),
        ("gone.example", "A", "NXDOMAIN", []),
        ("gone.example", "TXT", "NXDOMAIN", []),
        ("7.7.18.198.in-addr.arpa", "PTR", "NXDOMAIN", []),
        ("with\\032blank.example", "A", "NXDOMAIN", []),
        ("with\\.dot.example", "A", "NXDOMAIN", []),
    ],
)
async def test_what_a_name_has(name: str, kind: str, code: str, found: list[str]) -> None:
    reply = await ask(name, kind)
    assert dns.rcode.to_text(reply.rcode()) == code
    assert reply.flags & dns.flags.AA
    assert addresses(reply) == found
    assert [rrset.rdtype for rrset in reply.authority] == ([] if found else [dns.rdatatype.SOA])


async def test_what_is_too_long_for_a_datagram_comes_over_tcp() -> None:
    async with running(SandboxConfig(HOSTS)) as sandbox:
        where, port = sandbox.endpoint(Transport.UDP, 53)
        query = dns.message.make_query("many.example", "A", use_edns=True)
        assert (await dns.asyncquery.udp(query, where, PATIENCE, port)).flags & dns.flags.TC
        reply, over_tcp = await dns.asyncquery.udp_with_fallback(query, where, PATIENCE, port)
    assert over_tcp
    assert addresses(reply) == list(MANY)


def test_a_reply_is_no_longer_than_the_client_takes() -> None:
    for payload, most in ((0, 512), (100, 512), (700, 700), (65535, 1232)):
        query = dns.message.make_query("many.example", "A", use_edns=0 if payload else -1, payload=payload)
        reply = SERVER.answer(query.to_wire())
        assert reply is not None
        assert len(reply) <= most
        assert dns.message.from_wire(reply).flags & dns.flags.TC


async def test_another_class_is_refused_and_a_later_edns_is_not_spoken() -> None:
    chaos = dns.message.make_query("version.bind", "TXT", "CH")
    assert code_of(SERVER.answer(chaos.to_wire())) == dns.rcode.REFUSED
    assert (await ask("four.example", "A", edns=1)).rcode() == dns.rcode.BADVERS


def code_of(wire: bytes | None) -> dns.rcode.Rcode:
    assert wire is not None
    return dns.message.from_wire(wire).rcode()


def test_malformed_queries_are_formerr() -> None:
    two = dns.message.make_query("a.example", "A", id=9)
    two.question += dns.message.make_query("b.example", "A").question
    for wire in (QUERY[:-1], QUERY + b"\x00", QUERY[:20], QUERY[:4] + bytes(8), two.to_wire()):
        assert code_of(SERVER.answer(wire)) == dns.rcode.FORMERR


def test_what_is_no_query_is_not_answered() -> None:
    assert SERVER.answer(b"") is None
    assert SERVER.answer(QUERY[:11]) is None
    reply = SERVER.answer(QUERY)
    assert reply is not None
    assert SERVER.answer(reply) is None


def test_other_operations_are_not_implemented() -> None:
    update = dns.message.make_query("a.example", "SOA")
    update.set_opcode(dns.opcode.NOTIFY)
    reply = SERVER.answer(update.to_wire())
    assert code_of(reply) == dns.rcode.NOTIMP
    assert reply is not None
    assert reply[:2] == update.to_wire()[:2]


@given(
    st.binary(max_size=100)
    | st.binary(max_size=60).map(lambda tail: QUERY[:12] + tail)
    | st.tuples(st.integers(2, len(QUERY) - 1), st.binary(min_size=1, max_size=3)).map(
        lambda change: QUERY[: change[0]] + change[1] + QUERY[change[0] + len(change[1]) :]
    )
)
def test_any_bytes_are_answered_with_a_reply_or_not_at_all(wire: bytes) -> None:
    reply = SERVER.answer(wire)
    if reply is not None:
        assert reply[:2] == wire[:2]
        assert dns.message.from_wire(reply).flags & dns.flags.QR


async def test_garbage_leaves_the_server_serving(sandbox: Sandbox) -> None:
    with await datagrams(sandbox, 53) as sock, trio.fail_after(PATIENCE):
        for wire in (b"", b"\x00", QUERY[:11], bytes(11), b"\xff" * 500, QUERY):
            await sock.send(wire)
        assert (await sock.recv(600))[:2] == QUERY[:2]
    for wire in (b"\x00\x00", b"\x00", b"\x00\x05abc", b"\xff\xffabc", b"\x00\x0c" + b"\xff" * 12):
        async with await connect(sandbox, 53) as stream:
            await stream.send_all(wire)
            await stream.send_eof()
            assert await read_exactly(stream, 1) == b""
    async with await connect(sandbox, 53) as stream:
        for _ in range(3):
            await stream.send_all(len(QUERY).to_bytes(2) + QUERY)
            size = int.from_bytes(await read_exactly(stream, 2))
            assert (await read_exactly(stream, size))[:2] == QUERY[:2]


async def test_a_silent_client_is_let_go(sandbox: Sandbox, autojump_clock: trio.testing.MockClock) -> None:
    async with await connect(sandbox, 53) as stream:
        await stream.send_all(b"\x00")
        assert await stream.receive_some(1) == b""
    assert trio.current_time() >= 30
