"""The dialogue of a module and its DTE, for a test to look at and to wait for."""

from __future__ import annotations

import re
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple, overload

from onemo.dialogue.history import History
from onemo.dialogue.lines import ANSWER, PAYLOAD, TracedLine
from onemo.dialogue.pattern import occurs
from onemo.profile.index import CONNECT_ID, Label
from onemo.wire.transmitter import Kind

_MOST = 1 << 25
_TAIL = 40
_BEGINNINGS = ("opened", "accepted")
"""The events with which a connection begins."""
_EACH = 300
"""Bytes that a connection takes beside its data."""
_EXPRESSION = frozenset("\\^$[(|")
"""Characters of regular expressions that texts hardly have."""


class SeenConnection(NamedTuple):
    """What a dialogue tells of a connection.

    name: as in the trace, ``connection 0``. number: its connect_id, httpid or the like. peer: ``127.0.0.1:9000``, with
    what the trace says behind it; "" where its opening is forgotten. sent: the payload to the peer; received: the
    peer's that was delivered to the DTE, in a URC, read from a buffer or in transparent mode; both in TLS the plain
    text. Of HTTP, MQTT and other clients inside the module both are what crossed the network, with secrets masked.
    """

    name: str
    number: int
    peer: str = ""
    sent: bytes = b""
    received: bytes = b""
    closed: bool = False


