"""A message of CoAP: bytes into a record and back (RFC 7252 3). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

from onemo.errors import EmulatorError

VERSION = 1
LONGEST_TOKEN = 8
MOST_MID = 0xFFFF
_HEADER = 4
_MARKER = 0xFF
_LAST_OPTION = 0xFFFF
_ONE, _TWO = 13, 14
"""Nibbles of an option's head that say: one byte more, two bytes more."""
_ONE_FROM, _TWO_FROM = 13, 269


class CoapMalformed(EmulatorError):
    """Bytes that are no message of CoAP. mid: of one that is to be answered by a reset (RFC 7252 4.2)."""

    def __init__(self, problem: str, mid: int | None = None) -> None:
        super().__init__(problem)
        self.mid = mid


class CoapType(IntEnum):
    """The type of a message."""

    CON = 0
    NON = 1
    ACK = 2
    RST = 3


class CoapCode(IntEnum):
    """The codes of requests and answers that are spoken here; ``label`` writes any other."""

    EMPTY = 0x00
    GET = 0x01
    POST = 0x02
    PUT = 0x03
    DELETE = 0x04
    CREATED = 0x41
    DELETED = 0x42
    VALID = 0x43
    CHANGED = 0x44
    CONTENT = 0x45
    CONTINUE = 0x5F
    BAD_REQUEST = 0x80
    UNAUTHORIZED = 0x81
    BAD_OPTION = 0x82
    FORBIDDEN = 0x83
    NOT_FOUND = 0x84
    METHOD_NOT_ALLOWED = 0x85
    NOT_ACCEPTABLE = 0x86
    INCOMPLETE = 0x88
    PRECONDITION_FAILED = 0x8C
    TOO_LARGE = 0x8D
    UNSUPPORTED_FORMAT = 0x8F
    INTERNAL_ERROR = 0xA0
    NOT_IMPLEMENTED = 0xA1
    UNAVAILABLE = 0xA3


class CoapOption(IntEnum):
    """The options that are known here."""

    IF_MATCH = 1
    URI_HOST = 3
    ETAG = 4
    IF_NONE_MATCH = 5
    OBSERVE = 6
    URI_PORT = 7
    LOCATION_PATH = 8
    URI_PATH = 11
    CONTENT_FORMAT = 12
    MAX_AGE = 14
    URI_QUERY = 15
    ACCEPT = 17
    LOCATION_QUERY = 20
    BLOCK2 = 23
    BLOCK1 = 27
    SIZE2 = 28
    PROXY_URI = 35
    PROXY_SCHEME = 39
    SIZE1 = 60


_METHODS = {0x01: "GET", 0x02: "POST", 0x03: "PUT", 0x04: "DELETE", 0x05: "FETCH", 0x06: "PATCH", 0x07: "iPATCH"}


def label(code: int) -> str:
    """Write a code as people do: ``GET``, ``2.05``, ``empty``."""
    if code == CoapCode.EMPTY:
        return "empty"
    return _METHODS.get(code) or f"{code >> 5}.{code & 0x1F:02d}"


class CoapMessage(NamedTuple):
    """A message. code: a CoapCode or any other byte; options: number and value, in any order."""

    type: CoapType
    code: int
    mid: int
    token: bytes = b""
    options: tuple[tuple[int, bytes], ...] = ()
    payload: bytes = b""

    @property
    def is_request(self) -> bool:
        """True for a method (0.01-0.31)."""
        return 0 < self.code < 0x20

    @property
    def is_answer(self) -> bool:
        """True for a response (2.xx, 4.xx, 5.xx)."""
        return self.code >> 5 in (2, 4, 5)

    def all(self, number: int) -> list[bytes]:
        """Return every value of an option, in order."""
        return [value for each, value in self.options if each == number]

    def uint(self, number: int) -> int | None:
        """Return the first value of an option as a number; None: it is not there."""
        found = self.all(number)
        return int.from_bytes(found[0], "big") if found else None

    def texts(self, number: int) -> tuple[str, ...]:
        """Return every value of an option as text; what is no UTF-8 is replaced."""
        return tuple(value.decode("utf-8", "replace") for value in self.all(number))

    @property
    def path(self) -> tuple[str, ...]:
        """The segments of the URI's path."""
        return self.texts(CoapOption.URI_PATH)

    @property
    def query(self) -> tuple[str, ...]:
        """The arguments of the URI's query, each as ``name=value``."""
        return self.texts(CoapOption.URI_QUERY)


