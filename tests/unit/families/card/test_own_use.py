"""What the module itself asks its card: late, refused, told in the trace, with its names, written down."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onemo.families.sms.alphabet import from_alpha
from onemo.faults.say import parse_fault
from onemo.faults.seams.events import happen
from onemo.modem.cardfiles import number_record

from tests.support.driver import Driver
from tests.support.faulty import FaultyDriver


def event(driver: Driver, text: str) -> None:
    driver.report(lambda: happen(driver.modem, parse_fault(text), driver.now))


OWN = ["AT+CIMI", "AT+ICCID", "AT+MCCID", "AT+CNUM", "AT+CPOL?", 'AT+CPOL=1,2,"46001"', "AT+CSCA?", 'AT+CSCA="+86138"']


@pytest.mark.parametrize("command", OWN)
def test_what_the_module_itself_asks_is_slow_and_fails_too(command: str) -> None:
    driver = FaultyDriver("ML305U").boot()
    driver.arm("card-slow seconds=3s times=1")
    assert driver.ask(command) == b""
    driver.wait(2.9)
    assert driver.take() == b""
    driver.wait(0.2)
    assert driver.take().endswith(b"\r\nOK\r\n")
    driver.arm("card-answer sw=6F00")
    assert driver.answer(command) == ["+CMS ERROR: 313" if "CSCA" in command else "+CME ERROR: 13"]


def test_a_list_is_read_and_written_slowly() -> None:
    driver = FaultyDriver("ML307R").boot()
    driver.arm("card-slow seconds=1s")
    assert driver.ask('AT+CPOL=1,2,"46001"') == b""
    driver.wait(1.5)
    assert driver.take() == b""
    driver.wait(0.6)
    assert driver.take() == b"\r\nOK\r\n"


@pytest.mark.parametrize("command", OWN[:6])
def test_a_card_that_goes_before_it_answers_the_module(command: str) -> None:
    driver = FaultyDriver("ML305U").boot()
    driver.arm("card-slow seconds=5s")
    assert driver.ask(command) == b""
    event(driver, "sim-remove")
    driver.take()
    driver.wait(5.1)
    assert driver.take().endswith(b"\r\n+CME ERROR: 10\r\n")


@pytest.mark.parametrize(
    ("command", "file"),
    [
        ('AT+CPOL=1,2,"46001"', "6F60"),
        ('AT+CSCA="+8613800100500"', "6F42"),
        ('AT+CRSM=214,28539,0,0,3,"64F010"', "6F7B"),
        ('AT+CSIM=24,"00A4040C07A0000000871002";+CSIM=14,"00A4000C026F7B";+CSIM=16,"00D6000003640010"', "6F7B"),
    ],
)
def test_a_file_that_firmware_writes_is_told(command: str, file: str) -> None:
    driver = Driver("ML307R").boot()
    assert driver.answer(command)[-1] == "OK"
    assert [told for told in driver.world.centre.told if told.startswith("card ")] == [f"card file {file} written"]


@pytest.mark.parametrize(
    ("name", "ira", "ucs2"),
    [
        (b"Pump", "Pump", "00500075006D0070"),
        (b'a"b', "a'b", "006100220062"),
        (b"\x80\x4f\x59\x98\x9d", "??", "4F59989D"),
        (b"\x81\x03\x13\x53\x95\xa6", "S??", "0053099509A6"),
        (b"\x82\x03\x05\x30\x2d\x82\xd3", "-??", "002D05320583"),
        (b"\x81\x03", "??", None),
    ],
)
def test_a_number_with_a_name(name: bytes, ira: str, ucs2: str | None) -> None:
    driver = Driver("ML305U").boot()
    record = name.ljust(14, b"\xff") + number_record("+15123456789", 28)[14:]
    event(driver, f"card-file id=6F40 data={record.hex()}")
    answer = driver.answer("AT+CNUM")[0]
    assert ucs2 is None or answer == f'+CNUM: "{ira}","+15123456789",145'
    driver.ask('AT+CSCS="UCS2"')
    assert ucs2 is None or driver.answer("AT+CNUM")[0] == f'+CNUM: "{ucs2}","+15123456789",145'


@given(st.binary(max_size=20))
def test_any_name_is_told(name: bytes) -> None:
    from_alpha(name)


def test_a_network_that_refuses_is_written_down_at_once() -> None:
    driver = Driver("ML307R").boot()

    def kept() -> object:
        return driver.world.answers.stored["sim"]["subscriber"].get("files")  # type: ignore[index]

    driver.report(lambda: driver.modem.radio.refuse(11))
    assert kept() == {"6F7B": "64f000ffffffffffffffffff"}
    driver.report(lambda: driver.modem.radio.find_coverage(driver.now))
    assert not driver.modem.sim.card.changed
