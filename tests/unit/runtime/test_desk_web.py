"""The sandbox's web server from outside: from any thread, and as the operations of the API and ctl have it."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from onemo.errors import UsageError
from onemo.net.interface import Transport
from onemo.net.sandbox import Sandbox
from onemo.runtime.desk.web import OPERATIONS, GivenAnswer, SeenRequest
from onemo.runtime.hosted import Hosted, HostedModule

ANSWER, REQUESTS = OPERATIONS


@pytest.fixture
def module() -> Iterator[HostedModule]:
    with Hosted() as hosted:
        yield hosted.start(sandbox=True)


def fetched(module: HostedModule, path: str, body: bytes | None = None) -> bytes:
    """The body of an answer of the module's sandbox."""
    sandbox = module.sandbox
    assert isinstance(sandbox, Sandbox)
    host, port = module.do(lambda: sandbox.endpoint(Transport.TCP, 80))
    with urllib.request.urlopen(f"http://{host}:{port}{path}", body, timeout=10) as answer:
        data: bytes = answer.read()
        return data


def test_answers_and_requests(module: HostedModule, tmp_path: Path) -> None:
    assert module.web.requests == []
    assert module.web.answer("/ota", json={"v": 1}) == GivenAnswer("/ota", None, None, 200)
    assert fetched(module, "/ota?x", b"hi") == b'{"v": 1}'
    newest = module.web.requests[-1]
    assert (newest.method, newest.path, newest.body, newest.status) == ("POST", "/ota?x", b"hi", 200)
    assert newest.headers["Content-Length"] == "2"
    module.web.answer("/ota", "two", headers={"X": "y"})
    assert fetched(module, "/ota") == b"two"
    (tmp_path / "f").write_bytes(b"\x00")
    module.web.answer("/ota", file=tmp_path / "f", method="GET")
    assert (fetched(module, "/ota"), fetched(module, "/ota", b"")) == (b"\x00", b"two")


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"path": "ota"}, "path: is 'ota'; it begins with /"),
        ({"path": "/", "status": 99}, "status: is 99, not a number from 200 to 599"),
        ({"path": "/", "file": "none"}, "file: there is no file /"),
        ({"path": "/", "host": "a b"}, "host: is no host name"),
        ({"path": "/", "body": "a\ud800"}, "body: has half a character"),
    ],
)
def test_what_cannot_be_is_told(module: HostedModule, given: dict[str, str], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        module.web.answer(**given)  # type: ignore[arg-type]


def test_answers_are_bounded(module: HostedModule) -> None:
    for number in range(1000):
        module.web.answer(f"/{number}", "")
    module.web.answer("/7", "again")
    with pytest.raises(UsageError, match="1000 answers already"):
        module.web.answer("/1000", "")


def test_without_a_sandbox_there_is_none() -> None:
    with Hosted() as hosted:
        module = hosted.start()
        with pytest.raises(UsageError, match="nothing leads to the sandbox"):
            module.web.answer("/", "")
        with pytest.raises(UsageError, match="nothing leads to the sandbox"):
            _ = module.web.requests


def test_the_operations(module: HostedModule) -> None:
    values = ANSWER.read({"path": "/ota", "body": "x", "type": "text/x", "status": 201, "method": "GET"})
    assert ANSWER.act(module, values) == GivenAnswer("/ota", None, "GET", 201)
    assert fetched(module, "/ota") == b"x"
    found = REQUESTS.act(module, REQUESTS.read({}))
    assert isinstance(found, tuple)
    seen = found[0]
    assert isinstance(seen, SeenRequest)
    assert (seen.method, seen.path, seen.body, seen.status) == ("GET", "/ota", "", 201)
    assert REQUESTS.table is not None
    heads, rows = REQUESTS.table([seen._asdict()])
    assert (len(heads), rows) == (5, [["GET", seen.host, "/ota", 201, 0]])
    fetched(module, "/post", b"hello")
    for given, body in (({}, "hello"), ({"bytes": 2}, "he")):
        last = REQUESTS.act(module, REQUESTS.read(given))[-1]  # type: ignore[index]
        assert (last.body, last.size) == (body, 5)
