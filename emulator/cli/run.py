"""``onemo-emulator run``: one module on a line until a signal ends it."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple, TextIO

import trio

from emulator.errors import LinkError, UsageError, declared
from emulator.runtime.lab import Condition, Running
from emulator.runtime.line import Cable, Line
from emulator.runtime.models import Model
from emulator.runtime.outside import Outside, Plan, routes_of
from emulator.runtime.shell import Module, NvFile
from emulator.runtime.spec import Spec, opened
from emulator.runtime.trace import Guarded, JsonLines, Several, Trace

if TYPE_CHECKING:
    from emulator.cli.faults import Asked, Session
    from emulator.cli.ready import ReadyFile
    from emulator.control.server import ControlServer
    from emulator.net.sandbox import Sandbox

_ENDING = (signal.SIGINT, signal.SIGTERM)


class FaultOptions(NamedTuple):
    """What is to go wrong, as it is said."""

    faults: tuple[str, ...] = ()
    seed: int | None = None
    scenario: Path | None = None


class ControlOptions(NamedTuple):
    """Where the control API is to be, HOST:PORT, and the token that it wants."""

    address: str
    token: str | None = None


class Options(NamedTuple):
    """What ``run`` was asked for."""

    module: Spec
    trace: Path | None = None
    json: bool = False
    verbose: bool = False
    ready_file: Path | None = None
    faults: FaultOptions = FaultOptions()
    control: ControlOptions | None = None


class _Beside(NamedTuple):
    """What there is beside the module, as far as it was asked for. modules: those that the control is told of."""

    sandbox: Sandbox | None
    ready: ReadyFile | None
    asked: Asked | None
    control: ControlServer | None
    modules: dict[str, Running]


def serve(options: Options) -> int:
    """Run until a signal ends it; returns the exit status. Raises EmulatorError when it cannot be started."""
    spec = options.module
    _check(spec.cable)
    logging.basicConfig(format="onemo-emulator: %(message)s", level=logging.INFO, stream=sys.stderr)
    model = spec.load()
    routes, sandbox = routes_of(spec.outside) if spec.outside != Plan() else (None, None)
    asked = _asked(options.faults)
    # From here to the first task that listens, and while everything is taken down, a signal would leave the link
    # behind: it has to wait.
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    modules: dict[str, Running] = {}
    with (
        _control(options.control, modules) as control,
        _ready(options) as ready,
        _traces(options) as traces,
        opened(spec, model) as (line, nv),
    ):
        beside = _Beside(sandbox, ready, asked, control, modules)
        try:
            trio.run(_main, options, model, line, traces, nv, Outside(routes), beside)
        except BaseExceptionGroup as group:
            raise declared(group) from None
    return line.status


def _check(cable: Cable) -> None:
    """Raise UsageError for options that do not go together."""
    lines = {"--tcp": cable.tcp, "--rfc2217": cable.rfc2217, "--uart": cable.uart, "--exec": cable.command}
    asked = [name for name, value in lines.items() if value is not None]
    if len(asked) > 1:
        raise UsageError(f"{' and '.join(asked)}: a module has one line; choose one of them")
    if cable.baud is not None and cable.uart is None:
        raise UsageError("--baud is the speed of a serial device; name that with --uart, or use AT+IPR")
    for name, value in (("--link", cable.link), ("--pty-mode", cable.pty_mode)):
        if value is not None and asked and asked != ["--exec"]:
            raise UsageError(f"{name} is for a pseudo-terminal, and {asked[0]} has none; leave one of them out")


async def _main(
    options: Options,
    model: Model,
    line: Line,
    traces: list[Trace],
    nv: NvFile | None,
    outside: Outside,
    beside: _Beside,
) -> None:
    since = trio.current_time() - _age()
    running = Running(options.module, model)
    if beside.control is not None:
        beside.modules[running.name] = running
        traces = [*traces, beside.control.control.journal(running.name)]
    trace = Several([Guarded(one) for one in traces]) if len(traces) > 1 else traces[0] if traces else None
    boot_time = options.module.hastened_boot_time
    running.module = Module(model, line.link, outside, boot_time=boot_time, since=since, trace=trace, nv=nv)
    running.line = line
    with contextlib.ExitStack() as stack:
        if beside.asked is not None:
            stack.callback(_arm(beside.asked, running.module, options.module, model).report)
        await _run(options, running, beside)


async def _run(options: Options, running: Running, beside: _Beside) -> None:
    line = running.line
    async with trio.open_nursery() as nursery:
        end = _End(nursery.cancel_scope, line)
        if beside.control is not None:
            await nursery.start(beside.control.run)
        if beside.sandbox is not None:
            await nursery.start(beside.sandbox.run)
        line.join(running.module, nursery)
        await nursery.start(running.module.run)
        running.condition = Condition.READY
        if not end.came:
            line.start(nursery)
            if beside.ready is not None:
                beside.ready.tell(_ready_line(running, beside.control, as_json=True), nursery)
            _announce(_ready_line(running, beside.control, as_json=options.json), line.out)
        gc.freeze()
        gc.enable()


def _asked(options: FaultOptions) -> Asked | None:
    """What is to go wrong; None, and nothing imported, if that is nothing."""
    if options == FaultOptions():
        return None
    from emulator.cli.faults import read

    if not options.faults and options.scenario is None:
        raise UsageError("--seed is for the dice of faults; add --fault or --scenario")
    return read(*options)


def _arm(asked: Asked, module: Module, spec: Spec, model: Model) -> Session:
    from emulator.cli.faults import Session

    names = (spec.who.name, model.profile.series, model.profile.sub_model)
    return Session(asked, module, tuple(name for name in names if name))


class _End:
    """The first signal cancels everything, once the DTE had its time; later ones do not count, for they would disturb
    what is taken down.

    came: whether it has come.
    """

    def __init__(self, everything: trio.CancelScope, line: Line) -> None:
        self.came = False
        self._everything = everything
        self._line = line
        self._token = trio.lowlevel.current_trio_token()
        for number in _ENDING:
            signal.signal(number, self._on_signal)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)

    def _on_signal(self, signum: int, frame: FrameType | None) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
        self.came = True
        self._token.run_sync_soon(self._finish, signum)

    def _finish(self, number: int) -> None:
        self._everything.deadline = trio.current_time() + self._line.on_signal(number)


def _ready_line(running: Running, control: ControlServer | None, *, as_json: bool) -> str:
    """What to open, now that the module has booted."""
    spec, port = running.spec, running.port
    if as_json:
        import json

        controlled = {} if control is None else {"control": control.url}
        return json.dumps({**spec.told(running.model, port), **controlled})
    linked = f" ({spec.cable.link})" if spec.cable.link else ""
    return f"{spec.shown_model(running.model)} ready on {port}{linked}" + (
        f", control on {control.url}" if control else ""
    )


def _announce(line: str, out: TextIO) -> None:
    """The one line on stdout, or on stderr where stdout is the child's. Who closed it does not want it."""
    with contextlib.suppress(OSError):
        print(line, file=out, flush=True)


