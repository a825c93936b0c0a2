"""The control of a lab in several processes: who waits for a process that stands still is told so."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from onemo.control import gateway
from onemo.control.gateway import Gateway
from onemo.control.http import Message

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"


class Process:
    """The control of a process. asked: how often for its health, which it tells if it lives."""

    def __init__(self, lives: bool) -> None:
        self._lives = lives
        self.asked = 0
        self._thrice = trio.Event()

    async def serve(self, stream: trio.SocketStream) -> None:
        async with stream:
            request = await stream.receive_some()
            if not self._lives:
                await trio.sleep_forever()
            if request.startswith(b"GET /health "):
                self.asked += 1
                if self.asked == 3:
                    self._thrice.set()
            else:
                await self._thrice.wait()
            await stream.send_all(ANSWER)


async def answer(nursery: trio.Nursery, process: Process) -> list[Message]:
    """Ask the process about its module, by the gateway."""
    listeners = await nursery.start(trio.serve_tcp, process.serve, 0)
    port = listeners[0].socket.getsockname()[1]
    said: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        said.append(message)

    async def own(*_: Any) -> None:
        raise AssertionError

    scope = {"type": "http", "method": "GET", "path": "/v1/modules/m", "headers": [], "query_string": b""}
    with trio.fail_after(60):
        await Gateway(own, [f"http://127.0.0.1:{port}"], "token", {"m": 0})(scope, receive, send)
    return said


async def test_a_process_that_stands_still(nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "_LOOK", 0.01)
    monkeypatch.setattr(gateway, "_PATIENCE", 0.01)
    begin, body = await answer(nursery, Process(lives=False))
    assert (begin["status"], body["body"]) == (
        503,
        b'{"error":"the process of that module does not answer: try again"}',
    )


async def test_an_answer_that_takes_long(nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process lives: an ``expect`` may wait for minutes."""
    monkeypatch.setattr(gateway, "_LOOK", 0.01)
    begin, *bodies = await answer(nursery, Process(lives=True))
    assert (begin["status"], b"".join(body["body"] for body in bodies)) == (200, b"hi")
