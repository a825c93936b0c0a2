"""A TCP port that a DTE connects to as its serial line (pyserial's ``socket://``): the bytes, and nothing else.

Linux only: that a peer has hung up is asked of ``poll``.
"""

from __future__ import annotations

import logging
import math
import os
import select
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress

import trio

from onemo.errors import LinkError, UsageError
from onemo.link.interface import ClosingLink

_log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
_GRACE = 0.25
"""Seconds for which a second DTE waits for the first to go: some programs close and connect again at once."""
_LINGER = 0.5
"""Seconds without output after which a DTE that sends no more is let go (``printf 'ATI\\r' | nc``), as socat does."""
_BUFFER = 65536
"""Bytes that the kernel holds for a DTE that does not read; it doubles them. It would take megabytes."""
_PAUSE = 0.1
"""Seconds until accepting is tried again when the host has no descriptor left for it."""


class SocketLine(ClosingLink):
    """A line over TCP for one DTE at a time, which may come and go. Implements ``Link``.

    A DTE is served only while ``watch`` runs. on_dte: called with True when a DTE has come and with False when it has
    gone.
    """

    def __init__(self, port: str) -> None:
        self.port = port
        self.on_dte: Callable[[bool], None] | None = None
        self._opened = trio.Event()
        self._dte: socket.socket | None = None
        self._ended = False  # the DTE sends no more; it may still read
        self._closed = False
        self._changed = trio.Event()
        self._leave_at = math.inf
        self._patience = trio.CancelScope()

    def close(self) -> None:
        """Hang up."""
        self._closed = True
        self._drop()
        self._change()

    @property
    def in_use(self) -> bool:
        """True while a DTE is connected."""
        return self._dte is not None

    @property
    def baud_rate(self) -> int:
        """115200 bit/s: it has no speed of its own."""
        return 115200

    def read_now(self, limit: int) -> bytes | None:
        if self._dte is None or self._ended:
            return None
        try:
            data = self._dte.recv(limit)
        except BlockingIOError:
            return None
        except OSError:  # a reset, a keep-alive that failed
            self._drop()
            return None
        if data:
            return data
        self._ended = True
        self._stay()
        self._change()
        return None

    def write_now(self, data: bytes | memoryview) -> int:
        """Hand bytes to the line; return how many were taken, 0 when it is full.

        Bytes that are sent while no DTE is connected are lost, as on a cable that nobody plugged in.
        """
        if self._dte is None:
            return len(data)
        try:
            count = self._dte.send(data)
        except BlockingIOError:
            return 0
        except OSError:
            self._drop()
            return len(data)
        if self._ended:
            self._stay()
        return count

    async def wait_readable(self) -> None:
        await self._wait(trio.lowlevel.wait_readable, lambda: None if self._ended else self._dte)

    async def wait_writable(self) -> None:
        if self._dte is None:
            await trio.lowlevel.checkpoint()  # it is lost at once
        else:
            await self._wait(trio.lowlevel.wait_writable, lambda: self._dte, without=True)

    async def wait_opened(self) -> None:
        """Wait until a DTE has come."""
        await self._opened.wait()

    async def watch(self) -> None:
        """Take each DTE that comes, unless another one is there and stays. Runs until cancelled or closed."""
        while not self._closed:
            newcomer = None
            with trio.CancelScope(deadline=self._leave_at) as self._patience:
                newcomer = await self._newcomer()
            if newcomer is not None:
                await self._admit(newcomer)
            elif self._leave_at <= trio.current_time():
                self._drop()

    async def _newcomer(self) -> socket.socket | None:
        """Return whoever comes next; None when closed. Nothing waits once it is there, so that none gets lost."""
        raise NotImplementedError

    async def _admit(self, newcomer: socket.socket) -> None:
        """Give the line to a newcomer, or turn it away."""
        try:
            with trio.move_on_after(_GRACE):
                while self.in_use and not self._ended:
                    await self._changed.wait()
        except BaseException:
            newcomer.close()
            raise
        # The end may be behind bytes that the module does not read now.
        if self._closed or (self._dte is not None and not self._ended and not _hung_up(self._dte)):
            if not self._closed:
                _log.warning("%s turned a second DTE away: the first is still connected", self.port)
            newcomer.close()
            return
        self._drop()
        try:
            _configure(newcomer)
        except OSError:  # it has gone again
            newcomer.close()
            return
        self._dte = newcomer
        self._opened.set()
        self._change()
        if self.on_dte is not None:
            self.on_dte(True)

    def _stay(self) -> None:
        """Let a DTE that sends no more read for some time yet."""
        self._leave_at = self._patience.deadline = trio.current_time() + _LINGER

    def _drop(self) -> None:
        """Let go of the DTE, which has gone or has to."""
        dte, self._dte = self._dte, None
        self._ended = False
        self._leave_at = math.inf
        if dte is not None:
            _close(dte)
            self._change()
            if self.on_dte is not None:
                self.on_dte(False)

    def _change(self) -> None:
        self._changed.set()
        self._changed = trio.Event()

    async def _wait(
        self,
        wait: Callable[[socket.socket], Awaitable[None]],
        source: Callable[[], socket.socket | None],
        *,
        without: bool = False,
    ) -> None:
        """Wait on whichever DTE is there; without: return when there is none."""
        while not self._closed:
            dte = source()
            if dte is not None:
                try:
                    await wait(dte)
                    return
                except trio.ClosedResourceError:  # it went meanwhile
                    continue
            elif without:
                return
            else:
                await self._changed.wait()
        raise trio.ClosedResourceError(f"{self.port} was closed")


