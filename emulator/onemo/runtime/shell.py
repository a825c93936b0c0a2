"""The shell: the one place where the core meets trio, the line and the network.

Every core call is followed by ``step``: write what the transmitter holds, carry out the intents, re-arm the
timer. All of that happens in the task that brought the bytes; only what would block is left to another task.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

import trio

from onemo.at.registry import BoundModel
from onemo.link.interface import Link
from onemo.modem.channel import ChannelIntent, Listen, Unlisten
from onemo.modem.console import Console
from onemo.modem.intents import (
    Attach,
    Bug,
    Intent,
    MessageRefusal,
    NetworkInfo,
    Ready,
    Restart,
    Store,
    Submission,
    Tell,
    Wait,
)
from onemo.modem.modem import Modem
from onemo.net.interface import Connection, Network, OpenRequest
from onemo.runtime.centre import MessageCentre
from onemo.runtime.peers import Peers
from onemo.runtime.port import ConsolePort
from onemo.runtime.trace import Recent, Trace

if TYPE_CHECKING:
    from onemo.runtime.nvcontents import NvContents
    from onemo.runtime.servers import ServerFaults, ServerTasks

_log = logging.getLogger(__name__)
P = TypeVar("P", bound=ConsolePort)


class NvFile(Protocol):
    """The file in which a module keeps what outlives its boot cycles."""

    contents: NvContents
    """Of the module's own files."""

    def load(self) -> Mapping[str, object]:
        """Return what was saved last."""
        ...

    def save(self, settings: Mapping[str, object], contents: Mapping[int, bytes | bytearray] = {}) -> bool:
        """Write it down; False when that failed, and then what was there before is still there."""
        ...


class Extension(Protocol):
    """What goes on beside a module: its faults."""

    async def start(self, nursery: trio.Nursery) -> None:
        """Before the supply is on."""
        ...

    def begin(self, nursery: trio.Nursery) -> None:
        """As start, for a module that runs already."""
        ...

    def booted(self) -> None:
        """Take up that the module is READY."""
        ...

    def told(self, event: str) -> None:
        """Take up something that the module does by itself, as its trace has it."""
        ...

    def joined(self) -> None:
        """Take up a console that the module has more than before."""
        ...


def names_of(model: BoundModel[Modem], name: str | None) -> tuple[str, ...]:
    """Return the names that a fault may call a module. name: its own, if it has one."""
    return tuple(each for each in (name, model.profile.series, model.profile.sub_model) if each)