def uint_option(number: int, value: int) -> tuple[int, bytes]:
    """Make an option of a number, as short as it can be written (RFC 7252 3.2)."""
    return number, value.to_bytes((value.bit_length() + 7) // 8, "big")


def text_options(number: int, values: Sequence[str]) -> tuple[tuple[int, bytes], ...]:
    """Make an option of each text, in UTF-8."""
    return tuple((number, value.encode()) for value in values)


def encode(message: CoapMessage) -> bytes:
    """Return the bytes of a message; its options are sorted by number, those of one number stay in order."""
    data = bytearray((VERSION << 6 | message.type << 4 | len(message.token), message.code))
    data += message.mid.to_bytes(2, "big") + message.token
    before = 0
    for number, value in sorted(message.options, key=lambda option: option[0]):
        delta, more_delta = _split(number - before)
        length, more_length = _split(len(value))
        data.append(delta << 4 | length)
        data += more_delta + more_length + value
        before = number
    if message.payload:
        data.append(_MARKER)
        data += message.payload
    return bytes(data)


def decode(data: bytes) -> CoapMessage:
    """Read a message. Raises CoapMalformed."""
    if len(data) < _HEADER:
        raise CoapMalformed("shorter than a header")
    if data[0] >> 6 != VERSION:
        raise CoapMalformed(f"version {data[0] >> 6}")
    kind, code, mid = CoapType(data[0] >> 4 & 3), data[1], int.from_bytes(data[2:4], "big")
    reset = mid if kind is CoapType.CON else None
    size = data[0] & 0x0F
    if size > LONGEST_TOKEN or len(data) < _HEADER + size:
        raise CoapMalformed(f"a token of {size} bytes", reset)
    if code == CoapCode.EMPTY and len(data) > _HEADER:
        raise CoapMalformed("an empty message that is not empty", reset)
    if kind is CoapType.RST and code != CoapCode.EMPTY:
        raise CoapMalformed("a reset that is not empty")
    options, payload = _options(data, _HEADER + size, reset)
    return CoapMessage(kind, code, mid, data[_HEADER : _HEADER + size], options, payload)


def _split(value: int) -> tuple[int, bytes]:
    """Return the nibble for a number of an option's head, and the bytes that follow it."""
    if value < _ONE_FROM:
        return value, b""
    if value < _TWO_FROM:
        return _ONE, bytes((value - _ONE_FROM,))
    return _TWO, (value - _TWO_FROM).to_bytes(2, "big")


def _options(data: bytes, position: int, reset: int | None) -> tuple[tuple[tuple[int, bytes], ...], bytes]:
    """Read the options and the payload at position. Raises CoapMalformed."""
    found: list[tuple[int, bytes]] = []
    number = 0
    while position < len(data):
        head = data[position]
        position += 1
        if head == _MARKER:
            if position == len(data):
                raise CoapMalformed("a payload marker without payload", reset)
            return tuple(found), data[position:]
        delta, position = _extended(data, head >> 4, position, reset)
        length, position = _extended(data, head & 0x0F, position, reset)
        number += delta
        if number > _LAST_OPTION or position + length > len(data):
            raise CoapMalformed("an option goes beyond its message", reset)
        found.append((number, data[position : position + length]))
        position += length
    return tuple(found), b""


def _extended(data: bytes, nibble: int, position: int, reset: int | None) -> tuple[int, int]:
    """Return the number that a nibble begins, and where it ends. Raises CoapMalformed."""
    if nibble < _ONE:
        return nibble, position
    size = nibble - _ONE + 1
    if nibble > _TWO or position + size > len(data):
        raise CoapMalformed("an option's head is cut short, or reserved", reset)
    start = _ONE_FROM if nibble == _ONE else _TWO_FROM
    return start + int.from_bytes(data[position : position + size], "big"), position + size
