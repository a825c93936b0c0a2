"""A DTE that reads late, not at all, or comes and goes: nothing of TCP is lost, and memory stays bounded."""

from __future__ import annotations

import random
import re
import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from tests.e2e.conftest import Start
from tests.e2e.dte import Dte
from tests.e2e.peers import Peers
from tests.e2e.started import Started
from tests.e2e.test_connections import bind_udp, connect

MEGABYTE = 1 << 20
SETTLED = 0.3  # seconds without progress, after which a stream is taken to stand still


def stuff(peer: socket.socket, data: bytes) -> int:
    """Send until the module takes no more; returns the bytes sent."""
    sent = 0
    with memoryview(data) as view:
        while sent < len(data) and select.select([], [peer], [], SETTLED)[1]:
            sent += peer.send(view[sent : sent + 65536])
    return sent


@contextmanager
def meanwhile(write: Callable[[bytes], object], data: bytes) -> Iterator[None]:
    """Another thread writes data; it must have come to its end when the block does."""
    failures: list[OSError] = []

    def run() -> None:
        try:
            write(data)
        except OSError as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        thread.join()
    assert not failures


def sending(peer: socket.socket, data: bytes) -> AbstractContextManager[None]:
    """The peer sends all of data meanwhile."""
    return meanwhile(peer.sendall, data)