class Module:
    """One running module: a model on a link, with a network behind it.

    name: what it is called beside its model; boot_time: seconds, None for the model's own; since: the trio time from
    which the first boot counts. nv: the file of what outlives its boot cycles and this process, if any. more: links
    of further consoles. keeps_early: what the DTE sends during the first boot is held. wait_opened: waits for the DTE
    with which the power comes on; None: it is on from the start. centre: carries its texts; None: one of its own.
    published: where on the host its servers are.
    """

    def __init__(
        self,
        model: BoundModel[Modem],
        link: Link,
        network: Network,
        *,
        name: str | None = None,
        boot_time: float | None = None,
        since: float | None = None,
        trace: Trace | None = None,
        nv: NvFile | None = None,
        more: Sequence[Link] = (),
        keeps_early: bool = True,
        wait_opened: Callable[[], Awaitable[None]] | None = None,
        centre: MessageCentre | None = None,
        published: Sequence[str] = (),
    ) -> None:
        self.modem = Modem(model, boot_time, keeps_early)
        self.names = names_of(model, name)
        self._nv = nv
        if nv is not None:
            self._restore(nv)
        self.ready = trio.Event()
        self.network = network
        self.centre = MessageCentre() if centre is None else centre
        self._since = since
        self._wait_opened = wait_opened
        self._trace = trace
        self._recent = Recent()
        self.ports = [ConsolePort(self, self.modem.first, link, trace, self._recent)]
        for each in more:
            self.ports.append(ConsolePort(self, self.modem.add_console(), each, trace, self._recent))
        self._peers = Peers(self, network, trace, self._recent)
        self._servers: ServerTasks | None = None
        self._server_faults: ServerFaults | None = None
        self._published = published
        self._timer = trio.CancelScope()
        self._waits: set[trio.CancelScope] = set()
        self.armed = math.inf
        self.forward = self._peers.forward
        self.submit: Callable[[Submission], MessageRefusal | None] = partial(self.centre.take, self.modem)
        """Hands a message to the centre; returns its refusal."""
        self.extension: Extension | None = None
        self.on_restart: list[Callable[[], None]] = []
        self.on_attached: list[Callable[[], None]] = []
        self._nursery: trio.Nursery | None = None

    def extend(self, extension: Extension) -> None:
        """Run it beside the module, from now on."""
        self.extension = extension
        if self._nursery is not None:
            extension.begin(self._nursery)
        if self.ready.is_set():
            extension.booted()

    def add_port(self, kind: Callable[[Module, Console, Trace | None, Recent], P]) -> P:
        """Add a console to the running module, between two of its steps; return its port, which kind makes.

        Its link takes all that is said at once.
        """
        assert self._nursery is not None
        port = kind(self, self.modem.add_console(), self._trace, self._recent)
        self.ports.append(port)
        self._nursery.start_soon(port.read)
        if self.extension is not None:
            self.extension.joined()
        return port

    def put_behind(
        self, network: Network, wrap: Callable[[Connection, OpenRequest], Connection], faults: ServerFaults
    ) -> None:
        """Another network takes the place of the one before; connections that are open are wrapped."""
        self.network, self._server_faults = network, faults
        self._peers.behind(network, wrap)
        if self._servers is not None:
            self._servers.faults = faults

    def tell(self, event: str, text: str) -> None:
        """Something for the trace that is neither line nor network."""
        if self._trace is not None:
            self._trace.net(event, None, text)

    def _restore(self, nv: NvFile) -> None:
        stored = nv.load()
        self.modem.memory.read_content = nv.contents.read
        for name in self.modem.restore(stored):
            _log.warning("the NV holds %s, which this model does not take: it has its default", name)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Run until cancelled; with ``nursery.start`` it returns once the module has booted, or waits for its DTE."""
        self.centre.join(self)
        try:
            await self._run(task_status)
        finally:
            self.centre.leave(self)

    async def _run(self, task_status: trio.TaskStatus[None]) -> None:
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            self._peers.start(nursery)
            if self.extension is not None:
                await self.extension.start(nursery)
            nursery.start_soon(self._keep_time)
            ports = [*self.ports]  # those that join while it waits are read already
            for port in ports:
                nursery.start_soon(port.write)
            if self._wait_opened is not None:
                task_status.started()
                await self._wait_opened()
            for port in ports:
                nursery.start_soon(port.read)
            if not self.modem.power.cycles:  # no event has switched it on before
                self.modem.start(trio.current_time(), self._since)
                self.step()
            await self.ready.wait()
            if self._wait_opened is None:
                task_status.started()

    def guarded(self, call: Callable[[], None]) -> None:
        """Call into the core and follow it up; no bug in that ends the module."""
        try:
            call()
            self.step()
        except Exception as error:
            self.failed(error)

    # Time.

    async def _keep_time(self) -> None:
        while True:
            self.armed = self.modem.deadline
            with trio.CancelScope(deadline=self.armed) as self._timer:
                await trio.sleep_forever()
            self.guarded(lambda: self.modem.on_deadline(trio.current_time()))

    def rouse(self) -> None:
        """Have the core look at the time again, soon: something came from beside it."""
        self.armed = self._timer.deadline = -math.inf

    # The step.

    def step(self) -> None:
        """Follow up every call into the core."""
        modem, ports = self.modem, self.ports
        for port in ports:
            port.flush()
        while modem.intents or modem.can_go_on:
            intents, modem.intents = modem.intents, []
            for intent in intents:
                self._carry_out(intent)
            modem.settle(trio.current_time())
            for port in ports:
                port.flush()
        if (deadline := modem.deadline) < self.armed:
            self.armed = self._timer.deadline = deadline
        for port in ports:
            if port.input_wanted is not None:
                port.resume()
        if self._peers.starved:
            self._peers.feed()

    @property
    def link(self) -> Link:
        """The link of the first console."""
        return self.ports[0].link

    @property
    def starved(self) -> bool:
        """A peer waits for credit."""
        return bool(self._peers.starved)

    def _carry_out(self, intent: Intent) -> None:
        match intent:
            case Restart():
                self._restart()
            case Ready():
                self._booted()
            case Attach():
                ipv4, ipv6 = self.network.local_addresses()
                info = NetworkInfo(self.network.name_servers(), ipv4, ipv6, time.time())
                self.modem.attached(intent, info, trio.current_time())
                for told in self.on_attached:
                    told()
            case Bug():
                self._recent.report(intent.error)
            case Store():
                done = self._nv is None or self._nv.save(intent.settings, intent.contents)
                self.modem.complete(intent, done, trio.current_time())
            case Tell():
                self.tell(intent.event, intent.detail)
                if self.extension is not None:
                    self.extension.told(intent.event)
            case Wait():
                assert self._nursery is not None
                self._nursery.start_soon(self._wait, intent)
            case _:
                self._carry_out_outside(intent)

    @property
    def _server_tasks(self) -> ServerTasks:
        """Its servers, which are made with the first of them."""
        if self._servers is None:
            from onemo.runtime.servers import ServerTasks

            assert self._nursery is not None
            self._servers = ServerTasks(self, self._peers, self.names[0], self._published)
            self._servers.faults = self._server_faults
            self._servers.start(self._nursery)
        return self._servers

    def _carry_out_outside(self, intent: ChannelIntent | Submission) -> None:
        """Have others than the module's own run do something; a bug in that is told."""
        try:
            if isinstance(intent, Submission):
                self.modem.complete(intent, self.submit(intent), trio.current_time())
            elif isinstance(intent, Listen | Unlisten):
                self._server_tasks.carry_out(intent)
            else:
                self._peers.carry_out(intent)
        except Exception as error:
            self.failed(error)

    def _restart(self) -> None:
        if self._servers is not None:
            self._servers.restart()
        self._peers.restart()
        for scope in self._waits:
            scope.cancel()
        for told in self.on_restart:
            told()

    def _booted(self) -> None:
        self.ready.set()
        if (bulk := self.modem.memory.bulk) is not None and bulk.crowded:
            _log.warning("%s: its file store is nearly full, and a real one may not start again", self.names[0])
        if self.extension is not None:
            self.extension.booted()

    async def _wait(self, intent: Wait) -> None:
        """Of what a command does, the time that it takes. A restart ends it."""
        with trio.CancelScope() as scope:
            self._waits.add(scope)
            await trio.sleep(intent.seconds)
            self.guarded(lambda: self.modem.complete(intent, None, trio.current_time()))
        self._waits.discard(scope)

    def failed(self, error: Exception) -> None:
        """Log a bug with the last traffic, answer ERROR where a command waits, and go on."""
        self._recent.report(error)
        try:
            self.modem.abandon(trio.current_time())
            self.modem.settle(trio.current_time())
            self.step()
        except Exception as another:
            self._recent.report(another)

    def report(self, report: Callable[[], None]) -> None:
        """Tell the core something, and follow it up."""
        self.modem.now = now = trio.current_time()
        report()
        self.modem.settle(now)
        self.step()
