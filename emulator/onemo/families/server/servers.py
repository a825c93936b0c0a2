"""The servers together, for one boot cycle."""

from __future__ import annotations

from collections.abc import Iterator

from onemo.families.server.server import ModuleServer
from onemo.families.server.states import ServerState
from onemo.families.sockets.connections import Connections
from onemo.modem.modem import Modem
from onemo.modem.part import Part
from onemo.net.interface import AddressFamily, Transport


class ModuleServers(Part):
    """Every sid."""

    def __init__(self, device: Modem) -> None:
        super().__init__(device)
        self.sockets = device.part(Connections)
        ids = device.profile.params["sid"].range or ()
        self._servers = {sid: ModuleServer(sid, device, self.sockets) for sid in ids}

    def __getitem__(self, sid: int) -> ModuleServer:
        return self._servers[sid]

    def __iter__(self) -> Iterator[ModuleServer]:
        return iter(self._servers.values())

    def has_port(self, transport: Transport, family: AddressFamily, port: int, now: float) -> bool:
        """Tell whether the module has a port itself: a server or a connection, or one that waits 2 MSL."""
        asked = [each.asked for each in self if each.asked is not None]
        listening = any((each.transport, each.family, each.port) == (transport, family, port) for each in asked)
        return listening or self.sockets.has_port(transport, port, now)

    @property
    def busy(self) -> bool:
        """True while a server is on its way to listen, or to its end."""
        return any(each.state in (ServerState.OPENNING, ServerState.CLOSING) for each in self)

    def context_down(self, cid: int) -> None:
        """End every server, if it is the default context."""
        if self._device.contexts.chosen(None) == cid:
            for each in self:
                each.context_down()
