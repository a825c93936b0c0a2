"""Where the device connects: AT+MIPLCREATEEX, the blob of AT+MIPLCREATE, what a bootstrap hands out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv6Address
from typing import NamedTuple

_PLACE = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\s:/\[\]\"]+))(?::(\d{1,5}))?")
_URI = re.compile(r"(coaps?)://([^/?#]+)/?")
_MOST_PORT = 65535
BOOTSTRAPS, UNWATCHED = 1, 2
"""The bits of <flag>."""


class Lwm2mTarget(NamedTuple):
    """A server. text: its place as it was typed or handed out, which is what is told; psk: as typed."""

    text: str
    host: str
    port: int
    flag: int = 0
    authcode: str = ""
    psk: str = ""

    def __repr__(self) -> str:
        return f"Lwm2mTarget({self.text!r}, flag={self.flag})"  # without secrets

    @property
    def bootstraps(self) -> bool:
        """True for a bootstrap server, False for the LwM2M server itself."""
        return bool(self.flag & BOOTSTRAPS)

    @property
    def tells_cell(self) -> bool:
        """True where the server may ask for the cell."""
        return not self.flag & UNWATCHED


def read_target(text: str, port: int) -> Lwm2mTarget | None:
    """Read ``host[:port]`` or ``[IPv6][:port]``; None: it is no such thing. port: where none is given."""
    match = _PLACE.fullmatch(text)
    if match is None:
        return None
    if match[1]:
        try:
            IPv6Address(match[1])
        except AddressValueError:
            return None
    given = int(match[3]) if match[3] else port
    return Lwm2mTarget(text, match[1] or match[2], given) if 0 < given <= _MOST_PORT else None


def read_uri(text: str, port: int, secure_port: int) -> Lwm2mTarget | None:
    """Read the URI of a server; None: it is none of CoAP's."""
    match = _URI.fullmatch(text)
    return read_target(match[2], secure_port if match[1] == "coaps" else port) if match else None


# The blob of AT+MIPLCREATE: its layout is what shipped firmware has, in two kinds.

_HEAD = re.compile(rb"\x13(..)\xf1\x00\x03\xf2(..)", re.DOTALL)
_TAIL = b"\xf3\x00\x08"
_TAIL_SIZE = 8
_FLAG_SHIFT, _LENGTH_MASK, _EARLY_FLAG = 12, 0x0FFF, 0x80
_USER_DATA = re.compile(rb"(AuthCode|PSK):([^;]*);")


def read_blob(data: bytes, port: int) -> Lwm2mTarget | None:
    """Read a configuration; None: it is none."""
    head = _HEAD.match(data)
    if head is None or int.from_bytes(head[1], "big") != len(data) or data[-_TAIL_SIZE:-5] != _TAIL:
        return None
    start = head.start(2) - 1
    end = start + int.from_bytes(head[2], "big")
    if end != len(data) - _TAIL_SIZE:
        return None
    for skipped in (1, 2):  # bytes behind the MTU, of which the second has the flags
        fields = list(_fields(data[head.end() + 2 + skipped : end]))
        if len(fields) == 5 and fields[-1] is not None:
            early = data[head.end() + 3] & _EARLY_FLAG if skipped == 2 else 0
            return _target([field for field in fields if field is not None], bool(early), port)
    return None


def _fields(data: bytes) -> Iterator[tuple[int, bytes] | None]:
    """Yield the flags and the bytes of APN, user, password, host and user data; None last: they do not add up."""
    position = 0
    for number in range(5):
        size = int.from_bytes(data[position : position + 2], "big")
        length = size & _LENGTH_MASK if number == 3 else size
        position += 2
        if position + length > len(data) or (number == 4 and position + length != len(data)):
            yield None
            return
        yield size >> _FLAG_SHIFT if number == 3 else 0, data[position : position + length]
        position += length


def _target(fields: list[tuple[int, bytes]], early: bool, port: int) -> Lwm2mTarget | None:
    flags, host = fields[3]
    found = read_target(host.decode("latin-1"), port)
    if found is None:
        return None
    given = {name: value.decode("latin-1") for name, value in _USER_DATA.findall(fields[4][1])}
    flag = BOOTSTRAPS if flags & 1 or early else 0
    return found._replace(flag=flag, authcode=given.get(b"AuthCode", ""), psk=given.get(b"PSK", ""))
