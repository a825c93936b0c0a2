"""AT+MREBOOT: a new boot cycle on the same port."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import Start
from tests.e2e.dte import Dte
from tests.e2e.peers import Peers, ended, port_of
from tests.e2e.started import Started
from tests.e2e.test_connections import connect


@pytest.fixture
def module(start: Start) -> Started:
    """One that says +MATREADY by itself."""
    return start("ML305U")


def test_the_peer_sees_the_end_and_the_dte_nothing(dte: Dte, peers: Peers) -> None:
    dte.ask('AT+MIPCFG="encoding",0,1,1;+MIPTKA=0,1,40', "OK")
    ends = [connect(dte, peers, instance) for instance in range(6)]
    dte.ask("AT+MREBOOT=0", "OK", "REBOOTING")
    for end in ends:
        assert ended(end) in ("RST", "FIN")
    dte.hears("+MATREADY")
    dte.ask("AT+MIPSTATE=0", '+MIPSTATE: 0,,,,"INITIAL"', "OK")
    dte.ask('AT+MIPCFG="encoding",0;+MIPTKA=0', '+MIPCFG: "encoding",0,0,0', "+MIPTKA: 0,0", "OK")
    dte.alive()


def test_in_the_middle_of_everything(module: Started, dte: Dte, peers: Peers) -> None:
    """Connecting, closing, lost and kept, datagrams, a local port: all of it is gone."""
    local, listener = peers.local_port(), peers.tcp()
    again = f'AT+MIPOPEN=0,"TCP","127.0.0.1",{port_of(listener)},60,0,{local}'
    descriptors = module.descriptors()
    for _ in range(5):
        dte.ask(again, "OK", "+MIPOPEN: 0,0")
        dte.ask(f'AT+MIPOPEN=1,"TCP","127.0.0.1",{port_of(peers.deaf())}', "OK")
        closing = connect(dte, peers, 2)
        dte.ask("AT+MIPCLOSE=2", "OK")
        dte.ask('AT+MIPCFG="autofree",3,1', "OK")
        connect(dte, peers, 3).close()
        dte.hears('+MIPURC: "disconn",3,1')
        dte.ask(f'AT+MIPOPEN=4,"UDP","127.0.0.1",{port_of(peers.udp())}', "OK", "+MIPOPEN: 4,0")
        dte.ask("AT+MREBOOT", "OK", "REBOOTING")
        assert ended(closing) == "FIN"
        assert ended(peers.accept(listener)) in ("RST", "FIN")
        states = [f'+MIPSTATE: {instance},,,,"INITIAL"' for instance in range(6)]
        dte.hears("+MATREADY")
        dte.ask("AT+MIPSTATE?", *states, "OK")
        assert module.descriptors() == descriptors
    dte.alive()


def test_many_times(module: Started, dte: Dte, peers: Peers) -> None:
    before = module.status("VmRSS")
    for _ in range(100):
        connect(dte, peers)
        dte.ask("AT+MREBOOT", "OK", "REBOOTING", "+MATREADY")
        dte.alive()
    assert module.status("VmRSS") - before < 2048


@pytest.mark.parametrize(("model", "echoes"), [("ML305U", False), ("MN318", True)])
def test_input_during_the_boot_is_lost(launch: Start, model: str, echoes: bool) -> None:
    with launch(model).wait_ready().awake() as dte:
        dte.ask("AT+MREBOOT", "OK", "REBOOTING")
        dte.write(b"AT\rAT+CGMM\r")
        dte.hears("+MATREADY")
        dte.write(b"AT\r")
        dte.reads(b"AT\r\r\nOK\r\n" if echoes else b"\r\nOK\r\n")


def test_input_before_the_first_boot_is_held(launch: Start, tmp_path: Path) -> None:
    module = launch("MN318", "--boot-time", "1.5", "--link", str(tmp_path / "port"))
    module.wait_link(tmp_path / "port")
    with module.dte(str(tmp_path / "port")) as dte:
        dte.write(b"AT\r")
        dte.reads(b"\r\n+MATREADY\r\nAT\r\r\nOK\r\n")
    module.wait_ready()


@pytest.mark.parametrize("wake", [b"AT\r", b"\r\nAT\r\n", b"nonsense\rAT\r"])
def test_auto_baud_says_the_banner_with_the_first_answer(start: Start, wake: bytes) -> None:
    with start("ML307R").dte() as dte:
        dte.write(wake)
        dte.reads(b"\r\n+MATREADY\r\n" + b"\r\nERROR\r\n" * (b"nonsense" in wake) + b"\r\nOK\r\n")
        dte.ask("AT+MREBOOT", "OK", "REBOOTING")
        assert dte.lull() == b"", "no banner by itself"
        dte.ask("AT", "+MATREADY", "OK")


def test_what_follows_in_the_same_burst_is_lost(dte: Dte) -> None:
    dte.write(b"AT+MREBOOT\rAT+CGMM\r")
    dte.hears("OK", "REBOOTING", "+MATREADY")
    dte.alive()
