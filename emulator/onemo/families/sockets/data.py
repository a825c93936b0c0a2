"""AT+MIPSEND, with data in the command line or after ``>`` (manual 3.5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, NamedTuple

from onemo.at.command import Action, Declaration, print_line
from onemo.at.entry import DataEntry
from onemo.at.outcome import Outcome, Pending, keeping_escapes
from onemo.at.params import Defaulted, Maybe, Param, ParamKind, Required
from onemo.at.payload import SendFormat
from onemo.at.reply import DONE, Cme, CommandError, Reply
from onemo.families.sockets.connection import Loss, Operation, SocketError
from onemo.families.sockets.connections import Connections
from onemo.families.sockets.instance import Instance
from onemo.families.sockets.profile import CONNECTION
from onemo.families.sockets.settings import ENCODING, SEND_BUFFER, SEND_TIMEOUT
from onemo.modem.channel import Send, Sent
from onemo.modem.modem import Modem
from onemo.net.interface import Transport


class SendData(NamedTuple):
    """AT+MIPSEND. send_length None: not given. data: as it was typed, before its format is undone."""

    connect_id: Required
    send_length: Maybe
    data: Annotated[bytes | None, Param(ParamKind.DATA, nullable=True, allow_empty=True)]
    rai: Defaulted
    seq: Maybe
    pri_flag: Defaulted


def _send(modem: Modem, record: SendData) -> Outcome:
    """Send data (AT+MIPSEND): +MIPSEND once the socket has it.

    Raises CommandError: TCPIP_UNKNOWN (CME 550), not CONNECTED; INCORRECT_PARAMETERS (CME 50), data that is missing,
    too long, of another length or no HEX; NOT_CONNECTED (CME 553), of a UDP server; WRITE_FAILED (CME 560), nothing was
    taken.
    """
    instance = modem.part(Connections)[record.connect_id]
    instance.check(Operation.SEND)
    over_udp = instance.transport is Transport.UDP
    if over_udp and instance.server is not None:  # it has no one peer
        raise CommandError(SocketError.NOT_CONNECTED)
    if not over_udp and (record.rai or record.seq is not None):
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    profile, settings = modem.model.profile.table(CONNECTION), modem.settings
    timeout = settings.effective(SEND_TIMEOUT, instance.connect_id).send_timeout
    if profile.empty_datagram and record.send_length == 0 and not record.data:
        if not over_udp:
            raise CommandError(Cme.INCORRECT_PARAMETERS)
        return _hand_over(modem, instance, record, b"", timeout)
    entry = payload_entry(
        modem, instance, record.send_length, lambda data: _hand_over(modem, instance, record, data, timeout)
    )
    return entry._replace(offered=profile.inline_data == "optional").begin(record.data)


def payload_entry(
    modem: Modem, instance: Instance, length: int | None, hand_over: Callable[[bytes], Outcome]
) -> DataEntry:
    """Return the entry of what a connection sends, as its settings have it.

    length: in bytes, None: not given. hand_over: sends what was entered, unless it is nothing.
    """

    def take(data: bytes) -> Outcome:
        instance.check(Operation.SEND)
        return hand_over(data) if data else DONE

    settings, connect_id = modem.settings, instance.connect_id
    return DataEntry(
        take=take,
        timeout=settings.effective(SEND_TIMEOUT, connect_id).send_timeout,
        length=length,
        most=settings.effective(SEND_BUFFER, connect_id).send_buffer,
        inline=modem.profile.table(CONNECTION).inline_max,
        form=SendFormat(settings.effective(ENCODING, connect_id).send_format),
    )


def _hand_over(modem: Modem, instance: Instance, record: SendData, data: bytes, timeout: float) -> Pending:
    """Send data, waiting at most timeout seconds for room.

    Raises CommandError: CME 50, more than the headers of <seq> leave room for.
    """
    profile = modem.model.profile.table(CONNECTION)
    headers = profile.seq_ipv6_headers if record.seq is not None and instance.ipv6 else 0
    if headers and len(data) > profile.mtu - headers:
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    request = instance.request

    def sent(result: Sent) -> Reply:
        there = instance.request is request  # meanwhile another console may have closed it, and opened another one
        return _sent(modem, instance if there else None, record, len(data), result)

    return Pending(Send(instance, data, timeout), sent)


def _sent(modem: Modem, instance: Instance | None, record: SendData, asked: int, result: Sent) -> Reply:
    """Tell the bytes taken; a broken connection is lost too. instance: None if its connection is gone.

    Raises CommandError(WRITE_FAILED), CME 560: nothing was taken of something.
    """
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


def _keeps_escapes(modem: Modem, first: bytes) -> bool:
    """Tell whether a backslash keeps a quote inside the data: only with the escaped format."""
    if not first.isdigit() or len(first) > 3 or int(first) not in modem.part(Connections):
        return False
    return modem.settings.effective(ENCODING, int(first)).send_format == SendFormat.ESCAPED


DECLARATIONS: tuple[Declaration[Modem], ...] = (
    Action("MIPSEND", SendData, _send, split=keeping_escapes(_keeps_escapes)),
)
