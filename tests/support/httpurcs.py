"""A reader of +MHTTPURC, as a driver has it: it counts the bytes of what a line holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_HEADER = re.compile(rb'\r\n\+MHTTPURC: "header",(\d+),(\d+),(\d+),')
_CONTENT = re.compile(rb'\r\n\+MHTTPURC: "content",(\d+),(\d+),(\d+),(\d+),')
_OTHER = re.compile(rb'\r\n\+MHTTPURC: "(recv|ind|err)",(\d+)(?:,(\d+(?:,\d+)*))?\r\n')


class Told(NamedTuple):
    """One URC. numbers: those behind the httpid."""

    kind: str
    httpid: int
    numbers: tuple[int, ...]
    data: bytes = b""


def told(received: bytes, *, hexadecimal: bool = False) -> Iterator[Told]:
    """Yield the URCs that bytes consist of. Raises AssertionError for anything else, and for half of one."""
    position = 0
    while position < len(received):
        if match := _HEADER.match(received, position) or _CONTENT.match(received, position):
            httpid, *numbers = map(int, match.groups())
            size = numbers[-1] * (2 if hexadecimal else 1)
            data = received[match.end() : match.end() + size]
            position = match.end() + size + 2
            assert received[position - 2 : position] == b"\r\n", received[match.start() : position + 20]
            kind = "header" if len(numbers) == 2 else "content"
            assert not hexadecimal or data == data.upper()
            yield Told(kind, httpid, tuple(numbers), bytes.fromhex(data.decode()) if hexadecimal else data)
            continue
        other = _OTHER.match(received, position)
        assert other is not None, received[position : position + 80]
        position = other.end()
        numbers = [int(each) for each in (other[3] or b"").split(b",") if each]
        yield Told(other[1].decode(), int(other[2]), tuple(numbers))
