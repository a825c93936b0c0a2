"""The host's network behind a module: names, address families, routes, and the time that all of it may take."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Protocol, TypeVar

import trio

from onemo.errors import NetError, NetFailure
from onemo.net.host.connect import Place, connect
from onemo.net.host.connections import TcpConnection, UdpConnection
from onemo.net.host.ports import LEDGER, PortLedger
from onemo.net.host.resolver import Resolver, host_name_servers
from onemo.net.host.routes import Routes, Target, TargetKind
from onemo.net.host.routing import Routing, resolved_by_host
from onemo.net.interface import (
    AddressFamily,
    Connection,
    LookupRequest,
    NamePolicy,
    OpenRequest,
    Pinger,
    PingRequest,
    TimeRequest,
    Transport,
)
from onemo.net.names import require_name

if TYPE_CHECKING:
    from onemo.net.host.tls import TlsClient

__all__ = ["HostNetwork", "NameResolver", "TcpConnection", "UdpConnection"]

_DOTTED = frozenset("0123456789.")
_STRAIGHT = Routes()

T = TypeVar("T")


class NameResolver(Protocol):
    """A resolver of names to addresses."""

    async def resolve(self, name: str, family: AddressFamily, policy: NamePolicy) -> list[str]:
        """Return the name's addresses in this family, at least one. Raises NetError: NAME, NAME_TIMED_OUT."""
        ...

    def forget(self) -> None:
        """Drop every kept answer."""
        ...


