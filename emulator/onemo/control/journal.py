"""The journal of a module: the newest lines that crossed its line and its network, to ask and to follow."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from onemo.dialogue.history import History
from onemo.dialogue.lines import ANSWER, TracedLine
from onemo.profile.index import PART, Label

KINDS = ("command", "data", "echo", "answer", "urc", "prompt", "payload", "event")
"""command of the DTE, data of either; what the module said; payload and event on the network."""
MOST = 1 << 21
"""Bytes that are remembered of one module."""


class Entry(NamedTuple):
    """A line of a journal. seq: counted from 1 without a gap; kind: one of KINDS."""

    seq: int
    kind: str
    line: TracedLine

    def shown(self, module: str) -> dict[str, object]:
        """Return the entry as JSON has it; each character of data is a byte."""
        told = self.line
        head = {"seq": self.seq, "time": round(told.time, 6), "module": module, "kind": self.kind}
        of: dict[str, object] = {} if told.label is None else {told.label.index_name: told.label.number}
        if told.label is not None and told.label.of.part:
            of[PART] = told.label.of.part
        if self.kind == "event":
            return {**head, "event": told.event, **of, "detail": told.data.decode("utf-8", "replace")}
        of |= {"console": told.console} if told.console else {}
        took = {} if told.took is None else {"took": round(told.took, 6)}
        return {**head, **dict(zip(("from", "to"), self.way, strict=True)), **of, "data": self.data, **took}

    @property
    def data(self) -> str:
        """The bytes of the line, one character each."""
        return self.line.data.decode("latin-1")

    @property
    def way(self) -> tuple[str, str]:
        """The side that said it, and the side to which."""
        if self.kind == "payload":
            return ("module", "network") if self.line.event.startswith("sent") else ("network", "module")
        return ("dte", "module") if self.line.source == "dte" else ("module", "dte")


class Journal(History):
    """The newest entries of one module, and the module's trace. on_news: called whenever there is more.

    New bytes are only put aside; they are joined to lines when somebody looks. The oldest goes first: ``first`` is the
    number of the oldest entry that is there, ``next`` that of the one to come. wall: the clock on the wall.
    """

    def __init__(
        self,
        module: str,
        clock: Callable[[], float] = time.monotonic,
        most: int = MOST,
        wall: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(clock, most)
        self.module = module
        self._wall = wall
        self.on_news: list[Callable[[], None]] = []
        self.passed = {">": 0, "<": 0, "sent": 0, "received": 0}
        self.happened = dict.fromkeys(("opened", "accepted", "open failed", "broken", "closed"), 0)
        """How often a connection was."""
        self.fired: Counter[str] = Counter()
        """How often faults fired, by the first word of what was told."""

    @property
    def age(self) -> float:
        """The time now, as entries have it."""
        return self._clock() - self._start

    @property
    def started(self) -> float:
        """Seconds since 1970-01-01 UTC at which the time of an entry is 0, by what the clock on the wall says now."""
        return self._wall() - self.age

    def line(self, direction: str, data: bytes, kind: str | None = None, console: int = 0) -> None:
        super().line(direction, data, kind, console)
        self.passed[direction] += len(data)
        for told in self.on_news:
            told()

    def net(self, event: str, label: Label | None, detail: bytes | str) -> None:
        super().net(event, label, detail)
        if isinstance(detail, bytes):
            self.passed[event] = self.passed.get(event, 0) + len(detail)
        elif event in self.happened:
            self.happened[event] += 1
        elif event == "fault":
            self.fired[detail.partition(" ")[0]] += 1
        for told in self.on_news:
            told()

    def since(self, seq: int, most: int | None = None) -> list[Entry]:
        """Return the entries from seq on, or from the first that is there, as they are now: the first most of them."""
        start = max(seq, self.first)
        return [Entry(number, _kind(told), told) for number, told in enumerate(self.lines(start, most), start)]


def _kind(told: TracedLine) -> str:
    if told.source == "dte":
        return "command" if told.is_command else "data"
    return "prompt" if told.kind == ANSWER and told.data.rstrip() == b">" else told.kind
