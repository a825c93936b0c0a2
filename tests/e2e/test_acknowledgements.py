"""Acknowledgements by the peer: "ack" URCs and MIPSACK, from the real socket's own figures."""

from __future__ import annotations

import re

from tests.e2e.conftest import Lend
from tests.e2e.dte import Dte
from tests.e2e.peers import Peers, receive, reset
from tests.e2e.sinks import GUARD, escape, exchanged, open_as
from tests.e2e.test_connections import bind_udp, connect

PIECE = "x" * 1460
_ACK = re.compile(rb'\r\n\+MIPURC: "ack",0,(\d+)\r\n')


def figures(dte: Dte) -> tuple[int, int, int, int]:
    """MIPSACK of connection 0: sent, acked, nack, received. "ack" URCs before the answer are passed over."""
    dte.line("AT+MIPSACK=0")
    heard = _ACK.sub(b"", dte.until(rb"\+MIPSACK: \d+,\d+,\d+,\d+\r\n\r\nOK\r\n"))
    found = re.fullmatch(rb"\r\n\+MIPSACK: (\d+),(\d+),(\d+),(\d+)\r\n\r\nOK\r\n", heard)
    assert found is not None, f"{heard!r}"
    sent, acked, nack, received = map(int, found.groups())
    return sent, acked, nack, received


def acknowledged(dte: Dte, size: int) -> None:
    """The next "ack" URCs add up to size, and no more come."""
    told = 0
    while told < size:
        heard = dte.until(_ACK.pattern)
        found = _ACK.fullmatch(heard)
        assert found is not None, f"{heard!r} is no ack of connection 0"
        assert 1 <= int(found[1]) <= 1460
        told += int(found[1])
    assert told == size
    assert dte.lull(GUARD) == b""


def test_acks_add_up_to_what_was_sent(dte: Dte, peers: Peers) -> None:
    dte.ask('AT+MIPCFG="ackmode",0,1', "OK")
    peer = connect(dte, peers)
    total = told = 0
    for size in (1, 700, 1460, 1460):
        dte.line(f'AT+MIPSEND=0,,"{"x" * size}"')
        heard = dte.until(rb"\+MIPSEND: 0,\d+\r\n\r\nOK\r\n")
        told += sum(int(found[1]) for found in _ACK.finditer(heard))
        assert _ACK.sub(b"", heard) == b"\r\n+MIPSEND: 0,%d\r\n\r\nOK\r\n" % size
        total += size
    assert receive(peer, total) == b"x" * total
    acknowledged(dte, total - told)
    peer.sendall(b"hello")
    dte.hears('+MIPURC: "rtcp",0,5,hello')
    assert figures(dte) == (total, total, 0, 5)


def test_none_without_ackmode(dte: Dte, peers: Peers) -> None:
    peer = connect(dte, peers)
    dte.ask("AT+MIPSEND=0,,hello", "+MIPSEND: 0,5", "OK")
    assert receive(peer, 5) == b"hello"
    assert dte.lull(GUARD) == b""
    dte.ask('AT+MIPCFG="ackmode",0,1', "OK")
    dte.ask("AT+MIPSEND=0,,again", "+MIPSEND: 0,5", "OK")
    acknowledged(dte, 5)


def test_none_where_the_model_has_none(lend: Lend, peers: Peers) -> None:
    with lend("MN316A") as dte:
        dte.ask('AT+MIPCFG="ackmode",0,1', "OK")
        peer = connect(dte, peers)
        dte.ask("AT+MIPSEND=0,,hello", "+MIPSEND: 0,5", "OK")
        assert receive(peer, 5) == b"hello"
        assert dte.lull(GUARD) == b""
        assert figures(dte) == (5, 5, 0, 0)


def test_what_a_peer_that_does_not_read_leaves(dte: Dte, peers: Peers) -> None:
    dte.ask('AT+MIPCFG="ackmode",0,1', "OK")
    peer = connect(dte, peers, window=1)  # the kernel makes it the least that it has
    total, heard = 3 * len(PIECE), b""
    for _ in range(3):
        dte.line(f'AT+MIPSEND=0,,"{PIECE}"')
        heard += dte.until(rb"\+MIPSEND: 0,1460\r\n\r\nOK\r\n")
    heard += dte.lull(GUARD)
    told = sum(int(found[1]) for found in _ACK.finditer(heard))
    assert _ACK.sub(b"", heard) == b"\r\n+MIPSEND: 0,1460\r\n\r\nOK\r\n" * 3
    sent, acked, nack, received = figures(dte)
    assert (sent, acked + nack, received) == (total, total, 0)
    assert nack > 0
    assert acked == told
    assert receive(peer, total) == b"x" * total
    acknowledged(dte, nack)
    assert figures(dte) == (total, total, 0, 0)


def test_over_udp(dte: Dte, peers: Peers) -> None:
    dte.ask('AT+MIPCFG="ackmode",0,1', "OK")
    peer = bind_udp(dte, peers)
    peer.send(b"datagram")
    dte.hears('+MIPURC: "rudp",0,8,datagram')
    assert figures(dte) == (5, 0, 5, 8)
    assert dte.lull(GUARD) == b""


def test_what_went_in_transparent_mode_counts(dte: Dte, peers: Peers) -> None:
    dte.ask('AT+MIPCFG="ackmode",0,1', "OK")
    peer = open_as(dte, peers, 1)
    exchanged(dte, peer, b"x" * 3000, b"four")
    escape(dte)
    assert figures(dte) == (3000, 3000, 0, 4)
    dte.ask("AT+MIPSEND=0,,hello", "+MIPSEND: 0,5", "OK")
    acknowledged(dte, 5)
    assert figures(dte) == (3005, 3005, 0, 4)


def test_only_while_connected(dte: Dte, peers: Peers) -> None:
    dte.ask("AT+MIPSACK=0", "+CME ERROR: 553")
    dte.ask('AT+MIPCFG="autofree",0,1', "OK")
    reset(connect(dte, peers))
    dte.hears('+MIPURC: "disconn",0,2')
    dte.ask("AT+MIPSACK=0", "+CME ERROR: 553")
    dte.ask("AT+MIPSACK=6", "+CME ERROR: 50")
