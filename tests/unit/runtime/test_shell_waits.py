"""Waits that are not the network's: AT+COPS=?; and the writing of NV while nobody waits for it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import trio
from onemo.runtime.models import load_model
from onemo.runtime.nvcontents import NvContents
from onemo.runtime.shell import Module
from trio.testing import MockClock

from tests.unit.runtime.doubles import Bench, Line, World, lines

MODEL = load_model("ML305U")
SCAN = MODEL.profile.radio.scan_time


@pytest.fixture
async def registered(nursery: trio.Nursery, autojump_clock: MockClock) -> Bench:
    bench = await Bench(nursery).start()
    await trio.sleep(MODEL.profile.power.register_time + 0.1)
    return bench


async def test_a_scan_takes_its_time(registered: Bench, autojump_clock: MockClock) -> None:
    assert await registered.ask("AT+COPS=?", "AT+CSQ") == []
    found, *rest = lines(await registered.hears(SCAN))
    assert found.startswith('+COPS: (2,"CHINA MOBILE",')
    assert rest == ["OK", "+CSQ: 20,99", "OK"]


async def test_a_scan_ends_with_the_supply(registered: Bench, autojump_clock: MockClock) -> None:
    assert await registered.ask("AT+COPS=?") == []
    module = registered.module
    module.report(lambda: module.modem.supply_off(trio.current_time()))
    module.report(lambda: module.modem.supply_on(trio.current_time()))
    assert lines(await registered.heard()) == ["+MATREADY"]
    await trio.sleep(2 * SCAN)
    assert await registered.ask("AT") == ["OK"]


async def test_what_an_abandoned_command_waited_for_completes_nothing(
    registered: Bench, autojump_clock: MockClock
) -> None:
    await registered.ask("AT+COPS=?")
    modem = registered.module.modem
    registered.module.report(lambda: modem.abandon(trio.current_time()))
    assert await registered.ask("AT+COPS=?") == ["ERROR"]
    await trio.sleep(SCAN - 0.1)
    assert await registered.heard() == b""
    await trio.sleep(0.2)
    assert lines(await registered.heard())[-1] == "OK"


class Nv:
    """A memory that cannot be written, and what was to be."""

    def __init__(self) -> None:
        self.contents = NvContents(Path("/nowhere"))
        self.saved: list[dict[str, Any]] = []

    def load(self) -> Mapping[str, object]:
        return {}

    def save(self, settings: Mapping[str, object], contents: Mapping[int, bytes | bytearray] = {}) -> bool:
        self.saved.append(dict(settings))
        return False


async def test_the_card_is_written_down_once_a_command(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    nv, line = Nv(), Line()
    await nursery.start(Module(MODEL, line, World(), boot_time=0, nv=nv).run)
    line.types(b'AT+CLCK="SC",1,"0000"\rAT+CLCK="SC",1,"1234";+CSQ\r')
    await trio.sleep(1)
    assert lines(line.reads()) == ["+MATREADY", "+CME ERROR: 16", "+CSQ: 99,99", "OK"]
    cards = [(saved["sim"]["locked"], saved["sim"]["pin_tries"]) for saved in nv.saved]
    assert cards == [(False, 2), (True, 3)]
