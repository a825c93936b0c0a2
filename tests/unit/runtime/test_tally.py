"""The count of a module's command lines."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from onemo.runtime.tally import BOUNDS, OTHER, CommandTally, CommandTimes

from tests.support.driver import Driver
from tests.support.faulty import FaultyDriver

SECONDS = st.lists(st.floats(1e-6, 3600.0), min_size=1, max_size=200)


@pytest.fixture
def driver() -> Driver:
    return Driver("ML307R").boot()


def counted(driver: Driver) -> CommandTally:
    """Count from now on."""
    tally = CommandTally(driver.model, lambda: driver.now)
    driver.modem.on_answer = tally.answered
    return tally


def lines(tally: CommandTally) -> dict[str, tuple[int, int]]:
    """The lines of each command, and those that failed."""
    return {command: (times.count, times.failed) for command, times in tally.times.items()}


@given(SECONDS, st.sampled_from([0.01, 0.5, 0.9, 0.99, 1.0]))
@example([0.0001], 0.5)
@example([1.0, 2.0], 0.5)
def test_a_quantile_is_hardly_above_the_time_that_was_measured(taken: list[float], share: float) -> None:
    times = CommandTimes()
    for seconds in taken:
        times.add(seconds, failed=False)
    exact = sorted(taken)[max(0, math.ceil(share * len(taken) - 1e-9) - 1)]
    assert exact <= times.quantile(share) * (1 + 1e-9)
    assert times.quantile(share) <= exact * 1.04
    assert times.longest == max(taken)
    assert times.count == sum(times.within) == len(taken)
    for bound, count in zip(BOUNDS, times.within, strict=False):
        assert count <= sum(seconds <= bound for seconds in taken)


def test_without_a_line_there_is_no_time() -> None:
    assert CommandTimes().quantile(0.5) == 0
    times = CommandTimes()
    times.add(0.0, failed=True)
    times.add(-1.0, failed=False)
    assert (times.quantile(0.99), times.failed) == (0.0, 1)


def test_lines_by_their_first_command(driver: Driver) -> None:
    tally = counted(driver)
    for line in ("AT", "AT+CSQ", "at+csq", "AT+CSQ;+CEREG?", "ATE0", "AT&W", "ATV1", "AT+NOTHING", "AT=", "xyz"):
        driver.ask(line)
    driver.type(b"A/")
    driver.ask("AT" + "x" * 2 * driver.model.profile.line.max_line)
    known = {"AT": (1, 0), "AT+CSQ": (3, 0), "ATE": (1, 0), "AT&W": (1, 0), "ATV": (1, 0)}
    assert {name: told for name, told in lines(tally).items() if name != OTHER} == known
    assert tally.times[OTHER].count == tally.times[OTHER].failed == 5
    assert tally.lines == sum(times.count for times in tally.times.values())


def test_errors_have_their_numbers_whatever_the_line_shows(driver: Driver) -> None:
    tally = counted(driver)
    for report in (0, 1, 2):
        driver.ask(f"AT+CMEE={report}")
        driver.ask('AT+MIPSEND=0,1,"x"')
    driver.ask("ATQ1")
    assert driver.ask('AT+MIPSEND=0,1,"x"') == b""
    assert driver.ask("AT+NOTHING") == b""
    driver.ask("ATQ0")
    number = driver.ask('AT+CMEE=1;+MIPSEND=0,1,"x"').strip().removeprefix(b"+CME ERROR: ").decode()
    assert tally.errors == {("CME", number): 5, ("ERROR", ""): 1}


def test_the_time_of_an_entry_is_the_dtes_own(driver: Driver) -> None:
    tally = counted(driver)
    driver.type(b'AT+MSSLCERTWR="a.pem",0,3\r')
    driver.wait(5)
    driver.type(b"abc")
    assert lines(tally) == {"AT+MSSLCERTWR": (1, 0)}
    assert tally.times["AT+MSSLCERTWR"].longest < 0.1


def test_the_time_that_a_command_waits(driver: Driver) -> None:
    tally = counted(driver)
    driver.type(b"AT+COPS=?\r")
    driver.wait(60)
    assert tally.times["AT+COPS"].longest > 1


def test_answers_of_faults() -> None:
    driver = FaultyDriver("ML307R")
    driver.boot()
    tally = counted(driver)
    for fault in ("command-answer command=CSQ cme=50", "command-answer command=CGSN result=ERROR",
                  "command-answer command=CGMR result=BUSY", "command-silence command=CGMI"):  # fmt: skip
        driver.arm(fault)
    for command in ("CSQ", "CGSN", "CGMR", "CGMI"):
        driver.ask(f"AT+{command}")
    assert tally.errors == {("CME", "50"): 1, ("ERROR", ""): 1}
    assert lines(tally)["AT+CGMI"] == (1, 0)


def test_errors_are_bounded(driver: Driver) -> None:
    tally = counted(driver)
    from onemo.faults.seams.commands import Answered

    for number in range(1000):
        tally.answered(b"+CSQ", 0.0, Answered(b""), b"\r\n+CME ERROR: %d\r\n" % number)
    assert len(tally.errors) == 257
    assert sum(tally.errors.values()) == 1000


def test_urcs_are_counted_with_faults_and_without() -> None:
    driver = FaultyDriver("ML307R")
    driver.boot()
    transmitter = driver.modem.first.transmitter
    before = transmitter.urcs
    assert before >= 1, "the banner, or what came with the registration"
    driver.modem.announce(b"+A: 1")
    driver.arm("urc-duplicate urc=custom:B")
    driver.modem.announce(b"+B: 1")
    driver.modem.announce(b"+C: 1")
    assert driver.modem.first.transmitter.urcs == before + 4
