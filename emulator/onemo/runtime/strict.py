"""A line whose two ends may have different speeds: then neither understands the other, as on hardware."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable

from onemo.link.interface import Link
from onemo.modem.console import Console
from onemo.profile.ranges import Range
from onemo.profile.schema import Profile
from onemo.wire.mismatch import alike, sampled

_log = logging.getLogger(__name__)

_PIECE = 4096
"""Bytes that become garbage at once."""
_ATTENTION = re.compile(rb"AT|at")


def speeds_found_out(profile: Profile) -> Range | None:
    """Return the speeds that the model finds out at AT+IPR=0: the first of two lists of AT+IPR=?, else all it has."""
    command = profile.commands["IPR"]
    first, separator, _ = (command.shown or "").partition("),(")
    if separator:
        return Range.parse(first.removeprefix("("))
    return command.params["rate"].range


class StrictLink:
    """Any link, on which bytes are noise while the speeds of its ends are known and too far apart. Implements ``Link``.

    speed: the DTE's in bit/s, asked each time; 0: not known. present: True while there is a DTE; what is said to none
    has no wrong speed, what was read came from one. The module's speed is that of AT+IPR, a new one once its answer has
    left. At AT+IPR=0 it is the one of its own at which it has understood an ``AT`` last, since the last restart. Of
    noise the module hears nothing: it makes no command of it.
    """

    def __init__(self, line: Link, speed: Callable[[], int], present: Callable[[], bool]) -> None:
        self._line = line
        self._dte = speed
        self._present = present
        self._console: Console | None = None
        self._found_out: Range | None = None
        self._rate = self._learnt = 0
        self._heard = b""  # the last byte of noise, which may be half an AT
        self._piece = self._rest = b""  # what is being sent as noise, and what the line has not taken of that
        self._told: tuple[int, int] | None = None

    def join(self, console: Console) -> None:
        """Take up the console of the module at the line."""
        self._console = console
        self._found_out = speeds_found_out(console.device.profile)
        self._rate = console.baud_rate

    def forget(self) -> None:
        """Forget a speed that was found out: the module restarts."""
        self._learnt = 0

    @property
    def port(self) -> str:
        return self._line.port

    def read_now(self, limit: int) -> bytes | None:
        data = self._line.read_now(limit)
        console = self._console
        if data is None or console is None:
            return data
        if not console.transmitter.size:
            self._take_up(console)
        theirs = self._dte()
        ours = self._rate or self._learnt
        if not theirs or (ours and alike(theirs, ours)):
            self._heard, self._told = b"", None
            return data
        if not self._rate and console.online is None and (near := self._near(theirs)):
            noise = self._heard + data
            found = _ATTENTION.search(noise)
            self._heard = noise[-1:]
            if found is not None:
                self._learnt = near
                return noise[found.start() :]
        self._tell(theirs)
        return None

    def write_now(self, data: bytes | memoryview) -> int:
        console = self._console
        if console is None:
            return self._line.write_now(data)
        ours, theirs = self._rate or self._learnt, self._dte() if self._present() else 0
        if self._piece or (ours and theirs and not alike(ours, theirs)):
            count = self._garble(data, ours, theirs)
        else:
            count = self._line.write_now(data)
        if count == console.transmitter.size:
            self._take_up(console)
        return count

    def wait_readable(self) -> Awaitable[None]:
        return self._line.wait_readable()

    async def wait_writable(self) -> None:
        await self._line.wait_writable()

    def _near(self, theirs: int) -> int:
        """Return the speed that the module finds out where the DTE has that one; 0: none."""
        return next((speed for speed in self._found_out or () if speed and alike(theirs, speed)), 0)

    def _take_up(self, console: Console) -> None:
        """Take up a new speed, now that nothing is left to be said at the old one."""
        if console.baud_rate != self._rate:
            self._rate, self._learnt = console.baud_rate, self._rate
            self._heard = b""

    def _garble(self, data: bytes | memoryview, ours: int, theirs: int) -> int:
        """Send a piece of data as noise; return its length once the line has all of that, else 0."""
        if not self._piece:
            self._tell(theirs)
            self._piece = bytes(data[:_PIECE])
            self._rest = sampled(self._piece, ours, theirs)
        while self._rest:
            count = self._line.write_now(self._rest)
            if not count:
                return 0
            self._rest = self._rest[count:]
        piece, self._piece = self._piece, b""
        return len(piece) if data[: len(piece)] == piece else 0  # a restart may have dropped it meanwhile

    def _tell(self, theirs: int) -> None:
        """Log speeds that differ, once until they are the same again."""
        speeds = self._rate or self._learnt, theirs
        if speeds != self._told:
            self._told = speeds
            ours = f"at {speeds[0]}" if speeds[0] else "waits for an AT to find that out"
            _log.warning(
                "%s: the DTE is at %d bit/s, the module %s: all is noise (--no-strict-baud lets any speed do)",
                *(self.port, theirs, ours),
            )
