"""A name server on loopback, and the double of a sandbox, for the tests of the host's network."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.unit.net.conftest import Peers
from tests.unit.net.host.dns_server import DnsServer, dns_server
from tests.unit.net.host.network_parts import FakeSandbox


@pytest.fixture
async def server() -> AsyncIterator[DnsServer]:
    async with dns_server() as server:
        yield server


@pytest.fixture
def sandbox(peers: Peers) -> FakeSandbox:
    return FakeSandbox(peers.tcp(), peers.udp())
