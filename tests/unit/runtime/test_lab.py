"""Many modules in one process: what they share, and that none harms another."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NoReturn

import pytest
import serial
import trio
import trio.testing
from onemo.at.command import BoundCommand
from onemo.at.grammar import Arguments, Form
from onemo.errors import LinkError, UsageError
from onemo.modem.modem import Modem
from onemo.net.sandbox import Sandbox
from onemo.runtime.lab import Condition, Lab, RunningModule
from onemo.runtime.line import Cable, SerialLine
from onemo.runtime.models import Overrides
from onemo.runtime.network import NetworkOptions
from onemo.runtime.spec import Spec

AT_ONCE = Spec("ML305U", boot_time=0.0)


def named(name: str, spec: Spec = AT_ONCE) -> Spec:
    return spec._replace(overrides=spec.overrides._replace(name=name))


@pytest.fixture
async def lab(nursery: trio.Nursery) -> AsyncIterator[Lab]:
    lab = Lab()
    await nursery.start(lab.run)
    yield lab
    nursery.cancel_scope.cancel()


async def start_all(lab: Lab, specs: list[Spec]) -> list[RunningModule]:
    """All of them at once."""
    started: dict[str | None, RunningModule] = {}

    async def start(spec: Spec) -> None:
        started[spec.overrides.name] = await lab.start(spec)

    async with trio.open_nursery() as nursery:
        for spec in specs:
            nursery.start_soon(start, spec)
    return [started[spec.overrides.name] for spec in specs]


def asked(port: str, command: bytes = b"AT", end: bytes = b"OK\r\n") -> bytes:
    with serial.Serial(port, timeout=5) as dte:
        dte.write(command + b"\r")
        answer: bytes = dte.read_until(end)
    assert answer.endswith(end), answer
    return answer


async def ask(running: RunningModule, command: bytes = b"AT", end: bytes = b"OK\r\n") -> bytes:
    return await trio.to_thread.run_sync(asked, running.port, command, end)


async def test_modules_with_one_plan_share_one_sandbox(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sandbox, "run", counting := Counting())
    plans = [NetworkOptions(sandbox=True), NetworkOptions(("a=sandbox",)), NetworkOptions(("a=b",)), NetworkOptions()]
    specs = [AT_ONCE._replace(network=plans[number % 4], overrides=Overrides(f"m{number}")) for number in range(24)]
    assert len(await start_all(lab, specs)) == 24
    assert counting.calls == 2


class Counting:
    """Stands in for Sandbox.run; a start takes its time, so that others come meanwhile."""

    calls = 0

    async def __call__(self, *, task_status: trio.TaskStatus[None]) -> None:
        self.calls += 1
        for _ in range(5):
            await trio.lowlevel.checkpoint()
        task_status.started()
        await trio.sleep_forever()


async def test_each_has_its_own_numbers(lab: Lab) -> None:
    many = await start_all(lab, [named(f"m{number}") for number in range(9)])
    answers = [await ask(running, b"AT+CGSN=1") for running in many]
    assert len({running.module.modem.profile.identity.imei for running in many}) == 9
    for running, answer in zip(many, answers, strict=True):
        assert running.module.modem.profile.identity.imei.encode() in answer


async def test_a_bug_in_one_module(lab: Lab, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """In a command it is answered ERROR; in what carries the module, it ends that one alone."""
    first, second, third = await start_all(lab, [named("a"), named("b"), named("c")])

    def slip(modem: Modem, arguments: Arguments) -> NoReturn:
        raise ZeroDivisionError

    command: BoundCommand[Modem] = first.module.modem.model.commands[b"CGMR"]
    broken = command._replace(forms={**command.forms, Form.EXECUTE: slip})
    modem = first.module.modem
    modem.model = modem.model._replace(commands={**modem.model.commands, b"CGMR": broken})
    assert await ask(first, b"AT+CGMR", b"ERROR\r\n")

    def fail(limit: int) -> NoReturn:
        raise ZeroDivisionError

    monkeypatch.setattr(second.lines[0].link, "read_now", fail)
    await trio.to_thread.run_sync(typed, second.port)
    await second.wait()
    assert second.condition is Condition.FAILED
    assert isinstance(second.error, ZeroDivisionError)
    for running in (first, third):
        assert running.condition is Condition.READY
        assert await ask(running)
    assert [record.levelno for record in caplog.records] == [logging.CRITICAL, logging.ERROR]
    assert caplog.records[1].getMessage().startswith("b has ended: ")
    await lab.stop(second)
    assert (await lab.start(named("b"))).condition is Condition.READY


def typed(port: str) -> None:
    with serial.Serial(port) as dte:
        dte.write(b"AT\r")


async def test_a_bug_while_one_starts(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = await lab.start(named("a"))

    def slip(*_: object) -> NoReturn:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(SerialLine, "join", slip)
        with pytest.raises(ZeroDivisionError):
            await lab.start(named("b"))
    assert list(lab.modules) == ["a"]
    assert await ask(whole)
    await lab.start(named("b"))


async def test_what_cannot_be_started_is_not_there(lab: Lab, tmp_path: Path) -> None:
    taken = AT_ONCE._replace(cable=Cable(tmp_path / "port"))
    first = await lab.start(named("a", taken))
    with pytest.raises(LinkError, match="belongs to a running emulator"):
        await lab.start(named("b", taken))
    with pytest.raises(UsageError, match="there is a module a already"):
        await lab.start(named("a"))
    with pytest.raises(UsageError, match=r"cannot send from 192\.0\.2\.77: Cannot assign requested address: "):
        await lab.start(named("b", AT_ONCE._replace(source="192.0.2.77")))
    assert list(lab.modules) == ["a"]
    await lab.stop(first)
    assert first.condition is Condition.ENDED
    assert (await lab.start(named("b", taken))).port.startswith("/dev/pts/")


async def test_one_that_is_stopped_while_it_starts(lab: Lab) -> None:
    async with trio.open_nursery() as starting:

        async def start() -> None:
            with pytest.raises(UsageError, match="a was stopped before it was ready"):
                await lab.start(named("a", AT_ONCE._replace(boot_time=60.0)))

        starting.start_soon(start)
        await trio.testing.wait_all_tasks_blocked()
        await lab.stop(lab.modules["a"])
    assert lab.modules == {}
