"""What faults make of the packets between a client and its broker."""

from __future__ import annotations

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from onemo.errors import NetFailure
from onemo.families import MQTT_CLIENTS
from onemo.faults.seams.mqtt import PacketCutter
from onemo.faults.seams.network import FaultyNetwork
from onemo.net.interface import Connection, KeepAlive, NamePolicy, OpenRequest, Transport
from onemo.net.mqtt.packets import (
    Bare,
    ConnAck,
    Connect,
    MqttAcknowledgement,
    Packet,
    PacketType,
    Publish,
    SubAck,
    encode,
)
from onemo.profile.index import Label
from trio.testing import MockClock

from tests.unit.faults.plans import Plan
from tests.unit.faults.seams.ends import failure, receive, send
from tests.unit.runtime.doubles import Peer, World

OPEN = OpenRequest(Transport.TCP, "broker", 1883, 60, NamePolicy(), label=Label(MQTT_CLIENTS, 2))
ACCEPTED = encode(ConnAck(session_present=True, code=0))
GRANTED = encode(SubAck((1,), 1))
TAKEN, NOTED, DONE = (
    encode(MqttAcknowledgement(kind, 7)) for kind in (PacketType.PUBACK, PacketType.PUBREC, PacketType.PUBCOMP)
)
PONG = encode(Bare(PacketType.PINGRESP))
ALL = (ACCEPTED, GRANTED, TAKEN, NOTED, DONE, PONG)


def message(qos: int, payload: bytes = b"hello", *, dup: bool = False) -> bytes:
    return encode(Publish(b"t", payload, qos, dup=dup, mid=9))


async def connected(
    nursery: trio.Nursery, *faults: str, keep_alive: KeepAlive | None = None
) -> tuple[Connection, Peer]:
    world = World()
    network = FaultyNetwork(world, Plan(*faults))
    nursery.start_soon(network.run)
    connection = await network.open(OPEN._replace(keep_alive=keep_alive))
    return connection, world.peers[-1]


def now_there(connection: Connection) -> bytes:
    return b"".join(connection.receive_now(1 << 20) or b"" for _ in range(200))


async def comes(nursery: trio.Nursery, fault: str, *sent: bytes) -> bytes:
    """What comes at once of packets, one byte at a time."""
    connection, peer = await connected(nursery, fault)
    peer.sends(*(bytes((byte,)) for byte in b"".join(sent)))
    return now_there(connection)


@pytest.mark.parametrize("code", range(1, 6))
async def test_a_broker_that_refuses(nursery: trio.Nursery, autojump_clock: MockClock, code: int) -> None:
    got = await comes(nursery, f"mqtt-refuse code={code}", ACCEPTED, GRANTED)
    assert got == encode(ConnAck(session_present=False, code=code)) + GRANTED


@pytest.mark.parametrize(
    ("packet", "lost"),
    [("connack", ACCEPTED), ("suback", GRANTED), ("puback", TAKEN), ("pubrec", NOTED), ("pubcomp", DONE)],
)
async def test_a_packet_that_never_comes(
    nursery: trio.Nursery, autojump_clock: MockClock, packet: str, lost: bytes
) -> None:
    assert await comes(nursery, f"mqtt-silence packet={packet}", *ALL) == b"".join(ALL).replace(lost, b"")