class Dialogue:
    """The lines of a dialogue, in order: what the DTE typed, what the module answered, what the network did.

    A ``Trace`` that the module writes, a sequence that any thread may read. As text, a line is ``> AT`` of the DTE,
    ``< OK`` of the module or ``* connection 0: …`` of the network, and ``str`` of it all is one text. A line that has
    not ended is in that text alone. What crosses another AT line than the first has its number: ``1> AT``.

    settle: called before anything is read; what the module has said until then is written when it returns. For the
    module writes what it says a moment after it said it. most: the bytes that are remembered of the lines, and of what
    crossed each way; what is older is forgotten.
    """

    def __init__(self, settle: Callable[[], None] = lambda: None, most: int = _MOST) -> None:
        self._settle = settle
        self._news = threading.Condition()
        self._history = History(time.monotonic, most)
        self._most = most
        self._begin()

    def clear(self) -> None:
        """Forget all of it."""
        with self._up_to_date():
            self._history.clear()
            self._begin()

    def _begin(self) -> None:
        self._passed = 1  # the line that wait_for goes on with
        self._line = {">": bytearray(), "<": bytearray()}
        self._delivered: deque[tuple[Label, bytearray]] = deque()  # of each socket's connection
        self._size = 0  # of those

    # What is written, in the module's thread.

    def line(self, direction: str, data: bytes, kind: Kind | None = None, console: int = 0) -> None:
        """Take what crossed a line: ``>`` from the DTE, ``<`` to it."""
        with self._news:
            self._history.line(direction, data, kind, console)
            if not console:
                kept = self._line[direction]
                kept += data
                if len(kept) > self._most:
                    del kept[: -self._most]
            self._news.notify_all()

    def net(self, event: str, label: Label | None, detail: bytes | str) -> None:
        """Take what happened on the network; bytes are payload."""
        with self._news:
            self._history.net(event, label, detail)
            if label is not None and event in _BEGINNINGS:
                self._deliver(label, b"", anew=True)
            self._news.notify_all()

    def delivered(self, label: Label, data: bytes) -> None:
        """Take what of a socket's peer was delivered to the DTE: a ``DeliveryWatch``."""
        with self._news:
            self._deliver(label, data)

    # What a test reads.

    @property
    def latest(self) -> float:
        """When something was said last, by ``time.monotonic``."""
        return self._history.latest

    @property
    def sent(self) -> bytes:
        """Every byte that the DTE sent on the first line."""
        return self._bytes(">")

    @property
    def received(self) -> bytes:
        """Every byte that the module sent to it there."""
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

    def wait_for(self, pattern: str | re.Pattern[str], timeout: float = 5.0) -> TracedLine:
        """Return the next line in which this is found: ``"< OK"``, ``"> AT+MIPOPEN*example"``.

        pattern: a text, found as it stands, in which ``*`` stands for anything; or a regular expression, compiled.
        What has come already counts, but each call goes on behind the line that the last one found. timeout: seconds.
        Raises TimeoutError, which shows the end of the dialogue; TypeError for what is no pattern.
        """
        __tracebackhide__ = True
        finds = _finding(pattern)
        if (told := self._next(lambda told: finds(str(told)), timeout)) is not None:
            return told
        looked = pattern if isinstance(pattern, str) else pattern.pattern
        mistaken = looked is pattern and _EXPRESSION & set(looked)
        hint = " (plain text; re.compile(...) makes a regular expression)" if mistaken else ""
        raise TimeoutError(f"no line like {looked!r}{hint} within {timeout:g} s of\n{self.tail(10)}")

    def expect(self, command: str, timeout: float = 5.0) -> TracedLine:
        """Return the next command of the DTE that is this one, as a whole: ``"AT+MIPOPEN=*"``.

        command: as it is typed, in which ``*`` stands for anything. It goes on behind the line that the last ``expect``
        or ``wait_for`` found. timeout: seconds. Raises AssertionError, which shows the end of the dialogue; TypeError.
        """
        __tracebackhide__ = True
        if not isinstance(command, str):
            raise TypeError(f"{command!r} is no command: give a text, like 'AT+MIPOPEN=*'")
        whole = f"\n{command}\n"
        told = self._next(lambda told: told.is_command and occurs(whole, f"\n{told.text}\n"), timeout)
        if told is None:
            raise AssertionError(f"no command {command!r} within {timeout:g} s of\n{self.tail(10)}")
        return told

    @property
    def connections(self) -> list[SeenConnection]:
        """The connections of the module in the order in which they opened, with what crossed them until now."""
        seen: list[SeenConnection] = []
        labels: list[Label] = []
        pieces: list[dict[str, bytearray]] = []
        at: dict[Label, int] = {}
        delivered: dict[Label, list[bytes]] = defaultdict(list)
        with self._up_to_date():
            lines = self._history.lines()
            for socket, kept in self._delivered:
                delivered[socket].append(bytes(kept))
        for told in lines:
            if (label := told.label) is None:
                continue
            event = told.event.partition(" ")[0]
            if event in _BEGINNINGS or (told.kind == PAYLOAD and label not in at):
                at[label] = len(seen)
                peer = told.data.decode() if event in _BEGINNINGS else ""
                seen.append(SeenConnection(str(label), label.number, peer))
                labels.append(label)
                pieces.append({"sent": bytearray(), "received": bytearray()})
            if told.kind == PAYLOAD and event in pieces[at[label]]:
                pieces[at[label]][event] += told.data
            elif event == "closed" and label in at:
                ended = at.pop(label)
                seen[ended] = seen[ended]._replace(closed=True)
        for of, piece in zip(reversed(labels), reversed(pieces), strict=True):  # the newest are remembered
            if of.index_name == CONNECT_ID:
                piece["received"][:] = delivered[of].pop() if delivered[of] else b""
        return [
            each._replace(sent=bytes(piece["sent"]), received=bytes(piece["received"]))
            for each, piece in zip(seen, pieces, strict=True)
        ]

    def timed(self) -> str:
        """Return all of it as text, each line behind its second."""
        with self._up_to_date():
            lines, begun = self._history.lines(), self._history.begun()
        return "".join(f"{told.time:10.3f} {told}\n" for told in lines) + "".join(f"{'':10} {told}\n" for told in begun)

    def tail(self, count: int = _TAIL) -> str:
        """Return the last count lines as text, for a reader."""
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
    def __getitem__(self, index: int) -> TracedLine: ...
    @overload
    def __getitem__(self, index: slice) -> list[TracedLine]: ...
    def __getitem__(self, index: int | slice) -> TracedLine | list[TracedLine]:
        return self._now()[index]

    def __iter__(self) -> Iterator[TracedLine]:
        return iter(self._now())

    def __contains__(self, line: object) -> bool:
        """Tell whether a line is there; of a pattern as of ``wait_for``, whether that is found in one.

        Raises TypeError for anything else.
        """
        return line in self._now() if isinstance(line, TracedLine) else any(map(_finding(line), map(str, self)))

    # Inside.

    def _deliver(self, label: Label, data: bytes, *, anew: bool = False) -> None:
        """Add to what was delivered of a label's connection, the newest one or a new one; forget what is old."""
        kept = None if anew else next((kept for of, kept in reversed(self._delivered) if of == label), None)
        if kept is None:
            kept = bytearray()
            self._delivered.append((label, kept))
            self._size += _EACH
        kept += data
        self._size += len(data)
        while self._size > self._most and len(self._delivered) > 1:
            self._size -= _EACH + len(self._delivered.popleft()[1])
        if self._size > self._most:
            over = self._size - self._most
            self._size -= min(over, len(self._delivered[0][1]))
            del self._delivered[0][1][:over]

    def _next(self, tells: Callable[[TracedLine], object], timeout: float) -> TracedLine | None:
        """Wait for the next line of which that tells; None: the time is over."""
        until = time.monotonic() + timeout
        with self._up_to_date():
            number = self._passed
            while True:
                number = max(number, self._history.first)
                for told in self._history.lines(number):
                    number += 1
                    if tells(told):
                        self._passed = number
                        return told
                left = until - time.monotonic()
                if left <= 0:
                    return None
                self._news.wait(left)

    @contextmanager
    def _up_to_date(self) -> Iterator[None]:
        self._settle()
        with self._news:
            yield

    def _now(self) -> list[TracedLine]:
        with self._up_to_date():
            return self._history.lines()

    def _as_text(self) -> tuple[list[str], int]:
        """Each line, with those that have not ended, and how many came before."""
        with self._up_to_date():
            history = self._history
            return [*map(str, history.lines()), *map(str, history.begun())], history.first - 1

    def _bytes(self, direction: str) -> bytes:
        with self._up_to_date():
            return bytes(self._line[direction])


def _finding(pattern: object) -> Callable[[str], object]:
    """Return what tells whether a pattern is found in a line. Raises TypeError."""
    if isinstance(pattern, str):
        return partial(occurs, pattern)
    if isinstance(pattern, re.Pattern) and isinstance(pattern.pattern, str):
        return pattern.search
    raise TypeError(f"{pattern!r} is no pattern: give a text, or re.compile(...) of a text")
