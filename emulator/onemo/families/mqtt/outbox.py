"""The way from an MQTT client to its broker: what is queued, what waits for an acknowledgement, and its repetitions."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from onemo.at.command import print_line
from onemo.at.outcome import Outcome, Pending
from onemo.at.reply import CommandError, Reply
from onemo.families.mqtt.profile import MQTT
from onemo.families.mqtt.settings import RETRANSMISSION
from onemo.families.mqtt.states import MqttError
from onemo.families.mqtt.timing import Flight, Flights, Stopwatch, answers
from onemo.modem.channel import Forward, Owner
from onemo.modem.intents import Wait
from onemo.modem.modem import Modem
from onemo.net.mqtt.packets import (
    REFUSED,
    Malformed,
    MqttAcknowledgement,
    Packet,
    PacketType,
    Publish,
    SubAck,
    Subscribe,
    Unsubscribe,
    encode,
)

Order = Publish | Subscribe | Unsubscribe
Told = Callable[[int, int], bytes]
"""Makes the line that tells an order's packet identifier, and the bytes of its packet."""
_TOLD = {PacketType.PUBACK: "puback", PacketType.PUBREC: "pubrec", PacketType.PUBCOMP: "pubcomp"}


@dataclass(slots=True, eq=False)
class _Waiting:
    """A command that waits until there is room for size bytes. answered: how many of its orders the broker answers."""

    wait: Wait
    size: int
    answered: int


