"""The sleep mode at a start: off, or as the guide has it for the model."""

from __future__ import annotations

import pytest
from onemo.runtime.models import Overrides, individual, load_model

from tests.support.driver import Driver
from tests.support.models import NB, SERIES

DEEP = {"ML302A", "ML302S", "ML305M", "ML305U", "ML307M", "ML307N", *NB}
SLEEPING = [series for series in SERIES if series != "MR880A"]


def started(series: str, sleep_default: str = "model") -> Driver:
    return Driver(individual(load_model(series), Overrides(sleep_default=sleep_default))).boot()


def mode(driver: Driver) -> str:
    driver.ask("ATE0")
    return driver.answer('AT+MLPMCFG="sleepmode"')[0].rpartition(",")[2]


@pytest.mark.parametrize("series", SLEEPING)
def test_the_mode_of_the_model(series: str) -> None:
    assert mode(started(series)) == ("2" if series in DEEP else "1" if series == "ML307X" else "0")


@pytest.mark.parametrize("series", SLEEPING)
def test_no_sleep_otherwise(series: str) -> None:
    assert mode(started(series, "off")) == ("1" if series == "MN319" else "0")


def test_firmware_that_forgets_to_forbid_it_falls_asleep() -> None:
    driver = started("ML302A")
    driver.ask("AT")
    driver.wait(30)
    assert driver.modem.power.asleep
    awake = started("ML302A", "off")
    awake.ask("AT")
    awake.wait(30)
    assert not awake.modem.power.asleep


def test_what_was_kept_counts() -> None:
    driver = started("ML305U")
    driver.ask('AT+MLPMCFG="sleepmode",0,1')
    driver.ask("AT+MREBOOT")
    driver.wait(5)
    driver.take()
    assert mode(driver) == "0"
