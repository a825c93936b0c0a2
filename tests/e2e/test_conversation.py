"""Whole conversations with a server, for one model of each family: what firmware does first."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import MODELS, Lend
from tests.e2e.peers import IPV4, IPV6, Peers, ended, port_of

NB = ("MN316", "MN319", "MN318")
HOSTS = pytest.mark.parametrize("host", [IPV4, IPV6])
EVERY_MODEL = pytest.mark.parametrize("model", MODELS)


@EVERY_MODEL
@HOSTS
def test_tcp(lend: Lend, peers: Peers, model: str, host: str) -> None:
    port = peers.echo().port("TCP", host)
    with lend(model) as dte:
        dte.ask(f'AT+MIPOPEN=1,"TCP","{host}",{port},60,0', "OK", "+MIPOPEN: 1,0")
        dte.ask("AT+MIPSTATE=1", f'+MIPSTATE: 1,"TCP","{host}",{port},"CONNECTED"', "OK")
        dte.ask("AT+MIPSEND=1,5,hello", "+MIPSEND: 1,5", "OK", '+MIPURC: "rtcp",1,5,hello')
        dte.ask('AT+MIPSEND=1,0,"a,b;c"', "+MIPSEND: 1,5", "OK", '+MIPURC: "rtcp",1,5,a,b;c')
        dte.ask('AT+MIPCFG="encoding",1,1,1', "OK")
        dte.ask('AT+MIPSEND=1,5,"000D0aFfc3"', "+MIPSEND: 1,5", "OK", '+MIPURC: "rtcp",1,5,000D0AFFC3')
        dte.ask('AT+MIPCFG="encoding",1,2,0', "OK")
        dte.ask(r'AT+MIPSEND=1,,"\"\x41\102\\"', "+MIPSEND: 1,4", "OK", '+MIPURC: "rtcp",1,4,"AB\\')
        dte.ask('AT+MIPOPEN=1,"TCP","127.0.0.1",9', "+CME ERROR: 552")
        dte.ask("AT+MIPCLOSE=1", "OK", "+MIPCLOSE: 1,0" if model == "ML307G" else "+MIPCLOSE: 1", within=15)
        dte.ask("AT+MIPSTATE=1", '+MIPSTATE: 1,,,,"INITIAL"', "OK")
        dte.ask("AT+MIPSEND=1,1,a", "+CME ERROR: 550")
        dte.ask("AT+MIPCLOSE=1", "+CME ERROR: 551")


@EVERY_MODEL
@HOSTS
def test_udp(lend: Lend, peers: Peers, model: str, host: str) -> None:
    port = peers.echo().port("UDP", host)
    with lend(model) as dte:
        dte.ask(f'AT+MIPOPEN=0,"UDP","{host}",{port}', "OK", "+MIPOPEN: 0,0")
        dte.ask("AT+MIPSTATE=0", f'+MIPSTATE: 0,"UDP","{host}",{port},"CONNECTED"', "OK")
        dte.ask("AT+MIPSEND=0,5,hello", "+MIPSEND: 0,5", "OK", '+MIPURC: "rudp",0,5,hello')
        if model in NB:
            dte.ask("AT+MIPSEND=0,3,abc,0,7", "+MIPSEND: 0,3", "OK", '+MIPURC: "seq",0,7,0', '+MIPURC: "rudp",0,3,abc')
        else:
            dte.ask("AT+MIPSEND=0,3,abc,0,7", "+CME ERROR: 50")
        if model == "MN319":
            dte.ask("AT+MIPSEND=0,0", "+MIPSEND: 0,0", "OK", '+MIPURC: "rudp",0,0,')
        elif model in NB:
            dte.ask("AT+MIPSEND=0,0", "+CME ERROR: 50")
        dte.ask("AT+MIPCLOSE=0", "OK", "+MIPCLOSE: 0")
        dte.alive()


@EVERY_MODEL
def test_what_cannot_be_opened(lend: Lend, peers: Peers, model: str) -> None:
    def fails_with(result: int) -> tuple[str, str]:
        return "OK", f"+MIPOPEN: 0,{1 if model in NB else result}"

    taken_port = port_of(peers.tcp())
    with lend(model) as dte:
        for host in (IPV4, IPV6):
            dte.ask(f'AT+MIPOPEN=0,"TCP","{host}",{port_of(peers.nobody(host))}', *fails_with(557))
        for malformed in ("1.2.3", "256.0.0.1", ":::1", "fe80::1%lo", "a b", "x..y"):
            dte.ask(f'AT+MIPOPEN=0,"TCP","{malformed}",80', *fails_with(580))
        dte.ask(f'AT+MIPOPEN=0,"TCP","127.0.0.1",80,60,0,{taken_port}', *fails_with(576))
        dte.ask("AT+MIPSTATE=0", '+MIPSTATE: 0,,,,"INITIAL"', "OK")
        dte.ask('AT+MIPOPEN=0,"UDP","127.0.0.1",80,60,2', "+CME ERROR: 50")
        dte.ask('AT+MIPOPEN=0,"TCP","127.0.0.1",80,60,3', "+CME ERROR: 50")
        if model in NB:
            dte.ask('AT+MIPOPEN=0,"TCP","127.0.0.1",80,60,1', "+CME ERROR: 50")


@pytest.mark.parametrize(
    ("model", "end", "again"),
    [
        ("MN316", "FIN", "+MIPOPEN: 0,1"),
        ("MN319", "FIN", "+MIPOPEN: 0,1"),
        ("MN318", "RST", "+MIPOPEN: 0,0"),
        ("ML307R", "FIN", "+MIPOPEN: 0,0"),
        ("ML305U", "FIN", "+MIPOPEN: 0,0"),
    ],
)
def test_each_model_closes_in_its_own_way(lend: Lend, peers: Peers, model: str, end: str, again: str) -> None:
    listener, port = peers.tcp(), peers.local_port()
    with lend(model) as dte:
        command = f'AT+MIPOPEN=0,"TCP","127.0.0.1",{port_of(listener)},60,0,{port}'
        dte.ask(command, "OK", "+MIPOPEN: 0,0")
        peer = peers.accept(listener)
        assert peer.getpeername()[1] == port
        dte.ask("AT+MIPCLOSE=0", "OK")
        assert ended(peer) == end
        peer.close()
        dte.hears("+MIPCLOSE: 0")
        dte.ask(command, "OK", again)


@pytest.mark.parametrize(
    ("mode", "end", "answer", "again"),
    [
        (0, "FIN", "+MIPCLOSE: 5,0", 0),
        (1, "FIN", "+MIPCLOSE: 5", 0),
        (2, "FIN", "+MIPCLOSE: 5,0", 576),
        (3, "RST", "+MIPCLOSE: 5,0", 0),
    ],
)
def test_the_modes_of_closing(lend: Lend, peers: Peers, mode: int, end: str, answer: str, again: int) -> None:
    listener, port = peers.tcp(), peers.local_port()
    with lend("ML307G") as dte:
        command = f'AT+MIPOPEN=5,"TCP","127.0.0.1",{port_of(listener)},60,0,{port}'
        dte.ask(command, "OK", "+MIPOPEN: 5,0")
        peer = peers.accept(listener)
        dte.ask(f"AT+MIPCLOSE=5,{mode}", "OK")
        assert ended(peer) == end
        peer.close()
        dte.hears(answer)
        dte.ask(command, "OK", f"+MIPOPEN: 5,{again}")
