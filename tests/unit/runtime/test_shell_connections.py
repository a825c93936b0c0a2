"""Connections in the shell: how they open, end and are told apart."""

from __future__ import annotations

import pytest
import trio
from onemo.errors import NetError, NetFailure
from onemo.net.interface import CloseMode, CloseResult
from onemo.runtime.models import load_model
from trio.testing import wait_all_tasks_blocked

from tests.unit.runtime.doubles import Bench, lines

RESET = NetError(NetFailure.RESET, "connection reset")


async def test_opening(bench: Bench) -> None:
    bench.world.answer = trio.Event()
    assert await bench.ask('AT+MIPOPEN=0,"TCP","peer",80,7,0,99') == ["OK"]
    assert await bench.ask("AT+MIPSTATE=0") == ['+MIPSTATE: 0,"TCP","peer",80,"CONNECTING"', "OK"]
    bench.world.answer.set()
    assert lines(await bench.heard()) == ["+MIPOPEN: 0,0"]
    (request,) = bench.world.requests
    assert (request.host, request.port, request.timeout, request.local_port) == ("peer", 80, 7, 99)


@pytest.mark.parametrize(
    ("failure", "number"), [(NetFailure.REFUSED, 557), (NetFailure.NAME, 580), (NetFailure.OTHER, 559)]
)
async def test_opening_fails(bench: Bench, failure: NetFailure, number: int) -> None:
    bench.world.failure = NetError(failure)
    assert await bench.ask('AT+MIPOPEN=0,"TCP","peer",80') == ["OK", f"+MIPOPEN: 0,{number}"]
    bench.world.failure = None
    await bench.connect()


@pytest.mark.parametrize(("failure", "result"), [(None, 0), (NetError(NetFailure.REFUSED), 557)])
async def test_those_that_open_at_once_are_told_in_the_order_of_the_commands(
    bench: Bench, failure: NetError | None, result: int
) -> None:
    bench.world.failure = failure
    commands = [f'AT+MIPOPEN={connect_id},"TCP","peer",80' for connect_id in range(6)]
    for _ in range(4):  # in any other order by chance once in 720^4 times
        told = await bench.ask(*commands)
        assert [line for line in told if line != "OK"] == [f"+MIPOPEN: {number},{result}" for number in range(6)]
        await bench.ask("AT+MREBOOT")
        await bench.ask("AT")


@pytest.mark.parametrize("slow", ["TCP", "UDP"])
async def test_so_are_those_that_take_a_few_turns_more_than_others(bench: Bench, slow: str) -> None:
    bench.world.turns = lambda request: 3 * (request.transport.name == slow)
    kinds = ["UDP", "TCP"] * 3
    told = await bench.ask(*(f'AT+MIPOPEN={number},"{kind}","peer",80' for number, kind in enumerate(kinds)))
    assert [line for line in told if line != "OK"] == [f"+MIPOPEN: {number},0" for number in range(6)]


async def test_those_that_close_at_once_are_told_in_the_order_of_the_commands(bench: Bench) -> None:
    for _ in range(4):
        peers = [await bench.connect(number, "UDP" if number % 2 else "TCP") for number in range(6)]
        for peer in peers:
            peer.closing.set()
        told = await bench.ask(*(f"AT+MIPCLOSE={number}" for number in range(6)))
        assert [line for line in told if line != "OK"] == [f"+MIPCLOSE: {number}" for number in range(6)]


async def test_a_close_that_takes_longer_keeps_nobody_waiting(bench: Bench) -> None:
    slow, fast = [await bench.connect(number) for number in range(2)]
    fast.closing.set()
    assert await bench.ask("AT+MIPCLOSE=0", "AT+MIPCLOSE=1") == ["OK", "OK", "+MIPCLOSE: 1"]
    slow.closing.set()
    assert lines(await bench.heard()) == ["+MIPCLOSE: 0"]


async def test_one_that_takes_longer_keeps_nobody_waiting(bench: Bench) -> None:
    bench.world.answer = answer = trio.Event()
    await bench.ask('AT+MIPOPEN=0,"TCP","peer",80')
    bench.world.answer = None
    assert await bench.ask('AT+MIPOPEN=1,"TCP","peer",80') == ["OK", "+MIPOPEN: 1,0"]
    answer.set()
    assert lines(await bench.heard()) == ["+MIPOPEN: 0,0"]


async def test_one_that_is_dropped_in_that_moment_is_ended(bench: Bench) -> None:
    bench.world.answer = trio.Event()
    await bench.ask('AT+MIPOPEN=0,"TCP","peer",80')
    bench.world.answer.set()
    bench.line.types(b"AT+MREBOOT\r")
    await bench.heard()
    assert all(peer.aborted for peer in bench.world.peers)


