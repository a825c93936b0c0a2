"""Calls: their table, who is unreachable, a DTE that does not read, and the number's type."""

from __future__ import annotations

from time import monotonic

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onemo.families.voice import calls as of_calls
from onemo.families.voice.call import TRANSITIONS, CallEvent, CallInfo, CallState, NumberType
from onemo.families.voice.calls import Calls, Reached, call_in
from onemo.families.voice.dialling import Dialled, dialled
from onemo.families.voice.profile import VOICE as TABLE
from onemo.faults.say import parse_fault
from onemo.faults.seams.events import happen
from onemo.modem.intents import Tell

from tests.support.driver import Driver, model_named

VOICE = "ML307A-DSLN"


def called(driver: Driver, number: str = "13800138000") -> Reached:
    heard: list[Reached] = []
    driver.report(lambda: heard.append(call_in(driver.modem, number)))
    return heard[0]


def event(driver: Driver, text: str) -> None:
    driver.report(lambda: happen(driver.modem, parse_fault(text), driver.now))


@pytest.fixture
def driver() -> Driver:
    return Driver(VOICE).boot()


def test_every_state_can_be_left_and_every_event_happens() -> None:
    assert {before for before, _ in TRANSITIONS} == set(CallState) - {CallState.ENDED}
    assert {event for _, event in TRANSITIONS} == set(CallEvent)
    assert {*TRANSITIONS.values(), CallState.WAITING, CallState.DIALLING} == set(CallState)


def test_what_a_caller_hears(driver: Driver) -> None:
    assert called(driver) is Reached.RINGING
    assert called(driver) is Reached.BUSY
    driver.ask("AT+CHUP")
    driver.ask("AT+CFUN=4")
    assert called(driver) is Reached.UNREACHABLE
    driver.supply(on=False)
    assert called(driver) is Reached.UNREACHABLE
    driver.supply(on=True)
    assert called(driver) is Reached.UNREACHABLE, "it boots"
    assert called(Driver("ML307R").boot()) is Reached.UNREACHABLE


def test_a_call_wakes_the_module_and_keeps_it_awake(driver: Driver) -> None:
    driver.ask('AT+MLPMCFG="sleepmode",2,0')
    driver.ask('AT+MLPMCFG="delaysleep",1')
    driver.wait(300.0)
    assert driver.modem.power.asleep
    driver.take()
    assert called(driver) is Reached.RINGING
    assert not driver.modem.power.asleep
    assert b"\r\nRING\r\n" in driver.take()
    driver.wait(300.0)
    assert not driver.modem.power.asleep
    driver.report(lambda: happen(driver.modem, parse_fault("call-end"), driver.now))
    driver.wait(300.0)
    assert driver.modem.power.asleep


def test_a_dte_that_does_not_read_has_no_more_rings_than_there_is_room_for(driver: Driver) -> None:
    driver.ask("AT+CLIP=1")
    driver.line_room = 0
    called(driver)
    for _ in range(20):
        driver.wait(10_000.0)
    transmitter = driver.modem.first.transmitter
    assert transmitter.dropped
    assert transmitter.size < 2 * driver.modem.profile.line.high_mark


def test_the_state_that_the_control_shows(driver: Driver) -> None:
    calls = driver.modem.part(Calls)
    assert not calls.told
    driver.ask('AT+CCLK="24/02/29,12:00:00+00"')
    called(driver)
    since = driver.modem.clock.utc(driver.now)
    assert list(calls.told) == [CallInfo(1, "in", "incoming", "13800138000", since)]
    driver.wait(2.0)
    driver.ask("ATA")
    assert list(calls.told) == [CallInfo(1, "in", "active", "13800138000", since + 2.0)]