class TcpLink(SocketLine):
    """A port that the DTE connects to. ``port`` is what it opens: ``socket://127.0.0.1:40001``. From ``open_tcp``."""

    def __init__(self, listener: socket.socket, scheme: str = "socket") -> None:
        host, number = listener.getsockname()[:2]
        super().__init__(f"{scheme}://[{host}]:{number}" if ":" in host else f"{scheme}://{host}:{number}")
        self._listener = listener

    def close(self) -> None:
        """Hang up and free the port."""
        super().close()
        _close(self._listener)

    async def _newcomer(self) -> socket.socket | None:
        told = False
        while True:
            try:
                await trio.lowlevel.wait_readable(self._listener)
            except trio.ClosedResourceError:
                return None
            try:
                return self._listener.accept()[0]
            except (BlockingIOError, ConnectionError):  # it left before its turn came
                continue
            except OSError as error:
                if not told:
                    _log.warning("%s takes no DTE for now: %s", self.port, error.strerror)
                told = True
            await trio.sleep(_PAUSE)


def open_tcp(host: str = LOOPBACK, number: int = 0, scheme: str = "socket") -> TcpLink:
    """Listen on a port; 0 is one that the system chooses, and ``port`` tells which.

    Raises LinkError, which says what to do: when there is no such address here, when the port is taken.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, number, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE | socket.AI_NUMERICSERV
        )[0]
        listener = socket.create_server(address[:2], family=family, backlog=8)
    except (OSError, UnicodeError) as error:
        # A failed bind puts the address into its text, a failed look-up has a text and a number of its own.
        plain = isinstance(error, OSError) and not isinstance(error, socket.gaierror) and error.errno
        why = os.strerror(plain) if plain else getattr(error, "strerror", None) or str(error)
        raise LinkError(
            f"cannot listen on {host}:{number}: {why}: choose an address of this host and a free port, or port 0"
        ) from error
    listener.setblocking(False)
    return TcpLink(listener, scheme)


def parse_endpoint(text: str, option: str = "", *, connects: bool = False) -> tuple[str, int]:
    """Split ``HOST:PORT``, ``:PORT`` or ``PORT`` into host and port; without a host it is loopback.

    An IPv6 address is in brackets: ``[::1]:7000``. Raises UsageError, which says how to write it. option: the one that
    had it, if any; connects: the place is not listened at.
    """
    host, _, number = text.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    bracketed = host.startswith("[") and host.endswith("]") and len(bare) == len(host) - 2
    if (
        not (number.isascii() and number.isdecimal() and int(number[:6]) <= 65535 and len(number) <= 5)
        or (host != bare and not bracketed)
        or (":" in bare and not bracketed)
        or any(sign in " /\t\r\n\0" for sign in bare)
    ):
        wrong = f"{option} {text}".lstrip()
        chosen = "" if connects else "; port 0 lets the system choose"
        raise UsageError(f"{wrong}: write HOST:PORT, as in {LOOPBACK}:7000 or [::1]:7000{chosen}")
    return bare or LOOPBACK, int(number)


def _configure(dte: socket.socket) -> None:
    dte.setblocking(False)
    dte.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    dte.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
    # A host that vanished must not hold the line for ever.
    dte.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    dte.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 20)
    dte.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5)
    dte.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4)


def _hung_up(dte: socket.socket) -> bool:
    """Tell whether the other end has closed, be there bytes of its before that or not."""
    poll = select.poll()
    poll.register(dte, select.POLLRDHUP)
    return bool(poll.poll(0))


def _close(end: socket.socket) -> None:
    if end.fileno() >= 0 and trio.lowlevel.in_trio_run():
        trio.lowlevel.notify_closing(end)
    with suppress(OSError):
        end.close()
