"""PDP contexts and calls: whatever is asked of them in whatever order, what holds of them holds."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, ip_network
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onemo.families.sockets.connections import Connections
from onemo.modem.contexts import Contexts
from onemo.net.interface import AddressFamily
from onemo.runtime.models import load_model_file

from tests.support.driver import Driver
from tests.support.models import CAT1, SERIES

CIDS = range(1, 6)
FIRST_BEARER = 5


def lines(cid: int) -> list[str]:
    return [
        f'AT+CGDCONT={cid},"IP"',
        f'AT+CGDCONT={cid},"IPV6"',
        f"AT+CGDCONT={cid}",
        f"AT+CGACT=1,{cid}",
        f"AT+CGACT=0,{cid}",
        f"AT+MIPCALL=1,{cid}",
        f"AT+MIPCALL=0,{cid}",
        f'AT+MIPCFG="cid",{cid % 3},{cid}',
        f'AT+MIPOPEN={cid % 3},"UDP","h",80',
        f"AT+MIPCLOSE={cid % 3}",
    ]


LINES = [line for cid in CIDS for line in lines(cid)]
EVENTS = [
    "AT+CGATT=0",
    "AT+CGATT=1",
    "AT+CFUN=0",
    "AT+CFUN=1",
    "AT+CGACT=0",
    "AT+CGACT=1",
    "AT+MREBOOT",
    'AT+MUECONFIG="autoconn",0',
    'AT+MUECONFIG="autoconn",1',
    "drop",
    "wait",
]


@settings(max_examples=40, deadline=None)
@given(
    model=st.sampled_from(["ML307R", "ML305U", "MN316", "MN318"]),
    steps=st.lists(st.sampled_from(LINES + EVENTS), max_size=30),
)
def test_what_holds_in_any_order(model: str, steps: list[str]) -> None:
    driver = Driver(model).boot()
    for step in steps:
        if step == "drop":
            driver.world.drop_context(1)
        elif step == "wait":
            driver.wait(10)
        else:
            driver.ask(step)
            driver.wait(1)
        contexts = driver.modem.contexts
        assert set(contexts.active) <= set(contexts.defined), step
        assert contexts.calls <= set(contexts.active), step
        assert not contexts.active or contexts.attached, step
        bearers = [active.bearer for active in contexts.active.values()]
        assert sorted(bearers) == sorted(set(bearers)), step
        assert all(bearer >= FIRST_BEARER for bearer in bearers)
        for instance in driver.modem.part(Connections):
            if instance.connect_id in driver.world.peers:
                assert contexts.refusal(instance.cid) is None, (step, instance)


def contexts_of(driver: Driver) -> Contexts:
    return driver.modem.contexts


def address_of(driver: Driver, cid: int) -> str:
    """The address of the only context that is active."""
    driver.ask("AT+CGACT=0")
    driver.ask(f"AT+CGACT=1,{cid}")
    (active,) = contexts_of(driver).active.values()
    return active.ipv4


@pytest.mark.parametrize("series", SERIES)
def test_made_up_addresses(series: str) -> None:
    driver = Driver(series)
    driver.world.host_has("none", "none")
    driver.boot()
    for cid in CIDS[1:]:
        driver.ask(f'AT+CGDCONT={cid},"IP"')
    if driver.modem.profile.contexts.most_active >= len(CIDS):
        driver.ask("AT+CGACT=1")
        addresses = [active.ipv4 for active in contexts_of(driver).active.values()]
    else:  # one at a time
        addresses = [address_of(driver, cid) for cid in CIDS]
    assert len(set(addresses)) == len(addresses) == len(CIDS)
    for address in addresses:
        assert IPv4Address(address) in ip_network("10.0.0.0/8")
        assert not set(address.split(".")[1:]) & {"0", "255"}


@pytest.mark.parametrize(
    ("kind", "families"),
    [
        ("IP", [AddressFamily.IPV4]),
        ("IPV6", [AddressFamily.IPV6]),
        ("IPV4V6", [AddressFamily.IPV4, AddressFamily.IPV6]),
    ],
)
def test_the_families_that_a_context_carries(kind: str, families: list[AddressFamily]) -> None:
    driver = Driver("ML305U")
    driver.world.host_has("10.1.2.3", "2001:db8::1")
    driver.boot()
    driver.ask(f'AT+CGDCONT=2,"{kind}"')
    driver.ask("AT+MIPCALL=1,2")
    assert [family for family in AddressFamily if contexts_of(driver).carries(2, family)] == families
    driver.ask('AT+MIPCFG="cid",0,2')
    driver.ask('AT+MIPOPEN=0,"UDP","h",80')
    assert set(driver.world.requests[-1].names.families) == set(families)


def without_coverage(driver: Driver) -> None:
    driver.report(driver.modem.radio.lose_coverage)


def switched_off(driver: Driver) -> None:
    driver.ask("AT+CFUN=4")


@pytest.mark.parametrize(("end", "event"), [(without_coverage, "NW DETACH"), (switched_off, "ME DETACH")])
@pytest.mark.parametrize("series", CAT1)
def test_the_end_of_the_network_ends_all(series: str, end: Callable[[Driver], None], event: str) -> None:
    driver = Driver(series).boot()
    driver.ask("AT+CGEREP=1")
    driver.ask('AT+MIPOPEN=0,"TCP","h",80')
    end(driver)
    told = driver.take().decode()
    driver.wait(1)
    assert driver.modem.part(Connections)[0].state.name == "INITIAL"
    assert not contexts_of(driver).active
    assert not contexts_of(driver).calls
    if told:  # CFUN's is with its answer
        assert f"+CGEV: {event}" in told
        assert told.count("+MIPCALL: 1,0") == told.count('"disconn",0,3') == 1


def test_a_stored_definition_that_does_not_fit_is_refused() -> None:
    good = Driver("ML307G").boot()
    good.ask('AT+CGDCONT=2,"IP","two"')
    good.ask('AT+CGAUTH=2,1,"u","p"')
    stored = {name: dict(good.world.answers.stored[name]) for name in ("CGDCONT", "CGAUTH")}  # type: ignore[call-overload]
    assert Driver("ML307G").modem.restore(stored) == []
    two = stored["CGDCONT"]["2"]
    bad: list[object] = [
        {**two, "cid": 6},
        {**two, "cid": 1},
        {**two, "pdp_type": "X.25"},
        {**two, "apn": 'a"b'},
        {**two, "apn": "中国"},
        {**two, "d_comp": "0"},
        {**two, "other": 0},
        {},
        [],
        None,
    ]
    for entry in bad:
        modem = Driver("ML307G").modem
        assert modem.restore({"CGDCONT": {"1": stored["CGDCONT"]["1"], "2": entry}}) == ["CGDCONT.2"], entry
        assert sorted(modem.contexts.defined) == [1]
    assert Driver("ML307G").modem.restore({"CGDCONT": 5}) == ["CGDCONT"]


def test_the_last_context_can_be_made_to_stay(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('extends = "models/ml307r.toml"\nsource = "a test"\n[contexts]\nlast_context = "stays"\n')
    driver = Driver(load_model_file(file)).boot()
    assert driver.answer("AT+CGACT=0,1") == ["+CME ERROR: 3"]
    assert driver.answer("AT+CGACT=0") == ["+CME ERROR: 3"]
    assert driver.answer("AT+CGACT?") == ["+CGACT: 1,1", "OK"]
