"""The sandbox's web server: its services, answers of one's own, and clients that behave badly."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

import h11
import pytest
import trio
from onemo.errors import UsageError
from onemo.net.interface import Transport
from onemo.net.sandbox import Sandbox, SandboxConfig, load_config
from onemo.net.sandbox.config import EchoConfig, WebAnswer

from tests.unit.net.sandbox.conftest import PATIENCE, connect, datagrams, read_exactly, read_to_end, running


async def asked(
    sandbox: Sandbox, path: str, method: str = "GET", body: bytes = b"", host: str = "h"
) -> tuple[int, dict[str, str], bytes]:
    """Return status, fields and body of an answer."""
    async with await connect(sandbox, 80) as stream:
        client = h11.Connection(h11.CLIENT)
        headers = [("Host", host), ("Content-Length", str(len(body))), ("Content-Type", "text/x")]
        sent = client.send(h11.Request(method=method, target=path, headers=headers)) or b""
        await stream.send_all(
            sent + (client.send(h11.Data(data=body)) or b"") + (client.send(h11.EndOfMessage()) or b"")
        )
        return await response(stream, client)


async def response(stream: trio.SocketStream, client: h11.Connection) -> tuple[int, dict[str, str], bytes]:
    status, body = 0, b""
    fields: dict[str, str] = {}
    with trio.fail_after(PATIENCE):
        while True:
            event = client.next_event()
            if event is h11.NEED_DATA:
                client.receive_data(await stream.receive_some(65536))
            elif isinstance(event, h11.Response):
                status = event.status_code
                fields = {name.decode(): value.decode() for name, value in event.headers}
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                return status, fields, body


async def test_services(sandbox: Sandbox) -> None:
    status, _, body = await asked(sandbox, "/get?a=b", host="www.example.com:80")
    told = json.loads(body)
    assert (status, told["method"], told["path"], told["host"]) == (200, "GET", "/get?a=b", "www.example.com")
    assert told["headers"]["Host"] == "www.example.com:80"
    assert (await asked(sandbox, "/post", "POST", b"\x00\xff"))[1:] == (
        {"content-type": "text/x", "content-length": "2"}, b"\x00\xff",
    )  # fmt: skip
    assert (await asked(sandbox, "/bytes/70000"))[2] == (bytes(range(256)) * 274)[:70000]
    assert (await asked(sandbox, "/stream/3"))[1:] == (
        {"content-type": "text/plain; charset=utf-8", "transfer-encoding": "chunked"},
        b'{"id": 0}\n{"id": 1}\n{"id": 2}\n',
    )
    assert (await asked(sandbox, "/status/503"))[::2] == (503, b"503 Service Unavailable\n")
    assert (await asked(sandbox, "/status/599"))[::2] == (599, b"599\n")
    assert await asked(sandbox, "/status/204") == (204, {"content-type": "text/plain; charset=utf-8"}, b"")
    assert (await asked(sandbox, "/delay/0.01"))[0] == 200
    assert (await asked(sandbox, "/redirect/2"))[:2] == (302, {"location": "/redirect/1", "content-length": "0"})
    assert (await asked(sandbox, "/redirect/1"))[1]["location"] == "/get"
    assert (await asked(sandbox, "/drip/2"))[2] == b".."
    assert b"/status/N" in (await asked(sandbox, "/"))[2]
    assert (await asked(sandbox, "/bytes/10", "HEAD"))[1:] == (
        {"content-type": "application/octet-stream", "content-length": "10"}, b"",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("path", "head"),
    [
        ("/bytes/0", b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 0\r\n\r\n"),
        ("/status/204", b"HTTP/1.1 204 No Content\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"),
        ("/redirect/1", b"HTTP/1.1 302 Found\r\nLocation: /get\r\nContent-Length: 0\r\n\r\n"),
        (
            "/a b",
            b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 21\r\n\r\n"
            b"illegal request line\n",
        ),
        ("/own", b"HTTP/1.1 599 \r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 0\r\n\r\n"),
    ],
)
async def test_a_header_is_what_servers_send(sandbox: Sandbox, path: str, head: bytes) -> None:
    """With the words of the status, and no length where there is never a body."""
    sandbox.web.answers.append(WebAnswer("/own", status=599))
    async with await connect(sandbox, 80) as stream:
        await stream.send_all(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
        assert await read_exactly(stream, len(head)) == head


@pytest.mark.parametrize(
    "path", ["/no", "/bytes/", "/bytes/x", "/bytes/-1", "/bytes/99999999999", "/status/100", "/status/600",
             "/delay/nan", "/delay/1e9", "/redirect/-1", "/drip/x", "/bytes/%C2%B2"],
)  # fmt: skip
async def test_what_is_no_service_is_told(sandbox: Sandbox, path: str) -> None:
    status, _, body = await asked(sandbox, path)
    assert status == 404
    assert body
    assert b"e+" not in body, "a limit is told in digits"


async def test_the_bodies_of_remembered_requests_are_bounded(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onemo.net.sandbox.web._MOST_HELD", 1000)
    for size in (400, 500, 300, 5000):
        await asked(sandbox, "/post", "POST", bytes(size))
        assert sum(len(request.body) for request in sandbox.web.requests) <= max(1000, size)
        assert len(sandbox.web.requests[-1].body) == size
    assert [len(request.body) for request in sandbox.web.requests] == [5000]


async def test_the_newest_requests_are_remembered(sandbox: Sandbox) -> None:
    async with await connect(sandbox, 80) as stream:
        client = h11.Connection(h11.CLIENT)
        for number in range(102):
            fields = [("Host", "[::1]:80"), ("Content-Length", "1")]
            head = h11.Request(method="PUT", target=f"/{number}", headers=fields)
            sent = [client.send(event) or b"" for event in (head, h11.Data(data=b"x"), h11.EndOfMessage())]
            await stream.send_all(b"".join(sent))
            assert (await response(stream, client))[0] == 404
            client.start_next_cycle()
    assert [request.path for request in sandbox.web.requests] == [f"/{number}" for number in range(2, 102)]
    newest = sandbox.web.requests[-1]
    assert (newest.method, newest.host, newest.body, newest.status) == ("PUT", "::1", b"x", 404)


@pytest.mark.parametrize(
    "sent", [b"SSH-2.0-x\r\n\r\n", b"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n",
             b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", b"a" * 200_000],
)  # fmt: skip
async def test_what_is_no_request_is_refused(sandbox: Sandbox, sent: bytes) -> None:
    async with await connect(sandbox, 80) as stream:
        try:
            await stream.send_all(sent)
            assert (await read_to_end(stream)).startswith(b"HTTP/1.1 4")
        except trio.BrokenResourceError:
            assert len(sent) > 100_000
    assert (await asked(sandbox, "/get"))[0] == 200


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"POST /post HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc"])
async def test_a_client_that_ends_early_ends_nothing_else(sandbox: Sandbox, sent: bytes) -> None:
    async with await connect(sandbox, 80) as stream:
        await stream.send_all(sent)
        await stream.send_eof()
        assert b" 200 " not in await read_to_end(stream)
    assert (await asked(sandbox, "/get"))[0] == 200


async def test_too_large_a_body_is_refused(sandbox: Sandbox) -> None:
    async with await connect(sandbox, 80) as stream, trio.open_nursery() as nursery:
        await stream.send_all(b"POST /post HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n\r\n")

        async def pour() -> None:
            with suppress(trio.BrokenResourceError):
                while True:
                    await stream.send_all(bytes(65536))

        nursery.start_soon(pour)
        with trio.fail_after(PATIENCE):
            try:
                assert (await stream.receive_some(100)).startswith(b"HTTP/1.1 413")
            except trio.BrokenResourceError:
                pass  # it was reset, with what it had not read


async def test_a_client_that_does_not_read_is_waited_for(sandbox: Sandbox) -> None:
    async with await connect(sandbox, 80, 65536) as stream:
        await stream.send_all(b"GET /bytes/50000000 HTTP/1.1\r\nHost: h\r\n\r\n")
        await trio.testing.wait_all_tasks_blocked(0.05)
        assert (await read_exactly(stream, 17)) == b"HTTP/1.1 200 OK\r\n"


async def test_a_client_that_breaks_off_is_not_waited_for(sandbox: Sandbox) -> None:
    for _ in range(17):
        async with await connect(sandbox, 80) as stream:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            await stream.send_all(b"GET /delay/300 HTTP/1.1\r\nHost: h\r\n\r\n")
            await trio.testing.wait_all_tasks_blocked()
    assert (await asked(sandbox, "/get"))[0] == 200
    told = [(request.path, request.status) for request in sandbox.web.requests]
    assert told == [("/delay/300", 0)] * 17 + [("/get", 200)]


async def test_a_client_that_ended_is_not_waited_for_long(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onemo.net.sandbox.web._ENDED", 0.3)
    for delay, answer in (("0.01", b"HTTP/1.1 200 OK"), ("300", b"")):
        async with await connect(sandbox, 80) as stream:
            await stream.send_all(b"GET /delay/%b HTTP/1.1\r\nHost: h\r\n\r\n" % delay.encode())
            await stream.send_eof()
            with trio.fail_after(PATIENCE):
                assert (await stream.receive_some(15)) == answer


async def test_a_client_may_say_more_while_it_waits(sandbox: Sandbox) -> None:
    async with await connect(sandbox, 80) as stream:
        await stream.send_all(b"GET /delay/0.1 HTTP/1.1\r\nHost: h\r\n\r\n")
        await trio.testing.wait_all_tasks_blocked()
        await stream.send_all(b"GET /bytes/1 HTTP/1.1\r\nHost: h\r\n\r\n")
        await stream.send_eof()
        received = b""
        with trio.fail_after(PATIENCE):
            while data := await stream.receive_some(65536):
                received += data
    assert received.count(b"HTTP/1.1 200 OK") == 2
    assert received.endswith(b"\r\n\r\n\0")


async def test_its_udp_echoes(sandbox: Sandbox) -> None:
    with await datagrams(sandbox, 80) as sock, trio.fail_after(PATIENCE):
        await sock.send(b"x")
        assert await sock.recv(9) == b"x"
    assert sandbox.endpoint(Transport.TCP, 443) == sandbox.endpoint(Transport.TCP, 80, tls=True)
    assert sandbox.endpoint(Transport.TCP, 443) != sandbox.endpoint(Transport.TCP, 80)


# Answers of one's own.

OWN = """
[[http]]
path = "/ota"
host = "Ota.example.com"
status = 201
headers = { ETag = "1", "Content-Type" = "application/json" }
body = '{"v": 1}'

