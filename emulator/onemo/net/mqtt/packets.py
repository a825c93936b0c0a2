"""The packets of MQTT 3.1.1, and their bytes; decoder.py is the way back. Pure.

Strings are bytes in UTF-8, as they are on the wire.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from onemo.errors import EmulatorError

PROTOCOL, LEVEL = b"MQTT", 4
REFUSED = 128
"""The code of a SUBACK for a filter that the broker refuses."""
LONGEST_STRING = 65535
MOST_QOS = 2
CLEAN, WILL, WILL_RETAIN, PASSWORD, USER = 0x02, 0x04, 0x20, 0x40, 0x80


class Malformed(EmulatorError):
    """Bytes that are no packet, or one that MQTT forbids."""


class PacketType(IntEnum):
    """The type of a packet (MQTT 3.1.1, 2.2.1)."""

    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    PUBREC = 5
    PUBREL = 6
    PUBCOMP = 7
    SUBSCRIBE = 8
    SUBACK = 9
    UNSUBSCRIBE = 10
    UNSUBACK = 11
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14


FLAGS = {PacketType.PUBREL: 2, PacketType.SUBSCRIBE: 2, PacketType.UNSUBSCRIBE: 2}
"""The flags of the first byte where they are fixed and not 0."""


class Will(NamedTuple):
    """A message that the broker publishes when a client is gone without DISCONNECT."""

    topic: bytes
    payload: bytes
    qos: int = 0
    retain: bool = False


class Connect(NamedTuple):
    """CONNECT. keep_alive: seconds, 0 for ever; user, password None: not given; level: of the protocol."""

    client_id: bytes
    clean: bool
    keep_alive: int
    will: Will | None = None
    user: bytes | None = None
    password: bytes | None = None
    level: int = LEVEL


class ConnAck(NamedTuple):
    """CONNACK. code 0: accepted."""

    session_present: bool
    code: int


class Publish(NamedTuple):
    """PUBLISH. mid: the packet identifier; of QoS 0 it does not travel, nor does dup."""

    topic: bytes
    payload: bytes
    qos: int = 0
    retain: bool = False
    dup: bool = False
    mid: int = 0


class PublishStart(NamedTuple):
    """The head of a PUBLISH too long to be kept whole. length: of its payload, which comes in parts."""

    topic: bytes
    length: int
    qos: int
    retain: bool
    dup: bool
    mid: int


class PublishPart(NamedTuple):
    """The next bytes of the payload of a PUBLISH that has started. last: they are its end."""

    data: bytes
    last: bool


class MqttAcknowledgement(NamedTuple):
    """PUBACK, PUBREC, PUBREL, PUBCOMP or UNSUBACK."""

    type: PacketType
    mid: int


class Subscribe(NamedTuple):
    """SUBSCRIBE. filters: each with the QoS that is asked for."""

    filters: tuple[tuple[bytes, int], ...]
    mid: int = 0


class SubAck(NamedTuple):
    """SUBACK. codes: the granted QoS of each filter, or REFUSED."""

    codes: tuple[int, ...]
    mid: int


class Unsubscribe(NamedTuple):
    """UNSUBSCRIBE."""

    filters: tuple[bytes, ...]
    mid: int = 0


class Bare(NamedTuple):
    """PINGREQ, PINGRESP or DISCONNECT."""

    type: PacketType


Packet = Connect | ConnAck | Publish | MqttAcknowledgement | Subscribe | SubAck | Unsubscribe | Bare


def is_text(data: bytes) -> bool:
    """Tell whether bytes may be a string: UTF-8 without U+0000, of at most 65535 bytes (1.5.3)."""
    try:
        return "\0" not in data.decode("utf-8") and len(data) <= LONGEST_STRING
    except UnicodeDecodeError:
        return False


def is_topic(data: bytes) -> bool:
    """Tell whether bytes may be the topic of a message: not empty, and without wildcards (4.7.1)."""
    return bool(data) and is_text(data) and b"+" not in data and b"#" not in data


def is_filter(data: bytes) -> bool:
    """Tell whether bytes may be a filter: a wildcard stands alone in its level, ``#`` in the last one (4.7.1)."""
    if not data or not is_text(data):
        return False
    levels = data.split(b"/")
    whole = all(level in (b"+", b"#") or not (b"+" in level or b"#" in level) for level in levels)
    return whole and b"#" not in levels[:-1]


# To bytes.


def encode(packet: Packet) -> bytes:
    """Return the bytes of a packet."""
    match packet:
        case Connect():
            return _framed(PacketType.CONNECT, 0, _connect_body(packet))
        case ConnAck(session_present, code):
            return _framed(PacketType.CONNACK, 0, bytes((session_present, code)))
        case Publish(topic, payload, qos, retain, dup, mid):
            flags = (dup and qos > 0) << 3 | qos << 1 | retain
            return _framed(PacketType.PUBLISH, flags, _string(topic) + (_number(mid) if qos else b"") + payload)
        case MqttAcknowledgement(kind, mid):
            return _framed(kind, FLAGS.get(kind, 0), _number(mid))
        case Subscribe(wanted, mid):
            asked = b"".join(_string(name) + bytes((qos,)) for name, qos in wanted)
            return _framed(PacketType.SUBSCRIBE, FLAGS[PacketType.SUBSCRIBE], _number(mid) + asked)
        case SubAck(codes, mid):
            return _framed(PacketType.SUBACK, 0, _number(mid) + bytes(codes))
        case Unsubscribe(filters, mid):
            body = _number(mid) + b"".join(map(_string, filters))
            return _framed(PacketType.UNSUBSCRIBE, FLAGS[PacketType.UNSUBSCRIBE], body)
        case Bare(kind):
            return _framed(kind, 0, b"")


def _connect_body(packet: Connect) -> bytes:
    flags = CLEAN * packet.clean
    fields = [_string(packet.client_id)]
    if packet.will is not None:
        flags |= WILL | packet.will.qos << 3 | WILL_RETAIN * packet.will.retain
        fields += [_string(packet.will.topic), _string(packet.will.payload)]
    if packet.user is not None:
        flags |= USER
        fields.append(_string(packet.user))
    if packet.password is not None:
        flags |= PASSWORD
        fields.append(_string(packet.password))
    return b"".join((_string(PROTOCOL), bytes((packet.level, flags)), _number(packet.keep_alive), *fields))


def _framed(kind: PacketType, flags: int, body: bytes) -> bytes:
    head = bytearray((kind << 4 | flags,))
    rest = len(body)
    while True:
        rest, low = divmod(rest, 128)
        head.append(low | 0x80 if rest else low)
        if not rest:
            return bytes(head) + body


def _number(value: int) -> bytes:
    return value.to_bytes(2, "big")


def _string(data: bytes) -> bytes:
    return _number(len(data)) + data
