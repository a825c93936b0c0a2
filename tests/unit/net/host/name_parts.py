"""Parts of the tests of names."""

from __future__ import annotations

import pytest
from onemo.errors import NetError, NetFailure
from onemo.net.host.connect import Place
from onemo.net.host.resolver import Resolver
from onemo.net.interface import AddressFamily, NamePolicy, Transport

FIRST, SECOND, DENIED = "192.0.2.53", "192.0.2.54", "192.0.2.55"
PATIENT = NamePolicy(ipv4=(FIRST,), ipv6=(FIRST,), timeout=5.0, requests=3)
HASTY = PATIENT._replace(timeout=0.02)
V4 = ["192.0.2.7", "192.0.2.9"]


class Places(dict[str, Place]):
    """The places of the servers of a test, over both transports."""

    async def of(self, transport: Transport, address: str, port: int) -> Place:
        assert port == 53
        if address == DENIED:
            raise NetError(NetFailure.OTHER, "denied")
        return self[address]


async def failure_of_name(
    resolver: Resolver, name: str, family: AddressFamily = AddressFamily.IPV4, policy: NamePolicy = PATIENT
) -> NetFailure:
    with pytest.raises(NetError) as refusal:
        await resolver.resolve(name, family, policy)
    assert name[:200] in refusal.value.detail or repr(name) in refusal.value.detail
    return refusal.value.failure
