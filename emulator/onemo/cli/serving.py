"""The modules of a lab, or of one process's share of it, from their start to their end."""

from __future__ import annotations

import gc
import json
import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

import trio

from onemo.cli.controlled import remembered, told
from onemo.cli.ending import End
from onemo.cli.lines import OrderedLines, ReadyLines
from onemo.cli.traces import traces
from onemo.errors import EmulatorError
from onemo.runtime.lab import CURRENT, Condition, Lab, RunningModule
from onemo.runtime.labtable import Planned
from onemo.runtime.trace import Batch

if TYPE_CHECKING:
    from onemo.cli.ready import ReadyFile
    from onemo.control.server import ControlServer

_log = logging.getLogger(__name__)


class Serving:
    """A lab that runs.

    stack: what is to be closed at the end; lines: those that it says; end: given the scope of everything, which it
    cancels when the end has come.
    """

    def __init__(
        self,
        planned: Sequence[Planned],
        stack: ExitStack,
        lab: Lab,
        ready: ReadyFile | None,
        control: ControlServer | None,
        *,
        verbose: bool,
        lines: ReadyLines | None = None,
        end: Callable[[trio.CancelScope], object] = End,
    ) -> None:
        self._planned = planned
        self._stack = stack
        self._ready_file = ready
        self._verbose = verbose
        self._batch = Batch()
        self._lab = lab
        self._control = control
        self._ready: list[RunningModule] = []
        self._failed: set[str] = set()
        self._starting = len(planned)
        self._lines = lines or ReadyLines()
        self._ordered = OrderedLines(self._lines, map(_name, planned))
        self._end = end

    async def run(self) -> int:
        """Run until the end, and return the exit status."""
        async with trio.open_nursery() as nursery:
            self._end(nursery.cancel_scope)
            if self._control is not None:
                self._control.control.awaited.update(map(_name, self._planned))
                await nursery.start(self._control.run)
            await nursery.start(self._lab.run)
            nursery.start_soon(self._lines.run)
            async with trio.open_nursery() as starting:
                for each in self._planned:  # each is in the list of modules before the next, so in the file's order
                    await starting.start(self._start, each)
            failed = [name for name in map(_name, self._planned) if name in self._failed]
            done = {"ready": len(self._ready), "failed": failed, **told(self._control)}
            if self._ready_file is not None and self._ready:
                self._ready_file.tell(json.dumps(done), nursery)
            self._lines.say(done)
            for running in self._ready:
                await running.wait()
            await self._lines.finish()
            nursery.cancel_scope.cancel()
        for running in self._ready:
            if running.fault_session is not None:
                for line in running.fault_session.lines():
                    _log.info("%s: %s", running.name, line)
        return int(bool(self._failed) or any(running.condition is Condition.FAILED for running in self._ready))

    async def _start(self, planned: Planned, *, task_status: trio.TaskStatus[None]) -> None:
        """Start one module, and tell its ready line, or why there is none."""
        task_status.started()
        name = _name(planned)
        CURRENT.set(name)
        try:
            await trio.lowlevel.checkpoint_if_cancelled()  # a signal may have come before the first step
            trace = self._stack.enter_context(traces(self._batch, planned.trace, verbose=self._verbose, name=name))
            running = await self._lab.start(planned.spec, remembered(trace, self._control, name))
        except Exception as error:
            self._failed.add(name)
            _log.error("%s", error, exc_info=None if isinstance(error, EmulatorError) else error)
            self._ordered.done(name)
            return
        finally:
            self._starting -= 1
            if not self._starting:
                gc.freeze()
                gc.enable()
        self._ready.append(running)
        if self._control is not None:
            self._control.control.awaited.discard(name)
        self._ordered.say(name, {**planned.spec.told(running.model, running.ports), **told(self._control)})
        self._ordered.done(name)


def _name(planned: Planned) -> str:
    return planned.spec.overrides.name or ""
