"""What the world around the module is like and a tester may set for good: where it is, what is on the air. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from onemo.modem.memory import put_back

T = TypeVar("T")


class Surroundings(Generic[T]):
    """A value of the world: the profile's until it is set; one that is kept outlives the process. A keeper.

    plain: makes plain values of it; read: makes it of those, and raises ValueError where they are none.
    """

    def __init__(self, usual: T, plain: Callable[[T], object], read: Callable[[object], T]) -> None:
        self._usual, self._plain, self._read = usual, plain, read
        self._kept: dict[str, T] = {}
        self._now: T | None = None

    @property
    def value(self) -> T:
        """The value of now."""
        return self._usual if self._now is None else self._now

    @property
    def is_usual(self) -> bool:
        """True while it is what the profile says."""
        return self._now is None

    def set(self, value: T, *, keep: bool) -> None:
        """Set it. keep: it goes into the NV."""
        self._now = value
        self._kept = {"value": value} if keep else {}

    def reset(self) -> None:
        """Make it what the profile says again."""
        self._now, self._kept = None, {}

    # Keeper.

    def save(self) -> Mapping[str, T]:
        return self._kept

    def put_back(self, records: Mapping[Any, Any]) -> None:
        put_back(self._kept, records)

    def begin_cycle(self) -> None:
        """Leave it: the world does not restart with the module."""

    def snapshot(self) -> object:
        return self._plain(self._kept["value"]) if self._kept else None

    def restore(self, entry: object) -> list[str]:
        try:
            self.set(self._read(entry), keep=True)
        except ValueError:
            return [""]
        return []
