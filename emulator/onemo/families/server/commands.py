"""AT+MIPSRVCFG, MIPLISTEN, MIPSRVSTATE, MIPSRVCLOSE, MIPRDU, MIPSENDTO (a newer edition of the manual, 3.9-3.14)."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated, NamedTuple, Protocol

from onemo.at.command import Action, Declaration, Key, KeyedSetting, Query, print_line
from onemo.at.grammar import Argument, Arguments, arguments
from onemo.at.outcome import Outcome, Pending
from onemo.at.params import Defaulted, Maybe, Param, ParamKind, Required, RequiredText
from onemo.at.reply import DONE, Cme, CommandError, Reply
from onemo.families.server.profile import SERVER
from onemo.families.server.server import Listening, ModuleServer
from onemo.families.server.servers import ModuleServers
from onemo.families.server.settings import SERVER_BUFFER, SERVER_ENCODING
from onemo.families.server.states import ServerState
from onemo.families.sockets.connection import AccessMode, Operation, SocketError, State
from onemo.families.sockets.connections import Connections
from onemo.families.sockets.data import payload_entry
from onemo.families.sockets.instance import Instance
from onemo.families.sockets.settings import SEND_TIMEOUT
from onemo.modem.channel import SendTo, Sent
from onemo.modem.modem import Modem
from onemo.net.interface import AddressFamily, Transport

_FAMILIES = {"IP": AddressFamily.IPV4, "IPV6": AddressFamily.IPV6}
_TEXTS = (1, 3)
"""The parameters of MIPLISTEN that are words: in either case, with quotes or without."""


class ListenOn(NamedTuple):
    """AT+MIPLISTEN."""

    sid: Required
    transport: Annotated[str, Param(ParamKind.STRING, required=True, choices=("TCP", "UDP"))]
    port: Required
    family: Annotated[str, Param(ParamKind.STRING, choices=("IP", "IPV6"))]
    access_mode: Defaulted


class OneServer(NamedTuple):
    """A command about one server."""

    sid: Required


class CloseServer(NamedTuple):
    """AT+MIPSRVCLOSE; where the model lacks mode, its default is the way in which it always closes."""

    sid: Required
    mode: Defaulted


class ReadPackets(NamedTuple):
    """AT+MIPRDU; packets: how many, 0 all; None asks how many are unread."""

    connect_id: Required
    packets: Maybe


class SendDatagram(NamedTuple):
    """AT+MIPSENDTO. send_length None: not given. data: as it was typed, before its format is undone."""

    connect_id: Required
    address: RequiredText
    port: Required
    send_length: Maybe
    data: Annotated[bytes | None, Param(ParamKind.DATA, nullable=True, allow_empty=True)]
    rai: Defaulted
    seq: Maybe
    pri_flag: Defaulted


class _OfServer(Protocol):
    @property
    def sid(self) -> int: ...


def _bare(modem: Modem) -> bool:
    """Tell whether what is refused is answered with the bare ERROR."""
    return modem.profile.table(SERVER).refusal == "error"


def _require_initial(modem: Modem, record: _OfServer) -> None:
    """Refuse a setting while the server is there. Raises CommandError(IN_USE)."""
    if modem.part(ModuleServers)[record.sid].state is not ServerState.INITIAL:
        raise CommandError(SocketError.IN_USE)


# MIPLISTEN, MIPSRVSTATE, MIPSRVCLOSE.


def _words(modem: Modem, line: bytes, position: int) -> tuple[Arguments, int]:
    """Read the parameters of MIPLISTEN: its words are taken in either case, with quotes or without."""
    given, end = arguments(line, position)
    found = [
        Argument(each.string.upper(), quoted=True) if place in _TEXTS and each is not None else each
        for place, each in enumerate(given)
    ]
    return tuple(found), end


def _listen(modem: Modem, record: ListenOn) -> Reply:
    """Begin to listen (AT+MIPLISTEN): OK now, the result in a URC.

    Raises CommandError: INCORRECT_PARAMETERS (CME 50), a mode that does not fit the protocol; IN_USE (CME 552);
    FAMILY_UNSUPPORTED (CME 577), the module has no such address.
    """
    transport, family = Transport(record.transport), _FAMILIES[record.family]
    mode = AccessMode(record.access_mode)
    if not mode.fits(transport):
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    _require_initial(modem, record)
    servers = modem.part(ModuleServers)
    bearer = modem.contexts.active.get(modem.contexts.chosen(None))
    own = None if bearer is None else bearer.ipv4 if family is AddressFamily.IPV4 else bearer.ipv6
    if modem.contexts.refusal(None) is not None or not own:
        raise CommandError(SocketError.FAMILY_UNSUPPORTED)
    taken = servers.has_port(transport, family, record.port, modem.now)
    asked = Listening(transport=transport, port=record.port, family=family, access_mode=mode)
    servers[record.sid].listen(asked, modem.now, taken=taken)
    return DONE


def _listening(modem: Modem) -> Reply:
    """Tell what is listened for (AT+MIPLISTEN?)."""
    names = {family: name for name, family in _FAMILIES.items()}
    found = [(each.sid, each.asked) for each in modem.part(ModuleServers)]
    return Reply(
        [
            print_line("MIPLISTEN", sid, asked.transport.value, asked.port, names[asked.family], int(asked.access_mode))
            for sid, asked in found
            if asked is not None
        ]
    )


def _states(modem: Modem) -> Reply:
    """Tell the state of every server (AT+MIPSRVSTATE?)."""
    return Reply(
        [
            print_line("MIPSRVSTATE", each.sid, each.state, each.client_count, *each.totals)
            for each in modem.part(ModuleServers)
        ]
    )


def _clients(modem: Modem, record: OneServer) -> Reply:
    """Tell the clients of one server (AT+MIPSRVSTATE=)."""
    server = modem.part(ModuleServers)[record.sid]
    return Reply([print_line("MIPSRVSTATE", server.sid, *client) for client in server.connected])


def _close(modem: Modem, record: CloseServer) -> Reply:
    """Close a server with its connections (AT+MIPSRVCLOSE): OK now, a URC once all is closed.

    Raises CommandError(NOT_USED), CME 551: it does not listen.
    """
    server = modem.part(ModuleServers)[record.sid]
    if server.state is not ServerState.LISTENING:
        raise CommandError(SocketError.NOT_USED)
    server.close(record.mode, modem.now)
    return DONE


# MIPRDU, MIPSENDTO.


def _read(modem: Modem, record: ReadPackets) -> Reply:
    """Print the packets that are unread, each with its sender (AT+MIPRDU); nothing to read: only OK.

    Raises CommandError(INCORRECT_PARAMETERS): it is a TCP connection.
    """
    instance = modem.part(Connections)[record.connect_id]
    if instance.state is State.INITIAL:
        return DONE
    if not instance.datagrams:
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    if record.packets is None:
        return Reply((print_line("MIPRDU", instance.connect_id, instance.unread),))
    count = min(record.packets, instance.unread) or instance.unread
    lines = []
    for data, sender in instance.take_packets(count) if count else ():
        text = instance.encoded(data)
        lines.append(print_line("MIPRDU", instance.connect_id, *sender, instance.unread, len(data), text))
    return Reply(lines)


def _send_to(modem: Modem, record: SendDatagram) -> Outcome:
    """Send a datagram to an address (AT+MIPSENDTO).

    Raises CommandError: TCPIP_UNKNOWN (CME 550), not CONNECTED; INCORRECT_PARAMETERS (CME 50), a TCP connection, no
    address, or as MIPSEND; FAMILY_UNSUPPORTED (CME 577), an address of the other family; WRITE_FAILED (CME 560).
    """
    instance = modem.part(Connections)[record.connect_id]
    instance.check(Operation.SEND)
    if not instance.datagrams:
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    _require_address(instance, record.address)
    settings = modem.settings
    timeout = settings.effective(SEND_TIMEOUT, instance.connect_id).send_timeout
    if record.send_length == 0 and not record.data:
        return _hand_over(modem, instance, record, b"", timeout)
    return payload_entry(
        modem, instance, record.send_length, lambda data: _hand_over(modem, instance, record, data, timeout)
    ).begin(record.data)


def _require_address(instance: Instance, text: str) -> None:
    """Require an address of the connection's family. Raises CommandError: INCORRECT_PARAMETERS, FAMILY_UNSUPPORTED."""
    try:
        address = ip_address(text)
    except ValueError:
        raise CommandError(Cme.INCORRECT_PARAMETERS) from None
    if "%" in text:  # an interface of the host means nothing to a module
        raise CommandError(Cme.INCORRECT_PARAMETERS)
    if (address.version == AddressFamily.IPV6.value) is not instance.ipv6:
        raise CommandError(SocketError.FAMILY_UNSUPPORTED)


