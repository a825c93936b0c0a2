"""What outlives a process of a module's firmware."""

from __future__ import annotations

import pytest
from onemo.modem.firmware import Fetched, FirmwareMemory, UpgradeOrder
from onemo.modem.memory import FIRMWARE
from onemo.modem.part import Part

from tests.support.driver import Driver


def test_it_is_taken_up_again() -> None:
    firmware = FirmwareMemory(Part)
    assert firmware.snapshot() is None
    firmware.upgrade("OLD", "NEW")
    firmware.fetched = Fetched(2, 10, 10, "http://h/")
    firmware.order = UpgradeOrder(mini=True, revision="NEW", percent=48)
    again = FirmwareMemory(Part)
    assert again.restore(firmware.snapshot()) == []
    assert (again.fetched, again.order) == (firmware.fetched, firmware.order)
    assert (again.revision("OLD"), again.revision("OTHER")) == ("NEW", "OTHER")
    again.clear()
    assert again.snapshot() is None


@pytest.mark.parametrize(
    ("entry", "refused"),
    [
        ([], [""]),
        ({"more": {}}, ["more"]),
        ({"upgraded": {"made": "OLD"}}, ["upgraded"]),
        ({"upgraded": {"made": "OLD", "revision": 1}}, ["upgraded"]),
        ({"upgraded": {"made": "OLD", "revision": "N\r\n"}}, ["upgraded"]),
        ({"fetched": {"state": True, "total": 1, "done": 1, "url": ""}}, ["fetched"]),
        ({"fetched": {"state": 9, "total": 1, "done": 1, "url": ""}}, ["fetched"]),
        ({"order": {"mini": False, "revision": "", "percent": 0, "failure": "x", "at": 0}}, ["order"]),
        ({"order": {"mini": True, "revision": "N", "percent": 500, "failure": "", "at": 0}}, ["order"]),
    ],
)
def test_what_does_not_fit_is_left(entry: object, refused: list[str]) -> None:
    driver = Driver("ML307R")
    assert driver.modem.restore({FIRMWARE: entry}) == [f"{FIRMWARE}.{each}" if each else FIRMWARE for each in refused]
    assert driver.boot().answer("AT+CGMR") == ["ML307R-DC-MBRH0S01", "OK"]
