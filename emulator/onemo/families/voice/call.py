"""One voice call: its states (27.007 7.18), and the results and causes with which it ends (V.250, 24.008 10.5.4.11)."""

from __future__ import annotations

import math
from enum import Enum, IntEnum, auto
from typing import Any, Literal, NamedTuple

from onemo.at.command import print_line
from onemo.at.reply import BUSY, NO_ANSWER, NO_CARRIER, NO_DIALTONE, CommandError, Final, ReplyFormat


class CallState(IntEnum):
    """<stat> of AT+CLCC (27.007 7.18), and the end."""

    ENDED = -1
    ACTIVE = 0
    HELD = 1
    DIALLING = 2
    ALERTING = 3
    INCOMING = 4
    WAITING = 5


class CallEvent(Enum):
    """The events that lead a call from one state to another."""

    ALERTED = auto()  # it rings at the other side
    ANSWERED = auto()
    HELD = auto()
    RESUMED = auto()
    FREED = auto()  # the call beside it is gone
    ENDED = auto()


TRANSITIONS: dict[tuple[CallState, CallEvent], CallState] = {
    **{(state, CallEvent.ENDED): CallState.ENDED for state in CallState if state is not CallState.ENDED},
    (CallState.DIALLING, CallEvent.ALERTED): CallState.ALERTING,
    (CallState.DIALLING, CallEvent.ANSWERED): CallState.ACTIVE,
    (CallState.ALERTING, CallEvent.ANSWERED): CallState.ACTIVE,
    (CallState.INCOMING, CallEvent.ANSWERED): CallState.ACTIVE,
    (CallState.WAITING, CallEvent.ANSWERED): CallState.ACTIVE,
    (CallState.WAITING, CallEvent.FREED): CallState.INCOMING,
    (CallState.ACTIVE, CallEvent.HELD): CallState.HELD,
    (CallState.HELD, CallEvent.RESUMED): CallState.ACTIVE,
}
RINGS = (CallState.INCOMING, CallState.WAITING)
GOES_OUT = (CallState.DIALLING, CallState.ALERTING)
TALKS = (CallState.ACTIVE, CallState.HELD)


class Cause(IntEnum):
    """Why a call ended (24.008 10.5.4.11), as AT+CEER tells it."""

    NORMAL = 16
    BUSY = 17
    NO_RESPONSE = 18
    NO_ANSWER = 19
    REJECTED = 21
    TEMPORARY_FAILURE = 41


_RESULTS = {Cause.BUSY: BUSY, Cause.NO_ANSWER: NO_ANSWER}


class CallFate(NamedTuple):
    """What becomes of a call that the module makes.

    kind: the other side is busy, or does not answer; the network refuses it; it is dropped after seconds. cause: then.
    """

    kind: Literal["busy", "no-answer", "refused", "drop"]
    cause: int
    seconds: float = 0.0


class NumberType(IntEnum):
    """<type> of a number (27.007 7.6, 24.008 10.5.4.7)."""

    WITHHELD = 128
    UNKNOWN = 129
    INTERNATIONAL = 145

    @classmethod
    def of(cls, number: str) -> NumberType:
        """Return the type of a number as it is written; "": it is withheld."""
        if not number:
            return cls.WITHHELD
        return cls.INTERNATIONAL if number.startswith("+") else cls.UNKNOWN


class NoCarrier(CommandError):
    """The answer NO CARRIER: there is no call to answer, or no connection for data (V.250 6.3.5, 6.3.1)."""

    def final(self, form: ReplyFormat) -> bytes:
        return form.final(NO_CARRIER)


class NoDialTone(CommandError):
    """The answer NO DIALTONE: there is no network to call in (V.250 6.3.1)."""

    def final(self, form: ReplyFormat) -> bytes:
        return form.final(NO_DIALTONE)


class CallInfo(NamedTuple):
    """A call. direction: in or out; state: of AT+CLCC; number "": withheld; since: UTC by the module's clock."""

    index_: int
    direction: str
    state: str
    number: str
    since: float | None


_VOICE = 0
"""<mode> of AT+CLCC."""


class VoiceCall:
    """A call. index: <idx> of AT+CLCC; number: the other side's, "" if it is withheld; outgoing: the module made it.

    due: when something becomes of it by itself; fate: what becomes of one that the module made, at the time ends;
    joined: in a conversation of several; known: the DTE made it, or was told that it rings; since: when its state
    began, of the module's clock. other: the same call at another module, with the calls of that.
    """

    def __init__(self, index: int, number: str, state: CallState, since: float | None) -> None:
        self.index = index
        self.number = number
        self.state = state
        self.since = since
        self.outgoing = self.known = state in GOES_OUT
        self.began = 0.0
        self.due = self.ends = math.inf
        self.fate: CallFate | None = None
        self.joined = False
        self.other: tuple[Any, VoiceCall] | None = None

    @property
    def line(self) -> bytes:
        """Its line of AT+CLCC."""
        number = (self.number, int(NumberType.of(self.number))) if self.number else ()
        return print_line(
            "CLCC", self.index, int(not self.outgoing), int(self.state), _VOICE, int(self.joined), *number
        )

    @property
    def told(self) -> CallInfo:
        """The call, for the control API."""
        return CallInfo(
            index_=self.index,
            direction="out" if self.outgoing else "in",
            state=self.state.name.lower(),
            number=self.number,
            since=self.since,
        )

    @property
    def way(self) -> str:
        """Whose call it is, in words."""
        return f"{'to' if self.outgoing else 'from'} {self.number or 'a withheld number'}"

    def result(self, cause: int) -> Final:
        """Return the result code with which its end is told: of one that was not answered, what the cause says."""
        return _RESULTS.get(Cause(cause), NO_CARRIER) if self.state in GOES_OUT and cause in _RESULTS else NO_CARRIER
