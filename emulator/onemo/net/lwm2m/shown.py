"""Payloads of LwM2M as text for people, and values that they give as payloads. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from onemo.net.lwm2m.tlv import Lwm2mTlv, Lwm2mTlvKind, decode_tlv, encode_tlv
from onemo.net.lwm2m.values import (
    Lwm2mFormat,
    Lwm2mMalformed,
    Lwm2mType,
    Lwm2mValue,
    from_tlv_value,
    to_tlv_value,
    typed_value,
)

PlainValue = str | bytes | bool | int | float
_MOST_ID = 0xFFFF
_LONGEST_INTEGER = 63
"""Bits of an integer, without its sign."""

_REUSED: Mapping[Lwm2mType, tuple[int, ...]] = {
    Lwm2mType.BOOLEAN: (5500, 5502, 5532, 5533, 5550, 5551, 5850),
    Lwm2mType.INTEGER: (5501, 5503, 5504, 5534, 5538, 5541, 5544, 5851, 5852),
    Lwm2mType.FLOAT: (5521, 5530, 5600, 5601, 5602, 5603, 5604, 5650, 5651, 5652, 5700, 5702, 5703, 5704, 5705, 5800,
                      5801, 5805, 5806, 5810, 5815, 5820, 5821, 5900),
}  # fmt: skip
"""Resources that have the same type in each object (the registry of OMA: reusable resources)."""
_OBJECTS: Mapping[int, Mapping[Lwm2mType, tuple[int, ...]]] = {
    0: {Lwm2mType.BOOLEAN: (1,), Lwm2mType.INTEGER: (2, 6, 10, 11, 12)},
    1: {Lwm2mType.BOOLEAN: (6,), Lwm2mType.INTEGER: (0, 1, 2, 3, 5)},
    3: {Lwm2mType.INTEGER: (6, 7, 8, 9, 10, 11, 13, 20, 21)},
    4: {Lwm2mType.INTEGER: (0, 1, 2, 3, 6, 8, 9, 10)},
    5: {Lwm2mType.INTEGER: (3, 5, 8, 9)},
}
"""Resources of the objects that LwM2M 1.0 defines (its appendix E), but for texts and opaque ones."""


def type_of(object_id: int, resource_id: int) -> Lwm2mType | None:
    """Return the type of a resource that has one everywhere; None: it is not known, or a text."""
    types = _OBJECTS.get(object_id, _REUSED)
    return next((kind for kind, resources in types.items() if resource_id in resources), None)


def payload_text(content_format: int | None, payload: bytes, path: str) -> str:
    """Write a payload for people: text as it is, opaque bytes in hex.

    Of TLV the value of the resource that the path names; else, and for several, a line for each, ``/3200/0/5501 -12``.
    Numbers of resources whose type is not known are in hex, too.
    """
    if content_format in (Lwm2mFormat.TLV, Lwm2mFormat.OLD_TLV):
        try:
            return _tlv_text(decode_tlv(payload), path)
        except Lwm2mMalformed:
            return payload.hex().upper()
    if content_format == Lwm2mFormat.OPAQUE:
        return payload.hex().upper()
    return payload.decode("utf-8", "replace")


def _tlv_text(entries: tuple[Lwm2mTlv, ...], path: str) -> str:
    ids = [int(each) for each in path.split("/") if each]
    found = list(_values(entries, ids))
    if len(found) == 1 and found[0][0] == ids:
        return found[0][1]
    return "\n".join(f"/{'/'.join(map(str, where))} {text}" for where, text in found)


def _values(entries: Iterable[Lwm2mTlv], ids: list[int]) -> Iterator[tuple[list[int], str]]:
    """Yield the path and the text of each value. ids: of what the entries stand in, or of the one resource."""
    for kind, number, value in entries:
        if kind is Lwm2mTlvKind.OBJECT_INSTANCE:
            where = [*ids[:1], number]
        else:
            where = [*ids, number] if kind is Lwm2mTlvKind.RESOURCE_INSTANCE else [*ids[:2], number]
        if isinstance(value, bytes):
            yield where, _value_text(where, value)
        else:
            yield from _values(value, where)


def _value_text(where: list[int], value: bytes) -> str:
    kind = type_of(where[0], where[2]) if len(where) > 2 else None
    if kind is not None:
        try:
            return from_tlv_value(kind, value).data.decode()
        except Lwm2mMalformed:
            pass
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return value.hex().upper()
    return text if text.isprintable() else value.hex().upper()


def plain_value(value: PlainValue) -> Lwm2mValue:
    """Return the value of one of Python's. Raises Lwm2mMalformed: a number that LwM2M has not."""
    if isinstance(value, bytes):
        return Lwm2mValue(Lwm2mType.OPAQUE, value)
    if isinstance(value, str):
        return Lwm2mValue(Lwm2mType.STRING, value.encode("utf-8", "surrogatepass"))
    if isinstance(value, bool):
        return Lwm2mValue(Lwm2mType.BOOLEAN, b"%d" % value)
    if isinstance(value, int) and value.bit_length() > _LONGEST_INTEGER:
        raise Lwm2mMalformed("no integer of 8 bytes")
    kind = Lwm2mType.INTEGER if isinstance(value, int) else Lwm2mType.FLOAT
    return typed_value(kind, str(value).encode())


def resources_payload(values: Mapping[int, Lwm2mValue]) -> bytes:
    """Return resources of one instance in TLV. Raises Lwm2mMalformed: an id that is none."""
    for number in values:
        if number not in range(_MOST_ID + 1):
            raise Lwm2mMalformed(f"a resource has an id from 0 to {_MOST_ID}")
    return encode_tlv(Lwm2mTlv(Lwm2mTlvKind.RESOURCE, number, to_tlv_value(value)) for number, value in values.items())
