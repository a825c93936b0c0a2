"""A line that is as slow as its baud rate."""

from __future__ import annotations

from collections.abc import Callable

import trio

from onemo.link.interface import Link

BITS = 10
"""Bits that a byte takes on the line: a start bit, eight, a stop bit."""
_STEP = 0.001
"""Seconds of line that pass as one piece: a wake-up for each byte would be too many."""
_SLACK = 0.02
"""Seconds of line that a late wake-up may catch up on."""


class PacedLink:
    """Any link, with both directions held to ``baud_rate`` (bit/s), which is asked each time; 0 or less does not hold.

    Implements ``Link``. A piece passes when its last bit would have; on an idle line none is saved up.
    """

    def __init__(self, line: Link, baud_rate: Callable[[], float]) -> None:
        self._line = line
        self._baud_rate = baud_rate
        self._in = _Meter()
        self._out = _Meter()
        self._sending = False

    @property
    def port(self) -> str:
        return self._line.port

    def read_now(self, limit: int) -> bytes | None:
        rate = self._baud_rate()
        if rate <= 0:
            return self._line.read_now(limit)
        room = self._in.room(rate)
        if room == 0:
            return None
        wanted = min(room, limit)
        data = self._line.read_now(wanted)
        if data is None or len(data) < wanted:
            self._in.idle()
        else:
            self._in.passed(wanted, rate)
        return data

    def write_now(self, data: bytes | memoryview) -> int:
        rate = self._baud_rate()
        if rate <= 0:
            return self._line.write_now(data)
        if not self._sending:
            self._out.idle()
        room = min(self._out.room(rate), len(data))
        count = self._line.write_now(data[:room]) if room else 0
        self._out.passed(count, rate)
        self._sending = count < len(data)
        return count

    async def wait_readable(self) -> None:
        began = trio.current_time()
        await self._line.wait_readable()
        if trio.current_time() - began > _STEP:
            self._in.idle()
        await self._in.wait(self._baud_rate())

    async def wait_writable(self) -> None:
        await self._out.wait(self._baud_rate())
        await self._line.wait_writable()


class _Meter:
    """A meter of one direction of the line: ``at`` is the trio time up to which it is used."""

    def __init__(self) -> None:
        self.at = 0.0

    def idle(self) -> None:
        """Take up that nothing is on the line now."""
        self.at = max(self.at, trio.current_time())

    def room(self, rate: float) -> int:
        """Return how many bytes have had their time. It cannot be saved up for long."""
        now, byte = trio.current_time(), BITS / rate
        self.at = max(self.at, now - max(_SLACK, 2 * byte))
        return max(0, int((now - self.at) / byte + 1e-6))

    def passed(self, count: int, rate: float) -> None:
        """Count bytes that passed at a rate."""
        self.at += count * BITS / rate

    async def wait(self, rate: float) -> None:
        """Wait until there is room for a piece."""
        if rate > 0:
            await trio.sleep_until(self.at + max(_STEP, BITS / rate))
