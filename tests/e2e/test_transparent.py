"""Transparent mode: every byte through, +++ and its failures, and ends that are slow, closed or reset."""

from __future__ import annotations

import re
import socket
import threading

import pytest

from tests.e2e.dte import Dte
from tests.e2e.peers import Peers, ended, port_of, receive, reset
from tests.e2e.sinks import (
    GUARD,
    MEGABYTE,
    MOST_GROWTH,
    escape,
    exchanged,
    open_as,
    payload,
    pour,
    pouring,
    stuff_line,
)
from tests.e2e.started import Started
from tests.e2e.test_connections import bind_udp, connect
from tests.e2e.test_slow_dte import few_buffers, sending, stuff

BULK = 10 * MEGABYTE


# In and out.


def test_from_mipopen(dte: Dte, peers: Peers) -> None:
    peer = open_as(dte, peers, 1)
    exchanged(dte, peer, bytes(range(256)), bytes(range(256)))
    escape(dte)
    dte.ask("AT+MIPMODE=0", "+MIPMODE: 0,0", "OK")
    peer.sendall(b"normal")
    dte.hears('+MIPURC: "rtcp",0,6,normal')
    dte.ask("AT+MIPCLOSE=0", "OK")
    assert ended(peer) == "FIN"
    peer.close()
    dte.hears("+MIPCLOSE: 0")


def test_from_mipmode_again_and_again(dte: Dte, peers: Peers) -> None:
    peer = connect(dte, peers)
    for turn in range(3):
        dte.ask("AT+MIPMODE=0,1", "OK", "CONNECT")
        exchanged(dte, peer, b"up %d" % turn, b"down %d" % turn)
        escape(dte)
        dte.ask("AT+MIPSEND=0,,command", "+MIPSEND: 0,7", "OK")
        assert receive(peer, 7) == b"command"
    dte.alive()


@pytest.mark.parametrize("way", ["MIPOPEN", "MIPMODE"])
def test_over_udp(dte: Dte, peers: Peers, way: str) -> None:
    """Each flush is one datagram: 1024 bytes, or what is there when the DTE pauses."""
    if way == "MIPMODE":
        peer = bind_udp(dte, peers)
        dte.ask("AT+MIPMODE=0,1", "OK", "CONNECT")
    else:
        peer = peers.udp()
        dte.ask(f'AT+MIPOPEN=0,"UDP","127.0.0.1",{port_of(peer)},60,1', "OK", "CONNECT")
        dte.write(b"hello")
        data, address = peer.recvfrom(99)
        assert data == b"hello"
        peer.connect(address)
    data = payload(64 * 1024)
    for _ in range(16):
        dte.write(data)
        heard = b""
        while len(heard) < len(data):
            datagram = peer.recv(9999)
            assert 0 < len(datagram) <= 1024
            heard += datagram
        assert heard == data
        for start in range(0, len(data), 1024):
            peer.send(data[start : start + 1024])
            if start % 16384 == 15 * 1024:  # no more at once than the module keeps for a DTE
                dte.reads(data[start - 15 * 1024 : start + 1024])
    escape(dte)
    peer.send(b"normal")
    dte.hears('+MIPURC: "rudp",0,6,normal')


def test_what_was_buffered_comes_raw(dte: Dte, peers: Peers) -> None:
    peer = open_as(dte, peers, 2)
    peer.sendall(b"first")
    dte.hears('+MIPURC: "rtcp",0,5,5')
    dte.line("AT+MIPMODE=0,1")
    dte.reads(b"\r\nOK\r\n\r\nCONNECT\r\nfirst")
    exchanged(dte, peer)


def test_one_connection_holds_the_line_and_urcs_wait(dte: Dte, peers: Peers) -> None:
    other = connect(dte, peers, 1)
    datagrams = bind_udp(dte, peers, 2)
    peer = open_as(dte, peers, 1)
    datagrams.send(b"later")
    exchanged(dte, peer)
    escape(dte)
    dte.hears('+MIPURC: "rudp",2,5,later')
    other.sendall(b"and this")
    dte.hears('+MIPURC: "rtcp",1,8,and this')
    dte.alive()


# Bulk.


