"""What a trace holds, in lines: what was typed, its echo, what was answered and how long that took.

Pure: each entry brings its time (seconds).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from emulator.dialogue.results import FINAL

_HELD = 16384
"""Bytes of a line that are waited for until it is told as far as it has come."""
_COMMAND = re.compile(rb"AT", re.IGNORECASE)


class Told(NamedTuple):
    """One line. source: dte, module or network. echo: whether it repeats what was typed.

    took: seconds since the command that it ends was complete, None where it ends none. connection: None for the line
    to the DTE, and for what belongs to no connection.
    """

    time: float
    source: str
    data: bytes
    echo: bool = False
    took: float | None = None
    connection: int | None = None
    event: str = ""


class Lines:
    """Joins what crossed the line to the DTE."""

    def __init__(self) -> None:
        self._begun = {"dte": bytearray(), "module": bytearray(), "echo": bytearray()}
        self._unechoed = b""
        self._asked: float | None = None

    def sent(self, data: bytes, time: float) -> Iterator[Told]:
        """By the DTE."""
        self._unechoed = (self._unechoed + data)[-_HELD:]
        return self._take("dte", data, time)

    def received(self, data: bytes, time: float) -> Iterator[Told]:
        """By the DTE."""
        echoed = self._echoed(data)
        yield from self._take("echo", data[:echoed], time)
        if echoed < len(data):
            yield from self._end("dte", time)
            yield from self._end("echo", time)
            yield from self._take("module", data[echoed:], time)
            if bytes(self._begun["module"]) in (b">", b"> "):  # a prompt has no line end
                yield from self._end("module", time)

    def end(self, time: float) -> Iterator[Told]:
        """What has begun, as nothing more follows."""
        for source in self._begun:
            yield from self._end(source, time)

    def _echoed(self, data: bytes) -> int:
        """How many bytes of data are the echo of what the DTE sent."""
        if not data.startswith(b"\n"):  # the LF of CR LF is not echoed
            self._unechoed = self._unechoed.lstrip(b"\n")
        count = 0
        for byte, expected in zip(data, self._unechoed, strict=False):
            if byte != expected:
                break
            count += 1
        self._unechoed = self._unechoed[count:] if count else b""
        return count

    def _take(self, source: str, data: bytes, time: float) -> Iterator[Told]:
        begun = self._begun[source]
        begun += data
        *lines, rest = re.split(rb"[\r\n]", bytes(begun))
        begun[:] = rest
        for line in lines:
            yield from self._line(source, line, time, whole=True)
        if len(begun) > _HELD:
            yield from self._end(source, time)

    def _end(self, source: str, time: float) -> Iterator[Told]:
        line = bytes(self._begun[source])
        self._begun[source].clear()
        return self._line(source, line, time, whole=False)

    def _line(self, source: str, line: bytes, time: float, *, whole: bool) -> Iterator[Told]:
        if not line:
            return
        if source == "dte":
            if whole and _COMMAND.match(line):
                self._asked = time
            yield Told(time, source, line)
        elif source == "echo":
            yield Told(time, "module", line, echo=True)
        else:
            took = None
            if self._asked is not None and FINAL.fullmatch(line):
                took, self._asked = time - self._asked, None
            yield Told(time, source, line, took=took)
