"""The newest lines of what crossed a module's line and its network, in a bounded space.

Pure: the clock is handed in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from itertools import islice

from onemo.dialogue.lines import ANSWER, ConsoleLines, TracedLine, network_line
from onemo.profile.index import Label

_EACH = 300
"""Bytes that a line takes beside its data. What is put aside counts as the lines that it may become: they are then
never more than there is room for, however short, and to join them takes milliseconds."""
_Piece = tuple[float, str, bytes, "str | None", int, int]
"""Bytes that crossed a line to the DTE: the time, the direction, the bytes, their kind, the console; their size."""


class History:
    """The lines, counted from 1 without a gap. most: the bytes that they may take; latest: when anything crossed last.

    What crosses is only put aside; it is joined to lines when somebody looks. The oldest goes first: ``first`` is the
    number of the oldest line that is there, ``next`` that of the one to come. A piece that goes before anybody looked
    counts as one line.
    """

    def __init__(self, clock: Callable[[], float], most: int) -> None:
        self._clock = clock
        self._start = self.latest = clock()
        self._most = most
        self.clear()

    def clear(self) -> None:
        """Forget all of it."""
        self._aside: deque[_Piece | TracedLine] = deque()
        self._told: deque[TracedLine] = deque()
        self._size = 0
        self._next = 1
        self._lines = ConsoleLines()

    def line(self, direction: str, data: bytes, kind: str | None = None, console: int = 0) -> None:
        """Take what crossed a line: ``>`` from the DTE, ``<`` to it. kind: of what the module said."""
        self.latest = now = self._clock()
        size = _EACH * max(1, data.count(b"\r"), data.count(b"\n")) + len(data)
        self._put_aside((now - self._start, direction, data, kind, console, size), size)

    def net(self, event: str, label: Label | None, detail: bytes | str) -> None:
        """Take what happened on the network; bytes are payload."""
        self.latest = self._clock()
        told = network_line(event, label, detail, self.latest - self._start)
        self._put_aside(told, _size(told))

    @property
    def first(self) -> int:
        """The number of the oldest line that is there."""
        self._take_up()
        return self._next - len(self._told)

    @property
    def next(self) -> int:
        """The number of the line to come."""
        self._take_up()
        return self._next

    def lines(self, number: int = 1, most: int | None = None) -> list[TracedLine]:
        """Return the lines from a number on, or from the first that is there: the first most of them."""
        self._take_up()
        wanted = list(islice(reversed(self._told), max(0, self._next - number)))
        return wanted[::-1][:most]

    def begun(self) -> list[TracedLine]:
        """Return the lines that have not ended."""
        self._take_up()
        return [told for lines in self._lines.values() for told in lines.begun(0.0)]

    def _put_aside(self, crossing: _Piece | TracedLine, size: int) -> None:
        self._aside.append(crossing)
        self._size += size
        if self._size > self._most:
            self._forget()

    def _take_up(self) -> None:
        """Join what was put aside to lines."""
        while self._aside:
            crossing = self._aside.popleft()
            self._size -= _size(crossing)
            for told in self._joined(crossing):
                self._told.append(told)
                self._next += 1
                self._size += _size(told)
        self._forget()

    def _joined(self, crossing: _Piece | TracedLine) -> Iterable[TracedLine]:
        if isinstance(crossing, TracedLine):
            return (crossing,)
        at, direction, data, kind, console, _ = crossing
        lines = self._lines[console]
        return lines.sent(data, at) if direction == ">" else lines.received(data, at, str(kind or ANSWER))

    def _forget(self) -> None:
        while self._size > self._most:
            if self._told:
                self._size -= _size(self._told.popleft())
            else:
                self._size -= _size(self._aside.popleft())
                self._next += 1
                self._lines.clear()


def _size(crossing: _Piece | TracedLine) -> int:
    """Return the bytes that a line takes, or the most that those of a piece do."""
    if not isinstance(crossing, TracedLine):
        return crossing[5]
    return _EACH + len(crossing.before) + len(crossing.data) + len(crossing.after)
