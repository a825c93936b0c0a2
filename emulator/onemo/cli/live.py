"""The live view of a dialogue, for a reader: ``-v`` and ``demo``."""

from __future__ import annotations

import io
import os
import select
import time
from collections.abc import Iterable
from typing import TextIO

from onemo.profile.index import Label
from onemo.runtime.trace import Crossing, WrittenTrace
from onemo.wire.transmitter import Kind

_STYLES = {">": "1;36", "<": "32", "*": "33", "": "2"}
"""ANSI colours of the DTE, the module, the network, and of what matters less."""
_LONGEST = 512
"""Bytes of a line that are shown."""
_HELD = 16384
"""Bytes of a line that are waited for until it is shown as far as it has come."""
_PIECE = 4000
"""Characters that a pipe takes without blocking once it is writable (PIPE_BUF), and a note before them."""
_PATIENCE = 200
"""Milliseconds for which a reader may hold the emulator up, once."""


class Live(WrittenTrace):
    """A trace that prints each line, with its time; in colour where stream is a terminal.

    ``>`` is the DTE, ``<`` the module, ``*`` the network; ``1>`` and ``1<`` are those on console 1. Bytes that are no
    text are printed as escapes. Lines that nobody reads (a terminal that was stopped, a full pipe) are counted, not
    waited for. name: of the module, where there are several; it is printed with each line. refused: why the stream took
    no more.
    """

    def __init__(self, stream: TextIO, name: str = "") -> None:
        super().__init__(time.monotonic)
        self._stream: TextIO | None = stream
        self._name = name and f"{_readable(name.encode('utf-8', 'replace'))} "
        plain = "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
        self._colour = stream.isatty() and not plain
        self._begun: dict[tuple[int, str], bytes] = {}
        self._typing = 0
        self._headed = False
        self._at = 0.0
        self._second, self._offset, self._stamp = 0, 0.0, ""
        self.refused: OSError | None = None
        self._lines: list[str] = []
        self._skipped = 0
        self._poll: select.poll | None = select.poll()
        try:
            self._poll.register(stream.fileno(), select.POLLOUT)
        except io.UnsupportedOperation:  # a stream in memory takes everything
            self._poll = None

    def heading(self, title: str, beside: str = "") -> None:
        """Print a line of our own, with an empty line above it unless it is the first."""
        above, self._headed = "\n" * self._headed, True
        beside = beside and f"  ({beside})"
        self._lines.append(f"{above}\x1b[1m{title}\x1b[0m{beside}\n" if self._colour else f"{above}{title}{beside}\n")
        self._flush()

    def tell(self, crossings: Iterable[Crossing]) -> None:
        """Print lines when they end, when the other side interrupts them, or when they grow very long."""
        for self._at, what, data, kind, console, label in crossings:
            if what not in "<>" or isinstance(data, str):
                self._net(what, label, data)
            elif what == ">":
                self._typing = console
                self._take(console, what, data)
            elif kind is Kind.ECHO:
                self._take(console, "echo", data)
            else:
                if self._begun:
                    self._end(console, ">")
                self._take(console, what, data)
                if self._begun:  # a prompt has no line end
                    self._end(console, what)
        self._flush()

    def _net(self, event: str, label: Label | None, detail: bytes | str) -> None:
        if event == "sent":  # what was typed in transparent mode has no line end, and is not echoed
            self._end(self._typing, ">")
        shown = f"{len(detail)} bytes" if isinstance(detail, bytes) else _readable(detail.encode())
        self._print("*", f"{event} {shown}" if label is None else f"{label}: {event} {shown}")

    def _take(self, console: int, direction: str, data: bytes) -> None:
        """Add data to the line that has begun, and print those that ended."""
        begun = self._begun.pop((console, direction), b"")
        *lines, rest = (begun + data).replace(b"\n", b"\r").split(b"\r")
        for text in lines:
            if text:
                self._show(console, direction, text)
        if len(rest) > _HELD:
            self._show(console, direction, rest)
        elif rest:
            self._begun[console, direction] = rest

    def _end(self, console: int, direction: str) -> None:
        if begun := self._begun.pop((console, direction), b""):
            self._show(console, direction, begun)

    def _show(self, console: int, direction: str, text: bytes) -> None:
        on = str(console) if console else ""
        if direction == "echo":
            self._print("<", _readable(text) + "  (echo)", _STYLES[""], on)
        else:
            self._print(direction, _readable(text), on=on)

    def _print(self, mark: str, text: str, style: str | None = None, on: str = "") -> None:
        now = self._at + self._offset
        if int(now) != self._second:  # the clock on the wall may have been set
            self._offset = time.time() - time.monotonic()
            now = self._at + self._offset
            self._second, self._stamp = int(now), time.strftime("%H:%M:%S", time.localtime(now))
        stamp = f"{self._stamp}.{int(now % 1 * 1000):03d}"
        if self._colour:
            text = f"\x1b[{style or _STYLES[mark]}m{text}\x1b[0m"
            stamp = f"\x1b[{_STYLES['']}m{stamp}\x1b[0m"
        self._lines.append(f"{stamp} {self._name}{on}{mark} {text}\n")

    def _flush(self) -> None:
        """Write the lines that were printed, as many at once as a pipe takes."""
        lines, self._lines = self._lines, []
        piece: list[str] = []
        size = 0
        for line in lines:
            if piece and size + len(line) > _PIECE:
                self._write(piece)
                piece, size = [], 0
            piece.append(line)
            size += len(line)
        if piece:
            self._write(piece)

    def _write(self, lines: list[str]) -> None:
        if self._stream is None:
            return
        if self._poll is not None and not self._poll.poll(0 if self._skipped else _PATIENCE):
            self._skipped += len(lines)
            return
        if self._skipped:
            lines = [f"... {self._skipped} lines that nobody read are left out\n", *lines]
            self._skipped = 0
        try:
            self._stream.write("".join(lines))
            self._stream.flush()
        except (OSError, ValueError) as error:  # the reader has gone, or closed it: the module goes on without
            self.refused = error if isinstance(error, OSError) else None
            self._stream = None


def _readable(data: bytes) -> str:
    """Return text as it is, everything else as an escape; long lines are cut."""
    cut = data[:_LONGEST]
    shown = cut.decode("latin-1")
    if not (shown.isascii() and shown.isprintable()):
        shown = "".join(chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}" for byte in cut)
    return shown + (f"... ({len(data)} bytes)" if len(data) > len(cut) else "")
