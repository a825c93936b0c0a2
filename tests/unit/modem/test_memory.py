"""The memory that outlives a boot cycle, as plain values, and the fate of values that somebody else wrote."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onemo.modem.modem import Modem
from onemo.runtime.models import Model, load_model_file

from tests.support.driver import Driver, model_named
from tests.support.models import CAT1, NB, SERIES

EVERYTHING = {
    "MDNSCFG.ip": {"address1": "1.1.1.1", "address2": ""},
    "MDNSCFG.ipv6": {"address1": "", "address2": "2001:db8::1"},
    "MDNSCFG.priority": {"priority": 0},
    "MDNSCFG.timeout": {"time": 7, "retries": 8},
}
COMMANDS = [
    'AT+MDNSCFG="ip","1.1.1.1"',
    'AT+MDNSCFG="ipv6",,"2001:db8::1"',
    'AT+MDNSCFG="priority",0',
    'AT+MDNSCFG="timeout",7,8',
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def keeping(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A model of somebody's own, which keeps a setting of each connect_id."""
    file = tmp_path_factory.mktemp("profiles") / "mine.toml"
    file.write_text('extends = "models/ml307r.toml"\nsource = "a test"\n[commands.MIPTKA]\nnv = true\n')
    return load_model_file(file)


def restored(model: str | Model, stored: Mapping[str, object]) -> tuple[list[str], Mapping[str, object]]:
    """Restore values, and return those that were refused, and those that are there then."""
    modem = Modem(model_named(model) if isinstance(model, str) else model)
    refused = modem.restore(stored)
    return refused, modem.memory.snapshot()


@pytest.mark.parametrize("series", NB)
def test_everything_comes_back(series: str) -> None:
    driver = Driver(series).boot()
    for command in COMMANDS:
        assert driver.answer(command) == ["OK"]
    stored = driver.world.answers.stored
    assert stored == EVERYTHING
    assert stored == driver.modem.memory.snapshot()
    assert restored(series, json.loads(json.dumps(stored))) == ([], stored)


def test_it_holds_from_the_start_and_after_a_restart() -> None:
    driver = Driver("MN316")
    assert driver.modem.restore(EVERYTHING) == []
    driver.boot()
    assert driver.answer('AT+MDNSCFG="timeout"') == ['+MDNSCFG: "timeout",7,8', "OK"]
    driver.ask("AT+MREBOOT")
    driver.wait(1)
    driver.ask("ATE0")
    assert driver.answer('AT+MDNSCFG="ip"') == ['+MDNSCFG: "ip","1.1.1.1","114.114.114.114"', "OK"]
    driver.ask('AT+MDNSCFG="priority",1')
    assert driver.world.answers.stored == {**EVERYTHING, "MDNSCFG.priority": {"priority": 1}}


def test_only_what_was_set_is_written_down() -> None:
    driver = Driver("MN316").boot()
    driver.ask('AT+MDNSCFG="priority",1')
    assert driver.world.answers.stored == {"MDNSCFG.priority": {"priority": 1}}


@pytest.mark.parametrize("series", [series for series in CAT1 if series not in ("ML307X", "MR880A")])
def test_some_keep_nothing(series: str) -> None:
    driver = Driver(series).boot()
    for command in COMMANDS:
        driver.ask(command)
    assert driver.world.answers.stored == driver.modem.memory.snapshot() == {}
    assert restored(series, EVERYTHING) == (list(EVERYTHING), {})


def test_what_fits_is_taken_where_the_rest_does_not() -> None:
    stored = {**EVERYTHING, "MDNSCFG.priority": {"priority": 2}, "MIPTKA": {"0": {}}, "": {}}
    refused, there = restored("MN316", stored)
    assert refused == ["MDNSCFG.priority", "MIPTKA", ""]
    assert there == {name: record for name, record in EVERYTHING.items() if name != "MDNSCFG.priority"}


@pytest.mark.parametrize(
    ("name", "record"),
    [
        ("MDNSCFG.priority", {"priority": -1}),
        ("MDNSCFG.priority", {"priority": "0"}),
        ("MDNSCFG.priority", {"priority": True}),
        ("MDNSCFG.priority", {"priority": 1.0}),
        ("MDNSCFG.priority", {"priority": None}),
        ("MDNSCFG.priority", {}),
        ("MDNSCFG.priority", {"priority": 1, "more": 1}),
        ("MDNSCFG.priority", []),
        ("MDNSCFG.priority", 1),
        ("MDNSCFG.priority", None),
        ("MDNSCFG.timeout", {"time": 7}),
        ("MDNSCFG.timeout", {"time": 61, "retries": 1}),
        ("MDNSCFG.timeout", {"time": 7, "retries": 0}),
        ("MDNSCFG.timeout", {"time": 7, "retries": 10**400}),
        ("MDNSCFG.ip", {"address1": "1.1.1.1"}),
        ("MDNSCFG.ip", {"address1": 1, "address2": ""}),
        ("MDNSCFG.ip", {"address1": "dns.example", "address2": ""}),
        ("MDNSCFG.ip", {"address1": "", "address2": "2001:db8::1"}),
        ("MDNSCFG.ip", {"address1": "1.1.1.1\r\nOK", "address2": ""}),
        ("MDNSCFG.ip", {"address1": "\u0661.1.1.1", "address2": ""}),
        ("MDNSCFG.ipv6", {"address1": "1.1.1.1", "address2": ""}),
        ("MDNSCFG.ipv6", {"address1": "fe80::1%eth0", "address2": ""}),
        ("MDNSCFG.cached", {"cached_mode": 2, "cached_period": 3600}),
        ("MDNSCFG", {"ip": {}}),
        ("mdnscfg.priority", {"priority": 1}),
    ],
)
def test_what_does_not_fit(name: str, record: object) -> None:
    assert restored("MN316", {name: record}) == ([name], {})


