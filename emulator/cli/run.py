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
from typing import TYPE_CHECKING, NamedTuple

import trio

from emulator.errors import LinkError
from emulator.link.interface import Link
from emulator.link.pty import PtyLink, open_pty
from emulator.runtime.models import Model, Who, individual, load_model
from emulator.runtime.outside import Outside, Plan, routes_of
from emulator.runtime.shell import Module, NvFile
from emulator.runtime.trace import JsonLines, Several, Trace

if TYPE_CHECKING:
    from emulator.net.sandbox import Sandbox

_ENDING = (signal.SIGINT, signal.SIGTERM)


class Cable(NamedTuple):
    """What joins the module and its DTE, if it is no pty. tcp, rfc2217: HOST:PORT; baud: bit/s of the uart's device."""

    tcp: str | None = None
    rfc2217: str | None = None
    uart: str | None = None
    baud: int | None = None
    command: str | None = None
    pace: bool = False


class Options(NamedTuple):
    """What ``run`` was asked for. boot_time: seconds; pty_mode: permission bits."""

    model: str
    link: Path | None
    pty_mode: int | None
    profiles: tuple[Path, ...]
    boot_time: float | None
    trace: Path | None
    json: bool
    verbose: bool
    outside: Plan = Plan()
    nv: str | None = None
    who: Who = Who()
    cable: Cable = Cable()


class Line:
    """The line to the DTE: a pty. status: what the process is to end with; out: where the ready line goes.

    link: the module's end of it.
    """

    def __init__(self, end: PtyLink) -> None:
        self.link: Link = end
        self.out = sys.stdout
        self._pty = end

    @property
    def port(self) -> str:
        """What the DTE opens."""
        return self._pty.port

    @property
    def status(self) -> int:
        return 0

    def join(self, module: Module, nursery: trio.Nursery) -> None:
        """Before the module boots. Raises LinkError in the nursery when the line is lost."""

    def start(self, nursery: trio.Nursery) -> None:
        """The module is ready. Raises LinkError when there will be no DTE."""
        nursery.start_soon(self._pty.watch)

    def on_signal(self, number: int) -> float:
        """A signal that is to end us has come; returns the seconds for which the DTE may go on."""
        return 0.0


def serve(options: Options) -> int:
    """Run until a signal ends it; returns the exit status. Raises EmulatorError when it cannot be started."""
    logging.basicConfig(format="onemo-emulator: %(message)s", level=logging.INFO, stream=sys.stderr)
    model = individual(load_model(options.model, options.profiles), options.who)
    routes, sandbox = routes_of(options.outside) if options.outside != Plan() else (None, None)
    # From here to the first task that listens, and while everything is taken down, a signal would leave the link
    # behind: it has to wait.
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    with _traces(options) as trace, _nv(options, model) as nv, _line(options) as line:
        try:
            trio.run(_main, options, model, line, trace, nv, Outside(routes), sandbox)
        except BaseExceptionGroup as group:
            from emulator.cli.port import declared

            raise declared(group) from None
    return line.status


async def _main(
    options: Options,
    model: Model,
    line: Line,
    trace: Trace | None,
    nv: NvFile | None,
    outside: Outside,
    sandbox: Sandbox | None,
) -> None:
    since = trio.current_time() - _age()
    boot_time = None if options.boot_time is None else options.boot_time / options.who.speed
    module = Module(model, line.link, outside, boot_time=boot_time, since=since, trace=trace, nv=nv)
    async with trio.open_nursery() as nursery:
        end = _End(nursery.cancel_scope, line)
        if sandbox is not None:
            await nursery.start(sandbox.run)
        line.join(module, nursery)
        await nursery.start(module.run)
        if not end.came:
            line.start(nursery)
            _announce(options, model, line)
        gc.freeze()
        gc.enable()


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


def _announce(options: Options, model: Model, line: Line) -> None:
    """The one line on stdout, or on stderr where stdout is the child's. Who closed it does not want it."""
    name = model.profile.series
    if options.model.lower() != name.lower():
        name = model.profile.sub_model
    if options.json:
        import json

        told = {"model": name, "port": line.port, "link": str(options.link) if options.link else None}
        ready = json.dumps({"name": options.who.name, **told} if options.who.name else told)
    else:
        ready = f"{name} ready on {line.port}" + (f" ({options.link})" if options.link else "")
    with contextlib.suppress(OSError):
        print(ready, file=line.out, flush=True)


@contextlib.contextmanager
def _line(options: Options) -> Iterator[Line]:
    """The line that is asked for."""
    if options.cable == Cable():
        with open_pty(options.link, options.pty_mode) as link:
            yield Line(link)
        return
    from emulator.cli.lines import open_line

    with open_line(options) as line:
        yield line


@contextlib.contextmanager
def _nv(options: Options, model: Model) -> Iterator[NvFile | None]:
    """What --nv asks for."""
    if options.nv is None:
        yield None
        return
    from emulator.runtime.nvstore import open_store

    with open_store(options.nv, options.who.name or model.profile.series, model.profile.series) as store:
        yield store


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
