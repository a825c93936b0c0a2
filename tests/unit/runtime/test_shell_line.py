"""The shell between the line and the core: boot, time, and a DTE that reads late."""

from __future__ import annotations

import re

import pytest
import trio
from onemo.link.pace import PacedLink
from onemo.runtime.models import load_model
from onemo.runtime.shell import Module
from trio.testing import MockClock, wait_all_tasks_blocked

from tests.unit.runtime.doubles import Bench, Line, World, endless, lines

HIGH_MARK = load_model("ML305U").profile.line.high_mark


async def test_a_command_is_answered(bench: Bench) -> None:
    assert await bench.ask("AT", "AT+CGMM") == ["OK", "ML305U", "OK"]


async def test_start_returns_when_the_module_has_booted(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    bench = Bench(nursery, boot_time=3)
    began = trio.current_time()
    await bench.start()
    assert trio.current_time() - began == 3
    assert bench.module.ready.is_set()


async def test_the_boot_counts_from_when_it_is_told(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    began = trio.current_time()
    module = Module(load_model("ML305U"), Line(), World(), boot_time=3, since=began - 2)
    await nursery.start(module.run)
    assert trio.current_time() - began == 1


async def test_the_profiles_boot_time(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    model = load_model("ML305U")
    began = trio.current_time()
    await nursery.start(Module(model, Line(), World()).run)
    assert trio.current_time() - began == pytest.approx(model.profile.power.boot_time)


async def test_a_late_start_boots_at_once(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    began = trio.current_time()
    module = Module(load_model("ML305U"), Line(), World(), boot_time=3, since=began - 5)
    await nursery.start(module.run)
    assert trio.current_time() == began


async def test_a_deadline_passes_with_nothing_on_the_line(bench: Bench, autojump_clock: MockClock) -> None:
    """A half-typed line that is echoed holds URCs back for a second."""
    peer = await bench.connect()
    await bench.ask("ATE1")
    bench.line.types(b"AT+CG")
    assert await bench.heard() == b"AT+CG"
    peer.sends(b"hello")
    assert await bench.heard() == b""
    assert lines(await bench.hears(1)) == ['+MIPURC: "rtcp",0,5,hello']


async def test_a_restart_takes_the_boot_time_and_loses_input(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    bench = await Bench(nursery, boot_time=2).start()
    assert await bench.ask("AT+MREBOOT") == ["OK", "REBOOTING"]
    assert await bench.ask("AT+CGMM") == []
    assert lines(await bench.hears(2)) == ["+MATREADY"]
    assert await bench.ask("AT") == ["OK"]


async def test_cancelling_ends_everything(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        bench = await Bench(nursery).start()
        peers = [await bench.connect(0), await bench.connect(1, "UDP")]
        bench.world.answer = trio.Event()
        await bench.ask('AT+MIPOPEN=2,"TCP","peer",80')
        nursery.cancel_scope.cancel()
    assert all(peer.aborted for peer in peers)


# A DTE that reads late.


async def test_answers_wait_for_the_line(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    bench = await Bench(nursery, room=100).start()
    bench.line.room = 5
    bench.line.types(b"AT+CGMM\r")
    heard = bytearray()
    for _ in range(20):
        heard += await bench.heard()
    assert lines(bytes(heard)) == ["ML305U", "OK"]


async def test_a_full_line_stops_the_commands(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    bench = await Bench(nursery, room=100).start()
    bench.line.room = 0
    count, answer = 12000, b"\r\nML305U\r\n\r\nOK\r\n"
    bench.line.types(b"AT+CGMM\r" * count)
    await wait_all_tasks_blocked()
    assert HIGH_MARK < bench.module.modem.first.transmitter.size <= HIGH_MARK + len(answer)
    assert bench.line.typed, "what comes later is left in the line"
    bench.line.makes_room(10_000)
    heard = b""
    while more := await bench.heard():
        heard += more
        assert bench.module.modem.first.transmitter.size <= HIGH_MARK + len(answer)
    assert heard == answer * count


async def test_a_line_that_takes_everything_at_once(bench: Bench) -> None:
    """More answers than may wait, on a line that is never full: the module must go on by itself."""
    count = 12000
    bench.line.types(b"AT+CGMM\r" * count)
    assert await bench.heard() == b"\r\nML305U\r\n\r\nOK\r\n" * count


async def test_a_full_line_stops_the_peers_and_loses_nothing(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    bench = await Bench(nursery, room=2000).start()
    peers = [await bench.connect(connect_id) for connect_id in range(3)]
    total = 300_000
    bench.line.room = 0
    for number, peer in enumerate(peers):
        peer.sends(bytes([0x61 + number]) * total)
    await wait_all_tasks_blocked()
    given = sum(peer.given for peer in peers)
    assert HIGH_MARK - 4500 < given < HIGH_MARK + 1460
    bench.line.makes_room(3000)
    received = dict.fromkeys(range(3), 0)
    heard = b""
    while more := await bench.heard():
        heard += more
        assert bench.module.modem.first.transmitter.size < HIGH_MARK + 4500
    for connect_id, length, payload in re.findall(rb'\r\n\+MIPURC: "rtcp",(\d),(\d+),(\w+)\r\n', heard):
        assert payload == bytes([0x61 + int(connect_id)]) * int(length)
        received[int(connect_id)] += int(length)
    assert set(received.values()) == {total}


async def test_a_full_line_drops_datagrams_whole(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    bench = await Bench(nursery, room=1000).start()
    peer = await bench.connect(kind="UDP")
    bench.line.room = 0
    peer.sends(*[b"%04d" % number * 250 for number in range(1000)])
    await wait_all_tasks_blocked()
    assert peer.given == 1_000_000, "datagrams are always taken"
    transmitter = bench.module.modem.first.transmitter
    assert transmitter.size < HIGH_MARK + 2000
    bench.line.room = 1 << 20
    bench.line.makes_room(0)
    urcs = lines(await bench.heard())
    assert urcs == [f'+MIPURC: "rudp",0,1000,{f"{number:04d}" * 250}' for number in range(len(urcs))]
    assert len(urcs) + transmitter.dropped == 1000
    assert await bench.ask("AT") == ["OK"]
    peer.sends(b"again")
    assert lines(await bench.heard()) == ['+MIPURC: "rudp",0,5,again']


async def test_what_waits_for_the_line_survives_a_restart(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    bench = await Bench(nursery, room=1000).start()
    peer = await bench.connect()
    bench.line.room = 0
    peer.sends(b"early")
    await wait_all_tasks_blocked()
    bench.line.types(b"AT+MREBOOT\r")
    await wait_all_tasks_blocked()
    assert peer.aborted
    bench.line.makes_room(1000)
    assert lines(await bench.heard()) == ['+MIPURC: "rtcp",0,5,early', "OK", "REBOOTING", "+MATREADY"]


async def test_a_restart_with_peers_that_were_held_back(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    bench = await Bench(nursery, room=2000).start()
    peer = await bench.connect()
    bench.line.room = 0
    bench.line.types(b"AT+MREBOOT\r")
    peer.sends(bytes(300_000))
    await wait_all_tasks_blocked()
    bench.line.makes_room(1 << 20)
    await wait_all_tasks_blocked()
    assert peer.aborted
    heard = bench.line.reads()
    assert heard.endswith(b"\r\nREBOOTING\r\n\r\n+MATREADY\r\n")
    assert await bench.ask("AT") == ["OK"]


async def test_a_peer_that_never_stops_lets_others_speak(nursery: trio.Nursery) -> None:
    bench = await Bench(nursery).start()
    bench.world.arrivals = lambda: endless(b"x" * 100)
    bench.line.types(b'AT+MIPOPEN=0,"TCP","peer",80\r')
    while b"rtcp" not in bench.line.heard:
        await trio.lowlevel.checkpoint()
    bench.line.types(b"AT+CGMM\r")
    for _ in range(20):
        await trio.lowlevel.checkpoint()
    assert b"\r\nML305U\r\n\r\nOK\r\n" in bench.line.heard


async def test_the_line_feed_of_a_slow_line_is_no_payload(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    bench = await Bench(nursery).start()
    await bench.ask("ATE0")
    peer = await bench.connect()
    (port,) = bench.module.ports
    port.link = PacedLink(bench.line, lambda: 300)
    port.console.framer.rate = lambda: 300
    for typed, answer in ((b"AT+MIPSEND=0,3\r\n", b"\r\n>"), (b"abc", b"\r\n+MIPSEND: 0,3\r\n\r\nOK\r\n")):
        bench.line.types(typed)
        await trio.sleep(2)
        assert bench.line.reads() == answer
    assert peer.taken == b"abc"
