"""The state that the control tells."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from onemo.control.journal import Journal
from onemo.control.state import state
from onemo.runtime.lab import RunningModule
from onemo.runtime.models import Model
from onemo.runtime.spec import Spec

from tests.support.driver import Driver, model_named
from tests.support.lazy import lazy


def told(model: Model, *asked: str) -> dict[str, Any]:
    """The state of a module that has booted, and was asked this."""
    running = RunningModule(Spec(model.profile.series), model)
    line: Any = SimpleNamespace(port="/dev/pts/0")
    driver = Driver(model).boot()
    for typed in asked:
        driver.ask(typed)
    module: Any = SimpleNamespace(modem=driver.modem, extension=None)
    network: Any = SimpleNamespace(sandbox=None)
    running.lines, running.module, running.network, running.built = [line], module, network, True
    return state(running, Journal(running.name))


def test_the_settings_of_families_that_nothing_needed_yet() -> None:
    found, expected = told(lazy("ML307R")), told(model_named("ML307R"))
    assert found == expected
    assert list(found["settings"]) == list(expected["settings"])
    assert {"MIPCFG", "MIPTKA", "MSSLCFG"} <= found["settings"].keys()


def test_they_stand_in_the_order_of_the_commands() -> None:
    model = lazy("ML307R")
    model.has("MSSLCFG")
    names = list(told(model)["settings"])
    assert names == sorted(names, key=model.names().index)


def test_no_password_is_among_the_settings() -> None:
    set_up = ('AT+MFWCFG="auth","me","sesame"', 'AT+MLBSCFG="apikey","sesame"', 'AT+MLBSCFG="signkey","sesame"')
    found = told(model_named("ML307R"), *set_up)["settings"]
    assert found["MFWCFG"]["auth"] == {"user": "me", "password": "********"}
    assert (found["MLBSCFG"]["apikey"]["apikey"], found["MLBSCFG"]["signkey"]["signkey"]) == ("********", "********")
    assert "sesame" not in str(found)
    assert told(model_named("ML307R"))["settings"]["MFWCFG"]["auth"] == {"user": "", "password": ""}
