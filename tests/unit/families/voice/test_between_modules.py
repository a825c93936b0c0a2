"""Calls between modules of one process, by their numbers."""

from __future__ import annotations

import pytest
from onemo.families.voice.profile import VOICE
from onemo.faults.say import parse_fault
from onemo.faults.seams.events import happen
from onemo.modem.modem import Modem
from onemo.modem.sim import plain_number
from onemo.runtime.models import Overrides, individual, load_model

from tests.support.driver import Driver

CALLER, CALLED = "+8614400000001", "+8614400000002"
Pair = tuple[Driver, Driver]


class Phones:
    """Two modules that know each other."""

    def __init__(self, *drivers: Driver) -> None:
        self._drivers = drivers
        for driver in drivers:
            driver.modem.cell.phones = self

    def find(self, number: str) -> Modem | None:
        modems = (driver.modem for driver in self._drivers)
        return next((modem for modem in modems if plain_number(modem.sim.card.number) == number), None)

    def rouse(self, modem: Modem) -> None:
        """Nothing waits for the time here."""


def module(number: str, model: str = "ML307A-DSLN") -> Driver:
    driver = Driver(individual(load_model(model), Overrides(msisdn=number))).boot()
    driver.ask("ATE0")
    return driver


@pytest.fixture
def pair() -> Pair:
    pair = module(CALLER), module(CALLED)
    Phones(*pair)
    return pair


def heard(driver: Driver) -> bytes:
    driver.report(lambda: None)
    return driver.take()


def event(driver: Driver, text: str) -> None:
    driver.report(lambda: happen(driver.modem, parse_fault(text), driver.now))


def ringing(pair: Pair) -> None:
    caller, called = pair
    called.ask("AT+CLIP=1")
    assert caller.answer(f"ATD{CALLED};") == ["OK"]
    caller.wait(1)
    assert heard(called) == f'\r\nRING\r\n\r\n+CLIP: "{CALLER}",145,,,,0\r\n'.encode()
    assert caller.answer("AT+CLCC") == [f'+CLCC: 1,0,3,0,0,"{CALLED}",145', "OK"]
    caller.wait(4)
    assert caller.answer("AT+CLCC") == [f'+CLCC: 1,0,3,0,0,"{CALLED}",145', "OK"]


def test_it_is_answered_there(pair: Pair) -> None:
    caller, called = pair
    ringing(pair)
    assert called.answer("ATA") == ["OK"]
    assert caller.answer("AT+CLCC") == [f'+CLCC: 1,0,0,0,0,"{CALLED}",145', "OK"]
    assert called.answer("AT+CLCC") == [f'+CLCC: 1,1,0,0,0,"{CALLER}",145', "OK"]
    assert caller.answer("ATH") == ["OK"]
    assert heard(called) == b"\r\nNO CARRIER\r\n"
    assert called.answer("AT+CLCC") == ["OK"]
    assert called.answer("AT+CEER") == ["+CEER: 16", "OK"]


def test_it_is_refused_there(pair: Pair) -> None:
    caller, called = pair
    ringing(pair)
    assert called.answer("AT+CHUP") == ["OK"]
    assert heard(caller) == b"\r\nNO CARRIER\r\n"
    assert caller.answer("AT+CEER") == ["+CEER: 21", "OK"]


def test_the_caller_gives_up(pair: Pair) -> None:
    caller, called = pair
    ringing(pair)
    caller.ask("ATH")
    assert heard(called) == b"\r\nNO CARRIER\r\n"
    called.wait(30)
    assert called.take() == b""


def test_the_other_is_busy(pair: Pair) -> None:
    caller, called = pair
    called.ask("ATD10086;")
    caller.ask(f"ATD{CALLED};")
    caller.wait(1)
    assert caller.take() == b"\r\nBUSY\r\n"


def test_the_network_is_lost_there(pair: Pair) -> None:
    caller, called = pair
    ringing(pair)
    called.ask("AT+CFUN=4")
    assert heard(caller) == b"\r\nNO CARRIER\r\n"
    caller.ask(f"ATD{CALLED};")
    caller.wait(1)
    assert caller.take() == b"\r\nNO CARRIER\r\n"
    assert caller.answer("AT+CEER") == ["+CEER: 18", "OK"]