def test_what_became_of_it_is_for_the_trace(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    def tell(event: str, detail: str) -> Tell:
        told.append(f"{event} {detail}")
        return Tell(event, detail)

    monkeypatch.setattr(of_calls, "Tell", tell)
    called(driver)
    called(driver, "")
    driver.ask("ATA")
    driver.ask("ATH")
    called(driver)
    driver.report(lambda: happen(driver.modem, parse_fault("call-end cause=17"), driver.now))
    called(driver)
    driver.report(driver.modem.radio.lose_coverage)
    assert told == [
        "call from 13800138000: ringing",
        "call from a withheld number: busy",
        "call from 13800138000: answered",
        "call from 13800138000: ended by the module",
        "call from 13800138000: ringing",
        "call from 13800138000: ended by the other side, cause 17",
        "call from 13800138000: ringing",
        "call from 13800138000: lost with the network",
    ]


@given(st.from_regex(r"\+?[0-9*#]{1,20}", fullmatch=True))
def test_any_number_is_told_as_it_is(number: str) -> None:
    driver = Driver(VOICE).boot()
    driver.ask("AT+CLIP=1")
    called(driver, number)
    kind = 145 if number.startswith("+") else 129
    assert NumberType.of(number) == kind
    assert driver.take() == f'\r\nRING\r\n\r\n+CLIP: "{number}",{kind},,,,0\r\n'.encode()
    assert driver.answer("AT+CLCC") == [f'+CLCC: 1,1,4,0,0,"{number}",{kind}', "OK"]


def test_a_second_console_takes_the_call() -> None:
    driver = Driver(VOICE, consoles=2).boot()
    called(driver)
    driver.go_to(1)
    assert driver.take() == b"", "the first console has the URCs"
    assert driver.answer("ATA") == ["OK"]
    driver.go_to(0)
    assert driver.take() == b"\r\nRING\r\n"
    assert driver.answer("AT+CLCC") == ['+CLCC: 1,1,0,0,0,"13800138000",129', "OK"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10086;", Dialled("10086", voice=True, data=False)),
        ("10086", Dialled("10086", voice=False, data=False)),
        ("T+86 138-0013,8000i;", Dialled("+8613800138000", voice=True, data=False)),
        ("*100#;", Dialled("*100#", voice=True, data=False)),
        ("*99#", Dialled("*99#", voice=False, data=True)),
        ("*99***1#", Dialled("*99***1#", voice=False, data=True)),
        ("*99#;", Dialled("*99#", voice=True, data=False)),
        ("ABC", Dialled("ABC", voice=False, data=False)),
        ("", None),
        (";", None),
        ("T", None),
        ("x;", None),
        ("1" * 41, None),
        ("1+2;", None),
    ],
)
def test_what_is_dialled(text: str, expected: Dialled | None) -> None:
    assert dialled(text) == expected


@given(st.text(max_size=60))
def test_any_text_is_dialled_or_refused(text: str) -> None:
    found = dialled(text)
    assert found is None or 0 < len(found.number) <= 41


def test_a_model_without_calls_wakes_when_it_is_called() -> None:
    driver = Driver("ML307R").boot()
    driver.ask('AT+MLPMCFG="sleepmode",2,0')
    driver.wait(30)
    assert driver.modem.power.asleep
    assert called(driver) is Reached.UNREACHABLE
    assert not driver.modem.power.asleep


def test_the_indicators_that_the_guide_prints() -> None:
    model = model_named(VOICE)
    table = model.profile.table(TABLE)._replace(ciev=True)
    told = model._replace(profile=model.profile._replace(tables={**model.profile.tables, TABLE.name: table}))
    driver = Driver(told).boot()
    called(driver)
    driver.take()
    assert driver.answer("ATH") == ["OK", "CIEV: SOUNDER 0", "CIEV: CALL 0"]
    assert Driver(VOICE).boot().answer("ATH") == ["OK"]


@pytest.mark.parametrize("swaps", [0, 1, 2])
def test_a_call_is_lost_in_its_time_whether_it_is_held_or_not(driver: Driver, swaps: int) -> None:
    event(driver, "call-drop seconds=10s")
    driver.ask("ATD10086;")
    driver.wait(4)
    for _ in range(swaps):
        assert driver.answer("AT+CHLD=2") == ["OK"]
    driver.wait(8)
    assert driver.take() == b""
    driver.wait(1.5)
    assert driver.take() == b"\r\nNO CARRIER\r\n"


@pytest.mark.parametrize("way", [(), ("call-answer",)])
def test_calls_without_end_at_a_dte_that_does_not_read(driver: Driver, way: tuple[str, ...]) -> None:
    driver.line_room = 0
    for _ in range(3000):
        for text in ("call from=10086", *way, "call-end"):
            event(driver, text)
    assert driver.end.console.transmitter.size < driver.modem.profile.line.high_mark + 100
    driver.read_more(100_000)
    driver.line_room = None
    driver.take()
    assert called(driver) is Reached.RINGING
    driver.take()
    event(driver, "call-end")
    assert driver.take() == b"\r\nNO CARRIER\r\n"


def test_a_long_line_takes_no_longer_than_its_length() -> None:
    begun = monotonic()
    for _ in range(20):
        assert dialled(4000 * "T" + "x;") is None
        assert dialled(4000 * " " + "5" + 4000 * "I" + "x") is None
    assert monotonic() - begun < 1
