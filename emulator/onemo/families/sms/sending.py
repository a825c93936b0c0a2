"""Sending and writing: AT+CMGS, CMSS, CMGW, CMGC (27.005 3.5, 4.3-4.7)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from onemo.at.command import Action, Declaration, print_line
from onemo.at.outcome import Outcome, Pending
from onemo.at.params import Defaulted, Maybe, MaybeText, Required, RequiredText
from onemo.at.reply import Cme, CommandError, Reply
from onemo.families.sms.alphabet import Alphabet, coding
from onemo.families.sms.centre import require_centre
from onemo.families.sms.entering import edited, entry_of, from_hex, is_of_type, octets_of_hex, pdu_of, require_length
from onemo.families.sms.errors import Cms, NetworkRefusal
from onemo.families.sms.fields import Address, TpduError
from onemo.families.sms.printing import typed_address, typed_text
from onemo.families.sms.profile import SMS
from onemo.families.sms.settings import validity_of
from onemo.families.sms.slots import STORES, TEXT_PARAMETERS, in_text
from onemo.families.sms.stores import Message, MessageStore, Status, memory_of, require_card, status_of, store_of
from onemo.families.sms.tpdu import HAS_HEADER, Deliver, SmsCommand, Submit, UserData
from onemo.modem.intents import MessageRefusal, Submission, Wait
from onemo.modem.modem import Modem

_DELIVER, _SUBMIT, _COMMAND = 0, 1, 2
_DECODERS: dict[int, Callable[[bytes], object]] = {
    _DELIVER: Deliver.decode,
    _SUBMIT: Submit.decode,
    _COMMAND: SmsCommand.decode,
}
_NUMBER = re.compile(r"\+?[0-9*#]{1,20}", re.ASCII)


class Destination(NamedTuple):
    """AT+CMGS: in text mode to whom, and the type of that address; in PDU mode the length."""

    destination: RequiredText
    toda: Maybe


class Writing(NamedTuple):
    """AT+CMGW: in text mode to whom, the type of that address, <stat>; in PDU mode the length, <stat>."""

    destination: MaybeText
    kind: MaybeText
    stat: MaybeText


class Stored(NamedTuple):
    """AT+CMSS."""

    place: Required
    da: MaybeText
    toda: Maybe


class Order(NamedTuple):
    """AT+CMGC: in PDU mode the length alone."""

    first: Required
    ct: Maybe
    pid: Defaulted
    mn: Defaulted
    da: MaybeText
    toda: Maybe


def _misfit() -> CommandError:
    return CommandError(Cme.INCORRECT_PARAMETERS)


# What is typed.


def _address(modem: Modem, typed: str, toda: int | None) -> Address:
    """Read a destination. Raises CommandError(TEXT_PARAMETER): it is none."""
    try:
        text = typed_address(modem, typed)
        if not _NUMBER.fullmatch(text):
            raise CommandError(Cms.TEXT_PARAMETER)
        return Address.of(text, toda)
    except (TpduError, ValueError) as error:
        raise CommandError(Cms.TEXT_PARAMETER) from error


def _user_data(modem: Modem, typed: bytes, fo: int, dcs: int) -> UserData:
    """Read a text as AT+CSMP has it. Raises TpduError, ValueError: it is none, or too long."""
    alphabet = coding(dcs).alphabet
    if not fo & HAS_HEADER and alphabet is Alphabet.GSM7:
        return UserData.of(alphabet, typed_text(modem, typed))
    octets = from_hex(typed) if typed else b""
    if fo & HAS_HEADER:
        return UserData.whole(octets, dcs, fo)
    if alphabet is Alphabet.UCS2 and len(octets) % 2:
        raise ValueError("no quadruples")
    return UserData.of(alphabet, octets)


def _submit(modem: Modem, to: Address, typed: bytes) -> bytes:
    """Make the SUBMIT of a text that was typed. Raises CommandError(TEXT_PARAMETER)."""
    parameters = modem.settings.effective(TEXT_PARAMETERS)
    try:
        data = _user_data(modem, edited(typed), parameters.fo, parameters.dcs)
        submit = Submit(
            destination=to,
            user_data=data,
            validity=validity_of(parameters),
            fo=parameters.fo,
            pid=parameters.pid,
            dcs=parameters.dcs,
        )
        return submit.encode()
    except (TpduError, ValueError) as error:
        raise CommandError(Cms.TEXT_PARAMETER) from error


def _pdu(modem: Modem, typed: bytes, length: int, kind: int) -> tuple[bytes, bytes]:
    """Read a PDU of a type; return its centre and its TPDU. Raises CommandError as pdu_of, PDU_TYPE."""
    centre, tpdu = pdu_of(modem, typed, length)
    if not is_of_type(tpdu, kind):
        raise CommandError(Cms.PDU_TYPE)
    try:
        _DECODERS[kind](tpdu)
    except TpduError as error:
        raise CommandError(Cms.PDU_PARAMETER) from error
    return centre, tpdu


# The way to the centre.


def _require_network(modem: Modem) -> None:
    """Require what sending needs. Raises CommandError: the card is not READY; NO_SERVICE."""
    require_card(modem)
    if not modem.registered:
        raise CommandError(Cms.NO_SERVICE)


def _send(modem: Modem, tpdu: bytes, name: str, then: Callable[[Reply], Outcome] | None = None) -> Pending:
    """Send a TPDU with the next TP-MR, which is written down before; then makes the outcome of the answer."""
    memory = memory_of(modem)
    reference = (memory.reference + 1) % 256

    def count() -> None:
        memory.reference = reference

    counted = modem.keeping.write_down(count, failure=Cms.MEMORY_FAILURE)
    submission = Submission(bytes((tpdu[0], reference)) + tpdu[2:])

    def wait(done: object) -> Outcome:
        counted.finish(done)
        return Pending(Wait(modem.profile.table(SMS).send_time), submit)

    def submit(waited: object) -> Outcome:
        _require_network(modem)
        return Pending(submission, answer)

    def answer(refusal: MessageRefusal | None) -> Outcome:
        if refusal is not None and refusal.seconds:
            return Pending(Wait(refusal.seconds), lambda waited: answer(MessageRefusal(refusal.cms)))
        if refusal is not None:
            raise NetworkRefusal(refusal.cms)
        reply = Reply((print_line(name, reference),))
        return reply if then is None else then(reply)

    return counted._replace(finish=wait)


def _send_message(modem: Modem, record: Destination) -> Outcome:
    """Send a message (AT+CMGS). Raises CommandError as the parts of it do, before the prompt or behind it."""
    if not in_text(modem):
        if record.toda is not None:
            raise _misfit()
        length = require_length(modem, record.destination)
        _require_network(modem)
        return entry_of(modem, lambda typed: _send(modem, _pdu(modem, typed, length, _SUBMIT)[1], "CMGS")).begin(None)
    to = _address(modem, record.destination, record.toda)
    _require_network(modem)
    require_centre(modem)
    return entry_of(modem, lambda typed: _send(modem, _submit(modem, to, typed), "CMGS"), text=True).begin(None)


def _send_stored(modem: Modem, record: Stored) -> Outcome:
    """Send a message of the store (AT+CMSS), also to another.

    Raises CommandError: INVALID_INDEX, it is no SUBMIT; TEXT_PARAMETER, PDU_PARAMETER: nobody is to have it.
    """
    to = None if record.da is None else _address(modem, record.da, record.toda)
    if to is None and record.toda is not None:
        raise _misfit()
    _require_network(modem)
    store = store_of(modem, modem.settings.get(STORES).mem2)
    message = store.get(record.place)
    submit = None if message.status.received else message.decode()
    if not isinstance(submit, Submit):
        raise CommandError(Cms.INVALID_INDEX)
    if to is None and not submit.destination.number:
        raise CommandError(Cms.TEXT_PARAMETER if in_text(modem) else Cms.PDU_PARAMETER)
    tpdu = message.tpdu if to is None else submit._replace(destination=to).encode()

    def sent(reply: Reply) -> Outcome:
        if store.find(record.place) != message or message.status is Status.SENT:
            return reply
        return modem.keeping.write_down(
            lambda: store.put(record.place, message._replace(status=Status.SENT)), Cms.MEMORY_FAILURE, reply
        )

    return _send(modem, tpdu, "CMSS", sent)


def _command(modem: Modem, record: Order) -> Outcome:
    """Send a command to the centre (AT+CMGC). Raises CommandError as AT+CMGS."""
    if not in_text(modem):
        if record.ct is not None or record.da is not None or record.toda is not None:
            raise _misfit()
        length = require_length(modem, str(record.first))
        _require_network(modem)
        return entry_of(modem, lambda typed: _send(modem, _pdu(modem, typed, length, _COMMAND)[1], "CMGC")).begin(None)
    if record.ct is None:
        raise _misfit()
    to = Address("", 129) if record.da is None else _address(modem, record.da, record.toda)
    command = record.ct
    _require_network(modem)
    require_centre(modem)

    def take(typed: bytes) -> Outcome:
        try:
            data = octets_of_hex(typed) if typed else b""
            order = SmsCommand(0, command, record.mn, to, data, record.first, record.pid)
            return _send(modem, order.encode(), "CMGC")
        except TpduError as error:
            raise CommandError(Cms.TEXT_PARAMETER) from error

    return entry_of(modem, take, text=True).begin(None)


# Writing.


def _writing_store(modem: Modem) -> tuple[MessageStore, int]:
    """Return the store that is written, and its next place. Raises CommandError: SMS_MEMORY_FULL; the card."""
    store = store_of(modem, modem.settings.get(STORES).mem2)
    place = store.free
    if place is None:
        raise CommandError(Cms.SMS_MEMORY_FULL)
    return store, place


def _write_message(modem: Modem, status: Status, pdu: bytes) -> Outcome:
    """Store a message, and tell where. Raises CommandError: SMS_MEMORY_FULL."""
    store, place = _writing_store(modem)
    return modem.keeping.write_down(
        lambda: store.put(place, Message(status, pdu)), Cms.MEMORY_FAILURE, Reply((print_line("CMGW", place),))
    )


def _write(modem: Modem, record: Writing) -> Outcome:
    """Write a message (AT+CMGW): one to be sent, in PDU mode also one that came. Raises CommandError as AT+CMGS."""
    if not in_text(modem):
        return _write_pdu(modem, record)
    status = Status.UNSENT if record.stat is None else status_of(record.stat)
    if status is None or status.received:
        raise _misfit()
    toda = _type_of_address(modem, record.kind)
    to = Address("", 129) if record.destination is None else _address(modem, record.destination, toda)
    centre = require_centre(modem)
    _writing_store(modem)
    return entry_of(
        modem, lambda typed: _write_message(modem, status, centre + _submit(modem, to, typed)), text=True
    ).begin(None)


def _write_pdu(modem: Modem, record: Writing) -> Outcome:
    if record.stat is not None or record.kind not in (None, "0", "1", "2", "3"):
        raise _misfit()
    length = require_length(modem, record.destination)
    status = Status.UNSENT if record.kind is None else Status(int(record.kind))
    _writing_store(modem)

    def take(typed: bytes) -> Outcome:
        centre, tpdu = _pdu(modem, typed, length, _DELIVER if status.received else _SUBMIT)
        return _write_message(modem, status, centre + tpdu)

    return entry_of(modem, take).begin(None)


def _type_of_address(modem: Modem, text: str | None) -> int | None:
    """Read the type of an address. Raises CommandError: it is none."""
    if text is None:
        return None
    allowed = modem.profile.commands["CMGS"].params["toda"].range
    if not (text.isascii() and text.isdigit() and len(text) <= 3) or allowed is None or int(text) not in allowed:
        raise _misfit()
    return int(text)


DECLARATIONS: tuple[Declaration[Modem], ...] = (
    Action("CMGS", Destination, _send_message),
    Action("CMSS", Stored, _send_stored),
    Action("CMGW", Writing, _write, bare=True),
    Action("CMGC", Order, _command),
)
