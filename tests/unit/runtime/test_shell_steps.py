"""A step after a call into the core: nothing that can go on is left lying, whatever bug came in between."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from tests.unit.runtime.doubles import Bench, lines


class Slip(Exception):
    """A bug."""


@pytest.fixture
def slips(monkeypatch: pytest.MonkeyPatch, bench: Bench) -> Callable[[int], None]:
    """Let so many next calls of settle raise Slip."""
    modem = bench.module.modem
    settle = modem.settle
    left = 0

    def slipping(now: float) -> None:
        nonlocal left
        if left:
            left -= 1
            raise Slip
        settle(now)

    def order(count: int) -> None:
        nonlocal left
        left = count

    monkeypatch.setattr(modem, "settle", slipping)
    return order


def bugs(caplog: pytest.LogCaptureFixture) -> list[object]:
    """The classes of the bugs that were logged."""
    logged = [record.exc_info for record in caplog.records if record.levelno >= logging.CRITICAL]
    return [info[0] if info else None for info in logged]


async def test_in_the_writer(bench: Bench, slips: Callable[[int], None], caplog: pytest.LogCaptureFixture) -> None:
    """No answer is lost for it."""
    count = 10_000
    bench.line.room = 0
    bench.line.types(b"AT+CGMM\r" * count)
    await trio.testing.wait_all_tasks_blocked()
    assert bench.module.modem.first.transmitter.full
    slips(1)
    bench.line.makes_room(10**9)
    heard = await bench.heard()
    assert bugs(caplog) == [Slip]
    assert heard.count(b"\r\nML305U\r\n") == count
    assert await bench.ask("AT") == ["OK"]


async def test_when_bytes_come(bench: Bench, slips: Callable[[int], None], caplog: pytest.LogCaptureFixture) -> None:
    """Received bytes are served."""
    slips(1)
    assert await bench.ask("AT", "AT+CGMM") == ["OK", "ML305U", "OK"]
    assert bugs(caplog) == [Slip]


async def test_again_while_it_recovers(
    bench: Bench, slips: Callable[[int], None], caplog: pytest.LogCaptureFixture
) -> None:
    """Received bytes are served with the next event."""
    peer = await bench.connect()
    slips(2)
    assert await bench.ask("AT") == []
    assert bugs(caplog) == [Slip, Slip]
    peer.sends(b"news")
    heard = await bench.heard()
    assert b"\r\nOK\r\n" in heard
    assert b'"rtcp",0,4,news' in heard
    assert await bench.ask("AT+CGMM") == ["ML305U", "OK"]


async def test_what_came_with_the_end_of_a_prompt_is_read_as_lines(bench: Bench) -> None:
    """However much had to wait for the prompt to end."""
    stream = await bench.connect()
    datagrams = await bench.connect(1, "UDP")
    await bench.ask('AT+MIPCFG="encoding",1,0,1')
    bench.line.types(b"AT+MIPSEND=0,4\r")
    assert await bench.heard() == b"\r\n>"
    datagrams.sends(b"x" * 40_000)
    assert await bench.heard() == b""
    bench.line.types(b"abcdAT+CGMM\r")
    heard = lines(await bench.heard())
    assert stream.taken == b"abcd"
    assert heard == ["+MIPSEND: 0,4", "OK", '+MIPURC: "rudp",1,40000,' + "78" * 40_000, "ML305U", "OK"]


async def test_the_answer_of_a_prompt_that_timed_out_comes_when_the_line_drains(
    bench: Bench, autojump_clock: MockClock
) -> None:
    """The line was full at the time, and nothing else waits for it."""
    await bench.connect(0)
    assert await bench.ask('AT+MIPOPEN=1,"TCP","peer",80,,2') == ["OK", "+MIPOPEN: 1,0"]
    await bench.ask('AT+MIPCFG="encoding",1,0,1')
    bench.world.peers[1].sends(b"z" * 60_000)
    await bench.heard()
    bench.line.room = 0
    bench.line.types(b"AT+MIPRD=1,0;+MIPSEND=0\r")
    await trio.sleep(1000)
    assert bench.module.modem.first.transmitter.full
    assert bench.line.heard == b""
    bench.line.makes_room(10**9)
    heard = (await bench.heard()).partition(b"\r\n>")[2]
    assert lines(heard) == ["ERROR"]
    assert await bench.ask("AT") == ["OK"]