@given(st.sampled_from(SERIES), st.dictionaries(st.sampled_from([*EVERYTHING, "MIPTKA", "x"]), JSON))
def test_nothing_raises(series: str, stored: dict[str, object]) -> None:
    refused, there = restored(series, stored)
    assert set(refused) <= set(stored)
    assert restored(series, there) == ([], there)


@given(
    st.fixed_dictionaries(
        {
            "address1": st.just("") | st.ip_addresses(v=4).map(str) | st.text(max_size=20),
            "address2": st.just("") | st.ip_addresses(v=6).map(str) | st.text(max_size=20),
        }
    ),
    st.sampled_from(["ip", "ipv6"]),
)
def test_the_memory_takes_what_the_command_takes(record: dict[str, str], key: str) -> None:
    driver = Driver("MN316")
    refused = driver.modem.restore({f"MDNSCFG.{key}": record})
    assert refused in ([], [f"MDNSCFG.{key}"])
    driver.boot()
    if refused == []:
        line = f'AT+MDNSCFG="{key}","{record["address1"]}","{record["address2"]}"'
        assert driver.answer(line) == ["OK"]
    assert driver.answer(f'AT+MDNSCFG="{key}"')[1:] == ["OK"]
    assert driver.answer('AT+MDNSGIP="h"') == ["OK", '+MDNSGIP: "h"']


def test_memories_that_do_not_know_each_other() -> None:
    first, second = Modem(model_named("MN316")), Modem(model_named("MN316"))
    first.restore(EVERYTHING)
    assert second.memory.snapshot() == {}


# A full memory.


def test_a_full_memory_keeps_what_it_has() -> None:
    driver = Driver("MN316").boot()
    driver.ask('AT+MDNSCFG="ip","1.1.1.1"')
    driver.world.answers.full = True
    assert driver.answer('AT+MDNSCFG="ip","2.2.2.2"') == ["+CME ERROR: 20"]
    assert driver.modem.memory.snapshot() == {"MDNSCFG.ip": {"address1": "1.1.1.1", "address2": ""}}
    driver.world.answers.full = False
    driver.ask('AT+MDNSCFG="priority",0')
    assert driver.world.answers.stored["MDNSCFG.ip"] == {"address1": "1.1.1.1", "address2": ""}


# Settings of each connect_id, which no model of the manual keeps.


def test_settings_of_each_connect_id(keeping: Model) -> None:
    driver = Driver(keeping).boot()
    for line in ("AT+MIPTKA=5,1", "AT+MIPTKA=0,1,120,60,5"):
        assert driver.answer(line) == ["OK"]
    stored = driver.world.answers.stored
    first = {"connect_id": 0, "keepalive": 1, "keepidle": 120, "keepinterval": 60, "keepcount": 5}
    assert isinstance(stored["MIPTKA"], dict)
    assert stored["MIPTKA"]["0"] == first
    assert list(stored["MIPTKA"]) == ["0", "5"]
    assert restored(keeping, json.loads(json.dumps(stored))) == ([], stored)


@pytest.mark.parametrize("index", ["6", "-1", "00", "", "x", "²", "٣", "9" * 5000, "1.0", " 1"])
def test_connect_ids_that_there_are_not(keeping: Model, index: str) -> None:
    record = {"connect_id": 0, "keepalive": 1, "keepidle": 120, "keepinterval": 60, "keepcount": 5}
    assert restored(keeping, {"MIPTKA": {index: record}}) == ([f"MIPTKA.{index}"], {})


@pytest.mark.parametrize("connect_id", [1, True, "0", None])
def test_a_record_at_another_place(keeping: Model, connect_id: object) -> None:
    record = {"connect_id": connect_id, "keepalive": 1, "keepidle": 120, "keepinterval": 60, "keepcount": 5}
    assert restored(keeping, {"MIPTKA": {"0": record}}) == (["MIPTKA.0"], {})


def test_a_restart_keeps_them(keeping: Model, tmp_path: Path) -> None:
    driver = Driver(keeping).boot()
    driver.ask("AT+MIPTKA=3,1,120,60,5")
    driver.ask("AT+MREBOOT")
    driver.wait(1)
    driver.ask("ATE0")
    assert driver.answer("AT+MIPTKA=3") == ["+MIPTKA: 3,1,120,60,5", "OK"]
    assert driver.answer("AT+MIPTKA=2") == ["+MIPTKA: 2,0", "OK"]


def test_what_was_never_set_is_not_kept_after_all_when_the_memory_is_full() -> None:
    driver = Driver("MN316").boot()
    driver.world.answers.full = True
    assert driver.answer('AT+MDNSCFG="priority",0') == ["+CME ERROR: 20"]
    assert driver.modem.memory.snapshot() == {}
