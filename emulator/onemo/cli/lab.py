"""``onemo-emulator lab``: the modules of a file, in one process, until a signal ends them."""

from __future__ import annotations

import gc
import json
import logging
import math
import resource
import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import trio

from onemo.cli.controlled import controlled, readiness, remembered, told
from onemo.cli.ending import End, hold_signals
from onemo.cli.traces import traces
from onemo.errors import EmulatorError, UsageError, declared
from onemo.runtime.lab import CURRENT, Condition, Lab, RunningModule
from onemo.runtime.labfile import read_lab
from onemo.runtime.labtable import Planned
from onemo.runtime.sink import LogHandler, say, say_rest

if TYPE_CHECKING:
    from onemo.cli.ready import ReadyFile
    from onemo.control.server import ControlServer

_log = logging.getLogger(__name__)
_LAST = 1.0
"""Seconds that the reader of stdout has at the end to take the last lines."""
_OWN = 64
"""Open files that are no module's."""


class LabOptions(NamedTuple):
    """The options of ``lab``; control, control_token: as those of ``run``."""

    file: Path
    slice: int = 0
    check: bool = False
    verbose: bool = False
    ready_file: Path | None = None
    control: str | None = None
    control_token: str | None = None


def serve(options: LabOptions) -> int:
    """Run until a signal ends it, or until no module is left; returns the exit status: 1 when any of them failed.

    Raises EmulatorError when the lab cannot be as asked.
    """
    planned = read_lab(options.file, options.slice)
    if options.check:
        print(f"{options.file}: {len(planned)} module{'s' if len(planned) > 1 else ''}, no mistakes")
        return 0
    _log_with_names()
    _raise_limit(planned)
    hold_signals()
    with ExitStack() as stack:
        ready = stack.enter_context(readiness(options.ready_file))
        lab = Lab()
        control = stack.enter_context(controlled(options.control, options.control_token, lab.modules))
        try:
            return trio.run(_Serving(planned, stack, lab, ready, control, verbose=options.verbose).run)
        except BaseExceptionGroup as group:
            raise declared(group) from None


class _Serving:
    """A lab that runs. stack: what is to be closed at the end."""

    def __init__(
        self,
        planned: Sequence[Planned],
        stack: ExitStack,
        lab: Lab,
        ready: ReadyFile | None,
        control: ControlServer | None,
        *,
        verbose: bool,
    ) -> None:
        self._planned = planned
        self._stack = stack
        self._ready_file = ready
        self._verbose = verbose
        self._lab = lab
        self._control = control
        self._ready: list[RunningModule] = []
        self._failed: list[str] = []
        self._starting = len(planned)
        self._lines, self._said = trio.open_memory_channel[str](math.inf)  # one of each module
        self._silent = trio.Event()

    async def run(self) -> int:
        """Run until the end, and return the exit status."""
        async with trio.open_nursery() as nursery:
            End(nursery.cancel_scope)
            if self._control is not None:
                self._control.control.awaited.update(planned.spec.overrides.name or "" for planned in self._planned)
                await nursery.start(self._control.run)
            await nursery.start(self._lab.run)
            nursery.start_soon(self._print)
            async with trio.open_nursery() as starting:
                for each in self._planned:  # each is in the list of modules before the next, so in the file's order
                    await starting.start(self._start, each)
            done = {"ready": len(self._ready), "failed": self._failed, **told(self._control)}
            if self._ready_file is not None and self._ready:
                self._ready_file.tell(json.dumps(done), nursery)
            self._say(done)
            for running in self._ready:
                await running.wait()
            self._lines.close()
            with trio.move_on_after(_LAST):
                await self._silent.wait()
            nursery.cancel_scope.cancel()
        for running in self._ready:
            if running.fault_session is not None:
                for line in running.fault_session.lines():
                    _log.info("%s: %s", running.name, line)
        return int(bool(self._failed) or any(running.condition is Condition.FAILED for running in self._ready))

    async def _start(self, planned: Planned, *, task_status: trio.TaskStatus[None]) -> None:
        """Start one module, and tell its ready line, or why there is none."""
        task_status.started()
        name = planned.spec.overrides.name or ""
        CURRENT.set(name)
        try:
            trace = self._stack.enter_context(traces(planned.trace, verbose=self._verbose, name=name))
            running = await self._lab.start(planned.spec, remembered(trace, self._control, name))
        except Exception as error:
            self._failed.append(name)
            _log.error("%s", error, exc_info=None if isinstance(error, EmulatorError) else error)
            return
        finally:
            self._starting -= 1
            if not self._starting:
                gc.freeze()
                gc.enable()
        self._ready.append(running)
        if self._control is not None:
            self._control.control.awaited.discard(name)
        self._say({**planned.spec.told(running.model, running.ports), **told(self._control)})

    def _say(self, line: object) -> None:
        """Have a line printed on stdout. One that nobody reads holds nothing up."""
        self._lines.send_nowait(json.dumps(line))

    async def _print(self) -> None:
        async for line in self._said:
            if rest := say(line, sys.stdout):
                await say_rest(rest, sys.stdout)
        self._silent.set()


def _log_with_names() -> None:
    """Have each line of the log say which module it is of."""

    def name(record: logging.LogRecord) -> bool:
        record.lab = f"{CURRENT.get()}: " if CURRENT.get() and record.name != Lab.__module__ else ""
        return True

    handler = LogHandler(sys.stderr)
    handler.addFilter(name)
    logging.basicConfig(format="onemo-emulator: %(lab)s%(message)s", level=logging.INFO, handlers=[handler])


def _raise_limit(planned: Sequence[Planned]) -> None:
    """Let this process have as many open files as it may. Raises UsageError where its modules need more."""
    needed = _OWN
    for spec, trace in planned:
        needed += 2 + sum(each is not None for each in (spec.cable.link, spec.nv, trace)) + 3 * len(spec.cable.ports)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if resource.RLIM_INFINITY not in (soft, hard) and hard < needed:
        raise UsageError(
            f"{len(planned)} modules need {needed} open files, without their connections, and this process may have"
            f" {hard}: raise that (ulimit -Hn, LimitNOFILE= of systemd, --ulimit nofile= of docker), or share the"
            " modules among several processes, with --slice"
        )
    if soft != resource.RLIM_INFINITY:
        most = max(soft, needed * 8) if hard == resource.RLIM_INFINITY else hard
        with suppress(OSError, ValueError):  # more than the host has for one process
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
