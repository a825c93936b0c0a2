"""What a module and its DTE said to each other, for a test to look at and to wait for."""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import overload

from onemo.dialogue.lines import ANSWER, Lines, Told, crossed
from onemo.profile.index import Label
from onemo.wire.transmitter import Kind

_KEPT = 1 << 24
"""Bytes that are remembered of each kind; what is older is forgotten."""
_UNREAD = 1 << 18
"""Bytes that may wait to be taken apart into lines."""
_TAIL = 40


class Dialogue:
    """The lines of a dialogue, in order: what the DTE typed, what the module answered, what the network did.

    A ``Trace`` that the module writes, a sequence that any thread may read. As text, a line is ``> AT`` of the DTE,
    ``< OK`` of the module or ``* connection 0: …`` of the network, and ``str`` of it all is one text. A line that has
    not ended is in that text alone. latest: when something was said last, by the clock.

    settle: called before anything is read; what the module has said until then is written when it returns. For the
    module writes what it says a moment after it said it.
    """

    def __init__(self, settle: Callable[[], None] = lambda: None, clock: Callable[[], float] = time.monotonic) -> None:
        self._settle = settle
        self._clock = clock
        self._start = self.latest = clock()
        self._news = threading.Condition()
        self._unread: list[tuple[float, bytes, Kind | None]] = []
        self._unread_size = 0
        self.clear()

    def clear(self) -> None:
        """Forget all of it."""
        with self._news:
            self._unread.clear()
            self._lines = Lines()
            self._told: deque[Told] = deque()
            self._size = self._forgotten = self._passed = 0
            self._line = {">": bytearray(), "<": bytearray()}

    # What is written, in the module's thread.

    def line(self, direction: str, data: bytes, kind: Kind | None = None) -> None:
        """See Trace."""
        with self._news:
            self.latest = self._clock()
            self._unread.append((self.latest - self._start, data, kind))
            self._unread_size += len(data)
            if self._unread_size > _UNREAD:
                self._take_up()
            self._news.notify_all()

    def net(self, event: str, label: Label | None, detail: bytes | str) -> None:
        """See Trace."""
        with self._news:
            self.latest = self._clock()
            self._take_up()
            self._keep(crossed(event, label, detail, self.latest - self._start))
            self._news.notify_all()

    # What a test reads.

    @property
    def sent(self) -> bytes:
        """Every byte that the DTE sent."""
        return self._bytes(">")

    @property
    def received(self) -> bytes:
        """Every byte that the module sent to it."""
        return self._bytes("<")

    @property
    def commands(self) -> list[str]:
        """The command lines that the DTE typed."""
        return [told.text for told in self if told.is_command]

    @property
    def answers(self) -> list[str]:
        """What the module said to commands, without their echo."""
        return [told.text for told in self if told.kind == ANSWER]

    @property
    def urcs(self) -> list[str]:
        """What it said unasked."""
        return [told.text for told in self if told.kind == Kind.URC.value]

    @property
    def events(self) -> list[str]:
        """What happened on the network."""
        return [told.text for told in self if told.source == "network"]

    def wait_for(self, pattern: str, timeout: float = 5.0) -> Told:
        """The next line in which this regular expression is found: ``"< OK"``, ``r"> AT\\+MIPOPEN"``.

        What has come already counts, but each call goes on behind the line that the last one found. timeout: seconds.
        Raises TimeoutError, which shows the end of the dialogue.
        """
        __tracebackhide__ = True
        wanted = re.compile(pattern)
        until = time.monotonic() + timeout
        with self._up_to_date():
            looked = 0
            while True:
                self._take_up()
                for number in range(max(self._passed, looked, self._forgotten) - self._forgotten, len(self._told)):
                    if wanted.search(str(self._told[number])):
                        self._passed = self._forgotten + number + 1
                        return self._told[number]
                looked = self._forgotten + len(self._told)
                if not self._news.wait(until - time.monotonic()) and not self._unread:
                    break
        raise TimeoutError(f"no line like {pattern!r} within {timeout:g} s of\n{self.tail(10)}")

    def tail(self, count: int = _TAIL) -> str:
        """The last count lines as text, for a reader."""
        lines, forgotten = self._as_text()
        left_out = forgotten + len(lines) - count
        above = [f"... {left_out} lines before"] if left_out > 0 else []
        return "\n".join([*above, *lines[-count:]]) or "(nothing was said)"

    def __str__(self) -> str:
        return "\n".join(self._as_text()[0])

    def __repr__(self) -> str:
        lines = list(self)
        return f"<dialogue of {len(lines)} lines{f', the last {str(lines[-1])!r}' if lines else ''}>"

    def __len__(self) -> int:
        return len(self._now())

    @overload
    def __getitem__(self, index: int) -> Told: ...
    @overload
    def __getitem__(self, index: slice) -> list[Told]: ...
    def __getitem__(self, index: int | slice) -> Told | list[Told]:
        return self._now()[index]

    def __iter__(self) -> Iterator[Told]:
        return iter(self._now())

    def __contains__(self, line: object) -> bool:
        """A line, or part of one as text."""
        return any(line in str(told) for told in self) if isinstance(line, str) else line in self._now()

    # Inside.

    @contextmanager
    def _up_to_date(self) -> Iterator[None]:
        self._settle()
        with self._news:
            self._take_up()
            yield

    def _now(self) -> list[Told]:
        with self._up_to_date():
            return list(self._told)

    def _as_text(self) -> tuple[list[str], int]:
        """Each line, with those that have not ended, and how many came before."""
        with self._up_to_date():
            return [*map(str, self._told), *map(str, self._lines.begun(0.0))], self._forgotten

    def _bytes(self, direction: str) -> bytes:
        with self._up_to_date():
            return bytes(self._line[direction])

    def _take_up(self) -> None:
        """Make lines of what has come."""
        for at, data, kind in self._unread:
            told_now = self._lines.sent(data, at) if kind is None else self._lines.received(data, at, kind.value)
            for told in told_now:
                self._keep(told)
            kept = self._line[">" if kind is None else "<"]
            kept += data
            if len(kept) > 2 * _KEPT:
                del kept[:-_KEPT]
        self._unread.clear()
        self._unread_size = 0

    def _keep(self, told: Told) -> None:
        self._told.append(told)
        self._size += len(told.data)
        while self._size > _KEPT:
            self._size -= len(self._told.popleft().data)
            self._forgotten += 1
