"""Names, pings and the time: when they are asked, what a restart and a bug make of them."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable

import pytest
import trio
from onemo.errors import NetError, NetFailure
from onemo.net.interface import Echo, LookupRequest, PingRequest, TimeRequest
from onemo.runtime.trace import JsonLines
from trio.testing import MockClock

from tests.unit.runtime.doubles import Bench, lines

COMMANDS = {"lookup": 'AT+MDNSGIP="h"', "ping": 'AT+MPING="h",,1', "time": "AT+MNTP"}
DONE = {
    "lookup": '+MDNSGIP: "h","192.0.2.1"',
    "ping": '+MPING: 0,"192.0.2.1",16,1,64',
    "time": '+MNTP: 0,"19/02/21,07:29:20+32"',
}
FAILED = {"lookup": '+MDNSGIP: "h"', "ping": "+MPING: 5", "time": "+MNTP: 3"}
BUSY = {"lookup": "+CME ERROR: 581", "ping": "+CME ERROR: 582", "time": "+CME ERROR: 3"}
KINDS = pytest.mark.parametrize("kind", COMMANDS)


class Slip(Exception):
    """A bug."""


def bugs(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The kinds of the bugs that were logged."""
    found = [record.exc_info for record in caplog.records if record.levelno >= logging.CRITICAL]
    return [info[0].__name__ for info in found if info and info[0]]


def command(kind: str) -> str:
    return COMMANDS[kind].replace('MPING="h"', 'MPING="192.0.2.1"')


# What is asked.


async def test_what_the_network_is_asked(bench: Bench) -> None:
    for line in ('AT+MDNSGIP="name"', 'AT+MPING="192.0.2.9",7,1,99', 'AT+MNTP="server",1123,0,8'):
        await bench.ask(line)
    lookup, ping, time = bench.world.asked
    assert isinstance(lookup, LookupRequest)
    assert (lookup.name, lookup.every) == ("name", True)
    assert isinstance(ping, PingRequest)
    assert (ping.host, ping.size) == ("192.0.2.9", 99)
    assert bench.world.pingers[0].timeouts == [7]
    assert isinstance(time, TimeRequest)
    assert (time.host, time.port, time.timeout) == ("server", 1123, 8)
    assert lookup.names == ping.names == time.names


@KINDS
async def test_the_result(bench: Bench, kind: str) -> None:
    assert await bench.ask(command(kind)) == ["OK", DONE[kind]]


