"""The peers of a module: sockets on loopback that a test plays itself, and servers that echo."""

from __future__ import annotations

import selectors
import socket
import struct
import threading
from contextlib import ExitStack
from typing import Self

from tests.e2e.dte import WAIT

IPV4, IPV6 = "127.0.0.1", "::1"
_RESET = struct.pack("ii", 1, 0)


class Peers:
    """Sockets on loopback that are closed when the test ends; none of them waits for ever."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    def keep(self, sock: socket.socket) -> socket.socket:
        sock.settimeout(WAIT)
        return self._stack.enter_context(sock)

    def tcp(self, host: str = IPV4, *, window: int | None = None, backlog: int = 16) -> socket.socket:
        """A listening socket; window: SO_RCVBUF of what it accepts."""
        sock = self.keep(socket.socket(_family(host), socket.SOCK_STREAM))
        if window is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        sock.bind((host, 0))
        sock.listen(backlog)
        return sock

    def udp(self, host: str = IPV4) -> socket.socket:
        sock = self.keep(socket.socket(_family(host), socket.SOCK_DGRAM))
        sock.bind((host, 0))
        return sock

    def deaf(self) -> socket.socket:
        """A listening socket whose queue is full: it answers no SYN."""
        sock = self.tcp(backlog=0)
        for _ in range(3):
            filler = self.keep(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(sock.getsockname())
        return sock

    def nobody(self, host: str = IPV4) -> socket.socket:
        """A socket that has its port and does not listen: connections are refused."""
        sock = self.keep(socket.socket(_family(host), socket.SOCK_STREAM))
        sock.bind((host, 0))
        return sock

    def local_port(self) -> int:
        """A TCP port that nobody gets by chance while the test runs; a socket with SO_REUSEADDR may have it."""
        sock = self.keep(socket.socket())
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("0.0.0.0", 0))
        return port_of(sock)

    def accept(self, listener: socket.socket) -> socket.socket:
        return self.keep(listener.accept()[0])

    def echo(self) -> Echo:
        return self._stack.enter_context(Echo())


class Echo:
    """A TCP and a UDP echo server on each of 127.0.0.1 and ::1, served by one thread."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._stop, told = socket.socketpair()
        self._watch(told)
        self._ports: dict[tuple[str, str], int] = {}
        for host in (IPV4, IPV6):
            for kind, name in ((socket.SOCK_STREAM, "TCP"), (socket.SOCK_DGRAM, "UDP")):
                sock = socket.socket(_family(host), kind)
                sock.bind((host, 0))
                if name == "TCP":
                    sock.listen()
                self._watch(sock)
                self._ports[name, host] = port_of(sock)
        self._told = told
        self._thread = threading.Thread(target=self._serve, name="echo")

    def port(self, kind: str, host: str) -> int:
        """kind: TCP or UDP."""
        return self._ports[kind, host]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stop.close()
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            self._drop(key.fileobj)
        self._selector.close()

    def _watch(self, sock: socket.socket) -> None:
        self._selector.register(sock, selectors.EVENT_READ)

    def _drop(self, sock: object) -> None:
        assert isinstance(sock, socket.socket)
        self._selector.unregister(sock)
        sock.close()

    def _serve(self) -> None:
        while True:
            for key, _ in self._selector.select():
                sock = key.fileobj
                assert isinstance(sock, socket.socket)
                if sock is self._told:
                    return
                self._answer(sock)

    def _answer(self, sock: socket.socket) -> None:
        if sock.type == socket.SOCK_DGRAM:
            data, address = sock.recvfrom(65536)
            sock.sendto(data, address)
        elif sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            self._watch(sock.accept()[0])
        else:
            try:
                data = sock.recv(65536)
                sock.sendall(data)
            except ConnectionError:
                data = b""
            if not data:
                self._drop(sock)


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def port_of(sock: socket.socket) -> int:
    port = sock.getsockname()[1]
    assert isinstance(port, int)
    return port


def receive(sock: socket.socket, size: int) -> bytes:
    """The next size bytes, or fewer where the peer ends."""
    data = bytearray()
    while len(data) < size and (chunk := sock.recv(size - len(data))):
        data += chunk
    return bytes(data)


def ended(sock: socket.socket) -> str:
    """Tell how the module ended a connection: "FIN" or "RST"; nothing else may come before it."""
    try:
        data = sock.recv(65536)
    except ConnectionResetError:
        return "RST"
    return "FIN" if not data else repr(data)


def reset(sock: socket.socket) -> None:
    """End a connection with an RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    sock.close()