@contextlib.contextmanager
def _control(options: ControlOptions | None, modules: dict[str, Running]) -> Iterator[ControlServer | None]:
    """What --control asks for; nothing of it is imported without."""
    if options is None:
        yield None
        return
    from emulator.control.server import open_control

    with contextlib.closing(open_control(options.address, options.token, modules)) as control:
        yield control


@contextlib.contextmanager
def _ready(options: Options) -> Iterator[ReadyFile | None]:
    """What --ready-file asks for."""
    if options.ready_file is None:
        yield None
        return
    from emulator.cli.ready import ready_file

    with ready_file(options.ready_file) as file:
        yield file


@contextlib.contextmanager
def _traces(options: Options) -> Iterator[list[Trace]]:
    """What --trace and -v ask for."""
    traces: list[Trace] = []
    with contextlib.ExitStack() as stack:
        if options.trace is not None:
            try:
                file = options.trace.open("w", encoding="ascii")
            except OSError as error:
                raise LinkError(
                    f"--trace {options.trace}: {error.strerror}; name a file that can be written"
                ) from error
            stack.callback(_close, file)
            traces.append(JsonLines(file, time.monotonic))
        if options.verbose:
            from emulator.cli.live import Live

            traces.append(Live(sys.stderr))
        yield traces


def _age() -> float:
    """Seconds since this process was started; 0 where the host does not tell."""
    try:
        fields = Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        started = int(fields[19]) / os.sysconf("SC_CLK_TCK")
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - started)
    except (OSError, ValueError, IndexError):
        return 0.0


def _close(file: TextIO) -> None:
    """Close a trace; what its disk does not take any more has been told of already."""
    with contextlib.suppress(OSError):
        file.close()
