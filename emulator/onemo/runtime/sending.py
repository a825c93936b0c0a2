"""What the DTE sends to its peers: at once where the stack takes it, else by a task that waits for room.

Also what the peers acknowledge of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Protocol

import trio

from onemo.errors import NetError, NetFailure
from onemo.modem.connection import Loss
from onemo.modem.intents import Forward, Send, Sent
from onemo.modem.modem import Modem
from onemo.net.interface import ClosePlan, Connection, OpenRequest
from onemo.runtime.trace import Trace

_FIRST_LOOK = 0.001
_LAST_LOOK = 0.05
"""Seconds between looks at what the peer acknowledged: the gaps grow from the first to the last."""


class Shell(Protocol):
    """What the connections need of the shell around them."""

    modem: Modem

    def report(self, report: Callable[[], None]) -> None:
        """Tell the core something, and follow it up."""
        ...

    def step(self) -> None:
        """Follow up what the core was told."""
        ...

    def failed(self, error: Exception) -> None:
        """Log a bug, and answer the running command ERROR."""
        ...


class Task:
    """What serves one connection, and how it is to end once MIPCLOSE said so."""

    def __init__(self, connect_id: int, request: OpenRequest) -> None:
        self.connect_id = connect_id
        self.request = request
        self.scope = trio.CancelScope()
        self.pump = trio.CancelScope()
        self.waiting = trio.CancelScope()
        self.connection: Connection | None = None
        self.plan: ClosePlan | None = None
        self.outbox: deque[bytes | memoryview] = deque()
        self.drained: trio.Event | None = None
        self.sent = 0
        self.watched = False


class Sending:
    """The way from the DTE to the peers, for one module. tasks: those that serve its connections now."""

    def __init__(self, shell: Shell, tasks: dict[int, Task], trace: Trace | None) -> None:
        self._shell = shell
        self._tasks = tasks
        self._trace = trace
        self.nursery: trio.Nursery

    def send(self, intent: Send) -> None:
        """Try at once; a task waits only for a stack that is full, or for what was handed over before."""
        task = self._tasks.get(intent.connect_id)
        if task is None or task.connection is None:
            self._sent(intent, Sent(0, failed=True))
            return
        taken = 0
        if task.drained is None:
            try:
                taken = task.connection.send_now(intent.data)
            except NetError as error:
                self.net("send failed", intent.connect_id, str(error))
                self._sent(intent, Sent(0, failed=True))
                return
            self._handed_over(task, intent.data[:taken])
        if taken == len(intent.data) and task.drained is None:
            self._sent(intent, Sent(taken))
        else:
            self.start(self._send_rest(intent, task, task.connection, taken))

    def start(self, work: Coroutine[None, None, None]) -> None:
        """A task for something that a connection does; a bug in it ends nothing else."""
        self.nursery.start_soon(self._guarded, work)

    async def _guarded(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except Exception as error:
            self._shell.failed(error)

    async def _send_rest(self, intent: Send, task: Task, connection: Connection, taken: int) -> None:
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
                self.net("send failed", intent.connect_id, str(error))
                failed = True
        self._sent(intent, Sent(len(intent.data) - len(rest), failed or task.scope.cancel_called))
        self._shell.step()

    def _sent(self, intent: Send, result: Sent) -> None:
        """Answer the command that asked for it, unless a restart or a bug has ended that."""
        if self._shell.modem.interpreter.operation is intent:
            self._shell.modem.complete(result, trio.current_time())

    def forward(self, intent: Forward) -> None:
        """Payload of transparent mode: at once, or into the outbox that a task drains."""
        task = self._tasks.get(intent.connect_id)
        if task is None or task.connection is None:
            return
        rest: bytes | memoryview = intent.data
        if task.drained is None:
            try:
                count = task.connection.send_now(rest)
            except NetError as error:
                self._lost(task, error, len(rest))
                return
            task.sent += count
            if self._trace is not None:
                self.net("sent", task.connect_id, rest[:count])
            modem = self._shell.modem
            modem.forwarded(task.connect_id, count, modem.now)
            if count == len(rest):
                return
            rest = memoryview(rest)[count:]
            task.drained = trio.Event()
            self.start(self._drain(task, task.connection))
        task.outbox.append(rest)

    async def _drain(self, task: Task, connection: Connection) -> None:
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
            size = sum(map(len, task.outbox))
            task.outbox.clear()
            self._shell.report(partial(self._lost, task, error, size))
        finally:
            task.drained = None
            if drained is not None:
                drained.set()

    def _lost(self, task: Task, error: NetError, size: int) -> None:
        """Payload that cannot be sent any more. A reset the pump meets as well, after what came before it."""
        self.net("send failed", task.connect_id, str(error))
        if self.serves(task) and task.plan is None:
            modem = self._shell.modem
            instance = modem.connections[task.connect_id]
            instance.queued = max(0, instance.queued - size)
            if error.failure is not NetFailure.RESET:
                modem.now = trio.current_time()
                modem.connections.fail(task.connect_id, Loss.BROKEN)

    def serves(self, task: Task) -> bool:
        """Whether the task still is its instance's: after a loss the same connect_id may serve another one."""
        return self._tasks.get(task.connect_id) is task

    def _forwarded(self, task: Task, data: bytes | memoryview) -> None:
        self._handed_over(task, data)
        if self.serves(task):
            self._shell.modem.forwarded(task.connect_id, len(data), trio.current_time())

    def _handed_over(self, task: Task, data: bytes | memoryview) -> None:
        """The stack took data: trace it, and watch for the peer's acknowledgement where that is to be told."""
        if not data:
            return
        self.net("sent", task.connect_id, data)
        task.sent += len(data)
        wanted = self.serves(task) and self._shell.modem.connections.wants_acknowledgements(task.connect_id)
        if wanted and not task.watched:
            task.watched = True
            self.start(self._watch_acknowledgements(task, task.sent - len(data)))

    async def _watch_acknowledgements(self, task: Task, told: int) -> None:
        """Look at the socket with growing gaps while something is outstanding. told: bytes reported so far."""
        connection = task.connection
        assert connection is not None
        gap = _FIRST_LOOK
        while told < task.sent:
            await trio.sleep(gap)
            gap = min(2 * gap, _LAST_LOOK)
            connections = self._shell.modem.connections
            if not (self.serves(task) and connections.wants_acknowledgements(task.connect_id)):
                break
            news = task.sent - connection.unacknowledged() - told
            if news > 0:
                told += news
                gap = _FIRST_LOOK
                self._shell.report(partial(connections.acknowledged, task.connect_id, news))
        task.watched = False

    def tell(self, event: str, detail: str) -> None:
        """Trace what happened on the network beside connections."""
        if self._trace is not None:
            self._trace.net(event, None, detail)

    def net(self, event: str, connect_id: int, detail: bytes | memoryview | str) -> None:
        """Trace what happened on the network."""
        if self._trace is not None:
            self._trace.net(event, connect_id, bytes(detail) if isinstance(detail, memoryview) else detail)
