"""Faults of short messages: events, and the way to and from the centre. Pure, but for the clock of the host."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from onemo.at.store import Slot
from onemo.errors import FaultError, UsageError
from onemo.families.sms.centre import emulated_centre
from onemo.families.sms.compose import compose, concatenation_of
from onemo.families.sms.fields import TimeStamp
from onemo.families.sms.mailbox import WaitingMessage
from onemo.families.sms.operator import has_messages, inject, inject_pdu
from onemo.families.sms.profile import SMS
from onemo.families.sms.receiving import Receiver
from onemo.families.sms.slots import FORMAT, INDICATIONS, SERVICE, SHOW_HEADER, STORES, TEXT_PARAMETERS
from onemo.families.sms.stores import Message, MessageStore, Status, memory_of
from onemo.families.sms.tpdu import Deliver, SmsCommand, StatusReport, Submit, decode_received
from onemo.faults.kind import Layer
from onemo.faults.plan import ArmedFault, Fault, FaultChooser, Occasion
from onemo.modem.intents import MessageRefusal, Submission
from onemo.modem.modem import Modem
from onemo.modem.sim import plain_number
from onemo.modem.slots import CALLER_IDENTITY
from onemo.profile.index import Label

_NO_ANSWER = 332
_TYPE, _SUBMIT = 0x03, 0x01
_SETTINGS = (SERVICE, FORMAT, TEXT_PARAMETERS, SHOW_HEADER, STORES, INDICATIONS)


def receive(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    """Let a text come. Raises FaultError, and changes nothing: there is no such text; too much waits."""
    require(modem, fault)
    values = fault.values
    try:
        if "pdu" in values:
            inject_pdu(modem, fault.text("pdu"), now)
            return
        inject(
            modem,
            fault.text("from"),
            fault.text("text"),
            utc=time.time(),
            now=now,
            encoding=fault.text("encoding") if "encoding" in values else None,
            message_class=fault.whole("class") if "class" in values else None,
        )
    except UsageError as error:
        raise FaultError(f"event sms: {error}") from error


def fill(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    """Fill the free places of a store. Raises FaultError: the model has no short messages."""
    require(modem, fault)
    stamp = TimeStamp.at(time.time(), modem.profile.clock.zone)
    (text,) = compose(modem.profile.table(SMS).service, "This place is taken.", reference=0, time=stamp)
    message = Message(Status.READ, emulated_centre(modem) + text.encode())
    store = MessageStore(modem, fault.text("store"))
    while (place := store.free) is not None:
        store.put(place, message)
    modem.intents.append(modem.keeping.store())


def reset(modem: Modem, fault: Fault, now: float, label: Label | None) -> None:
    """Let the settings be the defaults. Raises FaultError: the model has no short messages."""
    require(modem, fault)
    modem.settings.reset(*settings_of(modem))
    modem.part(Receiver).take_up(now)


def settings_of(modem: Modem) -> tuple[Slot[Any], ...]:
    """Return the settings that reset makes the defaults."""
    return (*_SETTINGS, *((CALLER_IDENTITY,) if modem.has(CALLER_IDENTITY.name) else ()))


def require(modem: Modem, fault: Fault) -> None:
    """Require that it can ever be. Raises FaultError: the model has no short messages."""
    if not has_messages(modem):
        said = f"{fault.kind.title}: {modem.profile.sub_model} has no short messages"
        raise FaultError(f"{said}: choose a model with AT+CMGS")


class FaultyCentre:
    """The way of a module's messages to and from its centre, as the faults have it. Implements Wrapper."""

    def __init__(self, modem: Modem, faults: FaultChooser) -> None:
        self._modem = modem
        self._faults = faults
        self._mailbox = memory_of(modem).mailbox
        self._put, self._mailbox.put = self._mailbox.put, self.put
        self._late: list[tuple[WaitingMessage, float, list[ArmedFault]]] = []

    def refusal(self, submission: Submission) -> MessageRefusal | None:
        """Return what becomes of a message of the module; None: its centre takes it."""
        tpdu = submission.tpdu
        message = (Submit if tpdu[0] & _TYPE == _SUBMIT else SmsCommand).decode(tpdu)
        for armed in self._chosen("submit", message.destination.text):
            if armed.fault.kind.name == "sms-silence":
                return MessageRefusal(_NO_ANSWER, self._modem.profile.table(SMS).silence_time)
            return MessageRefusal(armed.fault.whole("cms"))
        return None

    def put(self, messages: Sequence[WaitingMessage]) -> None:
        """Let messages wait for the module, as the faults have it. Raises MailboxFull."""
        texts: list[WaitingMessage] = []
        for each in messages:
            message = decode_received(each.tpdu)
            if isinstance(message, StatusReport):
                self._put([*self._reports(each, message)])
            else:
                texts.append(each)
        if texts:
            self._put(self._delayed(self._parted(texts)))

    def release(self, ended: Collection[ArmedFault]) -> None:
        """Let come now what is late for the sake of faults that are gone."""
        for each, due, fired in self._late:
            if any(armed in ended for armed in fired):
                each.due = due
        self._late = [entry for entry in self._late if entry[0].due > entry[1]]
        self._mailbox.sort()
        self._modem.part(Receiver).arrived()

    def _chosen(self, operation: str, to: str = "") -> list[ArmedFault]:
        return self._faults.chosen(Layer.TEXT, Occasion(operation=operation, to=plain_number(to)))

    def _reports(self, waiting: WaitingMessage, report: StatusReport) -> Iterable[WaitingMessage]:
        """Yield what comes in the place of a report."""
        late, states = 0.0, [report.status]
        for armed in self._chosen("report", report.recipient.text):
            late, said = late + armed.fault.number("seconds"), armed.fault.text("st")
            states = [] if said == "none" else [32, 0] if said == "32" else [int(said)]
        for number, state in enumerate(states, 1):
            last = number == len(states)
            yield WaitingMessage(report._replace(status=state).encode(), waiting.due + (late if last else 0.0))

    def _parted(self, messages: list[WaitingMessage]) -> list[WaitingMessage]:
        """Return what comes in the place of texts, if they are parts."""
        places = [concatenation_of(Deliver.decode(each.tpdu)) for each in messages]
        numbers = {id(each): place.number for each, place in zip(messages, places, strict=True) if place is not None}
        for armed in self._chosen("parts") if numbers else ():
            order, _, number = armed.fault.text("order").partition(":")
            if order == "reverse":
                messages = messages[::-1]
            elif order == "drop":
                messages = [each for each in messages if numbers.get(id(each)) != int(number)]
            else:
                same = [at for at, each in enumerate(messages) if numbers.get(id(each)) == int(number)]
                for at in reversed(same):
                    messages.insert(at + 1, WaitingMessage(messages[at].tpdu, messages[at].due))
        return messages

    def _delayed(self, messages: list[WaitingMessage]) -> list[WaitingMessage]:
        """Return texts that are due later."""
        fired = self._chosen("deliver")
        late = sum(armed.seconds() for armed in fired)
        if late:
            self._late = [entry for entry in self._late if entry[0].due > self._modem.now]
            for each in messages:
                self._late.append((each, each.due, fired))
                each.due += late
        return messages
