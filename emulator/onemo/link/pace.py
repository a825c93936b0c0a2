"""A line that is as slow as its baud rate."""

from __future__ import annotations

from collections.abc import Callable

import trio

from onemo.link.interface import Link

BITS = 10
"""Bits that a byte takes on the line: a start bit, eight, a stop bit."""
_PIECE = 0.02
"""Seconds of line that pass as one piece at most, unless that is less than a byte: each piece takes a timer."""
_SLACK = 0.022
"""Seconds of line that a late wake-up may catch up on, or two bytes if they take longer: more than a piece takes."""
_PAUSE = 0.001
"""Seconds after which a wait for the DTE says that the line was idle."""
_UNHELD = 4096
"""Bytes that pass at once on a line that is not held."""


class PacedLink:
    """Any link, each way held to ``baud_rate`` (bit/s), which is asked for each piece; 0 or less does not hold.

    Implements ``Link``. Bytes pass in pieces of 20 ms at most, each when its last bit would have; on an idle line no
    time is saved up. Of what the DTE sends one piece is taken from the line below before its time.
    """

    def __init__(self, line: Link, baud_rate: Callable[[], float]) -> None:
        self._line = line
        self._baud_rate = baud_rate
        self._coming = b""
        self._come = 0.0
        """The time at which the last bit of that has come; of what came before while there is none."""
        self._more = False
        """The DTE may have sent on without a pause."""
        self._leaving = 0
        """Bytes of the piece that is on the line; 0: none is."""
        self._each = 0.0
        """Seconds that a byte of it takes."""
        self._left = 0.0
        """The time at which the last bit before it has left."""
        self._due = 0.0
        """The time at which its own last bit has."""
        self._going_on = False
        """More was to follow what left last."""
        self._full = False
        """The line below took less than it was given."""

    @property
    def port(self) -> str:
        return self._line.port

    def read_now(self, limit: int) -> bytes | None:
        if not self._coming:
            self._take()
        if not self._coming or trio.current_time() < self._come:
            return None
        data, self._coming = self._coming[:limit], self._coming[limit:]
        return data

    def _take(self) -> None:
        """Take the next piece from the line below, as far as it has come."""
        rate, now = self._baud_rate(), trio.current_time()
        most = _piece(rate)
        self._coming = self._line.read_now(most) or b""
        began = max(self._come, now - _slack(_time(1, rate))) if self._more else max(self._come, now)
        if self._coming:
            self._come = began + _time(len(self._coming), rate)
        self._more = len(self._coming) == most

    def write_now(self, data: bytes | memoryview) -> int:
        now = trio.current_time()
        if not self._leaving:
            self._begin(len(data), now)
        if now < self._due:
            return 0
        piece = data[: self._leaving]
        count = self._line.write_now(piece)
        self._left = max(self._left, now - _slack(self._each)) + count * self._each
        self._leaving, self._going_on, self._full = 0, count < len(data), count < len(piece)
        return count

    def _begin(self, count: int, now: float) -> None:
        """Put the next piece on the line, of count bytes at most."""
        rate = self._baud_rate()
        if not self._going_on:
            self._left = max(self._left, now)
        self._each = _time(1, rate)
        self._leaving = min(count, _piece(rate))
        self._due = self._left + self._leaving * self._each

    async def wait_readable(self) -> None:
        if not self._coming:
            began = trio.current_time()
            await self._line.wait_readable()
            if trio.current_time() - began > _PAUSE:
                self._more = False
            self._take()
        await trio.sleep_until(self._come)

    async def wait_writable(self) -> None:
        await trio.sleep_until(self._due)
        if self._full:
            await self._line.wait_writable()


def _time(count: int, rate: float) -> float:
    """Return the seconds that so many bytes take."""
    return count * BITS / rate if rate > 0 else 0.0


def _piece(rate: float) -> int:
    """Return the bytes that pass as one piece at most."""
    return max(1, int(_PIECE * rate / BITS)) if rate > 0 else _UNHELD


def _slack(each: float) -> float:
    """Return the seconds of line that may be caught up on. each: those of a byte."""
    return max(_SLACK, 2 * each)
