"""A port opened from the DTE's side: a serial device, a pseudo-terminal, or any URL that pyserial knows."""

from __future__ import annotations

import gc
import math
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import trio

from onemo.errors import LinkError, UsageError, declared
from onemo.profile.document import read_text

if TYPE_CHECKING:
    import serial

    from onemo.link.interface import Link

_T = TypeVar("_T")
_READ = 4096
_POLL = 0.1
"""Seconds after which a thread that reads a URL looks whether it is still wanted."""
_PATIENCE = 10.0
"""Seconds for which a port may take nothing."""


class DteLine(Protocol):
    """An open port. Both methods raise LinkError when it is lost."""

    async def receive(self) -> bytes:
        """Wait for bytes; never none."""
        ...

    async def send(self, data: bytes) -> None:
        """Hand all of data over."""
        ...


class LinkLine:
    """A link, used with ``await``. patient: the other side may stop reading for as long as it likes."""

    def __init__(self, link: Link, *, patient: bool = False) -> None:
        self._link = link
        self._patience = math.inf if patient else _PATIENCE

    async def receive(self) -> bytes:
        while (data := self._link.read_now(_READ)) is None:
            await self._link.wait_readable()
        return data

    async def send(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self._link.write_now(rest) :]
            if rest:
                with trio.move_on_after(self._patience) as waiting:
                    await self._link.wait_writable()
                if waiting.cancelled_caught:
                    raise LinkError(f"{self._link.port} takes nothing; see that flow control is off")


class _UrlLine:
    """A port that pyserial opened by its URL, in a thread: it may have nothing to wait for."""

    def __init__(self, port: str, url: serial.Serial) -> None:
        self._port = port
        self._url = url

    async def receive(self) -> bytes:
        while not (data := await self._do(self._take)):
            pass
        return data

    async def send(self, data: bytes) -> None:
        await self._do(lambda: self._url.write(data))

    def _take(self) -> bytes:
        """Read what there is; wait a moment if there is nothing."""
        data: bytes = self._url.read(1)
        with suppress(OSError):  # it will be told of when there is nothing else to tell
            while data and len(data) < _READ and (more := self._url.in_waiting):
                data += self._url.read(more)
        return data

    async def _do(self, what: Callable[[], _T]) -> _T:
        try:
            return await trio.to_thread.run_sync(what)
        except OSError as error:
            raise LinkError(f"{self._port} is lost: {error}") from error


@asynccontextmanager
async def open_line(port: str, baud_rate: int) -> AsyncIterator[DteLine]:
    """Open a port as its DTE. Raises LinkError, here or in a group, when it cannot be opened or is lost."""
    if "://" not in port:
        from onemo.link.uart import open_uart

        with open_uart(port, baud_rate) as link:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(link.watch)
                yield LinkLine(link)
                nursery.cancel_scope.cancel()
        return
    import serial

    def opened() -> serial.Serial:
        return serial.serial_for_url(port, baud_rate, timeout=_POLL, write_timeout=_PATIENCE)

    try:
        url = await trio.to_thread.run_sync(opened)
    except (OSError, ValueError) as error:
        raise LinkError(f"cannot open {port}: {error}: name a port that is there, and that you may open") from error
    try:
        yield _UrlLine(port, url)
    finally:
        with suppress(OSError):
            url.close()


def run_until_done(main: Callable[[], Coroutine[object, object, int]]) -> int:
    """Run trio, and return what main returns. Raises the EmulatorError out of the group that it may come in."""
    gc.enable()
    try:
        return trio.run(main)
    except BaseExceptionGroup as group:
        raise declared(group) from None


def text_of(file: Path) -> str:
    """Read a file of text. Raises UsageError, which says what to do."""
    try:
        return read_text(file)
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}; name a file that can be read") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UsageError(f"{file}:{line}: this is not UTF-8; write other bytes as escapes, like \\xff") from None
