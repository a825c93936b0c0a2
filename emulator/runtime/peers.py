"""The connections of a running module: each has one task that opens it, brings what the peer sends, and ends it.

What the DTE sends goes to the stack in the step that brought it; a task waits only for a stack that is full.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Protocol

import trio

from emulator.errors import NetError, NetFailure
from emulator.modem.connection import Loss
from emulator.modem.intents import Close, Drop, Forward, Open, Outstanding, Send, Sent
from emulator.modem.modem import Modem
from emulator.net.interface import CloseMode, ClosePlan, Connection, Network, OpenRequest, Transport
from emulator.runtime.trace import Recent, Trace

TURNS = 32
"""Turns of a loop that never has to wait, after which the other tasks get one."""
_FIRST_LOOK = 0.001
_LAST_LOOK = 0.05
"""Seconds between looks at what the peer acknowledged: the gaps grow from the first to the last."""

PeerIntent = Open | Send | Forward | Outstanding | Close | Drop


class Shell(Protocol):
    """What the connections need of the shell around them."""

    modem: Modem

    def report(self, report: Callable[[], None]) -> None:
        """Tell the core something, and follow it up."""
        ...

    def step(self) -> None:
        """Follow up what the core was told."""
        ...


class _Task:
    """What serves one connection, and how it is to end once MIPCLOSE said so."""

    def __init__(self, connect_id: int) -> None:
        self.connect_id = connect_id
        self.scope = trio.CancelScope()
        self.pump = trio.CancelScope()
        self.connection: Connection | None = None
        self.plan: ClosePlan | None = None
        self.outbox: deque[bytes | memoryview] = deque()
        self.drained: trio.Event | None = None
        self.sent = 0
        self.watched = False


class Peers:
    """Every connection of one module. open_task starts a task of the module's nursery."""

    def __init__(self, shell: Shell, network: Network, trace: Trace | None, recent: Recent) -> None:
        self._shell = shell
        self._network = network
        self._trace = trace
        self._recent = recent
        self._tasks: dict[int, _Task] = {}
        self._scopes: set[trio.CancelScope] = set()
        self._starved: dict[_Task, trio.Event] = {}
        self.nursery: trio.Nursery

    def carry_out(self, intent: PeerIntent) -> None:
        """Do what the core asks; never waits."""
        match intent:
            case Send():
                self._send(intent)
            case Forward():
                self._forward(intent)
            case Open():
                task = self._tasks[intent.connect_id] = _Task(intent.connect_id)
                self._scopes.add(task.scope)
                self.nursery.start_soon(self._serve, task, intent.request)
            case Outstanding():
                connection = self._connection(intent.connect_id)
                count = connection.unacknowledged() if connection else 0
                self._shell.modem.complete(count, trio.current_time())
            case Close():
                task = self._tasks[intent.connect_id]
                task.plan = intent.plan
                task.pump.cancel()
            case Drop():
                self._tasks.pop(intent.connect_id).scope.cancel()

    def restart(self) -> None:
        """The boot cycle ended: drop every connection."""
        for scope in self._scopes:
            scope.cancel()
        self._tasks.clear()
        self._starved.clear()

    def feed(self) -> None:
        """Wake whoever has credit again."""
        for task, event in self._starved.items():
            if self._shell.modem.connections.credit(task.connect_id):
                event.set()

    @property
    def starved(self) -> bool:
        return bool(self._starved)

    # One connection.

    async def _serve(self, task: _Task, request: OpenRequest) -> None:
        """From MIPOPEN to the end."""
        try:
            with task.scope:
                connection = await self._connect(task, request)
                if connection is None:
                    return
                try:
                    with task.pump:
                        await self._pump(task, connection)
                    await self._part(task, connection)
                finally:
                    connection.abort()
                    self._net("closed", task.connect_id, connection.peer)
        except Exception as error:
            self._recent.report(error)
        finally:
            self._forget(task)
            self._scopes.discard(task.scope)

    async def _connect(self, task: _Task, request: OpenRequest) -> Connection | None:
        connections = self._shell.modem.connections
        try:
            connection = await self._network.open(request)
        except NetError as error:
            self._net("open failed", task.connect_id, str(error))
            if not task.scope.cancel_called:
                self._forget(task)
                self._shell.report(partial(connections.open_failed, task.connect_id, error.failure))
            return None
        if task.scope.cancel_called:
            connection.abort()
            return None
        task.connection = connection
        self._net("opened", task.connect_id, connection.peer)
        ipv6 = connection.peer.startswith("[")
        self._shell.report(lambda: connections.opened(task.connect_id, ipv6=ipv6, now=trio.current_time()))
        return connection

    async def _part(self, task: _Task, connection: Connection) -> None:
        """End it as MIPCLOSE said, or after the peer did: what is unsent still goes."""
        if task.scope.cancel_called:
            return
        profile = self._shell.modem.model.profile.connection
        plan = task.plan or ClosePlan(CloseMode.DRAIN, profile.close_stall, profile.close_linger)
        if plan.mode is CloseMode.DRAIN and task.drained is not None:
            with trio.move_on_after(plan.stall):
                await task.drained.wait()
        result = await connection.close(plan)
        if task.plan is not None and not task.scope.cancel_called:
            self._forget(task)
            connections = self._shell.modem.connections
            self._shell.report(lambda: connections.closed(task.connect_id, result, trio.current_time()))

    async def _pump(self, task: _Task, connection: Connection) -> None:
        """Bring what the peer sends, as much as the core grants, until the peer or MIPCLOSE ends it."""
        connections, connect_id = self._shell.modem.connections, task.connect_id
        stream = connection.transport is Transport.TCP
        turns = 0
        while task.plan is None and not task.scope.cancel_called:
            credit = connections.credit(connect_id)
            try:
                if not credit:
                    await self._starve(task, connection)
                    continue
                data = connection.receive_now(credit)
                if data is None:
                    await connection.wait_readable()
                    continue
            except NetError as error:
                self._net("broken", connect_id, str(error))
                self._lose(task, Loss.BROKEN)
                return
            if stream and not data:
                self._lose(task, Loss.PEER_CLOSED)
                return
            self._net("received", connect_id, data)
            self._shell.report(partial(connections.received, connect_id, data, trio.current_time()))
            turns += 1
            if turns % TURNS == 0:
                await trio.lowlevel.checkpoint()

    async def _starve(self, task: _Task, connection: Connection) -> None:
        """Wait until the core grants credit again. Raises NetError when a buffered connection breaks meanwhile:
        that is told at once, though what the host still holds of it will never be read."""
        event = self._starved[task] = trio.Event()
        try:
            if not self._shell.modem.connections.tells_breaks(task.connect_id):
                await event.wait()
                return
            with trio.CancelScope() as broken:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(_cancel_when_broken, connection, broken)
                    await event.wait()
                    nursery.cancel_scope.cancel()
            if broken.cancelled_caught:
                raise NetError(NetFailure.RESET, "while its buffer was full")
        finally:
            self._starved.pop(task, None)

    def _lose(self, task: _Task, loss: Loss) -> None:
        if task.plan is None and not task.scope.cancel_called:
            self._forget(task)
            self._shell.report(partial(self._shell.modem.connections.lost, task.connect_id, loss))

    def _forget(self, task: _Task) -> None:
        if self._tasks.get(task.connect_id) is task:
            del self._tasks[task.connect_id]

    def _connection(self, connect_id: int) -> Connection | None:
        task = self._tasks.get(connect_id)
        return task.connection if task is not None else None

    # Sending.

    def _send(self, intent: Send) -> None:
        """Try at once; a task waits only for a stack that is full, or for what was handed over before."""
        task = self._tasks.get(intent.connect_id)
        if task is None or task.connection is None:
            self._sent(Sent(0, failed=True))
            return
        taken = 0
        if not task.outbox:
            try:
                taken = task.connection.send_now(intent.data)
            except NetError as error:
                self._net("send failed", intent.connect_id, str(error))
                self._sent(Sent(0, failed=True))
                return
            self._handed_over(task, intent.data[:taken])
        if taken == len(intent.data) and not task.outbox:
            self._sent(Sent(taken))
        else:
            self.nursery.start_soon(self._send_rest, intent, task, task.connection, taken)

    async def _send_rest(self, intent: Send, task: _Task, connection: Connection, taken: int) -> None:
        rest = memoryview(intent.data)[taken:]
        failed = False
        with trio.move_on_after(intent.timeout):
            try:
                if task.drained is not None:
                    await task.drained.wait()
                while rest or not intent.data:
                    await connection.wait_writable()
                    count = connection.send_now(rest)
                    self._handed_over(task, rest[:count])
                    rest = rest[count:]
                    if not intent.data:
                        break
            except NetError as error:
                self._net("send failed", intent.connect_id, str(error))
                failed = True
        if not task.scope.cancel_called:
            self._sent(Sent(len(intent.data) - len(rest), failed))
            self._shell.step()

    def _sent(self, result: Sent) -> None:
        if self._shell.modem.interpreter.busy:
            self._shell.modem.complete(result, trio.current_time())

    def _forward(self, intent: Forward) -> None:
        """Payload of transparent mode: at once, or into the outbox that a task drains."""
        task = self._tasks.get(intent.connect_id)
        if task is None or task.connection is None:
            return
        rest: bytes | memoryview = intent.data
        if not task.outbox:
            try:
                count = task.connection.send_now(rest)
            except NetError:
                return  # the pump meets the same end and reports it
            self._forwarded(task, rest[:count] if count < len(rest) else rest)
            if count == len(rest):
                return
            rest = memoryview(rest)[count:]
            task.drained = trio.Event()
            self.nursery.start_soon(self._drain, task, task.connection)
        task.outbox.append(rest)

    async def _drain(self, task: _Task, connection: Connection) -> None:
        """Hand the outbox over, in order, as the stack takes it."""
        drained = task.drained
        try:
            while task.outbox and not task.scope.cancel_called:
                await connection.wait_writable()
                first = task.outbox[0]
                count = connection.send_now(first)
                if count == len(first):
                    task.outbox.popleft()
                else:
                    task.outbox[0] = memoryview(first)[count:]
                if count:
                    self._shell.report(partial(self._forwarded, task, first[:count]))
        except NetError as error:
            self._net("send failed", task.connect_id, str(error))
            task.outbox.clear()
        finally:
            task.drained = None
            if drained is not None:
                drained.set()

    def _forwarded(self, task: _Task, data: bytes | memoryview) -> None:
        self._handed_over(task, data)
        self._shell.modem.forwarded(task.connect_id, len(data), trio.current_time())

    def _handed_over(self, task: _Task, data: bytes | memoryview) -> None:
        """The stack took data: trace it, and watch for the peer's acknowledgement where that is to be told."""
        if not data:
            return
        self._net("sent", task.connect_id, data)
        task.sent += len(data)
        if not task.watched and self._shell.modem.connections.wants_acknowledgements(task.connect_id):
            task.watched = True
            self.nursery.start_soon(self._watch_acknowledgements, task, task.sent - len(data))

    async def _watch_acknowledgements(self, task: _Task, told: int) -> None:
        """Look at the socket with growing gaps while something is outstanding. told: bytes reported so far."""
        connections, connection = self._shell.modem.connections, task.connection
        assert connection is not None
        gap = _FIRST_LOOK
        while told < task.sent and task.plan is None and not task.scope.cancel_called:
            await trio.sleep(gap)
            gap = min(2 * gap, _LAST_LOOK)
            news = task.sent - connection.unacknowledged() - told
            if news > 0 and connections.wants_acknowledgements(task.connect_id):
                told += news
                gap = _FIRST_LOOK
                self._shell.report(partial(connections.acknowledged, task.connect_id, news))
            elif not connections.wants_acknowledgements(task.connect_id):
                break
        task.watched = False

    def _net(self, event: str, connect_id: int, detail: bytes | memoryview | str) -> None:
        if self._trace is not None:
            with contextlib.suppress(OSError):
                self._trace.net(event, connect_id, bytes(detail) if isinstance(detail, memoryview) else detail)


async def _cancel_when_broken(connection: Connection, scope: trio.CancelScope) -> None:
    with contextlib.suppress(NetError):
        await connection.wait_broken()
    scope.cancel()
