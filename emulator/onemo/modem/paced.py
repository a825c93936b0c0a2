"""A long answer that goes to the line in pieces, with pauses between them and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from onemo.at.outcome import Outcome, Pending
from onemo.at.reply import DONE
from onemo.modem.console import Console
from onemo.modem.intents import Wait

_CROWDED = 0.05
"""Seconds after which it is tried again, where the DTE does not read."""


def answer_in_pieces(console: Console, pieces: Iterator[bytes], interval: float) -> Outcome:
    """Write pieces as they stand, then OK. interval: seconds between two; a DTE that does not read is waited for."""
    upcoming = next(pieces, None)

    def go_on(_: object = None) -> Outcome:
        nonlocal upcoming
        pause = _CROWDED
        if upcoming is not None and not console.transmitter.full:
            console.transmitter.write(upcoming)
            upcoming, pause = next(pieces, None), interval
        return DONE if upcoming is None else Pending(Wait(pause), go_on, holds=True)

    return go_on()
