"""A reader of pcapng files and of the packets in them, which trusts no checksum."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from ipaddress import ip_address
from typing import NamedTuple

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


class Packet(NamedTuple):
    """A packet. source, target: address:port; flags, sequence, acknowledged: of TCP, 0 of UDP."""

    time: float
    outgoing: bool
    comment: str
    source: str
    target: str
    protocol: int
    flags: int
    sequence: int
    acknowledged: int
    payload: bytes


class CaptureRead(NamedTuple):
    """A file: the options of its section and of its interface, and its packets."""

    section: dict[int, bytes]
    interface: dict[int, bytes]
    packets: list[Packet]


def read_capture(data: bytes) -> CaptureRead:
    """Read a file; fail where anything in it is not as the format says, or a checksum is wrong."""
    blocks = list(_blocks(data))
    (kind, section), (next_kind, interface), *rest = blocks
    assert (kind, next_kind) == (0x0A0D0D0A, 1)
    assert struct.unpack_from("<IHHq", section) == (0x1A2B3C4D, 1, 0, -1)
    assert struct.unpack_from("<HHI", interface) == (101, 0, 0)
    packets = []
    for kind, body in rest:
        assert kind == 6
        number, high, low, captured, size = struct.unpack_from("<IIIII", body)
        assert (number, captured) == (0, size)
        options = _options(body[20 + size + -size % 4 :])
        (flags,) = struct.unpack("<I", options[2])
        assert flags in (1, 2)
        packets.append(
            _packet(((high << 32) + low) / 1e6, flags == 2, options.get(1, b"").decode(), body[20 : 20 + size])
        )
    return CaptureRead(_options(section[16:]), _options(interface[8:]), packets)


def sums_up(data: bytes) -> int:
    """Add up 16-bit words as the checksum does: 0xFFFF where the checksum among them is right."""
    total: int = sum(struct.unpack(f">{len(data) // 2 + len(data) % 2}H", data + bytes(len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def streams(packets: list[Packet]) -> dict[tuple[str, str], bytes]:
    """Put the bytes of each direction together by their sequence numbers; fail where one is missing or comes twice."""
    found: dict[tuple[str, str], bytearray] = {}
    expected: dict[tuple[str, str], int] = {}
    for packet in packets:
        if packet.protocol != 6:
            continue
        way = packet.source, packet.target
        assert packet.sequence == expected.setdefault(way, packet.sequence), packet
        expected[way] += len(packet.payload) + bool(packet.flags & SYN) + bool(packet.flags & FIN)
        back = expected.get((packet.target, packet.source))
        if packet.flags & ACK and back is not None:
            assert packet.acknowledged == back, packet
        found.setdefault(way, bytearray()).extend(packet.payload)
    return {way: bytes(data) for way, data in found.items()}


def _blocks(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        kind, length = struct.unpack_from("<II", data, at)
        assert length % 4 == 0
        assert struct.unpack_from("<I", data, at + length - 4) == (length,)
        yield kind, data[at + 8 : at + length - 4]
        at += length
    assert at == len(data)


def _options(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 0
    while True:
        code, length = struct.unpack_from("<HH", data, at)
        if not code:
            assert (length, at + 4) == (0, len(data))
            return found
        found[code] = data[at + 4 : at + 4 + length]
        at += 4 + length + -length % 4


def _packet(time: float, outgoing: bool, comment: str, data: bytes) -> Packet:
    if data[0] >> 4 == 4:
        length, protocol, source, target = struct.unpack_from(">H", data, 2)[0], data[9], data[12:16], data[16:20]
        assert (data[0], length) == (0x45, len(data))
        assert sums_up(data[:20]) == 0xFFFF
        inner = data[20:]
    else:
        assert data[0] >> 4 == 6
        (length,), protocol, source, target = struct.unpack_from(">H", data, 4), data[6], data[8:24], data[24:40]
        inner = data[40:]
        assert length == len(inner)
    assert sums_up(source + target + struct.pack(">IHBB", len(inner), 0, 0, protocol) + inner) == 0xFFFF
    ports = struct.unpack_from(">HH", inner)
    ends = [_end(address, port) for address, port in zip((source, target), ports, strict=True)]
    if protocol == 17:
        assert struct.unpack_from(">H", inner, 4) == (len(inner),)
        return Packet(time, outgoing, comment, ends[0], ends[1], protocol, 0, 0, 0, inner[8:])
    assert protocol == 6
    sequence, acknowledged, offset, flags = struct.unpack_from(">IIBB", inner, 4)
    return Packet(
        time, outgoing, comment, ends[0], ends[1], protocol, flags, sequence, acknowledged, inner[(offset >> 4) * 4 :]
    )


def _end(address: bytes, port: int) -> str:
    text = str(ip_address(address))
    return f"[{text}]:{port}" if ":" in text else f"{text}:{port}"
