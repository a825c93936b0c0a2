"""The routing of a module's traffic: the real end behind an address, a port, a name server or an echo request."""

from __future__ import annotations

import socket
from contextlib import suppress

import trio

from onemo.errors import NetError, NetFailure
from onemo.net.host.addresses import DOMAIN, destination
from onemo.net.host.connect import Place
from onemo.net.host.routes import Routes, SandboxNetwork, Target, TargetKind, is_address
from onemo.net.interface import AddressFamily, Pinger, Transport

_DNS_PORT = 53


class Routing:
    """The routes, followed to addresses of the host's network and of the sandbox.

    of_name is the target of the name that an address was found for, None where no route has it: it goes before the
    routes of the address itself. source: as in HostNetwork.
    """

    def __init__(self, routes: Routes, source: str | None = None) -> None:
        self._routes = routes
        self._source = source

    async def places(self, transport: Transport, address: str, port: int, of_name: Target | None) -> list[Place]:
        """Find the real places of an address and port; at least one.

        Raises NetError: NAME, a target that the host does not know; OTHER, denied or offline; REFUSED, port 0 of the
        sandbox.
        """
        target = self._way(address, port, of_name)
        if target is not None and target.sandbox:
            if not port:
                raise NetError(NetFailure.REFUSED, f"{address}: nobody has port 0")
            return [Place(*self.sandbox.endpoint(transport, port, tls=target.tls))]
        if target is None or target.kind is TargetKind.DIRECT:
            self._routes.require_reachable(address)
            return [Place(destination(address), port)]
        places = [Place(destination(real), target.port or port) for real in await _of_target(target)]
        for place in places:
            self._routes.require_reachable(place.address)
        return places

    async def pinger(self, address: str, size: int, of_name: Target | None) -> Pinger:
        """Get ready to ping the address. Raises NetError: OTHER, denied, offline or not possible on this host."""
        target = self._way(address, None, of_name)
        if target is not None and target.sandbox:
            return self.sandbox.pinger(address, size)
        from onemo.net.host.icmp import open_pinger

        direct = target is None or target.kind is TargetKind.DIRECT
        real = destination(address if target is None or direct else (await _of_target(target))[0])
        self._routes.require_reachable(real)
        shown = address if real != address and is_address(address) else None
        return open_pinger(real, size, source=self._source, shown=shown)

    async def server(self, transport: Transport, address: str, port: int) -> Place:
        """Find the real place of a name server. Raises NetError: denied, offline, not to be found."""
        return (await self.places(transport, address, port, None))[0]

    @property
    def sandbox(self) -> SandboxNetwork:
        """The sandbox. There must be one."""
        assert self._routes.sandbox is not None  # no route leads there without one
        return self._routes.sandbox

    def asks_sandbox(self, servers: tuple[str, ...]) -> bool:
        """Tell whether a route takes one of these name servers to the sandbox."""
        for server in servers:
            with suppress(NetError):
                target = self._routes.find(server, _DNS_PORT)
                if target is not None and target.sandbox:
                    return True
        return False

    def _way(self, address: str, port: int | None, of_name: Target | None) -> Target | None:
        """Return the target of an address that was found for a name with a target of its own, which goes first."""
        target = self._routes.find(address, port)
        held = of_name is not None and of_name.kind is TargetKind.DIRECT and self._routes.holds(address)
        return target if of_name is None or held else of_name


async def _of_target(target: Target) -> list[str]:
    """Return the addresses of a route's target. A name there is the tester's: the host resolves it."""
    if is_address(target.host):
        return [target.host]
    return await resolved_by_host(target.host, None)


async def resolved_by_host(name: str, family: AddressFamily | None) -> list[str]:
    """Return the addresses that the host itself finds, best first. Raises NetError(NAME)."""
    wanted = socket.AF_UNSPEC if family is None else DOMAIN[family]
    try:
        found = await trio.socket.getaddrinfo(name, None, wanted, socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NetError(NetFailure.NAME, f"{name}: the host does not know it: {error}") from error
    # A scope id belongs to a link that a module does not see.
    return [str(address[0]).partition("%")[0] for *_, address in found]
