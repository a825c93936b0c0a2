"""TLV, the binary format of instances and resources (OMA-TS-LightweightM2M-V1_0 6.4.3). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple

from onemo.net.lwm2m.values import Lwm2mMalformed

_LONG_ID = 0x20
_INLINE = 7
"""Most bytes of a value whose length stands in the type byte."""


class TlvKind(IntEnum):
    """The kind of an entry."""

    OBJECT_INSTANCE = 0
    RESOURCE_INSTANCE = 1
    MULTIPLE_RESOURCE = 2
    RESOURCE = 3


_INSIDE = {TlvKind.OBJECT_INSTANCE: (TlvKind.MULTIPLE_RESOURCE, TlvKind.RESOURCE),
           TlvKind.MULTIPLE_RESOURCE: (TlvKind.RESOURCE_INSTANCE,)}  # fmt: skip


class Tlv(NamedTuple):
    """An entry. value: its bytes, or the entries of an object instance or of a multiple resource."""

    kind: TlvKind
    id: int
    value: bytes | tuple[Tlv, ...]


def encode_tlv(entries: Iterable[Tlv]) -> bytes:
    """Return the bytes of entries, each with the shortest id and length."""
    data = bytearray()
    for kind, number, value in entries:
        inner = value if isinstance(value, bytes) else encode_tlv(value)
        size = len(inner)
        more = 0 if size <= _INLINE else (size.bit_length() + 7) // 8
        data.append(kind << 6 | (_LONG_ID if number > 0xFF else 0) | more << 3 | (0 if more else size))
        data += number.to_bytes(2 if number > 0xFF else 1, "big") + (size.to_bytes(more, "big") if more else b"")
        data += inner
    return bytes(data)


def decode_tlv(data: bytes) -> tuple[Tlv, ...]:
    """Read entries. Raises Lwm2mMalformed."""
    return _entries(data, tuple(TlvKind))


def _entries(data: bytes, allowed: tuple[TlvKind, ...]) -> tuple[Tlv, ...]:
    found, position = [], 0
    while position < len(data):
        head = data[position]
        kind = TlvKind(head >> 6)
        if kind not in allowed:
            raise Lwm2mMalformed(f"{kind.name.lower()} where there can be none")
        number, position = _number(data, position + 1, 2 if head & _LONG_ID else 1)
        more = head >> 3 & 3
        size, position = _number(data, position, more) if more else (head & _INLINE, position)
        value = data[position : position + size]
        if len(value) < size:
            raise Lwm2mMalformed("an entry goes beyond its message")
        position += size
        found.append(Tlv(kind, number, _entries(value, _INSIDE[kind]) if kind in _INSIDE else value))
    return tuple(found)


def _number(data: bytes, position: int, size: int) -> tuple[int, int]:
    """Return the number at position, and where it ends. Raises Lwm2mMalformed."""
    if position + size > len(data):
        raise Lwm2mMalformed("an entry is cut short")
    return int.from_bytes(data[position : position + size], "big"), position + size
