"""The client of the control API: for ``onemo-emulator ctl``, and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Self
from urllib.parse import quote

from onemo.control.transport import FAILURES, PATIENCE, ControlAnswer, ControlTransport
from onemo.errors import EmulatorError, UsageError

_MOST = 1 << 26
"""Bytes of an answer, or of an event of a stream."""
_STILL = 60.0
"""Seconds without an event, or a sign that a stream is alive."""
MISSHAPEN = (ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What reading an answer raises that has another shape than the control's."""


class ControlError(EmulatorError):
    """The control refused something, and says why. status: of HTTP; 0: there is no control."""

    def __init__(self, status: int, problem: str) -> None:
        super().__init__(problem)
        self.status = status


class Client:
    """A client of one control. Every method raises ControlError.

    address: HOST:PORT or a URL.
    """

    def __init__(self, address: str, token: str | None = None) -> None:
        self._url = address if address.startswith("http://") else f"http://{address}"
        try:
            self._http = ControlTransport(self._url, token)
        except ValueError as error:
            raise UsageError(f"--control {address}: {error}; write HOST:PORT, as in 127.0.0.1:8080") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Leave: nothing is kept between requests."""

    def only_module(self) -> str:
        """Return the name of the one module that there is. Raises UsageError where there are several."""
        names = [row["name"] for row in self.ask("GET", "/v1/modules")]
        if len(names) != 1:
            known = ", ".join(names[:10]) + (" …" if len(names) > 10 else "")
            raise UsageError(f"there are the modules {known}: name one" if names else "there is no module")
        return str(names[0])

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        query: Mapping[str, object] = {},
        patience: float = 0.0,
    ) -> Any:  # noqa: ANN401
        """Send a request, and return the JSON of its answer. patience: seconds more than usual that it may take."""
        given = {name: str(value) for name, value in query.items() if value is not None}
        try:
            sent = None if body is None else _json(body)
            with self._http.stream(method, path, given, PATIENCE + patience, sent) as answer:
                return self._read(answer)
        except FAILURES as error:
            raise self._unreachable(error) from error

    def fetch(self, path: str, query: Mapping[str, object] = {}, most: int = _MOST) -> Iterator[bytes]:
        """Yield the bytes of a file, as they come. most: how many there may be."""
        given, size = {name: str(value) for name, value in query.items() if value is not None}, 0
        try:
            with self._http.stream("GET", path, given) as answer:
                if not answer.is_success:
                    self._read(answer)
                for piece in answer.iter_bytes():
                    size += len(piece)
                    self._check(size, most)
                    yield piece
        except FAILURES as error:
            raise self._unreachable(error) from error

    def follow(self, name: str, since: int) -> Iterator[tuple[str, Any]]:
        """Yield the kind and the data of each event of the stream, until it ends."""
        path, kind = f"{module(name)}/trace/stream", ""
        try:
            with self._http.stream("GET", path, {"since": str(since)}, _STILL) as answer:
                if answer.is_error:
                    self._read(answer)
                for line in self._lines(answer):
                    key, _, value = line.partition(": ")
                    if key == "event":
                        kind = value
                    elif key == "data":
                        yield kind, json.loads(value)
        except (*FAILURES, RecursionError) as error:
            raise self._unreachable(error) from error

    def _read(self, answer: ControlAnswer) -> Any:  # noqa: ANN401
        whole = self._whole(answer)
        try:
            said = json.loads(whole)
            if answer.is_error:
                raise ControlError(answer.status_code, str(said["error"]))
        except MISSHAPEN as error:
            raise ControlError(
                answer.status_code, f"{self._url} is no control of an emulator: it answers {answer.status_code}"
            ) from error
        return said

    def _whole(self, answer: ControlAnswer) -> bytearray:
        whole = bytearray()
        for piece in answer.iter_bytes():
            whole += piece
            self._check(len(whole))
        return whole

    def _lines(self, answer: ControlAnswer) -> Iterator[str]:
        begun = bytearray()
        for piece in answer.iter_bytes():
            begun += piece
            if b"\n" in piece:
                *lines, begun = begun.split(b"\n")
                yield from (line.decode().rstrip("\r") for line in lines)
            self._check(len(begun))

    def _check(self, size: int, most: int = _MOST) -> None:
        if size > most:
            raise ControlError(0, f"{self._url} is no control of an emulator: what it says does not end")

    def _unreachable(self, error: Exception) -> ControlError:
        why = str(error) or type(error).__name__
        return ControlError(0, f"no control answers at {self._url}: {why}; is it started with --control?")


def _json(value: object) -> bytes:
    """Write JSON; a character beyond ASCII takes no more than it must. Raises ValueError for half a surrogate pair."""
    return json.dumps(value, ensure_ascii=False).encode()


def module(name: str) -> str:
    """Return the path of a module."""
    return f"/v1/modules/{quote(name, safe='')}"
