"""The lines other than a plain pty: TCP, RFC 2217, a UART, a child, and any paced."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Protocol

import trio

from onemo.errors import LinkError, UsageError
from onemo.link.interface import Link
from onemo.link.pty import open_pty
from onemo.modem.console import Console
from onemo.runtime.line import Cable, SerialLine, first_of
from onemo.runtime.shell import Module

if TYPE_CHECKING:
    from onemo.link.process import ProcessLink
    from onemo.link.uart import UartLink
    from onemo.runtime.strict import StrictLink

_log = logging.getLogger(__name__)

_USUAL = 115200
"""Speed in bit/s of a device that none was given for."""
_LAST_WORDS = 2.0
"""Seconds that a child has to end after a signal, with the module still there."""
_STEP = 0.005
_AT_MOST = 2.0
"""Seconds for which a change of speed waits until the module has said what it has to say at the old one."""


@contextmanager
def open_lines(cable: Cable) -> Iterator[list[SerialLine]]:
    """Open the line that is asked for, and behind it one for each of its ports. Raises as open_line."""
    usual = Cable(pty_mode=cable.pty_mode, pace=cable.pace, power_on=cable.power_on, strict_baud=cable.strict_baud)
    more = (usual._replace(link=port) for port in cable.ports)
    with ExitStack() as stack:
        yield [stack.enter_context(open_line(each)) for each in (cable, *more)]


@contextmanager
def open_line(cable: Cable) -> Iterator[SerialLine]:
    """Open the line that is asked for. Raises LinkError when it is not there, UsageError for what cannot be one."""
    noticed = cable.power_on == "open" or bool(cable.strict_baud)
    if cable.tcp is not None:
        from onemo.link.tcp import open_tcp, parse_endpoint

        with open_tcp(*parse_endpoint(cable.tcp, "--tcp")) as tcp:
            yield _Cable(tcp, cable)
    elif cable.connect is not None:
        from onemo.link.tcp_client import TcpClientLink, parse_target

        with TcpClientLink(*parse_target(cable.connect, "--connect")) as client:
            yield _Cable(client, cable)
    elif cable.rfc2217 is not None:
        from onemo.link.rfc2217 import open_rfc2217
        from onemo.link.tcp import parse_endpoint

        with open_rfc2217(*parse_endpoint(cable.rfc2217, "--rfc2217")) as rfc2217:
            dte = None if cable.strict_baud is False else lambda: rfc2217.dte_baud_rate
            yield _WithLines(rfc2217, cable, dte)
    elif cable.uart is not None:
        from onemo.link.uart import open_uart

        with open_uart(cable.uart, cable.baud or _USUAL) as uart:
            yield _Uart(uart, cable)
    elif cable.command is not None:
        from onemo.link.process import PLACE, open_process

        with open_process(cable.command, cable.link, cable.pty_mode, noticed=noticed) as child:
            yield _Child(child, cable, inherits=PLACE in cable.command)
    else:
        with open_pty(cable.link, cable.pty_mode, noticed=noticed) as pty:
            if cable.pace or cable.strict_baud:
                yield _Cable(pty, cable, (lambda: pty.baud_rate) if cable.strict_baud else None)
            else:
                yield SerialLine(pty)


class _End(Link, Protocol):
    """A link that tells when a DTE has come."""

    @property
    def baud_rate(self) -> int:
        """Its speed in bit/s where AT+IPR is 0."""
        ...

    @property
    def in_use(self) -> bool:
        """True while a DTE is there, as far as the link can tell."""
        ...

    async def watch(self) -> None:
        """Serve the DTEs that come and go. Runs until cancelled or closed."""
        ...

    async def wait_opened(self) -> None:
        """Wait until a DTE has opened it."""
        ...


class _Cable(SerialLine):
    """A link that needs its ``watch``.

    dte: the speed of the DTE in bit/s, where the module's has to be the same, 0: not known.
    """

    def __init__(self, end: _End, cable: Cable, dte: Callable[[], int] | None = None) -> None:
        self.link = end
        self.out = sys.stdout
        self._end = end
        self._module: Module | None = None
        self._console: Console | None = None
        self._paced = cable.pace
        if cable.pace:
            from onemo.link.pace import PacedLink

            self.link = PacedLink(end, self._rate)
        self._strict: StrictLink | None = None
        if dte is not None:
            from onemo.runtime.strict import StrictLink

            self.link = self._strict = StrictLink(self.link, dte, lambda: end.in_use)

    @property
    def port(self) -> str:
        return self._end.port

    def join(self, module: Module, console: Console, nursery: trio.Nursery) -> None:
        self._take(module, console)
        nursery.start_soon(self._end.watch)

    def _take(self, module: Module, console: Console) -> None:
        """Take up the module and its console at this line."""
        self._module, self._console = module, console
        if self._paced:
            console.framer.rate = self._rate
        if self._strict is not None:
            self._strict.join(console)
            module.on_restart.append(self._strict.forget)

    async def wait_opened(self) -> None:
        await self._end.wait_opened()

    def start(self, nursery: trio.Nursery) -> None:
        pass

    def _rate(self) -> float:
        """Return the speed that the line is paced to, in bit/s."""
        return (self._console.baud_rate if self._console is not None else 0) or self._end.baud_rate


class _Wired(_End, Protocol):
    """A link with modem lines. on_lines: called with DTR and RTS when one has changed."""

    on_lines: Callable[[bool, bool], None] | None


class _WithLines(_Cable):
    """A link with modem lines: DTR wakes the module as it goes on."""

    def __init__(self, end: _Wired, cable: Cable, dte: Callable[[], int] | None) -> None:
        super().__init__(end, cable, dte)
        self._dtr = False
        end.on_lines = self._on_lines

    def _on_lines(self, dtr: bool, rts: bool) -> None:
        rose, self._dtr = dtr and not self._dtr, dtr
        module = self._module
        # Awake, it may be in the midst of a stream, of which this is no part.
        if not rose or module is None or not module.modem.power.asleep:
            return
        try:
            module.report(lambda: module.modem.wake(trio.current_time()))
        except Exception as error:
            module.failed(error)


class _Uart(_WithLines):
    """A serial device, whose speed is that of AT+IPR: what a DTE with another one hears, the cable makes.

    The speed that was asked for at the start has to be the module's, unless the line is not strict.
    """

    def __init__(self, uart: UartLink, cable: Cable) -> None:
        super().__init__(uart, cable, None)
        self._uart = uart
        self._paced = True  # by the device
        self._baud = cable.baud
        self._any_baud = cable.strict_baud is False
        self._passing = trio.Event()
        self.link = _Noticed(self.link, self._notice)

    def join(self, module: Module, console: Console, nursery: trio.Nursery) -> None:
        self._begin(console.baud_rate)
        super().join(module, console, nursery)
        nursery.start_soon(self._follow, console)

    def _begin(self, rate: int) -> None:
        """Take up the module's speed, 0 where it has none yet. Raises UsageError or LinkError where that cannot be."""
        if not rate or rate == self._baud or (self._any_baud and self._baud is not None):
            return
        if self._baud is not None:
            raise UsageError(
                f"{self.port}: the module is at {rate} bit/s (AT+IPR), not at {self._baud}: leave the speed out and set"
                " the DTE to the module's, or have no strict baud: then it is that of the device until AT+IPR changes"
            )
        self._uart.take_baud_rate(rate)

    async def wait_opened(self) -> None:
        """Wait until the DTE raises DTR or sends something: a cable tells no more of it."""
        await first_of(self._uart.wait_opened, self._uart.wait_readable)

    def _notice(self) -> None:
        self._passing.set()

    def _rate(self) -> float:
        """Follow AT+IPR with the speed of the device, after its answer."""
        return self._uart.baud_rate

    async def _follow(self, console: Console) -> None:
        taken_up = console.baud_rate
        while True:
            await self._passing.wait()
            self._passing = trio.Event()
            if console.baud_rate == taken_up:
                continue
            with trio.move_on_after(_AT_MOST):
                while console.transmitter.peek():  # noqa: ASYNC110  # what is left of the answer
                    await trio.sleep(_STEP)
            taken_up = console.baud_rate
            if taken_up:
                try:
                    await self._uart.set_baud_rate(taken_up)
                except LinkError as error:
                    _log.warning("%s; it stays at %d", error, self._uart.baud_rate)


