"""Routes: how they are written, and which way each host and port goes."""

from __future__ import annotations

from contextlib import suppress
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onemo.errors import NetError, NetFailure, UsageError
from onemo.net.host.routes import Routes, SandboxNetwork, Target, TargetKind, parse_pattern, parse_route
from onemo.net.interface import AddressFamily, Pinger, Transport

SANDBOX = Target(TargetKind.SANDBOX)
DIRECT = Target(TargetKind.DIRECT)


class Held:
    """A sandbox that gave out 198.18.0.0/16, and is asked for nothing else."""

    def endpoint(self, transport: Transport, port: int, *, tls: bool = False) -> tuple[str, int]:
        raise AssertionError

    def addresses(self, name: str, family: AddressFamily) -> list[str]:
        raise AssertionError

    def pinger(self, address: str, size: int) -> Pinger:
        raise AssertionError

    def holds(self, address: str) -> bool:
        return address.startswith("198.18.")

    def name_servers(self) -> tuple[str, ...]:
        raise AssertionError


def routes(
    *texts: str, deny: tuple[str, ...] = (), offline: bool = False, sandbox: SandboxNetwork | None = None
) -> Routes:
    return Routes(tuple(map(parse_route, texts)), tuple(map(parse_pattern, deny)), offline, sandbox or Held())


def matches(pattern: str, host: str, port: int | None = 80) -> bool:
    return Routes((parse_route(f"{pattern}=direct"),)).find(host, port) is not None


@pytest.mark.parametrize(
    ("pattern", "hosts", "others"),
    [
        ("*", ["a", "a.b.", "1.2.3.4", "::1", "2001:DB8::1"], []),
        (
            "api.example.com",
            ["api.example.com", "API.Example.COM.", "api.example.com."],
            ["example.com", "apizexample.com"],
        ),
        ("Example.com.", ["example.com", "EXAMPLE.com."], ["a.example.com", "example.com.cn"]),
        ("*.example.com", ["a.example.com", "a.b.Example.com."], ["example.com", "aexample.com", "a.example.com.cn"]),
        ("exam*.com", ["exam.com", "example.com", "exam.ple.com"], ["xexam.com", "exam.comm"]),
        ("*a*b*", ["ab", "xaybz", "aab"], ["ba", "::ab", "b"]),
        ("10.0.*", ["10.0.0.1", "10.0.255.3"], ["10.1.0.1", "110.0.0.1", "10.0.example.com", "::10.0.0.1"]),
        ("*.*.*.7", ["1.2.3.7"], ["1.2.3.8"]),
        ("192.0.2.1", ["192.0.2.1", "::ffff:192.0.2.1"], ["192.0.2.10", "192x0.2.1"]),
        ("[::ffff:192.0.2.1]", ["192.0.2.1", "::ffff:c000:201"], ["192.0.2.2"]),
        ("[2001:db8::1]", ["2001:db8::1", "2001:0DB8:0:0:0:0:0:1"], ["2001:db8::2", "2001:db8::10"]),
        ("[2001:0DB8:*]", ["2001:db8::1", "2001:db8:1:2:3:4:5:6"], ["2001:db80::1", "2002:db8::1", "2001.db8"]),
        ("[2001:db8::*]", ["2001:db8::1", "2001:db8:0:1::1"], ["2001:db8:1:2:3:4:5:6"]),
        ("[*::1]", ["2001:db8::1", "fe80::1"], ["fe80::2", "1.2.3.1", "1:2:3:4:5:6:7:1"]),
        ("[2001:*::]", ["2001:db8::"], ["2001:db8::1"]),
        ("[2001:*:7:*]", ["2001:db8::7:1"], ["2001:db8::8:1"]),
        ("[*]", ["::", "::1", "fe80::1"], ["1.2.3.4", "a", "::ffff:1.2.3.4"]),
    ],
)
def test_the_hosts_of_a_pattern(pattern: str, hosts: list[str], others: list[str]) -> None:
    assert [host for host in hosts if not matches(pattern, host)] == []
    assert [host for host in others if matches(pattern, host)] == []


@pytest.mark.parametrize(
    ("pattern", "port", "matched"),
    [
        ("a:80", 80, True),
        ("a:80", 81, False),
        ("a:80", None, True),
        ("a:*", 81, True),
        ("a", 81, True),
        ("*:1", 1, True),
        ("*:65535", 65535, True),
        ("*:00080", 80, True),
    ],
)
def test_the_port_of_a_pattern(pattern: str, port: int | None, matched: bool) -> None:
    assert matches(pattern, "a", port) is matched


