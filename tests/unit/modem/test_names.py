"""The policy by which names are resolved, from the user, the network and the profile (manual 3.10)."""

from __future__ import annotations

from pathlib import Path

import pytest
from onemo.modem.names import Servers, name_policy, require_addresses, servers_in_force, shown_address
from onemo.net.interface import AddressFamily, NamePolicy
from onemo.runtime.models import load_model_file

from tests.support.driver import Driver
from tests.support.models import CAT1, NB, SERIES

V4, V6 = AddressFamily.IPV4, AddressFamily.IPV6
DEFAULT_4 = ("119.29.29.29", "114.114.114.114")
DEFAULT_6 = ("2400:3200::1", "2001:4860:4860::8888")


def policy(driver: Driver, *commands: str) -> NamePolicy:
    for command in commands:
        assert driver.answer(command) == ["OK"], command
    return name_policy(driver.modem)


def with_imsi(tmp_path: Path, series: str, imsi: str) -> Driver:
    """A module with another SIM card."""
    file = tmp_path / "mine.toml"
    file.write_text(
        f'extends = "models/{series.lower()}.toml"\nsource = "a test"\n[identity]\nsource = "a test"\nimsi = "{imsi}"\n'
    )
    return Driver(load_model_file(file)).boot()


# Servers.


@pytest.mark.parametrize("series", SERIES)
def test_the_defaults(series: str) -> None:
    asked = policy(Driver(series).boot())
    assert asked.ipv4 == DEFAULT_4
    assert asked.ipv6 == DEFAULT_6
    assert asked.families == (V6, V4)
    assert asked.requests == (1 if series == "MR880A" else 3)
    assert asked.timeout == (30 if series in NB else 10)
    assert asked.cache == (None if series in (*NB, "ML307G", "ML307X") else 3600)


@pytest.mark.parametrize(
    ("network", "ipv4", "ipv6"),
    [
        (("9.9.9.9",), ("9.9.9.9",), ("9.9.9.9",)),
        (("2620:fe::fe",), ("2620:fe::fe",), ("2620:fe::fe",)),
        (("2620:fe::fe", "9.9.9.9", "1.1.1.1"), ("9.9.9.9", "1.1.1.1"), ("2620:fe::fe",)),
        (("127.0.0.53",), ("127.0.0.53",), ("127.0.0.53",)),
        (("fe80::1%2",), ("fe80::1%2",), ("fe80::1%2",)),
    ],
)  # fmt: skip
def test_the_networks_before_the_defaults(
    network: tuple[str, ...], ipv4: tuple[str, ...], ipv6: tuple[str, ...]
) -> None:
    driver = Driver("ML307R").boot()
    driver.modem.name_servers = network
    asked = policy(driver)
    assert (asked.ipv4, asked.ipv6) == (ipv4, ipv6)


@pytest.mark.parametrize("network", [(), ("9.9.9.9", "2620:fe::fe")])
@pytest.mark.parametrize(
    ("commands", "ipv4", "ipv6"),
    [
        (['AT+MDNSCFG="ip","1.1.1.1"'], ["1.1.1.1"], ["1.1.1.1"]),
        (['AT+MDNSCFG="ip",,"1.1.1.1"'], ["1.1.1.1"], ["1.1.1.1"]),
        (['AT+MDNSCFG="ip","1.1.1.1","2.2.2.2"'], ["1.1.1.1", "2.2.2.2"], ["1.1.1.1", "2.2.2.2"]),
        (['AT+MDNSCFG="ipv6","2001:db8::1"'], ["2001:db8::1"], ["2001:db8::1"]),
        (['AT+MDNSCFG="ip","1.1.1.1"', 'AT+MDNSCFG="ipv6",,"2001:db8::2"'],
         ["1.1.1.1"], ["2001:db8::2"]),
        (['AT+MDNSCFG="ip","1.1.1.1","2.2.2.2"', 'AT+MDNSCFG="ip",""'], ["2.2.2.2"], ["2.2.2.2"]),
    ],
)  # fmt: skip
def test_the_users_before_all(network: tuple[str, ...], commands: list[str], ipv4: list[str], ipv6: list[str]) -> None:
    driver = Driver("ML307R").boot()
    driver.modem.name_servers = network
    asked = policy(driver, *commands)
    assert (list(asked.ipv4), list(asked.ipv6)) == (ipv4, ipv6)


def test_what_is_read_back_place_by_place() -> None:
    driver = Driver("ML307R").boot()
    assert servers_in_force(driver.modem, V4) == DEFAULT_4
    driver.modem.name_servers = ("9.9.9.9", "2620:fe::fe")
    assert servers_in_force(driver.modem, V4) == ("9.9.9.9", DEFAULT_4[1])
    assert servers_in_force(driver.modem, V6) == ("2620:fe::fe", DEFAULT_6[1])
    driver.ask('AT+MDNSCFG="ip",,"1.1.1.1"')
    assert servers_in_force(driver.modem, V4) == ("9.9.9.9", "1.1.1.1")


