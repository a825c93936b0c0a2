"""A lab in a thread of its own, for programs that know nothing of trio: tests with pyserial, above all."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from functools import partial
from typing import Self, TypeVar, Unpack

import trio

from emulator.errors import EmulatorError
from emulator.modem.modem import Modem
from emulator.profile.schema import IdentitySection
from emulator.runtime.dialogue import Dialogue
from emulator.runtime.hand import Hand
from emulator.runtime.lab import Lab, Running
from emulator.runtime.options import Options, spec_of
from emulator.runtime.spec import Spec

_T = TypeVar("_T")
_AT_ONCE: Options = {"boot_time": 0.0, "register_time": 0.0, "offline": True}


class HostedModule(Hand):
    """One module of a ``Hosted``, and the hand on it, from any thread.

    port: what the firmware opens, the path of a pseudo-terminal unless ``link`` said otherwise; trace: all that it
    and its DTE have said.
    """

    def __init__(self, hosted: Hosted, running: Running, trace: Dialogue) -> None:
        super().__init__(running)
        self._hosted = hosted
        self.name = running.name
        self.model = running.spec.shown_model(running.model)
        self.port = running.port
        self.trace = trace

    @property
    def url(self) -> str:
        """The same, as pyserial's ``serial_for_url`` takes it: a path, ``socket://…`` or ``rfc2217://…``."""
        return self.port

    @property
    def identity(self) -> IdentitySection:
        """Its numbers: imei, imsi, iccid, …"""
        return self._running.model.profile.identity

    def stop(self) -> None:
        """End it, its connections with an RST; its name and its port are free when this returns."""
        self._hosted.wait(partial(self._hosted.lab.stop, self._running))

    def __repr__(self) -> str:
        return f"<{self.name} on {self.port}>"

    def _do(self, act: Callable[[Modem, float], _T]) -> _T:
        return self._hosted.call(lambda: super(HostedModule, self)._do(act))


class Hosted:
    """A lab that runs while this context lasts. modules: all that it has started, in order, ended ones too.

    Its methods are for any thread, also one that runs an event loop of its own.
    """

    def __init__(self) -> None:
        self.lab = Lab()
        self.modules: list[HostedModule] = []
        self._error: BaseException | None = None
        self._nursery: trio.Nursery
        self._token: trio.lowlevel.TrioToken | None = None

    def start(self, model: str = "ML307R", **options: Unpack[Options]) -> HostedModule:
        """A module, which is booted when this returns. Options are those of ``run``.

        It boots and registers at once and reaches nothing but loopback (and the sandbox) unless boot_time,
        register_time and offline say otherwise. Without a name, it has its model's name, numbered from the second on.
        Raises EmulatorError when it cannot be started.
        """
        spec = spec_of(model, {**_AT_ONCE, **options})
        trace = Dialogue(self.settle)
        module = HostedModule(self, self.wait(partial(self._start, spec, trace)), trace)
        self.modules.append(module)
        module._do(lambda modem, now: None)  # it has registered, too, if that is to be at once
        return module

    def __getitem__(self, name: str) -> HostedModule:
        """The module of this name that was started last. Raises KeyError."""
        for module in reversed(self.modules):
            if module.name == name:
                return module
        raise KeyError(f"there is no module {name}; there are {', '.join(module.name for module in self.modules)}")

    def call(self, act: Callable[[], _T]) -> _T:
        """What act returns, which is called in the lab's trio run."""
        done: Future[_T] = Future()

        def run() -> None:
            try:
                done.set_result(act())
            except BaseException as error:
                done.set_exception(error)

        if not self._soon(run):
            raise _ended()
        return done.result()

    def wait(self, work: Callable[[], Awaitable[_T]]) -> _T:
        """What work returns, which is awaited in the lab's trio run."""
        done: Future[_T] = Future()

        async def run() -> None:
            try:
                done.set_result(await work())
            except Exception as error:
                done.set_exception(error)
            except BaseException:
                done.set_exception(_ended())
                raise

        self.call(lambda: self._nursery.start_soon(run))
        return done.result()

    def settle(self) -> None:
        """Whatever a module had begun before is done when this returns."""
        if threading.current_thread() is not self._thread:
            done = threading.Event()
            if self._soon(done.set):
                done.wait()

    def __enter__(self) -> Self:
        ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="onemo-emulator", daemon=False)
        self._thread.start()
        ready.result()
        return self

    def __exit__(self, kind: type[BaseException] | None, *exc_info: object) -> None:
        self._soon(self._nursery.cancel_scope.cancel)
        self._thread.join()
        if self._error is not None and kind is None:
            raise self._error

    def _soon(self, run: Callable[[], object]) -> bool:
        """Whether it will be run."""
        if self._token is None:
            return False
        try:
            self._token.run_sync_soon(run)
        except trio.RunFinishedError:
            return False
        return True

    # Inside, in the thread.

    def _run(self, ready: Future[None]) -> None:
        try:
            trio.run(self._main, ready)
        except BaseException as error:
            self._error = error
            if not ready.done():
                ready.set_exception(error)

    async def _main(self, ready: Future[None]) -> None:
        async with trio.open_nursery() as self._nursery:
            await self._nursery.start(self.lab.run)
            self._token = trio.lowlevel.current_trio_token()
            ready.set_result(None)

    async def _start(self, spec: Spec, trace: Dialogue) -> Running:
        if spec.who.name is None:
            spec = self._named(spec)
        return await self.lab.start(spec, trace)

    def _named(self, spec: Spec) -> Spec:
        """With a name where another module has its model's. A named module has numbers of its own."""
        model, taken = spec.shown_model(spec.load()), self.lab.modules
        if model not in taken:
            return spec
        number = 2
        while f"{model}-{number}" in taken:
            number += 1
        return spec._replace(who=spec.who._replace(name=f"{model}-{number}"))


def _ended() -> EmulatorError:
    return EmulatorError("the lab has ended: use its modules inside the with statement that it is in")
