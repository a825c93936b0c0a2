"""The wait for what a connection that closes has still to send."""

from __future__ import annotations

from collections.abc import Callable

import trio

_SHORTEST_LOOK, _LONGEST_LOOK = 0.001, 0.05  # seconds between two looks at what is left


async def drained(left: Callable[[], int], discard: Callable[[], object], stall: float) -> bool:
    """Wait until nothing is left to send; False when nothing moved for stall seconds.

    left: how many bytes are. discard: throws away what comes meanwhile, for a peer that echoes would stop reading once
    it cannot write. What they raise ends the wait.
    """
    gap, before, give_up = _SHORTEST_LOOK, left(), trio.current_time() + stall
    while before:
        discard()
        await trio.sleep(gap)
        gap = min(2 * gap, _LONGEST_LOOK)
        now = left()
        if now < before:
            give_up = trio.current_time() + stall
        elif trio.current_time() >= give_up:
            return False
        before = now
    return True
