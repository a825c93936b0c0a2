"""The replies of an FTP server (RFC 959 4.2, RFC 2428), read from pieces of any size."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_LONGEST = 4096
"""Bytes of a line that are waited for."""
_LINE = re.compile(rb"(\d{3})(?:([ -])(.*))?", re.DOTALL)
_PASV = re.compile(rb"(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3})")
_EPSV = re.compile(rb"\((.)\1\1(\d{1,5})\1\)", re.DOTALL)
_QUOTED = re.compile(rb'"((?:[^"]|"")*)"')
_CONTROLS = bytes(range(0x20)) + b"\x7f"
_BYTE = 256


class FtpReply(NamedTuple):
    """A reply. code: three digits, 0 for what is no reply; text: of its first line."""

    code: int
    text: bytes

    @property
    def kind(self) -> int:
        """The first digit: 1 preliminary, 2 done, 3 more is wanted, 4 and 5 refused; 0: no reply."""
        return self.code // 100

    @property
    def refuses(self) -> bool:
        """True for a failure that the server tells."""
        return self.kind in (4, 5)


NO_REPLY = FtpReply(0, b"")
"""A line that is none."""


class ReplyReader:
    """Cuts what a server says into replies. Of one in several lines it keeps the first; it keeps no line of 4 KiB."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._too_long = False
        self._first: FtpReply | None = None

    def feed(self, data: bytes) -> Iterator[FtpReply]:
        """Take bytes, and yield each reply that they end; NO_REPLY for a line that is none."""
        *ended, rest = data.split(b"\n")
        for part in ended:
            self._line += part
            line = bytes(self._line).rstrip(b"\r")
            self._line.clear()
            if self._too_long:
                self._too_long = False
            elif len(line) > _LONGEST:
                yield NO_REPLY
            else:
                yield from self._read(line)
        if not self._too_long:
            self._line += rest
        if len(self._line) > _LONGEST:
            self._too_long = True
            self._line.clear()
            yield NO_REPLY

    def _read(self, line: bytes) -> Iterator[FtpReply]:
        match = _LINE.fullmatch(line)
        first = self._first
        if first is not None:
            if match is not None and match[2] != b"-" and int(match[1]) == first.code:
                self._first = None
                yield first
        elif match is not None:
            reply = FtpReply(int(match[1]), match[3] or b"")
            if match[2] == b"-":
                self._first = reply
            else:
                yield reply
        elif line.strip():
            yield NO_REPLY


def passive_port(reply: FtpReply, *, extended: bool) -> int | None:
    """Return the port of an answer to PASV, or (extended) to EPSV; None: it has none. Its address means nothing."""
    if extended:
        match = _EPSV.search(reply.text)
        port = int(match[2]) if match is not None else 0
        return port if 0 < port < _BYTE * _BYTE else None
    match = _PASV.search(reply.text)
    if match is None or any(int(each) >= _BYTE for each in match.groups()):
        return None
    return int(match[5]) * _BYTE + int(match[6]) or None


def told_path(reply: FtpReply) -> bytes | None:
    """Return the path in an answer to PWD, in which a quote is doubled; None: there is none."""
    match = _QUOTED.search(reply.text)
    return printable(match[1].replace(b'""', b'"')) if match is not None else None


def printable(data: bytes) -> bytes:
    """Leave control characters out of what a line is to tell."""
    return data.translate(None, _CONTROLS)
