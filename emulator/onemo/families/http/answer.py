"""The reader of an answer: pieces of a connection in, body bytes out. h11 reads it; its header is kept to the byte."""

from __future__ import annotations

import re

import h11

from onemo.errors import EmulatorError

_START = b"HTTP/1."
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-9]\d\d)(?: [^\r\n]*)?\r?\n")
_RANGE = re.compile(rb"bytes +(\d{1,19})-\d{1,19}/(?:(\d{1,19})|\*)", re.IGNORECASE)
_EMPTY_LINE = re.compile(rb"\n(\r?\n)")
_SWITCHING, _FINAL = 101, 200


class UnreadableAnswer(EmulatorError):
    """It is no answer of HTTP/1, or its header is too long."""


class AnswerReader:
    """One answer, which comes in pieces. longest: most bytes of its header; bodiless: it is that of a HEAD.

    code: of its status line, 0 until header is there. header: the status line and the fields, each with its line end,
    as they came. length: of the body, None where it is not announced. location: the field's value, if it has it.
    start, entity: the first byte of the body in what it is a part of, and the bytes of that; None where not told.

    complete: all of it came. failed: it cannot be read on.
    """

    def __init__(self, longest: int, *, bodiless: bool) -> None:
        self.code = 0
        self.header = b""
        self.length: int | None = None
        self.location: bytes | None = None
        self.start: int | None = None
        self.entity: int | None = None
        self.has_body = False
        self.complete = self.failed = False
        self._longest = longest
        self._begun = b""
        self._parser = h11.Connection(h11.CLIENT, max_incomplete_event_size=2 * longest)
        self._parser.send(h11.Request(method="HEAD" if bodiless else "GET", target="/", headers=[("Host", "x")]))
        self._parser.send(h11.EndOfMessage())

    def feed(self, data: bytes) -> bytes:
        """Take a piece; return the bytes of the body that are in it."""
        if self.complete or self.failed or not data:  # to h11 no bytes are the end
            return b""
        try:
            if not self.header:
                self._begun += data
                if not self._read_header():
                    return b""
            else:
                self._parser.receive_data(data)
        except (UnreadableAnswer, h11.RemoteProtocolError):
            self.failed = True
            return b""
        return self._read_body()

    def end(self) -> None:
        """Take the end of the connection, which completes an answer that has no other end."""
        if self.header and not (self.complete or self.failed):
            self._parser.receive_data(b"")
            self._read_body()

    def _read_header(self) -> bool:
        """Read on up to the empty line of the header; answers 1xx are passed over, but for 101.

        Raises UnreadableAnswer.
        """
        while True:
            begun = self._begun
            if not begun.startswith(_START[: len(begun)]):
                raise UnreadableAnswer("it does not begin like an answer")
            line = _STATUS_LINE.match(begun)
            if line is None and b"\n" in begun:
                raise UnreadableAnswer("no status line")
            end = _EMPTY_LINE.search(begun)
            if len(begun if end is None else begun[: end.start() + 1]) > self._longest:
                raise UnreadableAnswer("a long header")
            if line is None or end is None:
                return False
            self._begun = begun[end.end() :]
            code = int(line[1])
            if code >= _FINAL or code == _SWITCHING:
                self._take_header(code, begun[: end.start() + 1], begun[: end.end()])
                return True

    def _take_header(self, code: int, header: bytes, block: bytes) -> None:
        """Take the header that counts. Raises UnreadableAnswer, h11.RemoteProtocolError."""
        rest, self._begun = self._begun, b""
        if code == _SWITCHING:
            self.code, self.header, self.complete = code, header, True
            return
        self._parser.receive_data(block)
        response = self._parser.next_event()
        if not isinstance(response, h11.Response):
            raise UnreadableAnswer("no response")
        self.code, self.header = code, header
        fields = dict(response.headers)
        self.location = fields.get(b"location")
        if part := _RANGE.fullmatch(fields.get(b"content-range", b"")):
            self.start = int(part[1])
            self.entity = None if part[2] is None else int(part[2])
        if b"transfer-encoding" not in fields and b"content-length" in fields:
            self.length = int(fields[b"content-length"])
        self._read_body()  # it may have none, and is complete
        self.has_body = not self.complete
        if rest and not self.complete:
            self._parser.receive_data(rest)

    def _read_body(self) -> bytes:
        parts: list[bytes] = []
        while not (self.complete or self.failed):
            try:
                event = self._parser.next_event()
            except h11.RemoteProtocolError:
                self.failed = True
                break
            if isinstance(event, h11.Data):
                parts.append(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                self.complete = True
            else:
                break
        return b"".join(parts)
