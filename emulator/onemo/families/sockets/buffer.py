"""Data that was received, and how: AT+MIPRD, AT+MIPMODE, AT+MIPSACK (manual 3.6, 3.7, 3.9)."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from onemo.at.command import Action, Declaration, print_line
from onemo.at.outcome import Outcome, Pending
from onemo.at.params import Maybe, Param, ParamKind, Required
from onemo.at.reply import DONE, Cme, CommandError, Reply
from onemo.families.sockets.connect import OneInstance
from onemo.families.sockets.connection import AccessMode, Operation, State
from onemo.families.sockets.connections import Connections
from onemo.families.sockets.instance import Instance
from onemo.families.sockets.profile import CONNECTION
from onemo.families.sockets.transparent import prepare_transparent
from onemo.modem.channel import Carried, Outstanding
from onemo.modem.modem import Modem
from onemo.net.interface import Transport


class Read(NamedTuple):
    """AT+MIPRD; length: bytes over TCP, packets over UDP, 0 all; None asks how much is unread."""

    connect_id: Required
    length: Maybe


class SwitchMode(NamedTuple):
    """AT+MIPMODE; packet_size in bytes and waittm in milliseconds go together."""

    connect_id: Required
    access_mode: Maybe
    packet_size: Annotated[int, Param(ParamKind.INTEGER, together="packets", needs="access_mode")]
    waittm: Annotated[int, Param(ParamKind.INTEGER, together="packets", needs="access_mode")]


def _read(modem: Modem, record: Read) -> Reply:
    """Print what is unread (AT+MIPRD); nothing to read, or no connection: only OK.

    Raises CommandError(INCORRECT_PARAMETERS): over UDP not one packet, where the model reads one at a time.
    """
    instance = modem.part(Connections)[record.connect_id]
    if record.length is None:
        unread = print_line("MIPRD", instance.connect_id, instance.unread)
        return DONE if instance.state is State.INITIAL else Reply((unread,))
    if (
        instance.transport is Transport.UDP
        and modem.model.profile.table(CONNECTION).reads_one_packet
        and record.length != 1
    ):
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    return Reply(instance.read(record.length))


def _switch(modem: Modem, record: SwitchMode) -> Reply:
    """Switch the access mode, or tell it (AT+MIPMODE).

    Leaving a buffered mode prints what it holds, into transparent mode after CONNECT. What is transparent on another
    console comes to the one that asks for that mode.

    Raises CommandError: NOT_CONNECTED (CME 553); INCORRECT_PARAMETERS, a mode that does not fit the protocol,
    or transparent mode of what a server accepted; NOT_ALLOWED (CME 3), a second transparent connection.
    """
    instance = modem.part(Connections)[record.connect_id]
    instance.check(Operation.INSPECT)
    if record.access_mode is None:
        return Reply((print_line("MIPMODE", instance.connect_id, instance.access_mode.value),))
    mode = AccessMode(record.access_mode)
    if instance.transport is None or not mode.fits(instance.transport):
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    if mode is AccessMode.TRANSPARENT and instance.server is not None:
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    if mode is instance.access_mode and (mode is not AccessMode.TRANSPARENT or instance.console is modem.console):
        return DONE
    if mode is AccessMode.TRANSPARENT:
        prepare_transparent(modem, instance)
        instance.give_up_line()
        instance.console = modem.console
        instance.console.go_online(instance)
        return Reply(last=True)
    instance.give_up_line()
    unread = instance.read(0)
    instance.hold(mode)
    return Reply(unread)


def _acknowledgements(modem: Modem, record: OneInstance) -> Outcome:
    """Tell the bytes sent, acknowledged and received (AT+MIPSACK).

    The figures are the socket's own; over UDP nothing is ever acknowledged. Raises CommandError(NOT_CONNECTED), CME
    553.
    """
    instance = modem.part(Connections)[record.connect_id]
    instance.check(Operation.INSPECT)
    if instance.transport is Transport.UDP:
        return _figures_reply(instance, instance.sent)
    return Pending(Outstanding(instance), lambda result: _carried_reply(instance, result))


def _carried_reply(instance: Instance, result: int | Carried) -> Reply:
    """Tell the figures of what the socket carried.

    Over TLS it carries records, and counts those. [decided]
    """
    if isinstance(result, int):
        return _figures_reply(instance, result)
    nack = min(result.outstanding, result.sent)
    return Reply((print_line("MIPSACK", result.sent, result.sent - nack, nack, result.received),))


def _figures_reply(instance: Instance, nack: int) -> Reply:
    """Tell the figures of the instance, of which nack bytes are not acknowledged."""
    nack = min(nack, instance.sent)  # the kernel counts a FIN, too
    values = (instance.sent, instance.sent - nack, nack, instance.received)
    return Reply((print_line("MIPSACK", *values),))


DECLARATIONS: tuple[Declaration[Modem], ...] = (
    Action("MIPRD", Read, _read),
    Action("MIPMODE", SwitchMode, _switch),
    Action("MIPSACK", OneInstance, _acknowledgements),
)
