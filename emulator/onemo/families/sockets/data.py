"""AT+MIPSEND, with data in the command line or after ``>`` (manual 3.5)."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from onemo.at.command import Action, Declaration, Outcome, Pending, Prompt, print_line
from onemo.at.params import Defaulted, Kind, Maybe, Param, Required
from onemo.at.reply import DONE, Cme, CommandError, Reply
from onemo.modem.channel import Send, Sent
from onemo.modem.connection import Loss, Operation, SocketError
from onemo.modem.instance import Instance
from onemo.modem.modem import Modem
from onemo.modem.slots import ENCODING, SEND_BUFFER, SEND_TIMEOUT
from onemo.net.interface import Transport
from onemo.profile.schema import CONNECTION
from onemo.wire.payload import BadPayload, SendFormat, decode, typed_length


class SendData(NamedTuple):
    """AT+MIPSEND. send_length None: not given. data: as it was typed, before its format is undone."""

    connect_id: Required
    send_length: Maybe
    data: Annotated[bytes | None, Param(Kind.DATA, nullable=True, allow_empty=True)]
    rai: Defaulted
    seq: Maybe
    pri_flag: Defaulted


def _send(modem: Modem, record: SendData) -> Outcome:
    """Not CONNECTED: CME 550. Data that is missing, too long, of another length or no HEX: CME 50."""
    instance = modem.connections[record.connect_id]
    instance.check(Operation.SEND)
    over_udp = instance.transport is Transport.UDP
    if not over_udp and (record.rai or record.seq is not None):
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    if record.data:
        data = _decoded(modem, record, record.data)
        _check_size(modem, instance, record, data)
        return _hand_over(modem, instance, record, data)
    profile = modem.model.profile.table(CONNECTION)
    if profile.empty_datagram and over_udp and record.send_length == 0:
        return _hand_over(modem, instance, record, b"")
    if profile.inline_data == "required" or record.data is not None:
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    return _prompt(modem, instance, record)


def _hand_over(modem: Modem, instance: Instance, record: SendData, data: bytes) -> Pending:
    timeout = modem.settings.effective(SEND_TIMEOUT, instance.connect_id).send_timeout
    send, request = Send(instance, data, timeout), instance.request

    def sent(result: Sent) -> Reply:
        there = instance.request is request  # meanwhile another console may have closed it, and opened another one
        return _sent(modem, instance if there else None, record, len(data), result)

    return Pending(send, sent)


def _prompt(modem: Modem, instance: Instance, record: SendData) -> Prompt:
    """``>``: exactly send_length bytes; without it (or with 0) up to Ctrl-Z, ESC or the send buffer's size."""
    settings, connect_id = modem.settings, instance.connect_id

    def finish(data: bytes | None, timed_out: bool) -> Reply | Pending:
        """ESC, or Ctrl-Z with nothing before it, sends nothing; a time-out sends what came of a given length."""
        if data is None:
            return DONE
        if timed_out and not (data and record.send_length):
            raise CommandError
        instance.check(Operation.SEND)
        return _hand_over(modem, instance, record, data) if data else DONE

    return Prompt(
        record.send_length or None,
        settings.effective(SEND_BUFFER, connect_id).send_buffer,
        settings.effective(SEND_TIMEOUT, connect_id).send_timeout,
        finish,
    )


def _decoded(modem: Modem, record: SendData, typed: bytes) -> bytes:
    """The bytes meant; a length over 0 is checked against what was typed between the quotes."""
    form = SendFormat(modem.settings.effective(ENCODING, record.connect_id).send_format)
    length = record.send_length
    if length and (
        length > modem.model.profile.table(CONNECTION).inline_max or len(typed) != typed_length(length, form)
    ):
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    try:
        return decode(typed, form)
    except BadPayload as error:
        raise CommandError(Cme.INCORRECT_PARAMETERS) from error


def _check_size(modem: Modem, instance: Instance, record: SendData, data: bytes) -> None:
    profile = modem.model.profile.table(CONNECTION)
    limit = profile.inline_max
    if record.seq is not None and instance.ipv6 and profile.seq_ipv6_headers:
        limit = min(limit, profile.mtu - profile.seq_ipv6_headers)
    if len(data) > limit:
        raise CommandError(Cme.INCORRECT_PARAMETERS)


def _sent(modem: Modem, instance: Instance | None, record: SendData, asked: int, result: Sent) -> Reply:
    """+MIPSEND with the bytes taken. Nothing taken of something: CME 560; a broken connection is lost too. instance:
    None if its connection is gone."""
    failed = result.failed or (asked > 0 and result.taken == 0)
    if result.failed and instance is not None:
        instance.fail(Loss.BROKEN)
    if record.seq is not None:
        modem.notify(print_line("MIPURC", "seq", record.connect_id, record.seq, int(failed)))
    if failed:
        raise CommandError(SocketError.WRITE_FAILED)
    if instance is not None:
        instance.sent += result.taken
        instance.last_exchange = modem.now
    return Reply((print_line("MIPSEND", record.connect_id, result.taken),))


def _escaped(modem: Modem, first: bytes) -> bool:
    """Only with the escaped format does a backslash keep a quote inside the data."""
    if not first.isdigit() or len(first) > 3 or int(first) not in modem.connections:
        return False
    return modem.settings.effective(ENCODING, int(first)).send_format == SendFormat.ESCAPED


DECLARATIONS: tuple[Declaration[Modem], ...] = (Action("MIPSEND", SendData, _send, escapes=_escaped),)