@KINDS
async def test_a_failure(bench: Bench, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    bench.world.failure = NetError(NetFailure.OTHER, "no way there")
    assert await bench.ask(command(kind)) == ["OK", FAILED[kind]]
    bench.world.failure = None
    assert await bench.ask(command(kind)) == ["OK", DONE[kind]]
    assert bugs(caplog) == []


@KINDS
async def test_busy_until_the_answer(bench: Bench, kind: str) -> None:
    bench.world.answer = trio.Event()
    assert await bench.ask(command(kind)) == ["OK"]
    assert await bench.ask(command(kind)) == [BUSY[kind]]
    bench.world.answer.set()
    assert lines(await bench.heard()) == [DONE[kind]]
    assert await bench.ask(command(kind)) == ["OK", DONE[kind]]


async def test_all_at_once(bench: Bench) -> None:
    bench.world.answer = trio.Event()
    for kind in COMMANDS:
        assert await bench.ask(command(kind)) == ["OK"]
    assert len(bench.world.asked) == 3
    bench.world.answer.set()
    assert sorted(lines(await bench.heard())) == sorted(DONE.values())


async def test_what_is_told_to_a_trace(nursery: trio.Nursery) -> None:
    file = io.StringIO()
    bench = await Bench(nursery, trace=JsonLines(file, trio.current_time)).start()
    for kind in COMMANDS:
        await bench.ask(command(kind))
    bench.world.echoes.append(NetError(NetFailure.REPORTED, "unreachable"))
    await bench.ask(command("ping"))
    bench.world.failure = NetError(NetFailure.NAME, "no such name")
    for kind in COMMANDS:
        await bench.ask(command(kind))
    told = [entry for entry in map(json.loads, file.getvalue().splitlines()) if "event" in entry]
    assert [entry["event"] for entry in told] == [
        "resolved", "echo reply", "time", "no echo reply", "not resolved", "ping failed", "no time",
    ]  # fmt: skip
    assert all("connect_id" not in entry for entry in told)
    assert told[0]["detail"] == "h: 192.0.2.1"
    assert "no such name" in told[-1]["detail"]


# Time.


async def test_one_echo_request_a_second(bench: Bench, autojump_clock: MockClock) -> None:
    assert await bench.ask('AT+MPING="192.0.2.1"') == ["OK", DONE["ping"]]
    for _ in range(2):
        assert lines(await bench.hears(1)) == [DONE["ping"]]
    assert lines(await bench.hears(1)) == [DONE["ping"], '+MPING: "statistics",4,0,1,1,1']
    (pinger,) = bench.world.pingers
    assert [after - before for before, after in zip(pinger.sent, pinger.sent[1:], strict=False)] == pytest.approx(
        [1] * 3
    )
    assert pinger.closed


async def test_a_lost_one_takes_its_time_out_and_the_next_follows_at_once(
    bench: Bench, autojump_clock: MockClock
) -> None:
    bench.world.echoes.extend([NetError(NetFailure.TIMED_OUT, "silence"), Echo(0.25, 60)])
    assert await bench.ask('AT+MPING="192.0.2.1",5,3') == ["OK"]
    assert lines(await bench.hears(5)) == ["+MPING: 4", '+MPING: 0,"192.0.2.1",16,250,60']
    assert lines(await bench.hears(1)) == [DONE["ping"], '+MPING: "statistics",3,1,1,250,125']
    assert bench.world.pingers[0].closed


async def test_the_last_one_is_not_waited_after(bench: Bench) -> None:
    assert await bench.ask('AT+MPING="192.0.2.1",,1') == ["OK", DONE["ping"]]
    assert await bench.ask('AT+MPING="192.0.2.1",,1') == ["OK", DONE["ping"]]
    assert [pinger.closed for pinger in bench.world.pingers] == [True, True]


async def test_an_error_that_came_back_ends_the_run(bench: Bench, autojump_clock: MockClock) -> None:
    bench.world.echoes.extend([Echo(0.001, 64), NetError(NetFailure.REPORTED, "unreachable")])
    assert await bench.ask('AT+MPING="192.0.2.1"') == ["OK", DONE["ping"]]
    assert lines(await bench.hears(1)) == ["+MPING: 3"]
    assert bench.world.pingers[0].closed
    await trio.sleep(60)
    assert await bench.heard() == b""


async def test_the_clock_is_set_to_the_moment_of_the_answer(bench: Bench, autojump_clock: MockClock) -> None:
    bench.world.answer = trio.Event()
    assert await bench.ask("AT+MNTP") == ["OK"]
    await trio.sleep(10)
    bench.world.answer.set()
    assert lines(await bench.heard()) == [DONE["time"]]
    assert await bench.ask("AT+CCLK?") == ['+CCLK: "19/02/21,07:29:20+32"', "OK"]
    await trio.sleep(41)
    assert await bench.ask("AT+CCLK?") == ['+CCLK: "19/02/21,07:30:01+32"', "OK"]


# A restart.


@KINDS
@pytest.mark.parametrize("failure", [None, NetError(NetFailure.OTHER, "gone"), Slip()])
async def test_a_restart_drops_what_runs(bench: Bench, kind: str, failure: Exception | None) -> None:
    bench.world.answer = trio.Event()
    assert await bench.ask(command(kind)) == ["OK"]
    assert await bench.ask("AT+MREBOOT") == ["OK", "REBOOTING", "+MATREADY"]
    assert bench.world.forgotten == 1
    bench.world.failure = failure
    bench.world.answer.set()
    assert await bench.heard() == b""
    bench.world.failure = None
    assert await bench.ask(command(kind)) == ["OK", DONE[kind]]


async def test_a_restart_between_two_echo_requests(bench: Bench, autojump_clock: MockClock) -> None:
    assert await bench.ask('AT+MPING="192.0.2.1",,65535') == ["OK", DONE["ping"]]
    assert await bench.ask("AT+MREBOOT") == ["OK", "REBOOTING", "+MATREADY"]
    await trio.sleep(60)
    assert await bench.heard() == b""
    assert len(bench.world.pingers[0].sent) == 1
    assert bench.world.pingers[0].closed


async def test_a_restart_while_an_echo_request_waits(bench: Bench, autojump_clock: MockClock) -> None:
    bench.world.echoes.append(NetError(NetFailure.TIMED_OUT, "silence"))
    assert await bench.ask('AT+MPING="192.0.2.1",60') == ["OK"]
    assert await bench.ask("AT+MREBOOT") == ["OK", "REBOOTING", "+MATREADY"]
    assert bench.world.pingers[0].closed
    await trio.sleep(100)
    assert await bench.heard() == b""


@KINDS
async def test_a_restart_in_the_line_that_asks(bench: Bench, kind: str) -> None:
    assert await bench.ask(f"{command(kind)};+MREBOOT") == ["OK", "REBOOTING", "+MATREADY"]
    assert await bench.ask(command(kind)) == ["OK", DONE[kind]]


async def test_a_restart_that_waited_for_the_line_to_drain(nursery: trio.Nursery) -> None:
    bench = await Bench(nursery).start()
    bench.line.room = 0
    for kind in COMMANDS:
        bench.line.types(f"{command(kind)}\r".encode())
    bench.line.types(b"AT+MREBOOT\r")
    await bench.heard()
    bench.line.makes_room(10_000)
    assert lines(await bench.heard())[-2:] == ["REBOOTING", "+MATREADY"]
    assert await bench.heard() == b""


async def test_the_networks_name_servers_are_asked_for_with_each_start(nursery: trio.Nursery) -> None:
    bench = Bench(nursery)
    assert bench.module.modem.name_servers == ()
    bench.world.servers = ("9.9.9.9",)
    await bench.start()
    await bench.ask("AT+MREBOOT")
    assert await bench.ask('AT+MDNSCFG="ip"') == ['+MDNSCFG: "ip","9.9.9.9","114.114.114.114"', "OK"]


async def test_cancelling_everything_closes_what_pings(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        bench = await Bench(nursery).start()
        await bench.ask('AT+MPING="192.0.2.1"')
        nursery.cancel_scope.cancel()
    assert bench.world.pingers[0].closed


# Bugs.


@KINDS
async def test_a_bug_in_the_network_ends_it_as_failed(
    bench: Bench, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    bench.world.failure = Slip()
    assert await bench.ask(command(kind)) == ["OK", FAILED[kind]]
    assert bugs(caplog) == ["Slip"]
    bench.world.failure = None
    assert await bench.ask(command(kind)) == ["OK", DONE[kind]]


async def test_a_bug_in_a_later_echo_request(
    bench: Bench, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    bench.world.echoes.extend([Echo(0.001, 64), Slip()])
    assert await bench.ask('AT+MPING="192.0.2.1"') == ["OK", DONE["ping"]]
    assert lines(await bench.hears(1)) == ["+MPING: 5"]
    assert bugs(caplog) == ["Slip"]
    assert bench.world.pingers[0].closed
    assert await bench.ask('AT+MPING="192.0.2.1",,1') == ["OK", DONE["ping"]]


def no_address(bench: Bench) -> None:
    bench.world.addresses = ["nowhere"]


def no_time(bench: Bench) -> None:
    bench.world.time = 1e300


@pytest.mark.parametrize(("kind", "spoil"), [("lookup", no_address), ("time", no_time)])
async def test_a_result_that_is_none(
    bench: Bench, kind: str, spoil: Callable[[Bench], None], caplog: pytest.LogCaptureFixture
) -> None:
    spoil(bench)
    assert await bench.ask(command(kind)) == ["OK", FAILED[kind]]
    assert len(bugs(caplog)) == 1
    assert await bench.ask("AT") == ["OK"]
    bench.world.addresses, bench.world.time = ["192.0.2.1"], 1550734160.0
    assert await bench.ask(command(kind)) == ["OK", DONE[kind]]


async def test_a_run_to_what_is_no_address(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    assert await bench.ask('AT+MPING="nowhere"') == ["OK", "+MPING: 5"]
    assert bugs(caplog) == ["ValueError"]
    assert bench.world.pingers[0].closed


async def test_a_bug_in_a_lookup_leaves_the_running_command_alone(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """A MIPSEND that waits for room is not answered ERROR because something else went wrong."""
    peer = await bench.connect()
    peer.window = 0
    bench.world.answer = trio.Event()
    bench.world.failure = Slip()
    assert await bench.ask(COMMANDS["lookup"], "AT+MIPSEND=0,,0123456789") == ["OK"]
    bench.world.answer.set()
    assert lines(await bench.heard()) == [FAILED["lookup"]]
    assert bugs(caplog) == ["Slip"]
    peer.takes(100)
    assert lines(await bench.heard()) == ["+MIPSEND: 0,10", "OK"]
