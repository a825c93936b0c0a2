"""What faults make of the messages between a device and its LwM2M server."""

from __future__ import annotations

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from onemo.families import LWM2M_DEVICES
from onemo.faults.kind import Layer
from onemo.faults.plan import ArmedFault, Occasion
from onemo.faults.seams.lwm2m import Lwm2mFilter
from onemo.faults.seams.network import FaultyNetwork
from onemo.net.coap.message import CoapCode, CoapMessage, CoapType, decode, encode, text_options
from onemo.net.interface import Connection, NamePolicy, OpenRequest, Transport
from onemo.profile.index import Label
from trio.testing import MockClock

from tests.unit.faults.plans import Plan
from tests.unit.runtime.doubles import Peer, World

OPEN = OpenRequest(Transport.UDP, "server", 5683, 60, NamePolicy(), label=Label(LWM2M_DEVICES, 0))
READ = encode(CoapMessage(CoapType.CON, CoapCode.GET, 9, b"r", text_options(11, ("3200", "0"))))


def asks(path: str, token: bytes = b"t") -> bytes:
    return encode(CoapMessage(CoapType.CON, CoapCode.POST, 1, token, text_options(11, path[1:].split("/"))))


def answers(code: int, token: bytes = b"t") -> bytes:
    return encode(CoapMessage(CoapType.ACK, code, 1, token, ((8, b"rd"), (8, b"x"))))


async def connected(nursery: trio.Nursery, *faults: str) -> tuple[Connection, Peer]:
    world = World()
    network = FaultyNetwork(world, Plan(*faults))
    nursery.start_soon(network.run)
    return await network.open(OPEN), world.peers[-1]


async def comes(nursery: trio.Nursery, fault: str, path: str, *sent: bytes) -> list[bytes]:
    """What comes at once of datagrams, after the module has asked for a path."""
    connection, peer = await connected(nursery, fault)
    connection.send_now(asks(path))
    peer.sends(*sent)
    found = [connection.receive_now(65535) for _ in range(2 * len(sent))]
    return [data for data in found if data is not None]


@pytest.mark.parametrize(
    ("fault", "path", "code"),
    [
        ("lwm2m-refuse", "/rd", 0x83),
        ("lwm2m-refuse code=5.03 path=/bs", "/bs", 0xA3),
        ("lwm2m-refuse path=/bs", "/rd", 0x41),
        ("lwm2m-refuse path=/rd/*", "/rd/5f", 0x83),
        ("lwm2m-forget", "/rd/5f", 0x84),
        ("lwm2m-forget", "/rd", 0x41),
    ],
)
async def test_a_server_that_refuses(
    nursery: trio.Nursery, autojump_clock: MockClock, fault: str, path: str, code: int
) -> None:
    (got,) = await comes(nursery, fault, path, answers(0x41))
    message = decode(got)
    assert (message.type, message.code, message.mid, message.token) == (CoapType.ACK, code, 1, b"t")


async def test_what_is_no_answer_is_never_refused(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    other = answers(0x45, b"another")
    assert await comes(nursery, "lwm2m-refuse", "/rd", READ, other, b"\xff") == [READ, other, b"\xff"]


@pytest.mark.parametrize(
    ("fault", "kept"),
    [
        ("lwm2m-silence", []),
        ("lwm2m-silence path=/rd", [READ]),
        ("lwm2m-silence path=/3200/*", [answers(0x41)]),
        ("lwm2m-duplicate path=/3200/0", [answers(0x41), READ, READ]),
        ("lwm2m-duplicate ref=1", [answers(0x41), READ]),
        ("lwm2m-late seconds=3", []),
    ],
)
async def test_what_never_comes_or_comes_twice(
    nursery: trio.Nursery, autojump_clock: MockClock, fault: str, kept: list[bytes]
) -> None:
    assert await comes(nursery, fault, "/rd", answers(0x41), READ) == kept


async def test_what_comes_late(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    connection, peer = await connected(nursery, "lwm2m-late seconds=3")
    peer.sends(READ)
    assert connection.receive_now(65535) is None
    await trio.sleep(2.9)
    assert connection.receive_now(65535) is None
    await trio.sleep(0.2)
    assert connection.receive_now(65535) == READ


class Timeless(Plan):
    """A plan outside trio."""

    def chosen(self, layer: Layer, occasion: Occasion) -> list[ArmedFault]:
        return self.plan.chosen(layer, occasion, 1.0)


@given(st.lists(st.binary(max_size=30), max_size=5))
def test_any_bytes_pass(datagrams: list[bytes]) -> None:
    filtered = Lwm2mFilter(OPEN, Timeless("lwm2m-refuse", "lwm2m-forget"))
    for data in datagrams:
        filtered.sent(data)
        ((got, late),) = filtered.received(data)
        assert late == 0.0
        assert len(got) <= max(len(data), 16)
    assert filtered.rest() == b""
