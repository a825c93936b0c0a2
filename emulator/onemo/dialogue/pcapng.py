"""The blocks of a pcapng file of raw IP packets (draft-ietf-opsawg-pcapng): one section, one interface.

Pure. Little-endian; times are in microseconds.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

_SECTION, _INTERFACE, _PACKET = 0x0A0D0D0A, 1, 6
_RAW_IP = 101
"""The link type of packets that begin with their IP header."""
_COMMENT = 1
_APPLICATION = 4  # of a section
_NAME, _RESOLUTION = 2, 9  # of an interface
_FLAGS = 2  # of a packet
_MOST_TEXT = 1000
"""Bytes of a text in an option."""
_MICROSECONDS = 1_000_000


def opening(application: str, interface: str, comment: str = "") -> bytes:
    """Return the blocks before the first packet.

    application: what writes the file; interface: the name of the one interface; comment: on the whole file.
    """
    section = struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)
    section += _options([(_COMMENT, _text(comment)), (_APPLICATION, _text(application))])
    described = struct.pack("<HHI", _RAW_IP, 0, 0) + _options([(_NAME, _text(interface)), (_RESOLUTION, b"\x06")])
    return _block(_SECTION, section) + _block(_INTERFACE, described)


def packet_block(time: float, packet: bytes, *, outgoing: bool, comment: str = "") -> bytes:
    """Return the block of one packet. time: seconds since 1970-01-01 UTC."""
    high, low = divmod(max(0, round(time * _MICROSECONDS)) & (1 << 64) - 1, 1 << 32)
    flags = struct.pack("<I", 2 if outgoing else 1)
    body = struct.pack("<IIIII", 0, high, low, len(packet), len(packet)) + _padded(packet)
    return _block(_PACKET, body + _options([(_COMMENT, _text(comment)), (_FLAGS, flags)]))


def _block(kind: int, body: bytes) -> bytes:
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length


def _options(options: Iterable[tuple[int, bytes]]) -> bytes:
    """Return the options that have a value, and their end."""
    told = b"".join(struct.pack("<HH", code, len(value)) + _padded(value) for code, value in options if value)
    return told + bytes(4)


def _text(text: str) -> bytes:
    return text.encode("utf-8", "replace")[:_MOST_TEXT].decode("utf-8", "ignore").encode()


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
