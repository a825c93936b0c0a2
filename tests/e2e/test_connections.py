"""Connections that live, end and get in each other's way."""

from __future__ import annotations

import re
import socket

import pytest

from tests.e2e.conftest import Lend
from tests.e2e.dte import Dte
from tests.e2e.peers import IPV4, IPV6, Peers, ended, port_of, receive, reset
from tests.e2e.started import Started


def connect(dte: Dte, peers: Peers, connect_id: int = 0, window: int | None = None) -> socket.socket:
    """A TCP connection that is open; returns the peer's end."""
    listener = peers.tcp(window=window)
    port = port_of(listener)
    dte.ask(f'AT+MIPOPEN={connect_id},"TCP","127.0.0.1",{port}', "OK", f"+MIPOPEN: {connect_id},0")
    return peers.accept(listener)


def bind_udp(dte: Dte, peers: Peers, connect_id: int = 0) -> socket.socket:
    """A UDP connection that is open and has spoken; returns the peer, which may answer."""
    peer = peers.udp()
    dte.ask(f'AT+MIPOPEN={connect_id},"UDP","127.0.0.1",{port_of(peer)}', "OK", f"+MIPOPEN: {connect_id},0")
    dte.ask(f"AT+MIPSEND={connect_id},,hello", f"+MIPSEND: {connect_id},5", "OK")
    data, address = peer.recvfrom(99)
    assert data == b"hello"
    peer.connect(address)
    return peer


# The peer ends it.


def test_the_peer_closes(dte: Dte, peers: Peers) -> None:
    peer = connect(dte, peers)
    peer.sendall(b"last words")
    peer.close()
    dte.hears('+MIPURC: "rtcp",0,10,last words', '+MIPURC: "disconn",0,1')
    dte.ask("AT+MIPSTATE=0", '+MIPSTATE: 0,,,,"INITIAL"', "OK")
    connect(dte, peers)


def test_the_peer_resets(dte: Dte, peers: Peers) -> None:
    reset(connect(dte, peers))
    dte.hears('+MIPURC: "disconn",0,2')
    dte.ask("AT+MIPSTATE=0", '+MIPSTATE: 0,,,,"INITIAL"', "OK")
    connect(dte, peers)


def test_a_lost_connection_stays_closed_where_autofree_says_so(dte: Dte, peers: Peers) -> None:
    dte.ask('AT+MIPCFG="autofree",0,1', "OK")
    peer = connect(dte, peers)
    port = peer.getsockname()[1]
    peer.close()
    dte.hears('+MIPURC: "disconn",0,1')
    dte.ask("AT+MIPSTATE=0", f'+MIPSTATE: 0,"TCP","127.0.0.1",{port},"CLOSED"', "OK")
    dte.ask('AT+MIPOPEN=0,"TCP","127.0.0.1",80', "+CME ERROR: 552")
    dte.ask("AT+MIPSEND=0,,a", "+CME ERROR: 550")
    dte.ask("AT+MIPCLOSE=0", "OK", "+MIPCLOSE: 0")
    connect(dte, peers)


def test_a_failed_opening_is_free_whatever_autofree_says(dte: Dte, peers: Peers) -> None:
    dte.ask('AT+MIPCFG="autofree",0,1', "OK")
    dte.ask(f'AT+MIPOPEN=0,"TCP","127.0.0.1",{port_of(peers.nobody())}', "OK", "+MIPOPEN: 0,557")
    dte.ask("AT+MIPSTATE=0", '+MIPSTATE: 0,,,,"INITIAL"', "OK")


