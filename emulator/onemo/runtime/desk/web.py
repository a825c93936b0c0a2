"""The sandbox's web server from outside: answers of one's own, and the requests that came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from onemo.errors import UsageError
from onemo.faults.kind import FaultKey, Type
from onemo.runtime.desk.operation import DeskOperation, Table, Values

if TYPE_CHECKING:
    from onemo.net.sandbox.web import WebRequest, WebServer
    from onemo.runtime.controls import ModuleControls

_MOST = 1000
"""Answers of one's own."""
_LARGEST = 1 << 24
"""Bytes of a request's body."""


class SeenRequest(NamedTuple):
    """A request that the web server had.

    headers: by name; body: as text, as many of its bytes as were asked for; size: all of them; status: of its answer.
    """

    method: str
    host: str
    path: str
    headers: dict[str, str]
    body: str
    size: int
    status: int


class GivenAnswer(NamedTuple):
    """An answer that the web server has from now on. host, method: None is any."""

    path: str
    host: str | None
    method: str | None
    status: int


class WebDesk:
    """The web server of the sandbox that a module's routes lead to.

    Modules with the same network options share it. Each raises UsageError where nothing leads to a sandbox.
    """

    def __init__(self, controls: ModuleControls) -> None:
        self._controls = controls

    def answer(
        self,
        path: str,
        body: str | None = None,
        *,
        json: object = None,
        file: str | Path | None = None,
        status: int = 200,
        headers: Mapping[str, str] = {},
        method: str | None = None,
        host: str | None = None,
    ) -> GivenAnswer:
        """Answer requests of a path so from now on: with a text, a value as JSON, or the bytes of a file.

        method, host: None is any. It takes the place of an earlier one for the same. Raises UsageError: what is given
        cannot be.
        """
        given: dict[str, Any] = {"path": path, "status": status, "headers": dict(headers)}
        given |= {name: value for name, value in (("method", method), ("host", host)) if value is not None}
        if json is not None:
            from json import dumps

            given["headers"] = {"Content-Type": "application/json", **headers}
            body = dumps(json)
        if body is not None:
            given["body"] = body
        if file is not None:
            given["file"] = str(Path(file).absolute())
        return self._controls.do(lambda: _give(self._server(), given))

    @property
    def requests(self) -> list[WebRequest]:
        """The newest hundred requests that came, the last at the end."""
        return self._controls.do(lambda: list(self._server().requests))

    def _server(self) -> WebServer:
        from onemo.net.sandbox import Sandbox

        sandbox = self._controls.sandbox
        if not isinstance(sandbox, Sandbox):
            raise UsageError("nothing leads to the sandbox: start the module with --sandbox, or a route to it")
        return sandbox.web


def _give(server: WebServer, given: Mapping[str, Any]) -> GivenAnswer:
    """Have the server answer so. Raises UsageError."""
    from onemo.net.sandbox.config import WebAnswer, answer_problems
    from onemo.profile.shape import shaped

    answer, problems = shaped(WebAnswer, given)
    if answer is not None:
        problems += answer_problems(answer)
    if answer is None or problems:
        raise UsageError("; ".join(f"{'.'.join(where)}: {what}" for where, what in problems))
    same = [each for each in server.answers if each[:3] == answer[:3]]
    if len(server.answers) - len(same) >= _MOST:
        raise UsageError(f"there are {_MOST} answers already, which is the most: start the module anew")
    server.answers[:] = [answer, *(each for each in server.answers if each not in same)]
    return GivenAnswer(answer.path, answer.host, answer.method, answer.status)


def _answer(controls: ModuleControls, values: Values) -> GivenAnswer:
    headers = {"Content-Type": values["type"]} if "type" in values else {}
    return WebDesk(controls).answer(
        values["path"],
        values["body"],
        status=values["status"],
        headers=headers,
        method=values.get("method"),
        host=values.get("host"),
    )


def _requests(controls: ModuleControls, values: Values) -> tuple[SeenRequest, ...]:
    return tuple(
        SeenRequest(
            method=each.method,
            host=each.host,
            path=each.path,
            headers=dict(each.headers),
            body=each.body[: values["bytes"]].decode("utf-8", "replace"),
            size=len(each.body),
            status=each.status,
        )
        for each in WebDesk(controls).requests
    )


def _table(found: Sequence[Mapping[str, Any]]) -> Table:
    rows = [[each["method"], each["host"], each["path"], each["status"], each["size"]] for each in found]
    return ("Method", "Host", "Path", "Status", "Body"), rows


OPERATIONS = (
    DeskOperation(
        command="web answer",
        about="Say what the sandbox's web server answers to a path, from now on.",
        method="POST",
        path="/web/answers",
        keys=(
            FaultKey("path", Type.TEXT, "The path of the requests, without a query.", required=True),
            FaultKey("body", Type.TEXT, "The body of the answer.", required=True),
            FaultKey("host", Type.TEXT, "Only requests to this host."),
            FaultKey("method", Type.TEXT, "Only requests of this method."),
            FaultKey("status", Type.INTEGER, "The status of the answer.", 200, 200, 599),
            FaultKey("type", Type.TEXT, "Its Content-Type; text if left out."),
        ),
        act=_answer,
        result=GivenAnswer,
        example="web answer /ota '{\"version\": 7}'",
        arguments=("path", "body"),
        status=201,
    ),
    DeskOperation(
        command="web requests",
        about="List the newest requests that the sandbox's web server had.",
        method="GET",
        path="/web/requests",
        keys=(FaultKey("bytes", Type.INTEGER, "The bytes that are told of each body.", _LARGEST, 0, _LARGEST),),
        act=_requests,
        result=tuple[SeenRequest, ...],
        example="web requests",
        table=_table,
    ),
)
