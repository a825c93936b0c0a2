"""Events of which nothing would come: each says why, and nothing comes of it."""

from __future__ import annotations

import re

import pytest
from onemo.at.registry import definition
from onemo.errors import FaultError
from onemo.families import FAMILIES
from onemo.families.pins import pins_of
from onemo.faults.kind import Layer
from onemo.faults.kinds import KINDS
from onemo.faults.say import parse_fault
from onemo.faults.seams.events import HAPPENINGS, happen
from onemo.faults.seams.sense import _CHECKS, why_pointless

from tests.support.driver import Driver

MODELS = ("ML307R", "ML307S", "ML307G", "MN316", "MN319")
EVENTS = [kind.name for kind in KINDS.values() if kind.layer is Layer.EVENT]
UNSEEN = {"registration-denied": "it may be for another cause", "pdp-deactivate": "the context is back soon",
          "ussd": "it is told where AT+CUSD=1 is set", "fota-fail": "it shows at the next upgrade"}  # fmt: skip
"""Events with sense of which nothing is seen at once, in one of the states below."""
OPEN = 'AT+MIPOPEN=0,"TCP","192.0.2.1",7'
GIVEN = {"urc": "text=+X", "zone": "quarters=8", "mqtt-publish": "topic=a", "ussd": "text=a", "pin": "id=1 level=1",
         "card-file": "id=6F07 data=00", "cell": "earfcn=1301", "handover": "band=3", "pin-release": "id=1",
         "adc": "mv=5", "place": "lon=1 lat=1", "sms": "from=10086 text=a"}  # fmt: skip


def why(driver: Driver, event: str) -> str:
    return why_pointless(driver.modem, KINDS[event])


def let_happen(driver: Driver, event: str) -> None:
    fault = parse_fault(f"{event} {GIVEN.get(event, '')}")
    driver.report(lambda: happen(driver.modem, fault, driver.now))


def looks(driver: Driver) -> tuple[object, ...]:
    """All that tells whether something has come of it."""
    modem = driver.modem
    shown = {field.name: field.read(modem) for family in FAMILIES for field in definition(family).state}
    cell = {name: value for name, value in vars(modem.cell).items() if name != "call_fate"}  # of calls that cannot be
    state = modem.power.state, modem.power.cycles, modem.radio.stat, modem.sim.state
    return repr(shown), repr(cell), repr(vars(modem.board)), *state


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("asleep", [False, True])
def test_nothing_comes_of_what_makes_no_sense(model: str, asleep: bool) -> None:
    driver = Driver(model).boot()
    driver.wait(60.0)
    if asleep:
        let_happen(driver, "power-off")
    pointless = {kind.name: why(driver, kind.name) for kind in KINDS.values() if kind.layer is Layer.EVENT}
    named = [name for name, why in pointless.items() if why and " has no " not in why]  # what it has not, nobody sees
    assert "sim-insert" in named
    for name in named:
        before = looks(driver)
        driver.take()
        try:
            let_happen(driver, name)
        except FaultError:
            continue
        driver.wait(5.0)
        assert looks(driver) == before, name
        assert driver.take() == b"", name


STATES = {
    "booted": (),
    "off": ("power-off",),
    "asleep": ("sleep",),
    "without a card": ("sim-remove",),
    "without coverage": ("registration-lost",),
    "denied": ("registration-denied",),
}


def brought_to(model: str, state: str) -> Driver:
    """Return a module that tells its timers, in a state."""
    driver = Driver(model).boot()
    if driver.modem.has("MEMMTIMER"):
        driver.ask("AT+MEMMTIMER=1")
    driver.wait(60.0)
    for event in STATES[state]:
        let_happen(driver, event)
    driver.wait(1.0)
    driver.take()
    return driver


def given(driver: Driver, event: str) -> str:
    """Return the text of an event with keys that fit the module."""
    modem = driver.modem
    keys = GIVEN | {"signal": "rssi=3", "chip": "temp=40", "adc-noise": "mv=5"}
    keys |= {"card-file": "id=6F07 data=084906000000000000"}
    if event == "pin":
        keys[event] = f"id={next(iter(pins_of(modem)), 0)} level=1"
    if event == "handover":
        serving = modem.radio.serving or modem.radio.choice.best
        keys[event] = next((f"band={cell.band}" for cell in modem.cell.cells if cell != serving), "band=3")
    return f"{event} {keys.get(event, '')}"


