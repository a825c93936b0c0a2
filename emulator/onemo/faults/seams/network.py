"""Faults of the network behind a module: of opening, of names, of echo requests and of time."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from weakref import WeakSet

import trio

from onemo.errors import NetError, NetFailure
from onemo.faults.kind import Layer
from onemo.faults.kinds_server import ACCEPT, LISTEN
from onemo.faults.plan import ArmedFault, FaultChooser, Occasion
from onemo.faults.seams.connection import FaultyCarrying, FaultyConnection, FaultyOpen
from onemo.faults.seams.shaped import Wait
from onemo.net.host.routes import is_address
from onemo.net.interface import (
    AddressFamily,
    Carrying,
    Connection,
    Echo,
    LookupRequest,
    NamePolicy,
    Network,
    OpenRequest,
    OpenToAll,
    Pinger,
    PingRequest,
    TimeRequest,
    Transport,
)
from onemo.profile.index import Label


class FaultyNetwork:
    """Any network, with its faults on it. Implements Network.

    Delays count against the time that a request has, and end it as the network would. ``run`` carries what is late on
    its way to the peers.
    """

    def __init__(self, network: Network, faults: FaultChooser) -> None:
        self._network = network
        self._faults = faults
        self._connections: WeakSet[FaultyConnection] = WeakSet()
        self._nursery: trio.Nursery | None = None
        self._waiting: list[Wait] = []

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Hand over what is late when it is due, until cancelled."""
        async with trio.open_nursery() as self._nursery:
            for work in self._waiting:
                self._nursery.start_soon(work)
            self._waiting.clear()
            task_status.started()
            await trio.sleep_forever()

    def wrap(self, connection: Connection, request: OpenRequest) -> FaultyConnection:
        """Put the faults on an open connection, which is owned here from then on."""
        made: type[FaultyConnection] = FaultyCarrying if isinstance(connection, Carrying) else FaultyConnection
        if isinstance(connection, OpenToAll):
            made = FaultyOpen
        wrapped = made(connection, request, self._faults, self._start)
        self._connections.add(wrapped)
        return wrapped

    def release(self, ended: Collection[ArmedFault]) -> None:
        """Let go at once, in order, what faults made late that are gone; peers that vanished are back."""
        for connection in list(self._connections):
            connection.release(ended)

    # Network.

    async def open(self, request: OpenRequest) -> Connection:
        """Resolve, connect, and return the connection with its faults; a TCP handshake is a round trip.

        Raises NetError.
        """
        deadline = trio.current_time() + request.timeout
        try:
            host = await self._resolve("open", request.host, request.names, deadline)
        except NetError as error:
            raise NetError(NetFailure.NAME, error.detail) from error  # MIPOPEN knows no other
        fired = self._fired("open", request.host, request.port, request.transport, request.label)
        for armed in fired:
            if armed.fault.kind.name == "net-refuse":
                await _pass(armed.fault.number("seconds"), deadline)
                raise _failure(armed)
        if request.transport is Transport.TCP:
            await _pass(_round_trip(fired), deadline)
        inner = await self._network.open(request._replace(host=host, timeout=deadline - trio.current_time()))
        connection = self.wrap(inner, request)
        for armed in fired:
            connection.strike(armed)
        return connection

    async def place(self, host: str, port: int) -> tuple[str, int]:
        return await self._network.place(host, port)

    async def lookup(self, request: LookupRequest) -> list[str]:
        if is_address(request.name):
            return await self._network.lookup(request)
        await _pass(
            _round_trip(self._fired("lookup", request.name)), _patience(request.names), NetFailure.NAME_TIMED_OUT
        )
        host = await self._resolve("lookup", request.name, request.names, math.inf)
        return await self._network.lookup(request._replace(name=host))

    async def ping(self, request: PingRequest) -> Pinger:
        host = await self._resolve("ping", request.host, request.names, math.inf)
        return _FaultyPinger(await self._network.ping(request._replace(host=host)), request.host, self)

    async def ask_time(self, request: TimeRequest) -> float:
        deadline = trio.current_time() + request.timeout
        host = await self._resolve("time", request.host, request.names, deadline)
        fired = self._fired("time", request.host, request.port, Transport.UDP)
        for armed in fired:
            if armed.fault.kind.name == "time-fail":
                await _pass(armed.fault.number("seconds"), deadline)
                raise _failure(armed)
        await _pass(_round_trip(fired), deadline)
        told = await self._network.ask_time(request._replace(host=host, timeout=deadline - trio.current_time()))
        return told + sum(armed.fault.number("seconds") for armed in fired if armed.fault.kind.name == "time-wrong")

    # The module's own servers.

    def listens(self, label: Label) -> NetFailure | None:
        """Return why a server cannot listen; None: it can."""
        return next((_failure(armed).failure for armed in self._fired(LISTEN, "", label=label)), None)

    async def admits(self, label: Label, host: str, port: int) -> bool:
        """Tell whether a server takes a client, as soon as it does."""
        fired = self._fired(ACCEPT, host, port, Transport.TCP, label)
        late = sum(armed.seconds() for armed in fired if armed.fault.kind.name == "accept-delay")
        if late:
            await trio.sleep(late)
        return all(armed.fault.kind.name != "server-refuse" for armed in fired)

    def name_servers(self) -> tuple[str, ...]:
        return self._network.name_servers()

    def local_addresses(self) -> tuple[str | None, str | None]:
        return self._network.local_addresses()

    def forget(self) -> None:
        self._network.forget()

    # Faults.

    def _start(self, work: Wait) -> None:
        if self._nursery is None:
            self._waiting.append(work)
        else:
            self._nursery.start_soon(work)

    def _fired(
        self,
        operation: str,
        host: str,
        port: int = 0,
        transport: Transport | None = None,
        label: Label | None = None,
    ) -> list[ArmedFault]:
        if not self._faults.armed_on(Layer.NETWORK):
            return []
        named = "" if transport is None else transport.value
        occasion = Occasion(operation=operation, host=host, port=port, transport=named, label=label)
        return self._faults.chosen(Layer.NETWORK, occasion)

    async def echo(self, pinger: Pinger, host: str, timeout: float) -> Echo:
        """Send one echo request with pinger, and wait timeout seconds for its reply, as ``Pinger.echo``."""
        fired = self._fired("ping", host)
        late = _round_trip(fired)
        kinds = {armed.fault.kind.name: armed for armed in fired}
        if "ping-fail" in kinds:
            await trio.lowlevel.checkpoint()
            raise _failure(kinds["ping-fail"])
        if "ping-loss" in kinds or late >= timeout:
            await trio.sleep(timeout)
            raise NetError(NetFailure.TIMED_OUT, f"{pinger.address}: no reply")
        echo = await pinger.echo(timeout - late)
        await trio.sleep(late)
        return echo._replace(time=echo.time + late)

    async def _resolve(self, operation: str, host: str, names: NamePolicy, deadline: float) -> str:
        """Return the host, or the address that a fault gives it.

        An answer that comes after a request's time-out is none. Raises NetError: NAME, NAME_TIMED_OUT.
        """
        if not self._faults.armed_on(Layer.NAMES) or is_address(host):
            return host
        deadline = min(deadline, _patience(names))
        late, failed, found = 0.0, None, host
        for armed in self._faults.chosen(Layer.NAMES, Occasion(operation=operation, host=host)):
            match armed.fault.kind.name:
                case "dns-delay":
                    late += armed.seconds()
                case "dns-fail":
                    failed = armed
                case "dns-wrong":
                    found = armed.fault.text("address")
        if late >= names.timeout:
            late = math.inf
        await _pass(late, deadline, NetFailure.NAME_TIMED_OUT)
        if failed is not None:
            await _pass(failed.fault.number("seconds"), deadline, NetFailure.NAME_TIMED_OUT)
            if failed.fault.text("failure") == "name":
                raise NetError(NetFailure.NAME, str(failed.fault))
            raise NetError(NetFailure.NAME_TIMED_OUT, str(failed.fault))
        return found


