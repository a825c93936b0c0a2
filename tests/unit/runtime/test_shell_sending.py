"""MIPSEND in the shell: at once where the stack takes it, else a task waits for room."""

from __future__ import annotations

import math

import pytest
import trio
from onemo.errors import NetError, NetFailure
from onemo.families.sockets.connections import Connections
from onemo.modem.power import PowerEvent
from trio.testing import MockClock, wait_all_tasks_blocked

from tests.unit.runtime.doubles import Bench, Peer, lines

RESET = NetError(NetFailure.RESET, "connection reset")
SEND = "AT+MIPSEND=0,,0123456789"


async def shut(bench: Bench, window: float = 0, patience: int = 5) -> Peer:
    """A connection whose peer has so little room left; patience: the send timeout, in seconds."""
    await bench.ask(f'AT+MIPCFG="timeout",0,{patience}')
    peer = await bench.connect()
    peer.window = window
    return peer


async def test_at_once(bench: Bench) -> None:
    peer = await shut(bench, window=20)
    assert await bench.ask(SEND, SEND, "AT") == ["+MIPSEND: 0,10", "OK"] * 2 + ["OK"]
    assert peer.taken == b"0123456789" * 2


async def test_the_window_opens(bench: Bench) -> None:
    peer = await shut(bench, window=4)
    assert await bench.ask(SEND) == []
    assert peer.taken == b"0123"
    peer.takes(3)
    assert await bench.heard() == b""
    peer.takes(math.inf)
    assert lines(await bench.heard()) == ["+MIPSEND: 0,10", "OK"]
    assert peer.taken == b"0123456789"


@pytest.mark.parametrize(("window", "answer"), [(4, ["+MIPSEND: 0,4", "OK"]), (0, ["+CME ERROR: 560"])])
async def test_the_send_timeout(bench: Bench, autojump_clock: MockClock, window: int, answer: list[str]) -> None:
    peer = await shut(bench, window, patience=7)
    assert await bench.ask(SEND) == []
    assert lines(await bench.hears(7)) == answer
    assert await bench.ask("AT+MIPSTATE=0") == ['+MIPSTATE: 0,"TCP","peer",80,"CONNECTED"', "OK"]
    peer.takes(100)
    assert await bench.ask("AT+MIPSEND=0,,more") == ["+MIPSEND: 0,4", "OK"]
    assert peer.taken == b"0123456789"[:window] + b"more"


@pytest.mark.parametrize("pace", [0.0, 6.0])
async def test_the_rest_of_an_entry_is_no_command_however_long_it_waited(
    bench: Bench, autojump_clock: MockClock, pace: float
) -> None:
    """It is still with the line when the send ends with the very time-out after which a silence would end the entry."""
    await shut(bench, patience=7)
    bench.line.types(b"AT+MIPSEND=0\r\n")
    assert await bench.heard() == b"\r\n>"
    bench.line.types(b"y" * 1460 + b"AT+CSQ\r\n" + b"z" * 4096 + b"\r\n")
    await trio.sleep(7.1)
    assert lines(await bench.heard()) == ["+CME ERROR: 560"]
    await trio.sleep(pace)
    assert await bench.ask("AT+CSQ") == []
    assert await bench.ask("AT+CSQ\x1aAT") == ["OK"]


async def test_the_timeout_counts_for_the_whole_command(bench: Bench, autojump_clock: MockClock) -> None:
    """Room that comes bit by bit does not lengthen it."""
    peer = await shut(bench, patience=5)
    await bench.ask(SEND)
    for _ in range(5):
        await trio.sleep(0.9)
        peer.takes(1)
    assert lines(await bench.hears(0.5)) == ["+MIPSEND: 0,5", "OK"]


async def test_it_fails_at_once(bench: Bench) -> None:
    peer = await shut(bench)
    peer.failure = RESET
    assert await bench.ask(SEND) == ["+CME ERROR: 560", '+MIPURC: "disconn",0,2']
    assert await bench.ask("AT+MIPSTATE=0") == ['+MIPSTATE: 0,,,,"INITIAL"', "OK"]
    assert peer.aborted
    await bench.connect()


async def test_it_fails_midway(bench: Bench) -> None:
    peer = await shut(bench, window=4)
    await bench.ask(SEND)
    peer.fails(RESET)
    assert sorted(lines(await bench.heard())) == ["+CME ERROR: 560", '+MIPURC: "disconn",0,2']
    assert peer.aborted
    assert await bench.ask("AT+MIPSTATE=0") == ['+MIPSTATE: 0,,,,"INITIAL"', "OK"]


@pytest.mark.parametrize(("arrival", "state"), [(RESET, 2), (b"", 1)])
async def test_the_connection_ends_meanwhile(bench: Bench, arrival: bytes | Exception, state: int) -> None:
    peer = await shut(bench)
    await bench.ask(SEND)
    peer.sends(arrival)
    assert sorted(lines(await bench.heard())) == ["+CME ERROR: 560", f'+MIPURC: "disconn",0,{state}']
    assert await bench.ask("AT") == ["OK"]


