"""A peer that vanished, and how the module's own stack notices."""

from __future__ import annotations

import math

from onemo.faults.plan import ArmedFault
from onemo.net.interface import KeepAlive

_NO_ANSWER = 924.6
"""Seconds after which the stack gives up a peer that acknowledges nothing (Linux, tcp_retries2 15)."""


class Silence:
    """The silence of a connection's peer that is gone; false while it is there. All times are trio's.

    keep_alive: the connection's. why: the fault that took the peer, None while it is there; until: when it is back.
    """

    def __init__(self, keep_alive: KeepAlive | None, now: float) -> None:
        self.why: ArmedFault | None = None
        self.until = math.inf
        self._keep_alive = keep_alive
        self._heard = self._unanswered = now

    def __bool__(self) -> bool:
        return self.why is not None

    def begin(self, why: ArmedFault, now: float) -> None:
        """Take the peer away."""
        self.why, self.until = why, why.ends
        self._unanswered = now

    def end(self) -> None:
        """Bring the peer back."""
        self.why, self.until = None, math.inf

    def exchanged(self, now: float) -> None:
        """Note that something passed."""
        self._heard = now

    def sent(self, now: float) -> None:
        """Note that the first bytes were sent that nobody will acknowledge."""
        self._unanswered = now

    def noticed_at(self, *, outstanding: bool) -> float:
        """Return when the stack gives the peer up; inf: never.

        That is when what was sent is not acknowledged (outstanding), or else when keep-alive fails.
        """
        if not self:
            return math.inf
        if outstanding:
            return self._unanswered + _NO_ANSWER
        alive = self._keep_alive
        return math.inf if alive is None else self._heard + alive.idle + alive.interval * alive.probes
