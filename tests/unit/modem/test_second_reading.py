"""Findings of a second reader in the module around the sockets."""

from __future__ import annotations

import pytest
from onemo.errors import NetFailure
from onemo.modem.intents import Store
from onemo.modem.modem import Modem
from onemo.modem.registration import Registration

from tests.support.driver import Driver, model_named

SAVING = {"mode": 1, "periodic_rau": "", "ready_timer": "", "periodic_tau": "01000001", "active_time": "00100001"}


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("CPSMS", {**SAVING, "active_time": "x"}),
        ("CPSMS", {**SAVING, "mode": 2}),
        ("CEDRXS", {"mode": 3, "act": 5, "cycle": "0101"}),
        ("CEDRXS", {"mode": 0, "act": 5, "cycle": "xx"}),
    ],
)
def test_what_its_command_would_refuse_is_not_taken_out_of_the_nv(name: str, entry: dict[str, object]) -> None:
    modem = Modem(model_named("MN316"))
    assert modem.restore({name: entry}) == [name]
    modem.start(0.0)
    modem.on_deadline(1.0)
    assert modem.power.ready


def test_timers_that_are_right_are_taken() -> None:
    assert Modem(model_named("MN316")).restore({"CPSMS": SAVING}) == []


@pytest.mark.parametrize(("model", "name"), [("ML307R", "S3"), ("ML305M", "Q")])
def test_a_profile_does_not_set_what_no_command_of_the_model_could_undo(model: str, name: str) -> None:
    assert Modem(model_named(model)).restore({"&W": {name: {"value": 1}}}) == [f"&W.{name}"]


def test_what_the_module_stores_it_takes_again() -> None:
    driver = Driver("ML307R").boot()
    assert driver.answer("AT&W") == ["OK"]
    assert Modem(model_named("ML307R")).restore(driver.world.answers.stored) == []


@pytest.mark.parametrize("line", ['AT+CLCK="SC",1,"1234"', 'AT+CLCK="SC",1,"9999"'])
def test_the_card_is_written_down_before_the_answer(line: str) -> None:
    modem = Driver("ML307R").boot().modem
    modem.first.receive(line.encode() + b"\r", 2000.0)
    modem.settle(2000.0)
    assert [type(intent) for intent in modem.intents] == [Store]
    assert not modem.first.transmitter.peek()
    modem.complete(modem.intents[0], True, 2000.0)
    assert modem.first.transmitter.peek()


def test_no_sleep_is_announced_before_the_banner() -> None:
    driver = Driver("ML307R").boot()
    for line in ('AT+MLPMCFG="sleepind",2', 'AT+MLPMCFG="sleepmode",2,1', "AT+MREBOOT"):
        driver.ask(line)
    driver.wait(30)
    assert driver.take() == b""


def test_a_refused_attach_leaves_the_registration_as_it_was() -> None:
    driver = Driver("ML307R").boot()
    driver.report(lambda: driver.modem.radio.refuse())
    driver.wait(5)
    driver.take()
    assert driver.modem.radio.stat is Registration.DENIED
    assert driver.answer("AT+CGATT=1") == ["+CME ERROR: 30"]
    assert driver.modem.radio.stat is Registration.DENIED


@pytest.mark.parametrize("lines", [("AT+CFUN=4", "AT+CFUN=1"), ("AT+COPS=2", "AT+COPS=0")])
def test_what_makes_the_module_register_undoes_a_detach(lines: tuple[str, str]) -> None:
    driver = Driver("ML307R").boot()
    for line in ("AT+CGATT=0", *lines):
        driver.ask(line)
    driver.wait(5)
    assert driver.modem.radio.registered


def test_an_open_cut_off_by_the_radio_has_no_registration() -> None:
    driver = Driver("ML307R").boot()
    driver.world.hold("open", 0)
    driver.ask('AT+MIPOPEN=0,"TCP","h",80')
    assert "+MIPOPEN: 0,571" in driver.answer("AT+CFUN=4")


def test_an_open_on_a_context_that_goes_has_no_context() -> None:
    driver = Driver("ML302S").boot()
    driver.world.hold("open", 0)
    driver.ask('AT+MIPOPEN=0,"TCP","h",80')
    assert "+MIPOPEN: 0,570" in driver.answer("AT+MIPCALL=0,1")
    assert driver.modem.contexts.refusal(1) is NetFailure.NO_CONTEXT


def test_the_clock_starts_anew_when_the_supply_was_gone() -> None:
    driver = Driver("MN316").boot()
    assert driver.answer('AT+CCLK="24/02/29,12:00:00-08"') == ["OK"]
    driver.modem.supply_off(driver.now)
    driver.modem.supply_on(driver.now)
    assert not driver.modem.clock.is_set
    assert driver.modem.clock.zone == driver.model.profile.clock.zone


def test_a_context_may_be_chosen_without_a_call() -> None:
    driver = Driver("ML307R").boot()
    for line in ('AT+CGDCONT=2,"IP","a"', "AT+CGACT=1,2", 'AT+MIPCFG="cid",0,2'):
        assert driver.answer(line)[-1] == "OK"
    assert driver.answer('AT+MIPOPEN=0,"TCP","h",80') == ["OK", "+MIPOPEN: 0,570"]