class _FaultyPinger:
    """Echo requests, with the network's faults on them. Implements Pinger."""

    def __init__(self, pinger: Pinger, host: str, network: FaultyNetwork) -> None:
        self._pinger = pinger
        self._host = host
        self._network = network

    @property
    def address(self) -> str:
        return self._pinger.address

    async def echo(self, timeout: float) -> Echo:
        return await self._network.echo(self._pinger, self._host, timeout)

    def close(self) -> None:
        self._pinger.close()


def _round_trip(fired: Sequence[ArmedFault]) -> float:
    """Add up the seconds that latencies make of a way there and back."""
    return sum(armed.seconds() + armed.seconds() for armed in fired if armed.fault.kind.name == "net-latency")


def _patience(names: NamePolicy) -> float:
    """Return the trio time at which the last request to the last name server has had no answer."""
    servers = sum(len(names.ipv4 if family is AddressFamily.IPV4 else names.ipv6) for family in names.families)
    return trio.current_time() + names.timeout * names.requests * max(1, servers)


async def _pass(seconds: float, deadline: float, failure: NetFailure = NetFailure.TIMED_OUT) -> None:
    """Let seconds pass. Raises NetError at the deadline."""
    if not seconds:
        return
    end = trio.current_time() + seconds
    await trio.sleep_until(min(end, deadline))
    if end >= deadline:
        raise NetError(failure, "it took too long")


def _failure(armed: ArmedFault) -> NetError:
    return NetError(NetFailure[armed.fault.text("failure").replace("-", "_").upper()], str(armed.fault))