async def test_the_peer_closes(bench: Bench) -> None:
    peer = await bench.connect()
    peer.sends(b"last", b"")
    assert lines(await bench.heard()) == ['+MIPURC: "rtcp",0,4,last', '+MIPURC: "disconn",0,1']
    assert peer.plan is not None
    assert peer.plan.mode is CloseMode.DRAIN, "what is unsent still goes"
    assert not peer.aborted
    peer.closing.set()
    await wait_all_tasks_blocked()
    assert peer.aborted


async def test_the_peer_resets(bench: Bench) -> None:
    peer = await bench.connect()
    peer.sends(b"last", RESET)
    assert lines(await bench.heard()) == ['+MIPURC: "rtcp",0,4,last', '+MIPURC: "disconn",0,2']


async def test_an_instance_is_used_again_while_its_last_connection_still_ends(bench: Bench) -> None:
    first = await bench.connect()
    first.sends(b"")
    assert lines(await bench.heard()) == ['+MIPURC: "disconn",0,1']
    second = await bench.connect()
    first.closing.set()
    await wait_all_tasks_blocked()
    second.sends(b"hello")
    assert lines(await bench.heard()) == ['+MIPURC: "rtcp",0,5,hello']
    assert await bench.ask("AT+MIPSEND=0,,answer") == ["+MIPSEND: 0,6", "OK"]
    assert second.taken == b"answer"
    assert not second.aborted


async def test_closing(bench: Bench) -> None:
    peer = await bench.connect()
    assert await bench.ask("AT+MIPCLOSE=0") == ["OK"]
    assert await bench.ask("AT+MIPSTATE=0") == ['+MIPSTATE: 0,"TCP","peer",80,"CLOSING"', "OK"]
    assert peer.plan is not None
    assert peer.plan.mode is CloseMode.DRAIN
    peer.sends(b"too late", b"", RESET)
    assert await bench.heard() == b""
    peer.closing.set()
    assert lines(await bench.heard()) == ["+MIPCLOSE: 0"]
    await bench.connect()


@pytest.mark.parametrize(
    ("mode", "way"), [(0, CloseMode.DRAIN), (1, CloseMode.NOW), (2, CloseMode.NOW), (3, CloseMode.RESET)]
)
@pytest.mark.parametrize("result", CloseResult)
async def test_the_ways_of_closing(nursery: trio.Nursery, mode: int, way: CloseMode, result: CloseResult) -> None:
    bench = await Bench(nursery, model=load_model("ML307G")).start()
    peer = await bench.connect()
    peer.result = result
    peer.closing.set()
    number = {CloseResult.NORMAL: 0, CloseResult.NO_ANSWER: 1, CloseResult.FAILED: 2}[result]
    code = "" if mode == 1 else f",{number}"
    assert await bench.ask(f"AT+MIPCLOSE=0,{mode}") == ["OK", f"+MIPCLOSE: 0{code}"]
    assert peer.plan is not None
    assert peer.plan.mode is way


async def test_data_that_came_with_the_closing_command_is_not_printed_after_it(bench: Bench) -> None:
    peer = await bench.connect()
    peer.closing.set()
    bench.line.types(b"AT+MIPCLOSE=0\r")
    peer.sends(b"at the same time")
    heard = lines(await bench.heard())
    assert heard[-1] == "+MIPCLOSE: 0"
    assert heard[:-1] in (["OK"], ['+MIPURC: "rtcp",0,16,at the same time', "OK"])


async def test_a_restart_ends_every_connection_without_a_word(bench: Bench) -> None:
    peers = [await bench.connect(0), await bench.connect(1), await bench.connect(2, "UDP")]
    await bench.ask("AT+MIPCLOSE=1")
    bench.world.answer = trio.Event()
    await bench.ask('AT+MIPOPEN=3,"TCP","peer",80')
    assert await bench.ask("AT+MREBOOT") == ["OK", "REBOOTING", "+MATREADY"]
    assert all(peer.aborted for peer in peers)
    bench.world.answer.set()
    for peer in peers:
        peer.sends(b"still there?")
        peer.closing.set()
    assert await bench.heard() == b""
    states = await bench.ask("AT+MIPSTATE?")
    assert states == [f'+MIPSTATE: {connect_id},,,,"INITIAL"' for connect_id in range(6)] + ["OK"]
    bench.world.answer = None
    await bench.connect(1)


async def test_restarts_one_after_another(bench: Bench) -> None:
    for _ in range(20):
        peer = await bench.connect()
        assert await bench.ask("AT+MREBOOT") == ["OK", "REBOOTING", "+MATREADY"]
        assert peer.aborted


async def test_a_lost_connection_is_kept_where_autofree_says_so(bench: Bench) -> None:
    await bench.ask('AT+MIPCFG="autofree",0,1')
    peer = await bench.connect()
    peer.sends(b"")
    peer.closing.set()
    assert lines(await bench.heard()) == ['+MIPURC: "disconn",0,1']
    assert await bench.ask("AT+MIPSTATE=0") == ['+MIPSTATE: 0,"TCP","peer",80,"CLOSED"', "OK"]
    assert await bench.ask("AT+MIPCLOSE=0") == ["OK", "+MIPCLOSE: 0"]
