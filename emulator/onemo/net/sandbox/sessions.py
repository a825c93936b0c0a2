"""The sessions of the sandbox's MQTT broker: subscriptions, and messages on their way to a client. Pure."""

from __future__ import annotations

from collections import deque
from typing import Protocol

from onemo.net.mqtt.packets import REFUSED, MqttAcknowledgement, Packet, PacketType, Publish, is_filter

_MOST_QUEUED = 1000  # messages that wait for a client; more are dropped, as brokers do
_MOST_BYTES = 1 << 20  # of messages that wait, and of those on their way to a client that does not read
_MOST_FILTERS = 1000
_MOST_FLYING = 20  # unacknowledged messages


def matches(name: bytes, topic: bytes) -> bool:
    """Tell whether a filter has a topic (MQTT 3.1.1, 4.7)."""
    wanted, levels = name.split(b"/"), topic.split(b"/")
    if topic[:1] == b"$" and wanted[0] in (b"+", b"#"):
        return False
    for place, level in enumerate(wanted):
        if level == b"#":
            return True
        if place >= len(levels) or level not in (b"+", levels[place]):
            return False
    return len(wanted) == len(levels)


class ClientLink(Protocol):
    """The connection of a session's client. queued: bytes on their way."""

    queued: int

    def send(self, packet: Packet) -> None:
        """Queue a packet for the client."""
        ...

    def end(self) -> None:
        """End the connection."""
        ...

    def break_off(self) -> None:
        """End the connection as a broker that is killed: no will is published."""
        ...


class BrokerSession:
    """What the broker knows of one client. received: identifiers of messages of QoS 2 that are not released.

    subscriptions: QoS by filter. link: its connection, None while it is away. clean: it does not last.
    """

    def __init__(self, client_id: bytes) -> None:
        self.client_id = client_id
        self.clean = True
        self.link: ClientLink | None = None
        self.subscriptions: dict[bytes, int] = {}
        self.received: set[int] = set()
        self._queue: deque[Publish] = deque()
        self._held = 0  # bytes in the queue
        self._flying: dict[int, Publish | MqttAcknowledgement] = {}
        self._mid = 0

    @property
    def waiting(self) -> int:
        """How many messages wait for the client, or for its word."""
        return len(self._queue) + len(self._flying)

    def subscribe(self, name: bytes, qos: int) -> int:
        """Take up a filter; return the granted QoS, or REFUSED for what is no filter, or one too many."""
        if not is_filter(name) or (name not in self.subscriptions and len(self.subscriptions) >= _MOST_FILTERS):
            return REFUSED
        self.subscriptions[name] = qos
        return qos

    def has(self, topic: bytes) -> bool:
        """Tell whether a subscription has a topic."""
        return bool(self._granted(topic))

    def _granted(self, topic: bytes) -> list[int]:
        return [qos for name, qos in self.subscriptions.items() if matches(name, topic)]

    def deliver(self, message: Publish) -> None:
        """Send a message that a subscription has, with the lesser QoS; queue it where it has to wait."""
        granted = self._granted(message.topic)
        if not granted:
            return
        message = message._replace(qos=min(message.qos, max(granted)), dup=False)
        full = self.link is not None and self.link.queued > _MOST_BYTES
        if not message.qos:
            if self.link is not None and not full:
                self.link.send(message._replace(mid=0))
        elif len(self._queue) < _MOST_QUEUED and self._held <= _MOST_BYTES:
            self._queue.append(message)
            self._held += len(message.payload)
            self.go_on()

    def go_on(self) -> None:
        """Send what waits, as far as it may fly."""
        while self.link is not None and self._queue and len(self._flying) < _MOST_FLYING:
            if self.link.queued > _MOST_BYTES:
                return
            message = self._queue.popleft()._replace(mid=self._free())
            self._held -= len(message.payload)
            self._flying[message.mid] = message
            self.link.send(message)

    def resume(self, link: ClientLink) -> None:
        """Go on with a connection: what was not acknowledged is sent again."""
        self.link = link
        for packet in self._flying.values():
            link.send(packet._replace(dup=True) if isinstance(packet, Publish) else packet)
        self.go_on()

    def acknowledged(self, kind: PacketType, mid: int) -> None:
        """Take up PUBACK, PUBREC or PUBCOMP; one that nobody waits for means nothing, but a PUBREC is answered."""
        flying = self._flying.get(mid)
        if kind is PacketType.PUBREC:
            release = MqttAcknowledgement(PacketType.PUBREL, mid)
            if isinstance(flying, Publish) and flying.qos == 2:
                self._flying[mid] = release
            if self.link is not None:
                self.link.send(release)
            return
        done = kind is PacketType.PUBACK and isinstance(flying, Publish) and flying.qos == 1
        if done or (kind is PacketType.PUBCOMP and isinstance(flying, MqttAcknowledgement)):
            del self._flying[mid]
            self.go_on()

    def _free(self) -> int:
        while True:
            self._mid = self._mid % 65535 + 1
            if self._mid not in self._flying:
                return self._mid