def test_bulk_to_the_peer(module: Started, dte: Dte, peers: Peers) -> None:
    peer, data = open_as(dte, peers, 1), payload(BULK)
    before = module.status("VmRSS")
    with pouring(dte, data):
        assert receive(peer, len(data)) == data
    assert module.status("VmRSS") - before < MOST_GROWTH
    escape(dte)
    dte.alive()


def test_bulk_to_the_dte(module: Started, dte: Dte, peers: Peers) -> None:
    peer, data = open_as(dte, peers, 1), payload(BULK, 2)
    before = module.status("VmRSS")
    with sending(peer, data):
        assert dte.count(len(data), within=40) == data
    assert module.status("VmRSS") - before < MOST_GROWTH
    escape(dte)
    dte.alive()


def test_bulk_both_ways_at_once(dte: Dte, peers: Peers) -> None:
    peer, up, down = open_as(dte, peers, 1), payload(4 * MEGABYTE, 3), payload(4 * MEGABYTE, 4)
    heard: list[bytes] = []
    listening = threading.Thread(target=lambda: heard.append(receive(peer, len(up))))
    listening.start()
    with pouring(dte, up), sending(peer, down):
        assert dte.count(len(down), within=40) == down
    listening.join()
    assert heard == [up]


# Slow ends.


def test_a_dte_that_stops_reading(module: Started, dte: Dte, peers: Peers) -> None:
    peer, data = few_buffers(open_as(dte, peers, 1)), payload(4 * MEGABYTE)
    before = module.status("VmRSS")
    stuck = stuff(peer, data)
    assert stuck < MEGABYTE, "the peer was to be held back"
    dte.write(b"meanwhile")
    assert receive(peer, 9) == b"meanwhile"
    with sending(peer, data[stuck:]):
        assert dte.count(len(data), within=40) == data
    assert module.status("VmRSS") - before < MOST_GROWTH
    escape(dte)


def test_a_peer_that_stops_reading(module: Started, dte: Dte, peers: Peers) -> None:
    peer, data = open_as(dte, peers, 1, window=4096), payload(4 * MEGABYTE)
    before = module.status("VmRSS")
    stuck = stuff_line(dte, data)
    assert stuck < MEGABYTE, "the DTE was to be held back"
    peer.sendall(b"meanwhile")
    dte.reads(b"meanwhile")
    assert module.status("VmRSS") - before < MOST_GROWTH
    with pouring(dte, data[stuck:]):
        assert receive(peer, len(data)) == data
    assert module.status("VmRSS") - before < MOST_GROWTH
    escape(dte)
    dte.alive()


def test_a_peer_that_never_reads_is_left_with_an_escape(dte: Dte, peers: Peers) -> None:
    """Bytes that the module holds still go, before those that MIPSEND gives it."""
    listener = peers.tcp(window=1)
    dte.ask(f'AT+MIPOPEN=0,"TCP","127.0.0.1",{port_of(listener)},,1', "OK", "CONNECT")
    data = payload(16384)
    pour(dte, data)
    escape(dte)
    dte.line('AT+MIPSEND=0,,"last"')
    peer = peers.accept(listener)
    assert receive(peer, len(data) + 4) == data + b"last"
    dte.hears("+MIPSEND: 0,4", "OK")


# +++


def test_what_is_no_escape_is_data(dte: Dte, peers: Peers) -> None:
    peer = open_as(dte, peers, 1)
    for data in (b"+++a", b"a+++", b"++++", b"+++\r", b"+a++", b"+", b"++"):
        assert dte.lull(GUARD) == b""
        dte.write(data)
        assert receive(peer, len(data)) == data
    escape(dte)


def test_an_escape_needs_silence_around_it(dte: Dte, peers: Peers) -> None:
    peer = open_as(dte, peers, 1)
    dte.write(b"data")
    dte.write(b"+++")
    assert receive(peer, 7) == b"data+++"
    assert dte.lull(GUARD) == b""
    dte.write(b"+++")
    dte.write(b"AT\r")
    assert receive(peer, 6) == b"+++AT\r"
    escape(dte)


