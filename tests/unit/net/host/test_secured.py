"""TlsConnection between two doubles: a socket that takes as much as the test lets it, and a server in memory."""

from __future__ import annotations

import ssl

import pytest
import trio
from onemo.errors import NetError, NetFailure
from onemo.net.interface import CloseMode, ClosePlan, CloseResult
from trio.testing import MockClock, wait_all_tasks_blocked

from tests.unit.net.host.tls_parts import World, opened

STALL = 5.0
DRAIN, NOW, RESET = (ClosePlan(mode, STALL, 1.0) for mode in CloseMode)


def refusal(failed: pytest.ExceptionInfo[NetError]) -> NetFailure:
    return failed.value.failure


async def test_data_goes_both_ways() -> None:
    async with opened() as world:
        assert world.connection.version == "TLSv1.2"
        assert world.connection.send_now(b"hello") == 5
        assert world.read() == b"hello"
        assert world.connection.receive_now(4) is None
        world.socket.feed(world.write(b"world"))
        assert world.connection.receive_now(0) is None
        assert world.connection.receive_now(4) == b"worl"
        assert world.connection.receive_now(4) == b"d"
        assert world.connection.receive_now(4) is None


async def test_a_handshake_in_small_pieces() -> None:
    """The handshake waits until the socket takes more, and until more has come."""
    world = World()
    world.socket.room = 0

    async def trickle() -> None:
        while True:
            await wait_all_tasks_blocked()
            world.deliver()
            try:
                world.server.do_handshake()
            except ssl.SSLWantReadError:
                pass
            else:
                world.socket.feed(world.answer())
                return
            for byte in world.answer():
                world.socket.feed(bytes((byte,)))
                await trio.lowlevel.checkpoint()
            world.socket.take(100)

    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trickle)
            await world.connection.shake_hands()
    world.socket.take(None)
    assert world.connection.send_now(b"x") == 1


@pytest.mark.parametrize("how", ["plain text", "end", "reset"])
async def test_a_handshake_that_fails(how: str) -> None:
    world = World()
    if how == "plain text":
        world.socket.feed(b"220 mail.example.com ESMTP\r\n")
    elif how == "end":
        world.socket.finish()
    else:
        world.socket.break_down()
    with pytest.raises(NetError) as failed:
        await world.connection.shake_hands()
    assert refusal(failed) is NetFailure.TLS_FAILED
    assert world.socket.peer in failed.value.detail


async def test_record_by_record() -> None:
    """As many as the socket takes, and of those that it does not take one."""
    async with opened() as world:
        data = bytes(range(256)) * 400
        world.socket.take(40_000)
        assert world.connection.send_now(data) == 3 * 16384
        assert world.connection.unacknowledged() < 16384
        assert world.connection.send_now(memoryview(data)[3 * 16384 :]) == 0
        world.socket.take(None)
        assert world.connection.send_now(memoryview(data)[3 * 16384 :]) == len(data) - 3 * 16384
        assert world.read() == data
        assert world.connection.send_now(b"") == 0


async def test_a_record_that_was_taken_goes_whole() -> None:
    """Though nobody waits for that: who sent it was told so. The next has to wait."""
    async with opened() as world:
        sent, _ = world.connection.carried
        world.socket.take(10)
        assert world.connection.send_now(b"x" * 1460) == 1460
        assert world.connection.send_now(b"more") == 0
        assert world.connection.unacknowledged() == world.connection.carried[0] - sent - 10
        assert world.connection.unacknowledged() > 1440
        await wait_all_tasks_blocked()
        world.socket.take(100)
        await wait_all_tasks_blocked()
        assert world.read() == b""
        world.socket.take(None)
        await wait_all_tasks_blocked()
        assert world.read() == b"x" * 1460
        assert world.connection.unacknowledged() == 0
        await world.connection.wait_writable()
        assert world.connection.send_now(b"more") == 4
        assert world.read() == b"more"


async def test_waiting_for_room() -> None:
    async with opened() as world, trio.open_nursery() as nursery:
        world.socket.take(10)
        world.connection.send_now(b"x" * 100)

        async def send() -> None:
            await world.connection.wait_writable()
            assert world.connection.send_now(b"y") == 1

        nursery.start_soon(send)
        await wait_all_tasks_blocked()
        world.socket.take(20)
        await wait_all_tasks_blocked()
        world.socket.take(None)
        await wait_all_tasks_blocked()
        assert world.read() == b"x" * 100 + b"y"


async def test_the_figures_of_the_socket() -> None:
    async with opened() as world:
        before = world.connection.carried
        world.connection.send_now(b"hello")
        size = len(world.socket.taken)
        record = world.write(b"world")
        world.socket.feed(record)
        assert world.connection.receive_now(100) == b"world"
        assert world.connection.carried == (before[0] + size, before[1] + len(record))


async def test_it_breaks_while_a_record_is_under_way() -> None:
    """The one who waits is told, and so is the next to send; earlier data is received."""
    async with opened() as world:
        world.socket.feed(world.write(b"last words"))
        world.socket.take(10)
        world.connection.send_now(b"x" * 100)
        async with trio.open_nursery() as nursery:

            async def wait() -> None:
                with pytest.raises(NetError) as failed:
                    await world.connection.wait_writable()
                assert refusal(failed) is NetFailure.RESET

            nursery.start_soon(wait)
            await wait_all_tasks_blocked()
            world.socket.break_down()
        with pytest.raises(NetError):
            world.connection.send_now(b"x")
        assert world.connection.receive_now(100) == b"last words"
        with pytest.raises(NetError) as failed:
            world.connection.receive_now(100)
        assert refusal(failed) is NetFailure.RESET


