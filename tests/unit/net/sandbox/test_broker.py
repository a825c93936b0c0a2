"""The sandbox's MQTT broker, talked to over streams in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st
from onemo.net.mqtt.decoder import Decoder
from onemo.net.mqtt.packets import (
    REFUSED,
    Bare,
    ConnAck,
    Connect,
    MqttAcknowledgement,
    Packet,
    PacketType,
    Publish,
    PublishPart,
    PublishStart,
    SubAck,
    Subscribe,
    Unsubscribe,
    Will,
    encode,
)
from onemo.net.sandbox import Sandbox
from onemo.net.sandbox.broker import Broker
from onemo.net.sandbox.sessions import matches

from tests.unit.net.sandbox.conftest import PATIENCE, connect, read_exactly

PUBACK, PUBREC, PUBREL, PUBCOMP = PacketType.PUBACK, PacketType.PUBREC, PacketType.PUBREL, PacketType.PUBCOMP
Stream = trio.StapledStream[trio.abc.SendStream, trio.abc.ReceiveStream]


class Client:
    """The client's end of one connection."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream = stream
        self._decoder = Decoder(1 << 22)
        self._packets: list[Packet | PublishStart | PublishPart] = []

    async def send(self, *packets: Packet) -> None:
        await self.stream.send_all(b"".join(map(encode, packets)))

    async def next(self) -> Packet | PublishStart | PublishPart | None:
        """The next packet; None: the broker ended the connection."""
        with trio.fail_after(5):
            while not self._packets:
                data = await self.stream.receive_some()
                if not data:
                    return None
                self._packets += self._decoder.receive(bytes(data))
        return self._packets.pop(0)

    async def hears(self, *packets: Packet) -> None:
        for packet in packets:
            assert await self.next() == packet

    async def silent(self) -> bool:
        """Tell whether a ping is all that is answered."""
        await self.send(Bare(PacketType.PINGREQ))
        return await self.next() == Bare(PacketType.PINGRESP)


@asynccontextmanager
async def joined(
    broker: Broker,
    name: bytes,
    *,
    clean: bool = True,
    session: bool = False,
    will: Will | None = None,
    keep_alive: int = 0,
) -> AsyncIterator[Client]:
    """A client that the broker has accepted; it is gone without a word in the end."""
    async with trio.open_nursery() as nursery:
        ours, theirs = trio.testing.memory_stream_pair()

        async def talk() -> None:
            await broker.talk(theirs)
            await theirs.aclose()

        nursery.start_soon(talk)
        client = Client(ours)
        await client.send(Connect(name, clean, keep_alive, will))
        await client.hears(ConnAck(session, 0))
        yield client
        await ours.aclose()


async def test_every_qos_goes_through() -> None:
    broker = Broker()
    async with joined(broker, b"a") as one, joined(broker, b"b") as other:
        await one.send(Subscribe(((b"t/+", 2), (b"u", 0)), 1))
        await one.hears(SubAck((2, 0), 1))
        await other.send(Publish(b"t/0", b"0"), Publish(b"t/1", b"1", 1, mid=1), Publish(b"t/2", b"2", 2, mid=2))
        await other.hears(MqttAcknowledgement(PUBACK, 1), MqttAcknowledgement(PUBREC, 2))
        await other.send(Publish(b"t/2", b"2", 2, dup=True, mid=2), MqttAcknowledgement(PUBREL, 2))
        await other.hears(MqttAcknowledgement(PUBREC, 2), MqttAcknowledgement(PUBCOMP, 2))
        await one.hears(Publish(b"t/0", b"0"), Publish(b"t/1", b"1", 1, mid=1), Publish(b"t/2", b"2", 2, mid=2))
        await one.send(MqttAcknowledgement(PUBACK, 1), MqttAcknowledgement(PUBREC, 2))
        await one.hears(MqttAcknowledgement(PUBREL, 2))
        await one.send(MqttAcknowledgement(PUBCOMP, 2))
        await other.send(Publish(b"u", b"less", 2, mid=3))
        await one.hears(Publish(b"u", b"less"))
        await one.send(Unsubscribe((b"t/+",), 2))
        await one.hears(MqttAcknowledgement(PacketType.UNSUBACK, 2))
        await other.send(Publish(b"t/0", b"0"))
        assert await other.next() == MqttAcknowledgement(PUBREC, 3)
        assert await other.silent()
        assert await one.silent()
    assert [each.payload for each in broker.published] == [b"0", b"1", b"2", b"less", b"0"]


