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
from emulator.runtime.line import Cable, Line
from emulator.runtime.models import Model
from emulator.runtime.outside import Outside, Plan, routes_of
from emulator.runtime.shell import Module, NvFile
from emulator.runtime.spec import Spec, arm, asked_of, opened
from emulator.runtime.trace import JsonLines, Several, Trace

if TYPE_CHECKING:
    from emulator.cli.ready import ReadyFile
    from emulator.net.sandbox import Sandbox
    from emulator.runtime.session import Asked, Session

_ENDING = (signal.SIGINT, signal.SIGTERM)


class Options(NamedTuple):
    """What ``run`` was asked for."""

    module: Spec
    trace: Path | None = None
    json: bool = False
    verbose: bool = False
    ready_file: Path | None = None


def serve(options: Options) -> int:
    """Run until a signal ends it; returns the exit status. Raises EmulatorError when it cannot be started."""
    spec = options.module
    _check(spec.cable)
    logging.basicConfig(format="onemo-emulator: %(message)s", level=logging.INFO, stream=sys.stderr)
    model = spec.load()
    routes, sandbox = routes_of(spec.outside) if spec.outside != Plan() else (None, None)
    asked = asked_of(spec)
    # From here to the first task that listens, and while everything is taken down, a signal would leave the link
    # behind: it has to wait.
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    with _ready(options) as ready, _traces(options) as trace, opened(spec, model) as (line, nv):
        try:
            trio.run(_main, options, model, line, trace, nv, Outside(routes), sandbox, ready, asked)
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
    trace: Trace | None,
    nv: NvFile | None,
    outside: Outside,
    sandbox: Sandbox | None,
    ready: ReadyFile | None,
    asked: Asked | None,
) -> None:
    since = trio.current_time() - _age()
    boot_time = options.module.hastened_boot_time
    module = Module(model, line.link, outside, boot_time=boot_time, since=since, trace=trace, nv=nv)
    with contextlib.ExitStack() as stack:
        if asked is not None:
            stack.callback(_report, arm(asked, module, options.module, model))
        await _run(options, model, line, module, sandbox, ready)


async def _run(
    options: Options, model: Model, line: Line, module: Module, sandbox: Sandbox | None, ready: ReadyFile | None
) -> None:
    async with trio.open_nursery() as nursery:
        end = _End(nursery.cancel_scope, line)
        if sandbox is not None:
            await nursery.start(sandbox.run)
        line.join(module, nursery)
        await nursery.start(module.run)
        if not end.came:
            line.start(nursery)
            if ready is not None:
                ready.tell(_ready_line(options.module, model, line, as_json=True), nursery)
            _announce(_ready_line(options.module, model, line, as_json=options.json), line.out)
        gc.freeze()
        gc.enable()


def _report(session: Session) -> None:
    """What became of the faults, on stderr."""
    with contextlib.suppress(OSError):  # who closed stderr does not want it
        for line in session.lines():
            print(f"onemo-emulator: {line}", file=sys.stderr)


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


def _ready_line(spec: Spec, model: Model, line: Line, *, as_json: bool) -> str:
    """What to open, now that the module has booted."""
    if as_json:
        import json

        return json.dumps(spec.told(model, line.port))
    return f"{spec.shown_model(model)} ready on {line.port}" + (f" ({spec.cable.link})" if spec.cable.link else "")


def _announce(line: str, out: TextIO) -> None:
    """The one line on stdout, or on stderr where stdout is the child's. Who closed it does not want it."""
    with contextlib.suppress(OSError):
        print(line, file=out, flush=True)


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
def _traces(options: Options) -> Iterator[Trace | None]:
    """What --trace and -v ask for."""
    traces: list[Trace] = []
    with contextlib.ExitStack() as stack:
        if options.trace is not None:
            from emulator.cli.output import close

            try:
                file = options.trace.open("w", encoding="ascii")
            except OSError as error:
                raise LinkError(
                    f"--trace {options.trace}: {error.strerror}; name a file that can be written"
                ) from error
            stack.callback(close, file)
            traces.append(JsonLines(file, time.monotonic))
        if options.verbose:
            from emulator.cli.live import Live

            traces.append(Live(sys.stderr))
        yield Several(traces) if len(traces) > 1 else traces[0] if traces else None


def _age() -> float:
    """Seconds since this process was started; 0 where the host does not tell."""
    try:
        fields = Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        started = int(fields[19]) / os.sysconf("SC_CLK_TCK")
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - started)
    except (OSError, ValueError, IndexError):
        return 0.0
