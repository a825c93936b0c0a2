"""Calls: who calls, whom the module calls, and what becomes of it (V.250 6.3, 27.007 6.11, 7.6, 7.13, 7.18).

A model without AT+CHLD has one call at a time, any other two: while there are as many, another caller hears that the
line is busy. [decided]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum

from onemo.at.command import print_line
from onemo.at.reply import RING, Cme, CommandError
from onemo.families.voice.call import (
    GOES_OUT,
    RINGS,
    TALKS,
    TRANSITIONS,
    CallEvent,
    CallFate,
    CallInfo,
    CallState,
    Cause,
    NoCarrier,
    NoDialTone,
    NumberType,
    VoiceCall,
)
from onemo.families.voice.profile import VOICE
from onemo.modem.intents import Tell
from onemo.modem.modem import Modem
from onemo.modem.part import Part
from onemo.modem.sim import plain_number
from onemo.modem.slots import CALLER_IDENTITY, RING_FORMAT

_SAME_END = (CallEvent.HELD, CallEvent.RESUMED, CallEvent.FREED)
"""Those that leave it as it is when something becomes of a call by itself."""


class Reached(Enum):
    """What a caller hears."""

    RINGING = "ringing"
    BUSY = "busy"
    UNREACHABLE = "unreachable"


class Activity(Enum):
    """<pas> of AT+CPAS (27.007 8.1)."""

    READY = 0
    RINGING = 3
    IN_CALL = 4


class Calls(Part):
    """The calls of one boot cycle. cause: why the last one ended, 0: there was none."""

    def __init__(self, device: Modem) -> None:
        super().__init__(device)
        self.cause = 0
        self._calls: list[VoiceCall] = []

    # What the network and the other side do.

    def ring(self, number: str) -> Reached:
        """Take a call, which rings from now on; return what the caller hears. number: the caller's, "": withheld."""
        device = self._device
        if not (device.power.ready or device.power.asleep) or not device.registered:
            reached = Reached.UNREACHABLE
        elif self._calls and not self._has_room:
            reached = Reached.BUSY
        else:
            reached = Reached.RINGING
        self._trace(f"from {number or 'a withheld number'}", reached.value)
        if reached is Reached.RINGING:
            self._ring(self._add(number, CallState.WAITING if self._calls else CallState.INCOMING), device.now)
            self._arm()
        return reached

    def hang_up(self, cause: int) -> None:
        """End a call from its other side, the one that rings first; without any nothing. cause: 24.008 10.5.4.11."""
        order = sorted(self._calls, key=lambda call: (call.state in TALKS, call.state))
        if order:
            self._lose(order[0], f"ended by the other side, cause {cause}", cause)

    def network_lost(self) -> None:
        for call in list(self._calls):
            self._lose(call, "lost with the network", Cause.TEMPORARY_FAILURE)

    # What the module does.

    @property
    def rings(self) -> bool:
        """True while a call rings."""
        return self._first(RINGS) is not None

    def dial(self, number: str) -> None:
        """Call a number (ATD).

        Raises NoDialTone: there is no network; CommandError(NOT_ALLOWED): a call rings or goes out, or is one too many.
        """
        device = self._device
        if not device.registered:
            raise NoDialTone
        if self._calls and not self._has_room:
            raise CommandError(Cme.NOT_ALLOWED)
        self._on_all((CallState.ACTIVE,), CallEvent.HELD, "held")
        call = self._add(number, CallState.DIALLING)
        call.began = device.now
        call.due = device.now + device.profile.table(VOICE).alert_time
        self._trace(call.way, "dialled")
        self._arm()

    def take(self) -> None:
        """Answer the call that rings (ATA). Raises NoCarrier: none does; CommandError(NOT_ALLOWED): it waits."""
        if self._first(RINGS) is None:
            raise NoCarrier
        if self._first((CallState.INCOMING,)) is None:
            raise CommandError(Cme.NOT_ALLOWED)
        self.answer()

    def answer(self) -> None:
        """Answer the call that rings, by hand, or have the other side answer the one that goes out; else nothing."""
        call = self._first(RINGS) or self._first(GOES_OUT)
        if call is None:
            return
        if call.outgoing and call.other is not None:
            self._tell_other(call, Calls._take)
        else:
            self._take(call)

    def end(self) -> None:
        """End every call, or refuse it; without one nothing (AT+CHUP)."""
        self._end(list(self._calls))

    def hook(self) -> None:
        """End every call (ATH). Raises CommandError(NOT_ALLOWED): one is dialled."""
        if self._first((CallState.DIALLING,)) is not None:
            raise CommandError(Cme.NOT_ALLOWED)
        self.end()

    def hold(self, n: int) -> None:
        """Hold calls and take others (AT+CHLD): 0 ends the held ones, 1 the active ones, 2 swaps, 3 joins them.

        A call that waits comes before those held. Raises CommandError(NOT_ALLOWED): there are no such calls.
        """
        waits, held = self._first((CallState.WAITING,)), self._first((CallState.HELD,))
        active = [call for call in self._calls if call.state is CallState.ACTIVE]
        other = waits or held
        if (n == 0 and other is None) or (n == 3 and not (active and held)) or not (active or other):
            raise CommandError(Cme.NOT_ALLOWED)
        if n == 0:
            self._end([waits] if waits else [call for call in self._calls if call.state is CallState.HELD])
            return
        if n == 1:
            self._end(active)
        elif n == 2:
            self._on_all((CallState.ACTIVE,), CallEvent.HELD, "held")
        if other is waits and waits is not None:
            self._answered(waits)
        elif other is not None:
            self._on(other, CallEvent.RESUMED, "resumed")
        if n == 3:
            for call in self._calls:
                call.joined = True

    # What is told.

    @property
    def lines(self) -> list[bytes]:
        """The answer of AT+CLCC."""
        return [call.line for call in self._calls]

    @property
    def told(self) -> tuple[CallInfo, ...]:
        """The calls, for the control API."""
        return tuple(call.told for call in self._calls)

    @property
    def activity(self) -> Activity:
        """What AT+CPAS tells."""
        return Activity.RINGING if self.rings else Activity.IN_CALL if self._calls else Activity.READY

    # Part.

    def on_deadline(self, now: float) -> None:
        for call in [call for call in self._calls if now >= min(call.due, call.ends)]:
            if call.other is not None and not _is_there(call.other[0]):
                self._lose(call, "lost, for the other module restarted", Cause.TEMPORARY_FAILURE)
            elif call.fate is not None and now >= call.ends:
                self._lose(call, call.fate.kind, call.fate.cause)
            elif call.other is not None and call.state not in RINGS:
                call.due = now + self._device.profile.table(VOICE).ring_interval
            elif call.state in RINGS:
                self._ring(call, now)
            elif call.state is CallState.DIALLING:
                self._alert(call)
            else:
                self._answered(call)
        self._arm()

    @property
    def busy(self) -> bool:
        return bool(self._calls)

    # Inside.

    @property
    def _has_room(self) -> bool:
        """Whether there may be one more call beside the one that is there."""
        settled = all(call.state in TALKS for call in self._calls)
        return settled and len(self._calls) == 1 and self._device.has("CHLD")

    def _first(self, states: Iterable[CallState]) -> VoiceCall | None:
        return next((call for call in self._calls if call.state in states), None)

    @property
    def _clock(self) -> float | None:
        clock = self._device.clock
        return clock.utc(self._device.now) if clock.is_set else None

    def _add(self, number: str, state: CallState) -> VoiceCall:
        taken = {call.index for call in self._calls}
        call = VoiceCall(1 if 1 not in taken else 2, number, state, self._clock)
        self._calls = sorted([*self._calls, call], key=lambda each: each.index)
        return call

    def _ring(self, call: VoiceCall, now: float) -> None:
        """Ring once. A DTE that does not read has no more of them than there is room for."""
        device, number = self._device, call.number
        extended = device.has(RING_FORMAT.name) and device.settings.get(RING_FORMAT).mode
        rang = device.notify(print_line("CRING", b"VOICE") if extended else RING, droppable=True)
        call.known |= rang
        if rang and device.settings.get(CALLER_IDENTITY).n:
            validity = 0 if number else 1
            device.notify(
                print_line("CLIP", number, int(NumberType.of(number)), b"", b"", b"", validity), droppable=True
            )
        call.due = now + device.profile.table(VOICE).ring_interval

    def _alert(self, call: VoiceCall) -> None:
        """Have it ring at the other side, if that can be."""
        table, cell = self._device.profile.table(VOICE), self._device.cell
        fate, cell.call_fate = cell.call_fate, None
        call.fate = fate if isinstance(fate, CallFate) else None
        if call.fate is not None and call.fate.kind in ("busy", "refused"):
            self._lose(call, call.fate.kind, call.fate.cause)
            return
        if not self._reach(call):
            return
        self._on(call, CallEvent.ALERTED, "rings")
        if call.fate is not None and call.fate.kind == "no-answer":
            call.ends = call.began + table.no_answer_time
        elif call.other is None:
            call.due = call.began + table.answer_time
        if call.other is not None:  # it is answered there, as long as that is there
            call.due = self._device.now + table.ring_interval

    def _reach(self, call: VoiceCall) -> bool:
        """Have another module ring whose number it is, if there is one; return whether the call goes on."""
        device, phones = self._device, self._device.cell.phones
        found = phones.find(plain_number(call.number)) if phones is not None else None
        if phones is None or found is None or found is device:
            return True
        found.now = device.now
        reached = call_in(found, device.sim.card.number)
        if reached is Reached.RINGING:
            theirs: Calls = found.part(Calls)
            ringing = next(each for each in theirs._calls if each.state in RINGS)
            call.other, ringing.other = (theirs, ringing), (self, call)
        phones.rouse(found)
        if reached is not Reached.RINGING:
            self._lose(call, reached.value, Cause.BUSY if reached is Reached.BUSY else Cause.NO_RESPONSE)
        return reached is Reached.RINGING

    def _tell_other(self, call: VoiceCall, act: Callable[[Calls, VoiceCall], None]) -> None:
        """Have something happen to the same call at the other module, if it is between modules and that is there."""
        if call.other is None or not _is_there(call.other[0]):
            return
        theirs, other = call.other
        theirs._device.now = self._device.now
        act(theirs, other)
        if (phones := self._device.cell.phones) is not None:
            phones.rouse(theirs._device)

    def _take(self, call: VoiceCall) -> None:
        """Answer a call; those that are active are held where it is one that rings here."""
        if not call.outgoing:
            self._on_all((CallState.ACTIVE,), CallEvent.HELD, "held")
        self._answered(call)

    def _answered(self, call: VoiceCall) -> None:
        """Go on with a call that was answered, up to its fate."""
        self._on(call, CallEvent.ANSWERED, "answered")
        drops = call.fate is not None and call.fate.kind == "drop"
        call.ends = self._device.now + call.fate.seconds if call.fate is not None and drops else float("inf")
        if call.other is not None:
            call.due = self._device.now + self._device.profile.table(VOICE).ring_interval
        if not call.outgoing:
            self._tell_other(call, Calls._answered)
        self._arm()

    def _end(self, calls: list[VoiceCall]) -> None:
        for call in calls:
            self.cause = Cause.REJECTED if call.state in RINGS else Cause.NORMAL
            self._on(call, CallEvent.ENDED, "ended by the module")

    def _lose(self, call: VoiceCall, how: str, cause: int) -> None:
        result, self.cause = call.result(cause), cause
        self._on(call, CallEvent.ENDED, how)
        self._device.notify(result, droppable=not call.known)

    def _on_all(self, states: tuple[CallState, ...], event: CallEvent, how: str) -> None:
        for call in [call for call in self._calls if call.state in states]:
            self._on(call, event, how)

    def _on(self, call: VoiceCall, event: CallEvent, how: str) -> None:
        call.state, call.since = TRANSITIONS[call.state, event], self._clock
        if event not in _SAME_END:
            call.due = float("inf")
        self._trace(call.way, how)
        if call.state is CallState.ENDED:
            self._calls.remove(call)
            self._part_from(call)
            for other in self._calls:
                other.joined = False
                if other.state is CallState.WAITING:
                    self._on(other, CallEvent.FREED, "rings alone")
        self._arm()

    def _part_from(self, call: VoiceCall) -> None:
        """Have a call between modules end at the other one, too."""
        if call.other is not None:
            call.other[1].other = None
            cause = self.cause
            self._tell_other(call, lambda theirs, other: theirs._lose(other, "ended by the other side", cause))
            call.other = None

    def _arm(self) -> None:
        self.deadline = min((min(call.due, call.ends) for call in self._calls), default=float("inf"))

    def _trace(self, who: str, how: str) -> None:
        self._device.intents.append(Tell("call", f"{who}: {how}"))


def _is_there(calls: Calls) -> bool:
    """Tell whether a module has not restarted since these were its calls."""
    return calls is calls._device.part(Calls)


def call_in(modem: Modem, number: str) -> Reached:
    """Call the module; return what the caller hears. A model without calls is unreachable, and rings nowhere.

    It wakes all the same.
    """
    if modem.has("CLCC"):
        return modem.part(Calls).ring(number)
    if modem.registered:
        modem.lifecycle.network_traffic(modem.now)
    return Reached.UNREACHABLE
