"""A line with faults over one in memory, in time that only passes when all wait."""

from __future__ import annotations

import trio
from hypothesis import given
from hypothesis import strategies as st
from onemo.faults.seams.line import FaultyLink
from onemo.link.interface import Link
from trio.testing import MockClock, wait_all_tasks_blocked

from tests.unit.faults.plans import Plan
from tests.unit.link.lines import receive, send
from tests.unit.runtime.doubles import Line


class Ends:
    """A faulty line and the DTE's end of it."""

    def __init__(self, nursery: trio.Nursery, *faults: str, room: float = float("inf"), seed: int = 1) -> None:
        self.line = Line(room)
        self.plan = Plan(*faults, seed=seed)
        self.link = FaultyLink(self.line, self.plan)
        nursery.start_soon(self.link.run)

    async def says(self, *parts: bytes) -> bytes:
        """Write on the module's side, and return all that the DTE hears at once."""
        for part in parts:
            assert self.link.write_now(part) == len(part)
        await wait_all_tasks_blocked()
        return self.line.reads()

    async def types(self, data: bytes) -> bytes | None:
        self.line.types(data)
        await wait_all_tasks_blocked()
        return self.link.read_now(4096)


async def test_without_a_fault_it_is_the_line(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    ends = Ends(nursery, room=3)
    link: Link = ends.link
    assert link.port == "memory"
    assert link.write_now(b"hello") == 3
    assert link.write_now(b"lo") == 0
    with trio.move_on_after(1) as waiting:
        await link.wait_writable()
    assert waiting.cancelled_caught
    assert ends.line.reads() == b"hel"
    await link.wait_writable()
    ends.line.types(b"AT\r")
    await link.wait_readable()
    assert link.read_now(2) == b"AT"
    assert link.read_now(2) == b"\r"
    assert link.read_now(2) is None
    assert trio.current_time() == 1


async def test_bytes_are_lost(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    ends = Ends(nursery, "line-drop direction=to-dte offset=1 count=2 times=1", "line-drop direction=from-dte after=1")
    assert await ends.says(b"OKAY", b"OKAY") == b"OYOKAY"
    assert await ends.types(b"AT") == b"AT"
    assert await ends.types(b"AT") is None
    ends.plan.plan.reset()
    assert await ends.types(b"AT") == b"AT"


async def test_one_bit_of_a_byte_is_wrong(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    ends = Ends(nursery, "line-corrupt count=3")
    heard = await ends.says(bytes(100))
    assert len(heard) == 100
    assert sorted(byte.bit_count() for byte in heard) == [0] * 97 + [1] * 3
    assert [byte.bit_count() for byte in await ends.types(b"\0") or b""] == [1]


async def test_the_same_seed_does_the_same(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    faults = ("line-corrupt", "line-garbage", "line-drop count=1 probability=0.5")
    heard = []
    for seed in (7, 7, 8):
        ends = Ends(nursery, *faults, seed=seed)
        ends.link.boot()
        heard.append(await ends.says(*[b"abc"] * 20))
    assert heard[0] == heard[1] != heard[2]


async def test_bytes_come_twice(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    ends = Ends(nursery, "line-duplicate direction=to-dte contains=OK", "line-duplicate direction=from-dte count=1")
    assert await ends.says(b"OK\r\n", b"NO\r\n") == b"OK\r\nOK\r\nNO\r\n"
    assert await ends.types(b"AT\r") == b"AAT\r"


async def test_bytes_come_late_and_what_follows_waits(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    ends = Ends(nursery, "line-delay seconds=2s times=1 direction=to-dte", "line-delay seconds=1s direction=from-dte")
    assert await ends.says(b"late", b" after") == b""
    ends.line.types(b"A")
    await trio.lowlevel.checkpoint()
    with trio.fail_after(1.001):
        await ends.link.wait_readable()
    assert trio.current_time() == 1
    assert ends.link.read_now(10) == b"A"
    await ends.line.spoken.wait()
    await wait_all_tasks_blocked()
    assert (trio.current_time(), ends.line.reads()) == (2, b"late after")
    await trio.sleep(1)
    assert await ends.says(b"now") == b"now"


async def test_what_the_dte_types_is_late_from_when_it_came(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    ends = Ends(nursery, "line-delay seconds=1s")
    came: list[tuple[float, bytes]] = []

    @nursery.start_soon
    async def read() -> None:
        while True:
            await ends.link.wait_readable()
            if data := ends.link.read_now(100):
                came.append((trio.current_time(), data))

    for part in (b"a", b"b", b"c"):
        ends.line.types(part)
        await trio.sleep(0.25)
    await trio.sleep(1)
    assert came == [(1, b"a"), (1.25, b"b"), (1.5, b"c")]


async def test_slices_have_gaps_between_them(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    ends = Ends(nursery, "line-slice size=2 gap=0.5s")
    heard = [await ends.says(b"abcde")]
    for _ in range(2):
        await ends.line.spoken.wait()
        heard.append(ends.line.reads())
    assert heard == [b"ab", b"cd", b"e"]
    assert trio.current_time() == 1
    ends.line.types(b"xyz")
    assert await receive(ends.link, 2) == b"xy"
    assert await receive(ends.link, 1) == b"z"
    assert trio.current_time() == 1.5


async def test_a_stuck_line_swallows(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    ends = Ends(nursery, "line-stuck for_seconds=5")
    assert await ends.says(b"nobody hears") == b""
    with trio.move_on_after(4) as waiting:
        ends.line.types(b"AT\r" * 10000)
        await ends.link.wait_readable()
    assert waiting.cancelled_caught
    assert not ends.line.typed
    await trio.sleep(1)
    assert await ends.says(b"back") == b"back"
    assert await ends.types(b"AT\r") == b"AT\r"


async def test_noise_of_a_boot(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    ends = Ends(nursery, "line-garbage count=40 times=1", r"line-garbage data='\xff\x00' after=1", "line-drop times=1")
    ends.link.boot()
    assert len(ends.line.reads()) == 40
    ends.link.boot()
    assert ends.line.reads() == b"\xff\0"
    assert await ends.says(b"drops", b"READY") == b"READY"


async def test_faults_that_are_gone_hold_nothing(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    ends = Ends(nursery, "line-delay seconds=3600s")
    assert await ends.says(b"one", b"two") == b""
    ends.line.types(b"AT")
    assert await ends.types(b"\r") is None
    async with trio.open_nursery() as waiting:
        waiting.start_soon(ends.link.wait_readable)
        await wait_all_tasks_blocked()
        ends.link.release([ends.plan.arm("line-drop")])
        assert ends.link.read_now(100) is None
        ends.link.release(ends.plan.plan.reset())
    await wait_all_tasks_blocked()
    assert ends.line.reads() == b"onetwo"
    assert ends.link.read_now(100) == b"AT\r"
    assert trio.current_time() == 0


async def test_what_is_late_is_bounded(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    ends = Ends(nursery, "line-delay seconds=1s")
    taken = 0
    while count := ends.link.write_now(bytes(1000)):
        taken += count
    assert 10_000 < taken <= 16384
    await ends.link.wait_writable()
    assert trio.current_time() == 1
    assert ends.line.reads() == bytes(taken)
    ends.line.types(bytes(100_000))
    with trio.move_on_after(0.5):
        await ends.link.wait_readable()
    assert len(ends.line.typed) > 80_000
    assert await receive(ends.link, 100_000) == bytes(100_000)


async def test_a_full_line_is_waited_for(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    ends = Ends(nursery, "line-slice size=4 gap=0.1s times=1", room=6)
    await send(ends.link, b"0123456789ab")
    await trio.sleep(10)
    assert ends.line.reads() == b"012345"
    await send(ends.link, b"cd")
    await trio.sleep(10)
    assert ends.line.reads() == b"6789ab"
    await trio.sleep(10)
    assert ends.line.reads() == b"cd"


async def test_a_writer_that_waits_already_is_no_trouble(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    ends = Ends(nursery, room=1)
    nursery.start_soon(send, ends.link, b"ab")
    await wait_all_tasks_blocked()
    ends.plan.arm("line-delay seconds=1s")
    assert ends.link.write_now(b"") == 0
    heard = bytearray()
    for _ in range(5):
        heard += ends.line.reads()
        await trio.sleep(1)
    assert heard == b"ab"


@given(
    st.lists(st.binary(min_size=1, max_size=40), max_size=12),
    st.lists(
        st.sampled_from(
            ["line-delay seconds=0.3 jitter=2", "line-slice size=3 gap=0.1", "line-delay seconds=1 probability=0.5",
             "line-slice size=1 gap=0.01 probability=0.3"]
        ),
        max_size=3,
    ),
)  # fmt: skip
def test_late_bytes_are_the_same_bytes(parts: list[bytes], faults: list[str]) -> None:
    async def main() -> None:
        async with trio.open_nursery() as nursery:
            ends = Ends(nursery, *faults)
            for part in parts:
                await send(ends.link, part)
                ends.line.types(part)
                await trio.sleep(0.05)
            whole = b"".join(parts)
            assert await receive(ends.link, len(whole)) == whole
            await trio.sleep(500)
            assert ends.line.reads() == whole
            nursery.cancel_scope.cancel()

    trio.run(main, clock=MockClock(autojump_threshold=0))
