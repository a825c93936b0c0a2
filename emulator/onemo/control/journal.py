"""The journal of a module: the newest lines that crossed its line and its network, to ask and to follow."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Any, NamedTuple

from onemo.dialogue.lines import ANSWER, Lines, Told, crossed
from onemo.wire.transmitter import Kind

KINDS = ("command", "data", "echo", "answer", "urc", "prompt", "payload", "event")
"""command of the DTE, data of either; what the module said; payload and event on the network."""
MOST = 1 << 21
"""Bytes that are remembered of one module."""
_EACH = 300
"""Bytes that an entry takes beside its data. What is put aside counts as the lines that it may become: they are then
never more than there is room for, however short, and to join them takes milliseconds."""


class Entry(NamedTuple):
    """A line of a journal. seq: counted from 1 without a gap; kind: one of KINDS."""

    seq: int
    kind: str
    told: Told

    def shown(self, module: str) -> dict[str, object]:
        """Return the entry as JSON has it; each character of data is a byte."""
        told = self.told
        head = {"seq": self.seq, "time": round(told.time, 6), "module": module, "kind": self.kind}
        of = {} if told.connection is None else {"connect_id": told.connection}
        if self.kind == "event":
            return {**head, "event": told.event, **of, "detail": told.data.decode("utf-8", "replace")}
        took = {} if told.took is None else {"took": round(told.took, 6)}
        return {**head, **dict(zip(("from", "to"), self.way, strict=True)), **of, "data": self.data, **took}

    @property
    def data(self) -> str:
        """The bytes of the line, one character each."""
        return self.told.data.decode("latin-1")

    @property
    def way(self) -> tuple[str, str]:
        """The side that said it, and the side to which."""
        if self.kind == "payload":
            return ("module", "network") if self.told.event.startswith("sent") else ("network", "module")
        return ("dte", "module") if self.told.source == "dte" else ("module", "dte")


class Journal:
    """The newest entries of one module, and the module's trace. on_news: called whenever there is more.

    New bytes are only put aside; they are joined to lines when somebody looks. The oldest goes first: ``first`` is the
    number of the oldest entry that is there, ``next`` that of the one to come.
    """

    def __init__(self, module: str, clock: Callable[[], float] = time.monotonic, most: int = MOST) -> None:
        self.module = module
        self.on_news: list[Callable[[], None]] = []
        self.passed = {">": 0, "<": 0, "sent": 0, "received": 0}
        """Bytes in all: from the DTE, to it, to the network, from it."""
        self._clock = clock
        self._start = clock()
        self._most = most
        self._aside: deque[tuple[float, str, Any, Any]] = deque()
        self._entries: deque[Entry] = deque()
        self._size = 0
        self._next = 1
        self._lines = Lines()

    # Trace.

    def line(self, direction: str, data: bytes, kind: Kind | None = None) -> None:
        self._add(direction, kind, data)

    def net(self, event: str, connect_id: int | None, detail: bytes | str) -> None:
        self._add(event, connect_id, detail)

    def _add(self, what: str, of: Kind | int | None, data: bytes | str) -> None:
        self._aside.append((self._clock() - self._start, what, of, data))
        self._size += _size(data)
        if isinstance(data, bytes):
            self.passed[what] = self.passed.get(what, 0) + len(data)
        if self._size > self._most:
            self._forget()
        for told in self.on_news:
            told()

    # Whoever looks.

    @property
    def first(self) -> int:
        """The number of the oldest entry that is there."""
        self._take_up()
        return self._entries[0].seq if self._entries else self._next

    @property
    def next(self) -> int:
        """The number of the entry to come."""
        self._take_up()
        return self._next

    def since(self, seq: int, most: int | None = None) -> list[Entry]:
        """Return the entries from seq on, or from the first that is there, as they are now: the first most of them."""
        self._take_up()
        skipped = max(0, seq - self.first)
        return list(islice(self._entries, skipped, None if most is None else skipped + most))

    # Inside.

    def _take_up(self) -> None:
        """Join the bytes put aside to lines."""
        while self._aside:
            at, what, of, data = self._aside.popleft()
            self._size -= _size(data)
            if what == ">":
                told = self._lines.sent(data, at)
            elif what == "<":
                told = self._lines.received(data, at, of.value if of is not None else ANSWER)
            else:
                told = iter((crossed(what, of, data, at),))
            for one in told:
                self._entries.append(Entry(self._next, _kind(one), one))
                self._next += 1
                self._size += _EACH + len(one.data)
        self._forget()

    def _forget(self) -> None:
        """Drop the oldest; bytes that never became lines count as one entry."""
        while self._size > self._most:
            if self._entries:
                self._size -= _EACH + len(self._entries.popleft().told.data)
            else:
                self._size -= _size(self._aside.popleft()[3])
                self._next += 1
                self._lines = Lines()


def _size(data: bytes | str) -> int:
    """Return the most that the lines of data take."""
    lines = max(data.count(b"\r"), data.count(b"\n")) if isinstance(data, bytes) else 1
    return _EACH * max(1, lines) + len(data)


def _kind(told: Told) -> str:
    if told.source == "dte":
        return "command" if told.is_command else "data"
    return "prompt" if told.kind == ANSWER and told.data.rstrip() == b">" else told.kind
