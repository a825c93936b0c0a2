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
_LONGEST = 512
"""Bytes of a line that are shown."""
_COMMAND = re.compile(rb"AT", re.IGNORECASE)
MARKS = {"dte": ">", "module": "<", "network": "*"}


class Told(NamedTuple):
    """One line. source: dte, module or network. echo: whether it repeats what was typed.

    took: seconds since the command that it ends was complete, None where it ends none. connection: None for the line
    to the DTE, and for what belongs to no connection. whole: whether its end has come.
    """

    time: float
    source: str
    data: bytes
    echo: bool = False
    took: float | None = None
    connection: int | None = None
    event: str = ""
    whole: bool = True

    @property
    def text(self) -> str:
        """Text as it is, everything else as an escape; long lines are cut."""
        cut = self.data[:_LONGEST].decode("latin-1")
        shown = "".join(char if " " <= char < "\x7f" else f"\\x{ord(char):02x}" for char in cut)
        shown += f"... ({len(self.data)} bytes)" if len(self.data) > _LONGEST else ""
        if self.event:
            shown = f"{self.event} {shown}"
        if self.connection is not None:
            shown = f"connection {self.connection}: {shown}"
        return shown + ("  (echo)" if self.echo else "") + ("" if self.whole else "  (no line end yet)")

    def __str__(self) -> str:
        """``> AT``, ``< OK``, ``* connection 0: opened 127.0.0.1:9000``."""
        return f"{MARKS[self.source]} {self.text}"

    @property
    def is_command(self) -> bool:
        return self.source == "dte" and _COMMAND.match(self.data) is not None


def crossed(event: str, connection: int | None, detail: bytes | str, time: float) -> Told:
    """What happened on the network; bytes are the payload that was sent or received."""
    if isinstance(detail, bytes):
        return Told(time, "network", detail, connection=connection, event=f"{event} {len(detail)} bytes:")
    return Told(time, "network", detail.encode(), connection=connection, event=event)


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

    def begun(self, time: float) -> Iterator[Told]:
        """What has begun, and may go on."""
        for source, data in self._begun.items():
            if data:
                yield Told(time, "module" if source == "echo" else source, bytes(data), source == "echo", whole=False)

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
            told = Told(time, source, line)
            if whole and told.is_command:
                self._asked = time
            yield told
        elif source == "echo":
            yield Told(time, "module", line, echo=True)
        else:
            took = None
            if self._asked is not None and FINAL.fullmatch(line):
                took, self._asked = time - self._asked, None
            yield Told(time, source, line, took=took)
