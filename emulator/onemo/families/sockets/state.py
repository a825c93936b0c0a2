"""The state of the sockets, for the control API."""

from __future__ import annotations

from typing import NamedTuple

from onemo.families.sockets.connections import Connections
from onemo.families.sockets.instance import Instance
from onemo.modem.modem import Modem


class PeerInfo(NamedTuple):
    """The peer of a connection, as the firmware wrote it."""

    host: str
    port: int


class ConnectionInfo(NamedTuple):
    """A socket instance. sent, received, queued: bytes; unread: as AT+MIPRD counts."""

    connect_id: int
    state: str
    transport: str | None
    peer: PeerInfo | None
    access_mode: str
    sent: int
    received: int
    queued: int
    unread: int
    tls: bool


def connections(modem: Modem) -> tuple[ConnectionInfo, ...]:
    """Return every socket instance."""
    return tuple(_connection(instance) for instance in modem.part(Connections))


def _connection(instance: Instance) -> ConnectionInfo:
    request, transport = instance.request, instance.transport
    return ConnectionInfo(
        instance.connect_id,
        instance.state.value,
        transport.value if transport else None,
        PeerInfo(request.host, request.port) if request else None,
        instance.access_mode.name.lower(),
        instance.sent,
        instance.received,
        instance.queued,
        instance.unread,
        request is not None and request.tls is not None,
    )
