"""Values of the device's resources: as commands have them, as URCs print them, and together in one payload."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

from onemo.at.reply import CommandError
from onemo.families.lwm2m.states import Cis
from onemo.net.lwm2m.tlv import Tlv, TlvKind, decode_tlv, encode_tlv
from onemo.net.lwm2m.values import (
    Lwm2mFormat,
    Lwm2mMalformed,
    Lwm2mType,
    Lwm2mValue,
    from_text,
    from_tlv_value,
    plain_number,
    to_text,
    to_tlv_value,
    typed_value,
)

Path = tuple[int, ...]
"""Object, instance and resource, as many as it has."""
_HEX = re.compile(rb"(?:[0-9A-Fa-f]{2})*")


class ValueCode(IntEnum):
    """<type> of a value. HEX: text that is typed and told in hex."""

    STRING = 1
    OPAQUE = 2
    INTEGER = 3
    FLOAT = 4
    BOOLEAN = 5
    HEX = 6

    @property
    def type(self) -> Lwm2mType:
        """The type on the wire."""
        return _TYPES[self]


_TYPES = {
    ValueCode.STRING: Lwm2mType.STRING,
    ValueCode.OPAQUE: Lwm2mType.OPAQUE,
    ValueCode.INTEGER: Lwm2mType.INTEGER,
    ValueCode.FLOAT: Lwm2mType.FLOAT,
    ValueCode.BOOLEAN: Lwm2mType.BOOLEAN,
    ValueCode.HEX: Lwm2mType.STRING,
}
_IN_HEX = (ValueCode.OPAQUE, ValueCode.HEX)


class Reading(NamedTuple):
    """The value of one resource of an object."""

    instance: int
    resource: int
    code: ValueCode
    value: Lwm2mValue


def typed_reading(instance: int, resource: int, code: int, text: bytes) -> Reading:
    """Read a value as a command has it. Raises CommandError(SYNTAX): odd or bad hex, a number that is none."""
    kind = ValueCode(code)
    if kind in _IN_HEX:
        if _HEX.fullmatch(text) is None:
            raise CommandError(Cis.SYNTAX)
        return Reading(instance, resource, kind, Lwm2mValue(kind.type, bytes.fromhex(text.decode())))
    try:
        return Reading(instance, resource, kind, typed_value(kind.type, text))
    except Lwm2mMalformed as error:
        raise CommandError(Cis.SYNTAX) from error


def printed(reading: Reading) -> bytes:
    """Return a value as a URC tells it."""
    return reading.value.data.hex().upper().encode() if reading.code in _IN_HEX else reading.value.data


# Payloads of ours.


def usual_format(path: Path, readings: Sequence[Reading]) -> Lwm2mFormat:
    """Return the format of an answer where the server asks for none."""
    if len(path) < 3 or len(readings) > 1:
        return Lwm2mFormat.TLV
    opaque = readings and readings[0].code is ValueCode.OPAQUE
    return Lwm2mFormat.OPAQUE if opaque else Lwm2mFormat.TEXT


def pack(path: Path, readings: Sequence[Reading], form: Lwm2mFormat) -> bytes:
    """Return the payload that tells readings inside a path. Of text and opaque data the last one is told alone."""
    if not readings:
        return b""
    if form.is_tlv:
        return _tlv(path, readings)
    if form.is_json:
        return _json(path, readings)
    value = readings[-1].value
    return to_text(value) if form is Lwm2mFormat.TEXT else value.data


def _tlv(path: Path, readings: Sequence[Reading]) -> bytes:
    instances: dict[int, list[Tlv]] = {}
    for each in readings:
        entry = Tlv(TlvKind.RESOURCE, each.resource, to_tlv_value(each.value))
        instances.setdefault(each.instance, []).append(entry)
    if len(path) > 1:
        return encode_tlv([entry for entries in instances.values() for entry in entries])
    return encode_tlv(Tlv(TlvKind.OBJECT_INSTANCE, number, tuple(entries)) for number, entries in instances.items())


def _json(path: Path, readings: Sequence[Reading]) -> bytes:
    base = path[:2]
    entries = [
        f'{{"n":"{each.resource if len(base) > 1 else f"{each.instance}/{each.resource}"}",{_json_value(each.value)}}}'
        for each in readings
    ]
    return f'{{"bn":"/{"/".join(map(str, base))}/","e":[{",".join(entries)}]}}'.encode()


def _json_value(value: Lwm2mValue) -> str:
    text = to_text(value)
    match value.type:
        case Lwm2mType.INTEGER:
            return f'"v":{int(text)}'
        case Lwm2mType.FLOAT:
            return f'"v":{plain_number(text.decode())}'
        case Lwm2mType.BOOLEAN:
            return f'"bv":{"true" if int(text) else "false"}'
    try:
        return f'"sv":{json.dumps(text.decode(), ensure_ascii=False)}'
    except UnicodeDecodeError:
        return f'"sv":{json.dumps(text.decode("latin-1"), ensure_ascii=False)}'


# Payloads of the server's.


class WrongFormat(Lwm2mMalformed):
    """A Content-Format that a WRITE of this path may not have."""


def unpack(
    path: Path, payload: bytes, form: int | None, codes: dict[Path, ValueCode], other: ValueCode
) -> list[Reading]:
    """Read the payload of a WRITE to an instance or a resource.

    form: its Content-Format, if it names one; codes: the declared types, by path; other: that of what is not declared.
    Raises WrongFormat, Lwm2mMalformed.
    """
    single = len(path) == 3
    if form is None:
        form = Lwm2mFormat.TEXT if single else Lwm2mFormat.TLV
    if form in (Lwm2mFormat.TLV, Lwm2mFormat.OLD_TLV):
        return _unpack_tlv(path, payload, codes, other)
    if not single or form not in (Lwm2mFormat.TEXT, Lwm2mFormat.OPAQUE):
        raise WrongFormat("another format")
    code = codes.get(path)
    if code is None:
        return [Reading(path[1], path[2], other, Lwm2mValue(other.type, payload))]
    if form == Lwm2mFormat.TEXT:
        return [Reading(path[1], path[2], code, from_text(code.type, payload))]
    if code.type not in (Lwm2mType.STRING, Lwm2mType.OPAQUE):
        raise WrongFormat("opaque data for a number")
    return [Reading(path[1], path[2], code, Lwm2mValue(code.type, payload))]


def _unpack_tlv(path: Path, payload: bytes, codes: dict[Path, ValueCode], other: ValueCode) -> list[Reading]:
    entries = decode_tlv(payload)
    if len(entries) == 1 and entries[0].kind is TlvKind.OBJECT_INSTANCE and isinstance(entries[0].value, tuple):
        if entries[0].id != path[1]:
            raise Lwm2mMalformed("another instance")
        entries = entries[0].value
    found = []
    for kind, number, value in entries:
        if kind is not TlvKind.RESOURCE or not isinstance(value, bytes) or (len(path) == 3 and number != path[2]):
            raise Lwm2mMalformed("no value of this path")
        code = codes.get((*path[:2], number))
        read = Lwm2mValue(other.type, value) if code is None else from_tlv_value(code.type, value)
        found.append(Reading(path[1], number, code or other, read))
    if not found:
        raise Lwm2mMalformed("no value")
    return found
