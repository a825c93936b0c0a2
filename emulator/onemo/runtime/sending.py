"""The way from owners to their peers: at once where the stack takes it, else by a task that waits for room.

The peers' acknowledgements of that are watched here as well.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Protocol

import trio

from onemo.errors import NetError, NetFailure
from onemo.modem.channel import Forward, Open, Owner, Send, Sent
from onemo.modem.modem import Modem
from onemo.net.interface import CloseMode, ClosePlan, Connection, Transport
from onemo.runtime.trace import Trace

if TYPE_CHECKING:
    from onemo.dialogue.words import ChannelWords

_FIRST_LOOK = 0.001
_LAST_LOOK = 0.05
"""Seconds between looks at what the peer acknowledged: the gaps grow from the first to the last."""


class Shell(Protocol):
    """The members of the shell that the connections around it need."""

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
    """One connection that is served, and how it is to end once its owner said so.

    request: with the owner's label. parting: how it ends once the peer has closed its side. words: of its bytes, where
    they are traced and its family has some. failure: why it cannot send any more, and is lost. turn: whose turn it is
    to hand over; sends: those that wait. ended_by_peer: in order.
    """

    def __init__(self, intent: Open) -> None:
        self.owner = intent.owner
        self.parting = intent.parting
        self.label = intent.owner.label
        self.request = intent.request._replace(label=self.label)
        self.make_words = intent.words
        self.words: ChannelWords | None = None
        self.scope = trio.CancelScope()
        self.pump = trio.CancelScope()
        self.waiting = trio.CancelScope()
        self.connection: Connection | None = None
        self.plan: ClosePlan | None = None
        self.failure: NetFailure | None = None
        self.outbox: deque[bytes | memoryview] = deque()
        self.drained: trio.Event | None = None
        self.turn = trio.Lock()
        self.sends = 0
        self.sent = 0
        self.ended_by_peer = False
        self.watched = False


class Sending:
    """The way from owners to their peers, for one module. tasks: those that serve its connections now."""

    def __init__(self, shell: Shell, tasks: dict[Owner, Task], trace: Trace | None) -> None:
        self._shell = shell
        self._tasks = tasks
        self._trace = trace
        self.nursery: trio.Nursery

    def send(self, intent: Send) -> None:
        """Try at once; a task waits only for a stack that is full, or for what was handed over before."""
        task = self._tasks.get(intent.owner)
        if task is None or task.connection is None:
            self._sent(intent, Sent(0, failed=True))
            return
        taken, free = 0, task.drained is None and not task.sends
        if free:
            try:
                taken = task.connection.send_now(intent.data)
            except NetError as error:
                self.net("send failed", task, str(error))
                self._sent(intent, Sent(0, failed=True))
                return
            self._handed_over(task, intent.data[:taken])
        if free and taken == len(intent.data):
            self._sent(intent, Sent(taken))
        else:
            task.sends += 1
            self.start(self._send_rest(intent, task, task.connection, taken))

    def start(self, work: Coroutine[None, None, None]) -> None:
        """Start a task for something that a connection does; a bug in it ends nothing else."""
        self.nursery.start_soon(self._guarded, work)

    async def _guarded(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except Exception as error:
            self._shell.failed(error)

    async def _send_rest(self, intent: Send, task: Task, connection: Connection, taken: int) -> None:
        rest = memoryview(intent.data)[taken:]
        failed = False
        try:
            with trio.move_on_after(intent.timeout):
                async with task.turn:
                    while rest or not intent.data:
                        await connection.wait_writable()
                        count = connection.send_now(rest)
                        self._handed_over(task, rest[:count])
                        rest = rest[count:]
                        if not intent.data:
                            break
        except NetError as error:
            self.net("send failed", task, str(error))
            failed = True
        finally:
            task.sends -= 1
        self._sent(intent, Sent(len(intent.data) - len(rest), failed or task.scope.cancel_called))
        self._shell.step()

    def _sent(self, intent: Send, result: Sent) -> None:
        self._shell.modem.complete(intent, result, trio.current_time())

    def forward(self, intent: Forward) -> None:
        """Hand data over at once, or into the outbox that a task drains."""
        owner, data = intent
        task = self._tasks.get(owner)
        if task is None or task.connection is None or task.failure is not None:
            owner.on_untaken(len(data))
            return
        rest: bytes | memoryview = data
        if task.drained is None and not task.sends:
            try:
                count = task.connection.send_now(rest)
            except NetError as error:
                self._fail(task, error, len(rest))
                return
            if count:
                self._handed_over(task, rest[:count])
                owner.on_taken(count, self._shell.modem.now)
            if count == len(rest):
                return
            rest = memoryview(rest)[count:]
        task.outbox.append(rest)
        if task.drained is None:
            task.drained = trio.Event()
            self.start(self._drain(task, task.connection))

    async def _drain(self, task: Task, connection: Connection) -> None:
        """Hand the outbox over, in order, as the stack takes it."""
        drained = task.drained
        try:
            async with task.turn:
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
            self._shell.report(partial(self._fail, task, error, size))
        finally:
            task.drained = None
            if drained is not None:
                drained.set()

    def _fail(self, task: Task, error: NetError, size: int) -> None:
        """Take up that data cannot be sent any more. A reset the pump meets as well, after what came before it."""
        self.net("send failed", task, str(error))
        if self.serves(task) and task.plan is None:
            task.owner.on_untaken(size)
            if error.failure is not NetFailure.RESET:
                task.failure = error.failure
                task.pump.cancel()

    def serves(self, task: Task) -> bool:
        """Tell whether the task is its owner's still: after a loss another one may serve the same owner."""
        return self._tasks.get(task.owner) is task

    def _forwarded(self, task: Task, data: bytes | memoryview) -> None:
        self._handed_over(task, data)
        if self.serves(task):
            task.owner.on_taken(len(data), trio.current_time())

    def _handed_over(self, task: Task, data: bytes | memoryview) -> None:
        """Trace data that the stack took, and watch for the peer's acknowledgement where that is to be told."""
        if not data:
            return
        if self._trace is not None:
            self.net("sent", task, data)
        task.sent += len(data)
        self._shell.modem.cell.traffic.carry(len(data), 0, trio.current_time())
        if task.owner.watches_acknowledgements:
            self._watch(task, len(data))

    def _watch(self, task: Task, count: int) -> None:
        """Watch for the acknowledgement of the count bytes that were sent last, and of what follows them."""
        if not task.watched and self.serves(task):
            task.watched = True
            self.start(self._watch_acknowledgements(task, task.sent - count))

    async def _watch_acknowledgements(self, task: Task, told: int) -> None:
        """Look at the socket with growing gaps while something is outstanding. told: bytes reported so far."""
        connection = task.connection
        assert connection is not None
        gap = _FIRST_LOOK
        while told < task.sent:
            await trio.sleep(gap)
            gap = min(2 * gap, _LAST_LOOK)
            if not (self.serves(task) and task.owner.watches_acknowledgements):
                break
            news = task.sent - connection.unacknowledged() - told
            if news > 0:
                told += news
                gap = _FIRST_LOOK
                self._shell.report(partial(task.owner.on_acknowledged, news))
        task.watched = False

    def tell(self, event: str, detail: str) -> None:
        """Trace what happened on the network beside connections."""
        if self._trace is not None:
            self._trace.net(event, None, detail)

    def net(self, event: str, task: Task, detail: bytes | memoryview | str) -> None:
        """Trace what happened to a connection. Bytes are what was sent or received; their words follow them."""
        if self._trace is None:
            return
        if isinstance(detail, str):
            self._trace.net(event, task.label, detail)
            return
        data = bytes(detail)
        if task.make_words is None:
            self._trace.net(event, task.label, data)
            return
        if task.words is None:
            task.words = task.make_words()
        data, words = task.words.sent(data) if event == "sent" else task.words.received(data)
        self._trace.net(event, task.label, data)
        for each in words:
            self._trace.net(event, task.label, each)

    def opened(self, task: Task, connection: Connection) -> None:
        """Trace that a connection stands."""
        if self._trace is not None:
            self.net("opened", task, f"{connection.peer}{_kind_of(task)}{_asked_for(task, connection.peer)}")

    def ended(self, task: Task) -> None:
        """Trace the end of a connection, and what ended with it."""
        if task.words is not None:
            for each in task.words.ended():
                self.net("received", task, each)
        if task.connection is not None and self._trace is not None:
            self.net("closed", task, f"{task.connection.peer}{_kind_of(task)}{_way_of_end(task)}")


def _kind_of(task: Task) -> str:
    """Return the words of a trace for what is no plain TCP."""
    from onemo.dialogue.lines import IN_TLS, OVER_UDP  # not at start: most modules are not traced

    if task.request.transport is Transport.UDP:
        return f" {OVER_UDP}"
    return f" {IN_TLS}" if task.request.tls is not None else ""


def _asked_for(task: Task, peer: str) -> str:
    """Return the words of a trace for the host and port that were asked for, where the peer has others."""
    host, port = task.request.host, task.request.port
    asked = f"[{host}]:{port}" if ":" in host and not host.startswith("[") else f"{host}:{port}"
    return f" for {asked}" if asked != peer else ""


def _way_of_end(task: Task) -> str:
    """Return the words of a trace for an end that is not the module's own and in order."""
    from onemo.dialogue.lines import ENDED_BY_PEER, ENDED_BY_RESET

    if task.request.transport is Transport.UDP:
        return ""
    if task.scope.cancel_called or task.failure is not None or (task.plan and task.plan.mode is CloseMode.RESET):
        return f" {ENDED_BY_RESET}"
    return f" {ENDED_BY_PEER}" if task.ended_by_peer and task.plan is None else ""