def test_an_escape_in_pieces(dte: Dte, peers: Peers) -> None:
    peer = open_as(dte, peers, 1)
    assert dte.lull(GUARD) == b""
    for _ in range(3):
        dte.write(b"+")
    dte.hears("OK")
    dte.ask("AT+MIPSEND=0,,a", "+MIPSEND: 0,1", "OK")
    assert peer.recv(99) == b"a", "nothing of the escape was to reach the peer"


def test_an_escape_while_the_peer_sends(dte: Dte, peers: Peers) -> None:
    peer = open_as(dte, peers, 1)
    assert dte.lull(GUARD) == b""
    data, final, heard, sent = b"raw 16 bytes....", b"\r\nOK\r\n", b"", 0
    dte.write(b"+++")
    while final not in heard:
        peer.sendall(data)
        sent += 1
        heard += dte.lull(0.02)
    raw, _, urcs = heard.partition(final)
    peer.sendall(b"the end")
    urcs += dte.until(rb"the end\r\n")
    pieces = re.findall(rb'\r\n\+MIPURC: "rtcp",0,\d+,([^\r]*)\r\n', urcs)
    assert raw + b"".join(pieces) == data * sent + b"the end"
    dte.alive()


# The peer ends it.


def _flood(dte: Dte, stop: threading.Event) -> None:
    """Bytes that would all be answered if they were read as commands."""
    while not stop.is_set():
        pour(dte, b"AT+CGMM\r" * 64)


def _ended_while_sending(dte: Dte, peer: socket.socket, how: str) -> None:
    stop = threading.Event()
    sender = threading.Thread(target=_flood, args=(dte, stop))
    sender.start()
    try:
        assert receive(peer, 65536) == b"AT+CGMM\r" * 8192
        if how == "FIN":
            peer.shutdown(socket.SHUT_WR)
        else:
            reset(peer)
        dte.hears(f'+MIPURC: "disconn",0,{1 if how == "FIN" else 2}')
        assert dte.lull(0.5) == b"", "what was still sent was to be discarded"
    finally:
        stop.set()
        sender.join()


@pytest.mark.parametrize("how", ["FIN", "RST"])
def test_the_peer_ends_it_while_the_dte_sends(dte: Dte, peers: Peers, how: str) -> None:
    peer = open_as(dte, peers, 1)
    _ended_while_sending(dte, peer, how)
    assert dte.lull(GUARD) == b""
    dte.alive()
    dte.ask("AT+MIPSTATE=0", '+MIPSTATE: 0,,,,"INITIAL"', "OK")
    exchanged(dte, open_as(dte, peers, 1))


def test_the_peers_last_words_come_before_the_disconn(dte: Dte, peers: Peers) -> None:
    peer, data = open_as(dte, peers, 1), payload(MEGABYTE)
    with sending(peer, data):
        assert dte.count(len(data)) == data
    peer.sendall(b"last")
    peer.close()
    dte.reads(b'last\r\n+MIPURC: "disconn",0,1\r\n')
    assert dte.lull(GUARD) == b""
    dte.alive()


def test_what_is_unsent_when_the_peer_closes_still_goes(dte: Dte, peers: Peers) -> None:
    """A peer that shuts its sending side alone may go on reading."""
    peer, data = open_as(dte, peers, 1, window=4096), payload(32768)
    pour(dte, data)
    assert dte.lull(GUARD) == b""
    peer.shutdown(socket.SHUT_WR)
    dte.hears('+MIPURC: "disconn",0,1')
    assert receive(peer, len(data)) == data
    assert ended(peer) == "FIN"


def test_autofree_keeps_a_lost_connection_closed(dte: Dte, peers: Peers) -> None:
    dte.ask('AT+MIPCFG="autofree",0,1', "OK")
    peer = open_as(dte, peers, 1)
    port = peer.getsockname()[1]
    peer.close()
    dte.hears('+MIPURC: "disconn",0,1')
    assert dte.lull(GUARD) == b""
    dte.ask("AT+MIPSTATE=0", f'+MIPSTATE: 0,"TCP","127.0.0.1",{port},"CLOSED"', "OK")
    dte.ask("AT+MIPMODE=0,1", "+CME ERROR: 553")
    dte.ask("AT+MIPCLOSE=0", "OK", "+MIPCLOSE: 0")