def test_icmp_errors_do_not_end_udp(dte: Dte, peers: Peers) -> None:
    peer = bind_udp(dte, peers)
    address = peer.getsockname()
    peer.close()
    for _ in range(5):
        dte.ask("AT+MIPSEND=0,,lost", "+MIPSEND: 0,4", "OK")
    again = peers.keep(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    again.bind(address)
    dte.ask("AT+MIPSEND=0,,found", "+MIPSEND: 0,5", "OK")
    assert again.recv(99) == b"found"


# The module ends it.


def test_closing_brings_what_was_sent(dte: Dte, peers: Peers) -> None:
    peer = connect(dte, peers, window=4096)
    dte.ask(f'AT+MIPSEND=0,,"{"x" * 1460}"', "+MIPSEND: 0,1460", "OK")
    dte.ask("AT+MIPCLOSE=0", "OK")
    dte.ask('AT+MIPOPEN=0,"TCP","127.0.0.1",80', "+CME ERROR: 552")
    dte.ask("AT+MIPCLOSE=0", "+CME ERROR: 4")
    assert receive(peer, 2000) == b"x" * 1460
    peer.close()
    dte.hears("+MIPCLOSE: 0")


def test_what_the_peer_sends_after_the_close_is_not_heard(dte: Dte, peers: Peers) -> None:
    peer = connect(dte, peers)
    dte.ask("AT+MIPCLOSE=0", "OK")
    assert ended(peer) == "FIN"
    peer.sendall(b"too late")
    peer.close()
    dte.hears("+MIPCLOSE: 0")
    dte.alive()


# While it opens.


@pytest.mark.parametrize(("model", "result"), [("ML307R", 558), ("MN318", 1)])
def test_a_peer_that_never_answers(lend: Lend, peers: Peers, model: str, result: int) -> None:
    port = port_of(peers.deaf())
    with lend(model) as dte:
        other = connect(dte, peers, 1)
        dte.ask(f'AT+MIPOPEN=0,"TCP","127.0.0.1",{port},1', "OK")
        dte.ask("AT+MIPSTATE=0", f'+MIPSTATE: 0,"TCP","127.0.0.1",{port},"CONNECTING"', "OK")
        dte.ask("AT+MIPCLOSE=0", "+CME ERROR: 4")
        dte.ask("AT+MIPSEND=0,,a", "+CME ERROR: 550")
        dte.ask("AT+MIPTKA=0,1", "+CME ERROR: 552")
        dte.ask('AT+MIPCFG="encoding",0,1,1', "OK")
        other.sendall(b"meanwhile")
        dte.hears('+MIPURC: "rtcp",1,9,meanwhile')
        dte.hears(f"+MIPOPEN: 0,{result}")
        dte.ask("AT+MIPSTATE=0", '+MIPSTATE: 0,,,,"INITIAL"', "OK")


@pytest.mark.parametrize("model", ["MN316", "ML307R"])
def test_mipopen_answers_before_its_result(lend: Lend, peers: Peers, model: str) -> None:
    with lend(model) as dte:
        for host in (IPV4, IPV6, "1.2.3"):
            dte.line(f'AT+MIPOPEN=0,"TCP","{host}",{port_of(peers.nobody(IPV4))}')
            assert re.fullmatch(rb"\r\nOK\r\n\r\n\+MIPOPEN: 0,\d+\r\n", dte.until(rb"MIPOPEN: 0,\d+\r\n"))


# Several of them.


def test_every_instance_at_once(dte: Dte, peers: Peers) -> None:
    listener = peers.tcp()
    port = port_of(listener)
    for instance in range(6):
        dte.line(f'AT+MIPOPEN={instance},"TCP","127.0.0.1",{port}')
    heard = dte.until(rb"\+MIPOPEN: \d,\d+\r\n", times=6)
    assert heard.count(b"\r\nOK\r\n") == 6
    assert sorted(re.findall(rb"\+MIPOPEN: (\d),0\r\n", heard)) == [b"0", b"1", b"2", b"3", b"4", b"5"]
    dte.ask('AT+MIPOPEN=6,"TCP","127.0.0.1",80', "+CME ERROR: 50")
    ends = {}
    for _ in range(6):
        peer = peers.accept(listener)
        ends[peer.getpeername()[1]] = peer
    for instance in range(6):
        dte.ask(f"AT+MIPSEND={instance},,from {instance}", f"+MIPSEND: {instance},6", "OK")
    said = {receive(peer, 6): peer for peer in ends.values()}
    for instance in reversed(range(6)):
        said[b"from %d" % instance].sendall(b"to %d" % instance)
        dte.hears(f'+MIPURC: "rtcp",{instance},4,to {instance}')
    states = [f'+MIPSTATE: {instance},"TCP","127.0.0.1",{port},"CONNECTED"' for instance in range(6)]
    dte.ask("AT+MIPSTATE?", *states, "OK")
    said[b"from 3"].close()
    dte.hears('+MIPURC: "disconn",3,1')
    dte.ask("AT+MIPSEND=2,,a;+MIPSEND=4,,b", "+MIPSEND: 2,1", "+MIPSEND: 4,1", "OK")
    assert (said[b"from 2"].recv(9), said[b"from 4"].recv(9)) == (b"a", b"b")


def test_the_local_port(dte: Dte, peers: Peers) -> None:
    listener, local = peers.tcp(), peers.local_port()
    port = port_of(listener)
    dte.ask(f'AT+MIPOPEN=0,"TCP","127.0.0.1",{port},60,0,{local}', "OK", "+MIPOPEN: 0,0")
    peer = peers.accept(listener)
    assert peer.getpeername()[1] == local
    dte.ask(f'AT+MIPOPEN=1,"TCP","127.0.0.1",{port},60,0,{local}', "OK", "+MIPOPEN: 1,576")
    peer.close()
    dte.hears('+MIPURC: "disconn",0,1')
    dte.ask(f'AT+MIPOPEN=1,"TCP","127.0.0.1",{port},60,0,{local}', "OK", "+MIPOPEN: 1,0")


def test_two_modules_do_not_share_a_udp_port(lend: Lend, peers: Peers) -> None:
    server, spare = peers.udp(), peers.udp()
    local, port = port_of(spare), port_of(server)
    spare.close()
    with lend("ML307R") as one, lend("ML305U") as other:
        one.ask(f'AT+MIPOPEN=0,"UDP","127.0.0.1",{port},60,0,{local}', "OK", "+MIPOPEN: 0,0")
        one.ask(f'AT+MIPOPEN=1,"UDP","127.0.0.1",{port},60,0,{local}', "OK", "+MIPOPEN: 1,576")
        other.ask(f'AT+MIPOPEN=0,"UDP","127.0.0.1",{port},60,0,{local}', "OK", "+MIPOPEN: 0,576")


# Payload.


def test_the_largest_inline_payloads(dte: Dte, peers: Peers) -> None:
    peer = connect(dte, peers)
    data = bytes(range(256)) * 5 + bytes(range(180))
    text = data.translate(None, b'\r\n"') * 2
    dte.write(b'AT+MIPSEND=0,1460,"' + text[:1460] + b'"\r')
    dte.hears("+MIPSEND: 0,1460", "OK")
    assert receive(peer, 1460) == text[:1460]
    dte.ask(f'AT+MIPSEND=0,,"{"x" * 1461}"', "+CME ERROR: 50")
    dte.ask('AT+MIPCFG="encoding",0,1,1', "OK")
    dte.ask(f"AT+MIPSEND=0,1460,{data.hex()}", "+MIPSEND: 0,1460", "OK")
    assert receive(peer, 1460) == data
    dte.ask(f"AT+MIPSEND=0,0,{data.hex()}00", "+CME ERROR: 50")
    dte.ask(f"AT+MIPSEND=0,0,{data.hex()[1:]}", "+CME ERROR: 50")
    dte.ask('AT+MIPCFG="encoding",0,2,1', "OK")
    escaped = "".join(f"\\x{byte:02X}" for byte in data)
    dte.ask(f'AT+MIPSEND=0,,"{escaped}"', "+MIPSEND: 0,1460", "OK")
    assert receive(peer, 1460) == data


def test_every_byte_comes_from_a_tcp_peer(dte: Dte, peers: Peers) -> None:
    peer = connect(dte, peers)
    data = bytes(range(256)) * 200
    peer.sendall(data)
    assert dte.payload(len(data)) == data
    dte.ask('AT+MIPCFG="encoding",0,0,1', "OK")
    peer.sendall(data[:1000])
    dte.hears(f'+MIPURC: "rtcp",0,1000,{data[:1000].hex().upper()}')


def test_datagrams_come_whole(dte: Dte, peers: Peers) -> None:
    peer = bind_udp(dte, peers)
    for size in (0, 1, 1472, 9000, 65507):
        data = (bytes(range(256)) * 256)[:size]
        peer.send(data)
        dte.reads(b'\r\n+MIPURC: "rudp",0,%d,%b\r\n' % (size, data))
    dte.ask('AT+MIPCFG="encoding",0,0,1', "OK")
    for size in (0, 1472, 40000, 65507):
        data = (bytes(range(256)) * 256)[:size]
        peer.send(data)
        dte.hears(f'+MIPURC: "rudp",0,{size},{data.hex().upper()}')
    dte.alive()


def test_datagrams_of_strangers_do_not_come(dte: Dte, peers: Peers, module: Started) -> None:
    peer, stranger = bind_udp(dte, peers), peers.udp()
    stranger.sendto(b"strange", peer.getpeername())
    peer.send(b"known")
    dte.hears('+MIPURC: "rudp",0,5,known')
    dte.alive()
