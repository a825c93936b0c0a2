"""Requests over HTTP, one connection each, with the standard library alone: ``ctl`` needs no extra."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead
from urllib.parse import urlencode, urlsplit

PATIENCE = 10.0
"""Seconds that a server may take to accept a connection, and to go on with an answer."""
FAILURES = (OSError, HTTPException, ValueError)
"""What a request raises for which there is no answer, or none of HTTP."""
_PIECE = 1 << 16


class ControlAnswer:
    """An answer, whose head has come."""

    def __init__(self, answer: HTTPResponse) -> None:
        self._answer = answer
        self.status_code = answer.status
        self.is_success = 200 <= answer.status < 300
        self.is_error = answer.status >= 400

    def iter_bytes(self) -> Iterator[bytes]:
        """Yield the pieces of the body, each once it has come. Raises what is in FAILURES."""
        while piece := self._answer.read1(_PIECE):
            yield piece
        if self._answer.length:  # what its Content-Length said is not all there
            raise IncompleteRead(b"", self._answer.length)


class ControlTransport:
    """A client of one server. Raises ValueError for what is no URL with a port, or no token."""

    def __init__(self, url: str, token: str | None) -> None:
        parts = urlsplit(url)
        if parts.port is None or not parts.hostname:
            raise ValueError("there is no port" if parts.hostname else "there is no host")
        self._host, self._port, self._base = parts.hostname, parts.port, parts.path.rstrip("/")
        self._headers = {"Connection": "close"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token.encode('ascii').decode()}"

    @contextmanager
    def stream(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        patience: float = PATIENCE,
        body: bytes | None = None,
    ) -> Iterator[ControlAnswer]:
        """Send a request, and yield its answer, which has begun. body: JSON. Raises what is in FAILURES."""
        headers = self._headers if body is None else {**self._headers, "Content-Type": "application/json"}
        asked = f"{self._base}{path}{f'?{urlencode(query)}' if query else ''}"
        with closing(HTTPConnection(self._host, self._port, timeout=PATIENCE)) as connection:
            connection.connect()
            connection.sock.settimeout(patience)
            connection.request(method, asked, body, headers)
            with closing(connection.getresponse()) as answer:
                yield ControlAnswer(answer)
