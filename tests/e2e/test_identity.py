"""The identity of a module: by its name, by its options, by its model; and all that it remembers under its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import Start
from tests.e2e.driver import Driver, connect, driver_of, registered
from tests.e2e.started import PROMPT
from tests.e2e.test_start import refused

NUMBERS = ("AT+CGSN=1", "AT+CIMI", "AT+MCCID", "AT+CGSN")


def numbers(driver: Driver) -> list[str]:
    return [driver.value(command) for command in NUMBERS]


def is_checked(digits: str) -> bool:
    """Tell whether the last digit checks the others (Luhn)."""
    doubled = [sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2]]
    return (sum(doubled) + sum(map(int, digits[-1::-2]))) % 10 == 0


def test_a_name_has_its_numbers_and_its_memory(start: Start, tmp_path: Path) -> None:
    """Two starts of one module, and another one of the same model beside it."""
    options = ("--sandbox", "--speed", "20", "--nv", str(tmp_path))
    first = start("ML307A-GSLN", "--name", "tram-1", *options)
    assert first.ready.startswith("ML307A-GSLN ready on ")
    with driver_of(first) as driver:
        assert driver.value("AT+CGMM") == "ML307A"
        assert driver.urc("") == "+MATREADY", "the rate was unknown"
        assert driver.value("AT+CGMR") == "ML307A-GSLN-MBRH0S01"
        ours = numbers(driver)
        imei, imsi, iccid, _ = ours
        assert is_checked(imei)
        assert is_checked(iccid)
        assert imsi.startswith("46000")
        assert (len(imei), len(imsi), len(iccid)) == (15, 15, 20)
        assert len(driver.command("AT+MIPCALL?")) == 1
        driver.command('AT+MUECONFIG="autoconn",0')
        driver.command('AT+CGDCONT=2,"IP","private.apn"')
        driver.command('AT+CLCK="SC",1,"1234"')
        driver.command('AT+CPWD="SC","1234","97531"')
        driver.command("AT+IPR=115200")
    with driver_of(start("ml307a-gsln", "--name", "tram-2", *options)) as driver:
        theirs = numbers(driver)
        assert all(one != other for one, other in zip(ours, theirs, strict=True))
        assert driver.value("AT+IPR?") == "0"
        assert driver.value('AT+MUECONFIG="autoconn"') == '"autoconn",1'
    assert first.signal(15) < PROMPT
    with driver_of(start("ML307A-GSLN", "--name", "tram-1", *options)) as driver:
        driver.wake()
        assert driver.value("AT+IPR?") == "115200"
        assert driver.value("AT+CPIN?") == "SIM PIN"
        assert driver.value('AT+MUECONFIG="autoconn"') == '"autoconn",0'
        assert [line.split(",")[:3] for line in driver.command("AT+CGDCONT?")] == [
            ["+CGDCONT: 1", '"IPV4V6"', '""'],
            ["+CGDCONT: 2", '"IP"', '"private.apn"'],
        ]
        driver.command('AT+CPIN="97531"')
        assert numbers(driver) == ours
        driver.until("AT+CEREG?", registered)
        assert driver.command("AT+MIPCALL?") == [], "not by itself any more"
        driver.command('AT+MIPOPEN=0,"TCP","device.example.com",7')
        assert driver.urc("+MIPOPEN: ") == "+MIPOPEN: 0,570"
        connect(driver, "device.example.com", 7, call=True)


def test_what_the_user_says_overrules_the_name(start: Start) -> None:
    told = ("--imei", "490154203237518", "--imsi", "460041234567890", "--revision", "MN316-DLVS-MBRH0S09")
    with driver_of(start("MN316-DLVS", "--name", "meter", "--iccid", "89860412345678901234", *told)) as driver:
        driver.command("ATE0")
        assert numbers(driver)[:3] == ["490154203237518", "460041234567890", "89860412345678901234"]
        assert driver.value("AT+CGMR") == "MN316-DLVS-MBRH0S09"
        assert driver.command("ATI") == ["CMCC", "MN316", "MN316-DLVS-MBRH0S09"]
        assert driver.value("AT+CGSN=2")[:14] == "49015420323751", "the IMEISV has them as well"


@pytest.mark.parametrize(
    ("option", "value"),
    [("--imei", "49015420323751"), ("--imsi", "46000x234567890"), ("--iccid", ""), ("--pin", "12"), ("--revision", "")],
)
def test_what_is_no_such_number_is_refused(option: str, value: str) -> None:
    assert repr(value) in refused(option, value)
