"""The control of a lab that runs in several processes: what concerns a module is asked of the process that has it."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import unquote

import httpx
import trio
from starlette.responses import Response

from onemo.control.api import no_module
from onemo.control.app import error_answer, json_answer, text_answer
from onemo.control.endpoints import TextAnswer
from onemo.control.http import App, Message, Receive, Send
from onemo.control.metrics import CONTENT_TYPE, merged_metrics
from onemo.control.stream import HEADERS

_MODULES = "/v1/modules"
_KEPT = frozenset((b"accept", b"content-type", b"last-event-id"))
"""Headers of a request that the process is told."""
_PATIENCE = 10.0
"""Seconds after which a process that does not answer is given up."""
_LOOK = 2.0
"""Seconds of waiting for an answer that takes long, after which its process is asked whether it lives."""
_GONE = (httpx.HTTPError, trio.BrokenResourceError)


class Gateway:
    """An ASGI application before another, which answers what concerns no module.

    urls, token: of the controls of the processes; homes: the number of the process of each module, by name.
    """

    def __init__(self, own: App, urls: Sequence[str], token: str, homes: Mapping[str, int]) -> None:
        logging.getLogger("httpx").setLevel(logging.WARNING)  # else each request is a line
        self._own = own
        self._urls = urls
        self._token = token
        self._homes = homes

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        path = scope["path"]
        merged = {
            _MODULES: self._modules,
            "/ready": self._ready,
            "/metrics": self._metrics,
            "/v1/trace/stream": self._streams,
        }.get(path)
        if merged is not None and scope["method"] in ("GET", "HEAD"):
            await merged(scope, receive, send)
        elif path.startswith(f"{_MODULES}/"):
            name = unquote(path.removeprefix(f"{_MODULES}/").partition("/")[0])
            if (number := self._homes.get(name)) is None:
                refused = no_module(name, self._homes)
                await error_answer(refused.status, str(refused))(scope, receive, send)
                return
            await self._forward(number, scope, receive, send)
        else:
            await self._own(scope, receive, send)

    async def _forward(self, number: int, scope: Message, receive: Receive, send: Send) -> None:
        """Have one process answer."""
        body = (await receive()).get("body", b"")
        begun = False
        try:
            async with (
                _until_gone(receive, scope),
                self._while_alive(number),
                self._asked(number, scope, body) as answer,
            ):
                begun = True
                kept = [(name.lower(), value) for name, value in answer.headers.raw
                        if name.lower() not in (b"date", b"transfer-encoding", b"connection")]  # fmt: skip
                await send({"type": "http.response.start", "status": answer.status_code, "headers": kept})
                async for piece in answer.aiter_raw():
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                await send({"type": "http.response.body", "body": b""})
        except* _GONE as group:
            if begun:
                raise trio.BrokenResourceError from group
            await error_answer(503, "the process of that module does not answer: try again")(scope, receive, send)

    async def _modules(self, scope: Message, receive: Receive, send: Send) -> None:
        """List the modules of all processes."""

        def listed(answers: Sequence[httpx.Response]) -> Response:
            return json_answer(200, [row for answer in answers for row in answer.json()])

        await (await self._joined(scope, listed))(scope, receive, send)

    async def _metrics(self, scope: Message, receive: Receive, send: Send) -> None:
        """Tell the figures of all processes."""

        def summed(answers: Sequence[httpx.Response]) -> Response:
            return text_answer(TextAnswer(merged_metrics(answer.text for answer in answers), CONTENT_TYPE))

        await (await self._joined(scope, summed))(scope, receive, send)

    async def _joined(self, scope: Message, join: Callable[[Sequence[httpx.Response]], Response]) -> Response:
        """Ask every process, and join the answers; return the first refusal, or which do not answer."""
        answers = await self._all(scope)
        there = [answer for answer in answers if answer is not None]
        if missing := len(answers) - len(there):
            return error_answer(503, f"{missing} of {len(answers)} processes do not answer: try again")
        refused = next((answer for answer in there if answer.status_code != 200), None)
        return join(there) if refused is None else json_answer(refused.status_code, refused.json())

    async def _ready(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer that every module of every process is ready, or which are not."""
        count, problems = 0, []
        for number, answer in enumerate(await self._all(scope), 1):
            if answer is None:
                problems.append(f"not ready: process {number}")
            elif answer.status_code == 200:
                count += answer.json()["modules"]
            else:
                problems.append(answer.json()["error"])
        if problems:
            said = error_answer(503, "; ".join(dict.fromkeys(problems)))
        else:
            said = json_answer(200, {"ready": True, "modules": count})
        await said(scope, receive, send)

    async def _all(self, scope: Message) -> list[httpx.Response | None]:
        """Ask every process; None stands for one that does not answer."""
        answers: list[httpx.Response | None] = [None] * len(self._urls)

        async def ask(number: int) -> None:
            with trio.move_on_after(_PATIENCE):
                try:
                    async with self._asked(number, {**scope, "method": "GET"}) as answer:
                        await answer.aread()
                        answers[number] = answer
                except _GONE:
                    pass

        async with trio.open_nursery() as nursery:
            for number in range(len(self._urls)):
                nursery.start_soon(ask, number)
        return answers

    async def _streams(self, scope: Message, receive: Receive, send: Send) -> None:
        """Join the streams of all processes, event by event, until one of them ends."""
        async with AsyncExitStack() as stack:
            try:
                opened = [
                    await stack.enter_async_context(self._asked(number, scope)) for number in range(len(self._urls))
                ]
            except _GONE:
                await error_answer(503, "a process does not answer: try again")(scope, receive, send)
                return
            for answer in opened:
                if answer.status_code != 200:
                    refused = json.loads(await answer.aread())
                    await json_answer(answer.status_code, refused)(scope, receive, send)
                    return
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            lock = trio.Lock()
            await receive()  # the request itself
            try:
                async with _until_gone(receive, scope), trio.open_nursery() as nursery:
                    for answer in opened:
                        nursery.start_soon(_pass_on, answer, send, lock, nursery.cancel_scope)
            except* _GONE as group:
                raise trio.BrokenResourceError from group

    @asynccontextmanager
    async def _while_alive(self, number: int) -> AsyncIterator[None]:
        """Cancel the block when its process lives no more, or stands still. Raises httpx.HTTPError."""
        health = {"method": "GET", "path": "/health", "query_string": b"", "headers": ()}

        async def watch() -> None:
            while True:
                await trio.sleep(_LOOK)
                with trio.move_on_after(_PATIENCE):
                    async with self._asked(number, health):
                        continue
                raise httpx.ReadTimeout("the process stands still")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(watch)
            yield
            nursery.cancel_scope.cancel()

    @asynccontextmanager
    async def _asked(self, number: int, scope: Message, body: bytes = b"") -> AsyncIterator[httpx.Response]:
        """Send the request to one process, and yield its answer, which has begun. Raises httpx.HTTPError."""
        query = f"?{scope['query_string'].decode('ascii')}" if scope["query_string"] else ""
        headers = [(name, value) for name, value in scope["headers"] if name in _KEPT]
        headers.append((b"authorization", f"Bearer {self._token}".encode()))
        async with (
            httpx.AsyncClient(trust_env=False, verify=False, timeout=None) as client,
            client.stream(
                scope["method"], f"{self._urls[number]}{scope['path']}{query}", headers=headers, content=body
            ) as answer,
        ):
            yield answer


@asynccontextmanager
async def _until_gone(receive: Receive, scope: Message) -> AsyncIterator[None]:
    """Cancel the block when the reader of a stream goes; other answers are short."""
    if not scope["path"].endswith("/stream"):
        yield
        return

    async def watch() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        nursery.cancel_scope.cancel()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch)
        yield
        nursery.cancel_scope.cancel()


async def _pass_on(answer: httpx.Response, send: Send, lock: trio.Lock, end: trio.CancelScope) -> None:
    """Send the events of one stream, each as a whole; end them all with it."""
    begun = b""
    async for piece in answer.aiter_raw():
        events, mark, rest = (begun + piece).rpartition(b"\n\n")
        begun = rest
        if mark:
            async with lock:
                await send({"type": "http.response.body", "body": events + mark, "more_body": True})
    end.cancel()
