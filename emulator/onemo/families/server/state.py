"""The state of the servers, for the control API."""

from __future__ import annotations

from typing import NamedTuple

from onemo.families.server.servers import ModuleServers
from onemo.modem.modem import Modem


class ServerInfo(NamedTuple):
    """A server that is there. port: the module's; host, host_port: where on this host that is."""

    sid: int
    protocol: str
    port: int
    host: str
    host_port: int
    state: str
    clients: int


def servers(modem: Modem) -> tuple[ServerInfo, ...]:
    """Return every server that was begun."""
    return tuple(
        ServerInfo(
            each.sid,
            each.asked.transport.value,
            each.asked.port,
            each.host,
            each.host_port,
            each.state.value,
            each.client_count,
        )
        for each in modem.part(ModuleServers)
        if each.asked is not None
    )