@pytest.mark.parametrize("polite", [True, False])
async def test_the_end(polite: bool) -> None:
    async with opened() as world:
        record = world.write(b"last")
        if polite:
            with pytest.raises(ssl.SSLWantReadError):
                world.server.unwrap()
            record += world.answer()
        world.socket.feed(record)
        world.socket.finish()
        assert world.connection.receive_now(100) == b"last"
        assert world.connection.receive_now(100) == b""


async def test_a_damaged_record() -> None:
    async with opened() as world:
        record = bytearray(world.write(b"hello"))
        record[-1] ^= 1
        world.socket.feed(bytes(record))
        with pytest.raises(NetError) as failed:
            world.connection.receive_now(100)
        assert refusal(failed) is NetFailure.RESET
        world.deliver()
        with pytest.raises(ssl.SSLError, match="alert"):
            world.server.read(1)


async def test_a_record_in_pieces() -> None:
    async with opened() as world:
        record = world.write(b"x" * 16000)
        for start in range(0, 15000, 600):
            world.socket.feed(record[start : start + 600])
            assert world.connection.receive_now(100) is None
        world.socket.feed(record[15000:])
        await world.connection.wait_readable()
        assert world.connection.receive_now(1 << 20) == b"x" * 16000


async def test_records_without_data_do_not_keep_everybody_else_waiting() -> None:
    """A turn for the others after so many of them."""
    async with opened() as world:
        record = world.write(b"x" * 16000)
        for byte in record[:-1]:
            world.socket.trickle.append(bytes((byte,)))
        assert world.connection.receive_now(1 << 20) is None
        assert world.socket.trickle, "not all in one go"
        with trio.fail_after(5):
            while world.socket.trickle:
                await world.connection.wait_readable()
                assert world.connection.receive_now(1 << 20) is None
        world.socket.feed(record[-1:])
        assert world.connection.receive_now(1 << 20) == b"x" * 16000


@pytest.mark.parametrize("plan", [DRAIN, NOW])
async def test_closing_says_goodbye(plan: ClosePlan) -> None:
    async with opened() as world:
        world.connection.send_now(b"last")
        assert await world.connection.close(plan) is CloseResult.NORMAL
        assert world.socket.ended is plan.mode
        assert not world.socket.aborted
        assert world.heard_goodbye()


async def test_a_reset_says_nothing() -> None:
    async with opened() as world:
        before = world.socket.taken
        assert await world.connection.close(RESET) is CloseResult.NORMAL
        assert world.socket.taken == before
        assert world.socket.ended is CloseMode.RESET


async def test_closing_waits_for_what_is_unsent(autojump_clock: MockClock) -> None:
    """It waits as long as the unsent moves; a peer that sends meanwhile is not held up."""
    async with opened() as world:
        world.socket.take(10)
        world.connection.send_now(b"x" * 1000)
        world.socket.feed(world.write(b"ignored"))

        async def dribble() -> None:
            for _ in range(40):
                await trio.sleep(STALL / 2)
                world.socket.take(30)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(dribble)
            assert await world.connection.close(DRAIN) is CloseResult.NORMAL
            nursery.cancel_scope.cancel()
        assert world.socket.ended is CloseMode.DRAIN
        assert world.socket.receive_now(1) is None
        assert world.read(1000) == b"x" * 1000


async def test_closing_gives_up(autojump_clock: MockClock) -> None:
    async with opened() as world:
        world.socket.take(10)
        world.connection.send_now(b"x" * 1000)
        began = trio.current_time()
        assert await world.connection.close(DRAIN) is CloseResult.NO_ANSWER
        assert STALL <= trio.current_time() - began < STALL + 1
        assert world.socket.aborted


async def test_closing_at_once_with_something_unsent() -> None:
    async with opened() as world:
        world.socket.take(10)
        world.connection.send_now(b"x" * 1000)
        assert await world.connection.close(NOW) is CloseResult.NORMAL
        assert world.socket.aborted


@pytest.mark.parametrize("plan", [DRAIN, NOW])
async def test_closing_what_is_broken(plan: ClosePlan) -> None:
    async with opened() as world:
        world.socket.break_down()
        assert await world.connection.close(plan) is CloseResult.FAILED
        assert world.socket.aborted


async def test_it_breaks_while_it_closes(autojump_clock: MockClock) -> None:
    async with opened() as world, trio.open_nursery() as nursery:
        world.socket.take(10)
        world.connection.send_now(b"x" * 1000)

        async def break_down() -> None:
            await wait_all_tasks_blocked()
            world.socket.break_down()

        nursery.start_soon(break_down)
        assert await world.connection.close(DRAIN) is CloseResult.FAILED


@pytest.mark.parametrize("size", [0, 1000])
async def test_abort_ends_carry(size: int) -> None:
    """With something left to carry, and without."""
    with trio.fail_after(5):
        async with opened(cancels=False) as world:
            world.socket.take(10)
            world.connection.send_now(b"x" * size)
            await wait_all_tasks_blocked()
            world.connection.abort()


async def test_abort_wakes_whoever_waits() -> None:
    async with opened() as world, trio.open_nursery() as nursery:
        world.socket.take(10)
        world.connection.send_now(b"x" * 1000)

        async def wait() -> None:
            with pytest.raises(NetError):
                await world.connection.wait_writable()

        nursery.start_soon(wait)
        await wait_all_tasks_blocked()
        world.connection.abort()
        world.connection.abort()
    assert world.socket.aborted
