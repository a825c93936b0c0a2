"""What waits for a broker's word, and how long: a stopwatch, and the packets on their way. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from onemo.modem.console import Console
from onemo.net.mqtt.packets import MqttAcknowledgement, PacketType, Publish, Subscribe, Unsubscribe


class Stopwatch:
    """Seconds that stand still while it is stopped, as it is at first."""

    def __init__(self) -> None:
        self._shown = 0.0
        self._since = math.inf  # when it was started

    def read(self, now: float) -> float:
        """Return the seconds that it has run."""
        return self._shown + max(0.0, now - self._since)

    def run(self, now: float, *, on: bool) -> bool:
        """Let it run, or stand still; return whether that is news."""
        if on == (self._since < math.inf):
            return False
        self._shown = self.read(now)
        self._since = now if on else math.inf
        return True

    def when(self, reading: float) -> float:
        """Return the time at which it will show so much; inf: not as it is now."""
        return self._since + (reading - self._shown) if self._since < math.inf and reading < math.inf else math.inf


@dataclass(slots=True, eq=False)
class Flight:
    """A packet that waits for the broker's word: the PUBREL in place of its PUBLISH, once that has arrived.

    dup: its data was sent again, or published so. console: who asked. repeated: how often it was; wait: seconds until
    it is again, or given up, at due on the stopwatch.
    """

    packet: Publish | Subscribe | Unsubscribe | MqttAcknowledgement
    console: Console
    dup: bool = False
    repeated: int = 0
    wait: float = 0.0
    due: float = math.inf

    @property
    def mid(self) -> int:
        """The packet identifier."""
        return self.packet.mid

    @property
    def is_message(self) -> bool:
        """True of a message, which outlives a connection; not of a subscription."""
        return isinstance(self.packet, Publish | MqttAcknowledgement)


class Flights:
    """The packets of a client that wait for the broker's word, by packet identifier, in the order of their sending.

    interval: seconds before the first repetition, each further wait twice as long; times: how many repetitions.
    """

    def __init__(self) -> None:
        self.interval = math.inf
        self.times = 0
        self._next = 1
        self._flying: dict[int, Flight] = {}

    def __len__(self) -> int:
        return len(self._flying)

    def __iter__(self) -> Iterator[Flight]:
        return iter(list(self._flying.values()))

    def give_mid(self) -> int:
        """Give out the next packet identifier; those that are in use are left out."""
        while True:
            mid = self._next
            self._next = mid % 65535 + 1
            if mid not in self._flying:
                return mid

    def begin(self, flight: Flight, reading: float) -> None:
        """Take up one that is sent now, with a budget of repetitions anew."""
        flight.repeated, flight.wait, flight.due = 0, self.interval, reading + self.interval
        self._flying[flight.mid] = flight

    def find(self, mid: int) -> Flight | None:
        """Return the one that an acknowledgement is about; None: nobody waits for it."""
        return self._flying.get(mid)

    def end(self, flight: Flight) -> None:
        """Forget one."""
        self._flying.pop(flight.mid, None)

    def clear(self) -> None:
        """Forget all."""
        self._flying.clear()

    @property
    def due(self) -> float:
        """When the stopwatch shows that the next is to be repeated or given up; inf: none."""
        return min((flight.due for flight in self._flying.values()), default=math.inf)

    def overdue(self, reading: float) -> Iterator[tuple[Flight, bool]]:
        """Yield each that is due, and whether it is to be repeated: its next wait has begun. Else it is forgotten."""
        for flight in self:
            if flight.due > reading:
                continue
            if flight.repeated < self.times:
                flight.repeated += 1
                flight.wait *= 2
                flight.due += flight.wait
                if isinstance(flight.packet, Publish):
                    flight.packet, flight.dup = flight.packet._replace(dup=True), True
                yield flight, True
            else:
                self.end(flight)
                yield flight, False


def answers(kind: PacketType, flight: Flight) -> bool:
    """Tell whether an acknowledgement is the one that a flight waits for."""
    packet = flight.packet
    match kind:
        case PacketType.PUBACK:
            return isinstance(packet, Publish) and packet.qos == 1
        case PacketType.PUBREC:
            return isinstance(packet, Publish) and packet.qos == 2
        case PacketType.PUBCOMP:
            return isinstance(packet, MqttAcknowledgement)
        case PacketType.SUBACK:
            return isinstance(packet, Subscribe)
        case _:
            return kind is PacketType.UNSUBACK and isinstance(packet, Unsubscribe)
