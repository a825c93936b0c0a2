"""A paced line over one in memory, in time that only passes when all wait."""

from __future__ import annotations

import pytest
import serial
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st
from onemo.link.interface import Link
from onemo.link.pace import PacedLink
from onemo.link.pty import open_pty

from tests.unit.link.lines import aside, receive, send


class Memory:
    """A line in memory; room: bytes that it takes until it is read."""

    port = "memory"

    def __init__(self, room: int = 1 << 30) -> None:
        self.incoming = bytearray()
        self.outgoing = bytearray()
        self.room = room
        self.waits = 0
        self._changed = trio.Event()

    def arrive(self, data: bytes) -> None:
        self.incoming += data
        self._change()

    def read(self) -> bytes:
        data = bytes(self.outgoing)
        self.outgoing.clear()
        self._change()
        return data

    def _change(self) -> None:
        self._changed.set()
        self._changed = trio.Event()

    def read_now(self, limit: int) -> bytes | None:
        data = bytes(self.incoming[:limit])
        del self.incoming[:limit]
        return data or None

    def write_now(self, data: bytes | memoryview) -> int:
        part = data[: self.room - len(self.outgoing)]
        self.outgoing += part
        return len(part)

    async def wait_readable(self) -> None:
        self.waits += 1
        while not self.incoming:
            await self._changed.wait()
        await trio.lowlevel.checkpoint()

    async def wait_writable(self) -> None:
        self.waits += 1
        while len(self.outgoing) >= self.room:
            await self._changed.wait()
        await trio.lowlevel.checkpoint()


@pytest.mark.parametrize("rate", [300, 9600, 115200, 3_000_000])
async def test_both_ways_take_their_time(autojump_clock: trio.testing.MockClock, rate: int) -> None:
    line = Memory()
    link: Link = PacedLink(line, lambda: rate)
    for _ in range(2):  # nothing is saved up in between
        began = trio.current_time()
        await send(link, bytes(1000))
        assert trio.current_time() - began == pytest.approx(10_000 / rate, abs=0.003)
        await trio.sleep(100)
        line.arrive(bytes(1000))
        began = trio.current_time()
        assert await receive(link, 1000) == bytes(1000)
        assert trio.current_time() - began == pytest.approx(10_000 / rate, abs=0.022 + 20 / rate)
        await trio.sleep(100)
    assert link.port == "memory"


async def test_a_byte_takes_its_own_time_and_no_more(autojump_clock: trio.testing.MockClock) -> None:
    line = Memory()
    link = PacedLink(line, lambda: 300)
    await trio.sleep(5)
    assert link.write_now(b"AT") == 0
    began = trio.current_time()
    await send(link, b"A")
    assert trio.current_time() - began == pytest.approx(10 / 300, abs=0.001)
    async with trio.open_nursery() as nursery:

        @nursery.start_soon
        async def read() -> None:
            assert await receive(link, 1) == b"A"

        await trio.sleep(5)
        began = trio.current_time()
        line.arrive(b"A")
    assert trio.current_time() - began == pytest.approx(10 / 300, abs=0.001)


async def test_the_rate_may_change(autojump_clock: trio.testing.MockClock) -> None:
    rate = 9600
    link = PacedLink(Memory(), lambda: rate)
    began = trio.current_time()
    await send(link, bytes(960))
    rate = 96_000
    await send(link, bytes(9600))
    assert trio.current_time() - began == pytest.approx(2, abs=0.005)


async def test_a_line_without_a_rate_is_not_held(autojump_clock: trio.testing.MockClock) -> None:
    line = Memory()
    link = PacedLink(line, lambda: 0)
    line.arrive(bytes(100_000))
    began = trio.current_time()
    await send(link, bytes(100_000))
    await receive(link, 100_000)
    await link.wait_writable()
    assert trio.current_time() == began


async def test_the_line_below_is_waited_for_and_nothing_is_saved_up(autojump_clock: trio.testing.MockClock) -> None:
    line = Memory(room=100)
    link = PacedLink(line, lambda: 9600)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(send, link, bytes(2000))
        await trio.sleep(100)
        assert len(line.outgoing) == 100
        line.room = 5000
        line.read()
        await trio.sleep(1)
        assert 950 <= len(line.outgoing) <= 985
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(("rate", "timers"), [(115200, 1), (9600, 1), (1200, 3), (300, 6)])
async def test_a_short_line_takes_one_timer_each_way(
    autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch, rate: int, timers: int
) -> None:
    """At 1,200 bit/s, two bytes take what a piece may."""
    sleep_until, deadlines = trio.sleep_until, list[float]()

    async def counted(deadline: float) -> None:
        deadlines.append(deadline)
        await sleep_until(deadline)

    monkeypatch.setattr(trio, "sleep_until", counted)
    line = Memory()
    link = PacedLink(line, lambda: rate)
    line.arrive(b"ATE0V1")
    assert await receive(link, 6) == b"ATE0V1"
    assert len(deadlines) == timers
    await send(link, b"\r\nOK\r\n")
    assert len(deadlines) == 2 * timers


async def test_a_short_line_asks_the_line_below_once_each_way(autojump_clock: trio.testing.MockClock) -> None:
    """And its speed too: on a pseudo-terminal, each is a system call."""
    asked = 0

    def baud_rate() -> float:
        nonlocal asked
        asked += 1
        return 9600

    line = Memory()
    link = PacedLink(line, baud_rate)
    line.arrive(b"AT\r")
    assert await receive(link, 3) == b"AT\r"
    await send(link, b"\r\nOK\r\n")
    assert line.read() == b"\r\nOK\r\n"
    assert (asked, line.waits) == (2, 1)


async def test_what_the_line_below_does_not_take_is_waited_for(autojump_clock: trio.testing.MockClock) -> None:
    line = Memory(room=4)
    link = PacedLink(line, lambda: 115200)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(send, link, b"\r\nOK\r\n")
        await trio.sleep(1)
        assert line.waits == 1
        assert line.read() == b"\r\nOK"
        await trio.sleep(0.001)
        assert line.read() == b"\r\n"
    assert line.waits == 1


async def test_no_busy_waiting(autojump_clock: trio.testing.MockClock) -> None:
    line = Memory()
    link = PacedLink(line, lambda: 115200)
    line.arrive(bytes(11520))
    await receive(link, 11520)
    await send(link, bytes(11520))
    assert line.waits <= 52


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=10), st.sampled_from([50, 1200, 115200, 4_000_000]))
def test_all_bytes_pass_in_order(parts: list[bytes], rate: int) -> None:
    async def main() -> None:
        line = Memory()
        link = PacedLink(line, lambda: rate)
        for part in parts:
            await send(link, part)
            line.arrive(part)
        whole = b"".join(parts)
        assert line.read() == whole
        assert await receive(link, len(whole)) == whole
        assert trio.current_time() >= len(whole) * 10 / rate - 0.001

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


async def test_a_ptys_own_speed() -> None:
    with open_pty() as pty, serial.Serial(pty.port, 19200, timeout=5) as dte, trio.fail_after(10):
        assert pty.baud_rate == 19200
        link = PacedLink(pty, lambda: pty.baud_rate)
        began = trio.current_time()
        await send(link, bytes(192))
        assert trio.current_time() - began >= 0.095
        assert len(await aside(lambda: dte.read(192))) == 192
        dte.baudrate = 250_000
        assert pty.baud_rate == 250_000
