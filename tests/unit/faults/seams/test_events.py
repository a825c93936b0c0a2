"""Events on modules of both families, at a time, on an occasion, and back again."""

from __future__ import annotations

import pytest
from onemo.errors import FaultError
from onemo.faults.kind import FaultKind, Layer
from onemo.faults.kinds import KINDS
from onemo.faults.kinds_fota import FOTA_KINDS
from onemo.faults.say import parse_fault
from onemo.modem.power import PowerState
from onemo.wire.transmitter import Transmitter

from tests.support.faulty import FaultyDriver

MODELS = ("ML307R", "ML307G", "MN316", "MN319")
OPEN = 'AT+MIPOPEN=0,"TCP","192.0.2.1",7'
LOST = '\r\n+MIPURC: "disconn",0,3\r\n'


@pytest.fixture(params=MODELS)
def driver(request: pytest.FixtureRequest) -> FaultyDriver:
    return opened(request.param)


def opened(model: str) -> FaultyDriver:
    """With a connection, and AT+CEREG=1."""
    driver = FaultyDriver(model).boot()
    driver.wait(1.0)
    driver.ask("AT+CEREG=1")
    driver.ask(OPEN)
    return driver


def told(driver: FaultyDriver, said: str, seconds: float = 0.0) -> str:
    """Return all that the module tells of a fault, up to so many seconds later."""
    driver.arm(said)
    driver.wait(seconds)
    return driver.take().decode()


def test_the_card(driver: FaultyDriver) -> None:
    heard = told(driver, "sim-remove for_seconds=5", 4.9)
    assert "+CPIN: NOT READY" in heard
    assert LOST in heard
    assert heard.endswith("\r\n+CEREG: 0\r\n")
    assert driver.answer("AT+CPIN?") == ["+CME ERROR: 10"]
    driver.wait(2.0)
    assert driver.take().endswith(b"\r\n+CEREG: 1\r\n")
    assert driver.answer("AT+CPIN?") == ["+CPIN: READY", "OK"]


def test_the_coverage(driver: FaultyDriver) -> None:
    heard = told(driver, "registration-lost after=1s for_seconds=3", 0.9)
    assert heard == ""
    driver.wait(0.2)
    heard = driver.take().decode()
    assert LOST in heard
    assert heard.endswith("\r\n+CEREG: 2\r\n")
    driver.wait(2.5)
    assert driver.take() == b""
    driver.wait(1.0)
    assert driver.take().endswith(b"\r\n+CEREG: 1\r\n")


def test_refused_and_taken_again() -> None:
    driver = opened("ML307R")
    driver.ask("AT+CEREG=3")
    armed = driver.arm("registration-denied cause=15")
    assert b"+CEREG: 3,,,,0,15" in driver.take()
    driver.disarm(armed)
    driver.wait(1.0)
    assert b"+CEREG: 1," in driver.take()


def test_roaming(driver: FaultyDriver) -> None:
    assert told(driver, "roaming for_seconds=1") == "\r\n+CEREG: 5\r\n"
    driver.wait(1.0)
    assert driver.take() == b"\r\n+CEREG: 1\r\n"


def test_the_signal(driver: FaultyDriver) -> None:
    driver.arm("signal rssi=1 ber=7 rsrq=2 rsrp=3 for_seconds=2")
    assert driver.answer("AT+CSQ") == ["+CSQ: 1,7", "OK"]
    assert driver.answer("AT+CESQ") == ["+CESQ: 99,99,255,255,2,3", "OK"]
    driver.wait(2.1)
    assert driver.answer("AT+CSQ") == ["+CSQ: 20,99", "OK"]


def test_the_context(driver: FaultyDriver) -> None:
    driver.ask("AT+CGEREP=2")
    heard = told(driver, "pdp-deactivate")
    assert "+CGEV: NW PDN DEACT 1" in heard
    assert LOST in heard


@pytest.mark.parametrize("said", ["reboot", "brown-out seconds=2", "power-off for_seconds=2"])
def test_ends_of_the_boot_cycle(driver: FaultyDriver, said: str) -> None:
    """The connection is gone without a word, and what is typed meanwhile is lost."""
    starts = driver.starts
    assert told(driver, said) == ""
    assert driver.modem.power.state in (PowerState.BOOTING, PowerState.OFF)
    assert driver.ask("AT") == b""
    if said != "reboot":
        driver.wait(1.9)
        assert driver.ask("AT") == b""
        assert driver.starts == starts
    driver.wait(3.0)
    assert driver.starts == starts + 1
    assert b"OK" in driver.ask("ATE0")
    assert b'"INITIAL"' in driver.ask("AT+MIPSTATE=0")


