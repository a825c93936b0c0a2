"""Traces: the lines that are written of what crossed."""

from __future__ import annotations

import io
import json
import logging
from itertools import count

import pytest
import trio
from onemo.profile.index import Label
from onemo.runtime.trace import JsonLines, Recent, TeeTrace
from onemo.wire.transmitter import Kind

from tests.support.labels import socket_label
from tests.unit.runtime.doubles import Bench

EVERY_BYTE = bytes(range(256))


class Notes:
    """A trace that remembers."""

    def __init__(self) -> None:
        self.typed = bytearray()
        self.told = bytearray()
        self.said: list[tuple[Kind, bytes]] = []
        self.events: list[tuple[str, Label | None, bytes | str]] = []

    def line(self, direction: str, data: bytes, kind: Kind | None = None, console: int = 0) -> None:
        assert isinstance(data, bytes)
        assert (kind is None) == (direction == ">")
        if kind is not None:
            self.said.append((kind, data))
        (self.typed if direction == ">" else self.told).extend(data)

    def net(self, event: str, label: Label | None, detail: bytes | str) -> None:
        self.events.append((event, label, detail))


class Full(Notes):
    """A trace whose file is full."""

    def line(self, direction: str, data: bytes, kind: Kind | None = None, console: int = 0) -> None:
        raise OSError(28, "No space left on device")

    def net(self, event: str, label: Label | None, detail: bytes | str) -> None:
        raise OSError(28, "No space left on device")


async def test_every_crossing_is_told(nursery: trio.Nursery) -> None:
    notes = Notes()
    bench = await Bench(nursery, trace=notes).start()
    peer = await bench.connect()
    await bench.ask("AT+MIPSEND=0,,hello")
    peer.sends(b"world", b"")
    peer.closing.set()
    await bench.heard()
    assert notes.typed == b'AT+MIPOPEN=0,"TCP","peer",80\rAT+MIPSEND=0,,hello\r'
    assert notes.told == (
        b"\r\n+MATREADY\r\n\r\nOK\r\n\r\n+MIPOPEN: 0,0\r\n\r\n+MIPSEND: 0,5\r\n\r\nOK\r\n"
        b'\r\n+MIPURC: "rtcp",0,5,world\r\n\r\n+MIPURC: "disconn",0,1\r\n'
    )
    assert notes.events == [
        ("opened", socket_label(0), "peer:80"),
        ("sent", socket_label(0), b"hello"),
        ("received", socket_label(0), b"world"),
        ("closed", socket_label(0), "peer:80"),
    ]


async def test_it_is_told_what_is_an_answer_and_what_a_urc(nursery: trio.Nursery) -> None:
    """Also of what leaves in one piece."""
    notes = Notes()
    bench = await Bench(nursery, trace=notes).start()
    assert await bench.ask("ATE1V1") == ["OK"]
    bench.line.types(b'AT+MIPOPEN=0,"TCP","peer",80,60,1\r')
    await bench.heard()
    bench.world.peers[-1].sends(b"world")
    await bench.heard()
    told: dict[Kind, bytes] = {}
    for kind, data in notes.said:
        told[kind] = told.get(kind, b"") + data
    assert told == {
        Kind.URC: b"\r\n+MATREADY\r\n",
        Kind.ANSWER: b"\r\nOK\r\n\r\nOK\r\n\r\nCONNECT\r\n",
        Kind.ECHO: b'AT+MIPOPEN=0,"TCP","peer",80,60,1\r',
        Kind.DATA: b"world",
    }


async def test_only_what_the_line_took_is_told(nursery: trio.Nursery) -> None:
    notes = Notes()
    bench = await Bench(nursery, trace=notes, room=100).start()
    bench.line.room = 4
    bench.line.types(b"AT+CGMM\r")
    assert await bench.heard() == b"\r\nML"
    assert notes.told.endswith(b"\r\n\r\nML")


async def test_a_trace_that_fails_ends_nothing() -> None:
    async with trio.open_nursery() as nursery:
        bench = await Bench(nursery, trace=Full()).start()
        assert await bench.ask("AT") == ["OK"]
        nursery.cancel_scope.cancel()


def test_json_lines_give_every_byte_back() -> None:
    stream = io.StringIO()
    trace = JsonLines(stream, count(100.25).__next__)
    trace.line(">", EVERY_BYTE)
    trace.line("<", EVERY_BYTE, Kind.URC)
    trace.net("received", socket_label(3), EVERY_BYTE)
    trace.net("sent", socket_label(3), EVERY_BYTE)
    trace.net("opened", socket_label(3), "[::1]:80")
    assert stream.getvalue().isascii()
    entries = [json.loads(line) for line in stream.getvalue().splitlines()]
    data = EVERY_BYTE.decode("latin-1")
    assert entries == [
        {"time": 1.0, "from": "dte", "to": "module", "data": data},
        {"time": 2.0, "from": "module", "to": "dte", "kind": "urc", "data": data},
        {"time": 3.0, "from": "network", "to": "module", "connect_id": 3, "data": data},
        {"time": 4.0, "from": "module", "to": "network", "connect_id": 3, "data": data},
        {"time": 5.0, "event": "opened", "connect_id": 3, "detail": "[::1]:80"},
    ]


def test_several_are_all_told() -> None:
    one, other = Notes(), Notes()
    trace = TeeTrace([one, other])
    trace.line(">", b"AT\r")
    trace.net("opened", socket_label(0), "peer")
    assert one.typed == other.typed == b"AT\r"
    assert one.events == other.events == [("opened", socket_label(0), "peer")]


def test_a_bug_is_logged_with_the_last_traffic(caplog: pytest.LogCaptureFixture) -> None:
    recent = Recent()
    for number in range(100):
        recent.line(">", b"line %d" % number)
    recent.line("<", memoryview(b"x" * 100_000))
    recent.report(ValueError("oh"))
    (record,) = caplog.records
    assert record.levelno == logging.CRITICAL
    assert "line 99" in record.getMessage()
    assert "line 50" not in record.getMessage()
    assert len(record.getMessage()) < 2000


async def test_another_console_than_the_first_is_named(nursery: trio.Nursery) -> None:
    stream = io.StringIO()
    trace = TeeTrace((JsonLines(stream, count().__next__), Notes()))
    bench = await Bench(nursery, trace=trace, consoles=2).start()
    bench.more[0].types(b"AT\r")
    await bench.heard()
    entries = [json.loads(line) for line in stream.getvalue().splitlines()]
    crossed = [(entry.get("console"), entry["data"]) for entry in entries if "data" in entry]
    assert crossed == [(None, "\r\n+MATREADY\r\n"), (1, "\r\n+MATREADY\r\n"), (1, "AT\r"), (1, "\r\nOK\r\n")]
