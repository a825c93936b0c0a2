"""Faults of URCs: a transmitter that drops, delays, spoils and places them.

Pure: its clock is handed in. It takes the place of a modem's transmitter while such a fault is armed.
"""

from __future__ import annotations

import math
from bisect import insort
from collections import deque
from collections.abc import Callable, Collection

from onemo.faults.kind import Layer
from onemo.faults.plan import ArmedFault, FaultChooser, Occasion
from onemo.faults.seams.pieces import Pause, Piece, Waiting, find_id, hasten, size_of, spoilt
from onemo.modem.console import Console
from onemo.modem.modem import Modem
from onemo.profile.index import CONNECT_ID, Label
from onemo.wire.transmitter import Kind, Transmitter

_SMALL = 4096
"""Pieces up to it leave together, as far as no silence is between them."""
_MOMENT = 0.5
"""Seconds before a time-out that count as the last moment."""


class FaultyTransmitter(Transmitter):
    """A console's transmitter with faults. clock: the time now, in seconds; tidy: told when it keeps nothing any more.

    Waiting URCs are bounded like those that are held: above that mark nothing more is made to wait.
    """

    def __init__(
        self,
        modem: Modem,
        console: Console,
        faults: FaultChooser,
        clock: Callable[[], float],
        tidy: Callable[[], None] = lambda: None,
    ) -> None:
        line = modem.profile.line
        super().__init__(line.high_mark, line.urc_queue, line.urc_gap, line.typing_hold)
        self._plain = console.transmitter
        self.take_over(self._plain)
        self._modem = modem
        self._console = console
        self._faults = faults
        self._clock = clock
        self._tidy = tidy
        self._late: list[Waiting] = []
        self._placed: dict[str, deque[Waiting]] = {}
        self._behind: dict[Label, deque[list[Waiting]]] = {}
        self._kept = 0
        self._answering = False
        self._pauses = 0
        self._silent_until = -math.inf

    @property
    def idle(self) -> bool:
        """True while nothing is kept here that another transmitter would not know of."""
        return not (self._late or any(self._placed.values()) or self._pauses)

    @property
    def urcs_wait(self) -> bool:
        """True while a URC waits, made or not, here too."""
        return super().urcs_wait or not self.idle

    def plain(self) -> Transmitter:
        """Return the transmitter that goes on without faults. To be asked when idle."""
        self._plain.take_over(self)
        return self._plain

    def let_go(self, ended: Collection[ArmedFault]) -> None:
        """Let come, like any URC, what faults that are gone made late or wait for its point; end their silences."""
        for part in (*self._out, *self._urcs):
            if isinstance(part, Pause) and any(part.why is gone for gone in ended):
                part.gap = 0.0
                if self._out and part is self._out[0]:
                    self._silent_until = -math.inf
        for behind in self._behind.values():
            for pieces in behind:
                hasten([waiting for waiting in pieces if waiting.is_of(ended)])
        self._let_come(lambda waiting: waiting.is_of(ended), ended)

    def _let_come(self, wanted: Callable[[Waiting], bool], ended: Collection[ArmedFault] = ()) -> None:
        """Let come now what is wanted of all that waits; faults that have ended split nothing any more."""
        waiting = [*self._late, *(each for queue in self._placed.values() for each in queue)]
        gone = set(filter(wanted, waiting))
        self._late = [each for each in self._late if each not in gone]
        for point, queue in self._placed.items():
            self._placed[point] = deque(each for each in queue if each not in gone)
        for each in waiting:
            if each in gone:
                if any(each.piece.why is armed for armed in ended):
                    each.piece = each.piece._replace(split=0)
                self._come(each)

    # URCs on their way in.

    def urc(self, data: bytes, *, droppable: bool = False) -> bool:
        """Queue a URC as the faults have it; what they take away counts as kept."""
        occasion = self._occasion(data)
        fired = self._faults.chosen(Layer.URC, occasion)
        if self._faults.armed_on(Layer.HTTP):
            from onemo.faults.seams.http import chosen_for_urc

            fired += chosen_for_urc(self._modem, self._faults, occasion)
        behind = None if occasion.label is None else self._behind.get(occasion.label)
        if not fired and behind is None:
            return super().urc(data, droppable=droppable)
        if droppable and self._kept + len(data) > self._urc_queue:
            self.dropped += 1
            return False
        pieces = self._treated(data, fired, occasion.label)
        if behind is None:
            self._admit(pieces)
            return True
        behind.append(pieces)
        self._kept += size_of(pieces)
        if self._kept > self._urc_queue:  # all that is behind comes, and what it is behind
            for each in behind:
                hasten(each)
            self._let_come(lambda waiting: waiting.label == occasion.label)
        return True

    def notice(self, data: bytes, kind: Kind) -> None:
        """Say a line as the faults have it; one that is made late comes like any URC of this boot cycle."""
        fired = self._faults.chosen(Layer.URC, self._occasion(data)) if data else []
        if not fired:
            super().notice(data, kind)
            return
        pieces = self._treated(data, fired, None)
        for waiting in pieces:
            if not waiting.due and not waiting.point:
                self._put(waiting.piece)
        self._admit([waiting for waiting in pieces if waiting.due or waiting.point])

    def _treated(self, data: bytes, fired: list[ArmedFault], label: Label | None) -> list[Waiting]:
        """Return what faults make of a URC; due is counted from now here."""
        point, wait, orderly = "", math.inf, False
        pieces = [(0.0, Piece(data))]
        for armed in fired:
            name, fault = armed.fault.kind.name, armed.fault
            if name == "urc-drop":
                pieces = []
            elif name == "urc-delay":
                late = self._lateness(armed, label)
                pieces = [(due + late, piece) for due, piece in pieces]
                orderly = orderly or fault.text("overtaken") == "others"
            elif name == "urc-duplicate":
                gap, copies = fault.number("gap"), range(fault.whole("count") + 1)
                pieces = [(due + n * gap, piece) for n in copies for due, piece in pieces]
            elif name == "urc-place":
                point, wait = fault.text("at"), fault.number("wait") if "wait" in fault.values else math.inf
                orderly = True
                pieces = [(due, self._split(piece, armed)) for due, piece in pieces]
            elif name == "urc-split":
                pieces = [(due, self._split(piece, armed)) for due, piece in pieces]
            else:
                pieces = [
                    (due, piece._replace(data=spoilt(piece.data, armed.fault, self._console.format)))
                    for due, piece in pieces
                ]
        treated = [Waiting(due, piece, fired) if due or not point else Waiting(wait, piece, fired, point)
                   for due, piece in pieces]  # fmt: skip
        if treated and orderly:
            treated[-1].label = label
        return treated

    def _lateness(self, armed: ArmedFault, label: Label | None) -> float:
        """Return seconds; with until=timeout those that MIPOPEN was given, but for a moment."""
        if label is not None and label.index_name == CONNECT_ID and armed.fault.text("until") == "timeout":
            from onemo.faults.seams.socketevents import opening_timeout

            return max(0.0, opening_timeout(self._modem, label.number) - _MOMENT)
        return armed.seconds()

    def _admit(self, pieces: list[Waiting]) -> None:
        """Let pieces wait, or queue them."""
        for waiting in pieces:
            waits = waiting.due > 0 or bool(waiting.point)
            if not waits or self._kept + len(waiting.piece.data) > self._urc_queue:
                self._queue(waiting.piece)
                continue
            waiting.due += self._clock()
            if waiting.point:
                self._placed.setdefault(waiting.point, deque()).append(waiting)
            else:
                insort(self._late, waiting)
            self._kept += len(waiting.piece.data)
            if waiting.label is not None:
                self._behind[waiting.label] = deque()

    def place(self, point: str, piece: Piece, why: list[ArmedFault]) -> None:
        """Let a URC leave at a point of the line's traffic; when one of those faults is gone, it leaves anyway."""
        self._admit([Waiting(math.inf, piece, why, point)])

    def _come(self, waiting: Waiting) -> None:
        """Let come, like any URC, what has waited."""
        self._queue(waiting.piece)
        self._waited(waiting)

    def _waited(self, waiting: Waiting) -> None:
        """Let go on what was behind a URC that waits no longer; some of it may have to wait in its turn."""
        self._kept -= len(waiting.piece.data)
        behind = None if waiting.label is None else self._behind.pop(waiting.label)
        while behind:
            pieces = behind.popleft()
            self._kept -= size_of(pieces)
            self._admit(pieces)
            if waiting.label in self._behind:
                self._behind[waiting.label] = behind
                break
        if self.idle:
            self._tidy()

    def _occasion(self, data: bytes) -> Occasion:
        found = find_id(data)
        label = Label(found[0], int(found[1][1])) if found else None
        line = data.strip(self._console.format.cr + self._console.format.lf)
        return Occasion(urc=line.decode("latin-1"), label=label, data=line)

    @staticmethod
    def _split(piece: Piece, armed: ArmedFault) -> Piece:
        return piece._replace(split=armed.fault.whole("split"), gap=armed.fault.number("gap"), why=armed)

    def _queue(self, piece: Piece) -> None:
        self.urcs += 1
        for part in piece.parts():
            if part or isinstance(part, Pause):
                self._urcs.append(part)
                self._urc_size += len(part)
                self._pauses += isinstance(part, Pause)

    def _put(self, piece: Piece) -> None:
        """Let a URC leave at once, whether URCs are held or not."""
        self.urcs += 1
        for part in piece.parts():
            self._out.append(part)
            self._pauses += isinstance(part, Pause)
            if part:
                self._grow(Kind.URC, len(part))

    # Points of the line's traffic.

    def write(self, data: bytes | memoryview, kind: Kind = Kind.ANSWER) -> None:
        """Write, with the point before an answer."""
        if data and self._console.online is None and not self._answering:
            self._answering = True
            self._leave("before-answer")
        super().write(data, kind)

    def prompt(self, data: bytes) -> None:
        """Write the prompt, with the point inside the > entry."""
        super().prompt(data)
        self._leave("prompt")

    def final(self, data: bytes, now: float) -> None:
        """Write the final result code, with the points before it and glued to it."""
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
        """Echo, with the point in the middle."""
        before, self._answering = self._answering, True
        middle = (len(data) + 1) // 2
        if self._placed.get("echo") and (partial or middle < len(data)):
            super().echo(data[:middle], now, partial=True)
            self._leave("echo")
            data = data[middle:]
        super().echo(data, now, partial=partial)
        self._answering = before

    def _leave(self, point: str) -> None:
        """Send out whatever waits for the point, whether URCs are held or not."""
        waiting = self._placed.get(point)
        while waiting:
            first = waiting.popleft()
            if first.label is not None and self._urcs:  # what came before it is not overtaken
                self._out.extend(self._urcs)
                self._grow(Kind.URC, self._urc_size)
                self._forget()
            self._put(first.piece)
            self._waited(first)

    # Out.

    def release(self, now: float) -> None:
        """Let URCs leave; what is late, or has waited long enough for its point, comes first."""
        while self._late and self._late[0].due <= now:
            self._come(self._late.pop(0))
        for queue in [*self._placed.values()]:
            while queue and queue[0].due <= now:
                self._come(queue.popleft())
        super().release(now)

    def restart(self) -> None:
        super().restart()
        self._late.clear()
        self._placed.clear()
        self._behind.clear()
        self._kept = 0
        self._answering = False
        self._pauses = sum(isinstance(part, Pause) for part in self._out)

    @property
    def deadline(self) -> float:
        late = self._late[0].due if self._late else math.inf
        waiting = min((queue[0].due for queue in self._placed.values() if queue), default=math.inf)
        silent = self._silent_until if self._out and isinstance(self._out[0], Pause) else math.inf
        return min(super().deadline, late, waiting, silent)

    def peek(self) -> bytes | memoryview:
        """Return the next bytes to write; none during a silence."""
        out = self._out
        while out and isinstance(pause := out[0], Pause):
            now = self._clock()
            if self._silent_until == -math.inf:
                self._silent_until = now + pause.gap
            if now < self._silent_until:
                return b""
            self._silent_until = -math.inf
            out.popleft()
            self._pauses -= 1
            if self.idle:
                self._tidy()
        parts: list[bytes | memoryview] = []
        size = 0
        while out and size < _SMALL and not isinstance(out[0], Pause):
            parts.append(out.popleft())
            size += len(parts[-1])
        if parts:
            out.appendleft(parts[0] if len(parts) == 1 else b"".join(parts))
        return out[0] if out else b""