def few_buffers(peer: socket.socket) -> socket.socket:
    """Let little wait on the peer's side, so that it feels a slow module soon."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
    return peer


def test_megabytes_while_nobody_reads(module: Started, dte: Dte, peers: Peers) -> None:
    data = random.Random(1).randbytes(6 * MEGABYTE)
    peer = few_buffers(connect(dte, peers))
    before = module.status("VmRSS")
    stuck = stuff(peer, data)
    assert stuck < MEGABYTE, "the peer was to be held back"
    assert module.status("VmRSS") - before < 2048
    with sending(peer, data[stuck:]):
        assert dte.payload(len(data), within=40) == data
    assert module.status("VmRSS") - before < 2048
    dte.alive()


def test_every_connection_at_once_while_nobody_reads(module: Started, dte: Dte, peers: Peers) -> None:
    ends = [few_buffers(connect(dte, peers, instance)) for instance in range(6)]
    dte.ask('AT+MIPCFG="encoding",3,0,1', "OK")
    before = module.status("VmRSS")
    sent = [stuff(end, bytes([0x30 + instance]) * MEGABYTE) for instance, end in enumerate(ends)]
    assert all(0 < size < MEGABYTE for size in sent)
    assert module.status("VmRSS") - before < 2048
    for end in ends:
        end.close()
    heard = dte.until(rb'"disconn",\d,1\r\n', times=6, within=40)
    for instance, size in enumerate(sent):
        pieces = re.findall(rb'\r\n\+MIPURC: "rtcp",%d,(\d+),(\w+)\r\n' % instance, heard)
        assert sum(int(length) for length, _ in pieces) == size
        payload = b"".join(piece for _, piece in pieces)
        assert (bytes.fromhex(payload.decode()) if instance == 3 else payload) == bytes([0x30 + instance]) * size
        assert heard.index(b'"disconn",%d,1' % instance) > heard.rindex(b'"rtcp",%d,' % instance)
    dte.alive()


def test_commands_are_answered_once_the_dte_reads(dte: Dte, peers: Peers) -> None:
    peer = few_buffers(connect(dte, peers))
    sent = stuff(peer, bytes(MEGABYTE))
    dte.write(b"AT+CGMM\r" * 100)
    heard = dte.until(rb"ML307R\r\n\r\nOK\r\n", times=100)
    assert re.sub(rb'\r\n\+MIPURC: "rtcp",0,\d+,\0+\r\n', b"", heard) == b"\r\nML307R\r\n\r\nOK\r\n" * 100
    rest = sent - heard.count(b"\0")
    if rest:
        assert dte.payload(rest) == bytes(rest)
    dte.alive()


def test_more_answers_than_anything_holds(dte: Dte) -> None:
    """Answers are not dropped either: the module stops reading commands."""
    commands = b"AT+MIPSTATE?\r" * 2000
    one = "".join(f'\r\n+MIPSTATE: {n},,,,"INITIAL"\r\n' for n in range(6)).encode() + b"\r\nOK\r\n"
    with meanwhile(dte.serial.write, commands):
        for _ in range(2000):
            dte.reads(one)
    dte.alive()


@pytest.mark.parametrize("size", [20, 1400])
def test_a_flood_of_datagrams_while_nobody_reads(module: Started, dte: Dte, peers: Peers, size: int) -> None:
    peer = bind_udp(dte, peers)
    before = module.status("VmRSS")
    for number in range(5000):
        peer.send(b"%05d" % number * (size // 5))
    dte.write(b"AT+CGMM\r")
    heard = dte.until(rb"\r\nML307R\r\n\r\nOK\r\n", within=30)
    heard += dte.lull()  # what was still on its way might have crowded out the last one
    peer.send(b"the end")
    heard += dte.until(rb'"rudp",0,7,the end\r\n')
    assert module.status("VmRSS") - before < 2048
    whole = re.findall(rb'\r\n\+MIPURC: "rudp",0,%d,((\d{5})\2*)\r\n' % size, heard)
    assert all(len(payload) == size for payload, _ in whole)
    numbers = [int(number) for _, number in whole]
    assert numbers == sorted(set(numbers)), "in order, none twice"
    assert 10 < len(numbers) < 5000
    rest = re.sub(rb'\r\n\+MIPURC: "rudp",0,%d,(\d{5})\1*\r\n' % size, b"", heard)
    assert rest == b'\r\nML307R\r\n\r\nOK\r\n\r\n+MIPURC: "rudp",0,7,the end\r\n'
    dte.alive()


def test_the_dte_comes_and_goes(module: Started) -> None:
    with module.awake() as dte:
        dte.alive()
    descriptors = module.descriptors()
    for _ in range(150):
        with module.dte() as dte:
            dte.write(b"AT\r")
            dte.until(rb"\r\nOK\r\n")
    assert module.descriptors() == descriptors


def test_the_dte_comes_and_goes_while_a_connection_lives(module: Started, peers: Peers) -> None:
    data = random.Random(2).randbytes(MEGABYTE)
    with module.awake() as dte:
        peer = few_buffers(connect(dte, peers))
    heard = bytearray()
    with sending(peer, data):
        for _ in range(100):
            with module.dte(flush=False) as dte:
                heard += dte.count(4000) + dte.unread()
        with module.dte(flush=False) as dte:
            # What is still to come: the payload, and the head and end of each URC that is not there yet.
            while (missing := len(data) - len(payload_of(heard))) > 0:
                heard += dte.count(min(missing, 4000))
            if not heard.endswith(b"\r\n"):
                heard += dte.until(rb"\r\n")
            dte.alive()
    assert payload_of(heard) == data


def payload_of(heard: bytes | bytearray) -> bytes:
    """Join the data of the "rtcp" URCs of connection 0; the last one may be cut."""
    payload, position = bytearray(), 0
    while head := re.compile(rb'\r\n\+MIPURC: "rtcp",0,(\d+),').match(heard, position):
        end = head.end() + int(head[1])
        payload += heard[head.end() : end]
        position = end + 2
        assert b"\r\n".startswith(heard[end:position])
    assert len(heard) - position < 40, f"no URC at {bytes(heard[position : position + 80])!r}"
    return bytes(payload)


def test_a_dte_that_flushes_finds_the_module_as_it_was(module: Started, peers: Peers) -> None:
    with module.awake() as dte:
        peer = few_buffers(connect(dte, peers))
    with sending(peer, bytes(2 * MEGABYTE)):
        for _ in range(40):
            with module.dte() as dte:
                dte.write(b"AT+CGMM\r")
                dte.until(rb"\r\nML307R\r\n\r\nOK\r\n")
        with module.dte() as dte:
            dte.write(b"AT+MIPCLOSE=0\r")
            dte.until(rb"\+MIPCLOSE: 0\r\n")
            peer.close()


def test_urcs_while_no_dte_is_there(start: Start, peers: Peers) -> None:
    module = start("ML305U")
    with module.awake() as dte:
        peer = connect(dte, peers)
    peer.sendall(b"nobody listens")
    peer.close()
    with module.dte(flush=False) as dte:
        dte.hears('+MIPURC: "rtcp",0,14,nobody listens', '+MIPURC: "disconn",0,1')
        dte.alive()
