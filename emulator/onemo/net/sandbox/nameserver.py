"""A name server that knows every name: authoritative for the root and all below it."""

from __future__ import annotations

import socket
from struct import Struct
from typing import TYPE_CHECKING

import trio

from onemo.errors import NetError
from onemo.net.interface import AddressFamily
from onemo.net.sandbox.streams import receive_exactly, send_all
from onemo.net.sandbox.zone import Zone

if TYPE_CHECKING:
    from dns.message import Message
    from dns.name import Name

_HEADER = Struct("!HHHHHH")  # id, flags, and the counts of the four sections (RFC 1035 4.1.1)
_IS_REPLY, _RECURSION_DESIRED = 0x8000, 0x0100
_OPCODE_SHIFT, _OPCODE_MASK = 11, 0xF
_FORMERR, _NOTIMP = 1, 4
_PLAIN_UDP = 512  # what every client takes
_LARGEST_UDP = 1232  # what we send to a client that says it takes more
_LARGEST_TCP = 65535
_TTL = 60
_SOA = "ns.sandbox. hostmaster.sandbox. 1 3600 600 86400 60"
_IDLE = 30.0  # seconds that a TCP client may be silent


class NameServer:
    """A name server of a zone, over UDP and TCP (RFC 1035); dnspython is loaded with the first query."""

    def __init__(self, zone: Zone) -> None:
        self._zone = zone

    def answer(self, wire: bytes) -> bytes | None:
        """Answer a query over UDP, truncated to what the client takes; None for what is no query."""
        return self._reply(wire, _PLAIN_UDP, _LARGEST_UDP)

    async def converse(self, sock: socket.socket) -> None:
        """Answer query after query over TCP, until the client ends, is silent for long, or sends no query."""
        while True:
            wire = None
            with trio.move_on_after(_IDLE):
                size = await receive_exactly(sock, 2)
                wire = size and await receive_exactly(sock, int.from_bytes(size))
            reply = wire and self._reply(wire, _LARGEST_TCP, _LARGEST_TCP)
            if not reply:
                return
            await send_all(sock, len(reply).to_bytes(2) + reply)

    def _reply(self, wire: bytes, plain: int, most: int) -> bytes | None:
        """Answer a query. plain: the longest reply to a client that says nothing of it; most: to any."""
        if len(wire) < _HEADER.size:
            return None
        number, flags, questions, *_ = _HEADER.unpack_from(wire)
        if flags & _IS_REPLY:
            return None
        if flags >> _OPCODE_SHIFT & _OPCODE_MASK:
            return _refusal(number, flags, _NOTIMP)
        if questions != 1:
            return _refusal(number, flags, _FORMERR)
        import dns.exception
        import dns.message

        try:
            query = dns.message.from_wire(wire)
        except dns.exception.DNSException:
            return _refusal(number, flags, _FORMERR)
        limit = max(plain, min(query.payload, most))
        return self._response(query).to_wire(max_size=limit, prefer_truncation=True, want_shuffle=False)

    def _response(self, query: Message) -> Message:
        import dns.flags
        import dns.message
        import dns.rcode
        import dns.rdataclass
        import dns.rrset

        response = dns.message.make_response(query, recursion_available=True, our_payload=_LARGEST_UDP)
        question = query.question[0]
        if query.edns > 0:
            response.set_rcode(dns.rcode.BADVERS)
            return response
        if question.rdclass not in (dns.rdataclass.IN, dns.rdataclass.ANY):
            response.set_rcode(dns.rcode.REFUSED)
            return response
        response.flags |= dns.flags.AA
        try:
            records = self._records(question.name, question.rdtype)
        except NetError:
            response.set_rcode(dns.rcode.NXDOMAIN)
            records = []
        for record, addresses in records:
            response.answer.append(dns.rrset.from_text(question.name, _TTL, "IN", record, *addresses))
        if not records:  # how long that may be remembered (RFC 2308)
            response.authority.append(dns.rrset.from_text(".", _TTL, "IN", "SOA", _SOA))
        return response

    def _records(self, name: Name, kind: int) -> list[tuple[str, list[str]]]:
        """Find the record types asked for that the name has, and the addresses. Raises NetError(NAME): no such name."""
        import dns.name
        import dns.rdatatype

        if name == dns.name.root:
            return []
        text = name.to_text(omit_final_dot=True)
        found = [
            ("A", self._zone.addresses(text, AddressFamily.IPV4)),
            ("AAAA", self._zone.addresses(text, AddressFamily.IPV6)),
        ]
        asked = {dns.rdatatype.A: found[:1], dns.rdatatype.AAAA: found[1:], dns.rdatatype.ANY: found}
        return [(record, addresses) for record, addresses in asked.get(dns.rdatatype.RdataType(kind), []) if addresses]


def _refusal(number: int, flags: int, code: int) -> bytes:
    """Make a header alone: the query is not understood."""
    kept = flags & (_OPCODE_MASK << _OPCODE_SHIFT | _RECURSION_DESIRED)
    return _HEADER.pack(number, _IS_REPLY | kept | code, 0, 0, 0, 0)