async def test_everybody_else_goes_on_meanwhile(bench: Bench) -> None:
    other = await bench.connect(1)
    peer = await shut(bench)
    await bench.ask(SEND)
    other.sends(b"hello")
    peer.sends(b"me too")
    assert sorted(lines(await bench.heard())) == ['+MIPURC: "rtcp",0,6,me too', '+MIPURC: "rtcp",1,5,hello']


async def test_commands_wait_for_the_one_that_waits(bench: Bench) -> None:
    peer = await shut(bench)
    assert await bench.ask(SEND, "AT+CGMM") == []
    bench.line.types(b"AT+CGMR\r" * 1000)
    await wait_all_tasks_blocked()
    assert len(bench.line.typed) == 8000, "what comes later is left in the line"
    peer.takes(math.inf)
    heard = lines(await bench.heard())
    assert heard[:4] == ["+MIPSEND: 0,10", "OK", "ML305U", "OK"]
    assert len(heard) == 2004


async def test_several_in_a_line_wait_in_turn(bench: Bench) -> None:
    peer = await shut(bench)
    await bench.ask("AT+MIPSEND=0,,first;+MIPSEND=0,,second;+CGMM")
    for _ in range(11):
        assert await bench.heard() in (b"", b"\r\n+MIPSEND: 0,5\r\n")
        peer.takes(1)
    assert lines(await bench.heard())[-3:] == ["+MIPSEND: 0,6", "ML305U", "OK"]
    assert peer.taken == b"firstsecond"


async def test_a_datagram_goes_whole(bench: Bench) -> None:
    peer = await bench.connect(kind="UDP")
    peer.window = 9
    await bench.ask(SEND)
    assert peer.taken == b""
    peer.takes(1)
    assert lines(await bench.heard()) == ["+MIPSEND: 0,10", "OK"]
    assert peer.taken == b"0123456789"


async def test_what_follows_a_restart_in_its_line_is_lost(bench: Bench) -> None:
    peer = await shut(bench)
    assert await bench.ask(f"AT+MREBOOT;{SEND[2:]}") == ["OK", "REBOOTING", "+MATREADY"]
    assert peer.aborted
    assert await bench.ask("AT") == ["OK"]


async def test_a_restart_once_the_send_is_done(bench: Bench) -> None:
    peer = await shut(bench)
    assert await bench.ask(f"{SEND};+MREBOOT") == []
    assert not peer.aborted
    peer.takes(math.inf)
    assert lines(await bench.heard()) == ["+MIPSEND: 0,10", "OK", "REBOOTING", "+MATREADY"]
    assert peer.aborted


async def test_a_restart_while_a_send_waits(bench: Bench, autojump_clock: MockClock) -> None:
    """No command can do that, for the line is busy; whoever takes the supply away can."""
    old = await shut(bench, patience=5)
    await bench.ask(SEND)
    bench.module.modem.lifecycle.end(PowerEvent.RESTART, trio.current_time())
    bench.module.step()
    assert lines(await bench.heard()) == ["+MATREADY"]
    assert old.aborted
    new = await shut(bench, patience=30)
    assert await bench.ask(SEND) == []
    await trio.sleep(20)
    old.takes(math.inf)
    assert await bench.heard() == b"", "the old send has nothing to do with the new one"
    new.takes(math.inf)
    assert lines(await bench.heard()) == ["+MIPSEND: 0,10", "OK"]


async def test_cancelling_while_a_send_goes_on() -> None:
    for _ in range(40):  # the order in which trio runs the two tasks is left to chance
        async with trio.open_nursery() as nursery:
            bench = await Bench(nursery).start()
            peer = await shut(bench)
            await bench.ask(SEND)
            peer.takes(1)
            nursery.cancel_scope.cancel()
        assert peer.aborted


# From two consoles.


async def test_sends_of_two_consoles_follow_one_another(nursery: trio.Nursery) -> None:
    bench = await Bench(nursery, consoles=2).start()
    peer = await shut(bench, window=4)
    assert await bench.ask(SEND) == []
    other = bench.more[0]
    peer.window = 20  # nobody was told
    other.types(b"AT+MIPSEND=0,,abcdef\rAT\r")
    await bench.heard()
    assert peer.taken == b"0123"
    peer.takes(0)
    assert lines(await bench.heard()) == ["+MIPSEND: 0,10", "OK"]
    peer.takes(0)
    await bench.heard()
    assert lines(other.reads()) == ["+MIPSEND: 0,6", "OK", "OK"]
    assert peer.taken == b"0123456789abcdef"


async def test_transparent_mode_follows_what_another_console_sends(nursery: trio.Nursery) -> None:
    bench = await Bench(nursery, consoles=2).start()
    peer = await shut(bench, window=4)
    bench.more[0].types(b"AT+MIPMODE=0,1\r")
    assert lines(await bench.heard()) == []
    assert lines(bench.more[0].reads()) == ["OK", "CONNECT"]
    assert await bench.ask(SEND) == []
    peer.window = 1000
    bench.more[0].types(bytes(2000))
    await bench.heard()
    peer.takes(0)
    assert lines(await bench.heard()) == ["+MIPSEND: 0,10", "OK"]
    peer.takes(math.inf)
    await bench.heard()
    size = 2000 - 2000 % bench.module.modem.part(Connections)[0].packet_size
    assert peer.taken == b"0123456789" + bytes(size)
    assert bench.module.modem.part(Connections)[0].queued == 0
