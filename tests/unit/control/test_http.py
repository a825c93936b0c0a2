"""The HTTP server below the control: it is bounded, it can be cancelled, and no request harms it."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing
from onemo.control import http
from onemo.control.http import App, Message, Server

LIMIT = 5.0


async def echo(scope: Message, receive: http.Receive, send: http.Send) -> None:
    """Answers with the path and the body."""
    body = (await receive())["body"]
    said = scope["path"].encode() + b"|" + scope["query_string"] + b"|" + body
    headers = [(b"content-length", b"%d" % len(said))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": said})


async def broken(scope: Message, receive: http.Receive, send: http.Send) -> None:
    raise ZeroDivisionError


async def endless(scope: Message, receive: http.Receive, send: http.Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    while True:
        await send({"type": "http.response.body", "body": bytes(65536), "more_body": True})


@asynccontextmanager
async def served(app: App) -> AsyncIterator[int]:
    """The port on which an application is served."""
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with trio.open_nursery() as nursery:
        await nursery.start(Server(app, listener).run)
        with trio.fail_after(LIMIT):
            yield listener.socket.getsockname()[1]
            nursery.cancel_scope.cancel()


async def exchange(port: int, request: bytes) -> bytes:
    """All that comes back until the server hangs up."""
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        await stream.send_all(request)
        return await everything(stream)


async def everything(stream: trio.SocketStream) -> bytes:
    answer = b""
    while data := await stream.receive_some(65536):
        answer += data
    return answer


def head(method: str = "GET", target: str = "/", *headers: str) -> bytes:
    return "\r\n".join((f"{method} {target} HTTP/1.1", "Host: x", "Connection: close", *headers, "", "")).encode()


def said(answer: bytes) -> tuple[int, bytes]:
    """The status and the body."""
    first, _, body = answer.partition(b"\r\n\r\n")
    return int(first.split()[1]), body


async def test_a_request_and_its_answer() -> None:
    async with served(echo) as port:
        answer = await exchange(port, head("POST", "/a%20b?c=d", "Content-Length: 2") + b"hi")
    assert said(answer) == (200, b"/a b|c=d|hi")
    assert b"date: " in answer.lower()


async def test_several_requests_at_once() -> None:
    async with served(echo) as port:
        answer = await exchange(port, b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\n" + head("GET", "/2"))
    assert answer.index(b"/1||") < answer.index(b"/2||")
    assert answer.count(b"HTTP/1.1 200") == 2


async def test_a_head_has_no_body() -> None:
    async with served(echo) as port:
        answer = await exchange(port, head("HEAD"))
    assert b"content-length: 3" in answer.lower()
    assert said(answer) == (200, b"")


async def test_who_asks_whether_to_go_on_is_told_to() -> None:
    async with served(echo) as port, await trio.open_tcp_stream("127.0.0.1", port) as stream:
        await stream.send_all(head("POST", "/", "Content-Length: 2", "Expect: 100-continue"))
        assert await stream.receive_some(1000) == b"HTTP/1.1 100 \r\n\r\n"
        await stream.send_all(b"ok")
        assert said(await everything(stream)) == (200, b"/||ok")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"GET / HTTP/1.1\r\nX: " + b"y" * 100_000, 431),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n" + b"z" * 70000, 413),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffff\r\n" + b"z" * 70000, 413),
    ],
)
async def test_what_is_no_good_is_told_so(request_: bytes, status: int) -> None:
    async with served(echo) as port:
        got, body = said(await exchange(port, request_))
        assert (got, [*json.loads(body)]) == (status, ["error"])
        assert said(await exchange(port, head()))[0] == 200


async def test_a_body_is_as_long_as_its_path_may_have() -> None:
    def most_body(method: str, path: str) -> int:
        return 1 << 20 if (method, path) == ("POST", "/long") else http.MOST_BODY

    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with trio.open_nursery() as nursery:
        await nursery.start(Server(echo, listener, most_body).run)
        with trio.fail_after(LIMIT):
            port = listener.socket.getsockname()[1]
            for target, status in (("/long?x", 200), ("/other", 413)):
                request = head("POST", target, "Content-Length: 70000") + b"z" * 70000
                assert said(await exchange(port, request))[0] == status
        nursery.cancel_scope.cancel()


async def test_a_bug_is_logged_and_ends_one_request(caplog: pytest.LogCaptureFixture) -> None:
    async with served(broken) as port:
        for _ in range(2):
            status, body = said(await exchange(port, head()))
            assert (status, "a bug" in json.loads(body)["error"]) == (500, True)
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("begun", [b"", b"GET / HT", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"])
async def test_who_writes_slowly_is_let_go(begun: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "COMES", 0.05)
    async with served(echo) as port:
        assert await exchange(port, begun) == b""
        assert said(await exchange(port, head()))[0] == 200


async def test_who_reads_nothing_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "TAKEN", 0.05)
    ended = trio.Event()

    async def app(scope: Message, receive: http.Receive, send: http.Send) -> None:
        try:
            await endless(scope, receive, send)
        finally:
            ended.set()

    async with served(app) as port, await trio.open_tcp_stream("127.0.0.1", port) as stream:
        await stream.send_all(head())
        await ended.wait()


async def test_it_ends_at_once_though_a_reader_reads_nothing() -> None:
    """This is what the server is for."""
    async with served(endless) as port:
        stream = await trio.open_tcp_stream("127.0.0.1", port)
        await stream.send_all(head())
        assert await stream.receive_some(10)
    await stream.aclose()


async def test_one_too_many_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MOST_CONNECTIONS", 1)
    async with served(echo) as port, await trio.open_tcp_stream("127.0.0.1", port) as first:
        await first.send_all(b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"200" in await first.receive_some(1000)
        async with await trio.open_tcp_stream("127.0.0.1", port) as second:
            assert await second.receive_some(10) == b""
        await first.send_all(head("GET", "/2"))
        assert b"/2||" in await everything(first)


async def test_half_requests_shut_nobody_out() -> None:
    """More of them than connections are admitted: the oldest make room."""
    async with served(echo) as port:
        half = []
        for _ in range(2 * http.MOST_CONNECTIONS):
            half.append(await trio.open_tcp_stream("127.0.0.1", port))
            await half[-1].send_all(b"GET / HTTP/1.1\r\nHost:")
        for _ in range(3):
            with trio.fail_after(1):
                assert said(await exchange(port, head("GET", "/1"))) == (200, b"/1||")
        assert await half[0].receive_some(10) == b""
        await half[-1].send_all(b" x\r\nConnection: close\r\n\r\n")
        assert said(await everything(half[-1])) == (200, b"/||")
        for stream in half:
            await stream.aclose()


async def test_connections_that_were_answered_and_rest_shut_nobody_out() -> None:
    async with served(echo) as port:
        resting = []
        for _ in range(http.MOST_CONNECTIONS + 10):
            resting.append(await trio.open_tcp_stream("127.0.0.1", port))
            await resting[-1].send_all(b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = b""
            while not answer.endswith(b"/1||"):
                answer += await resting[-1].receive_some(1000)
        assert await resting[0].receive_some(10) == b""
        await resting[-1].send_all(head("GET", "/2"))
        assert b"/2||" in await everything(resting[-1])
        for stream in resting:
            await stream.aclose()


async def test_health_is_answered_however_many_are_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MOST_CONNECTIONS", 2)

    async def app(scope: Message, receive: http.Receive, send: http.Send) -> None:
        await (endless if scope["path"] == "/endless" else echo)(scope, receive, send)

    async with served(app) as port:
        busy = [await trio.open_tcp_stream("127.0.0.1", port) for _ in range(2)]
        for stream in busy:
            await stream.send_all(head("GET", "/endless"))
            assert await stream.receive_some(10)
        status, problem = said(await exchange(port, head("GET", "/1")))
        assert (status, b"too many connections" in problem) == (503, True)
        assert said(await exchange(port, head("GET", "/health"))) == (200, b"/health||")
        await busy[0].aclose()
        await trio.testing.wait_all_tasks_blocked(0.05)
        assert said(await exchange(port, head("GET", "/1"))) == (200, b"/1||")
    await busy[1].aclose()


async def test_no_descriptor_left_is_told_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = 3

    accept = trio.SocketListener.accept

    async def full(self: trio.SocketListener) -> trio.SocketStream:
        nonlocal failures
        if failures:
            failures -= 1
            raise OSError(24, "Too many open files")
        return await accept(self)

    monkeypatch.setattr(trio.SocketListener, "accept", full)
    async with served(echo) as port:
        assert said(await exchange(port, head("GET", "/1"))) == (200, b"/1||")
    assert caplog.messages == ["the control takes no connection for now: Too many open files"]
    assert not any(record.exc_info for record in caplog.records)


async def test_an_application_learns_that_its_client_has_gone() -> None:
    told = list[str]()
    gone = trio.Event()

    async def app(scope: Message, receive: http.Receive, send: http.Send) -> None:
        await receive()
        told.append((await receive())["type"])
        gone.set()

    async with served(app) as port:
        stream = await trio.open_tcp_stream("127.0.0.1", port)
        await stream.send_all(head())
        await stream.aclose()
        await gone.wait()
    assert told == ["http.disconnect"]
