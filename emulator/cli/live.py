"""The dialogue as it happens, for a reader: ``-v``."""

from __future__ import annotations

import time
from typing import TextIO

from rich.console import Console
from rich.text import Text

_STYLES = {">": "bold cyan", "<": "green", "·": "dim"}
_LONGEST = 512


class Live:
    """Prints each line that crosses, with its time; in colour where stream is a terminal.

    ``>`` is the DTE, ``<`` the module, ``·`` the network. Control characters are printed as escapes.
    """

    def __init__(self, stream: TextIO) -> None:
        self._console = Console(file=stream, soft_wrap=True, highlight=False)
        self._begun = {">": bytearray(), "<": bytearray()}

    def line(self, direction: str, data: bytes) -> None:
        """Lines are printed when they end, when the other side speaks, or when they grow long."""
        self._end("<" if direction == ">" else ">")
        begun = self._begun[direction]
        begun += data
        *lines, rest = bytes(begun).replace(b"\n", b"\r").split(b"\r")
        begun[:] = rest
        for text in lines:
            if text:
                self._print(direction, _readable(text))
        # A prompt and transparent data have no line ends.
        if direction == "<" or len(begun) > _LONGEST:
            self._end(direction)

    def net(self, event: str, connect_id: int, detail: bytes | str) -> None:
        shown = f"{len(detail)} bytes" if isinstance(detail, bytes) else detail
        self._print("·", f"connection {connect_id}: {event} {shown}")

    def _end(self, direction: str) -> None:
        if begun := self._begun[direction]:
            self._print(direction, _readable(bytes(begun)))
            begun.clear()

    def _print(self, direction: str, text: str) -> None:
        now = time.time()
        stamp = time.strftime("%H:%M:%S", time.localtime(now)) + f".{int(now % 1 * 1000):03d}"
        self._console.print(Text.assemble((stamp, "dim"), f" {direction} ", (text, _STYLES[direction])))


def _readable(data: bytes) -> str:
    """Text as it is, everything else as an escape; long lines are cut."""
    cut = data[:_LONGEST]
    shown = "".join(chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}" for byte in cut)
    return shown + (f"… ({len(data)} bytes)" if len(data) > len(cut) else "")
