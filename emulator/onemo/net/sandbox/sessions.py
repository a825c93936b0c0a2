"""The sessions of the sandbox's MQTT broker: subscriptions, and messages on their way to a client. Pure."""

from __future__ import annotations

from collections import deque
from typing import Protocol

from onemo.net.mqtt.packets import MqttAcknowledgement, Packet, PacketType, Publish

_MOST_QUEUED = 1000  # messages that wait for a client; more are dropped, as brokers do
_MOST_BYTES = 1 << 20  # of messages on their way to a client that does not read
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
        self._flying: dict[int, Publish | MqttAcknowledgement] = {}
        self._mid = 0

    def deliver(self, message: Publish) -> None:
        """Send a message that a subscription has, with the lesser QoS; queue it where it has to wait."""
        granted = [qos for name, qos in self.subscriptions.items() if matches(name, message.topic)]
        if not granted:
            return
        message = message._replace(qos=min(message.qos, max(granted)), dup=False)
        full = self.link is not None and self.link.queued > _MOST_BYTES
        if not message.qos:
            if self.link is not None and not full:
                self.link.send(message._replace(mid=0))
        elif len(self._queue) < _MOST_QUEUED:
            self._queue.append(message)
            self.go_on()

    def go_on(self) -> None:
        """Send what waits, as far as it may fly."""
        while self.link is not None and self._queue and len(self._flying) < _MOST_FLYING:
            if self.link.queued > _MOST_BYTES:
                return
            message = self._queue.popleft()._replace(mid=self._free())
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
