"""The sandbox's MQTT 3.1.1 broker, in memory: every name has the same one, whoever comes."""

from __future__ import annotations

import logging
import math
import socket
from collections import deque
from itertools import count
from typing import NamedTuple

import trio

from onemo.errors import UsageError
from onemo.net.mqtt.decoder import Decoder
from onemo.net.mqtt.packets import (
    LEVEL,
    REFUSED,
    Bare,
    ConnAck,
    Connect,
    Malformed,
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
    is_topic,
)
from onemo.net.sandbox.sessions import BrokerSession, matches
from onemo.net.sandbox.streams import MOST_CONNECTIONS

_log = logging.getLogger(__name__)
_RECEIVE = 65536
_LONGEST = 1 << 20  # bytes of a message
_INTRODUCTION = 30.0  # seconds from the connection to the CONNECT
_FAREWELL = 1.0  # seconds in which what is on its way still leaves
_LATE = 1.5  # times the keep-alive
_MOST_RETAINED = 10_000
_MOST_KEPT = 1 << 26  # bytes of retained messages, with their topics
_MOST_SESSIONS = MOST_CONNECTIONS
_MOST_REMEMBERED = 100
_BAD_LEVEL, _BAD_CLIENT = 1, 2  # codes of a CONNACK


class Published(NamedTuple):
    """A message that came. client_id: whose; b"" for one of the sandbox's own."""

    client_id: bytes
    topic: bytes
    payload: bytes
    qos: int
    retain: bool


class Broker:
    """One broker for every name. sessions: by client identifier; published: the newest messages that came."""

    def __init__(self) -> None:
        self.sessions: dict[bytes, BrokerSession] = {}
        self.retained: dict[bytes, Publish] = {}
        self.published: deque[Published] = deque(maxlen=_MOST_REMEMBERED)
        self._numbers = count(1)
        self._kept = 0  # bytes of what is retained

    async def converse(self, sock: socket.socket) -> None:
        """Serve one client until its end, as a streams.Conversation."""
        await self.talk(trio.SocketStream(trio.socket.from_stdlib_socket(sock)))

    async def talk(self, stream: trio.abc.Stream) -> None:
        """Serve one client over a stream, until either ends it."""
        client = _Client(self, stream)
        try:
            await client.serve()
        finally:
            client.end()

    def publish(self, message: Publish, client_id: bytes = b"") -> None:
        """Hand a message to all that subscribe to its topic, and keep it where it is to be retained."""
        self.published.append(Published(client_id, message.topic, message.payload, message.qos, message.retain))
        if message.retain:
            self._retain(message)
        for session in self.sessions.values():
            session.deliver(message._replace(retain=False, dup=False))

    def say(self, topic: str, payload: bytes, qos: int = 0, retain: bool = False) -> None:
        """Publish a message of the sandbox's own. Raises UsageError: it is none."""
        if not is_topic(name := _bytes(topic)):
            raise UsageError(f"{topic!r:.80} is no topic: give up to 65535 bytes of text, without + and #")
        if isinstance(qos, bool | float) or qos not in range(3):
            raise UsageError(f"qos={qos!r} is none: give 0, 1 or 2")
        if len(payload) > _LONGEST:
            raise UsageError(f"the payload has {len(payload)} bytes: give at most {_LONGEST}")
        self.publish(Publish(name, payload, qos, retain))

    def restart(self) -> None:
        """Break every connection off, as a broker that is killed and started anew: sessions that are to last do."""
        for session in list(self.sessions.values()):
            if session.link is not None:
                session.link.break_off()

    def _retain(self, message: Publish) -> None:
        """Keep a message in the place of its topic's; without a payload it only takes that one away."""
        earlier = self.retained.pop(message.topic, None)
        self._kept -= _size(earlier) if earlier is not None else 0
        fits = len(self.retained) < _MOST_RETAINED and self._kept + _size(message) <= _MOST_KEPT
        if message.payload and fits:
            self.retained[message.topic] = message
            self._kept += _size(message)

    def open(self, introduction: Connect) -> tuple[BrokerSession, bool]:
        """Take up the session of a client; return it, and whether it goes on. The client that has it is ended."""
        client_id = introduction.client_id or b"sandbox-%d" % next(self._numbers)
        session = self.sessions.pop(client_id, None)
        if session is not None and session.link is not None:
            session.link.end()
        known = session is not None and not session.clean and not introduction.clean
        if session is None or not known:
            session = BrokerSession(client_id)
        session.clean = introduction.clean
        if len(self.sessions) >= _MOST_SESSIONS:
            gone = next((each for each in self.sessions.values() if each.link is None), None)
            if gone is not None:
                del self.sessions[gone.client_id]
        self.sessions[client_id] = session
        return session, known

    def close(self, session: BrokerSession) -> None:
        """Let go of a session that its client has left, if it is not to last."""
        if session.clean and self.sessions.get(session.client_id) is session:
            del self.sessions[session.client_id]


def _bytes(topic: object) -> bytes:
    """Return the bytes of a topic; none for what is no text."""
    return topic.encode("utf-8", "surrogatepass") if isinstance(topic, str) else b""


def _size(message: Publish) -> int:
    return len(message.topic) + len(message.payload)


