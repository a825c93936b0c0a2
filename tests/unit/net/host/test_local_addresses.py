"""The host's own outgoing addresses, which the module's contexts get."""

from __future__ import annotations

import socket
from types import TracebackType
from typing import ClassVar

import pytest
from onemo.net.host.addresses import outgoing_addresses
from onemo.net.host.routes import Routes, parse_route
from onemo.net.host.sockets import HostNetwork
from onemo.net.sandbox import Sandbox


class Probe:
    """A UDP socket of a host with these addresses, by family; None: no way out. It must not send."""

    known: ClassVar[dict[int, str | None]] = {}
    open = 0

    def __init__(self, family: int, kind: int) -> None:
        assert kind == socket.SOCK_DGRAM
        self._family = family

    def __enter__(self) -> Probe:
        Probe.open += 1
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, where: TracebackType | None) -> None:
        Probe.open -= 1

    def connect(self, destination: tuple[str, int]) -> None:
        if self.known[self._family] is None:
            raise OSError(101, "Network is unreachable")

    def getsockname(self) -> tuple[str | None, int]:
        return self.known[self._family], 40000


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> type[Probe]:
    monkeypatch.setattr("onemo.net.host.addresses.socket.socket", Probe)
    return Probe


@pytest.mark.parametrize(
    ("ipv4", "ipv6", "found"),
    [
        ("192.168.1.7", "2001:db8::5", ("192.168.1.7", "2001:db8::5")),
        ("192.168.1.7", None, ("192.168.1.7", None)),
        (None, "2001:db8::5", (None, "2001:db8::5")),
        (None, None, (None, None)),
        ("127.0.0.1", "::1", (None, None)),
        ("169.254.3.4", "fe80::1%eth0", (None, None)),
        ("0.0.0.0", "::", (None, None)),
    ],
)
def test_addresses_of_a_host(
    host: type[Probe], ipv4: str | None, ipv6: str | None, found: tuple[str | None, str | None]
) -> None:
    host.known = {socket.AF_INET: ipv4, socket.AF_INET6: ipv6}
    assert outgoing_addresses() == found
    assert HostNetwork().local_addresses() == found
    assert host.open == 0


def test_there_are_none_in_the_sandbox_or_offline(host: type[Probe]) -> None:
    host.known = {socket.AF_INET: "192.168.1.7", socket.AF_INET6: "2001:db8::5"}
    assert HostNetwork(Routes(offline=True)).local_addresses() == (None, None)
    everything = Routes((parse_route("*:*=sandbox"),), sandbox=Sandbox())
    assert HostNetwork(everything).local_addresses() == (None, None)


def test_those_of_this_host_are_its_own() -> None:
    for family, address in zip((socket.AF_INET, socket.AF_INET6), outgoing_addresses(), strict=True):
        if address is not None:
            with socket.socket(family, socket.SOCK_DGRAM) as own:
                own.bind((address, 0))
