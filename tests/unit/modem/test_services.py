"""Names, pings and the time, as the shell reports them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onemo.errors import NetFailure
from onemo.families.ntp import Times
from onemo.families.ping import PingRun
from onemo.modem.channel import Ask, EchoReply
from onemo.net.interface import Echo, LookupRequest, PingRequest, TimeRequest

from tests.support.driver import Driver
from tests.support.models import CAT1, NB, SERIES

LOOKUP, PING, TIME = 'AT+MDNSGIP="h"', 'AT+MPING="h",,3', "AT+MNTP"
ABANDONED = {LOOKUP: ['+MDNSGIP: "h"'], PING: ["+MPING: 5"], TIME: ["+MNTP: 3"]}
REPLIES = st.builds(Echo, st.floats(0, 60), st.integers(0, 255))
LOST = st.just(NetFailure.TIMED_OUT)


@pytest.fixture
def driver() -> Driver:
    """A module whose questions wait for the test."""
    driver = Driver("ML307R").boot()
    driver.world.answers.held |= {"lookup", "ping", "asktime"}
    return driver


def asked(driver: Driver) -> Ask:
    return driver.world.answers.asked[-1]


def abandon(driver: Driver, ask: Ask) -> None:
    """As the shell does where a bug came in the way."""

    def done() -> None:
        ask.done(NetFailure.OTHER, driver.now)

    driver.report(done)


# What is asked.


@pytest.mark.parametrize("series", SERIES)
def test_a_lookup(series: str) -> None:
    driver = Driver(series).boot()
    driver.ask('AT+MDNSGIP="Iot.10086.cn"')
    request = asked(driver).request
    assert isinstance(request, LookupRequest)
    assert (request.name, request.every) == ("Iot.10086.cn", series in CAT1)


@pytest.mark.parametrize("series", SERIES)
def test_a_run_of_pings(series: str) -> None:
    driver = Driver(series).boot()
    for line, *wanted in (
        ('AT+MPING="h"', 4, 10, 16),
        ('AT+MPING="h",1', 4, 1, 16),
        ('AT+MPING="h",,65535', 65535, 10, 16),
        ('AT+MPING="h",60,2,1400', 2, 60, 1400),
    ):
        driver.world.answers.echoes.append(("", NetFailure.OTHER))
        driver.ask(line)
        ping = asked(driver)
        assert isinstance(ping.request, PingRequest)
        assert [driver.modem.part(PingRun).requests, ping.request.timeout, ping.request.size] == wanted
        assert (ping.request.host, ping.every) == ("h", 1)


@pytest.mark.parametrize("series", SERIES)
def test_a_question_for_the_time(series: str) -> None:
    driver = Driver(series).boot()
    usual = 20 if series in (*NB, "ML305U", "ML305M", "ML307M", "ML307N", "ML307X", "MR880A") else 30
    for line, *wanted in (
        ("AT+MNTP", "ntp1.aliyun.com", 123, usual, True),
        ("AT+MNTP=,,0", "ntp1.aliyun.com", 123, usual, False),
        ('AT+MNTP="h",1,1,300', "h", 1, 300, True),
    ):
        driver.ask(line)
        request = asked(driver).request
        assert isinstance(request, TimeRequest)
        assert [request.host, request.port, request.timeout, driver.modem.part(Times).sync] == wanted


def test_a_cid_is_refused_before_anything_is_asked(driver: Driver) -> None:
    assert driver.answer('AT+MDNSGIP="h",2') == ["+CME ERROR: 570"]
    assert driver.answer('AT+MPING="h",,,,2') == ["+CME ERROR: 570"]
    assert driver.world.answers.asked == []
    assert driver.answer(LOOKUP) == ["OK"]
    assert driver.answer('AT+MDNSGIP="h",2') == ["+CME ERROR: 570"]


# What comes of it.


@given(st.lists(REPLIES | LOST, min_size=2, max_size=20))
def test_statistics(results: list[Echo | NetFailure]) -> None:
    driver = Driver("ML307R").boot()
    driver.world.answers.echoes.extend(("192.0.2.1", result) for result in results)
    heard = driver.answer(f'AT+MPING="h",,{len(results)}')
    times = [int(result.time * 1000 + 1e-6) for result in results if isinstance(result, Echo)] or [0]
    lost = sum(result is NetFailure.TIMED_OUT for result in results)
    assert heard[0] == "OK"
    assert len(heard) == len(results) + 2
    average = sum(times) // len(times)
    assert heard[-1] == f'+MPING: "statistics",{len(results)},{lost},{min(times)},{max(times)},{average}'


@given(st.lists(REPLIES | LOST, max_size=5), st.sampled_from(NetFailure))
def test_a_run_ends_with_the_first_failure_but_silence(before: list[Echo | NetFailure], failure: NetFailure) -> None:
    driver = Driver("ML307R").boot()
    driver.world.answers.echoes.extend(("192.0.2.1", result) for result in [*before, failure])
    heard = driver.answer('AT+MPING="h",,100')
    results = {NetFailure.NAME: 1, NetFailure.NAME_TIMED_OUT: 2, NetFailure.REPORTED: 3}
    if failure is NetFailure.TIMED_OUT:
        assert heard[-1].startswith('+MPING: "statistics",100,')
    else:
        assert len(heard) == len(before) + 2
        assert heard[-1] == f"+MPING: {results.get(failure, 5)}"
    driver.world.answers.echoes.append(("192.0.2.1", Echo(0.002, 9)))
    assert driver.answer('AT+MPING="h",,1') == ["OK", '+MPING: 0,"192.0.2.1",16,2,9']


@pytest.mark.parametrize("failure", NetFailure)
def test_every_failure_of_a_time_server_has_a_result(failure: NetFailure) -> None:
    driver = Driver("ML307R").boot()
    driver.world.answers.time = failure
    results = {NetFailure.NAME: 1, NetFailure.NAME_TIMED_OUT: 1, NetFailure.TIMED_OUT: 2}
    assert driver.answer("AT+MNTP") == ["OK", f"+MNTP: {results.get(failure, 3)}"]


def test_parts_of_a_second_count_for_the_clock(driver: Driver) -> None:
    driver.ask(TIME)
    driver.world.answers.time = 1550734160.75
    driver.world.answers.release("asktime")
    assert driver.take() == b'\r\n+MNTP: 0,"19/02/21,07:29:20+32"\r\n'
    driver.wait(0.25)
    assert driver.answer("AT+CCLK?") == ['+CCLK: "19/02/21,07:29:21+32"', "OK"]


# What nobody serves any more.


@pytest.mark.parametrize("line", ABANDONED)
def test_what_is_abandoned_has_failed(driver: Driver, line: str) -> None:
    assert driver.answer(line) == ["OK"]
    operation = asked(driver)
    abandon(driver, operation)
    assert driver.take().decode() == f"\r\n{ABANDONED[line][0]}\r\n"
    # It is over, and so is the busy state.
    abandon(driver, operation)
    assert driver.take() == b""
    assert driver.answer(line) == ["OK"]
    abandon(driver, operation)
    assert driver.take() == b"", "the next one, which looks the same, is another"


def test_a_run_that_is_abandoned_midway(driver: Driver) -> None:
    driver.ask(PING)
    driver.world.answers.echoes.append(("192.0.2.1", Echo(0.001, 64)))
    driver.world.answers.echo_once()
    driver.take()
    abandon(driver, asked(driver))
    assert driver.take() == b"\r\n+MPING: 5\r\n"


def test_a_restart_forgets_what_was_abandoned(driver: Driver) -> None:
    driver.ask(LOOKUP)
    lookup = asked(driver)
    driver.ask("AT+MREBOOT")
    driver.wait(1)
    driver.take()
    abandon(driver, lookup)
    assert driver.take() == b""


@pytest.mark.parametrize("line", [LOOKUP, PING, TIME])
def test_a_result_that_cannot_be_told_leaves_it_to_be_abandoned(driver: Driver, line: str) -> None:
    driver.ask(line)
    results = {LOOKUP: ["nowhere"], PING: EchoReply(address="nowhere", time=0.001, ttl=64), TIME: 1e300}
    with pytest.raises((ValueError, OverflowError)):
        asked(driver).done(results[line], driver.now)
    abandon(driver, asked(driver))
    assert driver.take().decode() == f"\r\n{ABANDONED[line][0]}\r\n"


@pytest.mark.parametrize("milliseconds", [0, 1, 30, 1001, 59_999])
def test_a_round_trip_of_whole_milliseconds_is_told_as_such(milliseconds: int) -> None:
    driver = Driver("ML307R").boot()
    driver.world.answers.echoes.append(("192.0.2.1", Echo(milliseconds / 1000, 64)))
    assert driver.answer('AT+MPING="192.0.2.1",60,1')[-1] == f'+MPING: 0,"192.0.2.1",16,{milliseconds},64'
