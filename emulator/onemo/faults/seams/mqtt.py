"""Faults of MQTT: what comes in the place of a broker's packets. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from onemo.faults.kind import Layer
from onemo.faults.kinds_mqtt import ACCEPT, RECEIVE, REPEATABLE, SEND
from onemo.faults.plan import ArmedFault, FaultChooser, Occasion
from onemo.net.interface import OpenRequest
from onemo.net.mqtt.packets import ConnAck, PacketType, encode

_LONGEST = 65536
"""Bytes of a packet that is kept until it is whole; a longer one passes as it comes."""
_LENGTH_BYTES = 4
_DUPLICATE = 0x08


class MqttFilter:
    """A client's connection with its broker. Implements StreamFilter."""

    def __init__(self, request: OpenRequest, faults: FaultChooser, strike: Callable[[ArmedFault], None]) -> None:
        self.ended = False
        self._faults = faults
        self._strike = strike
        self._occasion = Occasion(label=request.label, host=request.host, port=request.port)
        self._out, self._in = PacketCutter(), PacketCutter()

    def sent(self, data: bytes) -> None:
        for kind, packet in self._out.receive(data):
            if kind is not None:
                for armed in self._faults.chosen(Layer.MQTT, self._seen(kind, packet, SEND)):
                    self._strike(armed)

    def received(self, data: bytes) -> list[tuple[bytes, float]]:
        pieces: list[tuple[bytes, float]] = []
        for kind, packet in self._in.receive(data):
            pieces += [(packet, 0.0)] if kind is None else self._instead(kind, packet)
        return pieces

    def rest(self) -> bytes:
        return self._in.rest()

    def _seen(self, kind: PacketType, packet: bytes, operation: str) -> Occasion:
        return self._occasion._replace(operation=operation, packet=kind.name.lower(), data=packet)

    def _instead(self, kind: PacketType, packet: bytes) -> list[tuple[bytes, float]]:
        """Return what comes in the place of a packet."""
        operation, late, copies = RECEIVE, 0.0, [packet]
        if kind is PacketType.CONNACK:
            operation = ACCEPT
        elif kind is PacketType.PUBLISH and packet[0] & 0x06:
            operation = REPEATABLE
        for armed in self._faults.chosen(Layer.MQTT, self._seen(kind, packet, operation)):
            match armed.fault.kind.name:
                case "mqtt-refuse":
                    copies = [encode(ConnAck(session_present=False, code=armed.fault.whole("code")))] * bool(copies)
                case "mqtt-silence":
                    copies = []
                case "mqtt-duplicate":
                    copies += [bytes((packet[0] | _DUPLICATE,)) + packet[1:]] * bool(copies)
                case "mqtt-late":
                    late += armed.seconds()
                case _:
                    self._strike(armed)
                    late = math.inf
        return [(each, late if number == 0 else 0.0) for number, each in enumerate(copies)]


class PacketCutter:
    """Cuts one direction of a connection into packets.

    What is too long, and whatever comes after bytes that begin no packet, passes as it comes.
    """

    def __init__(self) -> None:
        self._kept = b""
        self._left = 0  # bytes of a long packet that has begun
        self._lost = False

    def receive(self, data: bytes) -> Iterator[tuple[PacketType | None, bytes]]:
        """Take bytes, and yield each packet that is whole with its type; None: bytes of no packet, or of a long one."""
        self._kept += data
        while self._kept:
            if self._lost:
                yield None, self.rest()
            elif self._left:
                part, self._kept = self._kept[: self._left], self._kept[self._left :]
                self._left -= len(part)
                yield None, part
            elif (size := self._size()) is None:
                if not self._lost:
                    return
            elif size > _LONGEST:
                self._left = size
            elif len(self._kept) < size:
                return
            else:
                packet, self._kept = self._kept[:size], self._kept[size:]
                yield PacketType(packet[0] >> 4), packet

    def rest(self) -> bytes:
        """Return the beginning of a packet that was kept for its end."""
        kept, self._kept = self._kept, b""
        return kept

    def _size(self) -> int | None:
        """Return the bytes of the packet that begins; None: that is not known yet, or it is none."""
        remaining = 0
        self._lost = not PacketType.CONNECT <= self._kept[0] >> 4 <= PacketType.DISCONNECT
        for place, byte in enumerate(self._kept[1 : 1 + _LENGTH_BYTES]):
            remaining |= (byte & 0x7F) << 7 * place
            if byte < 0x80:
                return None if self._lost else 2 + place + remaining
        self._lost = self._lost or len(self._kept) > _LENGTH_BYTES
        return None
