"""Downloads into stored files, and large ones: whole by hash, the memory bounded, whatever else happens."""

from __future__ import annotations

import hashlib
import random
import re
from contextlib import suppress
from pathlib import Path
from threading import Thread

import pytest

from tests.e2e.conftest import Start
from tests.e2e.dte import Dte
from tests.e2e.peers import IPV4, Peers, port_of
from tests.e2e.started import Started
from tests.e2e.test_files import digest, kill
from tests.e2e.test_http import SERVER, created
from tests.e2e.tls_peers import HOST, context
from tests.e2e.webservers import LARGE, web

SIZE, STORE = 50_000_000, str(64 << 20)
HALF = len(LARGE) // 2


def ended(dte: Dte, line: str, within: float = 10) -> bytes:
    """What came up to a line, which is the last."""
    return dte.until(re.escape(f"\r\n{line}\r\n".encode()), within=within)


@pytest.mark.parametrize("path", ["/large", "/chunked", "/moved"])
def test_a_request_into_a_file(start: Start, path: str) -> None:
    with start("ML307R", "--file-store", "2000000").awake() as dte, web() as server:
        created(dte, server.server_port)
        dte.ask(f'AT+MHTTPREQUEST=0,1,0,"{path}","large"', "OK")
        told = ended(dte, f'+MHTTPURC: "download",{len(LARGE)},{len(LARGE)}')
        assert b'"content"' not in told
        digest(dte, "/etc/http_file/large", LARGE)
        dte.alive()


def test_a_download_in_tls(start: Start) -> None:
    with (
        start("ML307R", "--file-store", "2000000", "--route", f"{HOST}={IPV4}").awake() as dte,
        web(context(SERVER)) as server,
    ):
        url = f"https://{HOST}:{server.server_port}/large"
        dte.ask(f'AT+MHTTPDLFILE="{url}","/f"', "+CME ERROR: 655")
        dte.ask(f'AT+MHTTPDLFILE="{url}","/f",,,,2', "OK")
        ended(dte, f"+MHTTPDLFILE: {len(LARGE)},{len(LARGE)},100")
        digest(dte, "/f", LARGE)
        dte.ask('AT+MSSLCFG="auth",2,1', "OK")
        dte.ask(f'AT+MHTTPDLFILE="{url}","/g",,,,2', "OK", '+MHTTPURC: "err",0,4')


def test_a_download_that_broke_off_goes_on_in_another_process(start: Start, tmp_path: Path) -> None:
    nv = ("--nv", str(tmp_path / "nv.json"), "--file-store", "2000000")
    module = start("ML307R", *nv)
    with web() as server:
        url = f"http://{IPV4}:{server.server_port}"
        with module.awake() as dte:
            dte.ask(f'AT+MHTTPDLFILE="{url}/half","/f"', "OK")
            ended(dte, '+MHTTPURC: "err",0,5')
            digest(dte, "/f", LARGE[:HALF])
            kill(module)
        with start("ML307R", *nv).awake() as dte:
            dte.ask(f'AT+MHTTPDLFILE="{url}/large","/f",60000,,1', "OK")
            rest = len(LARGE) - HALF
            told = ended(dte, f"+MHTTPDLFILE: {rest},{rest},100,{len(LARGE)}")
            assert 2 < told.count(b"+MHTTPDLFILE: ") < 10
            digest(dte, "/f", LARGE)
        assert [came.fields.get("Range") for came in server.came] == [None, f"bytes={HALF}-"]


def test_a_process_that_is_killed_in_mid_download(start: Start, tmp_path: Path, peers: Peers) -> None:
    """The file is what it was when the download began."""
    nv = ("--nv", str(tmp_path / "nv.json"))
    module = start("ML307R", *nv)
    listener = peers.tcp()
    with module.awake() as dte:
        dte.ask('AT+MFPUT="/old",2,"ok";+MFPUT="/more",2,"ok"', "+MFPUT: 2", "+MFPUT: 2", "OK")
        for path, eof in (("/old", 0), ("/more", 1)):
            dte.ask(f'AT+MHTTPDLFILE="http://{IPV4}:{port_of(listener)}","{path}",1,,{eof}', "OK")
            peer = peers.accept(listener)
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
            dte.until(rb"Content-Length: 9\r\n\r\n")
            peer.sendall(b"ab")
            dte.hears("+MHTTPDLFILE: 2,9,22")
            if path == "/old":
                dte.ask("AT+MHTTPTERM", "OK")
                dte.ask('AT+MFGET="/old"', "+MFGET: 2,ab", "OK")
        kill(module)
    with start("ML307R", *nv).awake() as dte:
        dte.ask('AT+MFGET="/old"', "+MFGET: 2,ab", "OK")
        dte.ask('AT+MFGET="/more"', "+MFGET: 2,ok", "OK")


