"""The order in which results are told that come at once: that of the commands, and not that of the loop's turns."""

from __future__ import annotations

from itertools import count

import trio

_AT_ONCE = 8
"""Turns of the loop within which all ends that has to wait for nobody: a handshake on loopback takes two."""


class Order:
    """What was asked for one after another, and goes on side by side. Each is known by an object of its own."""

    def __init__(self) -> None:
        self._numbers = count()
        self._going_on: dict[object, int] = {}
        self._ended: dict[object, int] = {}

    def begin(self, each: object) -> None:
        """Take up one that was asked for."""
        self._going_on[each] = next(self._numbers)

    def forget(self, each: object) -> None:
        """Forget one, which has been told or never will."""
        self._going_on.pop(each, None)

    async def turn(self, each: object) -> None:
        """Wait for those before it that end at once as well; one that takes longer keeps nobody waiting."""
        number = self._ended[each] = self._going_on.pop(each)
        try:
            turns = 0
            while _any_before(number, self._ended) or (turns < _AT_ONCE and _any_before(number, self._going_on)):
                turns += 1
                await trio.lowlevel.checkpoint()
        finally:
            del self._ended[each]


def _any_before(number: int, others: dict[object, int]) -> bool:
    return any(other < number for other in others.values())
