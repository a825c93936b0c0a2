"""Short messages and the memory: nothing is told of what is not written down."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import trio
from onemo.families.sms.operator import inject
from onemo.runtime.nvcontents import NvContents

from tests.unit.runtime.doubles import Bench, lines


class Nv:
    """An NV. full: it takes nothing; bench: what had its line heard when something was written down, in heard."""

    def __init__(self) -> None:
        self.contents = NvContents(Path("/nowhere"))
        self.full = False
        self.bench: Bench | None = None
        self.heard: list[bytes] = []

    def load(self) -> Mapping[str, object]:
        return {}

    def save(self, settings: Mapping[str, object], contents: Mapping[int, bytes | bytearray] = {}) -> bool:
        if self.bench is not None:
            self.heard.append(bytes(self.bench.line.heard))
        return not self.full


def texts(bench: Bench, *texts: str, classes: Mapping[str, int] = {}) -> None:
    """Let texts come at once. classes: those that some of them have."""
    module = bench.module
    now = trio.current_time()

    def come() -> None:
        for text in texts:
            inject(module.modem, "10086", text, utc=0.0, now=now, message_class=classes.get(text))
        module.modem.on_deadline(now)

    module.report(come)


async def test_a_message_is_written_down_before_it_is_told_of(nursery: trio.Nursery) -> None:
    nv = Nv()
    bench = await Bench(nursery, nv=nv).start()
    await bench.ask("ATE0", "AT+CNMI=2,1")
    nv.bench = bench
    texts(bench, "a", "b")
    first, second = b'\r\n+CMTI: "ME",1\r\n', b'\r\n+CMTI: "ME",2\r\n'
    assert await bench.heard() == first + second
    assert nv.heard == [b"", first]


async def test_behind_a_message_that_the_line_had_to_make_room_for(nursery: trio.Nursery) -> None:
    """The next one is taken when the line is written: it is written down then, and told of."""
    nv = Nv()
    bench = await Bench(nursery, nv=nv).start()
    await bench.ask("ATE0", "AT+CMGF=1;+CNMI=2,3")
    bench.line.room = 0
    bench.line.types(b"AT+CGMM\r" * 10_000)
    await bench.heard()
    texts(bench, "told", "stored", classes={"told": 3})
    bench.line.makes_room(10**9)
    heard = await bench.heard()
    assert 0 < heard.find(b"\r\ntold\r\n") < heard.find(b'\r\n+CMTI: "ME",1\r\n'), heard[-200:]


async def test_what_cannot_be_written_down_waits_and_is_not_told_of(nursery: trio.Nursery) -> None:
    nv = Nv()
    bench = await Bench(nursery, nv=nv).start()
    await bench.ask("ATE0", "AT+CNMI=2,1")
    nv.full = True
    texts(bench, "a", "b")
    assert await bench.heard() == b""
    assert await bench.ask("AT+CPMS?") == ['+CPMS: "ME",0,50,"ME",0,50,"ME",0,50', "OK"]
    nv.full = False
    texts(bench, "c")
    assert lines(await bench.heard()) == [f'+CMTI: "ME",{place}' for place in (1, 2, 3)]
