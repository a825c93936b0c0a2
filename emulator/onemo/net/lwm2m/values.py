"""The values of resources: as text, and as the bytes of TLV (OMA-TS-LightweightM2M-V1_0 6.4, appendix C). Pure."""

from __future__ import annotations

import base64
import binascii
import math
import re
import struct
from decimal import Decimal
from enum import Enum, IntEnum
from typing import NamedTuple

from onemo.errors import EmulatorError

_INTEGER = re.compile(rb"[+-]?\d{1,19}")
_FLOAT = re.compile(rb"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")
_LONGEST_FLOAT = 64
_SIZES = (1, 2, 4, 8)
_SINGLE_DIGITS = 9
"""Digits that tell any two singles apart."""


class Lwm2mMalformed(EmulatorError):
    """Bytes that are not in the format that they claim to be in."""


class Lwm2mFormat(IntEnum):
    """The Content-Formats of LwM2M; the old numbers are those before 1.0 was final."""

    TEXT = 0
    LINK = 40
    OPAQUE = 42
    OLD_TLV = 1542
    OLD_JSON = 1543
    TLV = 11542
    JSON = 11543

    @property
    def is_tlv(self) -> bool:
        """True for both numbers of TLV."""
        return self in (Lwm2mFormat.TLV, Lwm2mFormat.OLD_TLV)

    @property
    def is_json(self) -> bool:
        """True for both numbers of JSON."""
        return self in (Lwm2mFormat.JSON, Lwm2mFormat.OLD_JSON)


class Lwm2mType(Enum):
    """The type of a value."""

    STRING = "string"
    OPAQUE = "opaque"
    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"


class Lwm2mValue(NamedTuple):
    """A value. data: the bytes of a string or of opaque data; of any other type its decimal text."""

    type: Lwm2mType
    data: bytes


def typed_value(kind: Lwm2mType, text: bytes) -> Lwm2mValue:
    """Make a value of its text. Raises Lwm2mMalformed: no such number, or one of more than 8 bytes."""
    if kind is Lwm2mType.INTEGER and not (_INTEGER.fullmatch(text) and -(1 << 63) <= int(text) < 1 << 63):
        raise Lwm2mMalformed("no integer")
    if kind is Lwm2mType.FLOAT and not (
        len(text) <= _LONGEST_FLOAT and _FLOAT.fullmatch(text) and math.isfinite(float(text))
    ):
        raise Lwm2mMalformed("no number")
    if kind is Lwm2mType.BOOLEAN and text not in (b"0", b"1"):
        raise Lwm2mMalformed("neither 0 nor 1")
    return Lwm2mValue(kind, text)


def to_tlv_value(value: Lwm2mValue) -> bytes:
    """Return the bytes of a value in TLV: numbers as short as they go."""
    match value.type:
        case Lwm2mType.INTEGER:
            number = int(value.data)
            size = next(size for size in _SIZES if -(1 << 8 * size - 1) <= number < 1 << 8 * size - 1)
            return number.to_bytes(size, "big", signed=True)
        case Lwm2mType.FLOAT:
            real = float(value.data)
            single = _single(real)
            if single is not None and Decimal(_shortest_single(single)) == Decimal(value.data.decode()):
                return struct.pack(">f", real)
            return struct.pack(">d", real)
        case Lwm2mType.BOOLEAN:
            return bytes((int(value.data),))
    return value.data


def from_tlv_value(kind: Lwm2mType, data: bytes) -> Lwm2mValue:
    """Read the bytes of a value in TLV. Raises Lwm2mMalformed: a length that its type has not, or no such value."""
    if kind is Lwm2mType.INTEGER:
        if len(data) not in _SIZES:
            raise Lwm2mMalformed(f"an integer of {len(data)} bytes")
        return Lwm2mValue(kind, b"%d" % int.from_bytes(data, "big", signed=True))
    if kind is Lwm2mType.FLOAT:
        if len(data) not in (4, 8):
            raise Lwm2mMalformed(f"a float of {len(data)} bytes")
        (real,) = struct.unpack(">f" if len(data) == 4 else ">d", data)
        if not math.isfinite(real):
            raise Lwm2mMalformed("a float that is no number")
        shortest = _shortest_single(real) if len(data) == 4 else repr(real)
        return Lwm2mValue(kind, plain_number(shortest).encode())
    if kind is Lwm2mType.BOOLEAN and data not in (b"\0", b"\1"):
        raise Lwm2mMalformed("no boolean")
    return Lwm2mValue(kind, b"%d" % data[0] if kind is Lwm2mType.BOOLEAN else data)


def to_text(value: Lwm2mValue) -> bytes:
    """Return a value in text/plain: opaque data in base64."""
    return base64.b64encode(value.data) if value.type is Lwm2mType.OPAQUE else value.data


def from_text(kind: Lwm2mType, data: bytes) -> Lwm2mValue:
    """Read a value in text/plain. Raises Lwm2mMalformed."""
    if kind is not Lwm2mType.OPAQUE:
        return typed_value(kind, data)
    try:
        return Lwm2mValue(kind, base64.b64decode(data, validate=True))
    except (binascii.Error, ValueError) as error:
        raise Lwm2mMalformed("no base64") from error


def plain_number(text: str) -> str:
    """Write a decimal number without an exponent and without zeros behind its point: ``24.5``, ``24``."""
    number = Decimal(text)
    shown = f"{number:f}"
    return (shown.rstrip("0").rstrip(".") if "." in shown else shown) if number else "0"


def _single(real: float) -> float | None:
    """Return a number as a single holds it; None: it is too large."""
    try:
        (single,) = struct.unpack(">f", struct.pack(">f", real))
    except OverflowError:
        return None
    return float(single)


def _shortest_single(single: float) -> str:
    """Return the shortest decimal that a single stands for."""
    for digits in range(1, _SINGLE_DIGITS):
        text = f"{single:.{digits}g}"
        if _single(float(text)) == single:
            return text
    return f"{single:.{_SINGLE_DIGITS}g}"