def test_a_slow_dte_slows_a_download_into_a_file(start: Start, peers: Peers) -> None:
    """Nobody reads the URCs: sending to the module blocks, and nothing is lost."""
    listener, size = peers.tcp(), 32 << 20
    with start("ML307R", "--file-store", STORE).awake() as dte:
        created(dte, port_of(listener))
        dte.ask('AT+MHTTPREQUEST=0,1,0,"/","/f"', "OK")
        peer = peers.accept(listener)
        data = random.Random(19).randbytes(size)
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        sent = 0
        peer.settimeout(0.5)
        with suppress(TimeoutError):
            while sent < size:
                sent += peer.send(data[sent : sent + 65536])
        assert sent < size
        peer.settimeout(None)
        thread = Thread(target=peer.sendall, args=(data[sent:],))
        thread.start()
        try:
            ended(dte, f'+MHTTPURC: "download",{size},{size}', within=60)
        finally:
            thread.join()
        digest(dte, "/f", data)


def served(peers: Peers, data: bytes) -> tuple[int, Thread]:
    """A server that sends data to whoever comes first: its port, and its thread, which is to be started."""
    listener = peers.tcp()

    def serve() -> None:
        peer = peers.accept(listener)
        peer.settimeout(300)
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(data))
        peer.sendall(data)

    return port_of(listener), Thread(target=serve)


def grown(module: Started, before: int) -> int:
    """The bytes by which a process has grown at most."""
    return (module.status("VmHWM") - before) * 1024


@pytest.mark.slow
def test_a_large_download_in_urcs(start: Start, peers: Peers) -> None:
    data = random.Random(50).randbytes(SIZE)
    port, thread = served(peers, data)
    module = start("ML307R")
    with module.awake() as dte:
        created(dte, port)
        before = module.status("VmHWM")
        thread.start()
        dte.ask('AT+MHTTPREQUEST=0,1,0,"/"', "OK")
        dte.until(rb'"header",0,200,\d+,[^\0]*?\r\n\r\n')
        found, total = hashlib.sha256(), 0
        while total < SIZE:
            head = dte.until(rb'"content",0,%d,\d+,\d+,' % SIZE, within=60)
            total, size = map(int, head.split(b",")[3:5])
            found.update(dte.count(size))
            dte.reads(b"\r\n")
        thread.join()
        assert found.digest() == hashlib.sha256(data).digest()
        assert grown(module, before) < 4_000_000
        dte.alive()


@pytest.mark.slow
def test_a_large_download_into_a_file(start: Start, peers: Peers, tmp_path: Path) -> None:
    data = random.Random(50).randbytes(SIZE)
    port, thread = served(peers, data)
    module = start("ML307R", "--file-store", STORE, "--nv", str(tmp_path / "nv.json"))
    with module.awake() as dte:
        before = module.status("VmHWM")
        thread.start()
        dte.ask(f'AT+MHTTPDLFILE="http://{IPV4}:{port}/","/large",60000', "OK")
        told = ended(dte, f"+MHTTPDLFILE: {SIZE},{SIZE},100", within=120)
        thread.join()
        assert told.count(b"+MHTTPDLFILE: ") > 700
        digest(dte, "/large", data)
        assert grown(module, before) < 1.5 * SIZE
        dte.ask("AT+MFSINFO", f"+MFSINFO: {STORE},{int(STORE) - -(-SIZE // 4096) * 4096}", "OK")
    (kept,) = (tmp_path / "nv.json.files").iterdir()
    assert hashlib.sha256(kept.read_bytes()).digest() == hashlib.sha256(data).digest()
