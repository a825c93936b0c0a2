"""A PDP context that goes down under what the shell carries out."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from tests.unit.runtime.doubles import Bench, lines


async def drop(bench: Bench) -> list[str]:
    """The network takes the context down; what the DTE hears of it."""
    bench.module.report(lambda: bench.module.modem.contexts.lose(1))
    return lines(await bench.heard())


async def test_a_send_that_waits_for_room_fails(bench: Bench, autojump_clock: MockClock) -> None:
    peer = await bench.connect()
    peer.window = 4
    assert await bench.ask("AT+MIPSEND=0,,0123456789") == []
    assert sorted(await drop(bench)) == ["+CME ERROR: 560", "+MIPCALL: 1,0", '+MIPURC: "disconn",0,3']
    assert peer.aborted
    assert await bench.ask("AT") == ["OK"]


async def test_an_open_fails(bench: Bench, autojump_clock: MockClock) -> None:
    bench.world.answer = trio.Event()
    assert await bench.ask('AT+MIPOPEN=0,"TCP","peer",80') == ["OK"]
    assert await drop(bench) == ["+MIPCALL: 1,0", "+MIPOPEN: 0,570"]
    bench.world.answer.set()
    assert await bench.heard() == b""
    assert bench.world.peers == []


async def test_lookups_pings_and_questions_for_the_time_fail(bench: Bench, autojump_clock: MockClock) -> None:
    bench.world.answer = answer = trio.Event()
    assert await bench.ask('AT+MDNSGIP="name"', 'AT+MPING="name"', 'AT+MNTP="name"') == ["OK"] * 3
    assert await drop(bench) == ["+MIPCALL: 1,0", '+MDNSGIP: "name"', "+MPING: 5", "+MNTP: 3"]
    answer.set()
    await trio.sleep(100)
    assert await bench.heard() == b""
    assert await bench.ask("AT+MIPCALL=1,1") == ["OK", '+MIPCALL: 1,1,"10.1.2.3"']
    assert await bench.ask('AT+MDNSGIP="name"') == ["OK", '+MDNSGIP: "name","192.0.2.1"']


async def test_pings_end_between_two_requests(bench: Bench, autojump_clock: MockClock) -> None:
    heard = await bench.ask('AT+MPING="192.0.2.9",1,10')
    assert len(heard) == 2
    assert await drop(bench) == ["+MIPCALL: 1,0", "+MPING: 5"]
    await trio.sleep(100)
    assert await bench.heard() == b""
    assert len(bench.world.pingers[0].sent) == 1
    assert bench.world.pingers[0].closed
