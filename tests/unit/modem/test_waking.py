"""Families that have to be there from a boot on, because of what the NV holds."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from onemo.at.family import Family, FamilyDefinition
from onemo.at.registry import bind, definition
from onemo.families import FAMILIES
from onemo.modem.part import Part
from onemo.profile.loader import find, load_part
from onemo.runtime.models import Model

from tests.support.driver import Driver
from tests.support.lazy import CORE

WAKING = Family("waking", "Waking", "waking", (), wakes=lambda stored: "CGDCONT" in stored)
STORED: dict[str, object] = {"CGDCONT": {}}


class Alarm(Part):
    """Tells what time it is, five seconds after the boot."""

    def __init__(self, device: Any) -> None:
        super().__init__(device)
        self.deadline = device.now + 5.0

    def on_deadline(self, now: float) -> None:
        self.deadline = math.inf
        self._device.notify(b"+WOKEN")


@pytest.fixture(autouse=True)
def module(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The family's module is there to be imported."""
    monkeypatch.setitem(sys.modules, "waking", SimpleNamespace(DEFINITION=FamilyDefinition((), part=Alarm)))
    yield
    definition.cache_clear()


def model() -> Model:
    """An MN316 that has the family besides, and nothing bound but its core."""
    return bind((*FAMILIES, WAKING), load_part(*find("MN316"), CORE))


def test_nothing_in_the_nv_wakes_nothing() -> None:
    driver = Driver(model()).boot()
    driver.wait(10.0)
    assert driver.take() == b""
    assert driver.model.binder.bound.keys() == set(CORE)


def test_it_is_there_after_every_boot() -> None:
    driver = Driver(model())
    assert driver.modem.restore(STORED) == []
    assert "waking" not in driver.model.binder.bound
    driver.boot()
    assert driver.model.binder.bound.keys() == {*CORE, "waking"}
    driver.wait(5.0)
    assert driver.take() == b"\r\n+WOKEN\r\n"
    driver.ask("AT+MREBOOT")
    driver.wait(6.0)
    assert driver.take().endswith(b"\r\n+WOKEN\r\n")


def test_what_was_kept_in_an_earlier_cycle_wakes_it() -> None:
    driver = Driver(model()).boot()
    driver.ask('AT+CGDCONT=2,"IP","x"')
    driver.wait(10.0)
    assert driver.take() == b""
    driver.ask("AT+MREBOOT")
    driver.wait(6.0)
    assert driver.take().endswith(b"\r\n+WOKEN\r\n")


def test_it_is_there_for_every_module_of_the_model() -> None:
    """Which of them bound it makes no difference."""
    shared = model()
    Driver(shared).boot()
    for _ in range(2):
        driver = Driver(shared)
        driver.modem.restore(STORED)
        driver.boot().wait(5.0)
        assert driver.take() == b"\r\n+WOKEN\r\n"
