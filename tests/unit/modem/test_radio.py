"""The radio: the registration's table, and what is on the air while the module does something else."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from onemo.faults.say import parse_fault
from onemo.faults.seams.events import happen
from onemo.modem.intents import Attach
from onemo.modem.registration import TRANSITIONS, Registration, RegistrationEvent, Signal
from onemo.runtime.models import Overrides, individual, load_model, load_model_file

from tests.support.driver import Driver

FOUND = "\r\n+CEREG: 1\r\n"


def booted(series: str = "MN316", reports: bool = True) -> Driver:
    driver = Driver(series).boot()
    if reports:
        driver.ask("AT+CEREG=1")
    return driver


def told(driver: Driver, what: str, *arguments: object) -> bytes:
    driver.report(lambda: getattr(driver.modem.radio, what)(*arguments))
    return driver.take()


# The table.


def test_every_state_can_be_reached_and_left() -> None:
    assert set(TRANSITIONS.values()) == set(Registration)
    assert {before for before, _ in TRANSITIONS} == set(Registration)
    assert {event for _, event in TRANSITIONS} == set(RegistrationEvent)


@pytest.mark.parametrize("state", Registration)
def test_what_each_state_takes(state: Registration) -> None:
    after = {event: TRANSITIONS.get((state, event)) for event in RegistrationEvent}
    assert after.pop(RegistrationEvent.STOP) is Registration.NOT_REGISTERED
    on_air = state is not Registration.NOT_REGISTERED
    assert after.pop(RegistrationEvent.LOST) is (Registration.SEARCHING if on_air else None)
    assert after.pop(RegistrationEvent.REFUSED) is (Registration.DENIED if on_air else None)
    assert after.pop(RegistrationEvent.SEARCH) is (None if state.registered else Registration.SEARCHING)
    searching = state is Registration.SEARCHING
    home = searching or state is Registration.ROAMING
    assert after.pop(RegistrationEvent.ATTACHED) is (Registration.HOME if home else None)
    away = searching or state is Registration.HOME
    assert after.pop(RegistrationEvent.ROAMED) is (Registration.ROAMING if away else None)
    assert not after


def test_the_numbers_of_27_007() -> None:
    assert [int(state) for state in Registration] == [0, 1, 2, 3, 5]
    assert [int(state) for state in Registration if state.registered] == [1, 5]


# What happens around the module.


def test_nothing_is_said_nor_sought_before_the_module_is_ready() -> None:
    driver = Driver("MN316")
    driver.power_on()
    radio = driver.modem.radio
    for what, arguments in [
        ("lose_coverage", ()),
        ("find_coverage", (driver.now,)),
        ("refuse", ()),
        ("accept", (driver.now,)),
        ("set_roaming", (True,)),
        ("set_roaming", (False,)),
        ("remove_card", ()),
        ("insert_card", (driver.now,)),
    ]:
        assert told(driver, what, *arguments) == b""
    assert (radio.stat, radio.deadline) == (Registration.NOT_REGISTERED, math.inf)
    driver.wait(1)
    assert radio.registered


def test_the_coverage_that_goes_while_the_network_answers() -> None:
    driver = booted()
    told(driver, "lose_coverage")
    radio = driver.modem.radio
    told(driver, "find_coverage", driver.now)
    radio.on_deadline(math.inf)  # the network is asked
    radio.lose_coverage()
    driver.modem.attached(Attach(), driver.world.network, driver.now)
    assert radio.stat is Registration.SEARCHING
    assert not driver.modem.contexts.attached


def test_a_late_answer_of_the_network_is_none_after_the_radio_is_off() -> None:
    driver = booted()
    driver.ask("AT+CFUN=0")
    driver.report(lambda: driver.modem.attached(Attach(), driver.world.network, driver.now))
    assert driver.take() == b""
    assert not driver.modem.contexts.attached


def test_the_card_is_no_matter_while_the_radio_is_off() -> None:
    driver = booted()
    driver.ask("AT+CFUN=0")
    assert told(driver, "remove_card") == b"\r\n+CPIN: NOT READY\r\n"
    assert told(driver, "insert_card", driver.now) == b"\r\n+CPIN: READY\r\n"
    driver.wait(5)
    assert driver.take() == b""


def test_a_locked_card_that_is_put_back_asks_for_its_pin() -> None:
    driver = booted()
    driver.ask('AT+CLCK="SC",1,"1234"')
    told(driver, "remove_card")
    assert told(driver, "insert_card", driver.now) == b"\r\n+CPIN: SIM PIN\r\n"
    driver.wait(5)
    assert driver.take() == b""
    assert driver.ask('AT+CPIN="1234"') == b"\r\nOK\r\n\r\n+CEREG: 2\r\n"
    driver.wait(1)
    assert driver.take() == FOUND.encode()


def test_the_minimum_function_locks_the_card() -> None:
    driver = booted("MN316", reports=False)
    driver.ask('AT+CLCK="SC",1,"1234"')
    driver.ask("AT+CFUN=0")
    assert driver.answer("AT+CFUN=1") == ["OK"]
    assert driver.answer("AT+CPIN?") == ["+CPIN: SIM PIN", "OK"]


def test_the_signal_outlives_a_restart() -> None:
    driver = booted()
    driver.modem.radio.set_signal(Signal(3, 0, 1, 2))
    driver.ask("AT+MREBOOT")
    driver.wait(5)
    driver.take()
    driver.ask("ATE0")
    assert driver.answer("AT+CSQ;+CESQ") == ["+CSQ: 3,0", "+CESQ: 99,99,255,255,1,2", "OK"]


ACTIONS = st.sampled_from(
    [
        ("lose_coverage", False),
        ("find_coverage", True),
        ("refuse", False),
        ("accept", True),
        ("remove_card", False),
        ("insert_card", True),
        "AT+CFUN=0",
        "AT+CFUN=1",
        "AT+CFUN=4",
        "AT+COPS=0",
        "AT+COPS=2",
        'AT+COPS=1,2,"46001"',
        'AT+COPS=4,2,"46001"',
        "AT+CGATT=0",
        "AT+CGATT=1",
        "AT+COPS=?",
        0.1,
        0.25,
        3.0,
    ]
)


@given(st.lists(ACTIONS, max_size=12))
@example(["AT+CGATT=0", "AT+CGATT=1", ("remove_card", False), ("refuse", False)])
def test_whatever_happens_the_module_is_registered_in_the_end(actions: list[tuple[str, bool] | str | float]) -> None:
    driver = booted("ML307R")
    radio = driver.modem.radio
    for action in actions:
        if isinstance(action, tuple):
            name, timed = action
            told(driver, name, *((driver.now,) if timed else ()))
        elif isinstance(action, str):
            driver.ask(action)
        else:
            driver.wait(action)
        assert radio.registered == driver.modem.contexts.attached
        assert radio.deadline == math.inf or radio.stat is Registration.SEARCHING
    driver.wait(30)  # scans take their time
    for name in ("find_coverage", "accept", "insert_card"):
        told(driver, name, driver.now)
    driver.ask("AT+CFUN=1")
    driver.ask("AT+COPS=0")
    driver.ask("AT+CGATT=1")
    driver.wait(1)
    driver.take()
    assert driver.answer("AT+CEREG?") == ["+CEREG: 1,1", "OK"]
    assert driver.modem.contexts.attached


def test_a_register_time_that_is_given_holds_for_every_search() -> None:
    driver = Driver(individual(load_model("ML307R").whole(), Overrides(register_time=2.0, pin="4711")))
    driver.power_on()
    radio = driver.modem.radio

    def card_and_pin() -> None:
        told(driver, "insert_card", driver.now)
        driver.ask('AT+CPIN="4711"')

    breaks: list[tuple[Callable[[], object], Callable[[], object]]] = [
        (lambda: driver.ask("AT+CFUN=4"), lambda: driver.ask("AT+CFUN=1")),
        (lambda: driver.ask("AT+COPS=2"), lambda: driver.ask("AT+COPS=0")),
        (lambda: driver.ask("AT+CGATT=0"), lambda: driver.ask("AT+CGATT=1")),
        (lambda: told(driver, "lose_coverage"), lambda: told(driver, "find_coverage", driver.now)),
        (lambda: told(driver, "refuse"), lambda: told(driver, "accept", driver.now)),
        (lambda: told(driver, "remove_card"), card_and_pin),
    ]
    driver.wait(3.0)
    assert not radio.registered
    driver.ask('AT+CPIN="4711"')
    driver.wait(2.0)
    assert radio.registered
    for end, again in breaks:
        end()
        assert not radio.registered
        again()
        driver.wait(1.9)
        assert not radio.registered
        driver.wait(0.1)
        assert radio.registered


def test_a_card_that_is_put_back_is_searched_with_for_as_long() -> None:
    driver = Driver(individual(load_model("ML307R"), Overrides(register_time=2.0)))
    driver.power_on()
    driver.wait(2.0)
    told(driver, "remove_card")
    told(driver, "insert_card", driver.now)
    driver.wait(1.9)
    assert not driver.modem.radio.registered
    driver.wait(0.1)
    assert driver.modem.radio.registered


def searched(driver: Driver, event: str) -> float:
    """Lose the network, let the event happen, and return the seconds until the module is registered."""
    told(driver, "lose_coverage")
    driver.report(lambda: happen(driver.modem, parse_fault(event), driver.now))
    began = driver.now
    while not driver.modem.radio.registered:
        driver.wait(0.5)
    return driver.now - began


def test_an_event_goes_before_the_option_and_that_before_the_profile(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('extends = "models/ml307r.toml"\nsource = "a test"\n[radio]\nsearch_time = 5\n')
    own = load_model_file(file)
    for model, without in ((own, 5.0), (individual(own, Overrides(register_time=2.0)), 2.0)):
        driver = Driver(model)
        driver.power_on()
        driver.wait(3.0)
        assert searched(driver, "registration-back") == pytest.approx(without)
        for seconds in (1.0, 8.0):
            assert searched(driver, f"registration-back seconds={seconds}") == pytest.approx(seconds)


def test_an_event_with_a_time_of_its_own_ends_a_search_that_goes_on() -> None:
    driver = Driver(individual(load_model("ML307R"), Overrides(register_time=60.0)))
    driver.power_on()
    driver.wait(1.0)
    driver.report(lambda: happen(driver.modem, parse_fault("registration-back seconds=2"), driver.now))
    driver.wait(1.9)
    assert not driver.modem.radio.registered
    driver.wait(0.1)
    assert driver.modem.radio.registered


def searching(until: float = 2.0) -> Driver:
    """A module whose AT+CGATT=1 waits, for two seconds in all."""
    driver = Driver(individual(load_model("ML307R"), Overrides(register_time=2.0)))
    driver.power_on()
    driver.wait(2.0)
    driver.ask("ATE0")
    driver.ask("AT+CEREG=1")
    driver.ask("AT+CGATT=0")
    assert driver.ask("AT+CGATT=1") == b"\r\n+CEREG: 2\r\n"
    driver.wait(2.0 - until)
    return driver


def test_an_attach_is_answered_once_the_search_is_over() -> None:
    driver = searching()
    driver.wait(1.9)
    assert driver.take() == b""
    driver.wait(0.1)
    assert driver.take() == b"\r\nOK\r\n\r\n+CEREG: 1\r\n"


@pytest.mark.parametrize(
    ("what", "reported"), [("lose_coverage", b""), ("refuse", b"\r\n+CEREG: 3\r\n"), ("remove_card", b"")]
)
def test_an_attach_fails_where_the_network_goes_meanwhile(what: str, reported: bytes) -> None:
    driver = searching(1.0)
    told(driver, what)
    driver.wait(1.0)
    assert driver.take() == b"\r\n+CME ERROR: 30\r\n" + reported
    for name in ("find_coverage", "accept", "insert_card"):
        told(driver, name, driver.now)
    driver.wait(2.0)
    assert driver.modem.radio.registered


def test_an_attach_waits_for_the_rest_of_a_search_that_goes_on() -> None:
    driver = Driver(individual(load_model("ML307R"), Overrides(register_time=2.0)))
    driver.power_on()
    driver.wait(1.5)
    driver.ask("ATE0")
    assert driver.ask("AT+CGATT=1") == b""
    driver.wait(0.5)
    assert driver.take() == b"\r\nOK\r\n"
    assert driver.modem.radio.registered
