"""MIPSEND to a peer that does not read: the command waits, and nobody else does."""

from __future__ import annotations

import re
import socket
import time

from tests.e2e.dte import Dte
from tests.e2e.peers import Peers, receive, reset
from tests.e2e.started import Started
from tests.e2e.test_connections import connect

PIECE = "x" * 1460
SEND = f'AT+MIPSEND=0,,"{PIECE}"'
MORE = 10
"""So many of them fill every buffer between the module and a peer that does not read."""


def shut(dte: Dte, peers: Peers) -> tuple[socket.socket, int]:
    """A connection whose peer has no room left, not a byte; returns the peer and the bytes that the module took."""
    dte.ask('AT+MIPCFG="timeout",0,1', "OK")
    peer = connect(dte, peers, window=1)  # the kernel makes it the least that it has
    taken = 0
    while True:
        dte.line(SEND)
        answer = dte.until(rb"(\+MIPSEND: 0,\d+\r\n\r\nOK|\+CME ERROR: \d+)\r\n")
        found = re.fullmatch(rb"\r\n\+MIPSEND: 0,(\d+)\r\n\r\nOK\r\n", answer)
        if found is None:
            assert answer == b"\r\n+CME ERROR: 560\r\n"
            return peer, taken
        taken += int(found[1])


def test_the_command_waits_for_the_send_timeout_and_nobody_else_does(module: Started, dte: Dte, peers: Peers) -> None:
    other = connect(dte, peers, 1)
    peer, taken = shut(dte, peers)
    began, used = time.monotonic(), module.processor_time()
    dte.line(SEND)
    dte.write(b"AT\r")
    peer.sendall(b"hello")
    dte.hears('+MIPURC: "rtcp",0,5,hello')
    for turn in range(50):
        other.sendall(b"%02d" % turn)
        dte.hears(f'+MIPURC: "rtcp",1,2,{turn:02d}')
    dte.hears("+CME ERROR: 560", "OK")
    assert 0.9 < time.monotonic() - began < 3
    assert module.processor_time() - used < 0.5, "it was to wait, not to try again and again"
    dte.ask("AT+MIPSTATE=0", f'+MIPSTATE: 0,"TCP","127.0.0.1",{peer.getsockname()[1]},"CONNECTED"', "OK")
    assert receive(peer, taken) == b"x" * taken
    dte.ask("AT+MIPSEND=0,,end", "+MIPSEND: 0,3", "OK")
    assert receive(peer, 3) == b"end"


def test_the_command_goes_on_when_the_window_opens(dte: Dte, peers: Peers) -> None:
    peer = connect(dte, peers, window=1)
    for _ in range(MORE):
        dte.line(SEND)
    done = dte.lull().count(b"OK")
    assert done < MORE, "it was to wait"
    assert receive(peer, MORE * len(PIECE)) == b"x" * MORE * len(PIECE)
    dte.hears(*["+MIPSEND: 0,1460", "OK"] * (MORE - done))


def test_the_peer_resets_while_the_command_waits(dte: Dte, peers: Peers) -> None:
    peer = connect(dte, peers, window=1)
    for _ in range(MORE):
        dte.line(SEND)
    peer.sendall(b"bye")
    heard = dte.lull()
    assert b'\r\n+MIPURC: "rtcp",0,3,bye\r\n' in heard
    reset(peer)
    dte.line("AT+MIPSTATE=0")
    heard += dte.until(rb'\+MIPSTATE: 0,.*"\r\n\r\nOK\r\n')
    assert heard.endswith(b'\r\n+MIPSTATE: 0,,,,"INITIAL"\r\n\r\nOK\r\n')
    assert heard.count(b'\r\n+MIPURC: "disconn",0,2\r\n') == 1
    answers = re.findall(rb"\+(MIPSEND: 0,1460\r\n\r\nOK|CME ERROR: \d+)\r\n", heard)
    sent = answers.index(b"CME ERROR: 560")
    assert answers[:sent] == [b"MIPSEND: 0,1460\r\n\r\nOK"] * sent
    assert answers[sent + 1 :] == [b"CME ERROR: 550"] * (MORE - sent - 1)


def test_a_burst_of_commands_and_payload(dte: Dte, peers: Peers) -> None:
    peer = connect(dte, peers)
    count = 500
    dte.write(b"".join(b'AT\rAT+MIPSEND=0,4,"%04d"\r\n' % number for number in range(count)))
    dte.hears(*["OK", "+MIPSEND: 0,4", "OK"] * count)
    assert receive(peer, 4 * count) == b"".join(b"%04d" % number for number in range(count))
    dte.write(b"AT\r" * 1000)
    dte.hears(*["OK"] * 1000)
    dte.alive()
