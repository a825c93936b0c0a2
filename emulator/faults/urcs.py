"""Faults of URCs: a transmitter that drops, delays, spoils and places them.

Pure: its clock is handed in. It takes the place of a modem's transmitter while such a fault is armed.
"""

from __future__ import annotations

import heapq
import math
import re
from collections import deque
from collections.abc import Callable, Collection, Iterator
from itertools import count
from typing import NamedTuple

from emulator.faults.kinds import Layer
from emulator.faults.plan import Armed, Chooser, Occasion
from emulator.modem.modem import Modem
from emulator.wire.transmitter import Kind, Transmitter

_MOST_PLACED = 64
"""URCs that wait for their point at most; more come as they always do."""
_ID = re.compile(rb'\+(?:MIPURC: "[a-z]+",|MIP[A-Z]+: )(\d+)')


class Piece(NamedTuple):
    """A URC with its line ends. split: it leaves in two parts, the first of so many bytes (0: in one), the second gap
    seconds later."""

    data: bytes
    split: int = 0
    gap: float = 0.0

    def parts(self) -> Iterator[bytes]:
        """What to hand to the line, in order."""
        if 0 < self.split < len(self.data):
            yield self.data[: self.split]
            yield Pause(self.gap)
            yield self.data[self.split :]
        else:
            yield self.data


class Pause(bytes):
    """No bytes, but a silence of gap seconds among them."""

    gap: float

    def __new__(cls, gap: float) -> Pause:
        pause = super().__new__(cls)
        pause.gap = gap
        return pause


def _of(ended: Collection[Armed], why: list[Armed]) -> bool:
    return any(armed is gone for gone in ended for armed in why)