def test_the_port_after_brackets() -> None:
    assert matches("[::1]:80", "::1", 80)
    assert not matches("[::1]:80", "::1", 81)
    assert matches("[::*]:*", "::7", 81)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("127.0.0.1:8443", Target(TargetKind.ELSEWHERE, "127.0.0.1", 8443)),
        ("[::1]:8443", Target(TargetKind.ELSEWHERE, "::1", 8443)),
        ("127.0.0.1", Target(TargetKind.ELSEWHERE, "127.0.0.1", None)),
        ("[::1]", Target(TargetKind.ELSEWHERE, "::1", None)),
        ("localhost:*", Target(TargetKind.ELSEWHERE, "localhost", None)),
        ("broker:1883", Target(TargetKind.ELSEWHERE, "broker", 1883)),
        ("sandbox", SANDBOX),
        ("Sandbox", SANDBOX),
        ("direct", DIRECT),
        ("sandbox.:80", Target(TargetKind.ELSEWHERE, "sandbox.", 80)),
    ],
)
def test_targets(text: str, target: Target) -> None:
    route = parse_route(f"a:80={text}")
    assert route.target == target
    assert route.target.sandbox is (target == SANDBOX)
    assert route.pattern.text == "a:80"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "there is no '='"),
        ("a:80", "there is no '='"),
        ("=a", "there is no host"),
        ("a=", "there is no host"),
        (":80=a", "there is no host"),
        ("::1=a", "in brackets"),
        ("a=::1", "in brackets"),
        ("[::1=a", "not HOST:PORT"),
        ("[::1]80=a", "not HOST:PORT"),
        ("a:b:c]=a", "in brackets"),
        ("a:=b", "the port ''"),
        ("a:0=b", "the port '0'"),
        ("a:65536=b", "the port '65536'"),
        ("a:-1=b", "the port '-1'"),
        ("a:http=b", "the port 'http'"),
        ("a:٣=b", "the port '٣'"),
        ("a:" + "9" * 5000 + "=b", "the port '999"),
        ("a b=c", "is no host"),
        ("bücher.de=c", "is no host"),
        ("a=b=c", "is no host"),
        (" a=b", "is no host"),
        ("a\n=b", "is no host"),
        ("a..b=c", "empty or longer"),
        (".=c", "empty or longer"),
        ("*.a." + "b" * 64 + "=c", "empty or longer"),
        ("a." * 130 + "a=c", "is no host"),
        ("1.2.3=a", "no IPv4 address"),
        ("01.2.3.4=a", "no IPv4 address"),
        ("1.2.3.256=a", "no IPv4 address"),
        ("1.2.256.*=a", "fits no IPv4 address"),
        ("1.*.3.4.5=a", "fits no IPv4 address"),
        ("1..*=a", "fits no IPv4 address"),
        ("[]=a", "no IPv6 address"),
        ("[1.2.3.4]=a", "no IPv6 address"),
        ("[::g]=a", "no IPv6 address"),
        ("[fe80::1%lo]=a", "scope id"),
        ("a=[fe80::1%lo]:80", "scope id"),
        ("[1:2:3:4:5:6:7:8:*]=a", "fits no IPv6 address"),
        ("[::1::*]=a", "fits no IPv6 address"),
        ("[-:*]=a", "no IPv6 address"),
        ("[db*:1]=a", "whole groups"),
        ("[:1:*]=a", "whole groups"),
        ("[*:1:]=a", "whole groups"),
        ("[12345:*]=a", "whole groups"),
        ("a=*", "the target's host cannot"),
        ("a=*.b:80", "the target's host cannot"),
        ("a=sandbox:80", "'sandbox' stands alone"),
        ("a=sandbox+dtls", "'sandbox' stands alone"),
        ("a=direct:80", "'direct' stands alone"),
        ("a=b:0", "the port '0'"),
    ],
)
def test_a_malformed_route(text: str, problem: str) -> None:
    with pytest.raises(UsageError) as refusal:
        parse_route(text)
    message = str(refusal.value)
    assert message.startswith(f"route {text[:80]!r}: ")
    assert problem in message
    assert message.endswith("or '*=sandbox'")
    assert len(message) < 500


def test_a_malformed_pattern() -> None:
    with pytest.raises(UsageError, match=r"pattern 'a:b': the port 'b' is neither .*; a pattern is HOST or HOST:PORT"):
        parse_pattern("a:b")


TOKENS = st.sampled_from(
    ["a", "1", "10.", "*", ".", ":", "::", "[", "]", "=", "-", "%", "sandbox", "direct", "443", "f"]
)


@given(st.text() | st.lists(TOKENS).map("".join))
def test_any_text_parses_or_is_refused(text: str) -> None:
    for parse in (parse_route, parse_pattern):
        with suppress(UsageError):
            assert parse(text)