def seen(driver: Driver) -> tuple[str, bytes]:
    """Return all that tells whether something has come of it, some seconds later."""
    driver.wait(5.0)
    modem = driver.modem
    clock = modem.clock.utc(driver.now) if modem.clock.is_set else None
    looked = re.sub(r" at 0x\w+", "", repr((looks(driver), vars(modem.cell), clock, vars(modem.sim.card))))
    return looked, driver.take()


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("state", STATES)
def test_something_comes_of_what_makes_sense(model: str, state: str) -> None:
    without = seen(brought_to(model, state))
    for event in EVENTS:
        driver = brought_to(model, state)
        if why(driver, event):
            continue
        try:
            fault = parse_fault(given(driver, event))
            driver.report(lambda fault=fault, driver=driver: happen(driver.modem, fault, driver.now))  # type: ignore[misc]
        except FaultError as refused:
            pytest.fail(f"{event}: {refused}")
        assert seen(driver) != without or event in UNSEEN, event


def test_each_is_an_event() -> None:
    assert _CHECKS.keys() <= HAPPENINGS.keys()


def test_the_card_and_the_network() -> None:
    driver = Driver("ML307R").boot()
    driver.wait(5.0)
    assert (why(driver, "sim-remove"), why(driver, "sim-insert")) == ("", "the card is in")
    let_happen(driver, "sim-remove")
    assert (why(driver, "sim-remove"), why(driver, "sim-insert")) == ("no card is in", "")
    let_happen(driver, "sim-insert")
    let_happen(driver, "registration-lost")
    assert (why(driver, "registration-lost"), why(driver, "registration-back")) == ("there is no coverage", "")
    assert why(driver, "pdp-deactivate") == "no PDP context is active"
    assert why(driver, "ussd") == "ML307R-DC has no USSD"
    with_voice = Driver("ML307S")
    assert why(with_voice, "call") == "the module is not up, and says nothing"
    with_voice.boot()
    let_happen(with_voice, "registration-lost")
    assert why(with_voice, "call") == "the module is not registered"


def test_the_supply() -> None:
    driver = Driver("ML307R").boot()
    assert (why(driver, "reboot"), why(driver, "power-on"), why(driver, "dtr")) == (
        "", "the supply is on", "the module is not asleep")  # fmt: skip
    let_happen(driver, "power-off")
    for event in ("reboot", "brown-out", "power-off"):
        assert why(driver, event) == "the supply is off"
    assert why(driver, "urc") == "the module is not up, and says nothing"
    assert why(driver, "power-on") == ""


def test_sockets() -> None:
    driver = Driver("ML307R").boot()
    driver.wait(5.0)
    assert (why(driver, "disconnect"), why(driver, "connection-stale")) == ("no socket is connected", "")
    driver.ask(OPEN)
    driver.wait(1.0)
    assert (why(driver, "disconnect"), why(driver, "burst")) == ("", "")


def test_what_a_model_has_not() -> None:
    driver = Driver("MN316").boot()
    assert why(driver, "emm-timer") == "MN316-DBRS has no report of its timers"
    assert why(driver, "call") == "MN316-DBRS has no calls"
    assert why(driver, "mqtt-publish") == "nothing leads to the sandbox"


def test_what_was_done_already() -> None:
    driver = Driver("ML307R").boot()
    assert why(driver, "sms-reset") == "the settings are the defaults"
    driver.ask("AT+CMGF=1")
    assert why(driver, "sms-reset") == ""
    for store in ("ME", "SM"):
        assert why(driver, "sms-full") == ""
        fault = parse_fault(f"sms-full store={store}")
        driver.report(lambda fault=fault: happen(driver.modem, fault, driver.now))  # type: ignore[misc]
    assert why(driver, "sms-full") == "the stores are full"
    del driver.modem.cell.cells[1:]
    assert why(driver, "handover") == "no other cell is on the air that the module may use"
    assert why(driver, "reflash") == ""
    let_happen(driver, "power-off")
    assert why(driver, "reflash") == "its firmware is as it was made, and the supply is off"
    let_happen(driver, "fota-fail")
    assert why(driver, "reflash") == ""


def test_the_board_as_usual_and_not() -> None:
    driver = Driver("ML307R").boot()
    driver.wait(5.0)
    back = {"signal": "signal-back", "adc-noise": "adc-quiet", "pin": "pin-release", "chip": "chip-back",
            "place": "place-back", "wifi": "wifi-back", "lbs": "lbs-back", "file-space": "file-space-back",
            "roaming": "home", "cell": "cells-back"}  # fmt: skip
    given = {"signal": "rssi=3", "adc-noise": "mv=5", "chip": "temp=40"}
    for event, undo in back.items():
        assert why(driver, undo) != "", undo
        fault = parse_fault(f"{event} {given.get(event, GIVEN.get(event, ''))}")
        driver.report(lambda fault=fault: happen(driver.modem, fault, driver.now))  # type: ignore[misc]
        assert why(driver, undo) == "", undo
