"""The live view of a dialogue, for a reader: ``-v`` and ``demo``."""

from __future__ import annotations

import io
import os
import select
import time
from collections import defaultdict
from typing import TextIO

from onemo.profile.index import Label
from onemo.wire.transmitter import Kind

_STYLES = {">": "1;36", "<": "32", "*": "33", "": "2"}
"""ANSI colours of the DTE, the module, the network, and of what matters less."""
_LONGEST = 512
"""Bytes of a line that are shown."""
_HELD = 16384
"""Bytes of a line that are waited for until it is shown as far as it has come."""
_PATIENCE = 200
"""Milliseconds for which a reader may hold the emulator up, once."""


class Live:
    """A trace that prints each line, with its time; in colour where stream is a terminal.

    ``>`` is the DTE, ``<`` the module, ``*`` the network; ``1>`` and ``1<`` are those on console 1. Bytes that are no
    text are printed as escapes. Lines that nobody reads (a terminal that was stopped, a full pipe) are counted, not
    waited for. name: of the module, where there are several; it is printed with each line.
    """

    def __init__(self, stream: TextIO, name: str = "") -> None:
        self._stream: TextIO | None = stream
        self._name = name and f"{_readable(name.encode('utf-8', 'replace'))} "
        plain = "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
        self._colour = stream.isatty() and not plain
        self._begun: defaultdict[tuple[int, str], bytearray] = defaultdict(bytearray)
        self._typing = 0
        self._headed = False
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
        self._write(f"{above}\x1b[1m{title}\x1b[0m{beside}\n" if self._colour else f"{above}{title}{beside}\n")

    def line(self, direction: str, data: bytes, kind: Kind | None = None, console: int = 0) -> None:
        """Print lines when they end, when the other side interrupts them, or when they grow very long."""
        if direction == ">":
            self._typing = console
            self._take(console, direction, data)
        elif kind is Kind.ECHO:
            self._take(console, "echo", data)
        else:
            self._end(console, ">")
            self._take(console, direction, data)
            # A prompt has no line end.
            self._end(console, direction)

    def net(self, event: str, label: Label | None, detail: bytes | str) -> None:
        if event == "sent":  # what was typed in transparent mode has no line end, and is not echoed
            self._end(self._typing, ">")
        shown = f"{len(detail)} bytes" if isinstance(detail, bytes) else _readable(detail.encode())
        self._print("*", f"{event} {shown}" if label is None else f"{label}: {event} {shown}")

    def _take(self, console: int, direction: str, data: bytes) -> None:
        """Add data to the line that has begun, and print those that ended."""
        begun = self._begun[console, direction]
        begun += data
        *lines, rest = bytes(begun).replace(b"\n", b"\r").split(b"\r")
        begun[:] = rest
        for text in lines:
            self._show(console, direction, text)
        if len(begun) > _HELD:
            self._end(console, direction)

    def _end(self, console: int, direction: str) -> None:
        begun = self._begun[console, direction]
        self._show(console, direction, bytes(begun))
        begun.clear()

    def _show(self, console: int, direction: str, text: bytes) -> None:
        if not text:
            return
        on = str(console or "")
        if direction == "echo":
            self._print("<", _readable(text) + "  (echo)", _STYLES[""], on)
        else:
            self._print(direction, _readable(text), on=on)

    def _print(self, mark: str, text: str, style: str | None = None, on: str = "") -> None:
        now, shown = time.time(), f"{self._name}{on}{mark}"
        stamp = time.strftime("%H:%M:%S", time.localtime(now)) + f".{int(now % 1 * 1000):03d}"
        if self._colour:
            self._write(f"\x1b[{_STYLES['']}m{stamp}\x1b[0m {shown} \x1b[{style or _STYLES[mark]}m{text}\x1b[0m\n")
        else:
            self._write(f"{stamp} {shown} {text}\n")

    def _write(self, text: str) -> None:
        if self._stream is None:
            return
        if self._poll is not None and not self._poll.poll(0 if self._skipped else _PATIENCE):
            self._skipped += 1
            return
        if self._skipped:
            text = f"... {self._skipped} lines that nobody read are left out\n{text}"
            self._skipped = 0
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):  # the reader has gone, or closed it: the module goes on without
            self._stream = None


def _readable(data: bytes) -> str:
    """Return text as it is, everything else as an escape; long lines are cut."""
    cut = data[:_LONGEST]
    shown = "".join(chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}" for byte in cut)
    return shown + (f"... ({len(data)} bytes)" if len(data) > len(cut) else "")
