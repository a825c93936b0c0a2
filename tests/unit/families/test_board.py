"""Noise, cut lines, the connection to the network, NV that fits no board, and the share of lost packets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onemo.errors import FaultError
from onemo.faults.say import fault_of, parse_fault
from onemo.faults.seams.events import happen
from onemo.modem.cells import FrequencyMemory, Traffic
from onemo.modem.modem import Modem

from tests.support.driver import Driver, model_named


def event(driver: Driver, text: str) -> None:
    driver.report(lambda: happen(driver.modem, parse_fault(text), driver.now))


def test_noise_is_bounded_and_the_same_in_every_run() -> None:
    def read() -> list[str]:
        driver = Driver("ML307R").boot()
        event(driver, "adc-noise mv=15")
        return [driver.answer("AT+MADC=0")[0] for _ in range(50)]

    told = read()
    assert told == read()
    values = [int(line.removeprefix("+MADC: ")) for line in told]
    assert len(set(values)) > 5
    assert all(962 <= value <= 992 for value in values)


def test_a_line_of_a_scan_is_cut() -> None:
    driver = Driver("ML307R").boot()
    event(driver, "wifi-cut")
    driver.ask("AT+MWIFISCANSTART=1")
    driver.wait(1)
    assert b'\r\n+MWIFI,,"02A1B2C3D402",,-74,1,\r\n' in driver.take()
    driver.ask("AT+MWIFISCANSTART=1")
    driver.wait(1)
    assert driver.take().count(b"+MWIFISCANINFO: ") == 4


def test_the_connection_comes_with_data_and_goes_some_time_later() -> None:
    driver = Driver("MN316").boot()
    driver.ask("AT+CSCON=1")
    driver.report(lambda: driver.modem.cell.traffic.carry(100, 0, driver.now))
    assert driver.take() == b"\r\n+CSCON: 1\r\n"
    assert driver.answer("AT+CSCON?") == ["+CSCON: 1,1", "OK"]
    driver.wait(0.9)
    driver.report(lambda: driver.modem.cell.traffic.carry(0, 300, driver.now))
    driver.wait(0.9)
    assert driver.take() == b""
    driver.wait(0.2)
    assert driver.take() == b"\r\n+CSCON: 0\r\n"
    driver.modem.cell.loss = 0.5
    assert driver.answer('AT+MUESTATS="bler"')[0] == '+MUESTATS: "bler",5000,5000,5000,5000,100,300,1,3,0,1'


def test_throughput_is_that_of_the_last_second() -> None:
    traffic = Traffic()
    for number in range(1000):
        traffic.carry(1, 2, number / 100)
    sent, received = traffic.rate(9.99)
    assert 8 * 90 <= sent <= 8 * 111
    assert received == 2 * sent
    assert traffic.rate(20) == (0, 0)
    assert (traffic.sent, traffic.received) == (1000, 2000)


@pytest.mark.parametrize(
    "entry",
    [
        {"place": 5},
        {"place": {"longitude": 1.0, "latitude": 0.0, "radius": 1, "description": 'a"\r\nOK'}},
        {"place": {"longitude": 1.0, "latitude": 0.0, "radius": 1, "description": "\ud800"}},
        {"place": {"longitude": 1.0, "latitude": 0.0, "radius": 10**9, "description": ""}},
        {"place": {"longitude": 10**400, "latitude": 0.0, "radius": 1, "description": ""}},
        {"place": {"longitude": 500.0, "latitude": 0.0, "radius": 1, "description": ""}},
        {"air": [{"bssid": "x", "rssi": 5, "channel": 1}]},
        {"air": 7},
        {"frequencies": {"forgotten": "no"}},
        {"MLOCKFREQ": {"mode": 9}},
        {"MLED": {"0": {"led_mode": 0, "enable": 9}}},
    ],
)
def test_nv_that_does_not_fit_is_refused(entry: dict[str, object]) -> None:
    modem = Modem(model_named("ML307R"))
    assert modem.restore(entry)
    driver = Driver("ML307R").boot()
    assert driver.answer("AT+MWIFISCANQUERY") == ["+MWIFISCANQUERY: 0", "OK"]


def test_a_memory_is_put_back() -> None:
    memory = FrequencyMemory()
    before = dict(memory.save())
    memory.forget()
    assert memory.forgotten
    memory.put_back({"forgotten": before.get("forgotten")})
    assert not memory.forgotten


def test_settings_that_cannot_be_written_are_as_they_were() -> None:
    driver = Driver("ML307R").boot()
    driver.world.answers.full = True
    for line in ("AT+MLOCKFREQ=1,1650", "AT+MLED=0,0", "AT+MBAND=8", "AT+MCSEARFCN", 'AT+MLBSCFG="precision",3'):
        assert driver.answer(line) == ["+CME ERROR: 20"], line
    driver.world.answers.full = False
    assert driver.answer("AT+MLOCKFREQ?") == ["+MLOCKFREQ: 0", "OK"]
    assert driver.answer("AT+MLED=0") == ["+MLED: 0,1", "OK"]
    assert not driver.modem.keeping.take_frequencies()


_ANY = st.lists(st.one_of(st.integers(-2, 70000), st.just(""), st.text("ab\"'", max_size=3)), max_size=20)


@given(st.sampled_from(["MLOCKFREQ", "MBAND", "MGPIO", "MPWMDATA", "MPWMCTRL", "MADC", "MLED", "MUESTATS"]), _ANY)
def test_any_parameters_are_answered(command: str, values: list[object]) -> None:
    driver = Driver("ML307R").boot()
    answer = driver.ask(f"AT+{command}=" + ",".join(map(str, values)))
    assert answer.endswith((b"\r\nOK\r\n", b"\r\nERROR\r\n")) or b"+CME ERROR: " in answer
    assert driver.answer("AT") == ["OK"]


@given(st.text(max_size=200))
def test_a_description_that_an_event_takes_is_taken_from_the_nv_too(text: str) -> None:
    try:
        place = fault_of({"kind": "place", "lon": 1, "lat": 2, "text": text, "keep": "yes"})
    except FaultError:
        return
    modem = Modem(model_named("ML307R"))
    happen(modem, place, 0.0)
    stored = modem.keeping.memory.snapshot()
    assert Modem(model_named("ML307R")).restore(stored) == []
