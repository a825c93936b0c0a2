"""Nothing piles up: descriptors, memory, processor time."""

from __future__ import annotations

from tests.e2e.dte import Dte
from tests.e2e.peers import IPV4, IPV6, Peers, port_of
from tests.e2e.started import Started


def test_two_hundred_connections(module: Started, dte: Dte, peers: Peers) -> None:
    echo = peers.echo()
    refused = f'AT+MIPOPEN=1,"TCP","127.0.0.1",{port_of(peers.nobody())}'
    descriptors, memory = module.descriptors(), 0
    for turn in range(200):
        kind, host = ("TCP", "UDP")[turn % 2], (IPV4, IPV6)[turn // 2 % 2]
        dte.ask(f'AT+MIPOPEN=0,"{kind}","{host}",{echo.port(kind, host)}', "OK", "+MIPOPEN: 0,0")
        urc = "rtcp" if kind == "TCP" else "rudp"
        dte.ask("AT+MIPSEND=0,,hello", "+MIPSEND: 0,5", "OK", f'+MIPURC: "{urc}",0,5,hello')
        dte.ask("AT+MIPCLOSE=0", "OK", "+MIPCLOSE: 0")
        dte.ask(refused, "OK", "+MIPOPEN: 1,557")
        memory = memory or (module.status("VmRSS") if turn == 20 else 0)
    assert module.descriptors() == descriptors
    assert module.status("VmRSS") - memory < 512
    assert module.status("Threads") == 1


def test_waiting_costs_nothing(module: Started, dte: Dte, peers: Peers) -> None:
    """Open connections, one that is being opened, a half-typed line, answers that nobody reads."""
    echo = peers.echo()
    for instance in range(5):
        dte.ask(f'AT+MIPOPEN={instance},"UDP","{IPV4}",{echo.port("UDP", IPV4)}', "OK", f"+MIPOPEN: {instance},0")
    dte.ask(f'AT+MIPOPEN=5,"TCP","127.0.0.1",{port_of(peers.deaf())}', "OK")
    dte.write(b'AT+MIPSEND=0,,"half')
    used = module.processor_time()
    assert dte.lull(1.0) == b""
    assert module.processor_time() - used < 0.1
