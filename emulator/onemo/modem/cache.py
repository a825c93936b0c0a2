"""A bounded store of what was received, for commands that read it later."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Cache(Generic[T]):
    """Entries, oldest first: at most so many, and of at most size bytes together. measure: the bytes of one.

    total: bytes held. taken: told what is taken out, an entry or the bytes of several.
    """

    __slots__ = ("_entries", "_held", "_measure", "_size", "_taken", "total")

    def __init__(
        self,
        size: int,
        entries: int,
        measure: Callable[[Any], int] = len,
        taken: Callable[[Any], None] = lambda entry: None,
    ) -> None:
        self.total = 0
        self._size = size
        self._entries = entries
        self._measure = measure
        self._taken = taken
        self._held: deque[T] = deque()

    def __len__(self) -> int:
        """Count the entries that are held."""
        return len(self._held)

    @property
    def room(self) -> int:
        """Bytes that one more entry may have; 0 at either limit."""
        return self._size - self.total if len(self._held) < self._entries else 0

    def add(self, entry: T) -> bool:
        """Hold an entry whole; False where it does not fit and is to be dropped."""
        size = self._measure(entry)
        if len(self._held) >= self._entries or self.total + size > self._size:
            return False
        self._held.append(entry)
        self.total += size
        return True

    @property
    def oldest(self) -> int:
        """The bytes of the oldest entry. Raises IndexError when there is none."""
        return self._measure(self._held[0])

    def take(self) -> T:
        """Take the oldest entry. Raises IndexError when there is none."""
        entry = self._held.popleft()
        self.total -= self._measure(entry)
        self._taken(entry)
        return entry

    def read(self: Cache[bytes], count: int) -> bytes:
        """Take the oldest bytes, wherever entries end: at most count, all when it is 0."""
        wanted = min(count, self.total) or self.total
        taken: list[bytes] = []
        left = wanted
        while left:
            entry = self._held.popleft()
            if len(entry) > left:
                self._held.appendleft(entry[left:])
                entry = entry[:left]
            taken.append(entry)
            left -= len(entry)
        self.total -= wanted
        data = b"".join(taken)
        self._taken(data)
        return data