# The operator's own.


@pytest.mark.parametrize("plmn", ["46003", "46005", "46011"])
@pytest.mark.parametrize("series", ["MN316", "MN318", "MN319"])
def test_an_operator_with_a_default_of_its_own(tmp_path: Path, series: str, plmn: str) -> None:
    driver = with_imsi(tmp_path, series, f"{plmn}1234567890")
    assert driver.answer('AT+MDNSCFG="ip"') == ['+MDNSCFG: "ip","218.4.4.4","114.114.114.114"', "OK"]
    assert policy(driver).ipv4 == ("218.4.4.4", "114.114.114.114")
    driver.modem.name_servers = ("9.9.9.9",)
    assert policy(driver).ipv4 == ("9.9.9.9",)


@pytest.mark.parametrize(("series", "plmn"), [("MN316", "46000"), ("MN316", "46001"), ("ML307R", "46003")])
def test_the_others_have_the_manuals(tmp_path: Path, series: str, plmn: str) -> None:
    assert policy(with_imsi(tmp_path, series, f"{plmn}1234567890")).ipv4[:2] == DEFAULT_4


# The rest.


def test_the_settings() -> None:
    asked = policy(
        Driver("ML307R").boot(),
        'AT+MDNSCFG="priority",0', 'AT+MDNSCFG="timeout",7,8', 'AT+MDNSCFG="cached",0,60',
    )  # fmt: skip
    assert asked == NamePolicy((V4, V6), DEFAULT_4, DEFAULT_6, 7, 8, 60)


@pytest.mark.parametrize("series", [series for series in CAT1 if series != "ML307X"])
def test_the_cache_is_used_with_mode_0(series: str) -> None:
    driver = Driver(series).boot()
    assert policy(driver, 'AT+MDNSCFG="cached",1').cache is None
    assert policy(driver, 'AT+MDNSCFG="cached",0').cache == 3600


@pytest.mark.parametrize("series", SERIES)
def test_everything_that_resolves_a_name_does_so(series: str) -> None:
    driver = Driver(series).boot()
    wanted = policy(driver, 'AT+MDNSCFG="priority",0', 'AT+MDNSCFG="ip","1.1.1.1"', 'AT+MDNSCFG="timeout",5')
    servers = DEFAULT_4 if series == "MR880A" else ("1.1.1.1",)  # which takes no notice of them
    assert (wanted.families, wanted.ipv4, wanted.timeout) == ((V4, V6), servers, 5)
    for command in ('AT+MIPOPEN=0,"TCP","h",80', 'AT+MDNSGIP="h"', 'AT+MPING="h",1,1', "AT+MNTP"):
        driver.ask(command)
    assert driver.world.requests[-1].names == wanted
    assert [asked.request.names for asked in driver.world.answers.asked] == [wanted] * 3


def test_what_was_asked_before_keeps_its_servers() -> None:
    driver = Driver("ML307R").boot()
    driver.world.answers.held.add("lookup")
    before = policy(driver, 'AT+MDNSGIP="h"')
    policy(driver, 'AT+MDNSCFG="ip","1.1.1.1"')
    (asked,) = driver.world.answers.asked
    assert asked.request.names == before


# Addresses.


def are_addresses(family: AddressFamily, servers: Servers) -> bool:
    try:
        require_addresses(family, servers)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("servers", [("", ""), ("1.1.1.1", ""), ("0.0.0.0", "255.255.255.255")])
def test_servers_of_ipv4(servers: tuple[str, str]) -> None:
    assert are_addresses(V4, Servers(*servers))
    assert are_addresses(V6, Servers(*servers)) is not any(servers)


@pytest.mark.parametrize("servers", [("2001:DB8::1", ""), ("::", "::ffff:1.2.3.4")])
def test_servers_of_ipv6(servers: tuple[str, str]) -> None:
    assert are_addresses(V6, Servers(*servers))
    assert not are_addresses(V4, Servers(*servers))


@pytest.mark.parametrize("server", ["h", "1.1.1", "fe80::1%eth0", "fe80::1%", "1.1.1.1%x", "[::1]", " ", "1.1.1.1\n"])
@pytest.mark.parametrize("family", AddressFamily)
def test_what_is_no_server(family: AddressFamily, server: str) -> None:
    assert not are_addresses(family, Servers(server, ""))
    assert not are_addresses(family, Servers("", server))


@pytest.mark.parametrize(
    ("address", "shown"),
    [("192.0.2.1", "192.0.2.1"), ("2001:0db8:0:0::a", "2001:DB8::A"), ("::", "::")],
)
def test_how_addresses_are_shown(address: str, shown: str) -> None:
    assert shown_address(address) == shown
