"""The LwM2M client against what a hostile server, a hasty firmware or a full line does to it."""

from __future__ import annotations

import pytest

from tests.support.coap import KEY
from tests.support.driver import Driver
from tests.unit.families.test_lwm2m import logged_in


def saves_power(driver: Driver) -> None:
    driver.ask('AT+CPSMS=1,,,"00000101","00000001"')
    driver.wait(60.0)
    assert driver.modem.power.state.name == "SAVING"
    driver.raise_dtr()
    driver.wait(1.5)
    driver.ask("AT+CPSMS=0")
    driver.wait(3.0)


@pytest.mark.parametrize("end", ["close", "expiry", "forgotten"])
def test_a_login_that_is_over_is_not_taken_up_after_power_saving(end: str) -> None:
    driver, server = logged_in(lifetime=100)
    if end == "close":
        driver.ask("AT+MIPLCLOSE=0")
        server.got()
        server.answers("2.02")
    elif end == "forgotten":
        driver.ask("AT+MIPLUPDATE=0,300,0")
        server.got()
        server.answers("4.04")
    else:
        driver.wait(101.0)
    assert KEY not in driver.world.peers
    requests = len(driver.world.requests)
    saves_power(driver)
    assert KEY not in driver.world.peers
    assert len(driver.world.requests) == requests


@pytest.mark.parametrize("line", ["AT+MIPLDELETE=0", "AT+MIPLCLOSE=0"])
def test_a_reboot_that_was_promised_comes(line: str) -> None:
    driver, server = logged_in()
    server.sends("CON 1 POST /3/0/4 t=01")
    assert server.got() == "ACK 1 2.04 t=01"
    driver.ask(line)
    if server.got():
        server.answers("2.02")
    driver.wait(2.0)
    assert driver.restarts == 1
