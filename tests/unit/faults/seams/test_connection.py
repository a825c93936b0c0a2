"""Connections of TCP with faults over ones in memory, in time that only passes when all wait."""

from __future__ import annotations

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from onemo.errors import NetError, NetFailure
from onemo.faults.seams.network import FaultyNetwork
from onemo.net.interface import (
    Carrying,
    ClosePlan,
    CloseResult,
    OpenRequest,
    Transport,
)
from trio.testing import MockClock, wait_all_tasks_blocked

from tests.unit.faults.plans import Plan
from tests.unit.faults.seams.ends import DRAIN, NOW, RESET, Ends, failure, gets, receive, send
from tests.unit.runtime.doubles import Peer, World


async def test_without_a_fault_it_is_the_connection(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    connection, peer = await Ends(nursery).open()
    assert (connection.transport, connection.peer, isinstance(connection, Carrying)) == (
        Transport.TCP, "192.0.2.1:80", False)  # fmt: skip
    peer.window = 3
    assert connection.send_now(b"hello") == 3
    peer.sends(b"abc", b"")
    assert connection.receive_now(2) == b"ab"
    assert connection.receive_now(0) is None
    assert await receive(connection) == b"c"
    assert await receive(connection) == b""
    assert await connection.close(DRAIN) is CloseResult.NORMAL
    assert peer.plan == DRAIN
    assert await connection.close(DRAIN) is CloseResult.NORMAL
    with pytest.raises(NetError, match="closed by this side"):
        connection.send_now(b"x")
    connection.abort()


async def test_latency_each_way(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    ends = Ends(nursery, "net-latency seconds=2s")
    connection, peer = await ends.open()
    assert trio.current_time() == 4, "the handshake"
    assert connection.send_now(b"hello") == 5
    assert connection.unacknowledged() == 5
    peer.sends(b"world")
    assert connection.receive_now(100) is None
    await trio.sleep(1)
    assert connection.send_now(b", you") == 5
    assert await receive(connection) == b"world"
    assert trio.current_time() == 6
    assert await gets(peer) == b"hello"
    await trio.sleep(1)
    assert await gets(peer) == b", you"
    assert connection.unacknowledged() == 0


async def test_the_end_comes_behind_what_is_late(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    ends = Ends(nursery, "net-latency operation=receive seconds=2s")
    for last, told in ((b"", None), (NetError(NetFailure.RESET, "reset"), NetFailure.RESET)):
        connection, peer = await ends.open()
        peer.sends(b"the last words", last)
        began = trio.current_time()
        await connection.wait_readable()
        assert trio.current_time() == began + 2
        assert connection.receive_now(4) == b"the "
        assert await receive(connection) == b"last words"
        if told is None:
            assert await receive(connection) == b""
        else:
            assert await failure(connection) is told


@pytest.mark.parametrize("plan", [DRAIN, NOW])
async def test_closing_loses_nothing_that_is_late(
    nursery: trio.Nursery, autojump_clock: MockClock, plan: ClosePlan
) -> None:
    ends = Ends(nursery, "net-latency operation=send seconds=3s")
    connection, peer = await ends.open()
    connection.send_now(b"tail")
    assert await connection.close(plan) is CloseResult.NORMAL
    assert trio.current_time() == pytest.approx(3, abs=0.06)
    assert (bytes(peer.taken), peer.plan) == (b"tail", plan)


async def test_closing_gives_up_as_the_stack_does(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    ends = Ends(nursery, "net-latency operation=send seconds=30s")
    connection, peer = await ends.open()
    connection.send_now(b"tail")
    assert await connection.close(DRAIN) is CloseResult.NO_ANSWER
    assert trio.current_time() == pytest.approx(10, abs=0.06)
    assert (peer.plan, peer.aborted, connection.unacknowledged()) == (None, True, 0)
    connection, peer = await ends.open()
    connection.send_now(b"tail")
    assert await connection.close(RESET) is CloseResult.NORMAL
    assert (peer.plan, bytes(peer.taken)) == (RESET, b"")
    connection, peer = await ends.open()
    connection.send_now(b"tail")
    with trio.move_on_after(1):
        await connection.close(DRAIN)
    assert peer.aborted


async def test_a_drain_reads_what_the_peer_echoes(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    ends = Ends(nursery, "net-latency operation=send seconds=1s")
    connection, peer = await ends.open()
    connection.send_now(b"tail")
    peer.sends(*[b"echo"] * 40)
    assert await connection.close(DRAIN) is CloseResult.NORMAL
    assert peer.given == 160
    connection, peer = await ends.open()
    connection.send_now(b"tail")
    peer.sends(NetError(NetFailure.RESET, "reset"))
    assert await connection.close(DRAIN) is CloseResult.FAILED


async def test_a_slow_way(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    ends = Ends(nursery, "net-bandwidth rate=1000")
    connection, peer = await ends.open(send_buffer=2000)
    assert connection.send_now(bytes(10_000)) == 2000
    await trio.sleep(1)
    assert 900 <= len(peer.taken) <= 1000
    await send(connection, bytes(8000))
    assert trio.current_time() == pytest.approx(8, abs=0.1)
    await trio.sleep(2.01)
    assert (len(peer.taken), connection.unacknowledged()) == (10_000, 0)
    began = trio.current_time()
    peer.sends(bytes(5000))
    came = 0
    while came < 5000:
        came += len(await receive(connection))
        assert came <= 1000 * (trio.current_time() - began) + 1
    assert trio.current_time() - began == pytest.approx(5)


async def test_what_waits_for_bandwidth_was_not_sent(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    connection, peer = await Ends(nursery, "net-bandwidth rate=10").open()
    connection.send_now(bytes(1000))
    assert await connection.close(NOW) is CloseResult.NORMAL
    assert (trio.current_time(), peer.plan, peer.aborted) == (0, None, True)


async def test_what_is_late_is_bounded(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    connection, peer = await Ends(nursery, "net-latency operation=send seconds=1s",
                                  "net-latency operation=receive seconds=1s").open()  # fmt: skip
    sent = 0
    while count := connection.send_now(bytes(5000)):
        sent += count
    assert 60_000 < sent <= 65536
    await connection.wait_writable()
    assert trio.current_time() == 1
    assert len(peer.taken) == sent
    peer.sends(*[bytes(1000)] * 200)
    with trio.move_on_after(0.5):
        await connection.wait_readable()
    assert 60_000 < peer.given <= 65536
    came = 0
    while came < 200_000:
        came += len(await receive(connection))
    assert peer.given == came == 200_000


async def test_the_hosts_stack_pushes_back(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    connection, peer = await Ends(nursery, "net-latency operation=send seconds=1s times=1").open()
    peer.window = 3
    assert connection.send_now(b"hello") == 5
    assert connection.send_now(b" world") == 6
    await trio.sleep(2)
    assert (bytes(peer.taken), connection.unacknowledged()) == (b"hel", 8)
    peer.takes(100)
    assert await gets(peer) == b"hello world"
    connection.send_now(b"!")
    peer.fails(NetError(NetFailure.RESET, "reset"))
    with pytest.raises(NetError):
        connection.send_now(b"!")


async def test_an_rst_meets_what_is_late(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    connection, peer = await Ends(nursery, "net-latency operation=send seconds=1s").open()
    connection.send_now(b"hello")
    peer.fails(NetError(NetFailure.RESET, "reset"))
    await trio.sleep(2)
    assert connection.unacknowledged() == 0
    with pytest.raises(NetError, match="reset"):
        await send(connection, b"more")


async def test_a_reset(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    ends = Ends(nursery, "net-reset operation=send after=1", "net-reset operation=receive connect_id=3")
    connection, peer = await ends.open()
    nursery.start_soon(connection.wait_broken)
    assert connection.send_now(b"one") == 3
    with pytest.raises(NetError) as caught:
        connection.send_now(b"two")
    assert caught.value.failure is NetFailure.RESET
    assert (bytes(peer.taken), peer.aborted) == (b"one", True)
    await connection.wait_broken()
    assert await failure(connection) is NetFailure.RESET
    assert await connection.close(DRAIN) is CloseResult.FAILED
    connection, peer = await ends.open(connect_id=3)
    peer.sends(b"hello")
    assert await failure(connection) is NetFailure.RESET
    assert peer.aborted


async def test_only_sending_fails(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    connection, peer = await Ends(nursery, "net-reset failure=write operation=receive").open()
    peer.sends(b"hello")
    assert await receive(connection) == b"hello"
    await connection.wait_writable()
    with pytest.raises(NetError) as caught:
        connection.send_now(b"one")
    assert caught.value.failure is NetFailure.WRITE
    assert connection.send_now(b"two") == 3
    assert await gets(peer) == b"two"


async def test_the_peer_closes(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    ends = Ends(nursery, "net-close operation=receive after=1", "net-close operation=open connect_id=1")
    connection, peer = await ends.open()
    peer.sends(b"one", b"two", b"three")
    assert [await receive(connection) for _ in range(3)] == [b"one", b"two", b""]
    assert await connection.close(DRAIN) is CloseResult.NORMAL
    connection, peer = await ends.open(connect_id=1)
    assert await receive(connection) == b""


async def test_lost_over_tcp_is_sent_again(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    connection, peer = await Ends(nursery, "net-loss operation=send times=1").open()
    await send(connection, b"one")
    await send(connection, b"two")
    assert await gets(peer) == b""
    await trio.sleep(1)
    assert await gets(peer) == b"onetwo"


async def test_faults_that_are_gone_hold_nothing(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    ends = Ends(nursery, "net-half-open connect_id=1", "net-latency operation=send connect_id=0 seconds=3600s")
    late, late_peer = await ends.open()
    alone, alone_peer = await ends.open(connect_id=1)
    for connection in (late, alone):
        await send(connection, b"hello")
    alone_peer.sends(b"world", b"")
    gone = ends.plan.plan.reset()
    ends.network.release(gone[1:])
    assert await gets(late_peer) == b"hello"
    assert (await gets(alone_peer), alone.receive_now(10)) == (b"", None)
    ends.network.release(gone)
    assert await receive(alone) == b"world"
    assert await receive(alone) == b""
    assert await gets(alone_peer) == b"hello"
    assert trio.current_time() == 0


async def test_aborting_ends_all(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    ends = Ends(nursery, "net-latency seconds=100s operation=send", "net-latency seconds=100s operation=receive")
    connection, peer = await ends.open()
    await send(connection, b"hello")
    peer.sends(b"world")
    ended: list[str] = []

    async def wait(name: str, waiting: object) -> None:
        with pytest.raises(NetError):
            await waiting  # type: ignore[misc]
        ended.append(name)

    async with trio.open_nursery() as waits:
        waits.start_soon(wait, "readable", connection.wait_readable())
        waits.start_soon(wait, "broken", connection.wait_broken())
        await wait_all_tasks_blocked()
        connection.abort()
    assert sorted(ended) == ["broken", "readable"]
    await wait_all_tasks_blocked()
    assert len(nursery.child_tasks) == 1, "that of the network"
    assert (bytes(peer.taken), trio.current_time()) == (b"", 0)


async def test_a_connection_that_is_open_can_be_wrapped(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    world, plan = World(), Plan("net-latency operation=send seconds=1s")
    network = FaultyNetwork(world, plan)
    request = OpenRequest(Transport.TCP, "192.0.2.1", 80, 60)
    connection = network.wrap(peer := await world.open(request), request)
    connection.send_now(b"hello")
    await trio.sleep(2)
    nursery.start_soon(network.run)
    assert await gets(peer) == b"hello"


class Carrier(Peer):
    """A connection that carries more than it is given, like TLS."""

    carried = (100, 50)

    async def carry(self) -> None:
        """Nothing is ever half sent."""


async def test_what_a_socket_carries(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    network = FaultyNetwork(World(), Plan("net-latency seconds=1s"))
    nursery.start_soon(network.run)
    request = OpenRequest(Transport.TCP, "192.0.2.1", 80, 60)
    connection = network.wrap(peer := Carrier(request), request)
    assert isinstance(connection, Carrying)
    connection.send_now(b"hello")
    peer.sends(b"abc")
    connection.receive_now(10)
    assert connection.carried == (105, 47)


_SHAPES = ["net-latency seconds=0.3 jitter=2", "net-bandwidth rate=700", "net-loss probability=0.3",
           "net-latency seconds=1 probability=0.5", "net-half-open after=2 for_seconds=3"]  # fmt: skip


@given(st.lists(st.binary(min_size=1, max_size=200), max_size=12), st.lists(st.sampled_from(_SHAPES), max_size=3))
def test_a_late_stream_is_the_same_stream(parts: list[bytes], faults: list[str]) -> None:
    async def main() -> None:
        async with trio.open_nursery() as nursery:
            connection, peer = await Ends(nursery, *faults).open()
            for part in parts:
                await send(connection, part)
                peer.sends(part)
                await trio.sleep(0.05)
            peer.sends(b"")
            came = bytearray()
            while data := await receive(connection, 150):
                came += data
            assert await connection.close(DRAIN) is CloseResult.NORMAL
            assert came == peer.taken == b"".join(parts)
            nursery.cancel_scope.cancel()

    trio.run(main, clock=MockClock(autojump_threshold=0))
