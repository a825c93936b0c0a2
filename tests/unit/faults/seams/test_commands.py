"""Faults of commands, on models of both families."""

from __future__ import annotations

import pytest
from onemo.faults.seams.commands import FaultyCommands
from onemo.wire.transmitter import Transmitter

from tests.support.driver import model_named
from tests.support.faulty import FaultyDriver
from tests.support.lazy import lazy

MODELS = ("ML307R", "ML307G", "MN316", "MN319")
OPEN = 'AT+MIPOPEN=0,"TCP","192.0.2.1",7'


@pytest.fixture(params=MODELS)
def driver(request: pytest.FixtureRequest) -> FaultyDriver:
    driver = FaultyDriver(request.param).boot()
    driver.wait(1.0)
    driver.take()
    return driver


def is_plain(driver: FaultyDriver) -> bool:
    modem = driver.modem
    return type(modem.first.transmitter) is Transmitter and not isinstance(
        modem.first.interpreter.execute, FaultyCommands
    )


def test_only_while_armed(driver: FaultyDriver) -> None:
    assert is_plain(driver)
    armed = driver.arm("command-answer command=CSQ result=BUSY")
    assert not is_plain(driver)
    assert driver.answer("AT+CSQ") == ["BUSY"]
    driver.disarm(armed)
    assert is_plain(driver)
    assert driver.answer("AT+CSQ") == ["+CSQ: 20,99", "OK"]


def test_taken_out_when_spent(driver: FaultyDriver) -> None:
    driver.arm("command-answer command=CSQ times=1")
    assert driver.answer("AT+CSQ") == ["ERROR"]
    assert is_plain(driver)


@pytest.mark.parametrize("model", ["ML307R", "MN316"])
def test_every_number_of_the_model(model: str) -> None:
    driver = FaultyDriver(model).boot()
    for code, (number, text) in model_named(model).errors.items():
        key, result = code.result.lower(), f"+{code.result} ERROR:"
        driver.arm(f"command-answer command=CGMM {key}={number} times=1")
        assert driver.answer("AT+CGMM") == [f"{result} {number}"]
        driver.arm(f"command-answer command=CGMM {key}={number} times=2")
        assert driver.answer("AT+CMEE=2") == ["OK"]
        assert driver.answer("AT+CGMM") == [f"{result} {text}"]
        assert driver.answer("AT+CMEE=0") == ["OK"]
        assert driver.answer("AT+CGMM") == ["ERROR"]
        assert driver.answer("AT+CMEE=1") == ["OK"]


def test_the_number_of_a_family_that_nothing_needed_yet() -> None:
    driver = FaultyDriver(lazy("ML307R")).boot()
    driver.ask("AT+CMEE=2")
    driver.arm("command-answer command=CGMM cme=550 times=1")
    assert driver.answer("AT+CGMM") == ["+CME ERROR: TCP/IP unknown error"]
    driver.arm("command-answer command=CGMM cms=550 times=1")
    assert driver.answer("AT+CGMM") == ["+CMS ERROR: 550"], "of another class"


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("cms=500", ["+CMS ERROR: 500"]),
        ("cme=9999", ["+CME ERROR: 9999"]),
        ("result='NO CARRIER'", ["NO CARRIER"]),
        ("line='+CSQ: 0,0' result=OK", ["+CSQ: 0,0", "OK"]),
        ("", ["ERROR"]),
    ],
)
def test_answers(driver: FaultyDriver, said: str, answer: list[str]) -> None:
    driver.arm(f"command-answer command=CSQ {said}")
    assert driver.answer("AT+CSQ") == answer
    assert driver.answer("AT+CGMM;+CSQ;+CGMM")[1:] == answer, "the rest of the line is not run"


def test_result_in_numbers() -> None:
    driver = FaultyDriver("ML307R").boot()
    driver.arm("command-answer command=CSQ result='NO CARRIER'")
    driver.ask("ATV0")
    assert driver.ask("AT+CSQ") == b"3\r"


def test_form_and_connection(driver: FaultyDriver) -> None:
    driver.arm("command-answer command=MIPOPEN form=set connect_id=1 cme=552")
    assert driver.answer("AT+MIPOPEN=?")[-1] == "OK"
    assert driver.answer(OPEN) == ["OK", "+MIPOPEN: 0,0"]
    assert driver.answer('AT+MIPOPEN=1,"TCP","h",7') == ["+CME ERROR: 552"]
    driver.arm("command-answer command=MIPCFG connect_id=2 cme=3")
    assert driver.answer('AT+MIPCFG="encoding",0,1,1') == ["OK"]
    assert driver.answer('AT+MIPCFG="encoding",2,1,1') == ["+CME ERROR: 3"]


