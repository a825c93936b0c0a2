"""The thread in which a lab runs, for programs that know nothing of trio."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from typing import Self, TypeVar

import trio

from onemo.errors import EmulatorError, UsageError
from onemo.runtime.dialogue import Dialogue
from onemo.runtime.lab import Lab, RunningModule
from onemo.runtime.labtable import Planned
from onemo.runtime.spec import Spec
from onemo.runtime.trace import Batch, BatchedTrace, TeeTrace, Trace, trace_file

_T = TypeVar("_T")
_TOLD = 8
"""Modules of which is told why they could not be started."""


class LabThread:
    """A lab that runs in a thread of its own, while this context lasts."""

    def __init__(self) -> None:
        self.lab = Lab()
        self._error: BaseException | None = None
        self._files = ExitStack()
        self._batch = Batch()
        self._nursery: trio.Nursery
        self._token: trio.lowlevel.TrioToken | None = None

    def call(self, act: Callable[[], _T]) -> _T:
        """Call act in the lab's trio run; return its result."""
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
        """Await work in the lab's trio run; return its result."""
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
        """Wait until whatever a module had begun before is done."""
        if threading.current_thread() is not self._thread:
            done = threading.Event()
            if self._soon(done.set):
                done.wait()

    def __enter__(self) -> Self:
        ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="onemo-emulator", daemon=False)
        self._thread.start()
        try:
            ready.result()
        except KeyboardInterrupt as interrupt:  # the thread would keep the process alive
            if ready.exception() is None:
                self.__exit__(type(interrupt))
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *exc_info: object) -> None:
        self._soon(self._nursery.cancel_scope.cancel)
        self._thread.join()
        self._files.close()
        if self._error is not None and kind is None:
            raise self._error

    def _soon(self, run: Callable[[], object]) -> bool:
        """Have something run in the thread soon; return False where the lab has ended."""
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

    async def start_all(self, planned: Sequence[Planned], dialogues: Sequence[Dialogue]) -> list[RunningModule]:
        """Start all, or none.

        Raises EmulatorError, where there are several with a line for each that cannot be.
        """
        started: dict[int, RunningModule] = {}
        errors: dict[int, EmulatorError] = {}

        async def start(number: int, spec: Spec, file: Path | None) -> None:
            try:
                trace: Trace = dialogues[number]
                if file is not None:
                    written = BatchedTrace(self._batch, [self._files.enter_context(trace_file(file))])
                    self._files.callback(self._batch.flush)
                    trace = TeeTrace([trace, written])
                named = spec if spec.overrides.name else self._named(spec)
                started[number] = await self.lab.start(named, trace, dialogues[number].delivered)
            except EmulatorError as error:
                errors[number] = error

        async with trio.open_nursery() as nursery:
            for number, (spec, file) in enumerate(planned):
                nursery.start_soon(start, number, spec, file)
        if errors:
            for running in started.values():
                await self.lab.stop(running)
            if len(planned) == 1:
                raise next(iter(errors.values()))
            lines = [f"{planned[number].spec.overrides.name}: {errors[number]}" for number in sorted(errors)]
            more = [f"and {len(lines) - _TOLD} more"] if len(lines) > _TOLD else []
            raise UsageError("\n".join([*lines[:_TOLD], *more]))
        return [started[number] for number in range(len(planned))]

    def _named(self, spec: Spec) -> Spec:
        """Name a module where another one has its model's name. A named module has numbers of its own."""
        model, taken = spec.shown_model(spec.load()), self.lab.modules
        if model not in taken:
            return spec
        number = 2
        while f"{model}-{number}" in taken:
            number += 1
        return spec._replace(overrides=spec.overrides._replace(name=f"{model}-{number}"))


def _ended() -> EmulatorError:
    return EmulatorError("the lab has ended: use its modules inside the with statement that it is in")
