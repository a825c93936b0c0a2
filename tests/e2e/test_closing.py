"""The end of a connection by MIPCLOSE, as the peer feels it, and six connections in mixed modes at once."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Lend, Start
from tests.e2e.dte import Dte
from tests.e2e.peers import Peers, ended, port_of, receive, reset
from tests.e2e.sinks import GUARD, escape, exchanged, open_as, own_profile, payload, running, shared, take
from tests.e2e.started import Started
from tests.e2e.test_connections import bind_udp, connect

PIECE = "x" * 1460
PIECES = 3
HELD = PIECES * len(PIECE)
STALL = 0.5


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """An ML307G that gives a peer up soon, for all the tests here."""
    folder = tmp_path_factory.mktemp("ml307g")
    profile = f'series = "OWN"\n[connection]\nclose_stall = {STALL}\n[sub_models."OWN-1"]\n'
    with running(folder, *own_profile(folder, "ml307g", profile)) as module:
        yield module


@pytest.fixture
def ml307g(impatient: Started) -> Iterator[Dte]:
    with shared(impatient) as dte:
        yield dte


def unread(dte: Dte, peers: Peers) -> socket.socket:
    """A connection on which HELD bytes were sent, of which the peer has read nothing and has not room for all."""
    peer = connect(dte, peers, window=1)  # the kernel makes it the least that it has
    for _ in range(PIECES):
        dte.ask(f'AT+MIPSEND=0,,"{PIECE}"', "+MIPSEND: 0,1460", "OK")
    return peer


# ML307G, which has the parameter.


def test_the_mode_says_how(ml307g: Dte, peers: Peers) -> None:
    for mode, end, urc in (
        ("", "FIN", "+MIPCLOSE: 0,0"),
        (",0", "FIN", "+MIPCLOSE: 0,0"),
        (",1", "FIN", "+MIPCLOSE: 0"),
        (",2", "FIN", "+MIPCLOSE: 0,0"),
        (",3", "RST", "+MIPCLOSE: 0,0"),
    ):
        peer = connect(ml307g, peers)
        ml307g.ask("AT+MIPSEND=0,,hello", "+MIPSEND: 0,5", "OK")
        assert receive(peer, 5) == b"hello"
        ml307g.ask(f"AT+MIPCLOSE=0{mode}", "OK")
        assert ended(peer) == end, f"mode {mode}"
        peer.close()
        ml307g.hears(urc)
        ml307g.ask("AT+MIPSTATE=0", '+MIPSTATE: 0,,,,"INITIAL"', "OK")


def test_modes_that_it_lacks(ml307g: Dte, peers: Peers) -> None:
    peer = bind_udp(ml307g, peers)
    ml307g.ask("AT+MIPCLOSE=0,4", "+CME ERROR: 50")
    ml307g.ask("AT+MIPCLOSE=0,3", "OK", "+MIPCLOSE: 0")
    peer.close()
    ml307g.alive()


def test_mode_0_brings_what_is_under_way(ml307g: Dte, peers: Peers) -> None:
    peer = unread(ml307g, peers)
    ml307g.ask("AT+MIPCLOSE=0,0", "OK")
    assert receive(peer, HELD + 1) == b"x" * HELD
    peer.close()
    ml307g.hears("+MIPCLOSE: 0,0")


def test_mode_0_gives_a_peer_up_that_does_not_answer(ml307g: Dte, peers: Peers) -> None:
    peer = unread(ml307g, peers)
    began = time.monotonic()
    ml307g.ask("AT+MIPCLOSE=0,0", "OK")
    ml307g.ask("AT+MIPSTATE=0", f'+MIPSTATE: 0,"TCP","127.0.0.1",{peer.getsockname()[1]},"CLOSING"', "OK")
    ml307g.ask("AT+MIPCLOSE=0", "+CME ERROR: 4")
    ml307g.hears("+MIPCLOSE: 0,1")
    assert STALL - 0.1 < time.monotonic() - began < STALL + 4
    with pytest.raises(ConnectionResetError):
        receive(peer, HELD)


def test_mode_0_when_the_peer_resets_meanwhile(ml307g: Dte, peers: Peers) -> None:
    peer = unread(ml307g, peers)
    ml307g.ask("AT+MIPCLOSE=0,0", "OK")
    reset(peer)
    ml307g.hears("+MIPCLOSE: 0,2")


def test_the_others_do_not_wait_for_what_is_unsent(ml307g: Dte, peers: Peers) -> None:
    for mode, urc in ((1, "+MIPCLOSE: 0"), (2, "+MIPCLOSE: 0,0"), (3, "+MIPCLOSE: 0,0")):
        peer = unread(ml307g, peers)
        ml307g.ask(f"AT+MIPCLOSE=0,{mode}", "OK", urc)
        with pytest.raises(ConnectionResetError):
            receive(peer, HELD)


def test_unread_data_is_gone_afterwards(ml307g: Dte, peers: Peers) -> None:
    peer = open_as(ml307g, peers, 2)
    peer.sendall(b"unread")
    ml307g.hears('+MIPURC: "rtcp",0,6,6')
    ml307g.ask("AT+MIPCLOSE=0,1", "OK", "+MIPCLOSE: 0")
    assert ended(peer) == "FIN"
    ml307g.ask("AT+MIPRD=0,0", "OK")


def test_a_lost_connection_that_autofree_kept(ml307g: Dte, peers: Peers) -> None:
    ml307g.ask('AT+MIPCFG="autofree",0,1', "OK")
    connect(ml307g, peers).close()
    ml307g.hears('+MIPURC: "disconn",0,1')
    ml307g.ask("AT+MIPCLOSE=0", "OK", "+MIPCLOSE: 0,0")


# NB models, which close in one way each.


def test_a_local_port_rests_for_2_msl(start: Start, peers: Peers, tmp_path: Path) -> None:
    msl = 1.0
    profile = f'series = "OWN"\n[connection]\nmsl = {msl}\n[sub_models."OWN-1"]\n'
    with start(*own_profile(tmp_path, "mn316", profile)).awake() as dte:
        local, listener = peers.local_port(), peers.tcp()
        command = f'AT+MIPOPEN=0,"TCP","127.0.0.1",{{}},60,0,{local}'
        dte.ask(command.format(port_of(listener)), "OK", "+MIPOPEN: 0,0")
        peer = peers.accept(listener)
        peer.sendall(b"last")
        began = time.monotonic()
        dte.hears('+MIPURC: "rtcp",0,4,last')
        dte.ask("AT+MIPCLOSE=0", "OK", "+MIPCLOSE: 0")
        assert time.monotonic() - began < msl, "the URC was not to wait"
        assert ended(peer) == "FIN"
        peer.close()
        again = command.format(port_of(peers.tcp()))  # another peer: the host remembers the first for a minute
        dte.ask(again, "OK", "+MIPOPEN: 0,1")
        dte.ask("AT+MIPSTATE=0", '+MIPSTATE: 0,,,,"INITIAL"', "OK")
        connect(dte, peers, 1)
        while dte.lull(GUARD) == b"":
            dte.line(again)
            if dte.until(rb"OK\r\n\r\n\+MIPOPEN: 0,\d\r\n").endswith(b"0,0\r\n"):
                break
        assert 2 * msl < time.monotonic() - began < 2 * msl + 5


def test_mn318_resets(lend: Lend, peers: Peers) -> None:
    with lend("MN318") as dte:
        local, listener = peers.local_port(), peers.tcp()
        command = f'AT+MIPOPEN=0,"TCP","127.0.0.1",{port_of(listener)},60,0,{local}'
        for _ in range(2):  # and the local port is free again at once
            dte.ask(command, "OK", "+MIPOPEN: 0,0")
            peer = peers.accept(listener)
            dte.ask("AT+MIPCLOSE=0", "OK", "+MIPCLOSE: 0")
            assert ended(peer) == "RST"


def test_mn316a_brings_what_is_under_way(lend: Lend, peers: Peers) -> None:
    with lend("MN316A") as dte:
        peer = unread(dte, peers)
        dte.ask("AT+MIPCLOSE=0", "OK")
        assert receive(peer, HELD + 1) == b"x" * HELD
        peer.close()
        dte.hears("+MIPCLOSE: 0")


# Six connections.


def test_six_connections_in_mixed_modes(dte: Dte, peers: Peers) -> None:
    dte.ask('AT+MIPCFG="encoding",4,1,1', "OK")
    normal, stream, hexed = connect(dte, peers), open_as(dte, peers, 2, 1), connect(dte, peers, 4)
    packets, datagrams = bind_udp(dte, peers, 2), bind_udp(dte, peers, 3)
    dte.ask("AT+MIPMODE=2,3", "OK")
    line = open_as(dte, peers, 1, 5)
    data = payload(200_000)
    dte.serial.write(data[:65536])
    assert receive(line, 65536) == data[:65536]
    for number, peer in enumerate((normal, stream, packets, datagrams, hexed)):
        peer.send(b"from %d" % number)
    exchanged(dte, line)  # with the line full, a datagram would be dropped
    line.sendall(data)
    assert dte.count(len(data)) == data, "nothing was to come in between"
    exchanged(dte, line)
    escape(dte)
    expected = [b'"rtcp",0,6,from 0', b'"rtcp",1,6,6', b'"rudp",2,1', b'"rudp",3,6,from 3', b'"rtcp",4,6,66726F6D2034']
    heard = dte.until(rb"\+MIPURC: [^\r]*\r\n", times=5)
    assert sorted(re.findall(rb"\r\n\+MIPURC: ([^\r]*)\r\n", heard)) == sorted(expected)
    assert take(dte, "AT+MIPRD=1,0")[0] == [b"from 1"]
    assert take(dte, "AT+MIPRD=2,0")[0] == [b"from 2"]
    for instance, peer in enumerate((normal, stream, packets, datagrams, hexed, line)):
        text = "746F" if instance == 4 else "to"
        dte.ask(f"AT+MIPSEND={instance},,{text}", f"+MIPSEND: {instance},2", "OK")
        assert peer.recv(9) == b"to"
    line.close()
    stream.close()
    heard = dte.until(rb'"disconn",\d,1\r\n', times=2)
    assert sorted(re.findall(rb'"disconn",(\d),1', heard)) == [b"1", b"5"]
    dte.alive()
