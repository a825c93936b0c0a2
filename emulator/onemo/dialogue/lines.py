"""The lines of a trace: what was typed, its echo, what was answered and how long that took.

Pure: each entry brings its time (seconds).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from onemo.dialogue.results import FINAL
from onemo.profile.index import CONNECT_ID, Label

_HELD = 16384
"""Bytes of a line that are waited for until it is told as far as it has come."""
_LONGEST = 512
"""Bytes of a line that are shown."""
_DTE = "dte"
ANSWER, ECHO = "answer", "echo"
EVENT, PAYLOAD = "event", "payload"
OVER_UDP, IN_TLS = "UDP", "TLS"
"""The words behind the peer in ``opened`` and ``closed`` of what is no plain TCP."""
ENDED_BY_PEER, ENDED_BY_RESET = "by the peer", "with a reset"
"""The words at the end of ``closed`` where it was not the module that closed it in order."""
_COMMAND = re.compile(rb"AT", re.IGNORECASE)
MARKS = {"dte": ">", "module": "<", "network": "*"}


class TracedLine(NamedTuple):
    """One line of a trace.

    source: dte, module or network. kind: of the module's answer, echo, urc, data; of the network's payload or event.

    took: seconds since the command that it ends was complete, None where it ends none. label: of the connection; None
    for the line to the DTE, and for what belongs to no connection. whole: its end has come. console: the number of the
    line to the DTE, 0 the first. before, after: line ends that were no line's own, and those behind it.
    """

    time: float
    source: str
    data: bytes
    kind: str = ""
    took: float | None = None
    label: Label | None = None
    event: str = ""
    whole: bool = True
    console: int = 0
    before: bytes = b""
    after: bytes = b""

    @property
    def text(self) -> str:
        """Text as it is, everything else as an escape; long lines are cut."""
        cut = self.data[:_LONGEST]
        shown = printable_text(cut.decode("utf-8", "replace")) if self.kind == EVENT else printable(cut)
        shown += f"... ({len(self.data)} bytes)" if len(self.data) > _LONGEST else ""
        if self.event:
            shown = f"{printable(self.event[:_LONGEST].encode())} {shown}"
        return shown if self.label is None else f"{printable(str(self.label).encode())}: {shown}"

    @property
    def connection(self) -> int | None:
        """The connect_id; None where it belongs to no socket."""
        return self.label.number if self.label is not None and self.label.index_name == CONNECT_ID else None

    @property
    def mark(self) -> str:
        """``>`` of the DTE, ``<`` of the module, ``*`` of the network; ``1>`` and ``1<`` on console 1."""
        return f"{self.console or ''}{MARKS[self.source]}"

    def __str__(self) -> str:
        """``> AT``, ``< OK``, ``1> AT`` on console 1, ``* connection 0: opened 127.0.0.1:9000``."""
        notes = ("  (echo)" if self.kind == ECHO else "") + ("" if self.whole else "  (no line end yet)")
        return f"{self.mark} {self.text}{notes}"

    @property
    def is_command(self) -> bool:
        """True for a command that the DTE typed."""
        return self.source == _DTE and _COMMAND.match(self.data) is not None


def network_line(event: str, label: Label | None, detail: bytes | str, time: float) -> TracedLine:
    """Make the line of what happened on the network; bytes are the payload that was sent or received."""
    if isinstance(detail, bytes):
        said = f"{event} {len(detail)} bytes:"
        return TracedLine(time, "network", detail, PAYLOAD, label=label, event=said)
    return TracedLine(time, "network", detail.encode(), EVENT, label=label, event=event)


class Lines:
    """The bytes that crossed one line to the DTE, joined to lines. console: its number."""

    def __init__(self, console: int = 0) -> None:
        self._console = console
        self._begun: dict[str, bytearray] = defaultdict(bytearray)
        self._ends: dict[str, bytes] = defaultdict(bytes)
        self._asked: float | None = None

    def sent(self, data: bytes, time: float) -> Iterator[TracedLine]:
        """Take what the DTE sent; yield the lines that end with it."""
        return self._take(_DTE, data, time)

    def received(self, data: bytes, time: float, kind: str) -> Iterator[TracedLine]:
        """Take what the DTE received; yield the lines that end with it.

        Whatever is no echo interrupts what is being typed.
        """
        if kind != ECHO:
            for each in [each for each in self._begun if each != kind]:
                yield from self._end(each, time)
        yield from self._take(kind, data, time)
        if bytes(self._begun[kind]) in (b">", b"> "):  # a prompt has no line end
            yield from self._end(kind, time)

    def end(self, time: float) -> Iterator[TracedLine]:
        """Yield what has begun, as nothing more follows."""
        for kind in list(self._begun):
            yield from self._end(kind, time)

    def begun(self, time: float) -> Iterator[TracedLine]:
        """Yield what has begun, and may go on."""
        for kind, data in self._begun.items():
            if data:
                source, of = (_DTE, "") if kind == _DTE else ("module", kind)
                before = self._ends.get(kind, b"")
                yield TracedLine(time, source, bytes(data), of, whole=False, console=self._console, before=before)

    def _take(self, kind: str, data: bytes, time: float) -> Iterator[TracedLine]:
        begun = self._begun[kind]
        begun += data
        *pieces, rest = re.split(rb"([\r\n]+)", bytes(begun))
        begun[:] = rest
        for line, ends in zip(pieces[::2], pieces[1::2], strict=True):
            yield from self._line(kind, line, time, ends)
        if len(begun) > _HELD:
            yield from self._end(kind, time)

    def _end(self, kind: str, time: float) -> Iterator[TracedLine]:
        line = bytes(self._begun[kind])
        self._begun[kind].clear()
        return self._line(kind, line, time, b"")

    def _line(self, kind: str, line: bytes, time: float, ends: bytes) -> Iterator[TracedLine]:
        """Yield a line, unless it is empty. ends: behind it, as far as they have come; b"": it was cut off."""
        if not line:
            self._ends[kind] = (self._ends[kind] + ends)[-_HELD:]
            return
        before = self._ends.pop(kind, b"")
        if kind == _DTE:
            told = TracedLine(time, _DTE, line, console=self._console, before=before, after=ends)
            if ends and told.is_command:
                self._asked = time
            yield told
            return
        took = None
        if self._asked is not None and kind == ANSWER and FINAL.fullmatch(line):
            took, self._asked = time - self._asked, None
        yield TracedLine(time, "module", line, kind, took, console=self._console, before=before, after=ends)


class ConsoleLines(dict[int, Lines]):
    """The joined lines of each console, by its number."""

    def __missing__(self, console: int) -> Lines:
        return self.setdefault(console, Lines(console))


def printable(data: bytes) -> str:
    r"""Show bytes as text, each that is no printable ASCII as ``\xNN``."""
    return "".join(char if " " <= char < "\x7f" else f"\\x{ord(char):02x}" for char in data.decode("latin-1"))


def printable_text(text: str) -> str:
    """Show text on one line, each character that cannot be printed as an escape."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
