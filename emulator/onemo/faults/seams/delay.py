"""Bytes that are on their way: late, in order and bounded. Also: one waiting that several share."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Awaitable, Callable

import trio

_SLICE = 0.05
"""Seconds of a slow way that pass as one piece."""
_AGAIN = 0.01
_ENTRY = 32
"""Bytes of room that a piece takes beside its own: many small ones must not fill the memory either."""


class DelayQueue:
    """One direction's bytes, each with the trio time at which it is due. A byte that is late delays what follows it.

    limit: bytes that wait at most, but for the last piece. size: bytes that wait.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pieces: deque[tuple[float, memoryview]] = deque()
        self.size = 0
        self.last = -math.inf
        """When the last piece is due, or was."""

    def __len__(self) -> int:
        """Count the pieces."""
        return len(self._pieces)

    @property
    def room(self) -> int:
        """Bytes that may be added."""
        return max(0, self._limit - self.size - _ENTRY * len(self._pieces))

    @property
    def due(self) -> float:
        """The time at which the first piece may go on; inf: there is none."""
        return self._pieces[0][0] if self._pieces else math.inf

    def add(self, data: bytes, due: float, piece: int = 0, gap: float = 0.0) -> None:
        """Hold data until due; or in pieces of so many bytes, the next one gap seconds after the one before."""
        view = memoryview(data)
        piece = piece or len(view)
        for number, start in enumerate(range(0, max(len(view), 1), max(piece, 1))):
            self.last = max(self.last, due + number * gap)
            self._pieces.append((self.last, view[start : start + piece]))
        self.size += len(view)

    def front(self, now: float) -> memoryview | None:
        """Return the first piece, if it is due; an empty one is an empty datagram."""
        return self._pieces[0][1] if self._pieces and self._pieces[0][0] <= now else None

    def took(self, count: int) -> None:
        """Take so many bytes of the first piece off: they have gone on."""
        due, piece = self._pieces.popleft()
        self.size -= count
        if count < len(piece):
            self._pieces.appendleft((due, piece[count:]))

    def take(self, now: float, limit: int | None) -> bytes | None:
        """Take what is due, at most limit bytes; limit None: one whole datagram. None: nothing is due."""
        parts: list[memoryview] = []
        room = 1 if limit is None else limit
        while room > 0 and (front := self.front(now)) is not None:
            parts.append(front if limit is None else front[:room])
            self.took(len(parts[-1]))
            room = 0 if limit is None else room - len(parts[-1])
        if limit is None and parts and isinstance(whole := parts[0].obj, bytes) and len(whole) == len(parts[0]):
            return whole  # a datagram knows its sender
        return b"".join(parts) if parts else None

    def release(self, now: float) -> None:
        """Make all of it due now."""
        self.last = min(self.last, now)
        self._pieces = deque((min(due, now), piece) for due, piece in self._pieces)

    def clear(self) -> None:
        """Forget all that waits."""
        self._pieces.clear()
        self.size = 0


class Direction:
    """One direction of a connection: what is on its way, and the trio time up to which its bandwidth is used.

    operation: that of faults which puts something on its way.
    """

    def __init__(self, operation: str, limit: int) -> None:
        self.operation = operation
        self.queue = DelayQueue(limit)
        self._used = -math.inf
        self._rate = math.inf

    def add(self, data: bytes, late: float, rate: float, *, whole: bool) -> None:
        """Put data on its way. late: seconds; rate: bytes/s, inf: not limited; whole: a datagram."""
        now = trio.current_time()
        if rate == math.inf:
            self.queue.add(data, now + late)
            return
        size = len(data) if whole else min(len(data), max(1, int(rate * _SLICE), len(data) >> 8))
        began = max(now, self._used)
        self._used, self._rate = began + len(data) / rate, rate
        self.queue.add(data, began + size / rate + late, size, size / rate)

    @property
    def unsent(self) -> int:
        """The number of bytes that wait for bandwidth."""
        waits = self._used - trio.current_time()
        return math.ceil(waits * self._rate) if waits > 0 and self.queue else 0


class SharedWait:
    """A waiting that only one task may do at a time, for several: the others wait for that one's end.

    So it may end for them without what they wait for; they look again, and so does who finds the place taken: when this
    was made, somebody waited already.
    """

    def __init__(self, wait: Callable[[], Awaitable[None]]) -> None:
        self._wait = wait
        self._ended: trio.Event | None = None

    async def wait(self) -> None:
        """Wait, or until the task that waits already is done."""
        if self._ended is not None:
            await self._ended.wait()
            return
        ended = self._ended = trio.Event()
        try:
            await self._wait()
        except trio.BusyResourceError:
            await trio.sleep(_AGAIN)
        finally:
            self._ended = None
            ended.set()
