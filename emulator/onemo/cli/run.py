"""``onemo-emulator run``: one module on a line until a signal ends it."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import trio

from onemo.cli.controlled import controlled, readiness, remembered, told
from onemo.cli.ending import End, hold_signals
from onemo.cli.traces import traces
from onemo.errors import UsageError, declared
from onemo.runtime.lab import RunningModule
from onemo.runtime.line import SerialLine
from onemo.runtime.models import Model
from onemo.runtime.network import LazyNetwork, NetworkOptions, routes_of
from onemo.runtime.options import OPTIONS, ModuleOptions
from onemo.runtime.shell import NvFile
from onemo.runtime.sink import LogFile, LogHandler, say, say_rest
from onemo.runtime.spare import keep_spare
from onemo.runtime.spec import Spec, opened, spec_of
from onemo.runtime.trace import Batch, Trace

if TYPE_CHECKING:
    from onemo.cli.ready import ReadyFile
    from onemo.control.server import ControlServer
    from onemo.net.sandbox import Sandbox
    from onemo.runtime.faultsession import FaultSession

_log = logging.getLogger(__name__)


class _Beside(NamedTuple):
    """The servers and files beside the module, as far as they were asked for.

    modules: those that the control is told of.
    """

    sandbox: Sandbox | None
    ready: ReadyFile | None
    control: ControlServer | None
    modules: dict[str, RunningModule]


def serve(options: ModuleOptions) -> int:
    """Run until a signal ends it; return the exit status. Raises EmulatorError when it cannot be started."""
    _check(options)
    spec = spec_of(options)
    _log_to(options.log)
    model = spec.load()
    routes, sandbox = routes_of(spec.network) if spec.network != NetworkOptions() else (None, None)
    # From here to the first task that listens, and while everything is taken down, a signal would leave the link
    # behind: it has to wait.
    hold_signals()
    keep_spare()
    modules: dict[str, RunningModule] = {}
    with (
        controlled(options.control, options.control_token, modules) as control,
        readiness(options.ready_file) as ready,
        traces(Batch(), options.trace, verbose=options.verbose) as trace,
        opened(spec, model) as (lines, nv),
    ):
        network = LazyNetwork(routes, spec.source, sandbox)
        beside = _Beside(sandbox, ready, control, modules)
        try:
            trio.run(_main, options, spec, model, lines, trace, nv, network, beside)
        except BaseExceptionGroup as group:
            raise declared(group) from None
    return lines[0].status


def _log_to(file: Path | None) -> None:
    """Let the log go to stderr, or to the end of a file. Raises UsageError when that cannot be written."""
    if file is None:
        handler: logging.Handler = LogHandler(sys.stderr)
        shape = "onemo-emulator: %(message)s"
    else:
        try:
            handler = LogFile(file)
        except OSError as error:
            raise UsageError(f"--log {file}: {error.strerror}: name a file that can be written") from error
        shape = "%(asctime)s %(levelname)s %(message)s"
    logging.basicConfig(format=shape, level=logging.INFO, handlers=[handler])


def _check(options: ModuleOptions) -> None:
    """Raise UsageError for options that do not go together."""
    lines = {"--tcp": options.tcp, "--connect": options.connect, "--rfc2217": options.rfc2217, "--uart": options.uart}
    asked = [name for name, value in {**lines, "--exec": options.command}.items() if value is not None]
    if len(asked) > 1:
        raise UsageError(f"{' and '.join(asked)}: a module has one line; choose one of them")
    for name, problem in options.misfits("".join(asked), "with --uart"):
        raise UsageError(f"{OPTIONS[name].flag} {problem}")
    if options.seed is not None and not options.fault and options.scenario is None:
        raise UsageError("--seed is for the dice of faults: add a fault or a scenario")


async def _main(
    options: ModuleOptions,
    spec: Spec,
    model: Model,
    lines: Sequence[SerialLine],
    trace: Trace | None,
    nv: NvFile | None,
    network: LazyNetwork,
    beside: _Beside,
) -> None:
    at_once = spec.early_input == "kept" and spec.cable.power_on == "start"
    since = trio.current_time() - _age() if at_once else None
    running = RunningModule(spec, model, counted=beside.control is not None)
    beside.modules[running.name] = running
    trace = remembered(trace, beside.control, running.name)
    running.build(lines, nv, network, trace, since)
    with contextlib.ExitStack() as stack:
        if spec.faults.any:
            from onemo.runtime.faultsession import FaultSession

            stack.callback(_report, FaultSession(spec.faults, running.module))
        await _run(options, running, beside)


async def _run(options: ModuleOptions, running: RunningModule, beside: _Beside) -> None:
    line = running.lines[0]
    async with trio.open_nursery() as nursery:
        end = End(nursery.cancel_scope, line.on_signal)
        if beside.control is not None:
            await nursery.start(beside.control.run)
        if beside.sandbox is not None:
            await nursery.start(beside.sandbox.run)
        await running.boot(nursery)
        if not end.came:
            running.start_lines(nursery)
            if beside.ready is not None:
                beside.ready.tell(_ready_line(running, beside.control, as_json=True), nursery)
            if rest := say(_ready_line(running, beside.control, as_json=options.json), line.out):
                nursery.start_soon(say_rest, rest, line.out)
        gc.freeze()
        gc.enable()


def _report(session: FaultSession) -> None:
    """Log what became of the faults."""
    for line in session.lines():
        _log.info("%s", line)


def _ready_line(running: RunningModule, control: ControlServer | None, *, as_json: bool) -> str:
    """Tell what to open, now that the module has booted."""
    spec, ports = running.spec, running.ports
    if as_json:
        import json

        return json.dumps({**spec.told(running.model, ports), **told(control)})
    links = (spec.cable.link, *spec.cable.ports)
    lines = [f"{port} ({link})" if link else port for port, link in zip(ports, links, strict=True)]
    controlled = "" if control is None else f" with its control on {control.url}"
    return f"{spec.shown_model(running.model)} ready on {' and '.join(lines)}{controlled}"


def _age() -> float:
    """Return the seconds since this process was started; 0 where the host does not tell."""
    try:
        fields = Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        started = int(fields[19]) / os.sysconf("SC_CLK_TCK")
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - started)
    except (OSError, ValueError, IndexError):
        return 0.0
