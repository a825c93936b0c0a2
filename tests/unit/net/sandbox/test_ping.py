"""Echo requests in memory, on a clock that jumps."""

from __future__ import annotations

import pytest
import trio
import trio.testing
from onemo.errors import NetError, NetFailure
from onemo.net.interface import AddressFamily, Echo, Pinger
from onemo.net.sandbox import HostPing, PingConfig, Sandbox, SandboxConfig

SANDBOX = Sandbox(
    SandboxConfig(
        hosts={"listed.example": ("198.18.7.7", "2001:db8::7"), "gone.example": ()},
        ping=PingConfig(
            0.1,
            50,
            {
                "Slow.Example.": HostPing(time=0.5),
                "listed.example": HostPing(ttl=7),
                "gone.example": HostPing(time=9),
            },
        ),
    )
)


def pinger_of(name: str, family: AddressFamily = AddressFamily.IPV4) -> Pinger:
    return SANDBOX.pinger(SANDBOX.addresses(name, family)[0], 32)


async def test_the_round_trip_is_waited_for(autojump_clock: trio.testing.MockClock) -> None:
    pinger = Sandbox().pinger("198.18.0.53", 32)
    begin = trio.current_time()
    assert pinger.address == "198.18.0.53"
    assert [await pinger.echo(4), await pinger.echo(4)] == [Echo(0.03, 64)] * 2
    assert trio.current_time() - begin == pytest.approx(0.06)
    pinger.close()


@pytest.mark.parametrize("family", AddressFamily)
async def test_a_host_may_be_pinged_differently(family: AddressFamily, autojump_clock: trio.testing.MockClock) -> None:
    assert await pinger_of("usual.example", family).echo(4) == Echo(0.1, 50)
    assert await pinger_of("slow.example", family).echo(4) == Echo(0.5, 50)
    assert await pinger_of("listed.example", family).echo(4) == Echo(0.1, 7)


async def test_an_address_may_be_written_in_any_way(autojump_clock: trio.testing.MockClock) -> None:
    pinger = SANDBOX.pinger("2001:0DB8:0:0::7", 32)
    assert pinger.address == "2001:db8::7"
    assert await pinger.echo(4) == Echo(0.1, 7)


async def test_a_reply_that_comes_too_late(autojump_clock: trio.testing.MockClock) -> None:
    pinger = pinger_of("slow.example")
    for timeout in (0.4, 0, -1):
        begin = trio.current_time()
        with pytest.raises(NetError) as refusal:
            await pinger.echo(timeout)
        assert refusal.value.failure is NetFailure.TIMED_OUT
        assert trio.current_time() - begin == pytest.approx(max(timeout, 0))
    assert await pinger.echo(0.5) == Echo(0.5, 50)


async def test_a_closed_pinger_sends_nothing() -> None:
    pinger = pinger_of("usual.example")
    pinger.close()
    pinger.close()
    with pytest.raises(NetError) as refusal:
        await pinger.echo(1)
    assert refusal.value.failure is NetFailure.OTHER


def test_what_is_no_address_cannot_be_pinged() -> None:
    with pytest.raises(NetError) as refusal:
        SANDBOX.pinger("www.example.com", 32)
    assert refusal.value.failure is NetFailure.OTHER
