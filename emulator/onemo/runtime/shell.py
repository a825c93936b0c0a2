"""The shell: the one place where the core meets trio, the line and the network.

Every core call is followed by ``step``: write what the transmitter holds, carry out the intents, re-arm the
timer. All of that happens in the task that brought the bytes; only what would block is left to another task.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Mapping
from typing import Protocol

import trio

from onemo.at.registry import BoundModel
from onemo.link.interface import Link
from onemo.modem.intents import Attach, Bug, Intent, NetworkInfo, Ready, Restart, Store, Wait
from onemo.modem.modem import Modem
from onemo.net.interface import Connection, Network, OpenRequest
from onemo.runtime.peers import TURNS, Peers
from onemo.runtime.secrets import Masked
from onemo.runtime.trace import Guarded, Recent, Trace

_log = logging.getLogger(__name__)
_READ = 4096


class NvFile(Protocol):
    """The file in which a module keeps what outlives its boot cycles."""

    def load(self) -> Mapping[str, object]:
        """What was saved last."""
        ...

    def save(self, settings: Mapping[str, object]) -> bool:
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
        """The module is READY."""
        ...


def names_of(model: BoundModel[Modem], name: str | None) -> tuple[str, ...]:
    """What a fault may call a module. name: its own, if it has one."""
    return tuple(each for each in (name, model.profile.series, model.profile.sub_model) if each)


class Module:
    """One running module: a model on a link, with a network behind it.

    name: what it is called beside its model; boot_time: seconds, None for the model's own; since: the trio time from
    which the first boot counts. nv: the file of what outlives its boot cycles and this process, if any.
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
    ) -> None:
        self.modem = Modem(model, boot_time)
        self.names = names_of(model, name)
        self._nv = nv
        if nv is not None:
            self._restore(nv)
        self.ready = trio.Event()
        self.link = link
        self.network = network
        self._since = since
        self._trace = trace = Guarded(trace) if trace is not None else None
        if trace is not None:
            self.modem.transmitter.tell_kinds()
        self._recent = Recent()
        self._typed, self._answered = Masked(answers=False), Masked(answers=True)
        self._peers = Peers(self, network, trace, self._recent)
        self._blocked = trio.Event()
        self._input_wanted: trio.Event | None = None
        self._timer = trio.CancelScope()
        self._waiting = trio.CancelScope()
        self._armed = math.inf
        self.extension: Extension | None = None
        self.on_restart: list[Callable[[], None]] = []
        self._nursery: trio.Nursery | None = None

    def extend(self, extension: Extension) -> None:
        """Run it beside the module, from now on."""
        self.extension = extension
        if self._nursery is not None:
            extension.begin(self._nursery)
        if self.ready.is_set():
            extension.booted()

    def put_behind(self, network: Network, wrap: Callable[[Connection, OpenRequest], Connection]) -> None:
        """Another network takes the place of the one before; connections that are open are wrapped."""
        self.network = network
        self._peers.behind(network, wrap)

    def tell(self, event: str, text: str) -> None:
        """Something for the trace that is neither line nor network."""
        if self._trace is not None:
            self._trace.net(event, None, text)

    def _restore(self, nv: NvFile) -> None:
        for name in self.modem.restore(nv.load()):
            _log.warning("the NV holds %s, which this model does not take: it has its default", name)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Run until cancelled; with ``nursery.start`` it returns once the module has booted."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            self._peers.start(nursery)
            if self.extension is not None:
                await self.extension.start(nursery)
            nursery.start_soon(self._keep_time)
            nursery.start_soon(self._write)
            nursery.start_soon(self._read)
            self.modem.start(trio.current_time(), self._since)
            self.step()
            await self.ready.wait()
            task_status.started()

    # The line.

    async def _read(self) -> None:
        """The DTE's bytes."""
        modem = self.modem
        while True:
            await self.link.wait_readable()
            while not modem.wants_input:
                self._input_wanted = trio.Event()
                await self._input_wanted.wait()
            data = self._take()
            if data is not None:
                try:
                    self._receive(data, trio.current_time())
                except Exception as error:
                    self.failed(error)

    def _take(self) -> bytes | None:
        """What the line has now."""
        data = self.link.read_now(_READ)
        if data is not None:
            framer = self.modem.framer
            shown = data if self.modem.online else self._typed.show(data, framer.terminator, framer.secret)
            self._recent.line(">", shown)
            if self._trace is not None:
                self._trace.line(">", bytes(shown))
        return data

    def _receive(self, data: bytes, now: float) -> None:
        """Bytes from the DTE, for the core."""
        modem = self.modem
        rest = self._stream(data, now) if modem.streams else data
        if rest is not None:
            modem.receive(rest, now)
        elif not modem.intents and modem.framer.deadline >= self._armed:
            return
        self.step()

    def _stream(self, data: bytes, now: float) -> bytes | None:
        """Bulk in transparent mode: reading is tried again before it is waited for. Returns what is no bulk.

        Each piece leaves before the next is read: meanwhile the kernel carries that one through the pty.
        """
        modem, forward = self.modem, self._peers.forward
        take, packets = self._take, modem.framer.stream
        for _ in range(TURNS):
            part = packets(data, now)
            if part is None:
                return data
            if part:
                forward(modem.forward(part, now))
            more = take() if modem.streams else None
            if more is None:
                return None
            data = more
        return data

    def _flush(self) -> None:
        """Hand the line what it takes now; the writer task has the rest."""
        transmitter, link = self.modem.transmitter, self.link
        while data := transmitter.peek():
            count = link.write_now(data)
            if count == 0:
                self._blocked.set()
                return
            part: bytes | memoryview = data[:count]
            if self.modem.framer.echo and not self.modem.online:
                part = self._answered.show(part, self.modem.framer.terminator)
            self._recent.line("<", part)
            if self._trace is not None:
                start = 0
                for kind, size in transmitter.kinds(count):
                    self._trace.line("<", bytes(part[start : start + size]), kind)
                    start += size
            transmitter.sent(count)

    async def _write(self) -> None:
        """Writes while the line takes less than there is."""
        while True:
            await self._blocked.wait()
            while self._blocked.is_set():
                await self.link.wait_writable()
                self._blocked = trio.Event()
                self._flush()
                if self._drained_for_somebody():
                    self.guarded(lambda: self.modem.settle(trio.current_time()))

    def _drained_for_somebody(self) -> bool:
        """Whether something that waited for the line to drain can go on."""
        modem = self.modem
        if modem.transmitter.full:
            return False
        waits = self._peers.starved or self._input_wanted is not None
        return waits or modem.framer.waiting or modem.transmitter.urcs_wait

    def guarded(self, call: Callable[[], None]) -> None:
        """A call into the core and its step; no bug in them ends the module."""
        try:
            call()
            self.step()
        except Exception as error:
            self.failed(error)

    # Time.

    async def _keep_time(self) -> None:
        while True:
            self._armed = self.modem.deadline
            with trio.CancelScope(deadline=self._armed) as self._timer:
                await trio.sleep_forever()
            self.guarded(lambda: self.modem.on_deadline(trio.current_time()))

    # The step.

    def step(self) -> None:
        """What follows every call into the core."""
        modem = self.modem
        self._flush()
        while modem.intents or modem.can_go_on:
            intents, modem.intents = modem.intents, []
            for intent in intents:
                self._carry_out(intent)
            modem.settle(trio.current_time())
            self._flush()
        if modem.deadline < self._armed:
            self._armed = self._timer.deadline = modem.deadline
        if self._input_wanted is not None and modem.wants_input:
            self._input_wanted.set()
            self._input_wanted = None
        if self._peers.starved:
            self._peers.feed()

    def _carry_out(self, intent: Intent) -> None:
        match intent:
            case Restart():
                self._peers.restart()
                self._waiting.cancel()
                for told in self.on_restart:
                    told()
            case Ready():
                self.ready.set()
                if self.extension is not None:
                    self.extension.booted()
            case Attach():
                ipv4, ipv6 = self.network.local_addresses()
                info = NetworkInfo(self.network.name_servers(), ipv4, ipv6, time.time())
                self.modem.attached(intent, info, trio.current_time())
            case Bug():
                self._recent.report(intent.error)
            case Store():
                done = self._nv is None or self._nv.save(intent.settings)
                self.modem.complete(intent, done, trio.current_time())
            case Wait():
                assert self._nursery is not None
                self._nursery.start_soon(self._wait, intent)
            case _:
                try:
                    self._peers.carry_out(intent)
                except Exception as error:
                    self.failed(error)

    async def _wait(self, intent: Wait) -> None:
        """Of what a command does, the time that it takes. A restart ends it."""
        with trio.CancelScope() as self._waiting:
            await trio.sleep(intent.seconds)
            self.guarded(lambda: self.modem.complete(intent, None, trio.current_time()))

    def failed(self, error: Exception) -> None:
        """A bug: logged with the last traffic, answered ERROR where a command waits, and the module goes on."""
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
