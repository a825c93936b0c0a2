"""Undeclared exceptions: logged with the last traffic, answered ERROR, and the module goes on."""

from __future__ import annotations

import logging
from typing import NoReturn

import pytest
import trio
from onemo.at.grammar import Arguments, Form
from onemo.at.registry import BoundModel
from onemo.modem.modem import Modem
from onemo.runtime.models import load_model

from tests.unit.runtime.doubles import Bench, lines


class Slip(Exception):
    """A bug."""


def slip(modem: Modem, arguments: Arguments) -> NoReturn:
    raise Slip


@pytest.fixture
async def bench(nursery: trio.Nursery) -> Bench:
    """An ML305U whose AT+CGMR has a bug."""
    model: BoundModel[Modem] = load_model("ML305U").whole()
    command = model.commands[b"CGMR"]
    broken = command._replace(forms={**command.forms, Form.EXECUTE: slip})
    return await Bench(nursery, model=model._replace(commands={**model.commands, b"CGMR": broken})).start()


def the_bug(caplog: pytest.LogCaptureFixture) -> str:
    """The one bug that was logged, as it was logged."""
    (record,) = [record for record in caplog.records if record.levelno >= logging.CRITICAL]
    assert record.exc_info is not None
    assert record.exc_info[0] is Slip
    return record.getMessage()


async def test_in_a_command(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    assert await bench.ask("AT+CGMM", "AT+CGMR", "AT") == ["ML305U", "OK", "ERROR", "OK"]
    assert r"AT+CGMM\rAT+CGMR\rAT\r" in the_bug(caplog)


async def test_in_a_line_of_several(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    assert await bench.ask("AT+CGMM;+CGMR;+CGMM") == ["ML305U", "ERROR"]
    assert the_bug(caplog)


async def test_in_the_network_when_it_opens(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.world.failure = Slip()
    assert (await bench.ask('AT+MIPOPEN=0,"TCP","peer",80'))[:1] == ["OK"]
    assert the_bug(caplog)
    assert await bench.ask("AT") == ["OK"]


async def test_an_opening_with_a_bug_ends(bench: Bench) -> None:
    bench.world.failure = Slip()
    assert await bench.ask('AT+MIPOPEN=0,"TCP","peer",80') == ["OK", "+MIPOPEN: 0,559"]


async def test_in_the_network_when_it_receives(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    peer = await bench.connect()
    peer.sends(Slip())
    await bench.heard()
    assert the_bug(caplog)
    assert peer.aborted
    assert await bench.ask("AT") == ["OK"]


async def test_a_connection_with_a_bug_is_lost(bench: Bench) -> None:
    peer = await bench.connect()
    peer.sends(Slip())
    assert lines(await bench.heard()) == ['+MIPURC: "disconn",0,2']


async def test_a_connection_with_a_bug_can_be_closed() -> None:
    async with trio.open_nursery() as nursery:
        bench = await Bench(nursery).start()
        peer = await bench.connect()
        peer.sends(Slip())
        await bench.heard()
        await bench.ask("AT+MIPCLOSE=0")
        assert await bench.ask("AT") == ["OK"]
        nursery.cancel_scope.cancel()


async def test_in_the_network_when_it_sends(caplog: pytest.LogCaptureFixture) -> None:
    async with trio.open_nursery() as nursery:
        bench = await Bench(nursery).start()
        peer = await bench.connect()
        peer.failure = Slip()
        assert (await bench.ask("AT+MIPSEND=0,,hello"))[:1] == ["ERROR"]
        assert the_bug(caplog)
        assert await bench.ask("AT") == ["OK"]
        nursery.cancel_scope.cancel()