def _hand_over(modem: Modem, instance: Instance, record: SendDatagram, data: bytes, timeout: float) -> Pending:
    """Send data, waiting at most timeout seconds for room."""
    server = instance.server
    known = isinstance(server, ModuleServer) and (record.address, record.port) in server.peers
    owner = server if isinstance(server, ModuleServer) else instance
    request = instance.request

    def sent(result: Sent) -> Reply:
        if result.failed:
            raise CommandError(SocketError.WRITE_FAILED)
        if instance.request is request if server is None else instance.server is server:
            instance.sent += result.taken
            instance.last_exchange = modem.now
        return Reply((print_line("MIPSENDTO", record.connect_id, result.taken),))

    return Pending(SendTo(owner, data, timeout, record.address, record.port, known), sent)


DECLARATIONS: tuple[Declaration[Modem], ...] = (
    KeyedSetting(
        "MIPSRVCFG", (Key(SERVER_ENCODING, check=_require_initial), Key(SERVER_BUFFER, check=_require_initial))
    ),
    Query("MIPLISTEN", ListenOn, read=_listening, select=_listen, split=_words, bare_errors=_bare),
    Query("MIPSRVSTATE", OneServer, read=_states, select=_clients, bare_errors=_bare),
    Query("MIPSRVCLOSE", CloseServer, read=None, select=_close, bare_errors=_bare),
    Action("MIPRDU", ReadPackets, _read),
    Action("MIPSENDTO", SendDatagram, _send_to),
)
