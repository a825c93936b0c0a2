"""Peers that vanish, over connections in memory."""

from __future__ import annotations

import pytest
import trio
from onemo.errors import NetError, NetFailure
from onemo.net.interface import (
    ClosePlan,
    CloseResult,
    KeepAlive,
)
from trio.testing import MockClock

from tests.unit.faults.seams.ends import DRAIN, NOW, RESET, Ends, failure, gets, receive, send


async def test_a_peer_that_vanishes(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    connection, peer = await Ends(nursery, "net-half-open operation=send after=1").open(send_buffer=4000)
    connection.send_now(b"one")
    assert connection.send_now(b"two") == 3
    peer.sends(b"nobody hears", b"")
    with trio.move_on_after(900) as waiting:
        await connection.wait_readable()
    assert waiting.cancelled_caught
    assert connection.receive_now(100) is None
    assert (bytes(peer.taken), connection.unacknowledged()) == (b"one", 3)
    nursery.start_soon(connection.wait_broken)
    assert await failure(connection) is NetFailure.RESET
    assert trio.current_time() == pytest.approx(924.6)
    assert peer.aborted


async def test_keep_alive_notices(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    ends = Ends(nursery, "net-half-open operation=receive after=1")
    connection, peer = await ends.open(keep_alive=KeepAlive(30, 5, 3))
    await trio.sleep(100)
    peer.sends(b"hello")
    assert await receive(connection) == b"hello"
    peer.sends(b"lost")
    await trio.sleep(1)
    assert connection.receive_now(10) is None
    async with trio.open_nursery() as waiting:
        waiting.start_soon(connection.wait_broken)
    assert trio.current_time() == 100 + 30 + 5 * 3
    assert await failure(connection) is NetFailure.RESET


async def test_nobody_notices_without_keep_alive(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    connection, _ = await Ends(nursery, "net-half-open operation=open").open()
    with trio.move_on_after(1e6) as waiting:
        await connection.wait_readable()
    assert waiting.cancelled_caught


async def test_a_peer_that_is_back(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    connection, peer = await Ends(nursery, "net-half-open operation=send for_seconds=5").open()
    peer.sends(b"while away")
    await send(connection, b"hello")
    assert connection.receive_now(100) is None
    assert await receive(connection) == b"while away"
    assert trio.current_time() == 5
    assert await gets(peer) == b"hello"


async def test_more_is_not_sent_to_nobody(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    connection, _peer = await Ends(nursery, "net-half-open operation=send").open()
    sent = 0
    while count := connection.send_now(bytes(5000)):
        sent += count
    assert 60_000 < sent <= 65536
    with pytest.raises(NetError):
        await send(connection, b"more")
    assert trio.current_time() == pytest.approx(924.6)


@pytest.mark.parametrize(
    ("plan", "sent", "result", "seconds"),
    [
        (DRAIN, b"tail", CloseResult.NO_ANSWER, 10),
        (DRAIN, b"", CloseResult.NORMAL, 2),
        (NOW, b"tail", CloseResult.NORMAL, 0),
        (RESET, b"tail", CloseResult.NORMAL, 0),
    ],
)
async def test_closing_to_nobody(
    nursery: trio.Nursery, autojump_clock: MockClock, plan: ClosePlan, sent: bytes, result: CloseResult, seconds: float
) -> None:
    connection, peer = await Ends(nursery, "net-half-open operation=open").open()
    connection.send_now(sent)
    assert await connection.close(plan) is result
    assert trio.current_time() == pytest.approx(seconds, abs=0.06)
    assert peer.aborted
