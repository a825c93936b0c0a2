"""Every name has an address, the same on every machine."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onemo.errors import NetError, NetFailure
from onemo.net.interface import AddressFamily
from onemo.net.sandbox import Sandbox, SandboxConfig
from onemo.net.sandbox.zone import NAME_SERVERS, Zone, in_sandbox

ZONE = Zone(
    {
        "both.example": ("198.18.7.7", "2001:DB8:0::7", "198.18.7.8"),
        "Four.Example.": ("192.0.2.1",),
        "gone.example": (),
        "7.2.0.192.in-addr.arpa": ("198.18.7.7",),
    }
)
LABELS = st.from_regex(r"[A-Za-z0-9_-]{1,20}", fullmatch=True)


def test_a_name_without_an_entry_has_the_same_addresses_everywhere() -> None:
    assert ZONE.addresses("www.example.com", AddressFamily.IPV4) == ["198.19.137.143"]
    assert ZONE.addresses("www.example.com", AddressFamily.IPV6) == ["2001:db8:c07e:7dc:9336:dbdc:1fc2:c287"]


def test_case_and_final_dot_make_no_difference() -> None:
    for family in AddressFamily:
        assert ZONE.addresses("WWW.Example.COM.", family) == ZONE.addresses("www.example.com", family)
        assert ZONE.addresses("BOTH.example.", family) == ZONE.addresses("both.example", family)


def test_a_name_with_an_entry_has_those_addresses_in_their_order() -> None:
    assert ZONE.addresses("both.example", AddressFamily.IPV4) == ["198.18.7.7", "198.18.7.8"]
    assert ZONE.addresses("both.example", AddressFamily.IPV6) == ["2001:db8::7"]
    assert ZONE.addresses("four.example", AddressFamily.IPV4) == ["192.0.2.1"]
    assert ZONE.addresses("four.example", AddressFamily.IPV6) == []


def test_localhost_is_the_host_unless_an_entry_says_otherwise() -> None:
    assert ZONE.addresses("LocalHost", AddressFamily.IPV4) == ["127.0.0.1"]
    assert ZONE.addresses("localhost.", AddressFamily.IPV6) == ["::1"]
    assert Zone({"localhost": ("198.18.1.1",)}).addresses("localhost", AddressFamily.IPV4) == ["198.18.1.1"]


@pytest.mark.parametrize(
    "name",
    [
        *("gone.example", "GONE.example.", "1.2.0.192.in-addr.arpa", "8.b.d.0.1.0.0.2.ip6.arpa", "ip6.arpa"),
        *(
            "",
            ".",
            "..",
            "a..b",
            ".a",
            "a b",
            "a/b",
            "\x00",
            "ä.example",
            "\u212a.example",
            "a" * 64,
            "a." * 126 + "aa",
        ),
        *("192.0.2.1", "1.2", "::1", "a\n"),
    ],
)
@pytest.mark.parametrize("family", AddressFamily)
def test_no_such_name(name: str, family: AddressFamily) -> None:
    with pytest.raises(NetError) as refusal:
        ZONE.addresses(name, family)
    assert refusal.value.failure is NetFailure.NAME


@pytest.mark.parametrize("family", AddressFamily)
@pytest.mark.parametrize("name", ["any.example", "two.example", "localhost"])
def test_names_have_addresses_in_the_families_of_the_zone_alone(name: str, family: AddressFamily) -> None:
    """The others have none; the name exists all the same, and one that does not still does not."""
    hosts = {"two.example": ("198.18.7.7", "2001:db8::7"), "gone.example": ()}
    zone = Zone(hosts, (family,))
    for each in AddressFamily:
        assert zone.addresses(name, each) == (Zone(hosts).addresses(name, each) if each is family else [])
        with pytest.raises(NetError):
            zone.addresses("gone.example", each)


def test_an_entry_makes_a_reverse_name_exist() -> None:
    assert ZONE.addresses("7.2.0.192.in-addr.arpa", AddressFamily.IPV4) == ["198.18.7.7"]
    assert ZONE.addresses("myin-addr.arpa", AddressFamily.IPV4)


@given(st.lists(LABELS, min_size=1, max_size=4).map(".".join) | st.text(max_size=80))
def test_any_name_has_one_stable_address_of_each_family_or_none(name: str) -> None:
    try:
        [four] = Zone({}).addresses(name, AddressFamily.IPV4)
        [six] = Zone({}).addresses(name, AddressFamily.IPV6)
    except NetError:
        return
    assert [four] == ZONE.addresses(name.upper(), AddressFamily.IPV4)
    assert [six] == ZONE.addresses(name.upper(), AddressFamily.IPV6)
    if name.lower().removesuffix(".") == "localhost":
        return
    assert in_sandbox(four)
    assert in_sandbox(six)
    assert isinstance(ip_address(four), IPv4Address)
    assert isinstance(ip_address(six), IPv6Address)
    assert not four.startswith("198.18.0.")
    assert IPv4Address(four).packed[-1] not in (0, 255)
    assert six not in NAME_SERVERS


@pytest.mark.parametrize("digest", [bytes(32), b"\xff" * 32])
def test_the_first_and_the_last_address_are_valid(digest: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    class Hash:
        def digest(self) -> bytes:
            return digest

    monkeypatch.setattr("onemo.net.sandbox.zone.sha256", lambda _: Hash())
    [four], [six] = (ZONE.addresses("x", family) for family in AddressFamily)
    assert in_sandbox(four)
    assert in_sandbox(six)
    assert IPv4Address(four) > IPv4Address("198.18.0.255")


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("198.18.0.0", True),
        ("198.19.255.255", True),
        ("198.17.255.255", False),
        ("198.20.0.0", False),
        ("2001:db8::", True),
        ("2001:DB8:ffff::1", True),
        ("2001:db9::", False),
        ("::1", False),
        ("127.0.0.1", False),
        ("", False),
        ("www.example.com", False),
    ],
)
def test_the_sandbox_holds_its_two_networks(address: str, inside: bool) -> None:
    assert Sandbox().holds(address) is inside


def test_the_sandbox_has_name_servers_of_its_own() -> None:
    sandbox = Sandbox(SandboxConfig({"a.example": ("198.18.7.7",)}))
    assert sandbox.name_servers() == ("198.18.0.53", "2001:db8::35")
    assert all(map(sandbox.holds, sandbox.name_servers()))
    assert sandbox.addresses("a.example", AddressFamily.IPV4) == ["198.18.7.7"]


def test_a_table_holds_what_it_gives_out_but_loopback() -> None:
    zone = Zone({"a.test": ["192.0.2.1", "2001:DB9::1"], "here.test": ["127.0.0.1"]})
    assert [zone.has(address) for address in ("192.0.2.1", "2001:db9:0::1")] == [True, True]
    assert not any(zone.has(address) for address in ("192.0.2.2", "127.0.0.1", "::1", "a.test", ""))
