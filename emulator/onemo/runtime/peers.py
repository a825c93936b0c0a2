"""The connections of a running module: each has one task that opens it, brings what the peer sends, and ends it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial
from itertools import count

import trio

from onemo.errors import NetError, NetFailure
from onemo.modem.channel import (
    Ask,
    Cancel,
    Carried,
    ChannelIntent,
    Close,
    Drop,
    Forward,
    Open,
    Outstanding,
    Owner,
    Send,
    SendTo,
    Sent,
)
from onemo.net.interface import (
    Carrying,
    CloseMode,
    ClosePlan,
    CloseResult,
    Connection,
    Network,
    OpenRequest,
    OpenToAll,
    Transport,
)
from onemo.runtime.asks import AskTasks
from onemo.runtime.sending import Sending, Shell, Task
from onemo.runtime.trace import Recent, Trace

TURNS = 32
"""Turns of a loop that never has to wait, after which the other tasks get one."""
_MOST_LINGERING = 16
_AT_ONCE = 8
"""Turns of the loop within which all ends that has to wait for nobody: a handshake on loopback takes two."""


class Peers:
    """Every connection of one module, each with its owner."""

    def __init__(self, shell: Shell, network: Network, trace: Trace | None, recent: Recent) -> None:
        self._shell = shell
        self._network = network
        self._recent = recent
        self._tasks: dict[Owner, Task] = {}
        self._sending = Sending(shell, self._tasks, trace)
        self._asks = AskTasks(shell, network, recent, self._sending.tell)
        self.forward = self._sending.forward
        self._scopes: set[trio.CancelScope] = set()
        self.starved: dict[Task, trio.Event] = {}
        """The connections that wait for credit."""
        self._lingering: list[Task] = []
        self._wrap: Callable[[Connection, OpenRequest], Connection] = lambda connection, request: connection
        self.tell = self._sending.tell
        self._opens, self._closes = _Order(), _Order()
        self._nursery: trio.Nursery

    def start(self, nursery: trio.Nursery) -> None:
        """Run connections in nursery from now on."""
        self._nursery = self._sending.nursery = self._asks.nursery = nursery

    def carry_out(self, intent: ChannelIntent) -> None:
        """Do what the core asks; never waits."""
        match intent:
            case Send():
                self._sending.send(intent)
            case SendTo():
                self._sending.start(self._send_to(intent))
            case Forward():
                self.forward(intent)
            case Open():
                self._make_way(intent.request)
                task = self._tasks[intent.owner] = Task(intent)
                self._opens.begin(task)
                self._scopes.add(task.scope)
                self._nursery.start_soon(self._serve, task)
            case Outstanding():
                connection = self._connection(intent.owner)
                outstanding = connection.unacknowledged() if connection else 0
                self._shell.modem.complete(intent, _figures(connection, outstanding), trio.current_time())
            case Close():
                self._close(intent)
            case Ask():
                self._asks.carry_out(intent)
            case Cancel():
                self._asks.cancel(intent)
            case Drop():
                self._drop(intent.owner)

    def behind(self, network: Network, wrap: Callable[[Connection, OpenRequest], Connection]) -> None:
        """Use another network from now on; connections that are open are wrapped."""
        self._network = network
        self._asks.behind(network)
        self._wrap = wrap
        for task in self._tasks.values():
            if task.connection is not None:
                task.connection = wrap(task.connection, task.request)
                task.waiting.cancel()  # and waits for that one instead

    def _drop(self, owner: Owner) -> None:
        if dropped := self._tasks.pop(owner, None):
            _end(dropped)

    def adopt(self, owner: Owner, request: OpenRequest, parting: ClosePlan, connection: Connection) -> None:
        """Serve a connection that stands, for an owner that has none."""
        task = self._tasks[owner] = Task(Open(owner, request, parting))
        task.connection = self._wrap(connection, task.request)
        self._sending.accepted(task, connection)
        self._scopes.add(task.scope)
        self._nursery.start_soon(self._serve, task)

    async def _send_to(self, intent: SendTo) -> None:
        """Send a datagram to an address, as the routes lead where nobody has sent from there."""
        task, sent = self._tasks.get(intent.owner), Sent(0, failed=True)
        connection = task.connection if task is not None else None
        if task is not None and isinstance(connection, OpenToAll):
            place = intent.host, intent.port
            try:
                if not intent.known:
                    place = await self._network.place(*place)
                    connection.show(place, (intent.host, intent.port))
                with trio.move_on_after(intent.timeout):
                    sent = await self._sent_to(task, connection, intent.data, place)
            except NetError as error:
                self._sending.net("send failed", task, str(error))
        self._shell.modem.complete(intent, sent, trio.current_time())
        self._shell.step()

    async def _sent_to(self, task: Task, connection: OpenToAll, data: bytes, place: tuple[str, int]) -> Sent:
        while connection.send_to_now(data, *place) < len(data):
            await connection.wait_writable()
        self._sending.net("sent", task, data)
        return Sent(len(data))

    def _close(self, intent: Close) -> None:
        """Close as planned; at once where nobody serves the connection, or it does not stand yet."""
        task = self._tasks.get(intent.owner)
        if task is None or task.connection is None:
            self.carry_out(Drop(intent.owner))
            intent.owner.on_closed(CloseResult.NORMAL, trio.current_time())
            return
        task.plan = intent.plan
        self._closes.begin(task)
        task.pump.cancel()

    def restart(self) -> None:
        """Drop every connection: the boot cycle ended."""
        for scope in self._scopes:
            scope.cancel()
        self._asks.restart()
        self._tasks.clear()
        self.starved.clear()

    def feed(self) -> None:
        """Wake whoever has credit again."""
        for task, event in self.starved.items():
            if task.owner.credit():
                event.set()

    # One connection.

    async def _serve(self, task: Task) -> None:
        """Serve a connection from Open to the end."""
        try:
            with task.scope:
                if task.connection is None:
                    await self._connect(task)
                if task.connection is None:
                    return
                try:
                    if isinstance(task.connection, Carrying):
                        self._sending.start(task.connection.carry())
                    with task.pump:
                        await self._pump(task)
                    if task.failure is not None and task.plan is None:
                        task.connection.abort()
                        self._end_with(task, partial(task.owner.on_lost, task.failure, trio.current_time()))
                    else:
                        await self._part(task, task.connection)
                finally:
                    task.connection.abort()
                    self._sending.ended(task)
        except Exception as error:
            self._recent.report(error)
            self._abandon(task)
        finally:
            self._forget(task)
            self._opens.forget(task)
            self._closes.forget(task)
            self._scopes.discard(task.scope)

    async def _connect(self, task: Task) -> None:
        """Give the task its connection, if there is one to be had."""
        try:
            connection = await self._network.open(task.request)
        except NetError as error:
            await self._opens.turn(task)
            self._sending.net("open failed", task, str(error))
            self._end_with(task, partial(task.owner.on_failed, error.failure, trio.current_time()))
            return
        try:
            await self._opens.turn(task)
        except trio.Cancelled:
            connection.abort()
            raise
        task.connection = connection
        self._sending.opened(task, connection)
        ipv6 = connection.peer.startswith("[")
        self._shell.report(partial(task.owner.on_opened, ipv6=ipv6, now=trio.current_time()))

    async def _part(self, task: Task, connection: Connection) -> None:
        """End it as its owner said, or after the peer did: what is unsent still goes, while it moves."""
        if task.scope.cancel_called:
            return
        plan = task.plan or task.parting
        if task.plan is None:
            self._lingering.append(task)
        try:
            if plan.mode is CloseMode.DRAIN and not await _drained(task, plan.stall):
                connection.abort()
                result = CloseResult.NO_ANSWER
            else:
                result = await connection.close(plan)
        finally:
            if task in self._lingering:
                self._lingering.remove(task)
        if task.plan is not None:
            await self._closes.turn(task)
            self._end_with(task, partial(task.owner.on_closed, result, trio.current_time()))

    def _make_way(self, request: OpenRequest) -> None:
        """End connections that linger in the way of a new one.

        A connection that the peer ended lingers for what is unsent, but not in the way of one that asks for its local
        port, nor beside too many others.
        """
        for task in list(self._lingering):
            port = task.request.local_port
            same = port and (port, task.request.transport) == (request.local_port, request.transport)
            if same or len(self._lingering) > _MOST_LINGERING:
                self._lingering.remove(task)
                _end(task)

    async def _pump(self, task: Task) -> None:
        """Bring what the peer sends, as much as the owner grants, until the peer or the owner ends it."""
        owner = task.owner
        stream = task.request.transport is Transport.TCP
        turns = 0
        while not (task.pump.cancel_called or task.scope.cancel_called) and (connection := task.connection) is not None:
            credit = owner.credit()
            try:
                if not credit:
                    await self._starve(task, connection)
                    continue
                data = connection.receive_now(credit)
                if data is None:
                    with trio.CancelScope() as task.waiting:
                        await connection.wait_readable()
                    continue
            except NetError as error:
                self._sending.net("broken", task, str(error))
                connection.abort()
                self._lose(task, error.failure)
                return
            if stream and not data:
                task.ended_by_peer = True
                self._lose(task, None)
                return
            self._sending.net("received", task, data)
            self._shell.modem.cell.traffic.carry(0, len(data), trio.current_time())
            self._shell.report(partial(owner.on_data, data, trio.current_time()))
            turns += 1
            if turns % TURNS == 0:
                await trio.lowlevel.checkpoint()

    async def _starve(self, task: Task, connection: Connection) -> None:
        """Wait until the owner grants credit again.

        Raises NetError when the connection breaks meanwhile, and the owner watches that: it is told at once, though
        what the host still holds of it will never be read.
        """
        event = self.starved[task] = trio.Event()
        try:
            if not task.owner.watches_breaks:
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
            self.starved.pop(task, None)

    def _lose(self, task: Task, failure: NetFailure | None) -> None:
        if task.plan is None:
            self._end_with(task, partial(task.owner.on_lost, failure, trio.current_time()))

    def _end_with(self, task: Task, told: Callable[[], None]) -> None:
        """Tell the owner the last of its connection; nothing after a Drop or a restart."""
        if not task.scope.cancel_called:
            self._forget(task)
            self._shell.report(told)

    def _abandon(self, task: Task) -> None:
        """End what a bug ended: the owner must not wait for it for ever."""
        if not self._sending.serves(task):
            return
        now = trio.current_time()
        if task.connection is None:
            told = partial(task.owner.on_failed, NetFailure.OTHER, now)
        elif task.plan is None:
            told = partial(task.owner.on_lost, NetFailure.OTHER, now)
        else:
            told = partial(task.owner.on_closed, CloseResult.FAILED, now)
        self._forget(task)
        self._shell.report(told)

    def _forget(self, task: Task) -> None:
        if self._sending.serves(task):
            del self._tasks[task.owner]

    def _connection(self, owner: Owner) -> Connection | None:
        task = self._tasks.get(owner)
        return task.connection if task is not None else None


class _Order:
    """The order in which results are told that come at once: that of the commands, not that of the loop's turns."""

    def __init__(self) -> None:
        self._numbers = count()
        self._going_on: dict[Task, int] = {}
        self._ended: dict[Task, int] = {}

    def begin(self, each: Task) -> None:
        """Take up one that was asked for."""
        self._going_on[each] = next(self._numbers)

    def forget(self, each: Task) -> None:
        """Forget one, which has been told or never will."""
        self._going_on.pop(each, None)

    async def turn(self, each: Task) -> None:
        """Wait for those before it that end at once as well; one that takes longer keeps nobody waiting."""
        number = self._ended[each] = self._going_on.pop(each)
        try:
            turns = 0
            while _any_before(number, self._ended) or (turns < _AT_ONCE and _any_before(number, self._going_on)):
                turns += 1
                await trio.lowlevel.checkpoint()
        finally:
            del self._ended[each]


def _any_before(number: int, others: dict[Task, int]) -> bool:
    return any(other < number for other in others.values())


def _end(task: Task) -> None:
    """End a connection that nobody waits for, at once: its local port is free when this returns."""
    task.scope.cancel()
    if task.connection is not None:
        task.connection.abort()


def _figures(connection: object, outstanding: int) -> int | Carried:
    """Return the figures with which an Outstanding is completed."""
    return Carried(*connection.carried, outstanding) if isinstance(connection, Carrying) else outstanding


async def _drained(task: Task, stall: float) -> bool:
    """Wait until the outbox is with the stack; return False when nothing moved for stall seconds."""
    while task.drained is not None:
        before = task.sent
        with trio.move_on_after(stall) as waiting:
            await task.drained.wait()
        if waiting.cancelled_caught and task.sent == before:
            return False
    return True


async def _cancel_when_broken(connection: Connection, scope: trio.CancelScope) -> None:
    with contextlib.suppress(NetError):
        await connection.wait_broken()
    scope.cancel()
