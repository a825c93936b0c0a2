"""A small DNS server on loopback, over UDP and TCP, that also knows how to misbehave."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import trio
from onemo.net.host.connect import Place

ZONE = {
    ("v4.test.", "A"): [("v4.test.", "A", "192.0.2.7 192.0.2.9")],
    ("v6.test.", "AAAA"): [("v6.test.", "AAAA", "2001:db8::7")],
    ("alias.test.", "A"): [
        ("alias.test.", "CNAME", "other.test."),
        ("other.test.", "CNAME", "v4.test."),
        ("v4.test.", "A", "192.0.2.7"),
    ],
    ("here.test.", "A"): [("here.test.", "A", "127.0.0.1")],
    ("both.test.", "A"): [("both.test.", "A", "127.0.0.1")],
    ("both.test.", "AAAA"): [("both.test.", "AAAA", "::1")],
    ("large.test.", "A"): [("large.test.", "A", " ".join(f"192.0.2.{n}" for n in range(1, 61)))],
    ("huge.test.", "A"): [("huge.test.", "A", " ".join(f"192.0.{n // 250}.{n % 250}" for n in range(500)))],
    ("half.test.", "A"): [("half.test.", "CNAME", "v6.test.")],
    ("loop.test.", "A"): [("loop.test.", "CNAME", "pool.test."), ("pool.test.", "CNAME", "loop.test.")],
    ("under_score.test.", "A"): [("under_score.test.", "A", "192.0.2.1")],
}
KNOWN = {name for name, _ in ZONE}
FAILING = {"broken.test.": dns.rcode.SERVFAIL, "refused.test.": dns.rcode.REFUSED}
V4 = ("v4.test.", "A", "192.0.2.7 192.0.2.9")


class DnsServer:
    """``asked`` holds each question in order.

    silent.test: no answer; garbage.test: bytes that are none; liar.test: the true answer after a false one, of another
    id; flaky.test: SERVFAIL the first time; late.test: no answer the first time; cut.test: truncated over UDP,
    a connection that ends over TCP.
    """

    def __init__(self, udp: trio.socket.SocketType, tcp: trio.SocketListener) -> None:
        self._udp = udp
        self._tcp = tcp
        self.asked: list[str] = []

    @property
    def place(self) -> Place:
        address, port = self._udp.getsockname()
        return Place(address, port)

    async def serve_udp(self) -> None:
        while True:
            wire, source = await self._udp.recvfrom(4096)
            for reply in self._answers(wire):
                if len(reply) > 512:
                    short = dns.message.from_wire(reply)
                    short.answer.clear()
                    short.flags |= dns.flags.TC
                    reply = short.to_wire()
                await self._udp.sendto(reply, source)

    async def serve_tcp(self) -> None:
        while True:
            async with await self._tcp.accept() as stream:
                for reply in self._answers((await stream.receive_some(4096))[2:]):
                    await stream.send_all(len(reply).to_bytes(2, "big") + reply)

    def _answers(self, wire: bytes) -> list[bytes]:
        query = dns.message.from_wire(wire)
        question = query.question[0].to_text()
        before = self.asked.count(question)
        self.asked.append(question)
        true = _answer(query).to_wire(want_shuffle=False)
        match question.split()[0].lower().removesuffix(".test."):
            case "silent":
                return []
            case "late":
                return [true] if before else []
            case "garbage":
                return [b"", b"garbage", wire[:2] + b"garbage"]
            case "liar":
                return [bytes([true[0] ^ 1]) + true[1:], wire, true]
            case "cut":
                return [] if before % 2 else [_truncated(query)]
            case "flaky" if not before:
                return [_failed(query, dns.rcode.SERVFAIL)]
        return [true]


def _answer(query: dns.message.Message) -> dns.message.Message:
    question = query.question[0]
    name, kind = question.name.to_text().lower(), dns.rdatatype.to_text(question.rdtype)
    response = dns.message.make_response(query, recursion_available=True)
    records = ZONE.get((name, kind), [])
    if name in FAILING:
        response.set_rcode(FAILING[name])
    elif name in ("liar.test.", "flaky.test.", "late.test.") and kind == "A":
        records = [(name, *V4[1:])]
    elif name not in KNOWN:
        response.set_rcode(dns.rcode.NXDOMAIN)
    for owner, record, values in records:
        response.answer.append(dns.rrset.from_text(owner, 60, "IN", record, *values.split()))
    return response


def _truncated(query: dns.message.Message) -> bytes:
    response = dns.message.make_response(query)
    response.flags |= dns.flags.TC
    return response.to_wire()


def _failed(query: dns.message.Message, code: dns.rcode.Rcode) -> bytes:
    response = dns.message.make_response(query)
    response.set_rcode(code)
    return response.to_wire()


async def _same_port(attempts: int = 20) -> tuple[trio.socket.SocketType, trio.SocketListener]:
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


@asynccontextmanager
async def dns_server() -> AsyncIterator[DnsServer]:
    """A server that runs until the block ends."""
    udp, tcp = await _same_port()
    server = DnsServer(udp, tcp)
    with udp:
        async with tcp, trio.open_nursery() as nursery:
            nursery.start_soon(server.serve_udp)
            nursery.start_soon(server.serve_tcp)
            yield server
            nursery.cancel_scope.cancel()
