"""The packets of MQTT in words, for a trace: ``CONNECT meter-1, keep-alive 60 s``, ``PUBLISH a/b, 4 bytes: 21.5``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from onemo.dialogue.secrets import MASK
from onemo.dialogue.words import TracedBytes, bytes_in_words, readable
from onemo.net.mqtt.decoder import Decoder
from onemo.net.mqtt.packets import (
    PASSWORD,
    REFUSED,
    USER,
    WILL,
    Bare,
    ConnAck,
    Connect,
    Malformed,
    Packet,
    PacketType,
    Publish,
    PublishPart,
    PublishStart,
    SubAck,
    Subscribe,
    Unsubscribe,
)

_WHOLE = 4096
"""Bytes of a payload that are waited for; a longer one is told by its size."""
_CODES = ("accepted", "another protocol version", "client id refused", "server unavailable", "user or password refused",
          "not authorized")  # fmt: skip
_MOST = 8
"""Filters of one packet that are told."""


class MqttWords:
    """The words of one connection's packets, both ways; the password of CONNECT is masked. Implements ChannelWords."""

    def __init__(self) -> None:
        self._ways = {True: Decoder(_WHOLE), False: Decoder(_WHOLE)}
        self._unreadable: set[bool] = set()
        self._connect: bytearray | None = bytearray()

    def sent(self, data: bytes) -> TracedBytes:
        """Take what the client sent."""
        return TracedBytes(self._masked(data), tuple(self._told(data, sent=True)))

    def received(self, data: bytes) -> TracedBytes:
        """Take what the broker sent."""
        return TracedBytes(data, tuple(self._told(data, sent=False)))

    def ended(self) -> Sequence[str]:
        """Return nothing: no packet ends with its connection."""
        return ()

    def _told(self, data: bytes, *, sent: bool) -> Iterator[str]:
        if sent in self._unreadable:
            return
        try:
            for packet in self._ways[sent].receive(data):
                if not isinstance(packet, PublishPart):
                    yield _in_words(packet)
        except Malformed as error:
            self._unreadable.add(sent)
            yield f"no MQTT: {error}"

    def _masked(self, data: bytes) -> bytes:
        """Mask the password where it is in data: it is the last field of the first packet."""
        begun = self._connect
        if begun is None:
            return data
        before = len(begun)
        begun += data
        place = _password(begun)
        if place is None:  # all before it has to be there first
            return data
        start, end = place
        if len(begun) >= end:
            self._connect = None
        hidden_from, hidden_to = max(start - before, 0), min(max(end - before, 0), len(data))
        if hidden_from >= hidden_to:
            return data
        return data[:hidden_from] + MASK * (hidden_to - hidden_from) + data[hidden_to:]


def _password(packet: bytearray) -> tuple[int, int] | None:
    """Return where the password of a CONNECT is, or will be, (0, 0) where it has none; None: not known yet."""
    if packet and packet[0] != PacketType.CONNECT << 4:
        return 0, 0
    start = next((place for place in range(2, min(len(packet), 5) + 1) if packet[place - 1] < 0x80), None)
    if start is None:
        return None if len(packet) < 5 else (0, 0)
    fields = _field(packet, start)  # the protocol's name, then the level, the flags and the keep-alive
    if fields is None or len(packet) < fields[1] + 4:
        return None
    flags = packet[fields[1] + 1]
    if not flags & PASSWORD:
        return 0, 0
    found = (0, fields[1] + 4)
    for _ in range(1 + (2 if flags & WILL else 0) + (1 if flags & USER else 0) + 1):
        following = _field(packet, found[1])
        if following is None:
            return None
        found = following
    return found


def _field(packet: bytearray, start: int) -> tuple[int, int] | None:
    """Return where the field behind a length begins and ends; None: its length is not there."""
    if len(packet) < start + 2:
        return None
    return start + 2, start + 2 + int.from_bytes(packet[start : start + 2], "big")


def _in_words(packet: Packet | PublishStart) -> str:
    match packet:
        case Connect():
            return ", ".join(_connect(packet))
        case ConnAck(session_present, code):
            known = _CODES[code] if code < len(_CODES) else "refused"
            return f"CONNACK {code}, {known}" + (", session present" if session_present else "")
        case Publish(topic, payload, qos):
            told = _publish(topic, qos, packet.mid, dup=packet.dup, retain=packet.retain)
            return f"{told}, {bytes_in_words(len(payload))}: {readable(payload)}" if payload else f"{told}, empty"
        case PublishStart(topic, length, qos):
            told = _publish(topic, qos, packet.mid, dup=packet.dup, retain=packet.retain)
            return f"{told}, {bytes_in_words(length)}"
        case Subscribe(filters, mid):
            return f"SUBSCRIBE {mid}: {_list([f'{readable(name)} QoS {qos}' for name, qos in filters[: _MOST + 1]])}"
        case SubAck(codes, mid):
            return f"SUBACK {mid}: {_list(['refused' if each == REFUSED else f'QoS {each}' for each in codes])}"
        case Unsubscribe(filters, mid):
            return f"UNSUBSCRIBE {mid}: {_list([readable(name) for name in filters[: _MOST + 1]])}"
        case Bare(kind):
            return kind.name
        case _:  # an acknowledgement
            return f"{packet.type.name} {packet.mid}"


def _connect(packet: Connect) -> Iterator[str]:
    yield f"CONNECT {readable(packet.client_id)}".rstrip()
    yield f"keep-alive {packet.keep_alive} s"
    if packet.clean:
        yield "clean session"
    if packet.user is not None:
        yield f"user {readable(packet.user)}"
    if packet.password is not None:
        yield "password ***"
    if packet.will is not None:
        will = packet.will
        yield f"will {readable(will.topic)} QoS {will.qos}{' retain' if will.retain else ''}: {readable(will.payload)}"


def _publish(topic: bytes, qos: int, mid: int, *, dup: bool, retain: bool) -> str:
    of = [f"QoS {qos}", f"mid {mid}"] if qos else []
    return ", ".join([f"PUBLISH {readable(topic)}", *of, *(["dup"] if dup else []), *(["retain"] if retain else [])])


def _list(told: Sequence[str]) -> str:
    return ", ".join(told[:_MOST]) + (", ..." if len(told) > _MOST else "")
