"""Many modules in one process. Each has its own line, settings and numbers, and none harms another."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextvars import ContextVar
from enum import Enum
from typing import TYPE_CHECKING

import trio

from onemo.errors import EmulatorError, UsageError, declared
from onemo.modem.channel import DeliveryWatch
from onemo.runtime.centre import MessageCentre
from onemo.runtime.line import SerialLine, first_of
from onemo.runtime.models import Model
from onemo.runtime.network import LazyNetwork, NetworkOptions, routes_of
from onemo.runtime.shell import Module, NvFile
from onemo.runtime.spec import Spec, opened
from onemo.runtime.trace import Trace

if TYPE_CHECKING:
    from onemo.net.host.routes import Routes
    from onemo.net.sandbox import Sandbox
    from onemo.runtime.faultsession import FaultSession
    from onemo.runtime.tally import CommandTally

_log = logging.getLogger(__name__)
CURRENT: ContextVar[str] = ContextVar("CURRENT", default="")
"""The name of the module whose task this is."""


class Condition(Enum):
    """The condition of a module of a lab: STARTING until it is READY, then ENDED, or FAILED by an error."""

    STARTING = "starting"
    READY = "ready"
    ENDED = "ended"
    FAILED = "failed"


class RunningModule:
    """One module of a lab.

    module, lines, network: there once it is built, and so from READY on; error: the reason why it FAILED;
    fault_session: the faults that it was started with; tally: the count of its commands, None where nobody asks.
    """

    module: Module
    lines: Sequence[SerialLine]
    network: LazyNetwork

    def __init__(
        self, spec: Spec, model: Model, *, counted: bool = False, on_delivered: DeliveryWatch | None = None
    ) -> None:
        """Begin. counted: its commands are counted."""
        self.spec = spec
        self.tally: CommandTally | None = None
        self._counted, self._on_delivered = counted, on_delivered
        self.model = model
        self.condition = Condition.STARTING
        self.built = False
        self.error: Exception | None = None
        self.fault_session: FaultSession | None = None
        self._scope = trio.CancelScope()
        self._gone = trio.Event()

    @property
    def name(self) -> str:
        """The name that it was given, else its model's."""
        return self.spec.overrides.name or self.spec.shown_model(self.model)

    @property
    def ports(self) -> list[str]:
        """What the DTE opens, the first console's port first."""
        return [line.port for line in self.lines]

    @property
    def port(self) -> str:
        """The first of them."""
        return self.lines[0].port

    def build(
        self,
        lines: Sequence[SerialLine],
        nv: NvFile | None,
        network: LazyNetwork,
        trace: Trace | None,
        since: float | None = None,
        centre: MessageCentre | None = None,
    ) -> None:
        """Make the module, on its lines. since: the trio time from which its first boot counts; centre: as Module.

        Raises UsageError: the snapshot that it is to begin with does not fit.
        """
        first, *more = (line.link for line in lines)
        self.module = Module(
            self.model,
            first,
            network,
            name=self.spec.overrides.name,
            boot_time=self.spec.hastened_boot_time,
            since=since,
            trace=trace,
            nv=nv,
            more=more,
            keeps_early=self.spec.early_input == "kept",
            wait_opened=self._wait_opened if self.spec.cable.power_on == "open" else None,
            centre=centre,
            published=self.spec.network.published,
        )
        if self._counted:
            from onemo.runtime.tally import CommandTally

            self.tally = CommandTally(self.model, trio.lowlevel.current_clock().current_time)
            self.module.modem.on_answer = self.tally.answered
        if self.spec.restored is not None:
            from onemo.runtime.restoring import restore

            restore(self.spec.restored, self.module.modem, nv, trio.current_time())
        self.module.modem.on_delivered = self._on_delivered
        self.module.modem.cell.ussd = network.ussd
        self.module.modem.cell.publish = network.publish
        self.lines, self.network, self.built = lines, network, True

    async def boot(self, nursery: trio.Nursery) -> None:
        """Run the module in nursery; return once it is ready, or waits for its DTE to open a port.

        Raises LinkError in the nursery when a line is lost.
        """
        for line, console in zip(self.lines, self.module.modem.consoles, strict=True):
            line.join(self.module, console, nursery)
        await nursery.start(self.module.run)
        self.condition = Condition.READY

    def start_lines(self, nursery: trio.Nursery) -> None:
        """Let the lines know that the module is ready. Raises LinkError when there will be no DTE."""
        for line in self.lines:
            line.start(nursery)

    async def _wait_opened(self) -> None:
        """Wait until a DTE has opened one of the ports."""
        await first_of(*(line.wait_opened for line in self.lines))

    async def stop(self) -> None:
        """End it, its connections with an RST; return once its line is free."""
        self._scope.cancel()
        await self.wait()

    async def wait(self) -> None:
        """Wait until it has ended or failed."""
        await self._gone.wait()

    async def run(
        self,
        network: LazyNetwork,
        trace: Trace | None,
        centre: MessageCentre,
        *,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Run until stopped or cancelled; with ``nursery.start`` it returns once the module is ready.

        Raises before that, when it cannot be started: an EmulatorError, or the bug. What comes later ends this module
        alone.
        """
        CURRENT.set(self.name)
        try:
            with self._scope, opened(self.spec, self.model) as (lines, nv):
                self.build(lines, nv, network, trace, centre=centre)
                if self.spec.faults.any:
                    from onemo.runtime.faultsession import FaultSession

                    self.fault_session = FaultSession(self.spec.faults, self.module)
                async with trio.open_nursery() as nursery:
                    await self.boot(nursery)
                    self.start_lines(nursery)
                    task_status.started()
            if self.condition is Condition.STARTING:
                raise UsageError(f"{self.name} was stopped before it was ready")
            self.condition = Condition.ENDED
        except Exception as group:
            self.error = error = _cause(group)
            started, self.condition = self.condition is Condition.READY, Condition.FAILED
            if not started:
                raise error from None
            _log.error(
                "%s has ended: %s", self.name, error, exc_info=None if isinstance(error, EmulatorError) else error
            )
        finally:
            self._gone.set()


def _cause(error: Exception) -> Exception:
    """Return what is in a group: the EmulatorError, or the only bug."""
    found: BaseException = declared(error) if isinstance(error, ExceptionGroup) else error
    while isinstance(found, ExceptionGroup) and len(found.exceptions) == 1:
        found = found.exceptions[0]
    return found if isinstance(found, Exception) else error


class Lab:
    """The modules of one process, by name."""

    def __init__(self, *, counted: bool = False) -> None:
        """Begin without a module. counted: their commands are counted."""
        self._counted = counted
        self.modules: dict[str, RunningModule] = {}
        self._routes: dict[NetworkOptions, tuple[Routes, Sandbox | None]] = {}
        self._planning = trio.Lock()
        self._centre = MessageCentre()
        self._nursery: trio.Nursery

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Run until cancelled."""
        async with trio.open_nursery() as self._nursery:
            task_status.started()
            await trio.sleep_forever()

    async def start(
        self, spec: Spec, trace: Trace | None = None, on_delivered: DeliveryWatch | None = None
    ) -> RunningModule:
        """Start one more module; return once it is ready.

        Any number may be started at once. Raises EmulatorError when it cannot be started.
        """
        running = RunningModule(spec, spec.load(), counted=self._counted, on_delivered=on_delivered)
        if running.name in self.modules:
            raise UsageError(f"there is a module {running.name} already: give each a name of its own")
        self.modules[running.name] = running
        try:
            network = await self._network_of(spec)
            await self._nursery.start(running.run, network, trace, self._centre)
        except BaseException:
            self._forget(running)
            raise
        return running

    async def stop(self, running: RunningModule) -> None:
        """End a module; return once its name and its line are free."""
        await running.stop()
        self._forget(running)

    def _forget(self, running: RunningModule) -> None:
        if self.modules.get(running.name) is running:
            del self.modules[running.name]

    async def _network_of(self, spec: Spec) -> LazyNetwork:
        """Make the network of a module; modules with the same options share their routes, and their sandbox."""
        options = spec.network
        if options == NetworkOptions():
            return LazyNetwork(source=spec.source)
        async with self._planning:
            if options not in self._routes:
                routes, sandbox = routes_of(options)
                if sandbox is not None:
                    await self._nursery.start(sandbox.run)
                self._routes[options] = routes, sandbox
        routes, sandbox = self._routes[options]
        return LazyNetwork(routes, spec.source, sandbox)
