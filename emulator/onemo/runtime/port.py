"""One console of a running module on its link: what the DTE sends goes in, what the console says goes out.

All of it happens in the task that brought the bytes; only what would block is left to another task.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import trio

from onemo.link.interface import Link
from onemo.modem.channel import Forward
from onemo.modem.console import Console
from onemo.modem.modem import Modem
from onemo.runtime.secrets import Masked
from onemo.runtime.trace import Recent, Trace

_TURN, _PIECE = 1 << 19, 1 << 12
"""Bytes of bulk after which the other tasks get a turn, some 5 ms; a piece counts as _PIECE of them at least."""


class PortShell(Protocol):
    """The module that a port belongs to."""

    modem: Modem

    @property
    def armed(self) -> float:
        """The time at which the module's timer goes off."""
        ...

    @property
    def forward(self) -> Callable[[Forward], None]:
        """Hand bulk of transparent mode to the network."""
        ...

    @property
    def starved(self) -> bool:
        """A peer waits for credit."""
        ...

    def step(self) -> None:
        """Follow up what the core was told."""
        ...

    def guarded(self, call: Callable[[], None]) -> None:
        """Call into the core and follow it up; no bug in that ends the module."""
        ...

    def failed(self, error: Exception) -> None:
        """Log a bug, and answer the running commands ERROR."""
        ...


class ConsolePort:
    """A console on its link. The link may be replaced while it runs: a fault wraps it."""

    def __init__(self, shell: PortShell, console: Console, link: Link, trace: Trace | None, recent: Recent) -> None:
        self.console = console
        self.link = link
        self._shell = shell
        self._trace = trace
        self._recent = recent
        self._from, self._to = (f"{console.number or ''}{direction}" for direction in "><")
        if trace is not None:
            console.transmitter.tell_kinds()
        self._typed, self._answered = Masked(answers=False), Masked(answers=True)
        self._blocked = trio.Event()
        self.input_wanted: trio.Event | None = None
        """Set once the console wants input again; None: it is read."""

    # From the DTE.

    async def read(self) -> None:
        """Take the DTE's bytes, for as long as the module runs."""
        console, clock = self.console, trio.lowlevel.current_clock()
        while True:
            await self.link.wait_readable()
            while not console.wants_input:
                self.input_wanted = trio.Event()
                await self.input_wanted.wait()
            data = self._take()
            if data is not None:
                try:
                    self._receive(data, clock.current_time())
                except Exception as error:
                    self._shell.failed(error)

    def _take(self) -> bytes | None:
        """Take what the line has now."""
        data = self.link.read_now(self.console.appetite)
        if data is not None:
            console = self.console
            framer = console.framer
            shown: bytes | memoryview = data
            if console.online is None:
                shown = self._typed.show(data, framer.terminator, framer.secret, framer.editing)
            self._recent.line(self._from, shown)
            if self._trace is not None:
                self._trace.line(">", bytes(shown), None, console.number)
        return data

    def _receive(self, data: bytes, now: float) -> None:
        """Hand bytes from the DTE to the core."""
        console, shell = self.console, self._shell
        modem = shell.modem
        rest = self._stream(data, now) if console.online is not None and console.streams else data
        if rest is not None:
            console.receive(rest, now)
            modem.settle(now)
        elif not modem.intents and console.framer.deadline >= shell.armed:
            return
        shell.step()

    def _stream(self, data: bytes, now: float) -> bytes | None:
        """Bulk in transparent mode: reading is tried again before it is waited for. Returns what is no bulk.

        Each piece leaves before the next is read: meanwhile the kernel carries more through the pty.
        """
        console, forward = self.console, self._shell.forward
        take, packets = self._take, console.framer.stream
        self._shell.modem.now = now
        turn = _TURN
        while turn > 0:
            turn -= max(len(data), _PIECE)
            part = packets(data, now)
            if part is None:
                return data
            if part:
                forward(console.forward(part))
            more = take() if console.streams else None
            if more is None:
                return None
            data = more
        return data

    def resume(self) -> None:
        """Read again if nothing forbids it any more."""
        if self.input_wanted is not None and self.console.wants_input:
            self.input_wanted.set()
            self.input_wanted = None

    # To the DTE.

    def flush(self) -> None:
        """Hand the line what it takes now; the writer task has the rest."""
        console, link = self.console, self.link
        transmitter = console.transmitter
        while transmitter.size:
            data = transmitter.peek()
            count = link.write_now(data)
            if count == 0:
                self._blocked.set()
                return
            part: bytes | memoryview = data[:count]
            if console.online is None:
                part = self._answered.show(part, console.framer.terminator)  # whatever takes back, its echo is BS
            self._recent.line(self._to, part)
            if self._trace is not None:
                start = 0
                for kind, size in transmitter.kinds(count):
                    self._trace.line("<", bytes(part[start : start + size]), kind, console.number)
                    start += size
            transmitter.sent(count)

    async def write(self) -> None:
        """Write while the line takes less than there is, for as long as the module runs."""
        while True:
            await self._blocked.wait()
            while self._blocked.is_set():
                await self.link.wait_writable()
                self._blocked = trio.Event()
                self.flush()
                if self._shell.modem.intents or self._drained_for_somebody():
                    self._shell.guarded(lambda: self._shell.modem.settle(trio.current_time()))

    def _drained_for_somebody(self) -> bool:
        """Tell whether something that waited for the line to drain can go on."""
        console = self.console
        if console.transmitter.full:
            return False
        waits = self._shell.starved or self.input_wanted is not None
        return waits or console.framer.waiting or console.transmitter.urcs_wait
