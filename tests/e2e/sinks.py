"""Parts of tests of moving data: bulk in both directions, buffers read with MIPRD, and profiles of a test's own."""

from __future__ import annotations

import os
import random
import re
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.dte import WAIT, Dte
from tests.e2e.peers import Peers, port_of, receive
from tests.e2e.started import AT_ONCE, Started

MEGABYTE = 1 << 20
GUARD = 0.3
"""Seconds of silence that surely outlast the guard time of +++."""
SETTLED = 0.3
"""Seconds without progress, after which a stream is taken to stand still."""
MOST_GROWTH = 2048
"""KiB by which the memory of a module may grow however much passes."""
_CHUNK = 65536
_PART_OF_READ = re.compile(rb'\r\n(OK\r\n|\+MIPRD: \d,\d+,(\d+),|\+MIPURC: "(?:rtcp|rudp|drop|disconn)",[\d,]+\r\n)')


def payload(size: int, seed: int = 1) -> bytes:
    """Random bytes with everything in them that means something elsewhere, and every byte value."""
    special = bytes(range(256)) + b"\r\n+++\r\nOK\r\nAT\r\n\x1a\x1bCONNECT\r\n" + bytes(range(255, -1, -1))
    half = (size - len(special)) // 2
    source = random.Random(seed)
    return source.randbytes(half) + special + source.randbytes(size - len(special) - half)


def pour(dte: Dte, data: bytes) -> None:
    """Write it all to the port; each part has as long as any write."""
    for start in range(0, len(data), _CHUNK):
        dte.serial.write(data[start : start + _CHUNK])


@contextmanager
def pouring(dte: Dte, data: bytes) -> Iterator[None]:
    """The DTE writes all of data meanwhile."""
    thread = threading.Thread(target=pour, args=(dte, data))
    thread.start()
    yield
    thread.join()


def stuff_line(dte: Dte, data: bytes) -> int:
    """Write to the port until it takes no more; returns the bytes written."""
    port, sent = dte.serial.fileno(), 0
    while sent < len(data) and select.select([], [port], [], SETTLED)[1]:
        sent += os.write(port, data[sent : sent + _CHUNK])
    return sent


def open_as(dte: Dte, peers: Peers, mode: int, connect_id: int = 0, window: int | None = None) -> socket.socket:
    """A TCP connection opened in an access mode; returns the peer's end. window: its SO_RCVBUF."""
    listener = peers.tcp(window=window)
    command = f'AT+MIPOPEN={connect_id},"TCP","127.0.0.1",{port_of(listener)},,{mode}'
    dte.ask(command, "OK", "CONNECT" if mode == 1 else f"+MIPOPEN: {connect_id},0")
    return peers.accept(listener)


def escape(dte: Dte) -> None:
    """Leave transparent mode; what came before is heard already."""
    assert dte.lull(GUARD) == b""
    dte.write(b"+++")
    dte.hears("OK")


def exchanged(dte: Dte, peer: socket.socket, up: bytes = b"up", down: bytes = b"down") -> None:
    """In transparent mode both ways work."""
    dte.write(up)
    assert receive(peer, len(up)) == up
    peer.sendall(down)
    dte.reads(down)


def take(dte: Dte, command: str) -> tuple[list[bytes], list[bytes]]:
    """A MIPRD command: (the payload of each line of the answer, the URCs that came in between)."""
    read: list[bytes] = []
    urcs: list[bytes] = []
    dte.line(command)
    while True:
        part = dte.until(_PART_OF_READ.pattern)
        found = _PART_OF_READ.fullmatch(part)
        assert found is not None, f"{part[:200]!r} is neither a line of MIPRD nor a URC"
        if found[1] == b"OK\r\n":
            return read, urcs
        if found[2] is not None:
            read.append(dte.count(int(found[2])))
            dte.reads(b"\r\n")
        else:
            urcs.append(found[1].strip())


def take_all(dte: Dte, size: int, length: int = 0, within: float = WAIT) -> bytes:
    """Read connection 0, length bytes at a time (0: all), until size bytes have come."""
    data = bytearray()
    while len(data) < size:
        lines, _ = take(dte, f"AT+MIPRD=0,{length}")
        if not lines:
            dte.until(rb'"rtcp",0,\d+,\d+\r\n', within=within)
        for line in lines:
            data += line
    return bytes(data)


@contextmanager
def shared(module: Started) -> Iterator[Dte]:
    """The DTE of a module that many tests use one after the other: it restarts when the test is over."""
    with module.awake() as dte:
        yield dte
        dte.line("AT+MREBOOT")
        dte.until(rb"\r\nREBOOTING\r\n")


@contextmanager
def running(folder: Path, *arguments: str) -> Iterator[Started]:
    """An emulator that is ready."""
    with Started([*arguments, *AT_ONCE], folder / "stderr") as module:
        yield module.wait_ready()


def own_profile(folder: Path, below: str, text: str) -> tuple[str, str, str]:
    """The arguments that run a model of the test's own, which extends a built-in one."""
    (folder / "own.toml").write_text(f'extends = "models/{below}.toml"\nsource = "a test"\n{text}')
    return "own", "--profiles", str(folder)
