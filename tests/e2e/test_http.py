"""AT+MHTTP… against real servers: http.server plain and in TLS, and peers that a test plays."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest
import trustme

from tests.e2e.conftest import Lend, Start
from tests.e2e.dte import WAIT, Dte
from tests.e2e.peers import IPV4, Peers, port_of
from tests.e2e.tls_peers import HOST, context, store
from tests.e2e.webservers import LARGE, web
from tests.support.httpurcs import Told, told

CA, OTHER = trustme.CA(), trustme.CA()
SERVER = CA.issue_cert(HOST, IPV4)


@pytest.fixture
def web_dte(lend: Lend) -> Iterator[Dte]:
    with lend("ML307R") as dte:
        yield dte


def created(dte: Dte, port: int, scheme: str = "http", host: str = IPV4, httpid: int = 0) -> None:
    dte.ask(f'AT+MHTTPCREATE="{scheme}://{host}:{port}"', f"+MHTTPCREATE: {httpid}", "OK")


def answer(dte: Dte, end: bytes, *, hexadecimal: bool = False) -> list[Told]:
    """The URCs up to the last, whose beginning is end."""
    return list(told(dte.until(end + rb"[^\r]*\r\n"), hexadecimal=hexadecimal))


def whole(dte: Dte, *, hexadecimal: bool = False) -> bytes:
    """The body of an answer of LARGE's size."""
    size = len(LARGE)
    last = rb'"content",0,(?:%d|0),%d,\d+,' % (size, size)
    received = dte.until(last)
    position = received.rindex(b",", 0, len(received) - 1) + 1
    count = int(received[position:-1])
    received += dte.count((2 if hexadecimal else 1) * count + 2)
    return b"".join(each.data for each in told(received, hexadecimal=hexadecimal) if each.kind == "content")


@pytest.mark.parametrize("path", ["/large", "/chunked", "/moved"])
@pytest.mark.parametrize("hexadecimal", [False, True])
def test_a_large_answer_arrives_whole(web_dte: Dte, path: str, hexadecimal: bool) -> None:
    with web() as server:
        created(web_dte, server.server_port)
        web_dte.ask(f'AT+MHTTPCFG="encoding",0,0,{int(hexadecimal)}', "OK")
        web_dte.ask(f'AT+MHTTPREQUEST=0,1,0,"{path}"', "OK")
        assert whole(web_dte, hexadecimal=hexadecimal) == LARGE
        if path == "/chunked":
            web_dte.hears(f'+MHTTPURC: "content",0,0,{len(LARGE)},0,')
        assert server.came[0].fields == {"Host": f"{IPV4}:{server.server_port}", "Content-Length": "0"}
        web_dte.ask("AT+MHTTPDEL=0", "OK")


