"""The firmware's side: a serial port opened with pyserial, and a dialogue that a failure can show."""

from __future__ import annotations

import re
import select
import time
from collections.abc import Callable
from typing import Self

import serial

WAIT = 10.0
"""Seconds after which something that was to come at once has not come."""
_SHOWN = 60
_LONGEST = 300


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that has no event."""
    end = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < end
        select.select([], [], [], 0.002)


class Transcript:
    """The traffic on the port of one emulator, for the report of a failure. stderr: what the emulator said there."""

    def __init__(self, stderr: Callable[[], str]) -> None:
        self._entries: list[tuple[str, bytes]] = []
        self._stderr = stderr

    def note(self, direction: str, data: bytes) -> None:
        if self._entries and self._entries[-1][0] == direction and len(self._entries[-1][1]) < _LONGEST:
            data = self._entries.pop()[1] + data
        self._entries.append((direction, data))

    def forget(self) -> None:
        """Another test begins."""
        self._entries.clear()

    def failure(self, problem: str) -> AssertionError:
        """An error that says the problem and shows the dialogue up to it."""
        shown = []
        for direction, data in self._entries[-_SHOWN:]:
            shown.append(f"{direction} {_short(data)}")
        dialogue = "\n".join(shown) or "(nothing)"
        return AssertionError(f"{problem}\n--- the dialogue:\n{dialogue}\n--- stderr:\n{self._stderr()}")


def _short(data: bytes | bytearray) -> str:
    cut = f" ... {len(data)} bytes" if len(data) > _LONGEST else ""
    return f"{bytes(data[:_LONGEST])!r}{cut}"


class _Unflushed(serial.Serial):
    """A port that keeps what is unread in it when it is opened, as a program that uses plain ``open`` does."""

    def _reset_input_buffer(self) -> None:
        pass


class Dte:
    """A serial port as firmware uses it. Every wait has a limit (seconds), and a failure shows the dialogue.

    flush: throw away what is unread in the port, as pyserial does; else it is read as if it had just come.
    """

    def __init__(self, port: str, transcript: Transcript, *, flush: bool = True) -> None:
        make = serial.Serial if flush else _Unflushed
        self.serial = make(port, 115200, timeout=WAIT, write_timeout=WAIT)
        self._transcript = transcript
        self._unread = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        self.serial.close()

    def write(self, data: bytes) -> None:
        self._transcript.note(">", data)
        self.serial.write(data)

    def wake(self, patience: float = 2.0) -> None:
        """Turn the echo off; again after so many seconds without an answer, for what comes during a boot is lost."""
        end, answered, turns = time.monotonic() + WAIT, False, 0
        while not answered:
            self.write(b"ATE0\r")
            turns += 1
            again = min(end, time.monotonic() + patience)
            while not (answered := b"\r\nOK\r\n" in self._unread) and self._receive(again):
                pass
            if not answered and time.monotonic() > end:
                raise self._transcript.failure(f"no answer to ATE0 within {WAIT} s")
        self.until(rb"\r\nOK\r\n")
        if turns > 1:
            self.lull()  # on a busy host the first may be answered as well

    def line(self, text: str) -> None:
        """A command line and its CR."""
        self.write(text.encode("latin-1") + b"\r")

    def ask(self, command: str, *answer: str, within: float = WAIT) -> None:
        """A command, and exactly these lines for an answer, each with a pair of line ends around it."""
        self.line(command)
        self.hears(*answer, within=within)

    def hears(self, *lines: str, within: float = WAIT) -> None:
        """The next bytes are exactly these lines, each with a pair of line ends around it."""
        self.reads(b"".join(b"\r\n" + line.encode("latin-1") + b"\r\n" for line in lines), within)

    def reads(self, expected: bytes, within: float = WAIT) -> None:
        """The next bytes are exactly these."""
        end = time.monotonic() + within
        while len(self._unread) < len(expected) and expected.startswith(self._unread):
            if not self._receive(end):
                raise self._transcript.failure(f"{_short(expected)} did not come within {within} s")
        found = bytes(self._unread[: len(expected)])
        if found != expected:
            raise self._transcript.failure(f"expected {_short(expected)}, had {_short(self._unread)}")
        del self._unread[: len(expected)]

    def until(self, pattern: bytes, times: int = 1, within: float = WAIT) -> bytes:
        """Read up to the end of the match of that number; returns what was read. A match has 256 bytes at most."""
        end, wanted, position = time.monotonic() + within, re.compile(pattern, re.DOTALL), 0
        while True:
            while times and (match := wanted.search(self._unread, position)):
                position, times = match.end(), times - 1
            if not times:
                return self._taken(position)
            position = max(position, len(self._unread) - 256)
            if not self._receive(end):
                raise self._transcript.failure(f"no {pattern!r} within {within} s, but {_short(self._unread)}")

    def count(self, size: int, within: float = WAIT) -> bytes:
        """The next size bytes."""
        end = time.monotonic() + within
        while len(self._unread) < size:
            if not self._receive(end):
                raise self._transcript.failure(f"{len(self._unread)} bytes of {size} within {within} s")
        return self._taken(size)

    def unread(self) -> bytes:
        """The bytes that were read from the port and are left over."""
        return self._taken(len(self._unread))

    def lull(self, silence: float = 0.3) -> bytes:
        """Read until nothing has come for so many seconds."""
        while self._receive(time.monotonic() + silence):
            pass
        return self.unread()

    def payload(self, size: int, connect_id: int = 0, within: float = WAIT) -> bytes:
        """Join the data of the next "rtcp" URCs, size bytes in all; nothing else may come between them."""
        end, data = time.monotonic() + within, bytearray()
        while len(data) < size:
            head = self.until(rb'"rtcp",\d+,\d+,', within=end - time.monotonic())
            found = re.fullmatch(rb'\r\n\+MIPURC: "rtcp",%d,(\d+),' % connect_id, head)
            if found is None:
                raise self._transcript.failure(f"no whole URC of connection {connect_id}: {head!r}")
            data += self.count(int(found[1]), end - time.monotonic())
            self.reads(b"\r\n", end - time.monotonic())
        return bytes(data)

    def alive(self) -> None:
        """Nothing unasked for has come, and AT answers."""
        self.ask("AT", "OK")

    def _taken(self, size: int) -> bytes:
        data = bytes(self._unread[:size])
        del self._unread[:size]
        return data

    def _receive(self, end: float) -> bool:
        """Wait for more, and tell whether it came before end."""
        self.serial.timeout = max(0.0, end - time.monotonic())
        if data := self.serial.read(max(1, self.serial.in_waiting)):
            self._transcript.note("<", data)
            self._unread += data
        return bool(data)
