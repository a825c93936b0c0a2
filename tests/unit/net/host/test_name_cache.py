"""The cache of the resolver: how long answers are kept."""

from __future__ import annotations

import pytest
from onemo.errors import NetFailure
from onemo.net.host.resolver import Resolver
from onemo.net.interface import AddressFamily

from tests.unit.net.host.dns_server import DnsServer
from tests.unit.net.host.name_parts import FIRST, HASTY, PATIENT, V4, Places, failure_of_name


class Aging:
    """A resolver whose clock is set by hand."""

    def __init__(self, server: DnsServer) -> None:
        self.now = 1000.0
        self.resolver = Resolver(Places({FIRST: server.place}).of, lambda: self.now)


@pytest.fixture
def aging(server: DnsServer) -> Aging:
    return Aging(server)


KEEPING = PATIENT._replace(cache=3600.0)


async def test_an_answer_is_kept_for_its_period(server: DnsServer, aging: Aging) -> None:
    for name in ("v4.test", "V4.TEST", "v4.test."):
        assert await aging.resolver.resolve(name, AddressFamily.IPV4, KEEPING) == V4
    aging.now += 3599.9
    assert await aging.resolver.resolve("v4.test", AddressFamily.IPV4, KEEPING) == V4
    assert len(server.asked) == 1
    aging.now += 0.1
    assert await aging.resolver.resolve("v4.test", AddressFamily.IPV4, KEEPING) == V4
    assert len(server.asked) == 2
    aging.now += 3599.9  # counted from when it came again
    assert await aging.resolver.resolve("v4.test", AddressFamily.IPV4, KEEPING) == V4
    assert len(server.asked) == 2


async def test_a_shorter_period_holds_at_once(server: DnsServer, aging: Aging) -> None:
    await aging.resolver.resolve("v4.test", AddressFamily.IPV4, KEEPING)
    aging.now += 10
    await aging.resolver.resolve("v4.test", AddressFamily.IPV4, KEEPING._replace(cache=10.0))
    assert len(server.asked) == 2


@pytest.mark.parametrize("name", ["gone.test", "v6.test"])
async def test_that_there_is_nothing_is_kept(server: DnsServer, aging: Aging, name: str) -> None:
    for _ in range(2):
        assert await failure_of_name(aging.resolver, name, policy=KEEPING) is NetFailure.NAME
    assert len(server.asked) == 1


async def test_each_family_is_kept_apart(server: DnsServer, aging: Aging) -> None:
    for _ in range(2):
        assert await aging.resolver.resolve("both.test", AddressFamily.IPV4, KEEPING) == ["127.0.0.1"]
        assert await aging.resolver.resolve("both.test", AddressFamily.IPV6, KEEPING) == ["::1"]
    assert server.asked == ["both.test. IN A", "both.test. IN AAAA"]


@pytest.mark.parametrize("name", ["silent.test", "broken.test"])
async def test_failures_are_not_kept(server: DnsServer, aging: Aging, name: str) -> None:
    for _ in range(2):
        await failure_of_name(aging.resolver, name, policy=HASTY._replace(cache=3600.0, requests=1))
    assert len(server.asked) == 2


async def test_without_a_cache_nothing_is_kept_and_nothing_used(server: DnsServer, aging: Aging) -> None:
    await aging.resolver.resolve("v4.test", AddressFamily.IPV4, PATIENT)
    await aging.resolver.resolve("v4.test", AddressFamily.IPV4, KEEPING)
    await aging.resolver.resolve("v4.test", AddressFamily.IPV4, PATIENT)
    assert len(server.asked) == 3


async def test_forgetting(server: DnsServer, aging: Aging) -> None:
    await aging.resolver.resolve("v4.test", AddressFamily.IPV4, KEEPING)
    aging.resolver.forget()
    await aging.resolver.resolve("v4.test", AddressFamily.IPV4, KEEPING)
    assert len(server.asked) == 2


async def test_what_the_caller_does_to_an_answer_does_not_change_it(aging: Aging) -> None:
    (await aging.resolver.resolve("v4.test", AddressFamily.IPV4, KEEPING)).clear()
    assert await aging.resolver.resolve("v4.test", AddressFamily.IPV4, KEEPING) == V4


async def test_the_oldest_answer_goes_first(server: DnsServer, aging: Aging, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onemo.net.host.resolver._MOST_KEPT", 2)
    for name in ("v4.test", "here.test", "both.test"):
        await aging.resolver.resolve(name, AddressFamily.IPV4, KEEPING)
    server.asked.clear()
    await aging.resolver.resolve("both.test", AddressFamily.IPV4, KEEPING)
    await aging.resolver.resolve("here.test", AddressFamily.IPV4, KEEPING)
    await aging.resolver.resolve("v4.test", AddressFamily.IPV4, KEEPING)
    assert server.asked == ["v4.test. IN A"]