@given(st.ip_addresses(), st.integers(1, 65535))
def test_every_address_matches_itself(address: object, port: int) -> None:
    text = str(address)
    pattern = parse_pattern(f"[{text}]:{port}" if ":" in text else f"{text}:{port}")
    spelled = getattr(address, "exploded", text).upper()
    with pytest.raises(NetError):
        Routes(denied=(pattern,)).find(cast(str, spelled), port)


@given(st.text())
def test_any_host_has_a_way(host: str) -> None:
    found = routes("*.a=direct", "[*:1]=direct", "10.*=direct", "*=sandbox").find(host, 80)
    assert found in (DIRECT, SANDBOX)


# Which way


def test_the_first_match_wins() -> None:
    ways = routes("a.b:443=direct", "*.b:443=127.0.0.1:1", "*.b=sandbox", "*=127.0.0.1:2")
    assert ways.find("a.b", 443) == DIRECT
    assert ways.find("c.b", 443) == Target(TargetKind.ELSEWHERE, "127.0.0.1", 1)
    assert ways.find("c.b", 80) == SANDBOX
    assert ways.find("c", 80) == Target(TargetKind.ELSEWHERE, "127.0.0.1", 2)


def test_no_route() -> None:
    assert Routes().find("a", 80) is None
    assert routes("a=direct").find("b", 80) is None


def denial(ways: Routes, host: str, port: int | None) -> str:
    with pytest.raises(NetError) as refusal:
        ways.find(host, port)
    assert refusal.value.failure is NetFailure.OTHER
    return refusal.value.detail


def test_denied_goes_before_every_route() -> None:
    ways = routes("*=sandbox", deny=("*.com", "10.*:25", "198.18.0.1"))
    assert denial(ways, "example.com", 80) == "example.com: denied by --deny *.com"
    assert denial(ways, "example.com", None) == "example.com: denied by --deny *.com"
    assert denial(ways, "10.0.0.1", 25) == "10.0.0.1: denied by --deny 10.*:25"
    assert denial(ways, "198.18.0.1", 80) == "198.18.0.1: denied by --deny 198.18.0.1"
    assert ways.find("10.0.0.1", 80) == SANDBOX


def test_denying_a_port_does_not_deny_what_has_none() -> None:
    assert routes(deny=("*:25",)).find("10.0.0.1", None) is None


def test_what_the_sandbox_gave_out_goes_there() -> None:
    ways = routes("*=direct")
    assert ways.find("198.18.0.1", 80) == SANDBOX
    assert ways.find("198.18.example.com", 80) == DIRECT
    assert ways.holds("198.18.0.1")
    assert not ways.holds("192.0.2.1")
    assert not Routes().holds("198.18.0.1")


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "::", "::ffff:127.0.0.1"])
def test_offline_leaves_loopback(address: str) -> None:
    Routes(offline=True).require_reachable(address)


@pytest.mark.parametrize("address", ["192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1", "fe80::1", "10.0.0.1"])
def test_offline_takes_away_the_rest(address: str) -> None:
    Routes().require_reachable(address)
    with pytest.raises(NetError, match=r"not reachable with --offline") as refusal:
        Routes(offline=True).require_reachable(address)
    assert refusal.value.failure is NetFailure.OTHER


def test_a_route_to_a_sandbox_that_is_not_there() -> None:
    with pytest.raises(UsageError, match="no sandbox"):
        Routes((parse_route("*=sandbox"),))


@pytest.mark.parametrize(
    ("texts", "everything"),
    [
        (["*=sandbox"], True),
        (["*:*=sandbox"], True),
        (["a=direct", "*=sandbox"], True),
        (["*=direct", "*=sandbox"], False),
        (["*:80=sandbox"], False),
        (["*.com=sandbox"], False),
        ([], False),
    ],
)
def test_when_the_sandbox_is_the_network(texts: list[str], everything: bool) -> None:
    assert routes(*texts).all_to_sandbox is everything


def test_a_route_to_an_address_of_the_sandbox_goes_before_the_sandbox() -> None:
    """The first match wins, also there; what goes straight there stays in the sandbox."""
    texts = ("198.18.7.7:80=127.0.0.1:9000", "198.18.9.9=direct", "*:*=sandbox")
    ways = Routes(tuple(map(parse_route, texts)), sandbox=Held())
    assert ways.find("198.18.7.7", 80) == Target(TargetKind.ELSEWHERE, "127.0.0.1", 9000)
    assert [ways.find(*there) for there in (("198.18.7.7", 81), ("198.18.9.9", 80), ("198.18.1.1", 1))] == [SANDBOX] * 3