def test_http_server_s_own_files(web_dte: Dte, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(LARGE)

    class Files(SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(tmp_path))  # type: ignore[arg-type]

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer((IPV4, 0), Files) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            created(web_dte, server.server_port)
            web_dte.ask("AT+MHTTPREQUEST=0,1,0,/large", "OK")
            assert hashlib.sha256(whole(web_dte)).digest() == hashlib.sha256(LARGE).digest()
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("chunked", [False, True])
def test_a_large_body_is_sent_whole(web_dte: Dte, chunked: bool) -> None:
    body = LARGE[:102_400]
    pieces = [body[start : start + 4096] for start in range(0, len(body), 4096)]
    with web() as server:
        created(web_dte, server.server_port)
        web_dte.ask(f'AT+MHTTPCFG="chunked",0,{int(chunked)}', "OK")
        if chunked:
            web_dte.ask("AT+MHTTPREQUEST=0,3,0,/up", "OK")
            web_dte.reads(b'\r\n+MHTTPURC: "ind",0')
        for piece in pieces:
            web_dte.line(f"AT+MHTTPCONTENT=0,{int(piece is not pieces[-1])},{len(piece)}")
            web_dte.reads(b"\r\n>")
            web_dte.write(piece)
            web_dte.hears("OK")
        if not chunked:
            web_dte.ask("AT+MHTTPREQUEST=0,3,0,/up", "OK")
        received = web_dte.until(rb'"content",0,102400,102400,\d+,')
        received += web_dte.count(int(received.rsplit(b",", 2)[1]) + 2)
        assert b"".join(each.data for each in told(received) if each.kind == "content") == body
        assert (server.came[0].method, server.came[0].path, server.came[0].body) == ("PUT", "/up", body)


def test_https_by_the_settings_of_its_ssl_id(start: Start) -> None:
    with start("ML307R", "--route", f"{HOST}={IPV4}").awake() as dte, web(context(SERVER)) as server:
        created(dte, server.server_port, "https", HOST)
        dte.ask("AT+MHTTPREQUEST=0,1,0,/large", "+CME ERROR: 655")
        dte.ask('AT+MHTTPCFG="ssl",0,1,2', "OK")
        dte.ask("AT+MHTTPREQUEST=0,1,0,/large", "OK")
        assert whole(dte) == LARGE
        dte.ask('AT+MSSLCFG="auth",2,1', "OK")
        dte.ask("AT+MHTTPREQUEST=0,1,0,/large", "OK", '+MHTTPURC: "err",0,4')
        store(dte, "CERT", "other.pem", OTHER.cert_pem.bytes())
        dte.ask('AT+MSSLCFG="cert",2,"other.pem"', "OK")
        dte.ask("AT+MHTTPREQUEST=0,1,0,/large", "OK", '+MHTTPURC: "err",0,4')
        store(dte, "CERT", "ca.pem", CA.cert_pem.bytes())
        dte.ask('AT+MSSLCFG="cert",2,"ca.pem"', "OK")
        dte.ask("AT+MHTTPREQUEST=0,1,0,/chunked", "OK")
        assert whole(dte) == LARGE
        dte.hears(f'+MHTTPURC: "content",0,0,{len(LARGE)},0,')


def test_a_redirect_to_https_turns_tls_on(web_dte: Dte, peers: Peers) -> None:
    listener = peers.tcp()
    with web(context(SERVER)) as server:
        created(web_dte, port_of(listener))
        web_dte.ask("AT+MHTTPREQUEST=0,1,0,/", "OK")
        peer = peers.accept(listener)
        location = b"Location: https://127.0.0.1:%d/large\r\n" % server.server_port
        peer.sendall(b"HTTP/1.1 301 Moved\r\n" + location + b"Content-Length: 0\r\n\r\n")
        assert whole(web_dte) == LARGE


def test_failures(web_dte: Dte, peers: Peers) -> None:
    created(web_dte, port_of(peers.nobody()))
    web_dte.ask("AT+MHTTPREQUEST=0,1,0,/", "OK", '+MHTTPURC: "err",0,2')
    web_dte.ask('AT+MHTTPCREATE="http://nobody.invalid"', "+MHTTPCREATE: 1", "OK")
    web_dte.ask('AT+MHTTPCFG="timeout",1,1', "OK")
    web_dte.ask("AT+MHTTPREQUEST=1,1,0,/", "OK", '+MHTTPURC: "err",1,1')
    created(web_dte, port_of(peers.deaf()), httpid=2)
    web_dte.ask('AT+MHTTPCFG="timeout",2,1', "OK")
    web_dte.ask("AT+MHTTPREQUEST=2,1,0,/", "OK", '+MHTTPURC: "err",2,3')
    listener = peers.tcp()
    created(web_dte, port_of(listener), httpid=3)
    web_dte.ask('AT+MHTTPCFG="timeout",3,0,1', "OK")
    begun = time.monotonic()
    web_dte.ask("AT+MHTTPREQUEST=3,1,0,/", "OK", '+MHTTPURC: "err",3,6')
    assert 0.9 < time.monotonic() - begun < 5
    peers.accept(listener)
    web_dte.ask('AT+MHTTPCFG="ssl",3,1', "OK")
    web_dte.ask("AT+MHTTPREQUEST=3,1,0,/", "OK")
    peers.accept(listener).sendall(b"HTTP/1.1 400 Plain\r\n\r\n")
    web_dte.hears('+MHTTPURC: "err",3,4')
    web_dte.ask('AT+MHTTPCFG="ssl",3,0', "OK")
    web_dte.ask("AT+MHTTPREQUEST=3,1,0,/", "OK")
    peers.accept(listener).close()
    web_dte.hears('+MHTTPURC: "err",3,5')


def test_several_at_once_beside_a_socket(web_dte: Dte, peers: Peers) -> None:
    listener = peers.tcp()
    with web() as server:
        for httpid in range(2):
            created(web_dte, server.server_port, httpid=httpid)
        created(web_dte, port_of(listener), httpid=2)
        web_dte.ask("AT+MHTTPREQUEST=2,1,0,/slow", "OK")
        slow = peers.accept(listener)
        web_dte.ask(f'AT+MIPOPEN=0,"TCP","{IPV4}",{port_of(listener)}', "OK", "+MIPOPEN: 0,0")
        sock = peers.accept(listener)
        slow.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na")
        urcs = answer(web_dte, rb'"content",2,3,1,1,a')
        assert urcs[1] == ("content", 2, (3, 1, 1), b"a")
        sock.sendall(b"hi")
        web_dte.hears('+MIPURC: "rtcp",0,2,hi')
        web_dte.ask("AT+MHTTPREQUEST=0,1,0,/silent", "OK")
        web_dte.ask("AT+MHTTPREQUEST=1,5,0,/", "OK")
        assert answer(web_dte, rb"Content-Length: 0\r\n")[0].kind == "header"
        slow.sendall(b"b")
        web_dte.hears('+MHTTPURC: "content",2,3,2,1,b')
        web_dte.ask("AT+MHTTPTERM", "OK")
        web_dte.ask("AT+MHTTPREQUEST=2,1,0,/again", "OK")
        again = peers.accept(listener)
        again.sendall(b"HTTP/1.1 204 None\r\n\r\n")
        web_dte.reads(b'\r\n+MHTTPURC: "header",2,204,19,HTTP/1.1 204 None\r\n\r\n')


def test_its_faults_its_state_and_its_trace(start: Start, peers: Peers) -> None:
    """By its own index, and those of connections are not meant."""
    listener = peers.tcp()
    started = start("ML307R", "--json", "--control", "127.0.0.1:0", "--fault", "net-refuse httpid=1 times=1")
    ready = json.loads(started.ready)
    with (
        started.awake(ready["port"]) as dte,
        httpx.Client(base_url=ready["control"], timeout=WAIT, trust_env=False) as api,
    ):
        for httpid in (0, 1):
            created(dte, port_of(listener), httpid=httpid)
        dte.ask("AT+MHTTPREQUEST=1,1,0,/", "OK", '+MHTTPURC: "err",1,2')
        dte.ask("AT+MHTTPREQUEST=0,1,0,/", "OK")
        peer = peers.accept(listener)
        assert peer.recv(1000).startswith(b"GET / HTTP/1.1\r\n")
        module = "/v1/modules/ML307R"
        state = api.get(module).json()
        assert [client["state"] for client in state["http_clients"]] == ["running", "idle"]
        assert state["http_clients"][0] | {"state": ""} == {
            "httpid": 0, "host": IPV4, "port": port_of(listener), "state": "", "header": 0, "body": 0, "unread": 0,
        }  # fmt: skip
        entries = api.get(f"{module}/trace", params={"httpid": 0}).json()["entries"]
        assert entries
        assert {entry["httpid"] for entry in entries} == {0}
        armed = api.post(f"{module}/faults", json={"fault": "net-reset httpid=0 operation=receive"})
        assert armed.status_code == 201, armed.text
        peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        dte.hears('+MHTTPURC: "err",0,5')


def test_a_slow_dte_slows_the_server(web_dte: Dte, peers: Peers) -> None:
    """Nobody reads the line: sending to the module blocks, and nothing is lost."""
    listener = peers.tcp()
    created(web_dte, port_of(listener))
    web_dte.ask("AT+MHTTPREQUEST=0,1,0,/", "OK")
    peer = peers.accept(listener)
    size, sent = 8 << 20, 0
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
    peer.settimeout(0.5)
    with suppress(TimeoutError):
        while sent < size:
            sent += peer.send(bytes(65536))
    assert sent < size
    peer.settimeout(None)
    thread = Thread(target=peer.sendall, args=(bytes(size - sent),))
    thread.start()
    try:
        received = web_dte.until(rb'"content",0,%d,%d,\d+,' % (size, size), within=60)
    finally:
        thread.join()
    received += web_dte.count(int(received.rsplit(b",", 2)[1]) + 2)
    assert sum(len(each.data) for each in told(received) if each.kind == "content") == size
