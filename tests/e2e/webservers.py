"""Servers of HTTP on loopback, each with threads of its own: http.server's, plain and in TLS."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from tests.e2e.peers import IPV4

LARGE = bytes(range(256)) * 4096
"""A megabyte, in which every byte is."""


class Came(NamedTuple):
    """A request as a server had it."""

    method: str
    path: str
    fields: dict[str, str]
    body: bytes


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__((IPV4, 0), _Handler)
        self.came: list[Came] = []
        self.silence = threading.Event()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # a short answer leaves in one piece: what comes with the first receive is then all of it
    server: _Server

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, ssl.SSLError):
            pass  # a client that lets go

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _serve(self) -> None:
        body = self._body()
        self.server.came.append(Came(self.command, self.path, dict(self.headers), body))
        if self.path == "/silent":
            self.server.silence.wait()
        elif self.path == "/moved":
            self._answer(b"", 302, Location="/large")
        elif self.path == "/half":
            self._answer(LARGE, half=True)
        elif self.path == "/large" and "Range" in self.headers:
            start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
            self._answer(LARGE[start:], 206, Content_Range=f"bytes {start}-{len(LARGE) - 1}/{len(LARGE)}")
        elif self.path == "/chunked":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for start in range(0, len(LARGE), 5000):
                piece = LARGE[start : start + 5000]
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")
        else:
            self._answer(LARGE if self.path == "/large" else body)

    def _answer(self, body: bytes, code: int = 200, *, half: bool = False, **fields: str) -> None:
        self.send_response(code)
        for name, value in (*fields.items(), ("Content-Length", str(len(body)))):
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: len(body) // 2] if half else body)
        self.close_connection |= half

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _serve


@contextmanager
def web(made: ssl.SSLContext | None = None) -> Iterator[_Server]:
    """A web server, in TLS where a context is given.

    /large, /chunked, /moved, /silent; any other path echoes. /large takes a range up to its end;
    /half breaks off in the middle of the same.
    """
    with _Server() as server:
        if made is not None:
            server.socket = made.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.silence.set()
            server.shutdown()
            thread.join()
