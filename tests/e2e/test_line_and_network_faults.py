"""Faults of the line and of the network, through a real pty and to real peers on loopback."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial
import trustme

from tests.e2e.conftest import Start
from tests.e2e.dte import Dte
from tests.e2e.peers import Peers, ended, port_of, receive
from tests.e2e.sinks import open_as, payload, pouring
from tests.e2e.started import Started
from tests.e2e.test_connections import bind_udp, connect
from tests.e2e.tls_peers import accepted, context, serving, switch_on

LATE = 0.3


def run_with(start: Start, *faults: str) -> Started:
    return start("ML307R", "--seed", "7", *(word for fault in faults for word in ("--fault", fault)))


def took(began: float) -> float:
    return time.monotonic() - began


# The line.


def test_a_line_that_is_not_perfect(start: Start) -> None:
    module = run_with(
        start,
        "line-drop direction=from-dte contains=CSQ offset=2 count=1 times=1",
        "line-duplicate direction=to-dte contains=CMCC times=1",
        f"line-delay direction=to-dte contains=ML307R seconds={LATE}",
        "line-corrupt direction=from-dte contains=CEREG times=1",
        "line-slice direction=to-dte contains=CPIN size=3 gap=20ms",
    )
    with module.awake() as dte:
        dte.ask("AT+CSQ", "ERROR")
        dte.ask("AT+CSQ", "+CSQ: 20,99", "OK")
        began = time.monotonic()
        dte.ask("AT+CGMM", "ML307R", "OK")
        assert took(began) > LATE
        dte.ask("AT+CGMI", "CMCC", "OK", "CMCC", "OK")
        dte.line("AT+CEREG?")
        wrong = dte.until(rb"(ERROR|CME ERROR: \d+|OK)\r\n")
        assert b"+CEREG: 0,1" not in wrong
        began = time.monotonic()
        dte.ask("AT+CPIN?", "+CPIN: READY", "OK")
        assert took(began) > 6 * 0.02
        dte.alive()


def test_a_line_that_is_stuck(start: Start) -> None:
    with run_with(start, "line-stuck direction=from-dte for_seconds=1 after=2").awake() as dte:
        dte.ask("AT", "OK")
        dte.line("AT")
        assert dte.lull(0.7) == b""
        dte.wake(0.1)
        dte.alive()


def test_noise_before_the_banner(launch: Start) -> None:
    module = launch(
        "ML307G", "--register-time", "0", "--boot-time", "0.4", "--fault", r"line-garbage data='\xff\xfe\x00'"
    )
    module.wait_ready()
    with module.dte(flush=False) as dte:
        dte.reads(b"\xff\xfe\x00\r\n+MATREADY\r\n")
        dte.line("AT+MREBOOT=0")
        dte.until(rb"REBOOTING\r\n")
        dte.reads(b"\xff\xfe\x00\r\n+MATREADY\r\n")


# Connections.


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """A module on which each connection has a fault of its own."""
    faults = (
        f"net-latency connect_id=0 operation=send seconds={LATE} jitter=100ms",
        f"net-latency connect_id=0 operation=receive seconds={LATE}",
        "net-reset connect_id=1 operation=send after=1",
        "net-half-open connect_id=2 operation=send",
        "net-refuse connect_id=3 failure=timed-out",
        "net-close connect_id=4 operation=receive contains=bye",
        "net-loss connect_id=5 operation=send after=1 times=2",
    )
    words = [word for fault in faults for word in ("--fault", fault)]
    folder: Path = tmp_path_factory.mktemp("faults")
    with Started(["ML307R", *words, "--boot-time", "0", "--register-time", "0"], folder / "stderr") as module:
        yield module.wait_ready()


@pytest.fixture
def dte(many: Started) -> Iterator[Dte]:
    with many.awake() as dte:
        yield dte


def test_latency_and_nothing_lost_at_the_end(dte: Dte, peers: Peers) -> None:
    peer = connect(dte, peers, 0)
    began = time.monotonic()
    dte.ask("AT+MIPSEND=0,5,hello", "+MIPSEND: 0,5", "OK")
    dte.ask("AT+MIPSACK=0", "+MIPSACK: 5,0,5,0", "OK")
    assert took(began) < LATE
    assert receive(peer, 5) == b"hello"
    assert took(began) > LATE
    began = time.monotonic()
    peer.sendall(b"world")
    dte.hears('+MIPURC: "rtcp",0,5,world')
    assert took(began) > LATE
    dte.ask("AT+MIPSEND=0,4,tail", "+MIPSEND: 0,4", "OK")
    dte.line("AT+MIPCLOSE=0")
    assert receive(peer, 99) == b"tail"
    peer.close()
    dte.hears("OK", "+MIPCLOSE: 0")


def test_a_reset_that_both_see(dte: Dte, peers: Peers) -> None:
    peer = connect(dte, peers, 1)
    dte.ask("AT+MIPSEND=1,3,one", "+MIPSEND: 1,3", "OK")
    dte.line("AT+MIPSEND=1,3,two")
    assert b"OK" not in dte.until(rb'\+MIPURC: "disconn",1,2\r\n')
    assert receive(peer, 3) == b"one"
    assert ended(peer) == "RST"
    dte.ask("AT+MIPSTATE=1", '+MIPSTATE: 1,,,,"INITIAL"', "OK")


def test_a_peer_that_vanishes(dte: Dte, peers: Peers) -> None:
    peer = connect(dte, peers, 2)
    dte.ask("AT+MIPSEND=2,3,one", "+MIPSEND: 2,3", "OK")
    peer.sendall(b"nobody hears")
    assert dte.lull() == b""
    dte.ask("AT+MIPSACK=2", "+MIPSACK: 3,0,3,0", "OK")
    state = f'+MIPSTATE: 2,"TCP","127.0.0.1",{peer.getsockname()[1]},"CONNECTED"'
    dte.ask("AT+MIPSTATE=2", state, "OK")
    dte.line("AT+MREBOOT")
    dte.until(rb"\r\nREBOOTING\r\n")
    assert ended(peer) == "RST"


def test_a_connection_that_cannot_be_opened(dte: Dte, peers: Peers) -> None:
    port = port_of(peers.tcp())
    dte.ask(f'AT+MIPOPEN=3,"TCP","127.0.0.1",{port}', "OK", "+MIPOPEN: 3,558")


def test_a_peer_that_closes(dte: Dte, peers: Peers) -> None:
    peer = connect(dte, peers, 4)
    peer.sendall(b"hello")
    dte.hears('+MIPURC: "rtcp",4,5,hello')
    peer.sendall(b"good bye")
    dte.hears('+MIPURC: "rtcp",4,8,good bye', '+MIPURC: "disconn",4,1')


def test_datagrams_that_are_lost(dte: Dte, peers: Peers) -> None:
    peer = bind_udp(dte, peers, 5)
    for number in range(4):
        dte.ask(f"AT+MIPSEND=5,1,{number}", "+MIPSEND: 5,1", "OK")
    assert [peer.recv(9) for _ in range(2)] == [b"2", b"3"]


def test_bulk_over_a_slow_way(start: Start, peers: Peers) -> None:
    """Every byte, both ways at once, no faster than the way is."""
    with run_with(start, "net-bandwidth rate=200000", "net-latency seconds=20ms jitter=30ms").awake() as dte:
        peer = open_as(dte, peers, 1)
        data = payload(100_000)
        began = time.monotonic()
        with pouring(dte, data):
            peer.sendall(data)
            assert dte.count(len(data)) == data
            assert receive(peer, len(data)) == data
        assert took(began) > 0.45


def test_tls_is_late_too(start: Start, peers: Peers) -> None:
    server = trustme.CA().issue_cert("127.0.0.1")
    faults = (f"net-latency operation=send seconds={LATE}", "net-reset operation=receive after=1")
    with run_with(start, *faults).awake() as dte, serving(peers, context(server)) as (port, served):
        switch_on(dte)
        dte.ask(f'AT+MIPOPEN=0,"TCP","127.0.0.1",{port}', "OK", "+MIPOPEN: 0,0")
        peer = accepted(served)
        began = time.monotonic()
        dte.ask("AT+MIPSEND=0,5,hello", "+MIPSEND: 0,5", "OK")
        assert peer.recv(99) == b"hello"
        assert took(began) > LATE
        peer.sendall(b"one")
        dte.hears('+MIPURC: "rtcp",0,3,one')
        peer.sendall(b"two")
        dte.hears('+MIPURC: "disconn",0,2')


# Names, echo requests and the time.


def test_services(start: Start) -> None:
    faults = (
        "dns-fail host=gone.example.com",
        "dns-wrong host=moved.* address=192.0.2.9",
        f"dns-delay host=slow.* seconds={LATE}",
        "ping-loss times=1",
        "time-fail failure=unusable times=1",
    )
    words = [word for fault in faults for word in ("--fault", fault)]
    with start("ML307R", "--sandbox", *words).awake() as dte:
        dte.line('AT+MDNSGIP="gone.example.com"')
        assert b"192" not in dte.until(rb"\+MDNSGIP: [^\r]*\r\n")
        dte.ask('AT+MDNSGIP="moved.example.com"', "OK", '+MDNSGIP: "moved.example.com","192.0.2.9"')
        began = time.monotonic()
        dte.line('AT+MDNSGIP="slow.example.com"')
        dte.until(rb'\+MDNSGIP: "slow.example.com","[^\r]*\r\n')
        assert took(began) > LATE
        dte.ask('AT+MIPOPEN=0,"TCP","gone.example.com",7', "OK")
        assert dte.until(rb"\+MIPOPEN: 0,\d+\r\n") != b"\r\n+MIPOPEN: 0,0\r\n"
        dte.ask('AT+MPING="192.0.2.1",1,2', "OK", "+MPING: 4")
        dte.hears('+MPING: 0,"192.0.2.1",16,30,64', '+MPING: "statistics",2,1,30,30,30')
        dte.line("AT+MNTP")
        assert b"+MNTP: 0" not in dte.until(rb"\+MNTP: [^\r]*\r\n")


def test_the_port_stays_a_port(start: Start) -> None:
    """Opened again and again while what is late is on its way."""
    module = run_with(start, "line-delay seconds=50ms", "line-slice size=5 gap=1ms")
    for _ in range(5):
        with serial.Serial(module.port, 115200, timeout=5) as port:
            port.write(b"AT\r")
            port.read(1)
    with module.dte() as dte:
        dte.wake()
        dte.lull()
        dte.alive()
