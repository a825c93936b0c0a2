"""Files of FTP through a module: down and up through the line, beside transparent mode on a plain socket."""

from __future__ import annotations

import os
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from scripts.bench_bulk import PATIENCE, ask, module, plain_module, pour, read_to

_PIECE = 1 << 16
_QUIET = 0.3
"""Seconds of silence around ``+++``."""

Figures = dict[str, float]


class _Server(threading.Thread):
    """A server for one session: what is stored is thrown away, and what is retrieved is so many zeros."""

    def __init__(self, size: int) -> None:
        super().__init__(daemon=True)
        self.size = size
        self.listener = socket.create_server(("127.0.0.1", 0))
        self._ports = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]

    def run(self) -> None:
        """Serve the session, until the module is gone."""
        with suppress(ConnectionError):
            self._serve()

    def _serve(self) -> None:
        number: int = self._ports.getsockname()[1]
        with self.listener, self._ports, self.listener.accept()[0] as control, control.makefile("rb") as lines:
            control.sendall(b"220 bench\r\n")
            for line in lines:
                verb = line.split()[0]
                if verb == b"PASV":
                    control.sendall(b"227 (127,0,0,1,%d,%d)\r\n" % (number >> 8, number & 255))
                elif verb in (b"RETR", b"STOR"):
                    control.sendall(b"150 ok\r\n")
                    with self._ports.accept()[0] as data:
                        self._transfer(data, verb)
                    control.sendall(b"226 ok\r\n")
                else:
                    control.sendall(b"230 ok\r\n")

    def _transfer(self, data: socket.socket, verb: bytes) -> None:
        buffer = bytearray(_PIECE)
        if verb == b"RETR":
            for start in range(0, self.size, _PIECE):
                data.sendall(buffer[: min(_PIECE, self.size - start)])
        else:
            while data.recv_into(buffer):
                pass


def down(count: int) -> tuple[Figures, Figures]:
    """Retrieve a file in MFTPRETR lines, beside transparent mode from the peer to the DTE."""
    with _session(count) as port:
        began = time.perf_counter()
        os.write(port, b'AT+MFTPRETR=0,"f"\r')
        read_to(port, b"+MFTPRETR: 0,0,%d," % count)
        ours = time.perf_counter() - began
    return {"mb_per_s": count / ours / 1e6}, {"mb_per_s": _transparent(count, up=False)}


def up(count: int) -> tuple[Figures, Figures]:
    """Store a file in transparent mode, up to the server's word, beside a plain socket's."""
    with _session(count) as port:
        ask(port, b'AT+MFTPSTOR=0,"f"\r', b"CONNECT\r\n")
        began = time.perf_counter()
        pour(port, count)
        ours = time.perf_counter() - began
        time.sleep(_QUIET)  # noqa: TID251  (the guard time of the escape)
        ask(port, b"+++", b"OK\r\n")
    return {"mb_per_s": count / ours / 1e6}, {"mb_per_s": _transparent(count, up=True)}


@contextmanager
def _session(size: int) -> Iterator[int]:
    """Run a module with a session: its port."""
    server = _Server(size)
    server.start()
    with plain_module() as port:
        ask(port, b'AT+MFTPCONN=0,"127.0.0.1","u","p",%d\r' % server.port, b"+MFTPCONN: 0,0\r\n")
        yield port


def _transparent(count: int, *, up: bool) -> float:
    """MB per second of transparent mode on a plain socket."""
    with module([1]) as (port, (peer,), _):
        began = time.perf_counter()
        if up:
            threading.Thread(target=pour, args=(port, count), daemon=True).start()
        else:
            threading.Thread(target=peer.sendall, args=(bytes(count),), daemon=True).start()
        end = peer.fileno() if up else port
        left = count
        while left > 0:
            if not select.select([end], [], [], PATIENCE)[0]:
                raise SystemExit(f"bench: {left} bytes do not come")
            left -= len(os.read(end, _PIECE))
        return count / (time.perf_counter() - began) / 1e6
