"""The centre's side of one module: what waits for it, and what it sent. Pure; it outlives the module's boot cycles.

Times are those of the core's clock, in seconds; utc counts seconds since 1970-01-01.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from onemo.errors import EmulatorError
from onemo.families.sms.alphabet import coding
from onemo.families.sms.compose import Concatenation, concatenation_of, text_of
from onemo.families.sms.tpdu import Submit


class MailboxFull(EmulatorError):
    """So much waits for a module that its centre takes nothing more for it."""


class WaitingMessage:
    """A message for the module. tpdu: a DELIVER or STATUS-REPORT; due: when it is at the module.

    delivered: called with the time when the module has it.
    """

    __slots__ = ("delivered", "due", "tpdu")

    def __init__(self, tpdu: bytes, due: float, delivered: Callable[[float], None] | None = None) -> None:
        self.tpdu = tpdu
        self.due = due
        self.delivered = delivered


class SentMessage(NamedTuple):
    """A message of the module that the centre took, as whoever asks is told of it.

    encoding: 7bit, 8bit (its text is hex) or ucs2. parts: of it that came, of so many. time: of the first, in seconds
    since 1970-01-01 UTC. report: the TP-ST of the last report on it, None without one.
    """

    to: str
    text: str
    encoding: str
    parts: int
    of: int
    time: float
    report: int | None


class _Sent:
    """A message that was sent, or what has come of it. references: the TP-MR of each part."""

    def __init__(self, submit: Submit, place: Concatenation | None, utc: float, now: float) -> None:
        self.parts = {1 if place is None else place.number: submit}
        self.place = place
        self.utc = utc
        self.since = now
        self.report: int | None = None

    def told(self) -> SentMessage:
        parts = [self.parts[number] for number in sorted(self.parts)]
        return SentMessage(
            to=parts[0].destination.text,
            text=text_of(*parts),
            encoding=coding(parts[0].dcs).alphabet.value,
            parts=len(parts),
            of=1 if self.place is None else self.place.total,
            time=self.utc,
            report=self.report,
        )


class Mailbox:
    """What waits for a module, oldest first, and what it sent, oldest first.

    most_waiting, most_sent: how many; join_time: seconds for which the parts of a message are waited for.
    """

    def __init__(self, most_waiting: int, most_sent: int, join_time: float) -> None:
        self._most_waiting = most_waiting
        self._join_time = join_time
        self._queue: deque[WaitingMessage] = deque()
        self._held: list[WaitingMessage] = []
        self._sent: deque[_Sent] = deque(maxlen=most_sent)
        self.put: Callable[[Sequence[WaitingMessage]], None] = self.take_in
        """Lets messages wait, all or none; raises MailboxFull. Whoever wraps the mailbox puts another in its place."""
        self.last_reference = 0
        """The reference of the last message in parts that was put in from outside."""

    def __len__(self) -> int:
        """Count the messages that wait, those among them that the module has and has not acknowledged."""
        return len(self._queue) + len(self._held)

    @property
    def waiting(self) -> tuple[WaitingMessage, ...]:
        """Those messages, in the order in which they come or come again."""
        return (*self._held, *self._queue)

    @property
    def room(self) -> int:
        """How many more may wait."""
        return self._most_waiting - len(self)

    # What waits.

    def take_in(self, messages: Sequence[WaitingMessage]) -> None:
        """Let messages wait, all or none. Raises MailboxFull."""
        if len(messages) > self.room:
            raise MailboxFull(f"{len(self)} messages wait for the module already: let it read them first")
        late = bool(self._queue and messages and messages[0].due < self._queue[-1].due)
        self._queue.extend(messages)
        if late:
            self.sort()

    def sort(self) -> None:
        """Take up that messages are due at other times than when they were put."""
        self._queue = deque(sorted(self._queue, key=lambda waiting: waiting.due))

    @property
    def due(self) -> float:
        """When the next message is at the module; inf: none waits."""
        return self._queue[0].due if self._queue else math.inf

    def next(self, now: float) -> WaitingMessage | None:
        """Return the message that is at the module next; None: there is none yet."""
        return self._queue[0] if self._queue and self._queue[0].due <= now else None

    def take(self) -> WaitingMessage:
        """Take the next message: the module has it for good. Raises IndexError."""
        return self._queue.popleft()

    def hold(self) -> WaitingMessage:
        """Let the module have the next message for now: it comes again, unless it is let go."""
        waiting = self._queue.popleft()
        self._held.append(waiting)
        return waiting

    def let_go(self, waiting: WaitingMessage) -> None:
        """Forget a message that waits, or was held: the module has it for good."""
        if waiting in self._held:
            self._held.remove(waiting)
        else:
            self._queue.remove(waiting)

    def return_held(self, some: Iterable[WaitingMessage] | None = None) -> None:
        """Let messages that were held come again, before all others; None: all of them."""
        chosen = list(self._held) if some is None else list(some)
        for waiting in chosen:
            self._held.remove(waiting)
        self._queue.extendleft(reversed(chosen))

    # What was sent.

    def note(self, submit: Submit, utc: float, now: float) -> None:
        """Remember a message of the module; a part joins those of its message that came before."""
        place = concatenation_of(submit)
        if place is not None:
            for sent in reversed(self._sent):
                if self._goes_with(sent, submit, place, now):
                    sent.parts[place.number] = submit
                    return
        self._sent.append(_Sent(submit, place, utc, now))

    def _goes_with(self, sent: _Sent, submit: Submit, place: Concatenation, now: float) -> bool:
        first = sent.place
        if first is None or place.number in sent.parts or now - sent.since > self._join_time:
            return False
        to = next(iter(sent.parts.values())).destination
        return (to, first.reference, first.total) == (submit.destination, place.reference, place.total)

    def reported(self, reference: int, status: int) -> None:
        """Remember the report on the newest message with this TP-MR."""
        for sent in reversed(self._sent):
            if any(part.reference == reference for part in sent.parts.values()):
                sent.report = status
                return

    def sent(self, now: float) -> tuple[SentMessage, ...]:
        """Tell what was sent; a message of which parts are awaited is left out."""
        return tuple(sent.told() for sent in self._sent if self._complete(sent, now))

    def _complete(self, sent: _Sent, now: float) -> bool:
        return sent.place is None or len(sent.parts) == sent.place.total or now - sent.since > self._join_time
