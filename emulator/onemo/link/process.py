"""The device under test as a child process: its terminal is the module's line, or it opens the port by its path.

Linux only: pidfds.
"""

from __future__ import annotations

import errno
import os
import select
import shlex
import shutil
import signal
import subprocess
from pathlib import Path

import trio

from onemo.errors import LinkError, UsageError
from onemo.link.child import Child, Inheriting, Terminal
from onemo.link.interface import ClosingLink
from onemo.link.pty import PtyLink, open_pty

PLACE = "{port}"
_PATIENCE = 2.0
"""Seconds that a child has to end after SIGTERM."""


class ProcessLink(ClosingLink):
    """A line to a child process, which does not run before ``start``.

    Implements ``Link``. Made by ``open_process``. Until the child runs, what the module sends is lost.

    port: what the child opens, or its terminal once it runs; until then, its command. status: its exit status once it
    has ended, 128 + n for signal n.
    """

    def __init__(self, arguments: list[str], line: PtyLink | None) -> None:
        self.status: int | None = None
        self._arguments = arguments
        self._inherits = line is not None
        self._line: PtyLink | Terminal | None = line
        self._child: Child | None = None
        self._pidfd = -1
        self._closed = False
        self._started = trio.Event()

    @property
    def port(self) -> str:
        return self._line.port if self._line is not None else shlex.join(self._arguments)

    @property
    def baud_rate(self) -> int:
        """The speed that the child set on its port or its terminal, in bit/s; 0 where there is none."""
        return self._line.baud_rate if self._line is not None else 0

    @property
    def in_use(self) -> bool:
        """True while a program has the port open, or once the child runs, whose terminal is the line."""
        return self._line.in_use if isinstance(self._line, PtyLink) else self._line is not None

    def start(self) -> None:
        """Start the child. Raises LinkError when it cannot be run."""
        try:
            if self._inherits:
                self._child = Inheriting(self._arguments)
            else:
                self._child = self._line = Terminal(self._arguments)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            raise _cannot_run(self._arguments[0], error) from error
        self._pidfd = os.pidfd_open(self._child.pid)
        self._started.set()

    async def wait(self) -> int:
        """Wait for the child to end; return its exit status, 128 + n for signal n."""
        await self._started.wait()
        if self.status is None:
            await trio.lowlevel.wait_readable(self._pidfd)
            self._reap()
        assert self.status is not None
        return self.status

    def signal(self, number: int) -> None:
        """Pass a signal on; nothing happens where there is no child any more.

        A child on its own terminal gets it with all its group, as from the keyboard.
        """
        if self._child is not None and self.status is None:
            self._child.signal(number)

    def close(self) -> None:
        """End a child that has not ended, by SIGTERM, or by SIGKILL 2 s later, and free the line."""
        if self._closed:
            return
        self._closed = True
        if self._pidfd >= 0:
            if self.status is None:
                self.signal(signal.SIGTERM)
                self.signal(signal.SIGCONT)
                if not select.select([self._pidfd], [], [], _PATIENCE)[0]:
                    self.signal(signal.SIGKILL)
                    select.select([self._pidfd], [], [])
                self._reap()
            if trio.lowlevel.in_trio_run():
                trio.lowlevel.notify_closing(self._pidfd)
            os.close(self._pidfd)
        self._started.set()
        if self._line is not None:
            self._line.close()

    def _reap(self) -> None:
        if self._child is not None and self.status is None:
            self.status = self._child.reap()

    # The line.

    def read_now(self, limit: int) -> bytes | None:
        return self._line.read_now(limit) if self._line is not None else None

    def write_now(self, data: bytes | memoryview) -> int:
        return self._line.write_now(data) if self._line is not None else len(data)

    async def wait_readable(self) -> None:
        await (await self._there()).wait_readable()

    async def wait_writable(self) -> None:
        if self._line is not None:
            await self._line.wait_writable()
        else:
            await trio.lowlevel.checkpoint()

    async def wait_opened(self) -> None:
        """Wait until the child has opened its port; its terminal it has as soon as it runs."""
        line = await self._there()
        if isinstance(line, PtyLink):
            await line.wait_opened()

    async def watch(self) -> None:
        """Keep the port usable while programs open and close it. Runs until cancelled or closed."""
        if isinstance(self._line, PtyLink):
            await self._line.watch()
        else:
            await trio.sleep_forever()

    async def _there(self) -> PtyLink | Terminal:
        """Wait until the child runs; return its line. Raises trio.ClosedResourceError."""
        while self._line is None:
            await self._started.wait()
            if self._closed:
                raise trio.ClosedResourceError(f"{self.port} was closed")
        return self._line


def open_process(
    command: str, link: Path | None = None, mode: int | None = None, *, noticed: bool = False
) -> ProcessLink:
    """Make the line to a command, which is split into words as by a shell; nothing else of a shell's is done to it.

    Its terminal is the line. Where ``{port}`` is in it, that is replaced by the path of a pseudo-terminal, made with
    ``link``, ``mode`` and ``noticed`` as by ``open_pty``, which is the line; its standard input and output are ours.

    Raises UsageError when it is no command, LinkError when there is no such program or no pseudo-terminal.
    """
    try:
        arguments = shlex.split(command)
    except ValueError as error:
        raise UsageError(f"{command}: {error}: write it as for a shell") from error
    if not arguments or "\0" in command:
        raise UsageError("there is no command to run: write the program and its arguments")
    if shutil.which(arguments[0]) is None and PLACE not in arguments[0]:
        raise _cannot_run(arguments[0], FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)))
    if not any(PLACE in argument for argument in arguments):
        if link is not None or mode is not None:
            raise UsageError(f"{command}: there is no port to link to: write {PLACE} where the command takes its path")
        return ProcessLink(arguments, None)
    line = open_pty(link, mode, noticed=noticed)
    path = str(link.absolute()) if link is not None else line.port
    return ProcessLink([argument.replace(PLACE, path) for argument in arguments], line)


def _cannot_run(program: str, error: Exception) -> LinkError:
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return LinkError(f"cannot run {program}: {why}: name a program that is on PATH, or its path")
