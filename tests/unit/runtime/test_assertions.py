"""What a test asks about a module's connections: the bytes that were delivered to its DTE, in each access mode."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import pytest
import serial
from onemo import Hosted, HostedModule
from onemo.profile.index import Label
from onemo.runtime.dialogue import Dialogue
from onemo.wire.transmitter import Kind

from tests.support.labels import socket_label

OPEN = 'AT+MIPOPEN={},"{}","echo.example.com",7'


class Line(NamedTuple):
    """The DTE's end of the line of a module."""

    module: HostedModule
    port: serial.Serial

    def ask(self, line: str, end: str = "OK\r\n") -> None:
        self.port.write(line.encode() + b"\r")
        self.hear(end)

    def hear(self, end: str) -> None:
        assert self.port.read_until(end.encode()).endswith(end.encode())

    def received(self, number: int = -1) -> bytes:
        return self.module.connections[number].received


@contextmanager
def line_of(module: HostedModule) -> Iterator[Line]:
    with serial.serial_for_url(module.url, timeout=30) as port:
        yield Line(module, port)


@pytest.fixture
def line() -> Iterator[Line]:
    """That of a module whose peers echo what they get."""
    with Hosted() as lab, line_of(lab.start("ML307R", sandbox=True)) as line:
        yield line


def opened(line: Line, transport: str, mode: int = 0) -> Line:
    line.ask(OPEN.format(0, transport), "+MIPOPEN: 0,0\r\n")
    if mode:
        line.ask(f"AT+MIPMODE=0,{mode}")
    return line


@pytest.mark.parametrize("transport", ["TCP", "UDP"])
def test_what_a_urc_tells_is_delivered_with_it(line: Line, transport: str) -> None:
    opened(line, transport).ask('AT+MIPSEND=0,,"hello"', '",0,5,hello\r\n')
    assert line.received() == b"hello"


def test_a_stream_is_delivered_as_it_is_read(line: Line) -> None:
    opened(line, "TCP", 2).ask('AT+MIPSEND=0,,"hello"', '+MIPURC: "rtcp",0,5,5\r\n')
    assert line.received() == b""
    line.ask("AT+MIPRD=0,2")
    assert line.received() == b"he"
    line.ask("AT+MIPMODE=0,0")  # which prints the rest
    assert line.received() == b"hello"
    line.ask('AT+MIPSEND=0,,"!"', ",0,1,!\r\n")
    assert line.received() == b"hello!"


def test_what_nobody_reads_is_never_delivered(line: Line) -> None:
    opened(line, "TCP", 2).ask('AT+MIPSEND=0,,"hello"', '+MIPURC: "rtcp",0,5,5\r\n')
    line.ask("AT+MIPCLOSE=0", "+MIPCLOSE: 0\r\n")
    opened(line, "TCP").ask('AT+MIPSEND=0,,"again"', ",0,5,again\r\n")
    first, second = line.module.connections
    assert (first.sent, first.received, first.closed) == (b"hello", b"", True)
    assert (second.sent, second.received, second.closed) == (b"again", b"again", False)


def test_packets_are_delivered_as_they_are_read(line: Line) -> None:
    opened(line, "UDP", 3)
    for count, text in enumerate(("one", "two"), 1):
        line.ask(f'AT+MIPSEND=0,,"{text}"', f'+MIPURC: "rudp",0,{count}\r\n')
    assert line.received() == b""
    line.ask("AT+MIPRD=0,1")
    assert line.received() == b"one"
    line.ask("AT+MIPRD=0,1")
    assert line.received() == b"onetwo"


def test_transparent_mode_delivers_what_was_held_and_what_comes(line: Line) -> None:
    opened(line, "TCP", 2).ask('AT+MIPSEND=0,,"held"', '+MIPURC: "rtcp",0,4,4\r\n')
    line.ask("AT+MIPMODE=0,1", "CONNECT\r\nheld")
    assert line.received() == b"held"
    line.port.write(b", and more")
    line.hear(", and more")
    assert line.received() == b"held, and more"


def test_of_another_kind_it_is_what_crossed_the_network(line: Line) -> None:
    line.ask('AT+MHTTPCREATE="http://www.example.com"', "+MHTTPCREATE: 0\r\n\r\nOK\r\n")
    line.ask('AT+MHTTPREQUEST=0,1,0,"/x"', '"content",0')
    assert line.received().startswith(b"HTTP/1.1 ")


def test_a_connection_that_a_server_accepted() -> None:
    """It is there before anything has crossed it, and has its peer."""
    with Hosted() as lab, line_of(lab.start("MR880A")) as line:
        line.ask('AT+MIPLISTEN=0,"TCP",80', "+MIPLISTEN: 0,0\r\n")
        with socket.create_connection(line.module.server(0).address, timeout=30) as peer:
            line.module.trace.wait_for("accepted", timeout=30)
            (seen,) = line.module.connections
            assert seen.peer.endswith(f":{peer.getsockname()[1]}")
            peer.sendall(b"hello")
            line.hear(",5,hello\r\n")
            assert line.received() == b"hello"


# ---- The dialogue alone


def told(dialogue: Dialogue, label: Label, *texts: bytes) -> None:
    dialogue.net("opened", label, "127.0.0.1:9")
    for text in texts:
        dialogue.net("received", label, text)
        dialogue.delivered(label, text)


def test_what_is_old_is_forgotten_of_each_alike() -> None:
    dialogue = Dialogue(most=4000)
    told(dialogue, socket_label(0), b"a" * 1000, b"b" * 1000)
    told(dialogue, socket_label(1), b"c" * 2000)
    *_, last = dialogue.connections
    assert last.received == b"c" * 2000
    told(dialogue, socket_label(1), b"d" * 9000)
    dialogue.line("<", b"\r\nOK\r\n", Kind.ANSWER)
    assert len(b"".join(each.received for each in dialogue.connections)) <= 4000


def test_one_that_was_open_when_the_dialogue_was_cleared() -> None:
    dialogue = Dialogue()
    told(dialogue, socket_label(0), b"before")
    dialogue.clear()
    dialogue.net("received", socket_label(0), b"after")
    dialogue.delivered(socket_label(0), b"after")
    assert [each.received for each in dialogue.connections] == [b"after"]
