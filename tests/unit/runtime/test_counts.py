"""The costs of a start, a command and bulk in things that are counted, for times wobble and counts do not.

Each bound is what is needed today and a little room. Who goes beyond it does without, or raises it and says why.
"""

from __future__ import annotations

import gc
import io
import subprocess
import sys
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Any

import onemo
import pytest
import trio
from onemo import HostNetwork, Module, load_model, open_pty
from onemo.cli.live import Live
from onemo.runtime.trace import Batch, BatchedTrace, JsonLines
from trio.testing import wait_all_tasks_blocked

from tests.unit.runtime.doubles import Bench, Line, Peer

PACKAGE = str(Path(onemo.__file__).parent)
OURS, OTHERS = 108, 16
"""Modules that a start imports: of ours, and of others that a bare program on trio with a pty does not import."""
LATER = ("--register-time", "600")
"""What needs the network comes after the start, however slow that is."""
CALLS = {"AT": 48, "AT+CSQ": 62, "AT+MIPSTATE=0": 62}
"""Our functions that are called in a round trip, from the line and back to it; one that is resumed counts, too."""
TRACED = 20
"""Writes to a trace for 200 round trips: several of those 0.1 s apart, on a slow machine."""
MEGABYTE = 1 << 20
TO_PEER = Counter(read_now=18, send_now=18, wait_readable=4)
TO_DTE = Counter(receive_now=18, write_now=18, wait_readable=4)
"""What a line and a connection are asked for, with a system call each, for a megabyte in transparent mode: they are
read until they have no more, not waited for at each piece."""
ENTRY, OF_ENTRY = 8192, 2
"""Bytes of the longest entry of payload, and what a line is asked for with its command."""

FURTHER = 46_500
"""Bytes of Python's that each further module takes in a lab; with what is not Python's it is some 64 KB."""


def loaded(code: str, *words: str) -> set[str]:
    """The modules that a program has imported by its end."""
    code = f"import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n{code}"
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    return set(done.stderr.splitlines()[-1].split())


def test_modules_that_a_start_imports() -> None:
    start = loaded("from onemo.__main__ import main; main()", "run", "--boot-time", "0", *LATER, "--exec", "true")
    ours = {name for name in start if name.partition(".")[0] == "onemo"}
    others = start - ours - loaded("import os, pty, signal, trio")
    assert 50 < len(ours) <= OURS, sorted(ours)
    assert len(others) <= OTHERS, sorted(others)


@pytest.mark.parametrize("command", CALLS)
async def test_calls_of_a_round_trip(bench: Bench, command: str) -> None:
    """The second one: at the first, what is needed is made."""
    answer = await bench.ask(command)
    calls: Counter[str] = Counter()

    def count(frame: FrameType, event: str, argument: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(PACKAGE):
            calls[frame.f_code.co_qualname] += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        again = await bench.ask(command)
    finally:
        sys.setprofile(before)
    assert again == answer
    assert again[-1] == "OK"
    assert 10 < calls.total() <= CALLS[command], calls


@pytest.fixture
def carried(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often a line and a connection in memory were asked for what takes a system call."""
    counts: Counter[str] = Counter()

    def counted(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any) -> Any:
            counts[name] += 1
            return function(*given)

        return call

    of_each = {Line: ("read_now", "write_now", "wait_readable"), Peer: ("receive_now", "send_now", "wait_readable")}
    for kind, names in of_each.items():
        for name in names:
            monkeypatch.setattr(kind, name, counted(name, getattr(kind, name)))
    return counts


class Counted(io.StringIO):
    """A file in memory. writes: how often something was written."""

    writes = 0

    def write(self, text: str, /) -> int:
        self.writes += 1
        return super().write(text)


async def test_writes_of_traced_round_trips(nursery: trio.Nursery) -> None:
    """To a file and to stderr."""
    file, shown = Counted(), Counted()
    written = (JsonLines(file, time.monotonic), Live(shown))
    bench = await Bench(nursery, trace=BatchedTrace(batch := Batch(), written)).start()
    for _ in range(200):
        assert await bench.ask("AT") == ["OK"]
    batch.flush()
    assert file.getvalue().count('"AT\\r"') == shown.getvalue().count(" > AT\n") == 200
    assert file.writes <= TRACED
    assert shown.writes <= TRACED


async def test_system_calls_of_a_megabyte(bench: Bench, carried: Counter[str]) -> None:
    """In transparent mode, each way."""
    peer = await bench.connect()
    assert await bench.ask("AT+MIPMODE=0,1") == ["OK", "CONNECT"]
    carried.clear()
    bench.line.types(bytes(MEGABYTE))
    await bench.heard()
    assert peer.taken == bytes(MEGABYTE)
    assert carried <= TO_PEER
    carried.clear()
    peer.sends(bytes(MEGABYTE))
    assert await bench.heard() == bytes(MEGABYTE)
    assert carried <= TO_DTE


async def test_system_calls_of_a_long_entry(bench: Bench, carried: Counter[str]) -> None:
    """A piece of a certificate after ``>``."""
    carried.clear()
    assert await bench.ask(f'AT+MSSLCERTWR="long.pem",0,{ENTRY}') == [">"]
    bench.line.types(b"x" * ENTRY)
    assert b"OK" in await bench.heard()
    assert carried["read_now"] <= OF_ENTRY


async def test_memory_of_a_further_module(nursery: trio.Nursery) -> None:
    """On a pseudo-terminal, idle."""
    if sys.gettrace() is not None:
        pytest.skip("the measurement of coverage takes memory of its own")
    model = load_model("ML307R")
    with ExitStack() as opened:

        async def start(count: int) -> None:
            for _ in range(count):
                link = opened.enter_context(open_pty())
                await nursery.start(Module(model, link, HostNetwork(), boot_time=0).run)
                nursery.start_soon(link.watch)
            await wait_all_tasks_blocked()
            gc.collect()

        await start(5)  # they share what the first ones make
        tracemalloc.start(1)
        try:
            await start(50)
            each = tracemalloc.get_traced_memory()[0] / 50
        finally:
            tracemalloc.stop()
            nursery.cancel_scope.cancel()
    assert 20_000 < each <= FURTHER
