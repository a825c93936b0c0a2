"""AT+MIPOPEN, AT+MIPCLOSE, AT+MIPSTATE (manual 3.3, 3.4, 3.8)."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from onemo.at.command import Action, Declaration, Query, print_line
from onemo.at.params import Defaulted, Param, ParamKind, Required, RequiredText
from onemo.at.reply import DONE, Cme, CommandError, Reply
from onemo.families.sockets.connection import AccessMode, Operation
from onemo.families.sockets.connections import Connections
from onemo.families.sockets.instance import Instance
from onemo.families.sockets.transparent import prepare_transparent
from onemo.modem.modem import Modem
from onemo.net.interface import Transport


class OpenConnection(NamedTuple):
    """AT+MIPOPEN; timeout in seconds."""

    connect_id: Required
    proto_type: Annotated[str, Param(ParamKind.STRING, required=True, choices=("TCP", "UDP"))]
    address: RequiredText
    remote_port: Required
    timeout: Defaulted
    access_mode: Defaulted
    local_port: Defaulted


class CloseConnection(NamedTuple):
    """AT+MIPCLOSE; where the model lacks mode, its default is the way in which it always closes."""

    connect_id: Required
    mode: Defaulted


class OneInstance(NamedTuple):
    """A command about one instance."""

    connect_id: Required


def _open(modem: Modem, record: OpenConnection) -> Reply:
    """Open a connection (AT+MIPOPEN): OK now, the result in a URC.

    Raises CommandError: INCORRECT_PARAMETERS (CME 50), a mode that does not fit the protocol; IN_USE (CME 552), the
    instance is in use; NOT_ALLOWED (CME 3), a second transparent one.
    """
    transport = Transport(record.proto_type)
    mode = AccessMode(record.access_mode)
    if not mode.fits(transport):
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    connections = modem.part(Connections)
    instance = connections[record.connect_id]
    instance.check(Operation.OPEN)
    if mode is AccessMode.TRANSPARENT:
        prepare_transparent(modem, instance)
    connections.open(
        record.connect_id,
        transport,
        record.address,
        record.remote_port,
        record.timeout,
        record.local_port,
        mode,
        modem.now,
    )
    return DONE


def _close(modem: Modem, record: CloseConnection) -> Reply:
    """Close a connection (AT+MIPCLOSE): OK now, a URC once it is closed. Raises CommandError: as Instance.close."""
    modem.part(Connections)[record.connect_id].close(record.mode, modem.now)
    return DONE


def _state_line(instance: Instance) -> bytes:
    request = instance.request
    if request is None:
        return print_line("MIPSTATE", instance.connect_id, b",,", instance.state)  # no transport, host and port
    return print_line(
        "MIPSTATE", instance.connect_id, request.transport.value, request.host, request.port, instance.state
    )


def _all_states(modem: Modem) -> Reply:
    """Tell the state of every instance (AT+MIPSTATE?)."""
    return Reply([_state_line(instance) for instance in modem.part(Connections)])


def _one_state(modem: Modem, record: OneInstance) -> Reply:
    """Tell the state of one instance (AT+MIPSTATE=)."""
    return Reply((_state_line(modem.part(Connections)[record.connect_id]),))


DECLARATIONS: tuple[Declaration[Modem], ...] = (
    Action("MIPOPEN", OpenConnection, _open),
    Action("MIPCLOSE", CloseConnection, _close),
    Query("MIPSTATE", OneInstance, read=_all_states, select=_one_state, tested=False),
)
