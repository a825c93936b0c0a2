"""The request that MIPOPEN makes of the network (manual 3.2, 3.3), and its changes by earlier settings."""

from __future__ import annotations

from pathlib import Path

import pytest
from onemo.net.interface import AddressFamily, KeepAlive, OpenRequest, Transport
from onemo.runtime.models import load_model_file

from tests.support.driver import Driver
from tests.support.models import CAT1, NB, SERIES

FIXED_WINDOWS = {
    "MN316": 4096,
    "MN316-S": 4096,
    "MN326": 4096,
    "MN316A": 2048,
    "MN326A": 2048,
    "ML307H": 65535,
    "ML307X": 65534,
    "MR880A": 65535,
    "MN319": 2048,
    "MN318": 2048,
    "ML305U": 63920,
}
TIMEOUT_IS_INERT = ("MN316", "MN316-S", "MN326")


def request(driver: Driver, arguments: str) -> OpenRequest:
    driver.ask(f"AT+MIPOPEN={arguments}")
    return driver.world.requests[-1]


@pytest.mark.parametrize("series", SERIES)
def test_tcp(series: str) -> None:
    driver = Driver(series).boot()
    asked = request(driver, '0,"TCP","Iot.10086.cn",2040,30,0,50000')
    assert (asked.transport, asked.host, asked.port) == (Transport.TCP, "Iot.10086.cn", 2040)
    assert asked.timeout == (60 if series in TIMEOUT_IS_INERT else 30)
    assert asked.local_port == 50000
    assert asked.names.families == (AddressFamily.IPV6, AddressFamily.IPV4)
    assert asked.keep_alive is None
    assert asked.receive_window == FIXED_WINDOWS.get(series, 64240)
    assert asked.send_buffer == 8192


@pytest.mark.parametrize("series", SERIES)
def test_defaults(series: str) -> None:
    asked = request(Driver(series).boot(), '1,"UDP","2001:db8::1",53')
    assert (asked.transport, asked.host, asked.port) == (Transport.UDP, "2001:db8::1", 53)
    assert (asked.timeout, asked.local_port, asked.keep_alive) == (60, 0, None)
    assert asked.receive_window is None


@pytest.mark.parametrize("series", SERIES)
def test_keep_alive_is_the_instances_own_and_tcps_alone(series: str) -> None:
    driver = Driver(series).boot()
    driver.ask("AT+MIPTKA=1,1,120,60,5")
    driver.ask("AT+MIPTKA=2,1")
    driver.ask("AT+MIPTKA=3,1")
    usual = (30, 90, 3) if series in TIMEOUT_IS_INERT else (90, 75, 3)
    assert request(driver, '0,"TCP","h",80').keep_alive is None
    assert request(driver, '1,"TCP","h",80').keep_alive == KeepAlive(120, 60, 5)
    assert request(driver, '2,"TCP","h",80').keep_alive == KeepAlive(*usual)
    assert request(driver, '3,"UDP","h",80').keep_alive is None


def test_settings_hold_for_every_later_connection() -> None:
    driver = Driver("ML307R").boot()
    driver.ask("AT+MIPTKA=0,1,120,60,5")
    for _ in range(2):
        assert request(driver, '0,"TCP","h",80,30,0,50000').keep_alive == KeepAlive(120, 60, 5)
        driver.ask("AT+MIPCLOSE=0")
    asked = request(driver, '0,"TCP","h",80')
    assert (asked.timeout, asked.local_port) == (60, 0), "parameters of MIPOPEN hold for one connection"


def test_the_longest_address() -> None:
    driver = Driver("ML307R").boot()
    assert request(driver, f'0,"TCP","{"a" * 255}",80').host == "a" * 255
    assert driver.answer(f'AT+MIPOPEN=1,"TCP","{"a" * 256}",80') == ["+CME ERROR: 50"]


def test_an_address_is_printed_as_it_was_given_whatever_bytes_it_has() -> None:
    driver = Driver("ML307R").boot()
    driver.type(b'AT+MIPOPEN=0,"TCP","\xe4\xbe\x8b\xff",80\r')
    driver.take()
    assert driver.ask("AT+MIPSTATE=0") == (b'\r\n+MIPSTATE: 0,"TCP","\xe4\xbe\x8b\xff",80,"CONNECTED"\r\n\r\nOK\r\n')


@pytest.mark.parametrize(
    ("given", "means"), [("60000", 60), ("0", 60), ("50000", 60), ("180", 180), ("1", 1), ("", 60)]
)
def test_a_profile_may_ignore_a_timeout_out_of_range(tmp_path: Path, given: str, means: int) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        'extends = "models/ml307r.toml"\nsource = "a test"\n'
        '[commands.MIPOPEN]\nparams.timeout = { out_of_range = "ignore" }\n'
    )
    driver = Driver(load_model_file(file)).boot()
    assert request(driver, f'0,"TCP","h",80,{given}').timeout == means
    assert driver.answer('AT+MIPOPEN=1,"TCP","h",80,x') == ["+CME ERROR: 50"]


@pytest.mark.parametrize("series", [*NB, *CAT1])
def test_the_result_never_comes_before_ok(series: str) -> None:
    driver = Driver(series).boot()
    assert driver.answer('AT+MIPOPEN=0,"TCP","h",80') == ["OK", "+MIPOPEN: 0,0"]