@pytest.mark.parametrize("said", ["reboot", "brown-out", "power-off for_seconds=1"])
def test_in_the_middle_of_a_command(driver: FaultyDriver, said: str) -> None:
    """It is neither carried out nor answered, nor is what follows it in the line."""
    armed = driver.arm(f"{said} on=command:MIPSEND")
    assert driver.answer("AT+CGMM")[-1] == "OK"
    assert driver.ask('AT+MIPSEND=0,,"hi";+CGMM\rAT+CGMM') == b""
    assert driver.world.got(0) == b""
    assert armed.fired == 1
    driver.wait(5.0)
    assert driver.starts == 2
    driver.take()
    assert b"OK" in driver.ask("AT")


def test_a_reboot_ends_what_waits(driver: FaultyDriver) -> None:
    driver.arm("command-delay command=CGMM seconds=2")
    driver.arm("reboot after=1s")
    assert driver.ask("AT+CGMM") == b""
    driver.wait(5.0)
    assert b"OK" in driver.ask("ATE0")


def test_sleep(driver: FaultyDriver) -> None:
    driver.ask('AT+MLPMCFG="sleepind",2')
    assert told(driver, "sleep for_seconds=3") == "\r\n+MLPMENTER: 2\r\n"
    assert driver.modem.power.asleep
    driver.wait(3.1)
    assert driver.take() == b"\r\n+MLPMEXIT: 2\r\n"
    assert driver.answer("AT") == ["OK"]


@pytest.mark.parametrize(("jump", "shown"), [(86400, "70/01/02"), (-1e9, "70/01/01"), (1e9, "01/09/09")])
def test_the_clock(jump: float, shown: str) -> None:
    driver = FaultyDriver("ML307R").boot()
    driver.arm(f"clock-jump seconds={jump:g}" if abs(jump) < 1e6 else f"clock-jump seconds={jump:.0f}")
    assert shown.encode() in driver.ask("AT+CCLK?")


def test_an_urc_of_ones_own(driver: FaultyDriver) -> None:
    driver.arm("urc text='+CEREG: 2' on=urc:MIPOPEN after=1 times=1")
    assert driver.answer('AT+MIPOPEN=1,"TCP","h",7') == ["OK", "+MIPOPEN: 1,0"]
    assert driver.answer('AT+MIPOPEN=2,"TCP","h",7') == ["OK", "+MIPOPEN: 2,0", "+CEREG: 2"]
    assert driver.answer('AT+MIPOPEN=3,"TCP","h",7') == ["OK", "+MIPOPEN: 3,0"]


def test_a_stale_connection() -> None:
    driver = FaultyDriver("ML307G", "stale-connection id=1 host=a.example.com port=80").boot()
    driver.wait(1.0)
    driver.take()
    assert driver.answer("AT+MIPSTATE=1") == ['+MIPSTATE: 1,"TCP","a.example.com",80,"CONNECTED"', "OK"]
    assert driver.answer('AT+MIPOPEN=1,"TCP","h",7') == ["+CME ERROR: 552"]
    assert driver.answer("AT+MIPCLOSE=1") == ["OK", "+MIPCLOSE: 1,0"]
    assert driver.answer('AT+MIPOPEN=1,"TCP","h",7') == ["OK", "+MIPOPEN: 1,0"]


def test_disconnected_with_unread_data() -> None:
    driver = FaultyDriver("ML307R", "disconn-unread times=1").boot()
    driver.wait(1.0)
    driver.ask('AT+MIPCFG="autofree",0,1')
    driver.ask('AT+MIPOPEN=0,"TCP","h",7,,2')
    driver.world.peer_sends(0, b"hey")
    driver.wait(0.0)
    assert driver.take() == b'\r\n+MIPURC: "rtcp",0,3,3\r\n\r\n+MIPURC: "disconn",0,1\r\n'
    assert driver.answer("AT+MIPRD=0,0") == ["+MIPRD: 0,0,3,hey", "OK"]


