"""Sleep: the timers of 24.008, and when what is due."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onemo.modem.power import PowerState
from onemo.modem.sleep import active_time, periodic_time

from tests.support.driver import Driver


@pytest.mark.parametrize(
    ("timer", "seconds"),
    [("00000101", 10), ("00100001", 60), ("01000010", 720), ("01111111", 1860), ("00000000", 0)],
)
def test_the_active_time(timer: str, seconds: float) -> None:
    assert active_time(timer) == seconds


def test_a_deactivated_timer_never_runs_out() -> None:
    assert active_time("11100000") == periodic_time("11111111") == math.inf


@pytest.mark.parametrize(
    ("timer", "seconds"),
    [("00000001", 600), ("00100001", 3600), ("01000011", 108_000), ("01100010", 4), ("10000001", 30),
     ("10100010", 120), ("11000001", 1_152_000)],
)  # fmt: skip
def test_the_periodic_time(timer: str, seconds: float) -> None:
    assert periodic_time(timer) == seconds


@given(st.text(alphabet="01", min_size=8, max_size=8))
def test_every_eight_digits_are_a_time(timer: str) -> None:
    assert active_time(timer) >= 0
    assert periodic_time(timer) >= 0


@given(st.text(max_size=10).filter(lambda text: len(text) != 8 or set(text) - set("01")))
def test_nothing_else_is(text: str) -> None:
    for read in (active_time, periodic_time):
        with pytest.raises(ValueError, match=re.escape(text) + "$"):
            read(text)


def state(driver: Driver) -> PowerState:
    return driver.modem.power.state


def test_a_module_that_was_not_asked_to_sleeps_never() -> None:
    driver = Driver("MN316").boot()
    driver.wait(1e6)
    assert state(driver) is PowerState.READY
    assert driver.modem.deadline == math.inf


def test_what_comes_with_the_first_input_is_lost_with_it() -> None:
    driver = Driver("ML305U", chunk=1).boot()
    driver.ask('AT+MLPMCFG="sleepmode",2')
    driver.wait(1.0)
    assert state(driver) is PowerState.SLEEPING
    assert driver.ask("AT+CGMI;+CGMM") == b""
    assert state(driver) is PowerState.READY
    driver.wait(driver.model.profile.sleep.wake_time)
    assert driver.answer("AT") == ["OK"]


def test_no_network_no_psm() -> None:
    driver = Driver("MN316", boot_time=0.1)
    driver.modem.register_time = math.inf
    driver.power_on()
    driver.wait(0.2)
    driver.ask("ATE0")
    driver.ask('AT+CPSMS=1,,,"01000011","00000001"')
    driver.wait(100.0)
    assert state(driver) is PowerState.READY


def test_deactivated_psm_never_begins() -> None:
    driver = Driver("MN316").boot()
    assert driver.answer('AT+CPSMS=1,,,"01000011","11100000"') == ["OK"]
    driver.wait(1e6)
    assert state(driver) is PowerState.READY


def test_a_dte_that_does_not_read_keeps_it_awake() -> None:
    driver = Driver("ML305U").boot()
    driver.ask('AT+MLPMCFG="sleepmode",2')
    driver.line_room = 0
    driver.type(b"AT\r")
    driver.wait(100.0)
    assert state(driver) is PowerState.READY
    driver.read_more(100)
    driver.wait(2.0)
    assert state(driver) is PowerState.SLEEPING


def test_the_clock_goes_on_in_psm_and_starts_again_without_supply() -> None:
    driver = Driver("MN319").boot()
    driver.ask('AT+CPSMS=1,,,"01000011","00000001"')
    before = driver.modem.clock.utc(driver.now)
    driver.wait(1000.0)
    assert state(driver) is PowerState.SAVING
    assert driver.modem.clock.utc(driver.now) == pytest.approx(before + 1000.0)
    driver.supply(on=False)
    driver.supply(on=True)
    assert driver.modem.clock.utc(driver.now) < before