class HostNetwork:
    """The host's network: real connections, names, echo requests and time.

    routes: where they go instead, and where they must not. Local ports are entered in ports. resolv_conf: where the
    host names its name servers. names replaces the resolver that asks a module's own. source: an address of the host,
    with which all that is of its family leaves.

    Routes are asked of what the firmware wrote, before any name is resolved, and then of each address: of a peer, and
    of a name server (port 53). A route by name holds for the name's addresses as well.
    """

    def __init__(
        self,
        routes: Routes = _STRAIGHT,
        ports: PortLedger = LEDGER,
        resolv_conf: str = "/etc/resolv.conf",
        names: NameResolver | None = None,
        source: str | None = None,
    ) -> None:
        self._routes = routes
        self._routing = Routing(routes, source)
        self._source = source
        self._ports = ports
        self._resolv_conf = resolv_conf
        self._names = names or Resolver(self._routing.server, source=source)
        self._tls: TlsClient | None = None

    async def open(self, request: OpenRequest) -> Connection:
        """Resolve, connect, and return the connection.

        Families are tried in the request's order, in each family every address. Raises NetError: the last
        attempt's when all fail; a name that lacks one family is no attempt. TIMED_OUT when the time ends
        during a handshake of TCP, TLS_TIMED_OUT during one of TLS, NAME when it ends before the name
        is known; OTHER: denied.
        """
        await trio.lowlevel.checkpoint()
        literal = _literal(request.host)
        if literal is not None and AddressFamily(literal.version) not in request.names.families:
            raise NetError(NetFailure.FAMILY, f"{request.host}: not a family of this module")
        if request.transport is Transport.UDP and not request.port:
            # The kernel takes it for "not connected" and would let in everybody's datagrams.
            raise NetError(NetFailure.OTHER, "UDP has no port 0")
        prepared = None if request.tls is None else self._tls_client().prepare(request)
        claim = self._ports.claim(request.transport, request.local_port, self._source)
        deadline = trio.current_time() + request.timeout
        peer = request.transport, request.host, request.port
        try:
            opened = await self._first(
                peer, request.names, deadline, lambda p: connect(request, p, deadline, claim, self._source)
            )
            if prepared is None:
                return opened
            # That it fails ends the attempt: another address would have the same certificate.
            return await self._tls_client().secure(opened, request, deadline, prepared)
        except NetError as error:
            claim.release()
            if error.failure is NetFailure.NAME_TIMED_OUT:
                raise NetError(NetFailure.NAME, error.detail) from error  # MIPOPEN knows no other
            raise
        except BaseException:
            claim.release()
            raise

    def _tls_client(self) -> TlsClient:
        if self._tls is None:
            from onemo.net.host.tls import TlsClient

            self._tls = TlsClient()
        return self._tls

    async def place(self, host: str, port: int) -> tuple[str, int]:
        """Find the real end of datagrams to an address. Raises NetError: denied, offline, no such target."""
        await trio.lowlevel.checkpoint()
        found = await self._routing.places(Transport.UDP, host, port, self._routes.find(host, port))
        return found[0]

    async def lookup(self, request: LookupRequest) -> list[str]:
        """Resolve a name. A denied name is unknown.

        A name that a route leads to the sandbox, if only for one port, has the address that the sandbox gives it.
        """
        await trio.lowlevel.checkpoint()
        literal = _literal(request.name)
        if literal is not None:
            return [str(literal)]
        try:
            target = self._routes.find(request.name, None)
        except NetError as error:
            raise NetError(NetFailure.NAME, error.detail) from error
        found: list[str] = []
        failure: NetError | None = None
        for family in request.names.families:
            try:
                found += await self._addresses(request.name, family, request.names, target)
            except NetError as error:
                failure = _graver(failure, error)
            if found and not request.every:
                break
        if not found:
            raise failure or NetError(NetFailure.NAME, f"{request.name}: no address")
        return found

    async def ping(self, request: PingRequest) -> Pinger:
        """Get ready to ping the first address of the first family that has a way there.

        The pinger shows the address that the module asked for, also where a route leads elsewhere; a name that is
        routed elsewhere is not resolved, and the target's address is shown.
        """
        await trio.lowlevel.checkpoint()
        target = self._routes.find(request.host, None)
        of_name: NetError | None = None
        of_attempt: NetError | None = None
        for family in self._families(request.host, request.names, target):
            try:
                addresses = await self._addresses(request.host, family, request.names, target)
            except NetError as error:
                of_name = _graver(of_name, error)
                continue
            try:
                return await self._routing.pinger(addresses[0], request.size, target)
            except NetError as error:
                of_attempt = error
        raise of_attempt or of_name or NetError(NetFailure.NAME, f"{request.host}: no address")

    async def ask_time(self, request: TimeRequest) -> float:
        """Ask for the time. Families and addresses are tried as in open; OTHER also: denied."""
        await trio.lowlevel.checkpoint()
        from onemo.net.host import sntp

        deadline = trio.current_time() + request.timeout

        async def ask(place: Place) -> float:
            with trio.move_on_at(deadline):
                return await sntp.ask(place.address, place.port, self._source)
            raise NetError(NetFailure.TIMED_OUT, f"{place}: no answer")

        return await self._first((Transport.UDP, request.host, request.port), request.names, deadline, ask)

    def name_servers(self) -> tuple[str, ...]:
        """Return the host's name servers, or the sandbox's if everything goes there."""
        if self._routes.all_to_sandbox:
            return self._routing.sandbox.name_servers()
        return host_name_servers(self._resolv_conf)

    def local_addresses(self) -> tuple[str | None, str | None]:
        """Return source, else the host's outgoing addresses, but none of them in the sandbox or offline."""
        from onemo.net.host.addresses import outgoing_addresses, own_address

        ipv4, ipv6 = own_address(self._source, AddressFamily.IPV4), own_address(self._source, AddressFamily.IPV6)
        if self._routes.all_to_sandbox or self._routes.offline:
            return ipv4, ipv6
        hosts_ipv4, hosts_ipv6 = outgoing_addresses()
        return ipv4 or hosts_ipv4, ipv6 or hosts_ipv6

    def forget(self) -> None:
        self._names.forget()
        if self._tls is not None:
            self._tls.forget()

    async def _first(
        self,
        peer: tuple[Transport, str, int],
        names: NamePolicy,
        deadline: float,
        attempt: Callable[[Place], Awaitable[T]],
    ) -> T:
        """Return the result of the first attempt that succeeds.

        Raises NetError: the last attempt's; the name's, if there was no attempt; at once when the deadline comes,
        NAME_TIMED_OUT if that is before the peer's place is known.
        """
        transport, host, port = peer
        target = self._routes.find(host, port)
        of_name: NetError | None = None
        of_attempt: NetError | None = None
        for family in self._families(host, names, target):
            try:
                addresses = await _until(deadline, self._addresses(host, family, names, target))
            except NetError as error:
                if trio.current_time() >= deadline:
                    raise
                of_name = _graver(of_name, error)
                continue
            for address in addresses:
                try:
                    places = await _until(deadline, self._routing.places(transport, address, port, target))
                    return await _any(places, deadline, attempt)
                except NetError as error:
                    if trio.current_time() >= deadline:
                        raise
                    of_attempt = error
        raise of_attempt or of_name or NetError(NetFailure.NAME, f"{host}: no address")

    def _families(self, host: str, names: NamePolicy, target: Target | None) -> tuple[AddressFamily | None, ...]:
        """Return the families in which to look for the host's addresses.

        None, once: the host is its own address, for it is a literal, or a route leads elsewhere without asking anybody.
        Raises NetError(OTHER, NAME).
        """
        literal = _literal(host)
        if literal is not None and AddressFamily(literal.version) not in names.families:
            raise NetError(NetFailure.OTHER, f"{host}: not a family of this module")
        if literal is not None or (target is not None and target.kind is TargetKind.ELSEWHERE):
            return (None,)
        return names.families

    async def _addresses(
        self, host: str, family: AddressFamily | None, names: NamePolicy, target: Target | None
    ) -> list[str]:
        """Find the addresses, at least one, that the module learns of a host whose own route is target.

        Raises NetError as NameResolver.
        """
        if family is None:
            return [host]
        kind = None if target is None else target.kind
        if kind is TargetKind.SANDBOX:
            require_name(host)
            found = self._routing.sandbox.addresses(host, family)
        elif kind is TargetKind.DIRECT and self._routing.asks_sandbox(
            names.ipv4 if family is AddressFamily.IPV4 else names.ipv6
        ):
            # The sandbox's name server would know the name, and answer with an address of the sandbox.
            require_name(host)
            found = await resolved_by_host(host, family)
        else:
            found = await self._names.resolve(host, family, names)
        if not found:
            raise NetError(NetFailure.NAME, f"{host}: no address")
        return found


