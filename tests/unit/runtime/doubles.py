"""A line and a world in memory: the shell runs between them, and a test holds both their other ends."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator

import pytest
import trio
from onemo.at.registry import BoundModel
from onemo.errors import NetError, NetFailure
from onemo.modem.modem import Modem
from onemo.net.interface import (
    ClosePlan,
    CloseResult,
    Echo,
    LookupRequest,
    OpenRequest,
    PingRequest,
    TimeRequest,
    Transport,
)
from onemo.runtime.models import load_model
from onemo.runtime.shell import Module, NvFile
from onemo.runtime.trace import Trace
from trio.testing import wait_all_tasks_blocked


class Gate:
    """Something that tasks wait for, again and again."""

    def __init__(self) -> None:
        self._event = trio.Event()

    def open(self) -> None:
        self._event.set()
        self._event = trio.Event()

    async def wait(self) -> None:
        await self._event.wait()


class Line:
    """A link in memory. room: bytes that it takes before it is full; heard: what it took and nobody read."""

    port = "memory"

    def __init__(self, room: float = math.inf) -> None:
        self.room = room
        self.typed = bytearray()
        self.heard = bytearray()
        self.spoken = Gate()
        self._readable = Gate()
        self._writable = Gate()

    # The DTE's end.

    def types(self, data: bytes) -> None:
        self.typed += data
        self._readable.open()

    def reads(self) -> bytes:
        """Read all that has come; a line that was full has room for as much again."""
        data = bytes(self.heard)
        self.heard.clear()
        self.makes_room(len(data))
        return data

    def makes_room(self, size: float) -> None:
        self.room += size
        self._writable.open()

    # The module's end.

    def read_now(self, limit: int) -> bytes | None:
        data = bytes(self.typed[:limit])
        del self.typed[:limit]
        return data or None

    def write_now(self, data: bytes | memoryview) -> int:
        taken = int(min(self.room, len(data)))
        self.heard += data[:taken]
        self.room -= taken
        self.spoken.open()
        return taken

    async def wait_readable(self) -> None:
        await trio.lowlevel.checkpoint()
        while not self.typed:
            await self._readable.wait()

    async def wait_writable(self) -> None:
        await trio.lowlevel.checkpoint()
        while not self.room:
            await self._writable.wait()


Arrival = bytes | Exception


class Peer:
    """An open connection in memory, and its peer. window: bytes that the peer takes before it is full.

    arrivals: pieces and errors to come, in order. failure: what sending raises. closing: what a close waits for.
    """

    def __init__(self, request: OpenRequest, arrivals: Iterable[Arrival] = ()) -> None:
        self.transport = request.transport
        self.peer = f"{request.host}:{request.port}"
        self.window = math.inf
        self.taken = bytearray()
        self.failure: Exception | None = None
        self.closing = trio.Event()
        self.result = CloseResult.NORMAL
        self.plan: ClosePlan | None = None
        self.aborted = False
        self.given = 0
        self._arrivals = iter(arrivals)
        self._came: deque[Arrival] = deque()
        self._readable = Gate()
        self._writable = Gate()

    # The peer's end.

    def sends(self, *arrivals: Arrival) -> None:
        self._came.extend(arrivals)
        self._readable.open()

    def takes(self, size: float) -> None:
        self.window += size
        self._writable.open()

    def fails(self, error: Exception) -> None:
        """Whoever sends next finds out."""
        self.failure = error
        self._writable.open()

    # The module's end.

    def send_now(self, data: bytes | memoryview) -> int:
        self._require_open()
        if self.failure is not None:
            raise self.failure
        taken = int(min(self.window, len(data)))
        if self.transport is Transport.UDP and taken < len(data):
            taken = 0
        self.taken += data[:taken]
        self.window -= taken
        return taken

    def receive_now(self, limit: int) -> bytes | None:
        self._require_open()
        if not self._came and (more := next(self._arrivals, None)) is not None:
            self._came.append(more)
        if not self._came:
            return None
        first = self._came.popleft()
        if isinstance(first, Exception):
            raise first
        if self.transport is Transport.TCP and len(first) > limit:
            self._came.appendleft(first[limit:])
            first = first[:limit]
        self.given += len(first)
        return first

    async def wait_readable(self) -> None:
        await self._wait(self._readable, bool(self._came))

    async def wait_writable(self) -> None:
        await self._wait(self._writable, self.window == math.inf)

    async def wait_broken(self) -> None:
        while not any(isinstance(arrival, Exception) for arrival in self._came):
            await self._wait(self._readable)

    def unacknowledged(self) -> int:
        return 0

    async def close(self, plan: ClosePlan) -> CloseResult:
        self.plan = plan
        self._wake()
        try:
            await self.closing.wait()
        finally:
            self.abort()
        return self.result

    def abort(self) -> None:
        self.aborted = True
        self._wake()

    def _wake(self) -> None:
        self._readable.open()
        self._writable.open()

    async def _wait(self, gate: Gate, done: bool = False) -> None:
        self._require_open()
        if done:
            await trio.lowlevel.checkpoint()
        else:
            await gate.wait()
        self._require_open()

    def _require_open(self) -> None:
        if self.plan is not None or self.aborted:
            raise NetError(NetFailure.RESET, "closed by this side")


class Pinger:
    """Echo requests to one address. sent: when each left. A request without a result is answered at once."""

    def __init__(self, request: PingRequest, results: deque[Echo | Exception]) -> None:
        self.address = request.host
        self.sent: list[float] = []
        self.timeouts: list[float] = []
        self.closed = False
        self._results = results

    async def echo(self, timeout: float) -> Echo:
        self.sent.append(trio.current_time())
        self.timeouts.append(timeout)
        await trio.lowlevel.checkpoint()
        result = self._results.popleft() if self._results else Echo(0.001, 64)
        if isinstance(result, NetError) and result.failure is NetFailure.TIMED_OUT:
            await trio.sleep(timeout)
        if isinstance(result, Exception):
            raise result
        return result

    def close(self) -> None:
        self.closed = True


class World:
    """A network in memory. arrivals: what each new connection brings; failure: what opening or asking raises.

    answer: what opening or asking waits for, None for nothing. turns: of the loop, that opening takes. peers: the
    connections, in the order in which they opened. addresses, echoes, time: what names resolve to, what becomes of echo
    requests, what a server says.
    """

    def __init__(self) -> None:
        self.addresses: list[str] = ["192.0.2.1"]
        self.echoes: deque[Echo | Exception] = deque()
        self.time = 1550734160.0
        self.servers: tuple[str, ...] = ()
        self.asked: list[LookupRequest | PingRequest | TimeRequest] = []
        self.pingers: list[Pinger] = []
        self.forgotten = 0
        self.arrivals: Callable[[], Iterable[Arrival]] = tuple
        self.failure: Exception | None = None
        self.answer: trio.Event | None = None
        self.turns: Callable[[OpenRequest], int] = lambda request: 0
        self.requests: list[OpenRequest] = []
        self.peers: list[Peer] = []

    async def open(self, request: OpenRequest) -> Peer:
        self.requests.append(request)
        for _ in range(self.turns(request)):
            await trio.lowlevel.checkpoint()
        await self._answer()
        self.peers.append(Peer(request, self.arrivals()))
        return self.peers[-1]

    async def place(self, host: str, port: int) -> tuple[str, int]:
        return host, port

    async def lookup(self, request: LookupRequest) -> list[str]:
        self.asked.append(request)
        await self._answer()
        return self.addresses

    async def ping(self, request: PingRequest) -> Pinger:
        self.asked.append(request)
        await self._answer()
        self.pingers.append(Pinger(request, self.echoes))
        return self.pingers[-1]

    async def ask_time(self, request: TimeRequest) -> float:
        self.asked.append(request)
        await self._answer()
        return self.time

    def name_servers(self) -> tuple[str, ...]:
        return self.servers

    def local_addresses(self) -> tuple[str | None, str | None]:
        return "10.1.2.3", None

    def forget(self) -> None:
        self.forgotten += 1

    async def _answer(self) -> None:
        await trio.lowlevel.checkpoint()
        if self.answer is not None:
            await self.answer.wait()
        if self.failure is not None:
            raise self.failure


class Bench:
    """A module between a line and a world in memory. Every method that asks waits until nothing moves any more.

    consoles: how many lines there are; the first of them is line, more the others.
    """

    def __init__(
        self,
        nursery: trio.Nursery,
        *,
        room: float = math.inf,
        boot_time: float = 0,
        model: BoundModel[Modem] | None = None,
        trace: Trace | None = None,
        consoles: int = 1,
        nv: NvFile | None = None,
    ) -> None:
        self.line = Line(room)
        self.more = [Line() for _ in range(consoles - 1)]
        self.world = World()
        self.module = Module(
            model or load_model("ML305U"),
            self.line,
            self.world,
            boot_time=boot_time,
            trace=trace,
            more=self.more,
            nv=nv,
        )
        self.module.modem.register_time = 0.0
        self._nursery = nursery

    async def start(self) -> Bench:
        """Wait for the boot, and past the banner."""
        await self._nursery.start(self.module.run)
        assert await self.heard() == b"\r\n+MATREADY\r\n"
        assert all(line.reads() == b"\r\n+MATREADY\r\n" for line in self.more)
        return self

    async def heard(self) -> bytes:
        await wait_all_tasks_blocked()
        return self.line.reads()

    async def hears(self, seconds: float) -> bytes:
        """Return the next bytes; they take just so long to come."""
        due = trio.current_time() + seconds
        with trio.fail_at(due + 1):
            await self.line.spoken.wait()
        assert trio.current_time() == pytest.approx(due)
        return await self.heard()

    async def ask(self, *commands: str) -> list[str]:
        """Type command lines; returns the lines that come for them."""
        self.line.types("".join(f"{command}\r" for command in commands).encode())
        return lines(await self.heard())

    async def connect(self, connect_id: int = 0, kind: str = "TCP") -> Peer:
        opened = await self.ask(f'AT+MIPOPEN={connect_id},"{kind}","peer",80')
        assert opened == ["OK", f"+MIPOPEN: {connect_id},0"]
        return self.world.peers[-1]


def lines(heard: bytes) -> list[str]:
    """The lines of which heard consists, each with a pair of line ends around it."""
    found = heard.decode("latin-1").split("\r\n")
    assert not any(found[::2]), f"not made of lines: {heard!r}"
    return found[1::2]


def endless(piece: bytes) -> Iterator[bytes]:
    while True:
        yield piece
