"""Faults of HTTP and of the channel, as a DTE meets them: against the sandbox, and a real server by route."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.conftest import Start
from tests.e2e.dte import WAIT, Dte
from tests.e2e.peers import IPV4
from tests.e2e.webservers import web

NAME = "web.example.com"
GOT = r'"content",0,64,64,\d+,'
CHANNEL = (
    ("net-refuse failure=name", '"err",0,1'),
    ("net-refuse failure=refused", '"err",0,2'),
    ("net-refuse failure=timed-out", '"err",0,3'),
    ("net-refuse failure=tls-setup", '"err",0,4'),
    ("net-refuse failure=tls-failed", '"err",0,4'),
    ("net-refuse failure=other", '"err",0,2'),
    ("dns-fail", '"err",0,1'),
    ("dns-wrong address=192.0.2.1", '"err",0,[23]'),
    ("dns-delay seconds=300ms", GOT),
    ("net-latency seconds=200ms", GOT),
    ("net-bandwidth rate=2000", GOT),
    ("net-loss operation=receive times=1", GOT),
    ("net-close operation=receive", GOT),
    ("net-close operation=send", '"err",0,5'),
    ("net-reset operation=receive", '"err",0,5'),
    ("net-reset operation=send", '"err",0,5'),
    ("net-reset operation=send failure=write", '"err",0,5'),
    ("net-half-open operation=send", '"err",0,6'),
    ("net-half-open operation=open", '"err",0,6'),
)


class Faulty:
    """A module that has one instance, for NAME, and the control of its faults."""

    def __init__(self, dte: Dte, api: httpx.Client, *, in_sandbox: bool) -> None:
        self.dte = dte
        self.in_sandbox = in_sandbox
        self._api = api

    def arm(self, *faults: str) -> None:
        self.reset()
        for fault in faults:
            armed = self._api.post("/v1/modules/ML307R/faults", json={"fault": fault})
            assert armed.status_code == 201, armed.text

    def reset(self) -> None:
        assert self._api.delete("/v1/modules/ML307R/faults").is_success

    def get(self, path: str, *expected: str, method: int = 1) -> None:
        """Ask, and read on until each of these has come."""
        self.dte.ask(f'AT+MHTTPREQUEST=0,{method},0,"{path}"', "OK")
        for each in expected:
            self.dte.until(each.encode())
        self.dte.until(rb"\r\n")


@pytest.fixture(params=["sandbox", "route"])
def faulty(request: pytest.FixtureRequest, start: Start) -> Iterator[Faulty]:
    with web() as server:
        way = ["--sandbox", "--offline"]
        if request.param == "route":
            way = ["--route", f"{NAME}:80={IPV4}:{server.server_port}"]
        started = start("ML307R", *way, "--json", "--control", "127.0.0.1:0")
        ready = json.loads(started.ready)
        with (
            started.awake(ready["port"]) as dte,
            httpx.Client(base_url=ready["control"], timeout=WAIT, trust_env=False) as api,
        ):
            dte.ask(f'AT+MHTTPCREATE="http://{NAME}"', "+MHTTPCREATE: 0", "OK")
            dte.ask('AT+MHTTPCFG="timeout",0,2,2', "OK")
            yield Faulty(dte, api, in_sandbox=request.param == "sandbox")


def test_every_fault_of_the_channel(faulty: Faulty) -> None:
    """On this instance alone. In the sandbox every address leads to the same server."""
    for fault, said in CHANNEL:
        expected = GOT if faulty.in_sandbox and fault.startswith("dns-wrong") else said
        body = "x" * 64
        faulty.dte.ask("AT+MHTTPCONTENT=0,2", "OK")
        faulty.dte.ask(f'AT+MHTTPCONTENT=0,0,64,"{body}"', "OK")
        scope = "" if fault.startswith("dns") else " httpid=0"
        faulty.arm(fault + scope)
        faulty.get("/post", expected, method=2)
        other = scope.replace("0", "1")
        if other:
            faulty.arm(fault + other)
            faulty.dte.ask("AT+MHTTPCONTENT=0,2", "OK")
            faulty.dte.ask(f'AT+MHTTPCONTENT=0,0,64,"{body}"', "OK")
            faulty.get("/post", GOT, method=2)
    faulty.reset()
    faulty.dte.alive()


def test_every_fault_of_http(faulty: Faulty) -> None:
    asked = ("AT+MHTTPCONTENT=0,2", f'AT+MHTTPCONTENT=0,0,64,"{"x" * 64}"')

    def post(fault: str, *expected: str) -> None:
        faulty.arm(fault)
        for line in asked:
            faulty.dte.ask(line, "OK")
        faulty.get("/post", *expected, method=2)

    post("http-status status=404 path=/post", '"header",0,404,', "HTTP/1.1 404 Not Found\r\n", GOT)
    post("http-status status=404 path=/other", '"header",0,200,', GOT)
    post("http-silence host=web.* httpid=0", '"err",0,6')
    began = time.monotonic()
    post("http-slow seconds=700ms", '"header",0,200,', GOT)
    assert time.monotonic() - began > 0.7
    post("http-slow seconds=5s", '"err",0,6')
    post("http-cut size=20", '"header",0,200,', '"content",0,64,20,20,' + "x" * 20, '"err",0,5')
    post("http-length by=3", '"content",0,67,64,64,', '"err",0,6')
    post("http-length by=-4", '"content",0,60,60,60,')
    post("http-redirect-loop", '"header",0,302,', "Location: /post\r\nContent-Length: 0\r\n")
    post("http-urc-bare", r'"header",0,200,\d+\r\nHTTP/1', r'"content",0,64,64,64\r\nxxx')
    faulty.reset()
    faulty.dte.alive()


def test_a_silent_server_speaks_when_the_fault_is_gone(faulty: Faulty) -> None:
    faulty.dte.ask('AT+MHTTPCFG="timeout",0,60,0', "OK")
    faulty.arm("http-silence")
    faulty.dte.ask("AT+MHTTPREQUEST=0,1,0,/post", "OK")
    assert faulty.dte.lull() == b""
    faulty.dte.alive()
    faulty.reset()
    faulty.dte.until(rb'"header",0,200,[^\r]*\r\n(?:[^\r]+\r\n)+\r\n')
    faulty.dte.alive()