@pytest.mark.parametrize(("state", "number"), [("peer-closed", 1), ("broken", 2), ("pdp-down", 3)])
def test_disconnected(driver: FaultyDriver, state: str, number: int) -> None:
    heard = told(driver, f"disconnect id=0 state={state} unread='bye'")
    assert heard == f'\r\n+MIPURC: "rtcp",0,3,bye\r\n\r\n+MIPURC: "disconn",0,{number}\r\n'
    assert told(driver, "disconnect id=0") == "", "there is nothing left"


def test_a_burst(driver: FaultyDriver) -> None:
    heard = told(driver, "burst size=61440")
    assert heard.count('+MIPURC: "rtcp",0,') == 43
    assert len(heard) > 61440


@pytest.mark.parametrize("mode", ["2", "3"])
def test_a_burst_into_a_buffer_takes_what_fits(mode: str) -> None:
    driver = FaultyDriver("MN316").boot()
    driver.wait(1.0)
    driver.ask(f'AT+MIPOPEN=1,"{"TCP" if mode == "2" else "UDP"}","h",7,,{mode}')
    assert told(driver, "burst id=1 size=61440 piece=1000")
    assert driver.answer("AT+MIPRD=1")[-1] == "OK"
    assert driver.answer("AT") == ["OK"]


@pytest.mark.parametrize("kind", [kind for kind in KINDS.values() if kind.layer is Layer.EVENT], ids=lambda k: k.name)
@pytest.mark.parametrize("state", ["off", "booting", "ready", "asleep", "busy"])
def test_in_every_state(kind: FaultKind, state: str) -> None:
    """Whatever the module is at, nothing that happens to it breaks it."""
    needed = {
        "urc": "urc text=x",
        "sms": "sms from=10086 text=x",
        "ussd": "ussd text=x",
        "mqtt-publish": "mqtt-publish topic=t",
        "cell": "cell earfcn=3684 pci=1",
        "handover": "handover band=5",
        "pin": f"pin id={7 if state == 'asleep' else 0} level=1",
        "pin-release": f"pin-release id={7 if state == 'asleep' else 0}",
        "adc": "adc channel=0 mv=1",
        "place": "place lon=1 lat=2",
        "zone": "zone quarters=36",
        "card-file": "card-file id=6F46 data=" + "00" * 17,
    }
    if state == "asleep" and kind in FOTA_KINDS:
        return  # no model that sleeps has upgrades
    fault = parse_fault(needed.get(kind.name, kind.name))
    driver = opened("MN319" if state == "asleep" else "ML307R")
    driver.modem.cell.publish = lambda *message: None
    match state:
        case "off":
            driver.supply(on=False)
        case "booting":
            driver.arm("reboot")
        case "asleep":
            driver.arm("sleep")
        case "busy":
            driver.arm("command-delay command=CGMM seconds=1")
            driver.ask("AT+CGMM")
    driver.report(lambda: driver.faults.happen(fault))
    driver.wait(3.0)
    driver.supply(on=True)
    driver.raise_dtr()
    driver.wait(3.0)
    driver.take()
    assert b"OK" in driver.ask("AT")


def test_only_events_happen_at_once() -> None:
    with pytest.raises(FaultError, match="arm it"):
        FaultyDriver("ML307R").boot().faults.happen(parse_fault("urc-drop"))


def test_another_module() -> None:
    driver = FaultyDriver("ML307R").boot()
    driver.faults._names = ("pump", "ml307r")
    driver.arm("urc-drop module=Pump")
    with pytest.raises(FaultError, match="this module is pump or ml307r, not valve"):
        driver.arm("urc-drop module=valve")


def test_reset() -> None:
    driver = opened("ML307R")
    for said in ("sim-remove", "urc-drop", "command-silence"):
        driver.arm(said)
    assert [armed.fired for armed in driver.faults.reset()] == [1, 0, 0]
    driver.wait(1.0)
    assert type(driver.modem.first.transmitter) is Transmitter
    assert driver.answer("AT+CPIN?")[-2:] == ["+CPIN: READY", "OK"]
    assert not list(driver.faults.plan)


def test_what_fired_is_told_in_order() -> None:
    driver = FaultyDriver("ML307R", "urc text=x on=boot", "signal after=1s").boot()
    driver.wait(2.0)
    assert driver.told == ["urc text=x on=boot", "signal after=1s"]
