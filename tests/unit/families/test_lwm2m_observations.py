"""Observations of the LwM2M client's values, and its notifications, in what no dialogue of the guide shows."""

from __future__ import annotations

import pytest

from tests.unit.families.test_lwm2m import logged_in, observed

ADDED = 'AT+MIPLADDOBJ=0,3200,1,"1",0,1'


def test_an_observation_that_is_renewed_counts_on() -> None:
    driver, server = logged_in()
    observed(driver, server)
    for _ in range(3):
        driver.ask('AT+MIPLNOTIFY=0,0,3200,0,5750,1,1,"a",0,0')
    server.all()
    server.sends("CON 1 GET /3200/0 observe=0 t=01")
    assert server.got() == "ACK 1 2.05 t=01 observe=4 cf=11542 hex:e1167661"
    driver.ask('AT+MIPLNOTIFY=0,0,3200,0,5750,1,1,"b",0,0')
    assert server.got() == "NON 2.05 t=01 observe=5 cf=11542 hex:e1167662"
    server.sends("CON 2 GET /3200/0 observe=0 t=02")
    assert server.got() == "ACK 2 2.05 t=02 observe=0 cf=11542 hex:e1167662"


@pytest.mark.parametrize(("accept", "kind", "told"), [(1542, 3, "1542 hex:e1157d18"), (1543, 4, "1543 text:"),
                                                      (11542, 3, "11542 hex:"), (0, 3, "11542 hex:")])  # fmt: skip
def test_a_format_has_the_number_that_the_server_uses(accept: int, kind: int, told: str) -> None:
    driver, server = logged_in()
    observed(driver, server, f"/3200/0/5501 accept={accept}")
    driver.ask(f"AT+MIPLNOTIFY=0,0,3200,0,5501,3,2,24,0,0,0,{kind}")
    assert server.got().startswith(f"NON 2.05 t=01 observe=1 cf={told}")


def test_what_was_never_sent_is_told_so() -> None:
    driver, server = logged_in()
    driver.ask("AT+MIPLNMI=0,0,1")
    observed(driver, server)
    for number in (1, 2):
        driver.ask(f'AT+MIPLNOTIFY=0,{number},3200,0,5750,1,1,"a",0,0,{number}')
    assert driver.take() == b""
    server.all()
    server.resets()
    told = driver.take()
    assert told.endswith(b"\r\n+MIPLNSMI: 0,0,2\r\n")
    assert b"+MIPLOBSERVE: 0," in told


def test_an_object_that_is_removed_takes_all_of_it_along() -> None:
    driver, server = logged_in()
    observed(driver, server)
    assert driver.answer('AT+MIPLNOTIFY=0,0,3200,0,5750,1,1,"a",0,1') == ["OK"]
    driver.ask("AT+MIPLDELOBJ=0,3200")
    driver.ask(ADDED)
    assert driver.answer('AT+MIPLNOTIFY=0,0,3200,0,5751,1,1,"b",0,0') == ["+CIS ERROR: 653"]
    server.sends("CON 1 GET /3200/0 observe=0 t=01")
    driver.ask('AT+MIPLNOTIFY=0,0,3200,0,5751,1,1,"b",0,0')
    assert server.all()[-1] == "NON 2.05 t=01 observe=1 cf=11542 hex:e1167762"


def test_an_instance_cannot_be_executed() -> None:
    driver, server = logged_in()
    server.sends("CON 1 POST /3200/0 t=01")
    assert (server.got(), driver.take()) == ("ACK 1 4.05 t=01", b"")


@pytest.mark.parametrize(
    ("model", "flag", "sent", "acknowledged"),
    [
        ("MN316", "0", False, False),
        ("MN316", "0x200", True, False),
        ("MN316", "0x400", False, True),
        ("MN319", "1024", False, False),
    ],
)
def test_the_connection_to_the_network_ends_early(model: str, flag: str, sent: bool, acknowledged: bool) -> None:
    driver, server = logged_in(model)
    observed(driver, server)
    driver.modem.cell.traffic.carry(1, 0, driver.now)
    driver.ask("AT+CSCON=1")
    told = driver.answer(f'AT+MIPLNOTIFY=0,0,3200,0,5750,1,1,"a",0,{flag},7')
    server.all()
    assert told == ["OK", *(["+CSCON: 0"] if sent else [])]
    server.acknowledges()
    assert driver.take() == b"\r\n+MIPLEVENT: 0,26,7\r\n" + (b"\r\n+CSCON: 0\r\n" if acknowledged else b"")
    driver.report(lambda: driver.modem.cell.traffic.carry(1, 0, driver.now))
    assert driver.take() == (b"\r\n+CSCON: 1\r\n" if sent or acknowledged else b"")
