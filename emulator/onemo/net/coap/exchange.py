"""What CoAP repeats, and what it recognises as repeated (RFC 7252 4.2-4.5, RFC 7641 3.4). Pure: times in seconds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

OBSERVE_COUNTS = 1 << 24
"""Numbers of notifications: each is counted from 0, and after the last comes 0."""
_FRESH = 128.0
"""Seconds after which a notification is newer whatever its number."""

K = TypeVar("K")


def is_newer(number: int, now: float, last: int, at: float) -> bool:
    """Tell whether a notification is newer than the last one, which came at a time (RFC 7641 3.4)."""
    half = OBSERVE_COUNTS // 2
    return (last < number and number - last < half) or (last > number and last - number > half) or now > at + _FRESH


class CoapPatience(NamedTuple):
    """How a confirmable message is repeated. first: seconds until the first time; times: how often."""

    first: float
    times: int


@dataclass(slots=True, eq=False)
class _Flight:
    data: bytes
    next: float
    wait: float
    left: int


class CoapFlights(Generic[K]):
    """The confirmable messages that wait for their acknowledgement, by a key of the sender's.

    ``due`` doubles the wait each time.
    """

    def __init__(self) -> None:
        self._flights: dict[K, _Flight] = {}

    def __len__(self) -> int:
        return len(self._flights)

    def __contains__(self, key: K) -> bool:
        return key in self._flights

    @property
    def deadline(self) -> float:
        """When something is to be repeated or given up; inf: never."""
        return min((flight.next for flight in self._flights.values()), default=math.inf)

    def begin(self, key: K, data: bytes, patience: CoapPatience, now: float) -> None:
        """Take up a message that is sent now."""
        self._flights[key] = _Flight(data, now + patience.first, patience.first, patience.times)

    def end(self, key: K) -> bool:
        """Forget a message, which was acknowledged; return whether it was waited for."""
        return self._flights.pop(key, None) is not None

    def clear(self) -> None:
        """Forget all."""
        self._flights.clear()

    def due(self, now: float) -> tuple[list[bytes], list[K]]:
        """Return what is to be sent again now, and the keys of what is given up, which is forgotten."""
        again, given_up = [], []
        for key, flight in list(self._flights.items()):
            if now < flight.next:
                continue
            if not flight.left:
                del self._flights[key]
                given_up.append(key)
                continue
            flight.left -= 1
            flight.wait *= 2
            flight.next = now + flight.wait
            again.append(flight.data)
        return again, given_up


class CoapAnswers(Generic[K]):
    """The answers that were given, for requests that come again: at most so many, for so long."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._kept: dict[K, tuple[bytes, float]] = {}

    def keep(self, key: K, answer: bytes, now: float) -> None:
        """Keep an answer; the oldest makes room."""
        self._kept.pop(key, None)
        self._kept[key] = answer, now + self._seconds
        while len(self._kept) > self._most:
            del self._kept[next(iter(self._kept))]

    def find(self, key: K, now: float) -> bytes | None:
        """Return the answer to a request that came before; None: it is a new one."""
        answer, until = self._kept.get(key, (b"", -math.inf))
        return answer if now < until else None

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()