[[http]]
path = "/get"
method = "PUT"

[[http]]
path = "/firmware"
file = "firmware.bin"
"""


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[Callable[[], Sandbox]]:
    (tmp_path / "firmware.bin").write_bytes(b"\x00\x01")
    (tmp_path / "sandbox.toml").write_text(OWN)
    async with running(load_config(tmp_path / "sandbox.toml")) as sandbox:
        yield lambda: sandbox


async def test_answers_of_one_s_own(own: Callable[[], Sandbox], tmp_path: Path) -> None:
    sandbox = own()
    fields = {"etag": "1", "content-type": "application/json", "content-length": "8"}
    assert await asked(sandbox, "/ota?x=y", host="ota.example.com") == (201, fields, b'{"v": 1}')
    assert (await asked(sandbox, "/ota"))[0] == 404
    assert (await asked(sandbox, "/get", "PUT"))[::2] == (200, b"")
    assert (await asked(sandbox, "/get"))[2]
    assert (await asked(sandbox, "/firmware"))[2] == b"\x00\x01"
    (tmp_path / "firmware.bin").write_bytes(b"new")
    assert (await asked(sandbox, "/firmware"))[2] == b"new"
    (tmp_path / "firmware.bin").unlink()
    assert (await asked(sandbox, "/firmware"))[0] == 500


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("host = 'h'", "http.0.path: is missing"),
        ("path = 'x'", "http.0.path: is 'x'; it begins with / and has no blank, no ? and no #"),
        ("path = '/x?y'", "http.0.path: is '/x?y'; it begins with / and has no blank, no ? and no #"),
        ("path = '/'\nstatus = 99", "http.0.status: is 99, not a number from 200 to 599"),
        ("path = '/'\nheaders = { 'a b' = 'c' }", "is 'a b', not a name of letters, digits and -"),
        ("path = '/'\nheaders = { a = \"b\\n\" }", "is 'b\\n'; it is one line of ASCII"),
        ("path = '/'\nfile = 'none'", "there is no file "),
        ("path = '/'\nfile = 'none'\nbody = ''", "http.0.file: stands beside body; an answer has one of them"),
        ("path = '/'\nlenght = 1", "http.0.lenght: is unknown here"),
    ],
)
def test_mistakes_of_an_answer_are_told(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "sandbox.toml"
    file.write_text(f"[[http]]\n{text}\n")
    with pytest.raises(UsageError) as refusal:
        load_config(file)
    assert problem in str(refusal.value)


async def test_ports_that_echo_all_the_same() -> None:
    async with running(SandboxConfig(echo=EchoConfig((80, 443, 1883, 8883)), http=(WebAnswer("/"),))) as sandbox:
        for port in (80, 443, 1883, 8883):
            async with await connect(sandbox, port) as stream:
                await stream.send_all(b"x")
                assert await read_exactly(stream, 1) == b"x"