def test_a_model_without_calls_is_not_reached() -> None:
    caller, called = module(CALLER), module(CALLED, "ML307R")
    Phones(caller, called)
    caller.ask(f"ATD{CALLED};")
    caller.wait(1)
    assert caller.take() == b"\r\nNO CARRIER\r\n"
    assert called.take() == b""


def test_its_own_number_and_any_other_are_the_outside_s(pair: Pair) -> None:
    caller, _ = pair
    for number in (CALLER, "10086"):
        caller.ask(f"ATD{number};")
        caller.wait(3)
        assert caller.answer("AT+CLCC")[0].startswith("+CLCC: 1,0,0")
        caller.ask("ATH")


def test_a_restart_ends_it(pair: Pair) -> None:
    caller, called = pair
    ringing(pair)
    called.ask("ATA")
    called.supply(on=False)
    caller.wait(5)
    assert caller.take() == b"\r\nNO CARRIER\r\n"


def test_a_caller_that_restarts_rings_no_more(pair: Pair) -> None:
    caller, called = pair
    ringing(pair)
    caller.supply(on=False)
    called.wait(10)
    assert called.take() == b"\r\nNO CARRIER\r\n"
    called.wait(30)
    assert called.take() == b""


@pytest.mark.parametrize("swaps", [1, 2])
def test_a_restart_ends_a_call_that_was_held(pair: Pair, swaps: int) -> None:
    caller, called = pair
    ringing(pair)
    called.ask("ATA")
    for _ in range(swaps):
        assert caller.answer("AT+CHLD=2") == ["OK"]
    called.supply(on=False)
    caller.wait(5)
    assert caller.take() == b"\r\nNO CARRIER\r\n"
    assert caller.answer("AT+CLCC") == ["OK"]


def test_a_caller_s_event_has_it_answered_there(pair: Pair) -> None:
    caller, called = pair
    ringing(pair)
    event(caller, "call-answer")
    assert called.answer("AT+CLCC") == [f'+CLCC: 1,1,0,0,0,"{CALLER}",145', "OK"]
    assert caller.answer("AT+CLCC") == [f'+CLCC: 1,0,0,0,0,"{CALLED}",145', "OK"]
    assert called.answer("ATA") == ["NO CARRIER"]
    assert called.answer("ATH") == ["OK"]
    assert heard(caller) == b"\r\nNO CARRIER\r\n"


@pytest.mark.parametrize("end", ["AT+CHUP", "call-answer", "call-end"])
def test_a_module_that_restarted_hears_no_more_of_its_call(pair: Pair, end: str) -> None:
    caller, called = pair
    ringing(pair)
    called.supply(on=False)
    called.supply(on=True)
    called.wait(60)
    called.take()
    if end.startswith("call"):
        event(caller, end)
    else:
        caller.ask(end)
    caller.wait(60)
    caller.take()
    assert caller.answer("AT+CLCC") == ["OK"]
    assert heard(called) == b""


@pytest.mark.parametrize("swaps", [0, 1, 2])
def test_a_call_there_is_lost_in_its_time(pair: Pair, swaps: int) -> None:
    caller, called = pair
    event(caller, "call-drop seconds=12s")
    ringing(pair)
    called.wait(caller.now - called.now)
    called.ask("ATA")
    for _ in range(swaps):
        assert caller.answer("AT+CHLD=2") == ["OK"]
    caller.wait(11)
    assert caller.take() == b""
    caller.wait(2)
    assert (caller.take(), heard(called)) == (b"\r\nNO CARRIER\r\n", b"\r\nNO CARRIER\r\n")


def test_nobody_answers_there(pair: Pair) -> None:
    caller, called = pair
    event(caller, "call-no-answer")
    ringing(pair)
    caller.wait(caller.modem.profile.table(VOICE).no_answer_time)
    assert caller.take() == b"\r\nNO ANSWER\r\n"
    assert heard(called) == b"\r\nNO CARRIER\r\n"