class Outbox:
    """What one client sends. owner: of its connection; arm: due may be another one.

    clock: the stopwatch of repetitions, which the client runs. sent_at: when something was sent last. subscriptions:
    the granted QoS by filter.
    """

    def __init__(self, owner: Owner, number: int, device: Modem, arm: Callable[[], None]) -> None:
        self._owner = owner
        self._arm = arm
        self._number = number
        self._device = device
        self._table = device.profile.table(MQTT)
        self._flights = Flights()
        self._queued = 0
        self._waiting: deque[_Waiting] = deque()
        self.clock = Stopwatch()
        self.sent_at = -math.inf
        self.subscriptions: dict[bytes, int] = {}

    @property
    def full(self) -> bool:
        """True while nothing more should be read: what it would make us send does not leave."""
        return self._queued > self._table.send_queue

    @property
    def unacknowledged(self) -> int:
        """How many orders wait for the broker's word."""
        return len(self._flights)

    @property
    def due(self) -> float:
        """When the clock shows that something is to be repeated or given up; inf: never."""
        return self._flights.due

    def begin(self) -> None:
        """Begin a connection."""
        self._queued = 0
        retransmission = self._device.settings.effective(RETRANSMISSION, self._number)
        self._flights.interval = retransmission.interval * self._table.second
        self._flights.times = retransmission.times

    def hand_over(self, packet: Packet, now: float) -> None:
        """Send a packet after what is queued."""
        data = encode(packet)
        self._queued += len(data)
        self.sent_at = now
        self._device.intents.append(Forward(self._owner, data))

    def taken(self, count: int, now: float) -> None:
        """Take note that bytes have left, and let commands go on that wait for room."""
        self._queued = max(0, self._queued - count)
        while self._waiting and self._has_room(self._waiting[0].size):
            self._device.complete(self._waiting.popleft().wait, True, now)

    def untaken(self, count: int) -> None:
        """Take note that bytes will never leave."""
        self._queued = max(0, self._queued - count)

    # Orders.

    def require_room(self, count: int) -> None:
        """Raise CommandError(MEMORY) where so many orders more may not wait for the broker's word."""
        begun = len(self._flights) + sum(waiting.answered for waiting in self._waiting)
        if count and begun + count > self._table.unacknowledged:
            raise CommandError(MqttError.MEMORY)

    def submit(self, orders: Sequence[Order], told: Told, check: Callable[[], None]) -> Outcome:
        """Send orders as soon as there is room for them; the reply tells each.

        check raises CommandError where the state does not allow it any more. Raises CommandError: MEMORY, too many wait
        for the broker's word, or no room in time; NETWORK, the connection was lost meanwhile.
        """
        answered = sum(map(_is_answered, orders))
        self.require_room(answered)
        size = sum(len(encode(order)) for order in orders)
        if not self._waiting and self._has_room(size):
            return self._send(orders, told)
        waiting = _Waiting(Wait(self._table.room_time), size, answered)
        self._waiting.append(waiting)

        def finish(result: bool | None) -> Reply:
            if waiting in self._waiting:
                self._waiting.remove(waiting)
            if not result:
                raise CommandError(MqttError.MEMORY if result is None else MqttError.NETWORK)
            check()
            return self._send(orders, told)

        return Pending(waiting.wait, finish)

    def _has_room(self, size: int) -> bool:
        return not self._queued or self._queued + size <= self._table.send_queue

    def _send(self, orders: Sequence[Order], told: Told) -> Reply:
        lines = []
        for order in orders:
            packet = order._replace(mid=self._flights.give_mid())
            self.hand_over(packet, self._device.now)
            if _is_answered(packet):
                dup = isinstance(packet, Publish) and packet.dup
                self._fly(Flight(packet, self._device.console, dup))
            lines.append(told(packet.mid, len(encode(packet))))
        return Reply(lines)

    def _fly(self, flight: Flight) -> None:
        self._flights.begin(flight, self.clock.read(self._device.now))
        self._arm()

    # The broker's word.

    def acknowledged(self, packet: MqttAcknowledgement, now: float) -> None:
        """Take up PUBACK, PUBREC, PUBCOMP or UNSUBACK; one that nobody waits for means nothing."""
        flight = self._flights.find(packet.mid)
        if flight is None:
            return
        if packet.type is PacketType.PUBREC and isinstance(flight.packet, MqttAcknowledgement):
            self.hand_over(flight.packet, now)  # our PUBREL was lost
            return
        if not answers(packet.type, flight):
            return
        self._flights.end(flight)
        if isinstance(flight.packet, Unsubscribe):
            for name in flight.packet.filters:
                self.subscriptions.pop(name, None)
            self._tell(flight, "unsuback")
            return
        self._tell(flight, _TOLD[packet.type], int(flight.dup))
        if packet.type is PacketType.PUBREC:
            flight.packet = MqttAcknowledgement(PacketType.PUBREL, flight.mid)
            self.hand_over(flight.packet, now)
            self._fly(flight)

    def granted(self, packet: SubAck) -> None:
        """Take up a SUBACK. Raises Malformed: not a code for each filter."""
        flight = self._flights.find(packet.mid)
        if flight is None or not isinstance(flight.packet, Subscribe):
            return
        if len(packet.codes) != len(flight.packet.filters):
            raise Malformed("not a code for each filter")
        self._flights.end(flight)
        for (name, _), code in zip(flight.packet.filters, packet.codes, strict=True):
            if code != REFUSED:
                self.subscriptions[name] = code
        self._tell(flight, "suback", *packet.codes)

    def repeat(self, reading: float, now: float) -> None:
        """Repeat what is due by the clock, or give it up."""
        for flight, again in self._flights.overdue(reading):
            if again:
                self.hand_over(flight.packet, now)
            else:
                self._tell(flight, "timeout")

    # Connections.

    def resume(self, now: float) -> None:
        """Send what the session had not settled again: its messages, in their order."""
        for flight in self._flights:
            if isinstance(flight.packet, Publish):
                flight.packet, flight.dup = flight.packet._replace(dup=True), True
            self.hand_over(flight.packet, now)
            self._fly(flight)

    def abandon(self) -> None:
        """Give up every message: there is no session to go on with."""
        self._give_up([flight for flight in self._flights if flight.is_message])

    def lost(self) -> None:
        """Give up what a connection alone can settle: subscriptions, and commands that wait for room."""
        self._give_up([flight for flight in self._flights if not flight.is_message])
        while self._waiting:
            self._device.complete(self._waiting.popleft().wait, False, self._device.now)

    def clear(self) -> None:
        """Forget everything that waits for the broker's word, without one of ours."""
        self._flights.clear()
        self.subscriptions.clear()

    def _give_up(self, flights: Sequence[Flight]) -> None:
        for flight in flights:
            self._flights.end(flight)
            self._tell(flight, "timeout")

    def _tell(self, flight: Flight, name: str, *values: int) -> None:
        self._device.notify_on(flight.console, print_line("MQTTURC", name, self._number, flight.mid, *values))


def _is_answered(order: Order) -> bool:
    """Tell whether the broker answers an order: all but a message of QoS 0."""
    return not isinstance(order, Publish) or order.qos > 0
