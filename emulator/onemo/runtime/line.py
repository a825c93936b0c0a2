"""What joins a module and its DTE: what is asked for, and the plain pty, which is there at once."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import trio

from onemo.link.interface import Link
from onemo.link.pty import PtyLink
from onemo.modem.console import Console

if TYPE_CHECKING:
    from onemo.runtime.shell import Module


class Cable(NamedTuple):
    """A pty, unless one of tcp, connect, rfc2217 (HOST:PORT), uart (a device) and command says otherwise.

    link: a symbolic link to the pty; pty_mode: its permission bits; baud: bit/s of the uart's device; exec_when: the
    command starts when the module is "ready" or "registered"; pace: it is as slow as its speed. ports: links of one
    more pty each, for the module's further AT lines. power_on: "start", or "open", when a DTE opens one of them for the
    first time. strict_baud: the speeds of both ends have to be the same; None: over RFC 2217 alone, and a uart's baud
    has to be the module's.
    """

    link: Path | None = None
    pty_mode: int | None = None
    tcp: str | None = None
    connect: str | None = None
    rfc2217: str | None = None
    uart: str | None = None
    baud: int | None = None
    command: str | None = None
    exec_when: str = "ready"
    pace: bool = False
    ports: tuple[Path, ...] = ()
    power_on: str = "start"
    strict_baud: bool | None = None

    @property
    def on_pty(self) -> bool:
        """True where the line needs a pty."""
        return self.tcp is None and self.connect is None and self.rfc2217 is None and self.uart is None


async def first_of(*waits: Callable[[], Awaitable[None]]) -> None:
    """Wait for several things at once, until the first of them has come."""

    async def wait(one: Callable[[], Awaitable[None]]) -> None:
        await one()
        nursery.cancel_scope.cancel()

    async with trio.open_nursery() as nursery:
        for each in waits:
            nursery.start_soon(wait, each)


class SerialLine:
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
        """The exit status that the process is to end with."""
        return 0

    def join(self, module: Module, console: Console, nursery: trio.Nursery) -> None:
        """Join a console of the module before that boots. Raises LinkError in the nursery when the line is lost."""

    async def wait_opened(self) -> None:
        """Wait until a DTE has opened the port; only where the power comes on with that."""
        await self._pty.wait_opened()

    def start(self, nursery: trio.Nursery) -> None:
        """Begin to serve the DTE: the module is ready. Raises LinkError when there will be no DTE."""
        nursery.start_soon(self._pty.watch)

    def on_signal(self, number: int) -> float:
        """Take a signal that is to end us; return the seconds for which the DTE may go on."""
        return 0.0
