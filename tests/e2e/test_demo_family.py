"""A family that stands in its own folder alone, in the real command: its connection, its faults, its NV, its state."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.e2e.dte import WAIT
from tests.e2e.peers import Peers, port_of
from tests.e2e.started import AT_ONCE, Started

Run = Callable[..., Started]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Starts the command with the family, and waits for its ready line: ``run("ML307R", "--json")``."""
    with ExitStack() as stack:
        count = 0

        def go(*arguments: str) -> Started:
            nonlocal count
            count += 1
            errors = tmp_path / f"stderr-{count}"
            program = Started([*arguments, *AT_ONCE], errors, measured=True, program="tests.support.demo")
            return stack.enter_context(program).wait_ready()

        yield go


def test_a_connection_of_its_own(run: Run, peers: Peers) -> None:
    listener = peers.tcp()
    with run("ML307R").awake() as dte:
        dte.ask('AT+MDEMOCREATE="a"', "+MDEMOCREATE: 0", "OK")
        dte.ask(f'AT+MDEMOOPEN=0,"127.0.0.1",{port_of(listener)}', "OK", "+MDEMOOPEN: 0,0")
        peer = peers.accept(listener)
        dte.line("AT+MDEMOSEND=0,5")
        dte.reads(b"\r\n>")
        dte.write(b"hello")
        dte.hears("+MDEMOSEND: 0,5", "OK")
        assert peer.recv(9) == b"hello"
        peer.sendall(b"abcdef")
        dte.hears('+MDEMOURC: "data",0,4,4,abcd', '+MDEMOURC: "data",0,2,6,ef')
        dte.ask("AT+MDEMOCLOSE=0", "OK", "+MDEMOCLOSE: 0")
        assert peer.recv(9) == b""
        dte.ask(f'AT+MDEMOOPEN=0,"127.0.0.1",{port_of(peers.nobody())}', "OK", "+MDEMOOPEN: 0,1")


@pytest.mark.parametrize("model", ["ML307R", "MN316"])
def test_another_process_has_what_was_kept(run: Run, tmp_path: Path, model: str) -> None:
    nv = ("--nv", str(tmp_path / "nv.json"))
    first = run(model, *nv)
    with first.awake() as dte:
        dte.ask('AT+MDEMOCREATE="a"', "+MDEMOCREATE: 0", "OK")
        dte.ask('AT+MDEMOCREATE="b"', "+MDEMOCREATE: 1", "OK")
        dte.ask('AT+MDEMOCFG="colour",1,3;+MDEMODEL=0', "OK")
    first.signal(15)
    with run(model, *nv).dte(flush=False) as dte:
        dte.line("ATE0")
        dte.until(rb"\+MDEMOREADY: 1\r\n")
        dte.lull()
        dte.ask("AT+MDEMOLIST?", '+MDEMOLIST: 1,"b","unused"', "OK")
        dte.ask('AT+MDEMOCFG="colour"', '+MDEMOCFG: "colour",1,3', "OK")


def test_its_faults_its_state_and_its_journal(run: Run, peers: Peers) -> None:
    """By its own index, and those of sockets are not meant."""
    listener = peers.tcp()
    drop, answer = "urc-drop urc=data demoid=1", "command-answer command=MDEMOLIST demoid=1 cms=902"
    started = run("ML307R", "--json", "--control", "127.0.0.1:0", "--fault", drop, "--fault", answer)
    told = json.loads(started.ready)
    with (
        started.awake(told["port"]) as dte,
        httpx.Client(base_url=told["control"], timeout=WAIT, trust_env=False) as api,
    ):
        for demoid in (0, 1):
            dte.ask(f'AT+MDEMOCREATE="c{demoid}"', f"+MDEMOCREATE: {demoid}", "OK")
            dte.ask(f'AT+MDEMOOPEN={demoid},"127.0.0.1",{port_of(listener)}', "OK", f"+MDEMOOPEN: {demoid},0")
        first, second = peers.accept(listener), peers.accept(listener)
        second.sendall(b"lost")
        first.sendall(b"told")
        dte.hears('+MDEMOURC: "data",0,4,4,told')
        dte.ask("AT+MDEMOLIST=1", "+CMS ERROR: 902")
        dte.ask("AT+MDEMOLIST=0", '+MDEMOLIST: 0,"c0","connected"', "OK")
        module = "/v1/modules/ML307R"
        state = api.get(module).json()
        assert state["demo_clients"][0] == {
            "demoid": 0, "name": "c0", "state": "connected", "sent": 0, "received": 4,
        }  # fmt: skip
        assert state["settings"]["MDEMOCFG"]["colour"]["3"] == {"colour": 7}
        entries = api.get(f"{module}/trace", params={"demoid": 0}).json()["entries"]
        assert entries
        assert {entry["demoid"] for entry in entries} == {0}
        armed = api.post(f"{module}/faults", json={"fault": "net-reset demoid=1 operation=receive"})
        assert armed.status_code == 201, armed.text
        first.sendall(b"on")
        dte.hears('+MDEMOURC: "data",0,2,6,on')
        second.sendall(b"over")
        dte.hears('+MDEMOURC: "lost",1')
        refused = api.post(f"{module}/faults", json={"fault": "net-reset demoid=4"})
        assert refused.status_code == 422
        assert "demoid is 0-3, not 4" in refused.text
