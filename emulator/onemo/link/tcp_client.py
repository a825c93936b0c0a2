"""A line as the client of a TCP port: where a simulator or a terminal server listens, and the module connects."""

from __future__ import annotations

import logging
import os
import socket

import trio

from onemo.errors import UsageError
from onemo.link.tcp import SocketLine, parse_endpoint

_log = logging.getLogger(__name__)
_PAUSE = 0.5
"""Seconds until it is tried again to connect."""


class TcpClientLink(SocketLine):
    """A line to whoever listens at host and port number. It connects, and again when the other end has hung up.

    Implements ``Link``. ``port`` is where that is: ``tcp://127.0.0.1:3456``.
    """

    def __init__(self, host: str, number: int) -> None:
        super().__init__(f"tcp://[{host}]:{number}" if ":" in host else f"tcp://{host}:{number}")
        self._host, self._number = host, number

    async def _newcomer(self) -> socket.socket | None:
        told = False
        while not self._closed:
            if self.in_use:
                await self._changed.wait()
                continue
            try:
                stream = await trio.open_tcp_stream(self._host, self._number)
            except OSError as error:
                if not told:
                    _log.warning("%s is not there yet: %s; it is tried until it is", self.port, _why(error))
                told = True
                await trio.sleep(_PAUSE)
            else:
                return socket.socket(fileno=stream.socket.detach())
        return None


def _why(error: OSError) -> str:
    """Return the host's words: trio has its own, and a group of errors where a name has several addresses."""
    cause = error.__cause__
    if isinstance(cause, BaseExceptionGroup):
        cause = cause.exceptions[0]
    if isinstance(cause, OSError):
        return _why(cause)
    return os.strerror(error.errno) if error.errno is not None and error.errno > 0 else str(error.strerror or error)


def parse_target(endpoint: str, option: str = "") -> tuple[str, int]:
    """Split HOST:PORT, of a port to connect to, as parse_endpoint does. Raises UsageError."""
    host, number = parse_endpoint(endpoint, option, connects=True)
    if number == 0:
        wrong = f"{option} {endpoint}".lstrip()
        raise UsageError(f"{wrong}: there is no port 0 to connect to; write HOST:PORT, as in 127.0.0.1:3456")
    return host, number