class _Client:
    """One connection. Implements sessions.ClientLink."""

    def __init__(self, broker: Broker, stream: trio.abc.Stream) -> None:
        self._broker = broker
        self._stream = stream
        self._session: BrokerSession | None = None
        self._will: Will | None = None
        self._scope = trio.CancelScope()
        self._waiting: deque[bytes] = deque()
        self._more, self._less = trio.Event(), trio.Event()
        self._patience = _INTRODUCTION
        self.queued = 0

    async def serve(self) -> None:
        """Talk to the client until it ends, or sends what is no packet."""
        with self._scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._write)
                try:
                    await self._read()
                    with trio.move_on_after(_FAREWELL):
                        await self._left(0)
                except Malformed as error:
                    _log.info("the sandbox's broker ends a connection: %s", error)
                except (trio.BrokenResourceError, trio.ClosedResourceError):
                    pass  # the client's end
                nursery.cancel_scope.cancel()

    async def _read(self) -> None:
        """Act on what comes, until the client takes its leave, is silent for too long, or ends.

        Raises Malformed, and trio's errors of a stream.
        """
        decoder = Decoder(_LONGEST)
        while True:
            data: bytes | bytearray = b""
            with trio.move_on_after(self._patience):
                data = await self._stream.receive_some(_RECEIVE)
            if not data:
                return
            for packet in decoder.receive(bytes(data)):
                if not self._on_packet(packet):
                    return
            await self._left(_LONGEST)  # a client that takes no answers is not read

    def send(self, packet: Packet) -> None:
        """Queue a packet for the client."""
        data = encode(packet)
        self._waiting.append(data)
        self.queued += len(data)
        self._more.set()

    def end(self) -> None:
        """End the connection; the will is published unless the client took its leave."""
        self._scope.cancel()
        session, self._session = self._session, None
        if session is None:
            return
        if session.link is self:
            session.link = None
        will, self._will = self._will, None
        if will is not None:
            self._broker.publish(Publish(will.topic, will.payload, will.qos, will.retain), session.client_id)
        self._broker.close(session)

    def break_off(self) -> None:
        """End the connection as a broker that is killed: no will is published."""
        self._will = None
        self.end()

    async def _write(self) -> None:
        while True:
            await self._more.wait()
            self._more = trio.Event()
            while self._waiting:
                data = b"".join(self._waiting)
                self._waiting.clear()
                try:
                    await self._stream.send_all(data)
                except (trio.BrokenResourceError, trio.ClosedResourceError):
                    self._scope.cancel()
                self.queued -= len(data)
                self._less.set()
                self._less = trio.Event()
            if self._session is not None:
                self._session.go_on()

    async def _left(self, most: int) -> None:
        """Wait until at most so many bytes are on their way."""
        while self.queued > most:
            await self._less.wait()

    def _on_packet(self, packet: Packet | PublishStart | PublishPart) -> bool:
        """Act on a packet; return whether the connection goes on. Raises Malformed."""
        session = self._session
        if session is None:
            if not isinstance(packet, Connect):
                raise Malformed("the first packet is no CONNECT")
            return self._introduce(packet)
        match packet:
            case Publish():
                self._take(session, packet)
            case MqttAcknowledgement(PacketType.PUBREL, mid):
                session.received.discard(mid)
                self.send(MqttAcknowledgement(PacketType.PUBCOMP, mid))
            case MqttAcknowledgement(kind, mid):
                session.acknowledged(kind, mid)
            case Subscribe():
                self._subscribe(session, packet)
            case Unsubscribe(names, mid):
                for name in names:
                    session.subscriptions.pop(name, None)
                self.send(MqttAcknowledgement(PacketType.UNSUBACK, mid))
            case Bare(kind):
                return self._on_bare(kind)
            case _:
                raise Malformed("a packet that no client sends now")
        return True

    def _on_bare(self, kind: PacketType) -> bool:
        """Act on PINGREQ or DISCONNECT, as _on_packet."""
        if kind is PacketType.DISCONNECT:
            self._will = None
            return False
        if kind is not PacketType.PINGREQ:
            raise Malformed("a packet that no client sends")
        self.send(Bare(PacketType.PINGRESP))
        return True

    def _subscribe(self, session: BrokerSession, packet: Subscribe) -> None:
        """Grant what is asked for, and send what is retained."""
        codes = [session.subscribe(name, qos) for name, qos in packet.filters]
        self.send(SubAck(tuple(codes), packet.mid))
        for (name, _), code in zip(packet.filters, codes, strict=True):
            if code == REFUSED:
                continue
            for message in [each for each in self._broker.retained.values() if matches(name, each.topic)]:
                session.deliver(message)

    def _introduce(self, packet: Connect) -> bool:
        if packet.level != LEVEL or not (packet.client_id or packet.clean):
            self.send(ConnAck(False, _BAD_LEVEL if packet.level != LEVEL else _BAD_CLIENT))
            return False
        session, known = self._broker.open(packet)
        self._session, self._will = session, packet.will
        self._patience = packet.keep_alive * _LATE if packet.keep_alive else math.inf
        self.send(ConnAck(known, 0))
        session.resume(self)
        return True

    def _take(self, session: BrokerSession, packet: Publish) -> None:
        """Take a message: of QoS 2 once, however often it comes."""
        if packet.qos < 2 or packet.mid not in session.received:
            self._broker.publish(packet, session.client_id)
        if packet.qos == 1:
            self.send(MqttAcknowledgement(PacketType.PUBACK, packet.mid))
        elif packet.qos == 2:
            session.received.add(packet.mid)
            self.send(MqttAcknowledgement(PacketType.PUBREC, packet.mid))
