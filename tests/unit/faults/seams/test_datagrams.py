"""Connections of UDP with faults, over ones in memory."""

from __future__ import annotations

import trio
from hypothesis import given
from hypothesis import strategies as st
from onemo.errors import NetError, NetFailure
from onemo.net.interface import (
    CloseResult,
    Transport,
)
from trio.testing import MockClock

from tests.unit.faults.seams.ends import DRAIN, Ends, gets, receive


async def test_datagrams_are_lost(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    ends = Ends(nursery, "net-loss probability=0.5")
    connection, peer = await ends.open(Transport.UDP)
    for number in range(100):
        assert connection.send_now(bytes([number])) == 1
        peer.sends(bytes([number]))
    fired = ends.plan.plan.reset()[0].fired
    assert 30 < fired < 70
    assert len(peer.taken) == 100 - fired
    assert sorted(peer.taken) == list(peer.taken)


async def test_datagrams_stay_whole(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    ends = Ends(nursery, "net-latency seconds=1s jitter=3s", "net-bandwidth rate=500")
    connection, peer = await ends.open(Transport.UDP)
    sent = [bytes([n]) * size for n, size in enumerate((1, 0, 1400, 3, 1400))]
    peer.sends(*sent)
    assert [await receive(connection, 10) for _ in sent] == sent
    assert trio.current_time() > 2804 / 500 + 1


async def test_late_datagrams_are_sent_at_the_end(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    ends = Ends(nursery, "net-latency seconds=1s")
    for close in (True, False):
        connection, peer = await ends.open(Transport.UDP)
        assert connection.send_now(b"bye") == 3
        if close:
            assert await connection.close(DRAIN) is CloseResult.NORMAL
        else:
            connection.abort()
        assert bytes(peer.taken) == b"bye"
    assert trio.current_time() == 0


async def test_a_datagram_that_cannot_be_sent_is_not_the_end(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    connection, peer = await Ends(nursery, "net-latency operation=send seconds=1s times=2").open(Transport.UDP)
    connection.send_now(b"one")
    connection.send_now(b"two")
    peer.fails(NetError(NetFailure.WRITE, "too long"))
    await trio.sleep(2)
    peer.failure = None
    connection.send_now(b"three")
    assert await gets(peer) == b"three"


async def test_over_udp_nobody_resets_or_closes(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    ends = Ends(nursery, "net-reset", "net-close", "net-half-open operation=send after=1 for_seconds=5")
    connection, peer = await ends.open(Transport.UDP)
    connection.send_now(b"one")
    connection.send_now(b"two")
    peer.sends(b"lost")
    await trio.sleep(5)
    connection.send_now(b"three")
    peer.sends(b"back")
    assert await receive(connection) == b"back"
    assert bytes(peer.taken) == b"onethree"


_SHAPES = ["net-latency seconds=0.3 jitter=2", "net-bandwidth rate=700"]


@given(st.lists(st.binary(max_size=200), max_size=12), st.lists(st.sampled_from(_SHAPES[:2]), max_size=2))
def test_late_datagrams_are_the_same_datagrams(datagrams: list[bytes], faults: list[str]) -> None:
    async def main() -> None:
        async with trio.open_nursery() as nursery:
            connection, peer = await Ends(nursery, *faults).open(Transport.UDP)
            for datagram in datagrams:
                await connection.wait_writable()
                connection.send_now(datagram)
                peer.sends(datagram)
            assert [await receive(connection, 1) for _ in datagrams] == datagrams
            await connection.close(DRAIN)
            assert peer.taken == b"".join(datagrams)
            nursery.cancel_scope.cancel()

    trio.run(main, clock=MockClock(autojump_threshold=0))