async def _until(deadline: float, finding: Awaitable[list[T]]) -> list[T]:
    """Wait for finding. Raises NetError(NAME_TIMED_OUT) at the deadline."""
    with trio.move_on_at(deadline):
        return await finding
    raise NetError(NetFailure.NAME_TIMED_OUT, "not resolved in time")


async def _any(places: list[Place], deadline: float, attempt: Callable[[Place], Awaitable[T]]) -> T:
    """Return the result of the first attempt that succeeds.

    Raises NetError: the last one's, or that of the deadline.
    """
    *others, last = places
    for place in others:
        try:
            return await attempt(place)
        except NetError:
            if trio.current_time() >= deadline:
                raise
    return await attempt(last)


def _graver(before: NetError | None, now: NetError) -> NetError:
    """Choose between a name's failures in two families: the first, unless only the second is a server's silence."""
    return now if before is None or now.failure is NetFailure.NAME_TIMED_OUT else before


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    """Return the address that host is, None if it is a name. Raises NetError(NAME): it is neither.

    A scope id is refused: it names an interface of the host, and the module does not have those.
    """
    if ":" not in host and not _DOTTED.issuperset(host):
        return None
    try:
        address = ip_address(host)
    except ValueError:
        raise NetError(NetFailure.NAME, f"malformed address {host[:64]!r}") from None
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        raise NetError(NetFailure.NAME, f"{host[:64]!r} has a scope id")
    return address
