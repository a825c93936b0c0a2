"""IP packets with TCP segments and UDP datagrams, with the headers and checksums that they have on a network.

Pure.
"""

from __future__ import annotations

import struct
from enum import IntFlag
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

TCP, UDP = 6, 17
_HOPS = 64
MOST_DATAGRAM = 65507
"""Bytes of the largest datagram (IPv4's, which is the smaller one)."""


class TcpFlags(IntFlag):
    """The control bits of a segment (RFC 9293 3.1)."""

    FIN = 1
    SYN = 2
    RST = 4
    PSH = 8
    ACK = 16


class IpEndpoint(NamedTuple):
    """An address and a port."""

    address: IPv4Address | IPv6Address
    port: int


def endpoint_of(text: str) -> IpEndpoint:
    """Read ``127.0.0.1:80`` or ``[::1]:80``. Raises ValueError."""
    host, _, port = text.rpartition(":")
    number = int(port) if port.isascii() and port.isdecimal() and len(port) < 6 else -1
    if not 0 <= number < 1 << 16:
        raise ValueError(f"{text} has no port")
    return IpEndpoint(ip_address(host.removeprefix("[").removesuffix("]").partition("%")[0]), number)


def tcp_packet(
    source: IpEndpoint,
    target: IpEndpoint,
    sequence: int,
    acknowledged: int,
    flags: TcpFlags,
    payload: bytes = b"",
    options: bytes = b"",
) -> bytes:
    """Return a packet with a TCP segment. options: a multiple of four bytes."""
    length = (20 + len(options)) >> 2 << 4
    numbers = sequence & 0xFFFFFFFF, acknowledged & 0xFFFFFFFF
    head = struct.pack(">HHIIBBHHH", source.port, target.port, *numbers, length, flags, 0xFFFF, 0, 0) + options
    return _packet(source, target, TCP, head, payload, 16)


def udp_packet(source: IpEndpoint, target: IpEndpoint, payload: bytes) -> bytes:
    """Return a packet with a UDP datagram, of at most MOST_DATAGRAM bytes."""
    head = struct.pack(">HHHH", source.port, target.port, 8 + len(payload), 0)
    return _packet(source, target, UDP, head, payload, 6)


def checksum(data: bytes) -> int:
    """Return the checksum of the internet (RFC 1071); that of bytes with a right checksum in them is 0."""
    total = int.from_bytes(data + bytes(len(data) % 2), "big")
    return 0xFFFF - (total % 0xFFFF or (0xFFFF if total else 0))  # 2 ** 16 is 1 in this arithmetic


def _packet(source: IpEndpoint, target: IpEndpoint, protocol: int, head: bytes, payload: bytes, at: int) -> bytes:
    """Put the IP header before a transport's header and payload. at: where in the header its checksum belongs."""
    both = source.address.packed + target.address.packed
    pseudo = both + struct.pack(">IHBB", len(head) + len(payload), 0, 0, protocol)
    whole = bytearray(head + payload)
    found = checksum(pseudo + whole)
    struct.pack_into(">H", whole, at, 0xFFFF if protocol == UDP and not found else found)  # 0 stands for none in UDP
    if source.address.version == 6:
        return struct.pack(">IHBB", 6 << 28, len(whole), protocol, _HOPS) + both + whole
    fixed = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(whole), 0, 0x4000, _HOPS, protocol, 0)
    sum_of_header = struct.pack(">H", checksum(fixed + both))
    return fixed[:10] + sum_of_header + both + whole
