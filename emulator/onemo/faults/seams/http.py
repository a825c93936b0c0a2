"""Faults of HTTP: what comes in the place of a server's answer, and of the URCs that tell it. Pure."""

from __future__ import annotations

import math
import re
from http import HTTPStatus

from onemo.families.http.clients import HttpClients
from onemo.faults.kind import Layer
from onemo.faults.kinds_http import ANSWER, TELL
from onemo.faults.plan import ArmedFault, Fault, FaultChooser, Occasion
from onemo.modem.modem import Modem
from onemo.net.interface import OpenRequest

_LONGEST = 16384
"""Bytes of a request line or of a header that are looked at; longer ones pass as they are."""
_START = b"HTTP/1."
_REQUEST_LINE = re.compile(rb"[A-Z]+ ([^\r\n]*) HTTP/1\.1\r\n")
_STATUS_LINE = re.compile(rb"(HTTP/1\.[01] )(\d{3})[^\r\n]*")
_LENGTH = re.compile(rb"(?im)^(content-length:[ \t]*)(\d{1,18})(?=[ \t]*\r?$)")
_EMPTY_LINE = re.compile(rb"\n\r?\n")
_INFORMATIONAL = (b"100", b"102", b"103")
_DATA = re.compile(r'\+MHTTPURC: "(?:header|content)",')
_BARE = re.compile(rb'(\+MHTTPURC: "(?:header"|content",\d+),\d+,\d+,\d+),')


class HttpFilter:
    """The answer to one request, for each has a connection of its own. Implements StreamFilter."""

    def __init__(self, request: OpenRequest, faults: FaultChooser) -> None:
        self.ended = False
        self._faults = faults
        self._occasion = Occasion(operation=ANSWER, label=request.label, host=request.host, port=request.port)
        self._asked = b""
        self._begun = False
        self._late = 0.0
        self._rewrites: list[Fault] = []
        self._kept = b""
        self._left = math.inf  # bytes of the body that still come
        self._replaced = False

    def sent(self, data: bytes) -> None:
        if self._occasion.path or len(self._asked) > _LONGEST:
            return
        self._asked += data[:_LONGEST]
        if line := _REQUEST_LINE.match(self._asked):
            self._occasion = self._occasion._replace(path=line[1].decode("latin-1"))

    def received(self, data: bytes) -> list[tuple[bytes, float]]:
        if not self._begun:
            self._begun = True
            if _START.startswith(data[: len(_START)]):
                for armed in self._faults.chosen(Layer.HTTP, self._occasion):
                    self._strike(armed)
        if self._replaced:
            data, self._left = self._instead(), 0
        elif self._rewrites:
            data = self._with_header(data)
        elif self._left < math.inf:
            data = self._shortened(data)
        late, self._late = (self._late, 0.0) if data else (0.0, self._late)
        return [(data, late)] if data else []

    def rest(self) -> bytes:
        kept, self._kept = self._kept, b""
        return kept

    def _strike(self, armed: ArmedFault) -> None:
        match armed.fault.kind.name:
            case "http-silence":
                self._late = math.inf
            case "http-slow":
                self._late += armed.seconds()
            case "http-redirect-loop":
                self._replaced = True
            case _:
                self._rewrites.append(armed.fault)

    def _instead(self) -> bytes:
        """Return the redirect, the first time."""
        if self._left == 0:
            return b""
        path = self._occasion.path.encode("latin-1") or b"/"
        return b"HTTP/1.1 302 Found\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n" % path

    def _with_header(self, data: bytes) -> bytes:
        """Keep data until the header is there; return what of it, rewritten, and of the body comes."""
        self._kept += data
        passed = b""
        while (end := _EMPTY_LINE.search(self._kept)) is not None:
            head, self._kept = self._kept[: end.end()], self._kept[end.end() :]
            status = _STATUS_LINE.match(head)
            if status is None or status[2] not in _INFORMATIONAL:
                head = self._rewritten(head)
                self._rewrites = []
                return passed + head + self._shortened(self.rest())
            passed += head
        if len(self._kept) > _LONGEST:
            self._rewrites = []
            return passed + self.rest()
        return passed

    def _rewritten(self, head: bytes) -> bytes:
        for fault in self._rewrites:
            match fault.kind.name:
                case "http-status":
                    status = fault.whole("status")
                    if (line := _STATUS_LINE.match(head)) is not None:
                        head = b"%b%d %b%b" % (line[1], status, _reason(status), head[line.end() :])
                case "http-length":
                    if (field := _LENGTH.search(head)) is not None:
                        length = max(0, int(field[2]) + fault.whole("by"))
                        head = b"%b%d%b" % (head[: field.start(2)], length, head[field.end(2) :])
                case "http-cut":
                    self._left = min(self._left, fault.whole("size"))
        return head

    def _shortened(self, data: bytes) -> bytes:
        """Return what comes of a piece of the body."""
        if self._left == math.inf:
            return data
        data = data[: int(self._left)]
        self._left -= len(data)
        self.ended = not self._left
        return data


def _reason(status: int) -> bytes:
    try:
        return HTTPStatus(status).phrase.encode()
    except ValueError:
        return b"Unknown"


def chosen_for_urc(modem: Modem, faults: FaultChooser, occasion: Occasion) -> list[ArmedFault]:
    """Return the faults that fire on a URC which tells some of an answer; of any other none does."""
    label = occasion.label
    if label is None or not _DATA.match(occasion.urc):
        return []
    client = next((each for each in modem.part(HttpClients) if each.httpid == label.number), None)
    host = client.url.host if client else ""
    path = client.asked.path.decode("latin-1") if client and client.asked else ""
    return faults.chosen(Layer.HTTP, occasion._replace(operation=TELL, host=host, path=path))


def bare(data: bytes, eol: bytes) -> bytes:
    """Put the data of such a URC on the next line."""
    return _BARE.sub(rb"\1" + eol.replace(b"\\", rb"\\"), data, count=1)
