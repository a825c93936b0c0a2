"""The network behind a module, put together from what its user asked for, and imported when it is used."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from onemo.errors import NetError, NetFailure, UsageError
from onemo.net.interface import (
    AddressFamily,
    Connection,
    LookupRequest,
    Network,
    OpenRequest,
    Pinger,
    PingRequest,
    TimeRequest,
)
from onemo.runtime.spare import spare_lent

if TYPE_CHECKING:
    from onemo.net.host.routes import Routes, SandboxNetwork
    from onemo.net.sandbox import Sandbox

_EVERYTHING = "*:*=sandbox"
_FAMILIES = {"ipv4": (AddressFamily.IPV4,), "ipv6": (AddressFamily.IPV6,), "both": tuple(AddressFamily)}


class NetworkOptions(NamedTuple):
    """The options of the network behind a module.

    routes: ``PATTERN=TARGET``, the first match wins; denied: patterns of what must not be reached; offline: nothing but
    loopback and the sandbox may be; sandbox: whatever no route names goes there, as sandbox_file says; sandbox_family:
    which addresses names have there, "ipv4", "ipv6" or "both". published: ``[HOST:]PORT=MODULE_PORT``, where its
    servers are.
    """

    routes: Sequence[str] = ()
    denied: Sequence[str] = ()
    offline: bool = False
    sandbox: bool = False
    sandbox_file: Path | None = None
    sandbox_family: str = "both"
    published: Sequence[str] = ()


def routes_of(options: NetworkOptions) -> tuple[Routes, Sandbox | None]:
    """Make the routes of these options, and the sandbox if any leads there, which is then to be run.

    Raises UsageError: a malformed route or pattern, a sandbox file that cannot be used.
    """
    from onemo.net.host.routes import Routes, parse_pattern, parse_route

    require_publications(options.published, offline=options.offline)

    texts = (*options.routes, _EVERYTHING) if options.sandbox else tuple(options.routes)
    routes = tuple(map(parse_route, texts))
    denied = tuple(map(parse_pattern, options.denied))
    sandbox = None
    leads_there = any(route.target.sandbox for route in routes)
    if options.sandbox_file is not None and not leads_there:
        from onemo.net.sandbox import load_config

        leads_there = bool(load_config(options.sandbox_file).ussd)  # the radio network is there without a sandbox
    for name in ("sandbox_file", "sandbox_family"):
        if getattr(options, name) != NetworkOptions._field_defaults[name] and not leads_there:
            flag = name.replace("_", "-")
            raise UsageError(f"--{flag}: nothing leads to the sandbox; add --sandbox, or a route to it")
    if leads_there:
        from onemo.net.sandbox import Sandbox, SandboxConfig, load_config

        config = SandboxConfig() if options.sandbox_file is None else load_config(options.sandbox_file)
        sandbox = Sandbox(config, _FAMILIES[options.sandbox_family])
    return Routes(routes, denied, options.offline, sandbox), sandbox


def require_publications(published: Sequence[str], *, offline: bool) -> None:
    """Raise UsageError for what --publish cannot have, and offline for what others could reach."""
    if not published:
        return
    from onemo.net.host.publish import parse_publication, require_local

    found = list(map(parse_publication, published))
    if offline:
        require_local(found)


@contextmanager
def _no_bug() -> Iterator[None]:
    """Raise NetError(SOCKET) where what is imported at its first use cannot be, for all descriptors are taken."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.EMFILE, errno.ENFILE):
            raise
        raise NetError(NetFailure.SOCKET, str(error)) from error


class LazyNetwork:
    """The network of one module, as the routes lead, made with its first use. Implements Network.

    It imports only then what opens sockets, asks name servers or pings, so that the port is ready sooner. source: as in
    HostNetwork; sandbox: that of the routes, which has the radio network's answers to USSD codes too.
    """

    def __init__(self, routes: Routes | None = None, source: str | None = None, sandbox: Sandbox | None = None) -> None:
        self.ussd: Mapping[str, str] = {} if sandbox is None else sandbox.ussd
        self.publish = None if sandbox is None else sandbox.publish
        self._routes = routes
        self._source = source
        self._made: Network | None = None

    @property
    def _network(self) -> Network:
        if self._made is None:
            with spare_lent():
                from onemo.net.host.routes import Routes
                from onemo.net.host.sockets import HostNetwork

            self._made = HostNetwork(self._routes or Routes(), source=self._source)
        return self._made

    @property
    def sandbox(self) -> SandboxNetwork | None:
        """The sandbox that the routes lead to; None: they lead to none."""
        return self._routes.sandbox if self._routes is not None else None

    async def open(self, request: OpenRequest) -> Connection:
        with _no_bug():
            return await self._network.open(request)

    async def place(self, host: str, port: int) -> tuple[str, int]:
        with _no_bug():
            return await self._network.place(host, port)

    async def lookup(self, request: LookupRequest) -> list[str]:
        with _no_bug():
            return await self._network.lookup(request)

    async def ping(self, request: PingRequest) -> Pinger:
        with _no_bug():
            return await self._network.ping(request)

    async def ask_time(self, request: TimeRequest) -> float:
        with _no_bug():
            return await self._network.ask_time(request)

    def name_servers(self) -> tuple[str, ...]:
        return self._network.name_servers()

    def local_addresses(self) -> tuple[str | None, str | None]:
        return self._network.local_addresses()

    def forget(self) -> None:
        if self._made is not None:
            self._made.forget()