async def test_retained_messages() -> None:
    broker = Broker()
    async with joined(broker, b"a") as one:
        await one.send(Publish(b"kept", b"x", 1, retain=True, mid=1), Publish(b"gone", b"y", retain=True))
        await one.send(Publish(b"gone", b"", retain=True), Subscribe(((b"#", 1),), 2))
        await one.hears(MqttAcknowledgement(PUBACK, 1), SubAck((1,), 2), Publish(b"kept", b"x", 1, retain=True, mid=1))
        assert await one.silent()
    assert list(broker.retained) == [b"kept"]


async def test_the_will_of_who_is_gone_without_a_word() -> None:
    broker, will = Broker(), Will(b"will", b"gone", 1, retain=True)
    async with joined(broker, b"watch") as watch:
        await watch.send(Subscribe(((b"will", 0),), 1))
        await watch.hears(SubAck((0,), 1))
        async with joined(broker, b"a", will=will) as one:
            await one.send(Bare(PacketType.DISCONNECT))
            assert await one.next() is None
        assert await watch.silent()
        async with joined(broker, b"a", will=will):
            pass
        await watch.hears(Publish(b"will", b"gone"))
    assert b"will" in broker.retained


async def test_a_session_that_lasts() -> None:
    """Subscriptions and messages wait; what was not acknowledged is sent again."""
    broker = Broker()
    async with joined(broker, b"a", clean=False) as one:
        await one.send(Subscribe(((b"t", 1),), 1))
        await one.hears(SubAck((1,), 1))
        broker.publish(Publish(b"t", b"1", 1))
        await one.hears(Publish(b"t", b"1", 1, mid=1))
    broker.publish(Publish(b"t", b"2", 1))
    broker.publish(Publish(b"t", b"lost"))
    async with joined(broker, b"a", clean=False, session=True) as one:
        await one.hears(Publish(b"t", b"1", 1, dup=True, mid=1), Publish(b"t", b"2", 1, mid=2))
        await one.send(MqttAcknowledgement(PUBACK, 1), MqttAcknowledgement(PUBACK, 2))
        assert await one.silent()
    async with joined(broker, b"a", session=False) as one:
        broker.publish(Publish(b"t", b"3", 1))
        assert await one.silent()
    assert not broker.sessions


async def test_the_same_client_twice() -> None:
    """The first is ended."""
    broker = Broker()
    async with joined(broker, b"a") as one, joined(broker, b"a") as other:
        assert await one.next() is None
        assert await other.silent()
        assert list(broker.sessions) == [b"a"]


@pytest.mark.parametrize(
    ("introduction", "code"),
    [(Connect(b"a", True, 0, level=5), 1), (Connect(b"", False, 0), 2)],
)
async def test_who_is_refused(introduction: Connect, code: int) -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    client = Client(ours)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Broker().talk, theirs)
        await client.send(introduction)
        await client.hears(ConnAck(False, code))


@pytest.mark.parametrize("noise", [b"GET / HTTP/1.1\r\n\r\n", b"\xc0\x00", b"\x00", b"\x10\xff\xff\xff\xff"])
async def test_noise_ends_the_connection(noise: bytes) -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(Broker().talk, theirs)
            await ours.send_all(noise)


async def test_who_is_silent_for_longer_than_the_keep_alive(autojump_clock: trio.testing.MockClock) -> None:
    broker, began = Broker(), trio.current_time()
    async with joined(broker, b"a", keep_alive=60) as one:
        with trio.fail_after(100):
            assert await one.stream.receive_some() == b""
        assert trio.current_time() - began == pytest.approx(90, abs=2)


