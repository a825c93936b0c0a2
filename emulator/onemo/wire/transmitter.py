"""The transmitter: the only producer of bytes for the DTE. It knows when URCs may go out.

Pure: time (seconds) is an argument. Answers and payload leave in the order in which they were made. URCs never cut into
another line: they wait while the device holds them (a command's own lines, a prompt, transparent mode), for a gap after
a final result code, and while a half-typed line is being echoed.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from enum import StrEnum
from typing import Protocol

_SMALL = 4096
_ENOUGH = 16384
"""A piece below the one is joined with others up to the other: one write takes many, and a line little more."""


class Kind(StrEnum):
    """The kind of bytes for the DTE. DATA is the payload of transparent mode."""

    ANSWER = "answer"
    ECHO = "echo"
    URC = "urc"
    DATA = "data"


class UrcSource(Protocol):
    """URCs that are made only when they can leave at once."""

    deadline: float
    """When the next may be made; inf: there is none for the time being."""

    def tell(self, now: float) -> None:
        """Make one, by urc."""
        ...


class Transmitter:
    """The output of one line. high_mark: bytes waiting for the DTE above which its sources stop.

    urc_queue: bytes of held URCs above which droppable ones are dropped; urc_gap: seconds between a final result code
    and a URC; typing_hold: seconds for which a half-typed echoed line keeps URCs back.
    """

    def __init__(self, high_mark: int, urc_queue: int, urc_gap: float, typing_hold: float) -> None:
        self.hold = False
        self.dropped = 0
        self.urcs = 0
        """The URCs that were made since the start."""
        self.size = 0
        self._high_mark = high_mark
        self._urc_queue = urc_queue
        self._gap = urc_gap
        self._typing_hold = typing_hold
        self._out: deque[bytes | memoryview] = deque()
        self._runs: deque[tuple[Kind, int]] | None = None
        self._urcs: deque[bytes] = deque()
        self._urc_size = 0
        self._sources: list[UrcSource] = []
        self._not_before = -math.inf

    def take_over(self, other: Transmitter) -> None:
        """Go on where another one of the same line is, which is not to be used meanwhile."""
        self.hold, self.dropped, self.size, self.urcs = other.hold, other.dropped, other.size, other.urcs
        self._out, self._runs = other._out, other._runs
        self._urcs, self._urc_size = other._urcs, other._urc_size
        self._sources, self._not_before = other._sources, other._not_before

    @property
    def full(self) -> bool:
        """True when so much waits for the DTE that nothing more should be produced.

        URCs count only when they may leave: those that are held say nothing of whether the DTE reads.
        """
        return (self.size if self.hold else self.size + self._urc_size) > self._high_mark

    @property
    def crowded(self) -> bool:
        """True when so many URCs wait that no peer should cause more: droppable ones are dropped."""
        return self.full or self._urc_size > self._urc_queue

    @property
    def urcs_wait(self) -> bool:
        """True while a URC waits, made or not."""
        return bool(self._urcs or self._sources)

    def write(self, data: bytes | memoryview, kind: Kind = Kind.ANSWER) -> None:
        """Queue part of an answer, or whatever else is to go out in its turn."""
        if data:
            self._out.append(data)
            if self._runs is None:
                self.size += len(data)
            else:
                self._grow(kind, len(data))

    def notice(self, data: bytes, kind: Kind) -> None:
        """Queue a line that the module says unasked and that waits for nothing: its banner, that it restarts."""
        self.urcs += kind is Kind.URC
        self.write(data, kind)

    def prompt(self, data: bytes) -> None:
        """Queue the ``>`` of a payload entry, and hold URCs from now on."""
        self.hold = True
        self.write(data)

    def final(self, data: bytes, now: float) -> None:
        """Queue a final result code, and begin the gap before the next URC."""
        self.write(data)
        self._not_before = now + self._gap

    def echo(self, data: bytes, now: float, *, partial: bool) -> None:
        """Queue the echo of typed bytes. partial: their line has not ended."""
        self.write(data, Kind.ECHO)
        self._not_before = now + self._typing_hold if partial else -math.inf

    def urc(self, data: bytes, *, droppable: bool = False) -> bool:
        """Queue a URC, to go out when it may, and return whether it was kept.

        A droppable one is dropped whole, and counted, when too much waits.
        """
        crowded = self.full or self._urc_size + len(data) > self._urc_queue
        if droppable and crowded and (self.size or self._urcs):
            self.dropped += 1
            return False
        self._urcs.append(data)
        self._urc_size += len(data)
        self.urcs += 1
        return True

    def serve(self, source: UrcSource) -> None:
        """Have a source make its URCs, whenever there is room and after the sources before it, until it has none."""
        if source not in self._sources:
            self._sources.append(source)

    def release(self, now: float) -> None:
        """Let the URCs go that may go now; at inf all of those that are made."""
        if self.hold or now < self._not_before:
            return
        if now < math.inf:
            self._not_before = -math.inf
            if self._sources:
                self._make(now)
        if self._urcs:
            self._out.extend(self._urcs)
            self._grow(Kind.URC, self._urc_size)
            self._forget()

    def _make(self, now: float) -> None:
        """Let the sources make what there is room for."""
        for source in self._sources:
            while source.deadline <= now and not self.full:
                source.tell(now)
        self._sources = [source for source in self._sources if source.deadline < math.inf]

    def restart(self) -> None:
        """Drop the URCs that wait."""
        self._sources.clear()
        self._forget()

    def _forget(self) -> None:
        self._urcs.clear()
        self._urc_size = 0

    @property
    def deadline(self) -> float:
        """The time at which release has something to do; inf: never by time alone."""
        if self.hold or not (self._urcs or self._sources):
            return math.inf
        if self._urcs or self._not_before > -math.inf:
            return self._not_before
        return math.inf if self.full else min([source.deadline for source in self._sources])

    def peek(self) -> bytes | memoryview:
        """Return the bytes to hand to the line next; empty when there are none."""
        out = self._out
        if not out:
            return b""
        if len(out) > 1 and self.size <= _ENOUGH:
            joined = b"".join(out)
            out.clear()
            out.append(joined)
        elif len(out) > 1 and len(out[0]) < _SMALL:
            parts: list[bytes | memoryview] = []
            size = 0
            while out and size < _ENOUGH:
                part = out.popleft()
                parts.append(part)
                size += len(part)
            out.appendleft(b"".join(parts))
        return out[0]

    def tell_kinds(self) -> None:
        """Keep count, from now on and while nothing waits, of the kinds of the bytes: for a trace."""
        self._runs = deque()

    def kinds(self, count: int) -> Iterator[tuple[Kind, int]]:
        """Yield the kinds of the next count bytes, and how many there are of each. Only after tell_kinds."""
        for kind, size in self._runs or ():
            if count == 0:
                return
            yield kind, min(count, size)
            count -= min(count, size)

    def sent(self, count: int) -> None:
        """Take note that the line took count bytes of what peek gave."""
        self.size -= count
        if self._runs:
            self._uncount(self._runs, count)
        first = self._out.popleft()
        if count < len(first):
            self._out.appendleft(memoryview(first)[count:])

    def _grow(self, kind: Kind, size: int) -> None:
        self.size += size
        runs = self._runs
        if runs is None:
            return
        if runs and runs[-1][0] is kind:
            size += runs.pop()[1]
        runs.append((kind, size))

    @staticmethod
    def _uncount(runs: deque[tuple[Kind, int]], count: int) -> None:
        while runs and count:
            kind, size = runs.popleft()
            if size > count:
                runs.appendleft((kind, size - count))
            count -= min(count, size)
