"""The costs of a start, a command and bulk in things that are counted, for times wobble and counts do not.

Each bound is what is needed today and a little room. Who goes beyond it does without, or raises it and says why.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import onemo
import pytest

from tests.support.driver import Driver
from tests.unit.runtime.doubles import Bench, Line, Peer

PACKAGE = str(Path(onemo.__file__).parent)
OURS, OTHERS = 97, 16
"""Modules that a start imports: of ours, and of others that a bare program on trio with a pty does not import."""
CALLS = {"AT": 35, "AT+CSQ": 49, "AT+MIPSTATE=0": 49}
"""Our functions that are called in a round trip of the core."""
MEGABYTE = 1 << 20
TO_PEER = Counter(read_now=260, send_now=260)
TO_DTE = Counter(receive_now=18, write_now=18)
"""What a line and a connection are asked for, with a system call each, for a megabyte in transparent mode."""


def loaded(code: str, *words: str) -> set[str]:
    """The modules that a program has imported by its end."""
    code = f"import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n{code}"
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    return set(done.stderr.splitlines()[-1].split())


def test_modules_that_a_start_imports() -> None:
    start = loaded("from onemo.__main__ import main; main()", "run", "--boot-time", "0", "--exec", "true")
    ours = {name for name in start if name.partition(".")[0] == "onemo"}
    others = start - ours - loaded("import os, pty, signal, trio")
    assert 50 < len(ours) <= OURS, sorted(ours)
    assert len(others) <= OTHERS, sorted(others)


@pytest.mark.parametrize("command", CALLS)
def test_calls_of_a_round_trip(command: str) -> None:
    """The second one: at the first, what is needed is made."""
    driver = Driver("ML307R").boot()
    driver.ask(command)
    calls: Counter[str] = Counter()

    def count(frame: FrameType, event: str, argument: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(PACKAGE):
            calls[frame.f_code.co_name] += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        answer = driver.ask(command)
    finally:
        sys.setprofile(before)
    assert answer.endswith(b"OK\r\n")
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

    for kind, name in ((Line, "read_now"), (Peer, "send_now"), (Peer, "receive_now"), (Line, "write_now")):
        monkeypatch.setattr(kind, name, counted(name, getattr(kind, name)))
    return counts


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
