"""The prompt of MIPSEND: what ends it, what it takes for data, and what happens outside meanwhile."""

from __future__ import annotations

import socket
import time

import pytest

from tests.e2e.conftest import Lend
from tests.e2e.dte import Dte
from tests.e2e.peers import Peers, receive, reset
from tests.e2e.sinks import GUARD, payload
from tests.e2e.test_connections import bind_udp, connect

EVERY_BYTE = bytes(range(256)) * 4


def prompt(dte: Dte, command: str = "AT+MIPSEND=0") -> None:
    dte.line(command)
    dte.reads(b"\r\n>")


def sends(dte: Dte, peer: socket.socket, length: int, data: bytes) -> None:
    """With a length: exactly these bytes reach the peer."""
    prompt(dte, f"AT+MIPSEND=0,{length}")
    dte.write(data)
    dte.hears(f"+MIPSEND: 0,{length}", "OK")
    assert receive(peer, length) == data


def test_every_byte_value_with_a_length(dte: Dte, peers: Peers) -> None:
    peer = connect(dte, peers)
    for data in (EVERY_BYTE, EVERY_BYTE[::-1], b"\x1a", b"\x1b", b"OK\r\n", b"AT\r", b"\r\n>", b"+++"):
        sends(dte, peer, len(data), data)
    sends(dte, peer, 8192, payload(8192))
    dte.alive()


def test_a_line_feed_that_comes_a_read_late(dte: Dte, peers: Peers) -> None:
    """The one directly after the command line's CR belongs to it; a second one is data."""
    peer = connect(dte, peers)
    prompt(dte, "AT+MIPSEND=0,3")
    dte.write(b"\nabc")
    dte.hears("+MIPSEND: 0,3", "OK")
    assert receive(peer, 3) == b"abc"
    dte.write(b"AT+MIPSEND=0,3\r\n")
    dte.reads(b"\r\n>")
    dte.write(b"\nbc")
    dte.hears("+MIPSEND: 0,3", "OK")
    assert receive(peer, 3) == b"\nbc"


@pytest.mark.parametrize("command", ["AT+MIPSEND=0", "AT+MIPSEND=0,0"])
def test_what_ends_it_without_a_length(dte: Dte, peers: Peers, command: str) -> None:
    peer = connect(dte, peers)
    text = EVERY_BYTE.translate(None, b"\n\x1a\x1b")[:1000] + b"\n"
    prompt(dte, command)
    dte.write(text + b"\x1a")
    dte.hears(f"+MIPSEND: 0,{len(text)}", "OK")
    assert receive(peer, len(text)) == text
    prompt(dte, command)
    dte.write(b"never mind\x1b")
    dte.hears("OK")
    prompt(dte, command)
    dte.write(b"x" * 1460)
    dte.hears("+MIPSEND: 0,1460", "OK")
    assert receive(peer, 1460) == b"x" * 1460, "nothing of what ESC ended was to come"
    dte.write(b"AT\rAT\r\x1a")
    dte.alive()


def test_ml305u_takes_4096(lend: Lend, peers: Peers) -> None:
    with lend("ML305U") as dte:
        peer = connect(dte, peers)
        sends(dte, peer, 4096, payload(4096))
        dte.ask("AT+MIPSEND=0,4097", "+CME ERROR: 50")


def test_the_send_timeout(dte: Dte, peers: Peers) -> None:
    """It counts from the last byte; what came of a given length by then is sent."""
    peer = connect(dte, peers)
    dte.ask('AT+MIPCFG="timeout",0,1', "OK")
    prompt(dte, "AT+MIPSEND=0,10")
    began = time.monotonic()
    dte.write(b"abc")
    dte.hears("+MIPSEND: 0,3", "OK")
    assert 0.9 < time.monotonic() - began < 5
    assert receive(peer, 3) == b"abc"
    prompt(dte, "AT+MIPSEND=0,10")
    dte.hears("ERROR")
    prompt(dte)
    dte.write(b"abc")
    dte.hears("ERROR")
    sends(dte, peer, 3, b"end")


def test_over_udp(dte: Dte, peers: Peers) -> None:
    peer = bind_udp(dte, peers)
    prompt(dte, "AT+MIPSEND=0,1024")
    dte.write(EVERY_BYTE)
    dte.hears("+MIPSEND: 0,1024", "OK")
    assert peer.recv(9999) == EVERY_BYTE


def test_urcs_wait_until_it_ends(dte: Dte, peers: Peers) -> None:
    peer, other, datagrams = connect(dte, peers), connect(dte, peers, 1), bind_udp(dte, peers, 2)
    prompt(dte, "AT+MIPSEND=0,4")
    datagrams.send(b"first")
    datagrams.send(b"second")
    assert dte.lull(GUARD) == b""
    other.sendall(b"third")
    dte.write(b"data")
    heard = dte.until(rb'"rtcp",1,5,third\r\n') + dte.lull(GUARD)
    answer = b"\r\n+MIPSEND: 0,4\r\n\r\nOK\r\n"
    assert answer in heard
    urcs = ('"rudp",2,5,first', '"rudp",2,6,second', '"rtcp",1,5,third')
    assert heard.replace(answer, b"") == b"".join(b"\r\n+MIPURC: %b\r\n" % urc.encode() for urc in urcs)
    assert receive(peer, 4) == b"data"


def test_the_connection_is_lost_while_it_is_open(dte: Dte, peers: Peers) -> None:
    """Its data is still data, and the next line a command."""
    peer = connect(dte, peers)
    prompt(dte, "AT+MIPSEND=0,4")
    reset(peer)
    assert dte.lull(GUARD) == b""
    dte.write(b"AT\r\n")
    dte.line("AT+CGMM")
    heard = dte.until(rb"ML307R\r\n\r\nOK\r\n")
    assert heard.startswith((b"\r\n+CME ERROR: 560\r\n", b"\r\n+CME ERROR: 550\r\n"))
    assert b'\r\n+MIPURC: "disconn",0,2\r\n' in heard + dte.lull(GUARD)
    dte.ask("AT+MIPSTATE=0", '+MIPSTATE: 0,,,,"INITIAL"', "OK")


def test_the_peer_closes_while_it_is_open(dte: Dte, peers: Peers) -> None:
    peer = connect(dte, peers)
    prompt(dte, "AT+MIPSEND=0,4")
    peer.shutdown(socket.SHUT_WR)
    assert dte.lull(GUARD) == b""
    dte.write(b"data")
    heard = dte.until(rb'\+MIPURC: "disconn",0,1\r\n')
    sent = heard.startswith(b"\r\n+MIPSEND: 0,4\r\n\r\nOK\r\n")
    assert sent or heard.startswith(b"\r\n+CME ERROR: 550\r\n")
    assert receive(peer, 9) == (b"data" if sent else b"")
    dte.alive()


def test_a_prompt_for_a_connection_that_is_not_there(dte: Dte) -> None:
    dte.ask("AT+MIPSEND=0", "+CME ERROR: 550")
    dte.alive()


def test_nb_models_have_none(lend: Lend, peers: Peers) -> None:
    with lend("MN316") as dte:
        connect(dte, peers)
        dte.ask("AT+MIPSEND=0", "+CME ERROR: 50")
        dte.ask("AT+MIPSEND=0,4", "+CME ERROR: 50")
        dte.alive()
