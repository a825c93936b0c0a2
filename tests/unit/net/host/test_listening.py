"""Sockets on which a module listens."""

from __future__ import annotations

import pytest
import trio
from onemo.errors import NetError, NetFailure
from onemo.net.host.connect import Place
from onemo.net.host.listening import open_listening
from onemo.net.interface import AddressFamily, ListenRequest, Transport

WEB = ListenRequest(Transport.TCP, AddressFamily.IPV4, 80)
WEB_6 = ListenRequest(Transport.TCP, AddressFamily.IPV6, 80)


async def test_a_socket_that_was_closed_is_not_waited_for() -> None:
    """It may be closed before its task has run for the first time."""
    accepting = open_listening(WEB, [Place("127.0.0.1", 0)]).accepting
    assert accepting is not None
    accepting.close()
    with pytest.raises(trio.ClosedResourceError):
        await accepting.wait()


@pytest.mark.parametrize(
    ("request_", "place"),
    [
        (WEB, Place("192.0.2.77", 0)),
        (WEB_6, Place("::ffff:127.0.0.1", 0)),
        (WEB_6, Place("2001:db8::1", 0)),
        (WEB_6, Place("fe80::1", 0)),
    ],
)
async def test_an_address_that_is_not_this_hosts(request_: ListenRequest, place: Place) -> None:
    with pytest.raises(NetError) as error:
        open_listening(request_, [place])
    assert error.value.failure is NetFailure.BIND
