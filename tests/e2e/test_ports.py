"""A module with two AT lines, each with a DTE of its own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from onemo.cli.main import app

from tests.e2e.conftest import Start
from tests.e2e.dte import WAIT, Dte
from tests.e2e.peers import Peers, port_of, receive
from tests.e2e.sinks import MEGABYTE
from tests.e2e.started import AT_ONCE, Started
from tests.e2e.test_connections import connect
from tests.e2e.test_slow_dte import few_buffers, meanwhile, sending, stuff


@pytest.fixture
def second(tmp_path: Path) -> Path:
    """The path of the second line."""
    return tmp_path / "second"


@pytest.fixture
def module(start: Start, second: Path) -> Started:
    return start("ML307R", "--port", str(second))


@pytest.fixture
def dtes(module: Started, second: Path) -> Iterator[tuple[Dte, Dte]]:
    with module.awake() as one, module.awake(str(second)) as other:
        yield one, other


def online(dte: Dte, peers: Peers, connect_id: int = 0) -> socket.socket:
    """A transparent connection; returns the peer."""
    listener = peers.tcp()
    dte.ask(f'AT+MIPOPEN={connect_id},"TCP","127.0.0.1",{port_of(listener)},,1', "OK", "CONNECT")
    return peers.accept(listener)


# What is told of them.


def test_the_ready_line_names_all_ports(launch: Start, tmp_path: Path) -> None:
    links = [tmp_path / name for name in ("one", "two", "three")]
    arguments = ["--link", str(links[0]), "--port", str(links[1]), "--port", str(links[2])]
    with launch("MN316", *arguments, "--pty-mode", "600", *AT_ONCE).wait_ready() as module:
        ports = [os.readlink(link) for link in links]
        assert (
            module.ready
            == f"MN316 ready on {ports[0]} ({links[0]}) and {ports[1]} ({links[1]}) and {ports[2]} ({links[2]})"
        )
        assert {stat.S_IMODE(os.stat(port).st_mode) for port in ports} == {0o600}
    assert not any(link.is_symlink() for link in links)


def test_json_and_the_ready_file_name_them_too(launch: Start, second: Path, tmp_path: Path) -> None:
    file = tmp_path / "ready"
    with launch("MN316", "--port", str(second), "--json", "--ready-file", str(file), *AT_ONCE).wait_ready() as module:
        ready = json.loads(module.ready)
        assert ready["ports"] == [ready["port"], os.readlink(second)]
        assert json.loads(file.read_text()) == ready


def test_beside_another_line_than_a_pty(start: Start, second: Path) -> None:
    module = start("ML305U", "--tcp", "127.0.0.1:0", "--port", str(second), "--pty-mode", "640")
    assert stat.S_IMODE(second.stat().st_mode) == 0o640
    with module.awake(str(second)) as dte:
        dte.ask("AT+CMEE?", "+CMEE: 1", "OK")


def test_a_taken_port_starts_nothing(start: Start, launch: Start, second: Path, tmp_path: Path) -> None:
    start("MN316", "--port", str(second))
    other = launch("MN316", "--link", str(tmp_path / "link"), "--port", str(second))
    assert other.wait() == 2
    assert f"{second} belongs to a running emulator: stop that one or choose another path" in other.stderr()
    assert not (tmp_path / "link").is_symlink()
    other.process.returncode = 0  # as it should be


def test_a_lab(tmp_path: Path) -> None:
    (tmp_path / "lab.toml").write_text(
        '[[module]]\nname = "m{n}"\ncount = 2\nlink = "m{n}"\nports = ["{n}-a", "{n}-b"]\nboot_time = 0'
    )
    with Started([str(tmp_path / "lab.toml")], tmp_path / "stderr", command="lab") as lab:
        told = [json.loads(lab.wait_ready().ready) for _ in range(3)]
        for module in sorted(told[:2], key=lambda line: str(line["name"])):
            number = module["name"][1:]
            assert module["ports"] == [
                os.readlink(tmp_path / name) for name in (f"m{number}", f"{number}-a", f"{number}-b")
            ]
        with lab.awake(str(tmp_path / "2-b")) as dte:
            dte.alive()
    assert sorted(os.listdir(tmp_path)) == ["lab.toml", "stderr"]


def test_the_control(launch: Start, second: Path) -> None:
    module = launch("ML305U", "--port", str(second), "--control", "127.0.0.1:0", "--json", *AT_ONCE).wait_ready()
    ready = json.loads(module.ready)
    with (
        module.awake(ready["port"]) as one,
        module.awake(str(second)) as other,
        httpx.Client(base_url=ready["control"], timeout=WAIT, trust_env=False) as api,
    ):
        one.ask("AT+CMEE=2", "OK")
        other.ask("AT+CMEE=0;+CSQ", "+CSQ: 20,99", "OK")
        state = api.get("/v1/modules/ML305U").json()
        assert (state["port"], state["ports"]) == (ready["port"], ready["ports"])
        assert state["settings"]["CMEE"] == {"n": 2}, "those of the first console"
        entries = api.get("/v1/modules/ML305U/trace", params={"console": 1, "command": "CSQ"}).json()["entries"]
        assert [(entry["console"], entry["data"]) for entry in entries] == [(1, "AT+CMEE=0;+CSQ")]
        entries = api.get("/v1/modules/ML305U/trace", params={"console": 0, "side": "dte"}).json()["entries"]
        assert entries[-1]["data"] == "AT+CMEE=2"
        assert not any("console" in entry for entry in entries)
        with contextlib.redirect_stdout(io.StringIO()) as said:
            assert (
                app(["ctl", "trace", "--console", "1", "--control", ready["control"]], result_action="return_value")
                == 0
            )
        told = [line.split(maxsplit=1)[1].partition("  (")[0] for line in said.getvalue().splitlines()]
        assert told[-3:] == ["1> AT+CMEE=0;+CSQ", "1< +CSQ: 20,99", "1< OK"]


def test_the_trace_and_the_live_view(launch: Start, second: Path, tmp_path: Path) -> None:
    file = tmp_path / "trace"
    module = launch("ML305U", "--port", str(second), "--trace", str(file), "-v", *AT_ONCE).wait_ready()
    with module.awake(str(second)) as dte:
        dte.ask("AT+CSQ", "+CSQ: 20,99", "OK")
    module.signal(signal.SIGTERM)
    entries = [json.loads(line) for line in file.read_text().splitlines()]
    assert [entry.get("console") for entry in entries if entry.get("data") == "AT+CSQ\r"] == [1]
    assert " 1> AT+CSQ\n" in module.stderr()
    assert " 1< +CSQ: 20,99\n" in module.stderr()


# Two at a time.


def test_both_ask_at_once(dtes: tuple[Dte, Dte]) -> None:
    one, other = dtes
    with meanwhile(one.serial.write, b"AT+MIPSTATE=0\r" * 500), meanwhile(other.serial.write, b"AT+CGMM\r" * 500):
        other.reads(b"\r\nML307R\r\n\r\nOK\r\n" * 500)
        one.reads(b'\r\n+MIPSTATE: 0,,,,"INITIAL"\r\n\r\nOK\r\n' * 500)


def test_bulk_on_one_while_the_other_answers(dtes: tuple[Dte, Dte], peers: Peers) -> None:
    one, other = dtes
    peer = online(other, peers)
    up, down = random.Random(1).randbytes(2 * MEGABYTE), random.Random(2).randbytes(2 * MEGABYTE)
    with meanwhile(other.serial.write, up), sending(peer, down):
        answered = 0
        received, heard = bytearray(), bytearray()
        while len(heard) < len(down) or len(received) < len(up):
            one.ask("AT+MIPSTATE=0", f'+MIPSTATE: 0,"TCP","127.0.0.1",{peer.getsockname()[1]},"CONNECTED"', "OK")
            answered += 1
            received += receive(peer, min(100_000, len(up) - len(received)))
            heard += other.count(min(100_000, len(down) - len(heard)), within=4 * WAIT)
    assert (bytes(received), bytes(heard)) == (up, down)
    assert answered >= 20


def test_a_transparent_connection_on_each(dtes: tuple[Dte, Dte], peers: Peers) -> None:
    ends = [online(dte, peers, number) for number, dte in enumerate(dtes)]
    for dte, peer, data in zip(dtes, ends, (b"one", b"other"), strict=True):
        dte.write(data)
        assert receive(peer, len(data)) == data
        peer.sendall(data[::-1])
        dte.reads(data[::-1])
    ends[0].close()
    dtes[0].hears('+MIPURC: "disconn",0,1')
    dtes[1].write(b"still there")
    assert receive(ends[1], 11) == b"still there"


def test_who_does_not_read_holds_up_nobody_else(dtes: tuple[Dte, Dte], peers: Peers) -> None:
    one, other = dtes
    peer = few_buffers(online(other, peers))
    data = random.Random(1).randbytes(3 * MEGABYTE)
    sent = stuff(peer, data)
    assert sent < len(data), "the peer was to be held back"
    few = few_buffers(connect(one, peers, 1))
    few.sendall(b"hello")
    one.hears('+MIPURC: "rtcp",1,5,hello')
    for _ in range(100):
        one.ask("AT", "OK")
    with sending(peer, data[sent:]):
        assert other.count(len(data), within=4 * WAIT) == data


def test_urcs_that_nobody_reads_hold_up_nobody_else(dtes: tuple[Dte, Dte], peers: Peers) -> None:
    """The first console is one for URCs alone, and is not read for a while."""
    one, other = dtes
    peer = few_buffers(connect(other, peers))
    data = b"x" * (2 * MEGABYTE)
    sent = stuff(peer, data)
    assert sent < len(data)
    bulk = online(other, peers, 1)
    with sending(bulk, data):
        assert other.count(len(data), within=4 * WAIT) == data
    with sending(peer, data[sent:]):
        assert one.payload(len(data), within=4 * WAIT) == data


def test_faults_are_of_both(launch: Start, second: Path, tmp_path: Path) -> None:
    faults = ["--fault", "command-answer command=CSQ cme=3 times=2", "--fault", "urc-duplicate urc=MIPOPEN times=1"]
    module = launch("ML305U", "--sandbox", "--port", str(second), *faults, *AT_ONCE).wait_ready()
    with module.awake() as one, module.awake(str(second)) as other:
        for dte in (other, one):
            dte.ask("AT+CSQ", "+CME ERROR: 3")
        other.ask('AT+MIPOPEN=0,"TCP","www.example.com",7', "OK", "+MIPOPEN: 0,0", "+MIPOPEN: 0,0")
        one.alive()


def test_a_restart_from_the_second(start: Start, second: Path) -> None:
    module = start("ML305U", "--port", str(second))
    with module.awake() as one, module.awake(str(second)) as other:
        other.ask("AT+MREBOOT", "OK", "REBOOTING", "+MATREADY")
        one.hears("+MATREADY")
        for dte in (one, other):
            dte.ask("ATE0", "OK")
            dte.alive()


def test_a_dte_comes_and_goes_on_each(module: Started, second: Path) -> None:
    for port in (module.port, str(second), module.port, str(second)):
        with module.awake(port) as dte:
            dte.alive()
