"""A request and its answer in words, for a trace: ``GET /x``, ``200, 5,124 bytes``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from onemo.dialogue.secrets import MASK
from onemo.dialogue.words import TracedBytes, bytes_in_words, readable
from onemo.families.http.answer import AnswerReader

_LONGEST = 1 << 16
"""Bytes of a head that are waited for."""
_LINE = re.compile(rb"([A-Z]+) ([^\r\n]*) HTTP/1\.[01]\r?\n")
_LENGTH = re.compile(rb"\ncontent-length:[ \t]*(\d{1,18})[ \t]*\r?\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\ntransfer-encoding:[ \t]*chunked", re.IGNORECASE)
_END = re.compile(rb"\n\r?\n")
_USER = re.compile(rb"//[^/?#]*@")
_LOGIN = re.compile(rb"\n(?:proxy-)?authorization:[ \t]*([^\r\n]*)", re.IGNORECASE)


class HttpWords:
    """The words of one request and its answer. Implements ChannelWords.

    Of a head they have the method and the target alone: no field, no user information.
    """

    shows_login = True

    def __init__(self) -> None:
        self._head: bytearray | None = bytearray()
        self._method = b"GET"
        self._answer: AnswerReader | None = None
        self._body = 0
        self._told = False

    def sent(self, data: bytes) -> TracedBytes:
        """Take bytes of the request; its words come with the end of its head."""
        head = self._head
        if head is None:
            return TracedBytes(data)
        before = len(head)
        head += data[: _LONGEST + 1 - before]
        end = _END.search(head)
        if not self.shows_login:
            data = _without_login(data, head, before, len(head) if end is None else end.end())
        if end is None and len(head) <= _LONGEST:
            return TracedBytes(data)
        self._head = None
        line = _LINE.match(head)
        if end is None or line is None:
            return TracedBytes(data, ("no HTTP request",))
        return TracedBytes(data, (self._request(line[1], line[2], bytes(head[: end.end()])),))

    def received(self, data: bytes) -> TracedBytes:
        """Take bytes of the answer; its words come with its end."""
        if self._told:
            return TracedBytes(data)
        if self._answer is None:
            self._answer = AnswerReader(_LONGEST, bodiless=self._method == b"HEAD")
        self._body += len(self._answer.feed(data))
        return TracedBytes(data, self._result(ended=False))

    def ended(self) -> Sequence[str]:
        """Return the words of an answer that ends with its connection, whole or not."""
        if self._told or self._answer is None:
            return ()
        self._answer.end()
        return self._result(ended=True)

    def _request(self, method: bytes, target: bytes, head: bytes) -> str:
        self._method = method
        told = f"{method.decode('ascii')} {readable(_USER.sub(b'//***@', target))}"
        length = _LENGTH.search(head)
        if _CHUNKED.search(head):
            return f"{told}, in chunks"
        return f"{told}, {bytes_in_words(int(length[1]))}" if length is not None and int(length[1]) else told

    def _result(self, *, ended: bool) -> Sequence[str]:
        answer = self._answer
        if answer is None or not (answer.complete or answer.failed or ended):
            return ()
        self._told = True
        if not answer.header:
            return ("no HTTP answer",)
        told = f"{answer.code}, {self._body:,}"
        if not answer.complete and answer.length is not None:
            return (f"{told} of {bytes_in_words(answer.length)}",)
        told = f"{answer.code}, {bytes_in_words(self._body)}"
        return (told if answer.complete else f"{told}, and no end",)


class MaskedHttpWords(HttpWords):
    """The same, for a request with a login that the module made of a password, which no trace has."""

    shows_login = False


def _without_login(data: bytes, head: bytearray, before: int, end: int) -> bytes:
    """Mask what of data is the value of a field with a login. data: of the head, behind so many bytes; end: of that."""
    shown = bytearray(data)
    for match in _LOGIN.finditer(head, max(0, head.rfind(b"\n", 0, before)), end):
        first, last = max(0, match.start(1) - before), match.end(1) - before
        if first < last:
            shown[first:last] = MASK * (last - first)
    return bytes(shown)
