"""USSD: texts in quotes or in hex, the network's codes, and what AT+CSCS has to say."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onemo.families.voice import ussd
from onemo.families.voice.ussd import network_text

from tests.support.driver import Driver

VOICE = "ML307A-DSLN"
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=182)


def told(driver: Driver, text: str) -> str:
    driver.report(lambda: network_text(driver.modem, text))
    return driver.take().decode()


@given(TEXTS)
def test_any_text_is_read_back(text: str) -> None:
    driver = Driver(VOICE).boot()
    driver.ask("AT+CUSD=1")
    found = re.fullmatch(r'\r\n\+CUSD: 0,"([^"]*)",(15|72)\r\n', told(driver, text))
    assert found
    read = found[1] if found[2] == "15" else bytes.fromhex(found[1]).decode("utf-16-be")
    assert read == text


@pytest.mark.parametrize(("chset", "code"), [("UCS2", "002A0031003000300023"), ("HEX", "2A31303023")])
def test_a_character_set_in_hex(chset: str, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ussd, "character_set", lambda modem: chset)
    driver = Driver(VOICE).boot()
    assert driver.answer(f'AT+CUSD=1,"{code}",15') == ["OK"]
    driver.wait(1.0)
    assert driver.take().decode() == f'\r\n+CUSD: 0,"{"Balance: 42.50 CNY".encode("utf-16-be").hex().upper()}",72\r\n'
    assert driver.answer('AT+CUSD=1,"*100#",15') == ["+CME ERROR: 50"]


def test_the_network_s_own_codes_go_before_the_profile_s() -> None:
    driver = Driver(VOICE).boot()
    driver.modem.cell.ussd = {"*100#": "Nothing left", "*101#": "2 GB left"}
    for code, text in driver.modem.cell.ussd.items():
        assert driver.answer(f'AT+CUSD=1,"{code}"') == ["OK"]
        driver.wait(1.0)
        assert driver.take().decode() == f'\r\n+CUSD: 0,"{text}",15\r\n'


def test_a_restart_forgets_the_code_that_is_on_its_way() -> None:
    driver = Driver("ML302S").boot()
    driver.ask('AT+CUSD=1,"*100#"')
    driver.ask("AT+MREBOOT")
    driver.wait(60.0)
    assert b"CUSD" not in driver.take()
    driver.ask("ATE0")
    assert driver.answer("AT+CUSD?") == ["+CUSD: 0", "OK"]


def test_without_a_network_nothing_of_it_comes() -> None:
    driver = Driver(VOICE).boot()
    driver.ask("AT+CUSD=1")
    driver.ask("AT+CFUN=4")
    assert told(driver, "hello") == ""


def test_the_answer_goes_to_the_console_that_asked() -> None:
    driver = Driver(VOICE, consoles=2).boot()
    driver.go_to(1)
    driver.ask('AT+CUSD=1,"*100#"')
    driver.wait(1.0)
    assert driver.take() == b'\r\n+CUSD: 0,"Balance: 42.50 CNY",15\r\n'
    driver.report(lambda: network_text(driver.modem, "hello"))
    assert driver.take() == b""
    driver.go_to(0)
    assert driver.take() == b'\r\n+CUSD: 0,"hello",15\r\n'


def test_a_dte_that_does_not_read_has_no_more_texts_than_there_is_room_for() -> None:
    driver = Driver(VOICE).boot()
    driver.ask("AT+CUSD=1")
    driver.line_room = 0
    for _ in range(10_000):
        driver.report(lambda: network_text(driver.modem, "x" * 182))
    transmitter = driver.modem.first.transmitter
    assert transmitter.dropped
    assert transmitter.size < 2 * driver.modem.profile.line.high_mark
