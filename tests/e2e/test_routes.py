"""``--route``, ``--deny`` and ``--offline``: where the firmware's traffic really goes."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.e2e.dte import Dte
from tests.e2e.peers import Echo, Peers, port_of
from tests.e2e.servers import Server, names, noon
from tests.e2e.sinks import running, shared
from tests.e2e.started import Started

ADDRESS = "120.27.12.119"
"""One of production, burnt into the firmware."""
NAME_SERVER = "198.51.100.53"
ZONE = {
    "burnt.test": {"A": ADDRESS},
    "real.test": {"A": "192.0.2.77"},
    "both.test": {"A": "192.0.2.1 192.0.2.2", "AAAA": "2001:db8:1::1"},
}


class World(NamedTuple):
    """Servers on loopback, and the module whose routes lead there."""

    module: Started
    echo: Echo
    other: Echo
    name_server: Server
    time_server: Server


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with ExitStack() as stack:
        peers = Peers(stack)
        echo, other = peers.echo(), peers.echo()
        name_server = stack.enter_context(Server(names(ZONE)))
        time_server = stack.enter_context(Server(noon))
        tcp, udp = echo.port("TCP", "127.0.0.1"), echo.port("UDP", "127.0.0.1")
        routes = [
            f"first.example.com:443=127.0.0.1:{other.port('TCP', '127.0.0.1')}",
            f"*.example.com:443=127.0.0.1:{tcp}",
            f"*.example.com:5683=127.0.0.1:{udp}",
            "*.example.com=127.0.0.1:1",
            f"{ADDRESS}:2040=127.0.0.1:{tcp}",
            f"{ADDRESS}:2041=127.0.0.1:{udp}",
            f"[2001:db8:1::*]:80=[::1]:{echo.port('TCP', '::1')}",
            "10.9.9.9=127.0.0.1",
            f"{NAME_SERVER}:53=127.0.0.1:{name_server.port}",
            f"ntp1.aliyun.com:123=127.0.0.1:{time_server.port}",
        ]
        arguments = [argument for route in routes for argument in ("--route", route)]
        denied = ["--deny", "secret.example.com", "--deny", f"{ADDRESS}:25", "--offline"]
        folder = tmp_path_factory.mktemp("routes")
        module = stack.enter_context(running(folder, "ML307R", *arguments, *denied))
        yield World(module, echo, other, name_server, time_server)


@pytest.fixture
def dte(world: World) -> Iterator[Dte]:
    with shared(world.module) as dte:
        dte.ask(f'AT+MDNSCFG="ip","{NAME_SERVER}"', "OK")
        yield dte


def echoes(dte: Dte, kind: str, host: str, port: int) -> None:
    """Connection 0, opened to host and port, echoes; MIPSTATE shows what was asked for."""
    urc = "rtcp" if kind == "TCP" else "rudp"
    dte.ask(f'AT+MIPOPEN=0,"{kind}","{host}",{port}', "OK", "+MIPOPEN: 0,0")
    dte.ask('AT+MIPSEND=0,5,"hello"', "+MIPSEND: 0,5", "OK", f'+MIPURC: "{urc}",0,5,hello')
    dte.ask("AT+MIPSTATE=0", f'+MIPSTATE: 0,"{kind}","{host}",{port},"CONNECTED"', "OK")


def refused(dte: Dte, host: str, port: int, kind: str = "TCP", result: int = 559) -> None:
    dte.ask(f'AT+MIPOPEN=1,"{kind}","{host}",{port}', "OK", f"+MIPOPEN: 1,{result}")


@pytest.mark.parametrize(
    ("kind", "host", "port"),
    [
        ("TCP", ADDRESS, 2040),
        ("UDP", ADDRESS, 2041),
        ("TCP", "a.example.com", 443),
        ("TCP", "a.b.EXAMPLE.com", 443),
        ("UDP", "a.example.com", 5683),
        ("TCP", "2001:DB8:1::7", 80),
        ("TCP", "burnt.test", 2040),
    ],
)
def test_it_leads_to_the_server_on_loopback(dte: Dte, kind: str, host: str, port: int) -> None:
    echoes(dte, kind, host, port)


def test_the_first_match_wins(world: World, dte: Dte, peers: Peers) -> None:
    echoes(dte, "TCP", "first.example.com", 443)
    refused(dte, "second.example.com", 444, result=557)


def test_what_no_route_names_goes_where_it_always_went(world: World, dte: Dte, peers: Peers) -> None:
    echoes(dte, "TCP", "127.0.0.1", world.other.port("TCP", "127.0.0.1"))
    refused(dte, "127.0.0.1", port_of(peers.nobody()), result=557)


def test_what_is_denied_fails(dte: Dte) -> None:
    for kind in ("TCP", "UDP"):
        refused(dte, "secret.example.com", 443, kind)
        refused(dte, ADDRESS, 25, kind)
        refused(dte, "burnt.test", 25, kind)
    dte.ask('AT+MDNSGIP="secret.example.com"', "OK", '+MDNSGIP: "secret.example.com"')
    echoes(dte, "TCP", ADDRESS, 2040)


def test_offline_denies_all_but_loopback(dte: Dte) -> None:
    for kind in ("TCP", "UDP"):
        refused(dte, "192.0.2.1", 80, kind)
        refused(dte, "real.test", 80, kind)
    dte.ask('AT+MPING="192.0.2.1",1,1', "OK", "+MPING: 5")


def test_names_of_a_routed_server(world: World, dte: Dte) -> None:
    dte.ask('AT+MDNSGIP="burnt.test"', "OK", f'+MDNSGIP: "burnt.test","{ADDRESS}"')
    both = '+MDNSGIP: "both.test","2001:DB8:1::1","192.0.2.1","192.0.2.2"'
    dte.ask('AT+MDNSGIP="both.test"', "OK", both)
    dte.ask('AT+MDNSCFG="priority",0', "OK")
    dte.ask('AT+MDNSGIP="both.test"', "OK", '+MDNSGIP: "both.test","192.0.2.1","192.0.2.2","2001:DB8:1::1"')
    dte.ask('AT+MDNSGIP="none.test"', "OK", '+MDNSGIP: "none.test"')
    assert any(b"\x04both\x04test\x00" in request for request in world.name_server.asked)


def test_the_time_of_a_routed_server(world: World, dte: Dte) -> None:
    before = len(world.time_server.asked)
    dte.ask("AT+MNTP", "OK")
    dte.until(rb'^\r\n\+MNTP: 0,"26/03/01,12:00:\d\d\+32"\r\n')  # half of what the answer took is added
    dte.line("AT+CCLK?")
    dte.until(rb'\+CCLK: "26/03/01,12:00:\d\d\+32"\r\n\r\nOK\r\n')
    assert len(world.time_server.asked) == before + 1


def test_pings_of_the_host(dte: Dte) -> None:
    dte.ask('AT+MPING="127.0.0.1",5,1,56', "OK")
    if dte.until(rb"\+MPING: [^\r]+\r\n").endswith(b" 5\r\n"):
        pytest.skip("this host permits no pings")
    dte.line('AT+MPING="10.9.9.9",5,1,56')
    dte.until(rb'\r\nOK\r\n\r\n\+MPING: 0,"10\.9\.9\.9",56,\d+,64\r\n')


def test_nothing_stays_open(world: World, dte: Dte) -> None:
    dte.alive()
    descriptors = world.module.descriptors()
    for _ in range(5):
        echoes(dte, "TCP", "burnt.test", 2040)
        dte.ask("AT+MIPCLOSE=0", "OK", "+MIPCLOSE: 0")
        refused(dte, "secret.example.com", 443)
        dte.ask('AT+MDNSGIP="none.test"', "OK", '+MDNSGIP: "none.test"')
        dte.line("AT+MNTP")
        dte.until(rb"\+MNTP: 0,[^\r]+\r\n")
        dte.line('AT+MPING="127.0.0.1",5,1')
        dte.until(rb"\+MPING: [^\r]+\r\n")
    dte.alive()
    world.module.returns_to(descriptors)


def test_an_nb_module_says_1(world: World, tmp_path_factory: pytest.TempPathFactory) -> None:
    port = world.echo.port("TCP", "127.0.0.1")
    route = ("--route", f"{ADDRESS}=127.0.0.1:{port}", "--deny", "*:25", "--offline")
    with running(tmp_path_factory.mktemp("nb"), "MN316", *route) as module, module.awake() as dte:
        echoes(dte, "TCP", ADDRESS, 2040)
        refused(dte, ADDRESS, 25, result=1)
        refused(dte, "192.0.2.1", 80, result=1)


SPELLINGS = ("127.0.0.1", "127.9.9.9", "0.0.0.0", "::1", "::", "0:0:0:0:0:0:0:0", "::ffff:127.0.0.1", "::ffff:0.0.0.0")


def test_loopback_is_denied_in_every_spelling_to_every_command(tmp_path: Path) -> None:
    """Also to names that resolve to it, and to name servers; what a peer there would see is nothing."""
    zone = {f"trap{n}.test": {"AAAA" if ":" in text else "A": text} for n, text in enumerate(SPELLINGS)}
    with Server(names(zone)) as name_server, Server(noon) as peer, socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        arguments = ["--route", f"{NAME_SERVER}:53=127.0.0.1:{name_server.port}", "-v"]
        denied = ("--deny", "127.*", "--deny", "[::1]", "--deny", "localhost")
        with running(tmp_path, "ML307R", *arguments, *denied) as module, module.awake() as dte:
            dte.ask(f'AT+MDNSCFG="ip","{NAME_SERVER}"', "OK")
            for host in (*SPELLINGS, "localhost", *zone):
                refused(dte, host, port_of(listener), "TCP")
                refused(dte, host, peer.port, "UDP")
                dte.ask(f'AT+MPING="{host}",1,1', "OK", "+MPING: 5")
                dte.line(f'AT+MNTP="{host}",{peer.port}')
                dte.until(rb"\r\nOK\r\n\r\n\+MNTP: [1-9]\d*\r\n")
            wanted = 4 * len((*SPELLINGS, "localhost", *zone))
            for kind, server in (("ip", "0.0.0.0"), ("ip", "127.0.0.1"), ("ipv6", "::"), ("ipv6", "::1")):
                dte.ask(f'AT+MDNSCFG="{kind}","{server}"', "OK")
                dte.ask('AT+MDNSGIP="a.test"', "OK", '+MDNSGIP: "a.test"')
            dte.alive()
        told = module.stderr()
        assert told.count("denied by --deny") == wanted, told
        assert peer.asked == []
        with pytest.raises(BlockingIOError):
            listener.accept()
