"""The messages that a broker sends to an MQTT client: told in URCs, or stored for MQTTREAD, and acknowledged then."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from onemo.at.command import print_line
from onemo.at.payload import ReceiveFormat, encode
from onemo.families.mqtt.profile import MQTT
from onemo.families.mqtt.settings import CACHED, ENCODING
from onemo.modem.cache import Cache
from onemo.modem.host import Host
from onemo.modem.pieces import Pieces
from onemo.net.mqtt.packets import Publish, PublishPart, PublishStart


class MqttMessage(NamedTuple):
    """A message that was stored. topic: as print_line has strings."""

    mid: int
    topic: str
    payload: bytes


@dataclass(slots=True, eq=False)
class _Arriving:
    """A message on its way. total: bytes of its payload; expected: those that will be told, told: so far.

    handed: bytes given to the pieces. receipts: how many acknowledgements it gets in the end. repeated: it has come
    before. stored: it was to be stored, and is too long.
    """

    mid: int
    topic: str
    total: int
    expected: int
    qos: int
    told: int = 0
    handed: int = 0
    receipts: int = 1
    repeated: bool = False
    stored: bool = False


class Inbox:
    """What comes for one client. acknowledge(qos, mid): the message is in the output, or stored."""

    def __init__(self, host: Host, number: int, acknowledge: Callable[[int, int], None]) -> None:
        self._host = host
        self._number = number
        self._acknowledge = acknowledge
        self._table = table = host.profile.table(MQTT)
        self._pieces = Pieces(host.first, self._tell)
        self._telling: deque[_Arriving] = deque()
        self._long: _Arriving | None = None
        self._gathered = bytearray()
        self._unreleased: set[int] = set()  # QoS 2: received, and the PUBREL has not come
        self.cache: Cache[MqttMessage] = Cache(
            table.cache, table.cached_messages, measure=lambda message: len(message.payload)
        )

    @property
    def takes_more(self) -> bool:
        """True while more may be read: nothing waits for the line, which has room; held, while messages are stored."""
        transmitter = self._host.first.transmitter
        if not self._pieces.done or transmitter.full:
            return False
        return not transmitter.hold or (self._caches and self.cache.room > 0)

    # What comes.

    def receive(self, packet: Publish) -> None:
        """Take a message that is there whole."""
        if self._is_repeated(packet):
            return
        message = MqttMessage(packet.mid, packet.topic.decode("latin-1"), packet.payload)
        if self._caches:
            if self.cache.add(message):
                self._notify("pubnmi", message.mid, len(message.payload))
            else:
                self._notify("drop", len(message.payload))
            self._acknowledge(packet.qos, packet.mid)
            return
        size = len(packet.payload)
        self._begin(_Arriving(message.mid, message.topic, size, size, packet.qos))
        self._pieces.add(packet.payload)

    def start(self, packet: PublishStart) -> None:
        """Take the head of a long message; its parts follow."""
        topic = packet.topic.decode("latin-1")
        self._long = _Arriving(packet.mid, topic, packet.length, packet.length, packet.qos)
        self._long.repeated = self._is_repeated(packet)
        self._long.stored = not self._long.repeated and self._caches
        if not (self._long.repeated or self._long.stored):
            self._begin(self._long)

    def extend(self, part: PublishPart) -> None:
        """Take the next part of a long message: told as it comes, or thrown away where it was to be stored."""
        arriving = self._long
        assert arriving is not None, "a part of nothing"
        if part.last:
            self._long = None
        if arriving.stored:
            if part.last:
                self._notify("drop", arriving.total)
                self._acknowledge(arriving.qos, arriving.mid)
        elif not arriving.repeated:
            self._gathered += part.data
            size = self._piece(arriving) or self._table.whole
            while len(self._gathered) >= size or (part.last and self._gathered):
                piece = bytes(self._gathered[:size])
                del self._gathered[:size]
                arriving.handed += len(piece)
                self._pieces.add(piece)

    def release(self, mid: int) -> None:
        """Take up a PUBREL: the next message with this identifier is another one."""
        self._unreleased.discard(mid)

    # Ends.

    def disconnected(self) -> None:
        """Take up the end of a connection: what has not come never will, and nothing more is acknowledged."""
        for arriving in self._telling:
            arriving.receipts = 0
        if (cut := self._long) is not None and not cut.repeated:
            self._unreleased.discard(cut.mid)  # it comes again whole
            cut.expected = cut.handed  # that is told still, and a piece that was begun is not
            if cut in self._telling and cut.told == cut.expected:
                self._telling.remove(cut)
        self._long = None
        self._gathered.clear()

    def new_session(self) -> None:
        """Forget which messages of QoS 2 have come."""
        self._unreleased.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.disconnected()
        self.new_session()
        self._telling.clear()
        self._pieces.clear()
        while self.cache:
            self.cache.take()

    # MQTTREAD.

    def read(self, count: int) -> list[bytes]:
        """Take the oldest count messages out of the cache; return their lines."""
        taken = (self.cache.take() for _ in range(count))
        return [
            print_line("MQTTREAD", self._number, each.mid, each.topic, len(each.payload), self._shown(each.payload))
            for each in taken
        ]

    # Inside.

    @property
    def _caches(self) -> bool:
        return bool(self._host.settings.effective(CACHED, self._number).cached)

    def _is_repeated(self, packet: Publish | PublishStart) -> bool:
        """Tell whether a message of QoS 2 has come before, and see to its receipt."""
        if packet.qos < 2:
            return False
        if packet.mid not in self._unreleased:
            self._unreleased.add(packet.mid)
            return False
        waiting = next((each for each in self._telling if each.mid == packet.mid and each.qos == packet.qos), None)
        if waiting is None:
            self._acknowledge(packet.qos, packet.mid)
        else:
            waiting.receipts += 1
        return True

    def _begin(self, arriving: _Arriving) -> None:
        self._telling.append(arriving)
        if len(self._telling) == 1:
            self._pieces.most = self._piece(arriving)

    def _piece(self, arriving: _Arriving) -> int:
        """Return the most bytes of one URC of a message; 0: all of it."""
        table, topic = self._table, len(arriving.topic)
        if not table.split or topic + arriving.total <= table.split:
            return 0
        return max(table.split - topic, table.split_least)

    def _tell(self, piece: bytes, total: int) -> None:
        arriving = self._telling[0]
        self._notify("publish", arriving.mid, arriving.topic, arriving.total, len(piece), self._shown(piece))
        arriving.told += len(piece)
        if arriving.told < arriving.expected:
            return
        self._telling.popleft()
        if self._telling:
            self._pieces.most = self._piece(self._telling[0])
        for _ in range(arriving.receipts):
            self._acknowledge(arriving.qos, arriving.mid)

    def _shown(self, data: bytes) -> bytes:
        form = self._host.settings.effective(ENCODING, self._number).output_format
        return encode(data, ReceiveFormat(form))

    def _notify(self, name: str, *values: int | str | bytes) -> None:
        self._host.notify(print_line("MQTTURC", name, self._number, *values))
