"""The control as an ASGI application: guarded, routed, and every answer JSON, but for the page and the streams."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import trio
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, compile_path

from onemo.control.api import ENDPOINTS, Control
from onemo.control.download import Download
from onemo.control.endpoints import ApiRequest, Endpoint, Refused, TextAnswer
from onemo.control.guard import Guard
from onemo.control.http import MOST_BODY, Message, Receive, Send
from onemo.control.http import App as HttpApp
from onemo.control.openapi import document
from onemo.control.shape import plain
from onemo.control.stream import TraceStream

_PAGE = Path(__file__).with_name("page")
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_SAFE = {
    "content-security-policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class App:
    """The ASGI application. behind_guard: what answers the requests that the guard lets pass."""

    def __init__(self, control: Control, guard: Guard) -> None:
        self._guard = guard
        self._bodies = [(e.method, compile_path(e.path)[0], e.most_body) for e in ENDPOINTS if e.most_body is not None]
        routes = [Route(path, _Resource(control, path), methods=None) for path in {e.path: None for e in ENDPOINTS}]
        said = _json(document(ENDPOINTS))
        routes += [
            Route("/openapi.json", _Fixed(said, "application/json"), methods=None),
            Route("/", _Files(), methods=None),
            Route("/static/{file}", _Files(), methods=None),
            Route("/docs/", _Guides(), methods=None),
            Route("/docs/{file}", _Guides(), methods=None),
        ]
        starlette = Starlette(routes=routes, exception_handlers={HTTPException: _http_error})
        starlette.router.redirect_slashes = False  # every answer is JSON
        self.behind_guard: HttpApp = starlette

    def most_body(self, method: str, path: str) -> int:
        """Return the bytes that the body of a request may have. path: as it was sent."""
        return next((most for own, of, most in self._bodies if method == own and of.fullmatch(path)), MOST_BODY)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        refusal = self._guard.refusal(scope["method"], scope["path"], headers)
        if refusal is None:
            whole = {**scope, "path": scope["raw_path"].decode("ascii")}  # a name may have a slash, which is %2F
            await self.behind_guard(whole, receive, send)
            return
        answer = error_answer(*refusal)
        if refusal.status == 401:
            answer.headers["www-authenticate"] = "Bearer"
        await answer(scope, receive, send)


class _Resource:
    """All methods of one path."""

    def __init__(self, control: Control, path: str) -> None:
        self._control = control
        self._endpoints = {endpoint.method: endpoint for endpoint in ENDPOINTS if endpoint.path == path}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        endpoint = self._endpoints.get(method)
        if endpoint is None:
            answer: Response | TraceStream | Download = _not_allowed(scope["method"], self._endpoints)
        else:
            answer = await self._answer(endpoint, Request(scope, receive))
        await answer(scope, receive, send)

    async def _answer(self, endpoint: Endpoint[Any], request: Request) -> Response | TraceStream | Download:
        try:
            query = _query(endpoint, request.query_params.multi_items())
            body = _body(await request.body(), wanted=endpoint.body is not None)
            path = {name: unquote(part) for name, part in request.path_params.items()}
            result = endpoint.answer(self._control, ApiRequest(path, query, body, request.headers))
            if isinstance(result, Awaitable):
                result = await result
        except Refused as refused:
            return error_answer(refused.status, str(refused))
        if isinstance(result, Download):
            return result
        if isinstance(result, TraceStream):
            return result if request.method == "GET" else Response(headers=_SAFE)
        if isinstance(result, TextAnswer):
            return text_answer(result)
        return json_answer(endpoint.status, plain(result))


class _Fixed:
    """An answer that is always the same."""

    def __init__(self, content: bytes, kind: str) -> None:
        self._answer = Response(content, headers=_SAFE, media_type=kind)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        reading = scope["method"] in ("GET", "HEAD")
        answer = self._answer if reading else _not_allowed(scope["method"], ("GET",))
        await answer(scope, receive, send)


class _Files:
    """The page and its files: no other file."""

    def __init__(self) -> None:
        files = sorted(_PAGE.iterdir()) if _PAGE.is_dir() else []
        self._files = {file.name: file for file in files if file.suffix in _KINDS}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        file = self._files.get(scope["path_params"].get("file", "index.html"))
        if file is None:
            answer: Response | _Fixed = error_answer(404, "there is no such page; the API is at /openapi.json")
        else:
            answer = _Fixed(file.read_bytes(), _KINDS[file.suffix])
        await answer(scope, receive, send)


class _Guides:
    """The guides as pages; without a name the one that lists them. Each is made when somebody asks first."""

    def __init__(self) -> None:
        self._guides: dict[str, str] = {}
        self._pages: dict[str, bytes] = {}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        name = scope["path_params"].get("file", "README.md")
        if name not in self._pages:
            await trio.to_thread.run_sync(self._make, name)  # modules go on meanwhile
        if name in self._pages:
            answer: Response | _Fixed = _Fixed(self._pages[name], _KINDS[".html"])
        else:
            answer = error_answer(404, "there is no such guide; /docs/ lists them")
        await answer(scope, receive, send)

    def _make(self, name: str) -> None:
        from onemo.control.docs import find_guides, guide_page

        self._guides = self._guides or find_guides()
        if name in self._guides:
            self._pages[name] = guide_page(name, self._guides)


def _query(endpoint: Endpoint[Any], given: list[tuple[str, str]]) -> dict[str, Any]:
    """Read the parameters of a request. Raises Refused (422)."""
    known = {query.name: query for query in endpoint.query}
    read: dict[str, Any] = {}
    for name, text in given:
        if name not in known:
            raise Refused(422, f"there is no parameter {name!r}; there are {', '.join(known) or 'none'}")
        if name in read:
            raise Refused(422, f"{name} is given twice")
        read[name] = known[name].read(text)
    return read


def _body(data: bytes, *, wanted: bool) -> object:
    """Read the body of a request as JSON. Raises Refused (400)."""
    if not wanted:
        return None
    try:
        said = json.loads(data)
        json.dumps(said, ensure_ascii=False).encode()  # half a character is no text
        return said
    except (ValueError, RecursionError) as error:
        why = str(error).partition(";")[0]  # behind it is advice for who writes Python
        raise Refused(400, f"the body is no JSON: {why}; send an object, as /openapi.json has it") from error


def _json(value: object) -> bytes:
    return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()


def json_answer(status: int, value: object, headers: Mapping[str, str] = {}) -> Response:
    """Make an answer of JSON, with the headers that all have."""
    return Response(_json(value), status, {**_SAFE, **headers}, "application/json")


def text_answer(answer: TextAnswer) -> Response:
    """Make an answer of text, with the headers that all have."""
    return Response(answer.text.encode("utf-8", "backslashreplace"), headers=_SAFE, media_type=answer.kind)


def error_answer(status: int, problem: str, headers: Mapping[str, str] = {}) -> Response:
    """Make an answer that says what is wrong."""
    return json_answer(status, {"error": problem}, headers)


def _not_allowed(method: str, allowed: Iterable[str]) -> Response:
    """Answer 405, with the methods that are allowed."""
    names = ", ".join(allowed)
    return error_answer(405, f"{method} is not for this; there are {names}", {"allow": names})


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return error_answer(error.status_code, f"there is no {request.url.path}; /openapi.json tells what there is")
