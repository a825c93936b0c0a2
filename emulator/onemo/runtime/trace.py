"""The traffic on the line and the network: as JSON lines, live for a reader, and the last of it for a bug report."""

from __future__ import annotations

import logging
import os
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Protocol

import trio

from onemo.errors import LinkError
from onemo.profile.index import PART, Label
from onemo.runtime.files import open_own
from onemo.runtime.sink import Sink
from onemo.wire.transmitter import Kind

_log = logging.getLogger("onemo")
_RECENT = 24
_KEPT = 200
_DELAY = 0.1
"""Seconds for which crossings are put aside: a killed process loses those."""
_MOST = 1 << 13
_EACH = 64
"""Bytes that are put aside at most, of which a crossing takes so many beside its data."""
_ENDS = {
    ">": '"from": "dte", "to": "module"',
    "<": '"from": "module", "to": "dte"',
    "received": '"from": "network", "to": "module"',
    "sent": '"from": "module", "to": "network"',
}
"""Both ends of what crosses with bytes, as JSON."""


class Trace(Protocol):
    """A listener that is told of every crossing.

    direction: ``>`` from the DTE, ``<`` to it; kind: of what the module says; console: the number of the AT line, 0 the
    first.
    """

    def line(self, direction: str, data: bytes, kind: Kind | None = None, console: int = 0) -> None:
        """Take what crossed a line to the DTE."""
        ...

    def net(self, event: str, label: Label | None, detail: bytes | str) -> None:
        """Take what happened on the network.

        label: of the connection, None for what belongs to none: names, pings, the time.
        """
        ...


Crossing = tuple[float, str, bytes | str, Kind | None, int, Label | None]
"""A crossing as a ``Trace`` is told of it.

Its time by ``time.monotonic``; ``>``, ``<`` or the network's event; the bytes or the detail; their kind, the console,
the label.
"""


