"""The desk's console: commands from outside, at an AT line of their own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from threading import Thread

import pytest
import trio
from onemo.errors import FaultError, UsageError
from onemo.faults.say import parse_fault
from onemo.runtime.desk import console, console_port
from onemo.runtime.desk.console_port import DeskPort
from onemo.runtime.desk.console_results import CommandInfo, ConsoleAnswer
from onemo.runtime.faulty import faults_of
from onemo.runtime.hosted import Hosted, HostedModule
from trio.testing import MockClock, wait_all_tasks_blocked

from tests.unit.runtime.doubles import Bench

OPEN = 'AT+MIPOPEN=0,"TCP","peer",80'


class Desk:
    """The desk of a bench. number: of the console."""

    def __init__(self, bench: Bench, number: int = 1) -> None:
        self.bench = bench
        self.number = number
        self.port = bench.module.add_port(DeskPort)

    async def send(self, command: str | None, data: bytes | None = None, timeout: float = 10.0) -> ConsoleAnswer:
        return await self.port.send(command, data, timeout)

    async def says(
        self, command: str | None, *lines: str, data: bytes | None = None, state: str = "command", ok: bool = True
    ) -> None:
        """Send something that has this answer, and leaves the console in this state."""
        answer = await self.send(command, data)
        assert answer == (self.number, [*lines], ok, state, "")

    async def fails(self, command: str | None, says: str, data: bytes | None = None, timeout: float = 10.0) -> str:
        """Send something that has no answer, or none that ends; return the state after it."""
        answer = await self.send(command, data, timeout)
        assert not answer.ok
        assert says in answer.problem
        return answer.state

    async def goes_online(self) -> None:
        await self.says(OPEN, "OK")
        await wait_all_tasks_blocked()
        await self.says("AT+MIPMODE=0,1", "OK", "CONNECT", state="transparent")


@pytest.fixture
def desk(bench: Bench) -> Desk:
    return Desk(bench)


# Answers.


async def test_answers(desk: Desk, autojump_clock: MockClock) -> None:
    await desk.says("AT+CSQ", "+CSQ: 20,99", "OK")
    await desk.says("at+cmee=9", "+CME ERROR: 50", ok=False)
    await desk.says("A/", "+CME ERROR: 50", ok=False)
    await desk.says("ATV0", "0")
    await desk.says("AT+CSQ", "+CSQ: 20,99", "0")
    await desk.says("AT+NONE", "4", ok=False)
    await desk.says("ATV1Q1")
    await desk.says("AT&W", ok=True)
    await desk.says("ATQ0", "OK")
    restarts = await desk.send("AT+MREBOOT")
    assert (restarts.lines, restarts.ok) == (["OK", "REBOOTING"], True)
    assert await desk.bench.heard() == b"\r\n+MATREADY\r\n", "of the new boot cycle, and nothing else"


async def test_urcs_are_not_mixed_into_an_answer(desk: Desk, autojump_clock: MockClock) -> None:
    await desk.says(OPEN, "OK")
    await desk.says("AT+MIPSTATE=0", '+MIPSTATE: 0,"TCP","peer",80,"CONNECTED"', "OK")
    desk.bench.world.peers[0].sends(b"hello")
    await desk.says("AT", "OK")
    assert await desk.bench.heard() == b'\r\n+MIPURC: "rtcp",0,5,hello\r\n', "it belongs to the first console"
    assert await desk.bench.ask("AT+CSQ") == ["+CSQ: 20,99", "OK"]


async def test_it_comes_behind_the_ports(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    bench = await Bench(nursery, consoles=2).start()
    await Desk(bench, number=2).says("AT", "OK")
    assert [await bench.heard(), bench.more[0].reads()] == [b"", b""]


async def test_an_answer_that_is_too_long(
    desk: Desk, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console_port, "_MOST", 20)
    answer = await desk.send("AT+CSQ;+CSQ;+CSQ")
    assert answer.lines[-1] == "OK"
    assert answer.problem == "the answer has more than 20 bytes: its beginning is left out"


# Data.


async def test_an_entry(desk: Desk, autojump_clock: MockClock) -> None:
    await desk.says(OPEN, "OK")
    await desk.says("AT+MIPSEND=0,5", ">", "+MIPSEND: 0,5", "OK", data=b"hello")
    assert await desk.fails("AT+MIPSEND=0,5", "it asks for data") == "entry"
    assert await desk.fails("AT", "console 1 waits for the data of AT+MIPSEND: send data alone") == "entry"
    assert await desk.fails(None, "it asks for data", b"wo") == "entry"
    await desk.says(None, "+MIPSEND: 0,5", "OK", data=b"rld")
    await desk.says("AT+MIPSEND=0", ">", "+MIPSEND: 0,3", "OK", data=b"abc\x1a")
    await desk.says("AT+MIPSEND=0", ">", "OK", data=b"abc\x1b")
    assert desk.bench.world.peers[0].taken == b"helloworldabc"
    assert await desk.fails("AT+MIPSEND=0", "it asks for data", b"more") == "entry"
    await trio.sleep(100)
    await desk.says("ATQ1")
    assert await desk.fails("AT+MIPSEND=0", "it asks for data") == "entry"
    await desk.says(None, data=b"\x1b")
    await desk.says("ATQ0", "OK")
    assert await desk.fails(None, "console 1 asks for no data: send a command", b"late") == "command"


async def test_what_is_beyond_an_entry_harms_no_command(desk: Desk, autojump_clock: MockClock) -> None:
    """The module drops it, until it has been silent for a while."""
    await desk.says(OPEN, "OK")
    answer = await desk.send("AT+MIPSEND=0", b"x" * 10_000)
    assert answer.lines[-1] == "OK"
    assert (await desk.send("AT", timeout=100)).lines == ["OK"]


@pytest.mark.parametrize(
    ("command", "data", "dropped"),
    [("AT+MIPSEND=0,3", b"abcdef", 3), ("AT+MIPSEND=0", b"abc\x1aAT+MPOF", 7), ("AT+MIPSEND=0,3", b"abc\rd", 1)],
)
async def test_what_an_entry_does_not_take_is_no_command(
    command: str, data: bytes, dropped: int, desk: Desk, autojump_clock: MockClock
) -> None:
    await desk.says(OPEN, "OK")
    answer = await desk.send(command, data)
    assert answer.lines == [">", "+MIPSEND: 0,3", "OK"]
    assert (answer.ok, answer.problem) == (False, f"the entry ended before the last {dropped} bytes: they are dropped")
    await desk.says("AT+CSQ", "+CSQ: 20,99", "OK")
    assert desk.bench.world.peers[0].taken == b"abc"


async def test_data_that_is_not_asked_for(desk: Desk, autojump_clock: MockClock) -> None:
    assert await desk.fails("AT+CSQ", "it asked for no data within 10 s: none was sent", b"x") == "command"
    answer = await desk.send("AT+CMEE=9", b"x")
    assert (answer.lines, answer.problem) == (["+CME ERROR: 50"], "")


async def test_a_transparent_connection(desk: Desk, autojump_clock: MockClock) -> None:
    await desk.goes_online()
    peer = desk.bench.world.peers[0]
    assert await desk.fails("AT", "console 1 is in transparent mode: send data alone") == "transparent"
    await desk.says(None, data=b"+++ is data here", state="transparent")
    peer.sends(b"whatever")
    await desk.says("+++", "OK")
    assert peer.taken == b"+++ is data here"
    assert await desk.fails("+++", "console 1 is not in transparent mode") == "command"
    await desk.says("AT+MIPMODE=0,1", "OK", "CONNECT", state="transparent", data=b"again")
    await trio.sleep(1)
    assert peer.taken.endswith(b"hereagain")
    peer.sends(b"")
    await wait_all_tasks_blocked()
    assert (await desk.send("AT")).lines == ["OK"], "once the module has dropped what still came"
    assert await desk.bench.ask("AT") == ['+MIPURC: "disconn",0,1', "OK"]


async def test_a_connection_that_takes_the_console_later(desk: Desk, autojump_clock: MockClock) -> None:
    desk.bench.world.answer = trio.Event()
    answers: list[ConsoleAnswer] = []

    async def send() -> None:
        answers.append(await desk.send(f"{OPEN},,1", b"abc"))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send)
        await trio.sleep(3)
        desk.bench.world.answer.set()
    assert answers == [(1, ["OK", "CONNECT"], True, "transparent", "")]
    await trio.sleep(1)
    assert desk.bench.world.peers[0].taken == b"abc"


async def test_a_peer_that_takes_nothing(desk: Desk, autojump_clock: MockClock) -> None:
    await desk.goes_online()
    desk.bench.world.peers[0].window = 0
    size = 1 << 20
    answer = await desk.send(None, bytes(size))
    assert not answer.ok
    assert "bytes within 10 s, and they are dropped" in answer.problem
    desk.bench.world.peers[0].takes(size)
    await trio.sleep(1)
    await desk.says("+++", "OK")


# Who waits.


async def test_one_after_the_other(desk: Desk, autojump_clock: MockClock) -> None:
    answers: list[tuple[str, list[str]]] = []

    async def send(command: str) -> None:
        answers.append((command, (await desk.send(command, timeout=300)).lines[-1:]))

    async with trio.open_nursery() as nursery:
        for command in ("AT+COPS=?", "AT+CGMM", "AT+NONE"):
            nursery.start_soon(send, command)
            await wait_all_tasks_blocked()
        assert await desk.fails("AT", "console 1 is busy with AT+COPS: try again, or wait longer", timeout=1) == "busy"
    assert answers == [("AT+COPS=?", ["OK"]), ("AT+CGMM", ["OK"]), ("AT+NONE", ["ERROR"])]


async def test_not_everybody_can_wait(desk: Desk, autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        for _ in range(17):
            nursery.start_soon(desk.send, "AT+COPS=?", None, 5.0)
        await wait_all_tasks_blocked()
        assert await desk.fails("AT", "16 others wait for console 1: try again later") == "busy"
    await desk.says("AT", "OK")


async def test_a_command_that_takes_longer(desk: Desk, autojump_clock: MockClock) -> None:
    assert await desk.fails("AT+COPS=?", "within 0.5 s: the command goes on", timeout=0.5) == "busy"
    assert await desk.fails("AT", "console 1 is busy with AT+COPS", timeout=0.5) == "busy"
    assert (await desk.send("AT", timeout=300)).lines == ["OK"], "what it said meanwhile is no answer to this"


async def test_a_command_that_never_answers(desk: Desk, autojump_clock: MockClock) -> None:
    faults = faults_of(desk.bench.module)
    faults.arm(parse_fault("command-silence command=CSQ times=2"))
    assert await desk.fails("AT+CSQ", "no final result code within 10 s") == "command"
    answer = await desk.send("AT+CGMM;+CSQ")
    assert (answer.lines, answer.ok, answer.problem) == (["ML305U"], False, "no final result code came")
    await desk.says("AT+CSQ", "+CSQ: 20,99", "OK")


async def test_faults_hold_there_that_were_armed_before(bench: Bench, autojump_clock: MockClock) -> None:
    faults_of(bench.module).arm(parse_fault("command-answer command=CSQ cme=3 times=2"))
    faults_of(bench.module).arm(parse_fault("urc-drop urc=MIPOPEN"))
    desk = Desk(bench)
    await desk.says("AT+CSQ", "+CME ERROR: 3", ok=False)
    assert await bench.ask("AT+CSQ") == ["+CME ERROR: 3"]
    await desk.says("AT+CSQ", "+CSQ: 20,99", "OK")
    faults_of(bench.module).reset()
    await desk.says("AT", "OK")


async def test_a_module_that_sleeps_boots_or_is_off(desk: Desk, autojump_clock: MockClock) -> None:
    modem = desk.bench.module.modem
    desk.bench.module.report(lambda: modem.lifecycle.rest(trio.current_time()))
    assert modem.power.asleep
    await desk.fails("AT", "the module slept, and what wakes it is lost: send it again")
    await trio.sleep(10)
    await desk.says("AT", "OK")
    desk.bench.module.report(lambda: modem.supply_off(trio.current_time()))
    assert await desk.fails("AT", "the module is off: give it its supply first") == "off"
    desk.bench.module.report(lambda: modem.supply_on(trio.current_time()))
    await desk.says("AT", "OK")


async def test_a_console_that_is_made_while_the_module_sleeps(bench: Bench, autojump_clock: MockClock) -> None:
    modem = bench.module.modem
    bench.module.report(lambda: modem.lifecycle.rest(trio.current_time()))
    desk = Desk(bench)
    await desk.fails("AT", "what wakes it is lost")
    await trio.sleep(10)
    await desk.says("AT", "OK")


async def test_a_boot_is_waited_for(desk: Desk, autojump_clock: MockClock) -> None:
    desk.bench.module.modem.power.boot_time = 5.0
    await desk.says("AT+MREBOOT", "OK", "REBOOTING", state="off")
    assert await desk.fails("AT", "the module boots: try again, or wait longer", timeout=1) == "off"
    await desk.says("AT", "OK")


async def test_the_supply_goes_while_a_command_runs(desk: Desk, autojump_clock: MockClock) -> None:
    modem = desk.bench.module.modem

    async def cut() -> None:
        await trio.sleep(1)
        desk.bench.module.report(lambda: modem.supply_off(trio.current_time()))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(cut)
        assert await desk.fails("AT+COPS=?", "the module went off, or restarts", timeout=100) == "off"


# From other threads, and as an operation.


@pytest.fixture
def module() -> Iterator[HostedModule]:
    with Hosted() as hosted:
        yield hosted.start("ML307R", sandbox=True)


def test_a_test_sends(module: HostedModule) -> None:
    assert module.send("AT+CSQ").lines == ["+CSQ: 20,99", "OK"]
    assert module.send('AT+MIPOPEN=0,"TCP","www.example.com",7').ok
    module.trace.wait_for("1< +MIPOPEN: 0,0")
    assert module.send("AT+MIPSEND=0,2", b"hi").lines == [">", "+MIPSEND: 0,2", "OK"]
    assert (module.trace.sent, module.trace.received) == (b"", b"")
    assert str(module.trace).startswith("1> AT+CSQ\n1< +CSQ: 20,99\n1< OK\n")


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (lambda module: module.send("hello"), "command=hello cannot be"),
        (lambda module: module.send("AT\rAT"), "cannot be"),
        (lambda module: module.send(), "there is nothing to send: give a command"),
        (lambda module: module.send("AT", timeout=0), "timeout=0 is out of range"),
        (lambda module: module.send("AT", "x"), "str is no content: give bytes"),
    ],
)
def test_what_cannot_be_is_refused(module: HostedModule, act: Callable[[HostedModule], object], says: str) -> None:
    with pytest.raises((FaultError, UsageError), match=says):
        act(module)


def test_a_module_that_ends(module: HostedModule) -> None:
    module.send("AT")
    problems: list[str] = []

    def send() -> None:
        with pytest.raises(UsageError) as error:
            module.send("AT+COPS=?", timeout=100)
        problems.append(str(error.value))

    sending = Thread(target=send)
    sending.start()
    module.trace.wait_for("1> AT+COPS=?")
    module.stop()
    sending.join()
    assert problems == ["the module has ended: start it again"]
    with pytest.raises(UsageError, match="has ended: start it again"):
        module.send("AT")


def test_the_commands_of_a_model(module: HostedModule) -> None:
    told = next(each for each in console.OPERATIONS if each.command == "commands").act(module, {})
    assert not isinstance(told, Awaitable)
    commands: dict[str, CommandInfo] = {each.name: each for each in told}  # type: ignore[attr-defined]
    assert commands["AT+CSQ"].test == ["+CSQ: (0-31,99),(0-7,99)"]
    assert commands["AT+CSQ"].forms == ["", "=?"]
    assert commands["AT+COPS"].test == ["+COPS: ..."]
    assert commands["ATE"].forms == [""]
    assert "AT+MIPOPEN" in commands
