"""Traces: the lines that are written of what crossed."""

from __future__ import annotations

import io
import json
import logging
import math
import time
from collections.abc import Iterable
from itertools import count

import pytest
import trio
import trio.testing
from onemo.profile.index import Label
from onemo.runtime.models import load_model
from onemo.runtime.shell import Module
from onemo.runtime.trace import Batch, BatchedTrace, Crossing, JsonLines, Recent, TeeTrace, WrittenTrace
from onemo.wire.transmitter import Kind

from tests.support.labels import socket_label
from tests.unit.runtime.doubles import Bench, Line, World

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


class Written(WrittenTrace):
    """A trace that remembers what it is told at once. error: that it raises."""

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__(time.monotonic)
        self.error = error
        self.told: list[list[Crossing]] = []

    def tell(self, crossings: Iterable[Crossing]) -> None:
        self.told.append(list(crossings))
        if self.error is not None:
            raise self.error

    @property
    def sizes(self) -> list[int]:
        return [len(crossings) for crossings in self.told]


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
        ("closed", socket_label(0), "peer:80 by the peer"),
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


@pytest.mark.parametrize("echo", ["ATE0", "ATE1"])
async def test_a_password_that_is_told_is_masked(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock, echo: str
) -> None:
    notes, line = Notes(), Line()
    await nursery.start(Module(load_model("ML307R"), line, World(), boot_time=0, trace=notes).run)
    line.types(echo.encode() + b'\rAT+MFWCFG="auth","user","secret"\rAT+MFWCFG="auth"\r')
    await trio.sleep(1)
    assert b'\r\n+MFWCFG: "auth","user","secret"\r\n' in line.reads()
    assert b'+MFWCFG: "auth","user","******"' in notes.told
    assert b"secret" not in notes.told + notes.typed


@pytest.mark.parametrize(
    ("setup", "asked"),
    [
        ("ATE0", [b"A/"]),
        ("ATE0", [b"AT+CGMM\r"]),
        ("ATE1", [b"A/"]),
    ],
)
async def test_a_password_is_masked_whenever_and_however_it_is_told(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock, setup: str, asked: list[bytes]
) -> None:
    """Again, or while the line takes nothing and something else is typed."""
    notes, line = Notes(), Line()
    await nursery.start(Module(load_model("ML307R"), line, World(), boot_time=0, trace=notes).run)
    for typed in (setup.encode() + b"\r", b'AT+MFWCFG="auth","user","secret"\r', b'AT+MFWCFG="auth"\r', *asked):
        line.room = 0 if typed.endswith(b'"auth"\r') else line.room
        line.types(typed)
        await trio.sleep(1)
    line.makes_room(math.inf)
    await trio.sleep(1)
    assert b'\r\n+MFWCFG: "auth","user","secret"\r\n' in line.reads()
    assert b'+MFWCFG: "auth","user","******"' in notes.told
    assert b"secret" not in notes.told + notes.typed


async def test_a_name_whose_echo_takes_back_otherwise_than_the_typist(nursery: trio.Nursery) -> None:
    """S5 takes back; the echo of it is BS, blank and BS."""
    notes = Notes()
    bench = await Bench(nursery, trace=notes, model=load_model("MN316")).start()
    for typed in (b"ATE1S5=127\r", b'AT+MQX\x7fTTCONN=0,"h",1,"c","u","secret"\r'):
        bench.line.types(typed)
        await bench.heard()
    assert b'AT+MQX\b \bTTCONN=0,"h",1,"c","u","******"\r' in notes.told
    assert b"secret" not in notes.told + notes.typed


async def test_only_what_the_line_took_is_told(nursery: trio.Nursery) -> None:
    notes = Notes()
    bench = await Bench(nursery, trace=notes, room=100).start()
    bench.line.room = 4
    bench.line.types(b"AT+CGMM\r")
    assert await bench.heard() == b"\r\nML"
    assert notes.told.endswith(b"\r\n\r\nML")


FULL = OSError(28, "No space left on device", "the trace")


@pytest.mark.parametrize(
    ("error", "logged"),
    [
        (
            FULL,
            "the trace cannot be written any more: No space left on device; the module goes on without it",
        ),
        (ValueError("oh"), "a bug in the emulator: a trace that goes on no more"),
    ],
)
async def test_a_trace_that_fails_ends_nothing(
    nursery: trio.Nursery, error: Exception, logged: str, caplog: pytest.LogCaptureFixture
) -> None:
    """No module, and no other trace."""
    batch, failing, other = Batch(), Written(error), Written()
    bench = await Bench(nursery, trace=BatchedTrace(batch, (failing, other))).start()
    for _ in range(3):
        assert await bench.ask("AT") == ["OK"]
        batch.flush()
    assert (len(failing.told), len(other.told)) == (1, 3)
    assert caplog.messages == [logged]


async def test_crossings_are_told_together_within_a_tenth_of_a_second(autojump_clock: trio.testing.MockClock) -> None:
    written = Written()
    trace = BatchedTrace(Batch(), (written,))
    for _ in range(2):  # again after a pause
        for _ in range(5):
            trace.line(">", b"AT\r")
            await trio.sleep(0.01)
        assert not written.told
        await trio.sleep(0.06)
        assert written.sizes == [5]
        written.told.clear()
        await trio.sleep(1)


@pytest.mark.parametrize(("data", "least", "most"), [(b"AT\r", 100, 130), (bytes(4096), 2, 2), (bytes(1 << 20), 1, 1)])
async def test_many_crossings_do_not_wait(data: bytes, least: int, most: int) -> None:
    written = Written()
    trace = BatchedTrace(Batch(), (written,))
    for _ in range(1000):
        trace.net("sent", None, data)
    assert written.sizes
    assert least <= min(written.sizes) <= max(written.sizes) <= most
    assert sum(written.sizes) > 1000 - most


def test_modules_of_one_batch_are_told_in_the_order_of_what_crossed() -> None:
    told: list[str] = []

    class Named(Written):
        def tell(self, crossings: Iterable[Crossing]) -> None:
            told.extend(f"{what} {data!r}" for _, what, data, *_ in crossings)

    batch = Batch()
    one, other = BatchedTrace(batch, (Named(),)), BatchedTrace(batch, (Named(),))
    one.line(">", b"1")
    other.line(">", b"2")
    one.net("opened", None, "3")
    assert not told
    batch.flush()
    assert told == ["> b'1'", "> b'2'", "opened '3'"]


def test_a_crossing_has_its_own_time() -> None:
    written, stream, before = Written(), io.StringIO(), time.monotonic()
    batch = Batch()
    BatchedTrace(batch, (JsonLines(stream, lambda: before - 10), written)).line(">", b"AT\r")
    after = time.monotonic()
    batch.flush()
    ((crossing,),) = written.told
    assert before <= crossing[0] <= after
    assert json.loads(stream.getvalue())["time"] == round(crossing[0] - before + 10, 6)


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
