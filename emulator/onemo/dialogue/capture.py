"""The network side of a trace as packets: a file of pcapng with headers made up around what the trace tells.

The addresses of the peers, their ports, the payload and the times are the trace's; the module's own address and port,
its name server, sequence numbers and acknowledgements are made up. The payload of TLS is what is inside. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from ipaddress import ip_address
from itertools import count

from onemo.dialogue.lines import ENDED_BY_PEER, ENDED_BY_RESET, EVENT, IN_TLS, OVER_UDP, PAYLOAD, TracedLine
from onemo.dialogue.packets import (
    MOST_DATAGRAM,
    IpEndpoint,
    TcpFlags,
    endpoint_of,
    tcp_packet,
    udp_packet,
)
from onemo.dialogue.pcapng import opening, packet_block
from onemo.profile.index import Label

_OWN = {4: ip_address("192.0.2.1"), 6: ip_address("fd00::1")}
_NAME_SERVER = IpEndpoint(ip_address("192.0.2.53"), 53)
_UNKNOWN = IpEndpoint(ip_address("192.0.2.254"), 9)
"""The peer of a connection whose opening and end are both missing."""
_FIRST_PORT, _PORTS = 49152, 16384
_SEGMENT = 1400
"""Bytes of a segment."""
_SYN_OPTIONS = b"\x02\x04\x05\x78\x01\x03\x03\x07"
"""A largest segment of 1400 bytes, and windows of 8 MiB: all that a trace tells at once may be under way."""
_FIN, _SYN, _RST, _PSH, _ACK = TcpFlags.FIN, TcpFlags.SYN, TcpFlags.RST, TcpFlags.PSH, TcpFlags.ACK
_FAILED = re.compile(r"(refused|timed_out): ((?:\d+\.){3}\d+:\d+|\[[0-9A-Fa-f:.]+\]:\d+)")
_PEER = re.compile(
    rf"(\S+)(?: ({OVER_UDP}|{IN_TLS}))?(?: at port (\d{{1,5}}))?(?: ({ENDED_BY_PEER}|{ENDED_BY_RESET}))?"
    r"(?: for (.*):(\d+))?",
    re.DOTALL,
)
"""The detail of ``opened``, ``accepted`` and ``closed``: the peer, over what, the module's port, how it ended; the host
and port that were asked for."""
_Packets = Iterator[tuple[bool, bytes]]
"""Packets, each with True where the module sends it."""


def openings_missing(lines: Iterable[TracedLine]) -> dict[Label, str]:
    """Return the connections whose opening is not among the lines, with their peers, as their ends tell; "": no end."""
    found: dict[Label, str] = {}
    known: set[Label] = set()
    for line in lines:
        label = line.label
        if label is None or label in known:
            continue
        if line.kind == EVENT and line.event in ("opened", "accepted", "open failed", "closed"):
            known.add(label)
            if line.event == "closed":
                found[label] = line.data.decode("utf-8", "replace")
        elif line.kind == PAYLOAD:
            found.setdefault(label, "")
    return found


class Capture:
    """The network side of a trace as pcapng, line by line.

    name: of the module; start: seconds since 1970-01-01 UTC at which the trace's time is 0; missing: as
    ``openings_missing`` has it; comment: on the file.
    """

    def __init__(self, name: str, start: float, missing: dict[Label, str] | None = None, comment: str = "") -> None:
        self._start = start
        self._ports = (_FIRST_PORT + number % _PORTS for number in count())
        self._questions = count(1)
        self._names: dict[str, list[str]] = {}
        self._flows: dict[Label, _Flow] = {}
        self.opening = opening("onemo-emulator", name, comment)
        for label, peer in (missing or {}).items():
            note = ", whose opening is no longer in the journal"
            self._flows[label] = self._flow(label, peer, note if peer else f"{note}, nor is its peer known")

    def take(self, line: TracedLine) -> bytes:
        """Return the blocks of the packets that a line stands for; b"" for none."""
        if line.source != "network":
            return b""
        if line.label is None:
            self._learn(line)
            return self._blocks(line.time, *_question(line, self._port_for(_NAME_SERVER), self._questions))
        flow = self._flows.get(line.label)
        if line.kind == PAYLOAD:
            if flow is None:
                flow = self._flows[line.label] = self._flow(line.label, "", ", whose peer is not known")
            packets = flow.carry(line.data, outgoing=line.event.startswith("sent"))
        else:
            packets = self._event(line.event, line.data.decode("utf-8", "replace"), line.label, flow)
            flow = self._flows.get(line.label, flow)
        return b"" if flow is None else self._blocks(line.time, flow.comment, packets)

    def _event(self, event: str, detail: str, label: Label, flow: _Flow | None) -> _Packets:
        match event:
            case "opened":
                flow = self._flows[label] = self._flow(label, detail)
                return flow.open(outgoing=True)
            case "accepted":
                flow = self._flows[label] = self._flow(label, detail)
                return flow.open(outgoing=False)
            case "open failed":
                if (failed := _FAILED.match(detail)) is not None:
                    flow = self._flows[label] = self._flow(label, failed[2])
                    return flow.fail(refused=failed[1] == "refused")
            case "broken" if flow is not None:
                return flow.reset(outgoing=False)
            case "closed" if flow is not None:
                told = _PEER.fullmatch(detail)
                if told and told[4] == ENDED_BY_RESET:
                    return flow.reset(outgoing=True)
                return flow.close(outgoing=not (told and told[4] == ENDED_BY_PEER))
        return iter(())

    def _flow(self, label: Label, peer: str, note: str = "") -> _Flow:
        """Begin a connection. peer: as ``opened`` or ``accepted`` tells it."""
        told = _PEER.fullmatch(peer)
        where, over, at, _, host, port = told.groups() if told else ("", None, None, None, None, None)
        if over == OVER_UDP and at is not None:  # whoever sends to a server, the trace does not tell
            where, note = "", f"{note}, whose peers are not known"
        target = self._target(where, host, port)
        part = f" {label.of.part}" if label.of.part else ""
        comment = f"{label.index_name} {label.number}{part}{f', inside {IN_TLS}' if over == IN_TLS else ''}{note}"
        comment += "" if host is None else f", {host}:{port}"
        own = self._port_for(target) if at is None else IpEndpoint(_OWN[target.address.version], int(at) & 0xFFFF)
        return _Flow(own, target, comment, udp=over == OVER_UDP)

    def _target(self, where: str, host: str | None, port: str | None) -> IpEndpoint:
        """Return what the module asked for, as far as its address is known, else the peer itself."""
        peer, _, its_port = where.rpartition(":")
        looked_up = [each for each in self._names.get(host or "", ()) if (":" in each) == (":" in peer)]
        for address in (host or peer, *looked_up, peer):
            with suppress(ValueError):
                return endpoint_of(f"{address}:{port or its_port}")
        return _UNKNOWN

    def _learn(self, line: TracedLine) -> None:
        """Take note of the addresses that a name has."""
        if line.event == "resolved":
            name, _, addresses = line.data.decode("utf-8", "replace").partition(": ")
            self._names[name] = addresses.split(", ")

    def _port_for(self, peer: IpEndpoint) -> IpEndpoint:
        return IpEndpoint(_OWN[peer.address.version], next(self._ports))

    def _blocks(self, time: float, comment: str, packets: _Packets) -> bytes:
        at = self._start + time
        return b"".join(packet_block(at, data, outgoing=out, comment=comment) for out, data in packets)


class _Flow:
    """One connection. comment: on each of its packets."""

    def __init__(self, own: IpEndpoint, peer: IpEndpoint, comment: str, *, udp: bool) -> None:
        self.comment = comment
        self._ends = {True: (own, peer), False: (peer, own)}
        self._next = {True: 0, False: 0}
        """The sequence number of the next byte, of the module and of the peer."""
        self._udp = udp
        self._ended = False

    def open(self, *, outgoing: bool) -> _Packets:
        """Shake hands. outgoing: begun by the module."""
        if not self._udp:
            yield outgoing, self._segment(outgoing, _SYN)
            yield not outgoing, self._segment(not outgoing, _SYN | _ACK)
            yield outgoing, self._segment(outgoing, _ACK)

    def fail(self, *, refused: bool) -> _Packets:
        """Ask for a connection in vain."""
        yield True, self._segment(True, _SYN)
        if refused:
            yield False, self._segment(False, _RST | _ACK)
        self._ended = True

    def carry(self, data: bytes, *, outgoing: bool) -> _Packets:
        """Carry payload, and on TCP its acknowledgement."""
        size = MOST_DATAGRAM if self._udp else _SEGMENT
        for at in range(0, max(len(data), 1), size):
            piece = data[at : at + size]
            if self._udp:
                yield outgoing, udp_packet(*self._ends[outgoing], piece)
            elif piece:
                yield outgoing, self._segment(outgoing, _PSH | _ACK, piece)
        if data and not self._udp:
            yield not outgoing, self._segment(not outgoing, _ACK)

    def close(self, *, outgoing: bool) -> _Packets:
        """End in order. outgoing: begun by the module."""
        if not self._udp and not self._ended:
            for side in (outgoing, not outgoing):
                yield side, self._segment(side, _FIN | _ACK)
            yield outgoing, self._segment(outgoing, _ACK)
        self._ended = True

    def reset(self, *, outgoing: bool) -> _Packets:
        """End with a reset."""
        if not self._udp and not self._ended:
            yield outgoing, self._segment(outgoing, _RST | _ACK)
        self._ended = True

    def _segment(self, outgoing: bool, flags: TcpFlags, payload: bytes = b"") -> bytes:
        options = _SYN_OPTIONS if _SYN in flags else b""
        acknowledged = self._next[not outgoing] if _ACK in flags else 0
        packet = tcp_packet(*self._ends[outgoing], self._next[outgoing], acknowledged, flags, payload, options)
        self._next[outgoing] += len(payload) + (_SYN in flags) + (_FIN in flags)
        return packet


def _question(line: TracedLine, own: IpEndpoint, numbers: Iterator[int]) -> tuple[str, _Packets]:
    """Return a comment and the packets of a name that was looked up; none where no name server was asked."""
    name, _, told = line.data.decode("utf-8", "replace").partition(": ")
    if line.event not in ("resolved", "not resolved") or _is_address(name):
        return "", iter(())
    if line.event == "not resolved":
        return f"not resolved: {told}", _asked(name, {"A": []}, own, numbers, answered=False)
    found: dict[str, list[str]] = {}
    for address in told.split(", "):
        found.setdefault("AAAA" if ":" in address else "A", []).append(address)
    return "", _asked(name, found, own, numbers, answered=True)


def _asked(
    name: str, found: dict[str, list[str]], own: IpEndpoint, numbers: Iterator[int], *, answered: bool
) -> _Packets:
    """Ask for the addresses of a name, by the type of their records."""
    import dns.exception
    import dns.flags
    import dns.message
    import dns.rrset

    for kind, addresses in found.items():
        try:
            query = dns.message.make_query(name, kind, id=next(numbers) & 0xFFFF)
            yield True, udp_packet(own, _NAME_SERVER, query.to_wire())
            if answered:
                answer = dns.message.make_response(query, recursion_available=True)
                answer.answer.append(dns.rrset.from_text_list(query.question[0].name, 0, "IN", kind, addresses))
                yield False, udp_packet(_NAME_SERVER, own, answer.to_wire(want_shuffle=False))
        except (dns.exception.DNSException, ValueError):
            return  # no name that a server can be asked for


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
