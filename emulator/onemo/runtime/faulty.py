"""The faults of a running module: what they need of the shell, and their own timer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import trio

from onemo.faults.plan import ArmedFault
from onemo.faults.seams.attach import Faults, Wrapper
from onemo.modem.modem import Modem
from onemo.runtime.shell import Module


def faults_of(module: Module, seed: int | None = None) -> Faults:
    """Return the faults of a module; the first call makes them, and gives them their seed."""
    if module.extension is None:
        module.extend(FaultyModule(module, seed, module.names))
    assert isinstance(module.extension, FaultyModule)
    return module.extension.faults


def armed_on(module: Module) -> list[ArmedFault]:
    """Return the faults that were armed, spent ones too; looking makes no plan."""
    return [] if module.extension is None else list(faults_of(module).plan)


class FaultyModule:
    """A module as its faults see it. Implements FaultTarget. seed: of their dice, None for one that is made up."""

    def __init__(self, module: Module, seed: int | None, names: tuple[str, ...]) -> None:
        self._module = module
        self._timer = trio.CancelScope()
        self._tasks: list[Callable[..., Awaitable[Any]]] = [self._keep_time]
        self._nursery: trio.Nursery | None = None
        self.modem: Modem = module.modem
        self.faults = Faults(self, seed, names)

    async def start(self, nursery: trio.Nursery) -> None:
        """Run in nursery whatever the faults need, from now on."""
        self._nursery = nursery
        for task in self._tasks:
            await nursery.start(task)
        for told in self._module.on_restart:
            told()

    def begin(self, nursery: trio.Nursery) -> None:
        """Run in nursery whatever the faults need, for a module that runs already."""
        self._nursery = nursery
        for task in self._tasks:
            nursery.start_soon(task)

    def booted(self) -> None:
        self.faults.booted()

    def told(self, event: str) -> None:
        self.faults.told(event)

    def joined(self) -> None:
        self.faults.joined()

    def now(self) -> float:
        return trio.current_time()

    def rearm(self) -> None:
        self._timer.deadline = min(self.faults.deadline, self._timer.deadline)

    def tell(self, text: str) -> None:
        self._module.tell("fault", text)

    def wrap_line(self) -> Wrapper:
        from onemo.faults.seams.line import FaultyLink

        link = FaultyLink(self._module.link, self.faults)
        self._module.ports[0].link = link
        self._run(link.run)
        self._module.on_restart.append(link.boot)
        return link

    def wrap_network(self) -> Wrapper:
        from onemo.faults.seams.network import FaultyNetwork

        network = FaultyNetwork(self._module.network, self.faults)
        self._module.put_behind(network, network.wrap, network)
        self._run(network.run)
        return network

    def wrap_centre(self) -> Wrapper:
        from onemo.faults.seams.sms import FaultyCentre

        module = self._module
        centre, submit = FaultyCentre(module.modem, self.faults), module.submit

        module.submit = lambda submission: centre.refusal(submission) or submit(submission)
        return centre

    def _run(self, task: Callable[..., Awaitable[Any]]) -> None:
        if self._nursery is None:
            self._tasks.append(task)
        else:
            self._nursery.start_soon(task)

    async def _keep_time(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        task_status.started()
        while True:
            with trio.CancelScope(deadline=self.faults.deadline) as self._timer:
                await trio.sleep_forever()
            self._module.guarded(lambda: self.faults.on_deadline(trio.current_time()))
