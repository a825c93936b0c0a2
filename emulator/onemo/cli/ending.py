"""The end by SIGINT, SIGTERM and SIGHUP, from the moment at which there is something to take down."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType

import trio

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The signals that end us. nohup has SIGHUP ignored, which stays so."""


def heard() -> tuple[signal.Signals, ...]:
    """Return those that end this process."""
    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return tuple(number for number in ENDING if not (ignored and number is signal.SIGHUP))


def hold_signals() -> None:
    """Let them wait until there is an End: they would leave links behind."""
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)


class End:
    """The end of the program: the first signal cancels everything, once the DTE had its time.

    Later signals do not count, for they would disturb the taking down. came: true once a signal has come; grace: gives
    the seconds until the end, for the signal's number.
    """

    def __init__(self, everything: trio.CancelScope, grace: Callable[[int], float] = lambda number: 0.0) -> None:
        self.came = False
        self._everything = everything
        self._grace = grace
        self._token = trio.lowlevel.current_trio_token()
        for number in heard():
            signal.signal(number, self._on_signal)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)

    def _on_signal(self, signum: int, frame: FrameType | None) -> None:
        hold_signals()
        self.came = True
        self._token.run_sync_soon(self._finish, signum)

    def _finish(self, number: int) -> None:
        self._everything.deadline = trio.current_time() + self._grace(number)
