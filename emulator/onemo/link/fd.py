"""One non-blocking descriptor as a line to the DTE: what a pty, a UART and the terminal of a child have in common."""

from __future__ import annotations

import errno
import os
from collections.abc import Awaitable

import trio

from onemo.link.interface import ClosingLink


class FdLink(ClosingLink):
    """A line that reads and writes one descriptor. Implements ``Link``.

    lost: why the other end is gone, None while it is there. From then on the line takes everything and brings nothing.
    """

    def __init__(self, fd: int, port: str) -> None:
        self.port = port
        self.lost: str | None = None
        self._fd = fd

    def close(self) -> None:
        """Wake whoever waits; the descriptor itself is the subclass's to free."""
        self._wake()
        self._fd = -1

    def read_now(self, limit: int) -> bytes | None:
        if self.lost is not None:
            return None
        try:
            data = os.read(self._fd, limit)
        except BlockingIOError:
            return None
        except OSError as error:
            self._fail(error)
            return None
        if data:
            return data
        self._fail(OSError(errno.EIO, "it hung up"))
        return None

    def write_now(self, data: bytes | memoryview) -> int:
        if self.lost is not None:
            return len(data)
        try:
            return os.write(self._fd, data)
        except BlockingIOError:
            return 0
        except OSError as error:
            self._fail(error)
            return len(data)

    def wait_readable(self) -> Awaitable[None]:
        return self._wait_readable()

    async def _wait_readable(self) -> None:
        if self.lost is None:
            try:
                await trio.lowlevel.wait_readable(self._fd)
                return
            except trio.ClosedResourceError:
                if self.lost is None:
                    raise
        await trio.sleep_forever()

    async def wait_writable(self) -> None:
        if self.lost is None:
            try:
                await trio.lowlevel.wait_writable(self._fd)
            except trio.ClosedResourceError:
                if self.lost is None:
                    raise
        else:
            await trio.lowlevel.checkpoint()

    def _fail(self, error: OSError) -> None:
        """Take up that reading or writing failed: the other end is gone, unless a subclass knows better and raises."""
        self._lose(str(error.strerror))

    def _lose(self, why: str) -> None:
        """Let nobody wait for the other end any more."""
        self.lost = why
        self._wake()

    def _wake(self) -> None:
        if self._fd >= 0 and trio.lowlevel.in_trio_run():
            trio.lowlevel.notify_closing(self._fd)
