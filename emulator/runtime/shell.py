"""The shell: the one place where the core meets trio, the line and the network.

Every core call is followed by ``_step``: write what the transmitter holds, carry out the intents, re-arm the
timer. All of that happens in the task that brought the bytes; only what would block is left to another task.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import trio

from emulator.at.registry import BoundModel
from emulator.errors import NetError
from emulator.link.interface import Link
from emulator.modem.connection import Loss
from emulator.modem.intents import Bug, Close, Drop, Intent, Open, Ready, Restart, Send, Sent
from emulator.modem.modem import Modem
from emulator.net.interface import CloseMode, ClosePlan, Connection, Network, OpenRequest, Transport
from emulator.runtime.trace import Recent, Trace

_READ = 65536
_TURNS = 32
"""Turns of a loop that never has to wait, after which the other tasks get one."""


@dataclass(eq=False, slots=True)
class _Task:
    """What serves one connection: its scopes, and how it is to end once MIPCLOSE said so."""

    connect_id: int
    scope: trio.CancelScope = field(default_factory=trio.CancelScope)
    pump: trio.CancelScope = field(default_factory=trio.CancelScope)
    connection: Connection | None = None
    plan: ClosePlan | None = None


class Module:
    """One running module: a model on a link, with a network behind it.

    boot_time: seconds, None for the model's own; since: the trio time from which the first boot counts.
    """

    def __init__(
        self,
        model: BoundModel[Modem],
        link: Link,
        network: Network,
        *,
        boot_time: float | None = None,
        since: float | None = None,
        trace: Trace | None = None,
    ) -> None:
        self.modem = Modem(model, boot_time)
        self.ready = trio.Event()
        self._link = link
        self._network = network
        self._since = since
        self._trace = trace
        self._recent = Recent()
        self._tasks: dict[int, _Task] = {}
        self._scopes: set[trio.CancelScope] = set()
        self._starved: dict[_Task, trio.Event] = {}
        self._blocked = trio.Event()
        self._input_wanted: trio.Event | None = None
        self._timer = trio.CancelScope()
        self._armed = math.inf
        self._nursery: trio.Nursery

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Run until cancelled; with ``nursery.start`` it returns once the module has booted."""
        async with trio.open_nursery() as self._nursery:
            self._nursery.start_soon(self._keep_time)
            self._nursery.start_soon(self._write)
            self._nursery.start_soon(self._read)
            self.modem.start(trio.current_time(), self._since)
            self._step()
            await self.ready.wait()
            task_status.started()

    # The line.

    async def _read(self) -> None:
        modem, link, recent = self.modem, self._link, self._recent
        while True:
            await link.wait_readable()
            while not modem.wants_input:
                self._input_wanted = trio.Event()
                await self._input_wanted.wait()
            data = link.read_now(_READ)
            if data is None:
                continue
            recent.line(">", data)
            if self._trace is not None:
                self._trace.line(">", data)
            modem.receive(data, trio.current_time())
            self._step()

    def _flush(self) -> None:
        """Hand the line what it takes now; the writer task has the rest."""
        transmitter, link = self.modem.transmitter, self._link
        while data := transmitter.peek():
            count = link.write_now(data)
            if count == 0:
                self._blocked.set()
                return
            self._recent.line("<", data[:count])
            if self._trace is not None:
                self._trace.line("<", bytes(data[:count]))
            transmitter.sent(count)

    async def _write(self) -> None:
        """Writes when the line could not take everything at once."""
        transmitter = self.modem.transmitter
        while True:
            await self._blocked.wait()
            await self._link.wait_writable()
            self._blocked = trio.Event()
            self._flush()
            if not transmitter.full:
                self.modem.settle(trio.current_time())
                self._step()

    # Time.

    async def _keep_time(self) -> None:
        while True:
            self._armed = self.modem.deadline
            with trio.CancelScope(deadline=self._armed) as self._timer:
                await trio.sleep_forever()
            self.modem.on_deadline(trio.current_time())
            self._step()

    # The step.

    def _step(self) -> None:
        """What follows every call into the core."""
        modem = self.modem
        self._flush()
        while modem.intents:
            intents, modem.intents = modem.intents, []
            for intent in intents:
                self._carry_out(intent)
            self._flush()
        if modem.deadline < self._armed:
            self._armed = self._timer.deadline = modem.deadline
        if self._input_wanted is not None and modem.wants_input:
            self._input_wanted.set()
            self._input_wanted = None
        if self._starved:
            self._feed()

    def _carry_out(self, intent: Intent) -> None:
        match intent:
            case Send():
                self._send(intent)
            case Open():
                self._open(intent.connect_id, intent.request)
            case Close():
                task = self._tasks[intent.connect_id]
                task.plan = intent.plan
                task.pump.cancel()
            case Drop():
                self._tasks.pop(intent.connect_id).scope.cancel()
            case Restart():
                for scope in self._scopes:
                    scope.cancel()
                self._tasks.clear()
                self._starved.clear()
            case Ready():
                self.ready.set()
            case Bug():
                self._recent.report(intent.error)

    def _report(self, report: Callable[[], None]) -> None:
        """Tell the core something, and follow it up."""
        report()
        self.modem.settle(trio.current_time())
        self._step()

    # Connections.

    def _open(self, connect_id: int, request: OpenRequest) -> None:
        task = self._tasks[connect_id] = _Task(connect_id)
        self._scopes.add(task.scope)
        self._nursery.start_soon(self._serve, task, request)

    async def _serve(self, task: _Task, request: OpenRequest) -> None:
        """One connection from MIPOPEN to its end."""
        connections = self.modem.connections
        try:
            with task.scope:
                connection = await self._connect(task, request)
                if connection is None:
                    return
                try:
                    with task.pump:
                        await self._pump(task, connection)
                    if task.scope.cancel_called:
                        return
                    plan = task.plan or self._farewell()
                    result = await connection.close(plan)
                    if task.plan is not None and not task.scope.cancel_called:
                        self._forget(task)
                        self._report(lambda: connections.closed(task.connect_id, result, trio.current_time()))
                finally:
                    connection.abort()
                    self._net("closed", task.connect_id, connection.peer)
        except Exception as error:
            self._recent.report(error)
        finally:
            self._forget(task)
            self._scopes.discard(task.scope)

    async def _connect(self, task: _Task, request: OpenRequest) -> Connection | None:
        connections = self.modem.connections
        try:
            connection = await self._network.open(request)
        except NetError as error:
            self._net("open failed", task.connect_id, str(error))
            if not task.scope.cancel_called:
                self._forget(task)
                self._report(partial(connections.open_failed, task.connect_id, error.failure))
            return None
        if task.scope.cancel_called:
            connection.abort()
            return None
        task.connection = connection
        self._net("opened", task.connect_id, connection.peer)
        ipv6 = connection.peer.startswith("[")
        self._report(lambda: connections.opened(task.connect_id, ipv6=ipv6, now=trio.current_time()))
        return connection

    async def _pump(self, task: _Task, connection: Connection) -> None:
        """Bring what the peer sends, as much as the core grants, until the peer or MIPCLOSE ends it."""
        connections, connect_id = self.modem.connections, task.connect_id
        stream = connection.transport is Transport.TCP
        turns = 0
        while task.plan is None and not task.scope.cancel_called:
            credit = connections.credit(connect_id)
            if not credit:
                await self._starve(task)
                continue
            try:
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
            self._report(partial(connections.received, connect_id, data, trio.current_time()))
            turns += 1
            if turns % _TURNS == 0:
                await trio.lowlevel.checkpoint()

    async def _starve(self, task: _Task) -> None:
        """Wait until the core grants credit again."""
        event = self._starved[task] = trio.Event()
        try:
            await event.wait()
        finally:
            self._starved.pop(task, None)

    def _feed(self) -> None:
        for task, event in list(self._starved.items()):
            if self.modem.connections.credit(task.connect_id):
                event.set()

    def _lose(self, task: _Task, loss: Loss) -> None:
        if task.plan is None and not task.scope.cancel_called:
            self._forget(task)
            self._report(partial(self.modem.connections.lost, task.connect_id, loss))

    def _forget(self, task: _Task) -> None:
        if self._tasks.get(task.connect_id) is task:
            del self._tasks[task.connect_id]

    def _farewell(self) -> ClosePlan:
        """How a connection that the peer ended is closed here: what is unsent still goes."""
        profile = self.modem.model.profile.connection
        return ClosePlan(CloseMode.DRAIN, profile.close_stall, profile.close_linger)

    # Sending.

    def _send(self, intent: Send) -> None:
        """Try at once; a task waits only for a stack that is full."""
        task = self._tasks.get(intent.connect_id)
        connection = task.connection if task is not None else None
        if connection is None:
            self._sent(intent, Sent(0, failed=True))
            return
        try:
            taken = connection.send_now(intent.data)
        except NetError as error:
            self._net("send failed", intent.connect_id, str(error))
            self._sent(intent, Sent(0, failed=True))
            return
        if taken == len(intent.data):
            self._sent(intent, Sent(taken))
        else:
            self._nursery.start_soon(self._send_rest, intent, connection, taken)

    async def _send_rest(self, intent: Send, connection: Connection, taken: int) -> None:
        rest = memoryview(intent.data)[taken:]
        failed = False
        with trio.move_on_after(intent.timeout):
            try:
                while rest:
                    await connection.wait_writable()
                    rest = rest[connection.send_now(rest) :]
            except NetError as error:
                self._net("send failed", intent.connect_id, str(error))
                failed = True
        if self.modem.interpreter.busy:
            self._sent(intent, Sent(len(intent.data) - len(rest), failed))
            self._step()

    def _sent(self, intent: Send, result: Sent) -> None:
        self._net("sent", intent.connect_id, intent.data[: result.taken])
        self.modem.complete(result, trio.current_time())

    def _net(self, event: str, connect_id: int, detail: bytes | str) -> None:
        if self._trace is not None:
            with contextlib.suppress(OSError):
                self._trace.net(event, connect_id, detail)
