"""The escape ``+++`` out of transparent mode (manual 3.13): alone, with silence before and after it.

Pure: time (seconds) is an argument. Everything that turns out not to be the escape is data again, in order.
"""

from __future__ import annotations

import math

_SEQUENCE = b"+++"


class EscapeDetector:
    """The watch on the DTE's bytes in transparent mode. guard: seconds of silence before and after."""

    __slots__ = ("_guard", "_held", "_last", "_quiet_until")

    def __init__(self, guard: float) -> None:
        self._guard = guard
        self._held = b""
        self._last = -math.inf
        self._quiet_until = math.inf

    def start(self, now: float) -> None:
        """Begin transparent mode: earlier bytes count as traffic."""
        self._held = b""
        self._last = now
        self._quiet_until = math.inf

    def receive(self, data: bytes, now: float) -> bytes:
        """Return the part of data that is surely data, with what was held before it if the escape is off.

        Plus signs that may yet become the escape are held. data is not empty.
        """
        if not self._held and data[0] != 0x2B:
            self._last = now
            return data
        candidate = self._held + data
        silent = bool(self._held) or now - self._last >= self._guard
        self._last = now
        if silent and len(candidate) <= 3 and candidate == _SEQUENCE[: len(candidate)]:
            self._held = candidate
            self._quiet_until = now + self._guard
            return b""
        self._held = b""
        self._quiet_until = math.inf
        return candidate

    @property
    def deadline(self) -> float:
        """The time at which the guard after the plus signs has passed; inf: none are held."""
        return self._quiet_until

    def on_deadline(self, now: float) -> tuple[bool, bytes]:
        """Decide once the guard has passed: (True, b"") for the escape, else False and the held data."""
        if now < self._quiet_until:
            return False, b""
        held, self._held = self._held, b""
        self._quiet_until = math.inf
        if held == _SEQUENCE:
            return True, b""
        return False, held
