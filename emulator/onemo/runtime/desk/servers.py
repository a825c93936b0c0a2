"""The servers of a module, for programs on the other side of its network."""

from __future__ import annotations

from typing import NamedTuple

from onemo.errors import UsageError
from onemo.families.server.state import servers
from onemo.modem.modem import Modem


class ServerAddress(NamedTuple):
    """A server that listens. address: where clients find it on this host; port: the module's own."""

    sid: int
    protocol: str
    port: int
    address: tuple[str, int]


def server_of(modem: Modem, sid: int) -> ServerAddress:
    """Return where a server listens. Raises UsageError: it does not."""
    for each in servers(modem) if modem.model.has("MIPLISTEN") else ():
        if each.sid == sid and each.host_port:
            return ServerAddress(each.sid, each.protocol, each.port, (each.host, each.host_port))
    raise UsageError(f"there is no server {sid}: one begins with AT+MIPLISTEN, whose URC is +MIPLISTEN: {sid},0")