class _Noticed:
    """Any link; passed is called whenever the module has done something with it, or begins to wait for the DTE."""

    def __init__(self, line: Link, passed: Callable[[], None]) -> None:
        self._line = line
        self._passed = passed

    @property
    def port(self) -> str:
        return self._line.port

    def read_now(self, limit: int) -> bytes | None:
        return self._line.read_now(limit)

    def write_now(self, data: bytes | memoryview) -> int:
        self._passed()
        return self._line.write_now(data)

    def wait_readable(self) -> Awaitable[None]:
        self._passed()
        return self._line.wait_readable()

    async def wait_writable(self) -> None:
        await self._line.wait_writable()


class _Child(_Cable):
    """A child process; it starts once the module is ready, and all ends with it."""

    def __init__(self, child: ProcessLink, cable: Cable, *, inherits: bool) -> None:
        super().__init__(child, cable, (lambda: child.baud_rate) if cable.strict_baud else None)
        self.out = sys.stderr
        self._child = child
        self._inherits = inherits
        self._waits = cable.exec_when == "registered"
        self._runs = False

    @property
    def status(self) -> int:
        return self._child.status or 0

    def join(self, module: Module, console: Console, nursery: trio.Nursery) -> None:
        self._take(module, console)

    def start(self, nursery: trio.Nursery) -> None:
        module = self._module
        if self._waits and module is not None and not module.modem.registered:
            registered = trio.Event()
            module.on_attached.append(registered.set)
            nursery.start_soon(self._start_when, registered, nursery)
        else:
            self._start(nursery)

    async def _start_when(self, come: trio.Event, nursery: trio.Nursery) -> None:
        await come.wait()
        self._start(nursery)

    def _start(self, nursery: trio.Nursery) -> None:
        self._child.start()
        self._runs = True
        nursery.start_soon(self._end.watch)
        nursery.start_soon(self._wait, nursery.cancel_scope)

    def on_signal(self, number: int) -> float:
        # What was typed at a terminal has reached it already where the terminal is its own as well.
        if not (number == signal.SIGINT and self._inherits and os.isatty(0)):
            self._child.signal(number)
        return _LAST_WORDS if self._runs else 0.0

    async def _wait(self, everything: trio.CancelScope) -> None:
        await self._child.wait()
        everything.cancel()