async def test_who_does_not_read_makes_nothing_pile_up() -> None:
    broker = Broker()
    async with joined(broker, b"a") as one:
        await one.send(Subscribe(((b"#", 2),), 1))
        await one.hears(SubAck((2,), 1))
        for _ in range(100):
            for qos in (0, 1):
                broker.publish(Publish(b"t", b"x" * 100_000, qos))
        (session,) = broker.sessions.values()
        assert session.link is not None
        assert session.link.queued < 2_000_000


LEVELS = st.sampled_from([b"a", b"b", b"", b"$x"])


@given(st.lists(LEVELS, min_size=1, max_size=4), st.data())
def test_filters_have_the_topics_that_they_are_made_of(levels: list[bytes], data: st.DataObject) -> None:
    topic = b"/".join(levels)
    assert matches(topic, topic)
    wanted = [data.draw(st.sampled_from([level, b"+"])) for level in levels]
    cut = data.draw(st.integers(0, len(levels)))
    special = topic.startswith(b"$")
    assert matches(b"/".join(wanted), topic) is not (special and wanted[0] == b"+")
    if cut:
        assert matches(b"/".join([*wanted[:cut], b"#"]), topic) is not (special and wanted[0] == b"+")
    assert matches(b"#", topic) is not special
    assert not matches(topic + b"/more", topic)
    assert not matches(b"other" + topic, topic)


@pytest.mark.parametrize("name", [b"#/a", b"a#", b"a/b+", b"a/#/b"])
async def test_what_is_no_filter_is_refused(name: bytes) -> None:
    async with joined(Broker(), b"a") as one:
        await one.send(Subscribe(((name, 0), (b"+/a/#", 2)), 1))
        await one.hears(SubAck((REFUSED, 2), 1))


async def test_what_is_kept_is_bounded() -> None:
    """Retained messages, subscriptions, and what waits for a client that is away."""
    broker = Broker()
    async with joined(broker, b"a", clean=False) as one:
        await one.send(*(Subscribe(((b"%d" % number, 1),), 1) for number in range(1001)))
        await one.hears(*[SubAck((1,), 1)] * 1000, SubAck((REFUSED,), 1))
    for _ in range(100):
        broker.say("7", bytes(1 << 16), 1)
    (session,) = broker.sessions.values()
    assert 1 << 4 < session.waiting < 50
    for number in range(100):
        broker.say(f"kept/{number}", bytes(1 << 20), 0, retain=True)
    assert len(broker.retained) == 63
    broker.say("kept/0", b"", 0, retain=True)
    broker.say("kept/99", bytes(1 << 20), 0, retain=True)
    assert (b"kept/0" in broker.retained, b"kept/99" in broker.retained) == (False, True)


async def test_topics_count_to_what_is_kept() -> None:
    broker = Broker()
    for number in range(1200):
        broker.say(f"{number}/".ljust(65535, "t"), b"x", 0, retain=True)
    assert len(broker.retained) == (1 << 26) // 65536


async def test_a_restart_breaks_every_connection_off() -> None:
    """No will is published; a session that is to last does."""
    broker = Broker()
    async with (
        joined(broker, b"a", will=Will(b"will", b"gone", 0, retain=True)) as one,
        joined(broker, b"b", clean=False) as other,
    ):
        broker.restart()
        assert (await one.next(), await other.next()) == (None, None)
    assert (list(broker.sessions), list(broker.published)) == ([b"b"], [])


async def test_a_lab_of_hundreds_of_clients_has_it(sandbox: Sandbox) -> None:
    """All at once, and they stay."""
    async with AsyncExitStack() as connections:
        for number in range(300):
            stream = await connections.enter_async_context(await connect(sandbox, 1883))
            await stream.send_all(encode(Connect(b"%d" % number, True, 60)))
            with trio.fail_after(PATIENCE):
                assert await read_exactly(stream, 4) == encode(ConnAck(False, 0))
        assert len(sandbox.broker.sessions) == 300
