"""The control of a process: its address, who may use it, and the task that serves it."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence

import trio

from onemo.control.api import Control
from onemo.control.app import App
from onemo.control.guard import Guard, is_loopback
from onemo.control.http import Server
from onemo.errors import LinkError, UsageError
from onemo.link.tcp import parse_endpoint
from onemo.runtime.lab import RunningModule


class ControlServer:
    """The control of a process, made by ``open_control``. url: its address; control: its answers, with the journals."""

    def __init__(self, sock: socket.socket, host: str, token: str | None, modules: Mapping[str, RunningModule]) -> None:
        address, port = sock.getsockname()[:2]
        self.url = f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"
        self.control = Control(modules)
        self._sock = sock
        self._app = App(self.control, Guard(host, token))

    def share(self, urls: Sequence[str], token: str, homes: Mapping[str, int]) -> None:
        """Leave the modules to the controls of other processes, as ``Gateway`` has them."""
        from onemo.control.gateway import Gateway

        self._app.behind_guard = Gateway(self._app.behind_guard, urls, token, homes)

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve until cancelled."""
        listener = trio.SocketListener(trio.socket.from_stdlib_socket(self._sock))
        await Server(self._app, listener, self._app.most_body).run(task_status=task_status)

    def close(self) -> None:
        """Free the port."""
        self._sock.close()


def open_control(where: str, token: str | None, modules: Mapping[str, RunningModule]) -> ControlServer:
    """Listen; nothing is answered before ``run``. where: HOST:PORT; modules: by name, as they are at each moment.

    Raises UsageError for an address or a token that may not be, LinkError when the address cannot be had.
    """
    host, port = parse_endpoint(where, "--control")
    if token is not None and not (token.isascii() and token.isprintable() and token and " " not in token):
        raise UsageError("--control-token is empty, or has a blank or what is no ASCII in it: choose another one")
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        if token is None and not is_loopback(str(address[0])):
            raise UsageError(f"--control {where}: others can reach that address; add --control-token, or use 127.0.0.1")
        sock = socket.create_server(address[:2], family=family, backlog=socket.SOMAXCONN)
    except (OSError, UnicodeError) as error:
        plain = isinstance(error, OSError) and not isinstance(error, socket.gaierror) and error.errno
        why = os.strerror(plain) if plain else getattr(error, "strerror", None) or str(error)
        raise LinkError(
            f"--control {where}: {why}: choose an address of this host and a free port, or port 0"
        ) from error
    sock.setblocking(False)
    return ControlServer(sock, host, token, modules)
