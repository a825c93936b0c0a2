"""A family that stands in its own folder alone: it is there wherever families are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from onemo import families
from onemo.at.registry import definition
from onemo.control.journal import Journal
from onemo.control.state import state
from onemo.profile.loader import find
from onemo.runtime import models
from onemo.runtime.lab import RunningModule
from onemo.runtime.spec import Spec

from scripts import command_table
from tests.support.demo.installed import DEMO, FOLDER, installed
from tests.support.driver import Driver
from tests.support.lazy import CORE, SUB_MODELS
from tests.support.transcript import Case, read, run
from tests.unit.cli.conftest import Typed, typed

__all__ = ["typed"]
TRANSCRIPTS = [read(path, FOLDER) for path in sorted((FOLDER / "transcripts").glob("*.at"))]


@pytest.fixture(autouse=True)
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The family is in the list, and its file among the profiles."""
    with installed(tmp_path_factory.mktemp("package")):
        yield


def lazy(name: str) -> models.Model:
    """The model as ``run`` has it."""
    return models.load_model.__wrapped__(name)


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda each: Path(each.name).stem)
def test_it_runs(transcript: Case) -> None:
    for name in transcript.models:
        run(transcript, models.load_model(name))


# Laziness.


@pytest.mark.parametrize("name", SUB_MODELS)
def test_it_binds_on_every_model(name: str) -> None:
    whole = models.bind_profile(models.inspect(*find(name)))
    model = lazy(name)
    assert "demo" not in model.binder.bound
    assert all(model.has(command) for command in DEMO.commands)
    assert model.binder.bound.keys() == {*CORE, "demo"}
    demo = definition(DEMO)
    assert {code: model.errors[code] for code in demo.errors} == {code: whole.errors[code] for code in demo.errors}
    for table in demo.tables:
        assert model.profile.table(table) == whole.profile.table(table)
    assert {slot.nv_name for slot in model.kept if slot.command in DEMO.commands} == {
        "MDEMOCFG.prefix", "MDEMOCFG.patience", "MDEMOCFG.colour",
    }  # fmt: skip


def test_the_nv_brings_it_at_the_start() -> None:
    first = Driver(lazy("ML307R")).boot()
    first.ask('AT+MDEMOCREATE="a"')
    first.ask('AT+MDEMOCFG="colour",0,3')
    stored = json.loads(json.dumps(first.world.answers.stored))
    assert stored == {"MDEMOCFG.colour": {"0": {"demoid": 0, "colour": 3}}, "demo": {"0": "a"}}
    second = Driver(lazy("ML307R"))
    assert second.modem.restore(stored) == []
    assert second.modem.memory.snapshot() == stored
    second.power_on()
    second.wait(1.0)
    assert "demo" in second.model.binder.bound
    assert b"\r\n+MDEMOREADY: 1\r\n" in second.ask("ATE0"), "it comes after the banner, which waits for the DTE"
    assert second.answer('AT+MDEMOCFG="colour"') == ['+MDEMOCFG: "colour",0,3', "OK"]


def test_what_the_nv_may_not_hold() -> None:
    modem = Driver(lazy("ML307R")).modem
    assert modem.restore({"demo": {"0": "a", "4": "b", "x": "c", "1": 2}, "MDEMOCFG.colour": {"9": {}}}) == [
        "demo.4", "demo.x", "demo.1", "MDEMOCFG.colour.9",
    ]  # fmt: skip
    assert modem.memory.snapshot() == {"demo": {"0": "a"}}


# Where families are told of.


def told(driver: Driver) -> dict[str, Any]:
    """What the control tells of the module."""
    running = RunningModule(Spec("ML307R"), driver.model)
    line: Any = SimpleNamespace(port="/dev/pts/0")
    module: Any = SimpleNamespace(modem=driver.modem, extension=None)
    network: Any = SimpleNamespace(sandbox=None)
    running.lines, running.module, running.network, running.built = [line], module, network, True
    return state(running, Journal(running.name))


def test_the_state_that_the_control_tells() -> None:
    driver = Driver(lazy("ML307R")).boot()
    assert told(driver)["demo_clients"] == ()
    assert told(driver)["settings"]["MDEMOCFG"] == {
        "prefix": {n: {"prefix": ""} for n in range(4)},
        "patience": {n: {"seconds": 0} for n in range(4)},
        "colour": {n: {"colour": 7} for n in range(4)},
    }
    driver.ask('AT+MDEMOCREATE="a"')
    driver.ask('AT+MDEMOOPEN=0,"h",80')
    driver.ask('AT+MDEMOSEND=0,,"abc"')
    (client,) = told(driver)["demo_clients"]
    assert client == (0, "a", "connected", 3, 0)
    driver.ask("AT+MREBOOT")
    driver.wait(1.0)
    (client,) = told(driver)["demo_clients"]
    assert client == (0, "a", "unused", 0, 0)


def test_clac_lists_it_last() -> None:
    listed = Driver(lazy("ML307G")).boot().ask("AT+CLAC").decode().split()
    assert listed[-len(DEMO.commands) - 1 :] == [*(f"AT+{name}" for name in DEMO.commands), "OK"]


def test_show(typed: Typed) -> None:
    page = typed("show", "ML307R").out
    assert all(f"AT+{name}" in page for name in DEMO.commands)
    assert "DEMO: sizes, times, and the result of an open" in page
    command = typed("show", "ML307R", "at+mdemocfg").out
    assert 'AT+MDEMOCFG="colour",<demoid>                reads it, of one <demoid>' in command
    assert "demo.toml" in command
    assert "901 client not connected" in typed("show", "ML307R", "MDEMOSEND").out
    assert "demo clients 0-3" in typed("models", "--compare").out


def test_a_mistake_in_a_users_section_is_told_at_once(typed: Typed, tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(
        'extends = "models/ml307r.toml"\nsource = "x"\nseries = "OWN"\n[demo]\npiece = 0\n'
        "[commands.MDEMOOPEN]\nparams.port = { range = '9-1' }\n[cms.demo_odd]\nnumber = 1\ntext = 'x'\n"
    )
    for printed in (typed("check-profile", str(file)).out, typed("run", "own", "--profiles", str(tmp_path)).err):
        for key in ("demo.piece", "commands.MDEMOOPEN.params.port", "cms.demo_odd"):
            assert f"own.toml: {key}" in printed


def test_the_table_of_coverage() -> None:
    page = command_table.page()
    title, *rows = page[page.index("## Demonstration") :].splitlines()
    assert title == f"## {DEMO.title}"
    text = "\n".join(rows)
    assert all(f"`AT+{name}`" in text for name in DEMO.commands)
    assert '- `AT+MDEMOCFG="colour"` is inert: nobody sees it.' in rows
    assert "- `AT+MDEMOSEND`: what the peer does not take is told by a URC." in rows


def test_the_list_is_the_same_everywhere() -> None:
    assert families.FAMILIES[-1] is DEMO
    assert vars(models)["FAMILIES"] is vars(command_table)["FAMILIES"] is families.FAMILIES