class WrittenTrace(ABC):
    """A trace that writes, best many crossings at once. clock: gives the time of those that it is told one by one."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock

    def line(self, direction: str, data: bytes, kind: Kind | None = None, console: int = 0) -> None:
        self.tell(((self._clock(), direction, data, kind, console, None),))

    def net(self, event: str, label: Label | None, detail: bytes | str) -> None:
        self.tell(((self._clock(), event, detail, None, 0, label),))

    @abstractmethod
    def tell(self, crossings: Iterable[Crossing]) -> None:
        """Write them. Raises OSError."""


class LineWriter(Protocol):
    """A writer of lines, such as a text file."""

    def write(self, lines: str, /) -> object:
        """Take lines, each with its end."""
        ...


class JsonLines(WrittenTrace):
    """A trace as JSON lines, one object a crossing: ``time`` (seconds since the start), ``from``, ``to`` and ``data``.

    The module's words to the DTE have their ``kind``: answer, echo, urc, or data in transparent mode; those of
    another line than the first have the number of its ``console``. Bytes are written as Latin-1 text, one character a
    byte, so that ``.encode("latin-1")`` gives them back.
    """

    def __init__(self, stream: LineWriter, clock: Callable[[], float]) -> None:
        super().__init__(clock)
        self._stream = stream
        self._start = clock()
        from json import JSONEncoder  # not at start: most modules are not traced

        self._quoted = JSONEncoder().encode

    def tell(self, crossings: Iterable[Crossing]) -> None:
        self._stream.write("".join(map(self.text, crossings)))

    def note(self, dropped: int) -> str:
        """Return the entry that stands for lines that were dropped, as nobody read them."""
        return self.text((self._clock(), "dropped", f"{dropped} lines that nobody read", None, 0, None))

    def text(self, crossing: Crossing) -> str:
        """Return the line of a crossing, with its end."""
        at, what, data, kind, console, label = crossing
        of = "" if label is None else f', "{label.index_name}": {label.number}'
        if label is not None and label.of.part:
            of += f', "{PART}": "{label.of.part}"'
        if isinstance(data, str):
            shown = f'"event": {self._quoted(what)}{of}, "detail": {self._quoted(data)}'
        else:
            if kind is not None:
                of += f', "kind": "{kind.value}"'
            if console:
                of += f', "console": {console}'
            shown = f'{_ENDS[what]}{of}, "data": {self._quoted(data.decode("latin-1"))}'
        return f'{{"time": {at - self._start:.6f}, {shown}}}\n'


@contextmanager
def trace_file(file: Path) -> Iterator[JsonLines]:
    """Open the trace of a module in a file. Raises LinkError: a named pipe that nobody reads is none, too."""
    try:
        descriptor = open_own(file, os.O_TRUNC | os.O_APPEND | os.O_NONBLOCK)
    except OSError as error:
        raise LinkError(f"cannot write the trace {file}: {error.strerror}; name a file that can be written") from error
    with closing(Sink(descriptor, f"the trace {file}", lambda dropped: lines.note(dropped))) as sink:
        lines = JsonLines(sink, time.monotonic)
        yield lines


class Batch:
    """The crossings that written traces are to be told of: together, for to write costs more than an answer.

    It is told 0.1 s after the first of them, at some hundred or 8 KB, and by ``flush``, in the order in which all
    crossed. A trace that fails (its disk is full, its reader gone) is left out from then on, and that is logged.
    """

    def __init__(self) -> None:
        self._aside: list[tuple[list[WrittenTrace], Crossing]] = []
        self._size = 0
        self._waits = False

    def put_aside(self, traces: list[WrittenTrace], crossing: Crossing) -> None:
        """Keep a crossing for these traces, until it is time."""
        self._aside.append((traces, crossing))
        self._size += _EACH + len(crossing[2])
        if self._size >= _MOST:
            self.flush()
        elif not self._waits and trio.lowlevel.in_trio_run():
            self._waits = True
            trio.lowlevel.spawn_system_task(self._flush_later)

    def flush(self) -> None:
        """Tell the traces of what was put aside."""
        aside, self._aside, self._size = self._aside, [], 0
        for traces, group in groupby(aside, itemgetter(0)):
            crossings = [crossing for _, crossing in group]
            for trace in tuple(traces):
                try:
                    trace.tell(crossings)
                except Exception as error:
                    traces.remove(trace)
                    _log_failure(error)

    async def _flush_later(self) -> None:
        try:
            await trio.sleep(_DELAY)
        finally:
            self._waits = False
        self.flush()


def _log_failure(error: Exception) -> None:
    if isinstance(error, OSError):
        name = error.filename or "the trace"
        _log.warning("%s cannot be written any more: %s; the module goes on without it", name, error.strerror)
    else:
        _log.critical("a bug in the emulator: a trace that goes on no more", exc_info=error)


class BatchedTrace:
    """The written traces of one module, told by a batch."""

    def __init__(self, batch: Batch, traces: Iterable[WrittenTrace]) -> None:
        self._put_aside = batch.put_aside
        self._traces = list(traces)

    def line(self, direction: str, data: bytes, kind: Kind | None = None, console: int = 0) -> None:
        self._put_aside(self._traces, (time.monotonic(), direction, data, kind, console, None))

    def net(self, event: str, label: Label | None, detail: bytes | str) -> None:
        self._put_aside(self._traces, (time.monotonic(), event, detail, None, 0, label))


class TeeTrace:
    """A trace that tells several."""

    def __init__(self, traces: Sequence[Trace]) -> None:
        self._traces = traces

    def line(self, direction: str, data: bytes, kind: Kind | None = None, console: int = 0) -> None:
        for trace in self._traces:
            trace.line(direction, data, kind, console)

    def net(self, event: str, label: Label | None, detail: bytes | str) -> None:
        for trace in self._traces:
            trace.net(event, label, detail)


class Recent:
    """The last lines of traffic, to be logged with a bug."""

    def __init__(self) -> None:
        self._lines: deque[tuple[str, bytes | memoryview]] = deque(maxlen=_RECENT)

    def line(self, direction: str, data: bytes | memoryview) -> None:
        """Remember what crossed the line, up to its first bytes."""
        self._lines.append((direction, data if len(data) <= _KEPT else bytes(data[:_KEPT])))

    def report(self, error: BaseException) -> None:
        """Log an exception that nothing declares."""
        traffic = "\n".join(f"  {direction} {bytes(data)!r}" for direction, data in self._lines)
        _log.critical("a bug in the emulator; the last traffic was:\n%s", traffic, exc_info=error)
