"""The traffic on the line and the network: as JSON lines, live for a reader, and the last of it for a bug report."""

from __future__ import annotations

import logging
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

from onemo.errors import LinkError
from onemo.profile.index import Label
from onemo.runtime.files import open_own
from onemo.runtime.sink import Sink
from onemo.wire.transmitter import Kind

_log = logging.getLogger("onemo")
_RECENT = 24
_KEPT = 200


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


class LineWriter(Protocol):
    """A writer of lines, such as a text file."""

    def write(self, line: str, /) -> object:
        """Take a line, with its end."""
        ...

    def flush(self) -> object:
        """Have what was written leave."""
        ...


class JsonLines:
    """A trace as JSON lines, one object a crossing: ``time`` (seconds since the start), ``from``, ``to`` and ``data``.

    The module's words to the DTE have their ``kind``: answer, echo, urc, or data in transparent mode; those of
    another line than the first have the number of its ``console``. Bytes are written as Latin-1 text, one character a
    byte, so that ``.encode("latin-1")`` gives them back.
    """

    def __init__(self, stream: LineWriter, clock: Callable[[], float]) -> None:
        self._stream = stream
        self._clock = clock
        self._start = clock()
        from json import dumps  # not at start: most modules are not traced

        self._dumps = dumps

    def line(self, direction: str, data: bytes, kind: Kind | None = None, console: int = 0) -> None:
        source, target = ("dte", "module") if direction == ">" else ("module", "dte")
        of: dict[str, object] = {} if kind is None else {"kind": kind.value}
        if console:
            of["console"] = console
        self._write({"from": source, "to": target, **of, "data": data.decode("latin-1")})

    def net(self, event: str, label: Label | None, detail: bytes | str) -> None:
        of = {} if label is None else {label.index_name: label.number}
        if isinstance(detail, bytes):
            source, target = ("network", "module") if event == "received" else ("module", "network")
            self._write({"from": source, "to": target, **of, "data": detail.decode("latin-1")})
        else:
            self._write({"event": event, **of, "detail": detail})

    def note(self, dropped: int) -> str:
        """Return the entry that stands for lines that were dropped, as nobody read them."""
        return self._text({"event": "dropped", "detail": f"{dropped} lines that nobody read"})

    def _text(self, entry: dict[str, object]) -> str:
        return self._dumps({"time": round(self._clock() - self._start, 6), **entry}) + "\n"

    def _write(self, entry: dict[str, object]) -> None:
        self._stream.write(self._text(entry))
        self._stream.flush()


@contextmanager
def trace_file(file: Path) -> Iterator[JsonLines]:
    """Open the trace of a module in a file. Raises LinkError: a named pipe that nobody reads is none, too."""
    try:
        descriptor = open_own(file, os.O_TRUNC | os.O_NONBLOCK)
    except OSError as error:
        raise LinkError(f"cannot write the trace {file}: {error.strerror}; name a file that can be written") from error
    with closing(Sink(descriptor, f"the trace {file}", lambda dropped: lines.note(dropped))) as sink:
        lines = JsonLines(sink, time.monotonic)
        yield lines


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


class FailsafeTrace:
    """A trace that tells another until that fails (its disk is full, its reader gone); the module goes on."""

    def __init__(self, trace: Trace) -> None:
        self._trace: Trace | None = trace

    def line(self, direction: str, data: bytes, kind: Kind | None = None, console: int = 0) -> None:
        self._tell(lambda trace: trace.line(direction, data, kind, console))

    def net(self, event: str, label: Label | None, detail: bytes | str) -> None:
        self._tell(lambda trace: trace.net(event, label, detail))

    def _tell(self, tell: Callable[[Trace], None]) -> None:
        if self._trace is None:
            return
        try:
            tell(self._trace)
        except OSError as error:
            self._trace = None
            _log.warning("the trace cannot be written any more: %s; the module goes on without it", error.strerror)


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
