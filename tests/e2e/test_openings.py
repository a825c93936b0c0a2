"""The commands that drivers send before, around and after their first connection, on every series."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
import trio
from onemo import HostNetwork, Module, load_model, open_pty
from onemo.runtime.models import Overrides, individual

from tests.e2e.conftest import Start
from tests.e2e.driver import Driver, connect, driver_of, identify, reboot, registered, resolve_and_buffer
from tests.e2e.dte import Transcript
from tests.e2e.peers import Peers
from tests.e2e.started import Started

AUTOBAUD = ("ML302A", "ML305A", "ML307A", "ML307R")
CAT1 = (*AUTOBAUD, "ML302S", "ML305M", "ML305U", "ML307G", "ML307S")
NB = ("MN316", "MN316-S", "MN316A", "MN318", "MN319", "MN326")
PEER = "device.example.com"
"""The sandbox has every name, and echoes on this port of it."""
ECHO = 7


@pytest.mark.parametrize("series", [*CAT1, *NB])
def test_the_openings(launch: Callable[..., Started], series: str) -> None:
    """All three in one life, each after something that the one before cannot go on after."""
    call, autobaud = series in CAT1, series in AUTOBAUD
    reopen = partial(connect, host=PEER, port=ECHO, call=call)
    module = launch(series, "--sandbox", "--speed", "20", measured=True).wait_ready()
    with driver_of(module) as driver:
        light = "1,1" if series == "MN319" else "0"
        assert series in identify(driver, iccid="AT+ICCID" if call else "AT+MCCID", sleep=light)
        reboot(driver, autobaud=autobaud)
        reopen(driver)
        if call:
            driver.command("AT+MIPCALL=0,1")
            assert driver.urc("+MIPCALL: ") == "+MIPCALL: 1,0"
            assert driver.urc("+MIPURC: ") == '+MIPURC: "disconn",0,3'
            reopen(driver)
        driver.command(f'AT+MIPSEND=0,5,"{b"stale".hex()}"')
        reboot(driver, autobaud=autobaud)
        assert driver.value("AT+MIPSTATE=0") == '0,,,,"INITIAL"'
        assert driver.value("AT+CEREG?").startswith("0,"), "the report is off again"
        driver.until("AT+CEREG?", registered)
        assert driver.urcs == [], "nothing is left of the connection"
        resolve_and_buffer(driver, PEER, ECHO)


@pytest.mark.parametrize("series", ["ML307R", "MN316"])
def test_a_card_whose_pin_is_not_entered(start: Start, series: str) -> None:
    call = series in CAT1
    with driver_of(start(series, "--sandbox", "--pin", "4711", "--speed", "20")) as driver:
        driver.wake()
        driver.command("ATE0")
        assert driver.value("AT+CPIN?") == "SIM PIN"
        assert driver.value("AT+CEREG?") == "0,0"
        assert driver.value("AT+CSQ") == "99,99"
        assert driver.refusal("AT+CIMI") == "+CME ERROR: 11"
        driver.command(f'AT+MIPOPEN=0,"TCP","{PEER}",{ECHO}')
        assert driver.urc("+MIPOPEN: ") == f"+MIPOPEN: 0,{571 if call else 1}"
        assert driver.refusal(f'AT+MDNSGIP="{PEER}"') == "+CME ERROR: 570"
        assert driver.refusal('AT+CPIN="0000"') == "+CME ERROR: 16"
        driver.command("AT+CEREG=1")
        driver.command('AT+CPIN="4711"')
        assert driver.urc("+CEREG: 1") == "+CEREG: 1"
        connect(driver, PEER, ECHO, call=call)
        reboot(driver, autobaud=call)
        assert driver.value("AT+CPIN?") == "SIM PIN"


@pytest.mark.parametrize("series", ["ML305U", "MN319"])
def test_no_card(start: Start, series: str) -> None:
    with driver_of(start(series, "--sandbox", "--no-sim")) as driver:
        driver.wake()
        driver.command("ATE0")
        for command in ("AT+CPIN?", "AT+CIMI", "AT+MCCID", 'AT+CPIN="1234"'):
            assert driver.refusal(command) == "+CME ERROR: 10"
        assert driver.value("AT+CEREG?") == "0,0"
        assert driver.value("AT+COPS?") == "0"
        assert driver.command("AT+CGPADDR=1") == []
        assert driver.value("AT+CGSN=1").isdecimal()
        driver.command(f'AT+MIPOPEN=0,"TCP","{PEER}",{ECHO}')
        assert driver.urc("+MIPOPEN: ") == f"+MIPOPEN: 0,{571 if series in CAT1 else 1}"


@pytest.mark.parametrize("series", ["ML305U", "MN318"])
def test_registration_takes_its_time_after_every_start(launch: Callable[..., Started], series: str) -> None:
    call = series in CAT1
    module = launch(series, "--sandbox", "--boot-time", "0", "--register-time", "0.4").wait_ready()
    with driver_of(module) as driver:
        driver.wake()
        driver.until("AT+CEREG?", registered)
        reboot(driver, autobaud=False)
        driver.command("AT+CEREG=1")
        driver.command(f'AT+MIPOPEN=0,"TCP","{PEER}",{ECHO}')
        assert driver.urc("+MIPOPEN: ") == f"+MIPOPEN: 0,{571 if call else 1}"
        assert driver.urc("+CEREG: ") == "+CEREG: 1"
        connect(driver, PEER, ECHO, call=call)


@pytest.mark.parametrize("series", ["ML307R", "ML305U", "MN316"])
async def test_a_lost_registration_and_its_return(series: str, peers: Peers) -> None:
    """While a connection is open: it ends with a word, nothing opens, and then everything is as before."""
    call, place = series in CAT1, '"54A1","0B8F2D01",'
    host, port = "127.0.0.1", peers.echo().port("TCP", "127.0.0.1")
    model = individual(load_model(series), Overrides(register_time=0.0, speed=20.0))

    def drive(link: str, lose: Callable[[], None], find: Callable[[], None]) -> None:
        with Driver(link, Transcript(lambda: "")) as driver:
            connect(driver, host, port, call=call)
            driver.urcs.clear()
            trio.from_thread.run_sync(lose)
            driver.urc("+CEREG: 2")
            calls = ["+MIPCALL: 1,0"] if call else []
            assert driver.urcs == [*calls, '+MIPURC: "disconn",0,3'], "before the state changes"
            driver.urcs.clear()
            assert driver.value("AT+CEREG?") == "2,2"
            assert driver.value("AT+CSQ") == "99,99"
            assert driver.value("AT+MIPSTATE=0") == '0,,,,"INITIAL"'
            driver.command(f'AT+MIPOPEN=0,"TCP","{host}",{port}')
            assert driver.urc("+MIPOPEN: ") == f"+MIPOPEN: 0,{571 if call else 1}"
            assert driver.refusal('AT+MPING="127.0.0.1"') == "+CME ERROR: 570"
            trio.from_thread.run_sync(find)
            assert driver.urc("+CEREG: ") == f"+CEREG: 1,{place}{7 if call else 9}"
            connect(driver, host, port, call=call)
            assert driver.urcs == []

    with open_pty() as link:
        module = Module(model, link, HostNetwork(), boot_time=0.0)
        radio = module.modem.radio
        async with trio.open_nursery() as nursery:
            await nursery.start(module.run)
            lose = partial(module.report, radio.lose_coverage)
            find = partial(module.report, lambda: radio.find_coverage(trio.current_time()))
            await trio.to_thread.run_sync(drive, link.port, lose, find)
            nursery.cancel_scope.cancel()
