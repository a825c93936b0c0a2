"""The operator's centre of the modules of one process: texts between them, reports, and the number that answers. Pure.

utc: seconds since 1970-01-01; now: seconds of the core's clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from onemo.errors import UsageError
from onemo.families.sms.alphabet import Alphabet
from onemo.families.sms.compose import compose, relayed, reported, text_of
from onemo.families.sms.fields import Address, TimeStamp, TpduError
from onemo.families.sms.mailbox import MailboxFull, WaitingMessage
from onemo.families.sms.profile import SMS
from onemo.families.sms.receiving import Receiver
from onemo.families.sms.stores import memory_of
from onemo.families.sms.tpdu import WANTS_REPORT, Deliver, Submit
from onemo.modem.intents import MessageRefusal, Tell
from onemo.modem.modem import Modem
from onemo.modem.sim import plain_number

_CONGESTION = 42
_TYPE, _SUBMIT = 0x03, 0x01
ENCODINGS = {alphabet.value: alphabet for alphabet in Alphabet}
"""The encodings of a text, by the words for them."""


def has_messages(modem: Modem) -> bool:
    """Tell whether a model has short messages."""
    return modem.has("CMGS")


def put(modem: Modem, waiting: Iterable[WaitingMessage]) -> None:
    """Let messages wait for a module. Raises MailboxFull."""
    memory_of(modem).mailbox.put(list(waiting))
    modem.part(Receiver).arrived()


def inject(
    modem: Modem,
    sender: str,
    text: str,
    *,
    utc: float,
    now: float,
    encoding: str | None = None,
    message_class: int | None = None,
) -> None:
    """Let a text come to a module: any Unicode, in parts where it is long.

    encoding: one of ENCODINGS; None: 7bit where the alphabet has every character, else ucs2; 8bit is hex. Raises
    UsageError, in a sentence, and changes nothing: no such text or sender, no short messages, too much waits.
    """
    _require(modem)
    mailbox = memory_of(modem).mailbox
    try:
        messages = compose(
            sender,
            text,
            reference=(mailbox.last_reference + 1) % 256,
            time=TimeStamp.at(utc, modem.profile.clock.zone),
            encoding=None if encoding is None else ENCODINGS[encoding],
            message_class=message_class,
        )
        put(modem, [WaitingMessage(message.encode(), now) for message in messages])
    except (TpduError, MailboxFull) as error:
        raise UsageError(str(error)) from error
    if len(messages) > 1:
        mailbox.last_reference = (mailbox.last_reference + 1) % 256


def inject_pdu(modem: Modem, pdu: str, now: float) -> None:
    """Let a DELIVER come as it is. pdu: its TPDU in hex, without the centre. Raises UsageError, as inject."""
    _require(modem)
    try:
        tpdu = bytes.fromhex(pdu)
        Deliver.decode(tpdu)
        put(modem, [WaitingMessage(tpdu, now)])
    except ValueError as error:
        raise UsageError(f"{pdu!r} is no hex: give the TPDU of a DELIVER, two digits an octet") from error
    except (TpduError, MailboxFull) as error:
        raise UsageError(f"no DELIVER: {error}" if isinstance(error, TpduError) else str(error)) from error


def _require(modem: Modem) -> None:
    if not has_messages(modem):
        raise UsageError(f"{modem.profile.sub_model} has no short messages: choose a model that has AT+CMGS")


class Exchange:
    """The centre. find: returns the module of a plain number, None where there is none in this process.

    rouse: has a module look at its mailbox.
    """

    def __init__(self, find: Callable[[str], Modem | None], rouse: Callable[[Modem], None]) -> None:
        self._find = find
        self._rouse = rouse

    def take(self, sender: Modem, tpdu: bytes, utc: float, now: float) -> MessageRefusal | None:
        """Take a message of a module. Return its refusal; None: it is taken."""
        if tpdu[0] & _TYPE != _SUBMIT:
            return None
        submit = Submit.decode(tpdu)
        table, to = sender.profile.table(SMS), submit.destination.text
        due, sent = now + table.delivery_time, TimeStamp.at(utc, sender.profile.clock.zone)
        wanted = bool(submit.fo & WANTS_REPORT)
        report = partial(self._report, sender, submit, utc, now) if wanted else None
        target = self._find(plain_number(to))
        if target is not None and has_messages(target):
            message = relayed(submit, Address.of(sender.sim.card.number), sent)
            try:
                put(target, [WaitingMessage(message.encode(), due, report)])
            except MailboxFull:
                return MessageRefusal(_CONGESTION)
            self._rouse(target)
        elif report is not None:
            report(due)
        memory_of(sender).mailbox.note(submit, utc, now)
        sender.intents.append(Tell("sms sent", f"to {to}: {text_of(submit)}"))
        if plain_number(to) == table.service:
            answer = compose(table.service, table.service_answer, reference=0, time=TimeStamp.at(
                utc + table.delivery_time, sender.profile.clock.zone))  # fmt: skip
            self._put_if_room(sender, [WaitingMessage(each.encode(), due) for each in answer])
        return None

    def _report(self, sender: Modem, submit: Submit, utc: float, since: float, now: float) -> None:
        """Have a report on its way to the sender: the message is at its destination at now."""
        zone = sender.profile.clock.zone
        sent, discharged = TimeStamp.at(utc, zone), TimeStamp.at(utc + now - since, zone)
        report = reported(submit, sent, discharged)
        self._put_if_room(sender, [WaitingMessage(report.encode(), now)])

    def _put_if_room(self, modem: Modem, waiting: list[WaitingMessage]) -> None:
        """Let messages of the centre's own wait; where too much waits already they are lost, as on a network."""
        try:
            put(modem, waiting)
        except MailboxFull:
            return
        self._rouse(modem)