def test_delay(driver: FaultyDriver) -> None:
    driver.arm("command-delay command=CSQ seconds=2")
    driver.type(b"AT+CSQ\rAT+CGMM\r")
    driver.wait(1.9)
    assert driver.take() == b""
    driver.wait(0.2)
    assert driver.take().startswith(b"\r\n+CSQ: 20,99\r\n\r\nOK\r\n\r\n")


def test_delay_of_an_operation_on_the_network(driver: FaultyDriver) -> None:
    driver.arm("command-delay seconds=1 times=1")
    assert driver.ask(OPEN) == b""
    driver.wait(1.1)
    assert driver.take() == b"\r\nOK\r\n\r\n+MIPOPEN: 0,0\r\n"


def test_delay_of_a_prompt() -> None:
    driver = FaultyDriver("ML307R").boot()
    driver.wait(1.0)
    driver.ask(OPEN)
    driver.arm("command-delay command=MIPSEND seconds=1")
    assert driver.ask("AT+MIPSEND=0,2") == b""
    driver.wait(1.1)
    assert driver.take() == b"\r\n>"
    driver.type(b"hi")
    assert driver.take() == b"\r\n+MIPSEND: 0,2\r\n\r\nOK\r\n"


def test_silence(driver: FaultyDriver) -> None:
    driver.arm("command-silence command=CSQ times=1")
    assert driver.ask("AT+CSQ") == b""
    assert driver.answer("AT+CSQ") == ["+CSQ: 20,99", "OK"]


def test_silence_that_lasts(driver: FaultyDriver) -> None:
    driver.arm("command-silence command=CSQ times=1 seconds=3")
    assert driver.ask("AT+CSQ") == b""
    driver.wait(2.9)
    assert driver.ask("AT") == b""
    driver.wait(0.2)
    assert driver.answer("AT") == ["OK"]


def test_silence_ends_with_a_restart(driver: FaultyDriver) -> None:
    driver.arm("command-silence command=CSQ times=1 seconds=1000")
    driver.ask("AT+CSQ")
    driver.arm("reboot")
    driver.wait(2.0)
    driver.take()
    assert b"OK" in driver.ask("AT")


@pytest.mark.parametrize(
    ("at", "answer"),
    [
        ("before-answer", ["+X: 1", "+CSQ: 20,99", "OK"]),
        ("before-final", ["+CSQ: 20,99", "+X: 1", "OK"]),
        ("glued", ["+CSQ: 20,99", "OK", "+X: 1"]),
    ],
)
def test_injected(driver: FaultyDriver, at: str, answer: list[str]) -> None:
    driver.arm(f"urc-inject command=CSQ at={at} text='+X: 1'")
    assert driver.answer("AT+CSQ") == answer
    assert len(driver.answer("AT+CGMM")) == 2


def test_injected_into_the_entry() -> None:
    driver = FaultyDriver("ML307R").boot()
    driver.wait(1.0)
    driver.ask(OPEN)
    driver.arm("urc-inject command=MIPSEND at=prompt text='+X: 1'")
    assert driver.ask("AT+MIPSEND=0,2") == b"\r\n>\r\n+X: 1\r\n"
    driver.type(b"hi")
    assert driver.take() == b"\r\n+MIPSEND: 0,2\r\n\r\nOK\r\n"


def test_they_are_of_every_console() -> None:
    driver = FaultyDriver("ML307R", consoles=2).boot()
    driver.arm("command-answer command=CSQ cme=3 times=2")
    driver.arm("command-delay command=CGMM seconds=1")
    for console in (0, 1):
        driver.go_to(console)
        assert driver.answer("AT+CSQ") == ["+CME ERROR: 3"]
    driver.type(b"AT+CGMM\r")
    driver.go_to(0)
    assert driver.answer("AT+CSQ") == ["+CSQ: 20,99", "OK"]
    driver.go_to(1)
    assert driver.answer("AT+CSQ") == []
    driver.wait(1.0)
    assert driver.take().endswith(b"\r\nOK\r\n\r\n+CSQ: 20,99\r\n\r\nOK\r\n")
    driver.faults.reset()
    assert all(type(each.transmitter) is Transmitter for each in driver.modem.consoles)


def test_a_restart_of_the_other_console_ends_a_delayed_command() -> None:
    driver = FaultyDriver("ML305U", consoles=2).boot()
    driver.arm("command-delay command=CGMM seconds=5")
    driver.type(b"AT+CGMM\r")
    driver.arm("reboot on=command:CSQ")
    driver.go_to(1)
    driver.ask("AT+CSQ")
    driver.wait(10.0)
    for console in (1, 0):
        driver.go_to(console)
        assert driver.take().endswith(b"\r\n+MATREADY\r\n")
        assert driver.answer("ATE0")[-1:] == ["OK"]
