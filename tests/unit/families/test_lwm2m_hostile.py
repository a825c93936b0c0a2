"""The LwM2M client against what a hostile server, a hasty firmware or a full line does to it."""

from __future__ import annotations

import pytest

from tests.support.coap import KEY, server_of
from tests.support.driver import Driver
from tests.unit.families.test_lwm2m import logged_in, observed


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


def test_datagrams_that_are_too_long_fill_no_memory() -> None:
    driver, server = logged_in()
    driver.line_room = 0
    for _ in range(20_000):
        server.raw(b"x" * 1501)
    assert driver.modem.first.transmitter.size < 100_000


def test_values_without_bytes_are_limited() -> None:
    driver, server = logged_in()
    observed(driver, server)
    said = [driver.answer(f'AT+MIPLNOTIFY=0,0,3200,0,{number},1,0,"",0,1')[0] for number in range(1025)]
    assert said == ["OK"] * 1024 + ["+CIS ERROR: 601"]


def test_what_a_server_observes_is_limited() -> None:
    driver, server = logged_in()
    for number in range(1025):
        server.sends(f"CON {number} GET /3200/0/{number} observe=0 t=01")
    assert server.all()[-2:] == ["ACK 1023 2.05 t=01 observe=0", "ACK 1024 5.03 t=01"]
    assert b"+MIPLOBSERVE: 0,1024," not in driver.take()
    server.sends("CON 2000 GET /3200/0/7 observe=0 t=01")
    server.sends("CON 2001 GET /3200/0/8 observe=1 t=01")
    server.sends("CON 2002 GET /3200/0/1024 observe=0 t=01")
    assert server.all() == ["ACK 2000 2.05 t=01 observe=1", "ACK 2001 2.05 t=01", "ACK 2002 2.05 t=01 observe=0"]


def test_what_a_server_gives_attributes_is_limited() -> None:
    driver, server = logged_in()
    for number in range(1025):
        server.sends(f"CON {number} PUT /3200/0/{number}?pmin=5 t=01")
    assert server.all()[-2:] == ["ACK 1023 2.04 t=01", "ACK 1024 5.03 t=01"]
    assert b"+MIPLPARAMETER: 0,1024," not in driver.take()
    server.sends("CON 2000 PUT /3200/0/7?pmin=6 t=01")
    assert server.got() == "ACK 2000 2.04 t=01"


def test_datagrams_that_the_host_does_not_take_fill_no_memory() -> None:
    driver, server = logged_in()
    observed(driver, server)
    driver.ask("AT+MIPLNMI=0,0,1")
    driver.world.take_more(KEY, 0)
    line = 'AT+MIPLNOTIFY=0,0,3200,0,5750,1,1,"a",0,0'
    assert [driver.answer(line)[0] for _ in range(11)] == ["OK"] * 10 + ["+CIS ERROR: 652"]
    for number in range(5000):
        server.sends(f"CON {number} empty")
    assert len(driver.world.peers[KEY].outbox) < 100
    driver.world.take_more(KEY, None)
    assert driver.take() == b"\r\n+MIPLNSMI: 0,1,0\r\n" * 10
    server.all()
    assert driver.answer(line) == ["OK", "+MIPLNSMI: 0,1,0"]


def test_a_bootstrap_in_blocks() -> None:
    driver = Driver("MN316").boot()
    driver.ask("AT+MIPLCREATE")
    driver.ask("AT+MIPLOPEN=0,300")
    server = server_of(driver)
    server.got()
    server.answers("2.04")
    account = b"\xc8\x00\x15coap://127.0.0.1:5683\xc1\x01\x00".hex()
    server.sends(f"CON 1 PUT /0/1 t=01 cf=11542 block1=0/1/16 hex:{account[:32]}")
    assert server.got() == "ACK 1 2.31 t=01 block1=0/1/16"
    server.sends(f"CON 2 PUT /0/1 t=01 cf=11542 block1=1/0/16 hex:{account[32:]}")
    assert server.got() == "ACK 2 2.04 t=01 block1=1/0/16"
    server.sends("CON 3 PUT /0/1 t=01 cf=11542 block1=4/1/16 hex:" + "00" * 16)
    assert server.got() == "ACK 3 4.08 t=01 block1=4/1/16"
    server.sends("CON 4 PUT /0/1 t=01 cf=11542 option=27:\\x07")
    assert server.got() == "ACK 4 4.00 t=01"
    server.sends("CON 5 POST /bs t=01")
    assert driver.take() == b"\r\n+MIPLEVENT: 0,2\r\n"
    assert driver.answer("AT+MIPLDEVINFO?")[0] == '+MIPLDEVINFO: "127.0.0.1:5683",0'