async def test_a_broker_that_says_nothing(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    assert await comes(nursery, "mqtt-silence", *ALL, message(0), message(2)) == b""


@pytest.mark.parametrize(
    ("scope", "fires"), [("mqtt_id=2", True), ("mqtt_id=1", False), ("host=BRO*", True), ("host=x", False)]
)
async def test_whom_it_concerns(nursery: trio.Nursery, autojump_clock: MockClock, scope: str, fires: bool) -> None:
    assert (await comes(nursery, f"mqtt-silence {scope}", TAKEN) == b"") == fires


async def test_messages_that_come_twice(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    got = await comes(nursery, "mqtt-duplicate", message(0), TAKEN, message(1), message(2))
    again = message(1, dup=True), message(2, dup=True)
    assert got == message(0) + TAKEN + message(1) + again[0] + message(2) + again[1]


async def test_a_packet_that_is_late(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    connection, peer = await connected(nursery, "mqtt-late packet=suback seconds=3s")
    peer.sends(ACCEPTED + GRANTED + TAKEN)
    assert now_there(connection) == ACCEPTED
    assert await receive(connection) == GRANTED + TAKEN
    assert trio.current_time() == 3


async def test_the_broker_vanishes_at_a_packet_of_the_client(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    keep_alive = KeepAlive(idle=10, interval=5, probes=2)
    connection, peer = await connected(nursery, "mqtt-vanish packet=publish", keep_alive=keep_alive)
    hello = encode(Connect(b"c", clean=True, keep_alive=60))
    await send(connection, hello)
    peer.sends(ACCEPTED)
    assert now_there(connection) == ACCEPTED
    await send(connection, message(1))
    peer.sends(TAKEN, b"")
    assert (now_there(connection), bytes(peer.taken)) == (b"", hello)
    assert await failure(connection) is NetFailure.RESET
    assert trio.current_time() > 10


async def test_the_broker_vanishes_for_a_while(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    connection, peer = await connected(nursery, "mqtt-vanish packet=puback for_seconds=5")
    peer.sends(ACCEPTED + TAKEN + GRANTED)
    assert now_there(connection) == ACCEPTED
    await send(connection, PONG)
    assert bytes(peer.taken) == b""
    assert await receive(connection) == TAKEN + GRANTED
    assert trio.current_time() == 5
    await trio.sleep(1)
    assert bytes(peer.taken) == PONG


@pytest.mark.parametrize("size", [70000, 200000])
async def test_a_long_message_passes_as_it_comes(nursery: trio.Nursery, autojump_clock: MockClock, size: int) -> None:
    connection, peer = await connected(nursery, "mqtt-silence packet=publish", "mqtt-silence packet=puback")
    long = message(1, b"x" * size)
    got = b""
    for start in range(0, len(long), 5000):
        peer.sends(long[start : start + 5000])
        got += now_there(connection)
    peer.sends(TAKEN + PONG)
    assert got + now_there(connection) == long + PONG


async def test_what_is_no_packet_passes(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    for noise in (b"HTTP/1.1 400\r\n", b"\x00\x00", b"\xf0\x00", b"\x20\xff\xff\xff\xff\x01"):
        assert await comes(nursery, "mqtt-silence packet=puback", GRANTED, noise, TAKEN) == GRANTED + noise + TAKEN


async def test_half_a_packet_comes_before_the_end(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    connection, peer = await connected(nursery, "mqtt-duplicate")
    peer.sends(message(1)[:5], b"")
    assert await receive(connection) == message(1)[:5]
    assert await receive(connection) == b""


@given(st.binary(max_size=200), st.integers(1, 30))
def test_no_byte_is_lost_whatever_comes(data: bytes, size: int) -> None:
    cutter = PacketCutter()
    got = b"".join(
        part for start in range(0, len(data), size) for _, part in cutter.receive(data[start : start + size])
    )
    assert got + cutter.rest() == data


PACKETS: st.SearchStrategy[Packet] = st.one_of(
    st.builds(
        Publish, topic=st.just(b"t"), payload=st.binary(max_size=200), qos=st.integers(0, 2), mid=st.integers(1, 65535)
    ),
    st.builds(MqttAcknowledgement, type=st.just(PacketType.PUBREL), mid=st.integers(1, 65535)),
    st.builds(ConnAck, session_present=st.booleans(), code=st.integers(0, 5)),
)


@given(st.lists(PACKETS, max_size=6), st.integers(1, 30))
def test_packets_come_one_by_one(packets: list[Packet], size: int) -> None:
    wanted, cutter = [encode(packet) for packet in packets], PacketCutter()
    data = b"".join(wanted)
    cut = [each for start in range(0, len(data), size) for each in cutter.receive(data[start : start + size])]
    assert [(kind is None, part) for kind, part in cut] == [(False, part) for part in wanted]