class FaultyTransmitter(Transmitter):
    """A modem's transmitter with faults. clock: the time now, in seconds."""

    def __init__(self, modem: Modem, faults: Chooser, clock: Callable[[], float]) -> None:
        vars(self).update(vars(modem.transmitter))
        self._modem = modem
        self._faults = faults
        self._clock = clock
        self._late: list[tuple[float, int, Piece, list[Armed]]] = []
        self._order = count()
        self._placed: dict[str, deque[tuple[float, Piece, list[Armed]]]] = {}
        self._answering = False
        self._silent_until = -math.inf

    @property
    def idle(self) -> bool:
        """Whether nothing is kept here that another transmitter would not know of."""
        return not (self._late or any(self._placed.values()) or any(isinstance(p, Pause) for p in self._out))

    def plain(self) -> Transmitter:
        """The transmitter that goes on without faults. To be asked when idle."""
        plain = Transmitter.__new__(Transmitter)
        own = ("_modem", "_faults", "_clock", "_late", "_order", "_placed", "_answering", "_silent_until")
        vars(plain).update({name: value for name, value in vars(self).items() if name not in own})
        return plain

    def let_go(self, ended: Collection[Armed]) -> None:
        """Faults are gone: what was late for their sake, or waits for its point, comes as URCs do."""
        held = sorted(self._late)
        self._late = [entry for entry in held if not _of(ended, entry[3])]
        for _, _, piece, why in held:
            if _of(ended, why):
                self._queue(piece)
        for point, waiting in self._placed.items():
            self._placed[point] = deque(entry for entry in waiting if not _of(ended, entry[2]))
            for _, piece, why in waiting:
                if _of(ended, why):
                    self._queue(piece)

    # URCs on their way in.

    def urc(self, data: bytes, *, droppable: bool = False) -> bool:
        """See Transmitter; what faults take away counts as kept."""
        fired = self._faults.chosen(Layer.URC, self._occasion(data))
        if not fired:
            return super().urc(data, droppable=droppable)
        point, wait = "", math.inf
        pieces = [(0.0, Piece(data))]
        for armed in fired:
            name, fault = armed.fault.kind.name, armed.fault
            if name == "urc-drop":
                pieces = []
            elif name == "urc-delay":
                late = armed.seconds()
                pieces = [(due + late, piece) for due, piece in pieces]
            elif name == "urc-duplicate":
                gap, copies = fault.number("gap"), range(fault.whole("count") + 1)
                pieces = [(due + n * gap, piece) for n in copies for due, piece in pieces]
            elif name == "urc-place":
                point, wait = fault.text("at"), fault.number("wait") if "wait" in fault.values else math.inf
                pieces = [(due, self._split(piece, armed)) for due, piece in pieces]
            elif name == "urc-split":
                pieces = [(due, self._split(piece, armed)) for due, piece in pieces]
            else:
                pieces = [(due, piece._replace(data=self._spoilt(piece.data, armed))) for due, piece in pieces]
        for due, piece in pieces:
            if due:
                heapq.heappush(self._late, (self._clock() + due, next(self._order), piece, fired))
            elif point:
                self.place(point, piece, wait, fired)
            else:
                self._queue(piece)
        return True

    def place(self, point: str, piece: Piece, wait: float, why: list[Armed]) -> None:
        """Let a URC leave at a point of the line's traffic; after wait seconds, or when one of those faults is gone, it
        leaves all the same."""
        if sum(map(len, self._placed.values())) >= _MOST_PLACED:
            self._queue(piece)
        else:
            self._placed.setdefault(point, deque()).append((self._clock() + wait, piece, why))

    def _occasion(self, data: bytes) -> Occasion:
        found = _ID.search(data)
        line = data.strip(self._modem.format.cr + self._modem.format.lf)
        return Occasion(urc=line.decode("latin-1"), connect_id=int(found[1]) if found else None, data=line)

    @staticmethod
    def _split(piece: Piece, armed: Armed) -> Piece:
        return piece._replace(split=armed.fault.whole("split"), gap=armed.fault.number("gap"))

    def _queue(self, piece: Piece) -> None:
        for part in piece.parts():
            if part or isinstance(part, Pause):
                self._urcs.append(part)
                self._urc_size += len(part)

    def _spoilt(self, data: bytes, armed: Armed) -> bytes:
        fault, form = armed.fault, self._modem.format
        found = _ID.search(data)
        eol = form.cr + form.lf
        if fault.kind.name == "urc-cut":
            return data[: fault.whole("size")]
        if fault.kind.name == "urc-replace":
            return form.notice(fault.data("text").replace(b"{id}", found[1] if found else b"0"))
        if fault.kind.name == "urc-wrong-id":
            if found is None:
                return data
            wrong = fault.whole("id") if "id" in fault.values else int(found[1]) + 1
            return data[: found.start(1)] + b"%d" % wrong + data[found.end(1) :]
        match fault.text("how"):
            case "no-end":
                return data.removesuffix(eol)
            case "no-start":
                return data.removeprefix(eol)
            case "no-quote":
                return data.replace(b'"', b"", 1)
            case "no-colon":
                return data.replace(b": ", b" ", 1)
            case "extra-field":
                return data.removesuffix(eol) + b",0" + eol
        return data.lower()

    # Points of the line's traffic.

    def write(self, data: bytes | memoryview, kind: Kind = Kind.ANSWER) -> None:
        """See Transmitter; the points before an answer and inside the > entry."""
        if data and not self._modem.online and not self._answering:
            self._answering = True
            self._leave("before-answer")
        super().write(data, kind)
        if data == self._modem.format.prompt():
            self._leave("prompt")

    def final(self, data: bytes, now: float) -> None:
        """See Transmitter; the points before the final result code and glued to it."""
        if not data:
            super().final(data, now)
            self._answering = False
            return
        if not self._answering:
            self._leave("before-answer")
        self._leave("before-final")
        self._answering = True
        super().final(data, now)
        self._answering = False
        self._leave("glued")

    def echo(self, data: bytes, now: float, *, partial: bool) -> None:
        """See Transmitter; the point in the middle of the echo."""
        before, self._answering = self._answering, True
        middle = (len(data) + 1) // 2
        if self._placed.get("echo") and (partial or middle < len(data)):
            super().echo(data[:middle], now, partial=True)
            self._leave("echo")
            data = data[middle:]
        super().echo(data, now, partial=partial)
        self._answering = before

    def _leave(self, point: str) -> None:
        """Whatever waits for the point goes out, whether URCs are held or not."""
        waiting = self._placed.get(point)
        while waiting:
            for part in waiting.popleft()[1].parts():
                self._out.append(part)
                if part:
                    self._grow(Kind.URC, len(part))

    # Out.

    def release(self, now: float) -> None:
        """See Transmitter; what is late, or has waited long enough for its point, comes first."""
        while self._late and self._late[0][0] <= now:
            self._queue(heapq.heappop(self._late)[2])
        for waiting in self._placed.values():
            while waiting and waiting[0][0] <= now:
                self._queue(waiting.popleft()[1])
        super().release(now)

    def restart(self) -> None:
        """See Transmitter."""
        super().restart()
        self._late.clear()
        self._placed.clear()
        self._answering = False

    @property
    def deadline(self) -> float:
        """See Transmitter."""
        late = self._late[0][0] if self._late else math.inf
        waiting = min((queue[0][0] for queue in self._placed.values() if queue), default=math.inf)
        silent = self._silent_until if self._out and isinstance(self._out[0], Pause) else math.inf
        return min(super().deadline, late, waiting, silent)

    def peek(self) -> bytes | memoryview:
        """See Transmitter; empty during a silence."""
        out = self._out
        while out and isinstance(pause := out[0], Pause):
            now = self._clock()
            if self._silent_until == -math.inf:
                self._silent_until = now + pause.gap
            if now < self._silent_until:
                return b""
            self._silent_until = -math.inf
            out.popleft()
        if any(isinstance(part, Pause) for part in out):
            return out[0]
        return super().peek()
