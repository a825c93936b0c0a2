"""Calls: who rings, and what becomes of it (V.250 6.3, 27.007 6.11, 7.6, 7.18).

There is one call at a time: while there is one, another caller hears that the line is busy. [decided]
"""

from __future__ import annotations

import math
from enum import Enum, IntEnum, auto
from typing import NamedTuple

from onemo.at.command import print_line
from onemo.at.reply import NO_CARRIER, RING, CommandError, ReplyFormat
from onemo.families.voice.profile import VOICE
from onemo.modem.intents import Tell
from onemo.modem.modem import Modem
from onemo.modem.part import Part
from onemo.modem.slots import CALLER_IDENTITY, RING_FORMAT


class CallState(IntEnum):
    """<stat> of AT+CLCC (27.007 7.18), and the end."""

    ENDED = -1
    ACTIVE = 0
    INCOMING = 4


class CallEvent(Enum):
    """The events that lead a call from one state to another."""

    ANSWERED = auto()
    ENDED = auto()


TRANSITIONS: dict[tuple[CallState, CallEvent], CallState] = {
    (CallState.INCOMING, CallEvent.ANSWERED): CallState.ACTIVE,
    (CallState.INCOMING, CallEvent.ENDED): CallState.ENDED,
    (CallState.ACTIVE, CallEvent.ENDED): CallState.ENDED,
}


class Reached(Enum):
    """What a caller hears."""

    RINGING = "ringing"
    BUSY = "busy"
    UNREACHABLE = "unreachable"


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


_INDEX = 1
"""<idx> of AT+CLCC."""
_INCOMING = 1
"""<dir> of AT+CLCC."""
_VOICE, _ALONE = 0, 0
"""<mode> and <mpty> of AT+CLCC."""


class NoCarrier(CommandError):
    """The answer NO CARRIER: there is no call to answer (V.250 6.3.5)."""

    def final(self, form: ReplyFormat) -> bytes:
        return form.final(NO_CARRIER)


class CallInfo(NamedTuple):
    """A call. direction: in; state: incoming or active; number "": withheld; since: UTC by the module's clock."""

    index_: int
    direction: str
    state: str
    number: str
    since: float | None


class VoiceCall:
    """A call. number: the caller's, "" if it is withheld; since: when its state began, of the module's clock."""

    def __init__(self, number: str, since: float | None) -> None:
        self.number = number
        self.state = CallState.INCOMING
        self.since = since


class Calls(Part):
    """The calls of one boot cycle."""

    def __init__(self, device: Modem) -> None:
        super().__init__(device)
        self.call: VoiceCall | None = None

    # What the network and the caller do.

    def ring(self, number: str) -> Reached:
        """Take a call, which rings from now on; return what the caller hears. number: the caller's, "": withheld."""
        device = self._device
        if not (device.power.ready or device.power.asleep) or not device.registered:
            reached = Reached.UNREACHABLE
        elif self.call is not None:
            reached = Reached.BUSY
        else:
            reached = Reached.RINGING
        self._trace(number, reached.value)
        if reached is Reached.RINGING:
            self.call = VoiceCall(number, self._clock)
            self._ring(device.now)
        return reached

    def hang_up(self, cause: int) -> None:
        """End the call from its other side, or give up ringing; without one nothing. cause: 24.008 10.5.4.11."""
        if self.call is not None:
            self._lose(f"ended by the other side, cause {cause}")

    def network_lost(self) -> None:
        if self.call is not None:
            self._lose("lost with the network")

    # What the module does.

    @property
    def rings(self) -> bool:
        """True while a call rings."""
        return self.call is not None and (self.call.state, CallEvent.ANSWERED) in TRANSITIONS

    def answer(self) -> None:
        """Answer the call that rings. Raises NoCarrier: none does."""
        if not self.rings:
            raise NoCarrier
        self._on(CallEvent.ANSWERED, "answered")

    def end(self) -> None:
        """End the call, or refuse it; without one nothing."""
        if self.call is not None:
            self._on(CallEvent.ENDED, "ended by the module")

    # What is told.

    @property
    def lines(self) -> list[bytes]:
        """The answer of AT+CLCC."""
        call = self.call
        if call is None:
            return []
        number = (call.number, int(NumberType.of(call.number))) if call.number else ()
        return [print_line("CLCC", _INDEX, _INCOMING, int(call.state), _VOICE, _ALONE, *number)]

    @property
    def told(self) -> tuple[CallInfo, ...]:
        """The calls, for the control API."""
        call = self.call
        if call is None:
            return ()
        return (
            CallInfo(
                index_=_INDEX, direction="in", state=call.state.name.lower(), number=call.number, since=call.since
            ),
        )

    # Part.

    def on_deadline(self, now: float) -> None:
        self._ring(now)

    @property
    def busy(self) -> bool:
        return self.call is not None

    # Inside.

    @property
    def _clock(self) -> float | None:
        clock = self._device.clock
        return clock.utc(self._device.now) if clock.is_set else None

    def _ring(self, now: float) -> None:
        """Ring once. A DTE that does not read has no more of them than there is room for."""
        assert self.call is not None
        device, number = self._device, self.call.number
        extended = device.has(RING_FORMAT.name) and device.settings.get(RING_FORMAT).mode
        rang = device.notify(print_line("CRING", b"VOICE") if extended else RING, droppable=True)
        if rang and device.settings.get(CALLER_IDENTITY).n:
            validity = 0 if number else 1
            device.notify(
                print_line("CLIP", number, int(NumberType.of(number)), b"", b"", b"", validity), droppable=True
            )
        self.deadline = now + device.profile.table(VOICE).ring_interval

    def _lose(self, how: str) -> None:
        self._on(CallEvent.ENDED, how)
        self._device.notify(NO_CARRIER)

    def _on(self, event: CallEvent, how: str) -> None:
        call = self.call
        assert call is not None
        call.state, call.since = TRANSITIONS[call.state, event], self._clock
        self.deadline = math.inf
        if call.state is CallState.ENDED:
            self.call = None
        self._trace(call.number, how)

    def _trace(self, number: str, how: str) -> None:
        self._device.intents.append(Tell("call", f"from {number or 'a withheld number'}: {how}"))


def call_in(modem: Modem, number: str) -> Reached:
    """Call the module; return what the caller hears. A model without calls is unreachable, and rings nowhere."""
    return modem.part(Calls).ring(number) if modem.has("CLCC") else Reached.UNREACHABLE
