"""Long data in several URCs, each made only when there is room for it on the line."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from typing import Protocol

from onemo.wire.transmitter import Transmitter


class UrcLine(Protocol):
    """The line that URCs leave on. Its transmitter may be exchanged."""

    transmitter: Transmitter


def piece_sizes(count: int, most: int) -> Iterator[int]:
    """Cut count bytes into pieces of at most so many, 0: into one; yield the bytes of each."""
    while count > 0:
        size = min(count, most or count)
        yield size
        count -= size


class Pieces:
    """Data on its way to the DTE. Implements UrcSource: the line's transmitter asks for the next piece.

    say(piece, total) makes the URC of a piece; total: bytes told so far, with these. most: bytes of a piece; 0: as they
    were added. interval: seconds between two. Either may be changed, for the pieces to come.

    Other URCs may stand in their order among the pieces.

    An owner that grants no credit until they are done holds no more than it was given at once. Of several on one line,
    the first that is due is told as far as there is room, then the next. deadline: as UrcSource has it.
    """

    def __init__(
        self, line: UrcLine, say: Callable[[bytes, int], object], most: int = 0, interval: float = 0.0
    ) -> None:
        self.most = most
        self.interval = interval
        self.total = 0
        self.deadline = math.inf
        self._line = line
        self._say = say
        self._added: deque[bytes | Callable[[], object]] = deque()
        self._position = 0  # in the first of them
        self._not_before = -math.inf

    @property
    def done(self) -> bool:
        """True while nothing waits."""
        return not self._added

    def add(self, data: bytes) -> None:
        """Tell data after what waits already; it is not joined with that. No bytes are a piece as well."""
        self._added.append(data)
        self._serve()

    def then(self, say: Callable[[], object]) -> None:
        """Make another URC, by say, after what waits already and without its interval."""
        self._added.append(say)
        self._serve()

    def clear(self) -> None:
        """Forget what waits."""
        self._added.clear()
        self._position = 0
        self.deadline = math.inf

    def drop_data(self) -> None:
        """Forget the data that waits; other URCs are told."""
        self._added = deque(each for each in self._added if not isinstance(each, bytes))
        self._position = 0
        self._serve()

    def tell(self, now: float) -> None:
        """Tell the next piece."""
        data, start = self._added[0], self._position
        if not isinstance(data, bytes):
            self._added.popleft()
            self._arm()
            data()
            return
        piece = data[start : start + self.most] if self.most else data[start:]
        self._position += len(piece)
        if self._position == len(data):
            self._added.popleft()
            self._position = 0
        self.total += len(piece)
        self._not_before = now + self.interval if self.interval else -math.inf
        self._arm()
        self._say(piece, self.total)

    def _serve(self) -> None:
        self._arm()
        self._line.transmitter.serve(self)

    def _arm(self) -> None:
        """Find out when the next is due."""
        if not self._added:
            self.deadline = math.inf
        else:
            self.deadline = self._not_before if isinstance(self._added[0], bytes) else -math.inf
