"""The bytes of MQTT 3.1.1 into packets, as a broker sends them, or a client. Pure.

Who is allowed to send which packet is not the decoder's business.
"""

from __future__ import annotations

from collections.abc import Iterator

from onemo.net.mqtt.packets import (
    CLEAN,
    FLAGS,
    LONGEST_STRING,
    MOST_QOS,
    PASSWORD,
    PROTOCOL,
    REFUSED,
    USER,
    WILL,
    WILL_RETAIN,
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
    is_text,
    is_topic,
)

_LENGTH_BYTES = 4
_ACKNOWLEDGEMENTS = (PacketType.PUBACK, PacketType.PUBREC, PacketType.PUBREL, PacketType.PUBCOMP, PacketType.UNSUBACK)
_BARE = (PacketType.PINGREQ, PacketType.PINGRESP, PacketType.DISCONNECT)
_SIZES = {PacketType.CONNACK: 2, **dict.fromkeys(_ACKNOWLEDGEMENTS, 2), **dict.fromkeys(_BARE, 0)}
"""The remaining length where it is fixed."""


class Decoder:
    """The packets of one direction of a connection, out of its bytes.

    whole: the most bytes of a payload that is given in one record; a longer one comes as PublishStart and PublishPart,
    and no other packet may be longer.
    """

    def __init__(self, whole: int) -> None:
        self._whole = whole
        self._kept = bytearray()
        self._left = 0  # bytes of a payload that has started
        self.is_new = True
        """Nothing has come yet."""

    def receive(self, data: bytes) -> Iterator[Packet | PublishStart | PublishPart]:
        """Take bytes, and yield what is complete with them. Raises Malformed: the connection is to be ended."""
        self._kept += data
        self.is_new = False
        while self._kept:
            if self._left:
                yield self._part()
                continue
            head = self._head()
            if head is None:
                return
            start, remaining = head
            first = self._kept[0]
            if first >> 4 == PacketType.PUBLISH and remaining > self._whole:
                begun = self._start(first, start, remaining)
                if begun is None:
                    return
                if begun.length > self._whole:
                    del self._kept[: start + remaining - begun.length]
                    self._left = begun.length
                    yield begun
                    continue
            if len(self._kept) < start + remaining:
                return
            body = bytes(self._kept[start : start + remaining])
            del self._kept[: start + remaining]
            yield _packet(first, body)

    def _head(self) -> tuple[int, int] | None:
        """Return where the body begins and its length, None before that is known. Raises Malformed."""
        kind = _type(self._kept[0])
        remaining = 0
        for place, byte in enumerate(self._kept[1 : 1 + _LENGTH_BYTES]):
            remaining |= (byte & 0x7F) << 7 * place
            if byte < 0x80:
                _require_size(kind, remaining, self._whole)
                return 2 + place, remaining
        if len(self._kept) > _LENGTH_BYTES:
            raise Malformed("a remaining length of five bytes")
        return None

    def _start(self, first: int, start: int, remaining: int) -> PublishStart | None:
        """Read the head of a long PUBLISH, None before it is there."""
        size = int.from_bytes(self._kept[start : start + 2], "big") + 2 + (2 if first & 6 else 0)
        if len(self._kept) < min(start + size, start + remaining) or len(self._kept) < start + 2:
            return None
        found = _publish(first, bytes(self._kept[start : start + min(size, remaining)]))
        return PublishStart(found.topic, remaining - size, found.qos, found.retain, found.dup, found.mid)

    def _part(self) -> PublishPart:
        data = bytes(self._kept[: self._left])
        del self._kept[: self._left]
        self._left -= len(data)
        return PublishPart(data, last=not self._left)


class _Body:
    """The fields of a packet, taken one by one; each raises Malformed where it does not fit."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    @property
    def more(self) -> bool:
        return self._position < len(self._data)

    def take(self, count: int) -> bytes:
        found = self._data[self._position : self._position + count]
        if len(found) < count:
            raise Malformed("a field goes beyond its packet")
        self._position += count
        return found

    def byte(self) -> int:
        return self.take(1)[0]

    def number(self) -> int:
        return int.from_bytes(self.take(2), "big")

    def mid(self) -> int:
        found = self.number()
        if not found:
            raise Malformed("packet identifier 0")
        return found

    def binary(self) -> bytes:
        return self.take(self.number())

    def text(self) -> bytes:
        found = self.binary()
        if not is_text(found):
            raise Malformed("a string is no UTF-8")
        return found

    def filter(self) -> bytes:
        found = self.text()
        if not found:
            raise Malformed("an empty filter")
        return found

    def rest(self) -> bytes:
        return self.take(len(self._data) - self._position)

    def end(self) -> None:
        if self.more:
            raise Malformed("bytes behind the last field")


def _type(first: int) -> PacketType:
    """Return the type of a packet by its first byte. Raises Malformed."""
    kind, flags = first >> 4, first & 15
    if not PacketType.CONNECT <= kind <= PacketType.DISCONNECT:
        raise Malformed(f"no packet has type {kind}")
    found = PacketType(kind)
    if found is PacketType.PUBLISH:
        if flags & 6 == 6 or (flags & 8 and not flags & 6):
            raise Malformed("QoS 3, or a duplicate of QoS 0")
    elif flags != FLAGS.get(found, 0):
        raise Malformed("reserved flags")
    return found


def _require_size(kind: PacketType, remaining: int, whole: int) -> None:
    """Require a length that the packet can have. Raises Malformed."""
    if kind in _SIZES and remaining != _SIZES[kind]:
        raise Malformed(f"{kind.name} of {remaining} bytes")
    if kind is not PacketType.PUBLISH and remaining > whole + LONGEST_STRING:
        raise Malformed(f"{kind.name} of {remaining} bytes")


def _packet(first: int, data: bytes) -> Packet:
    """Read a packet. Raises Malformed."""
    kind = _type(first)
    if kind is PacketType.PUBLISH:
        return _publish(first, data)
    if kind in _BARE:
        return Bare(kind)
    body = _Body(data)
    found: Packet
    if kind in _ACKNOWLEDGEMENTS:
        found = MqttAcknowledgement(kind, body.mid())
    elif kind is PacketType.CONNECT:
        found = _connect(body)
    elif kind is PacketType.CONNACK:
        found = _connack(body)
    elif kind is PacketType.SUBACK:
        found = _suback(body)
    else:
        found = _subscription(kind, body)
    body.end()
    return found


def _publish(first: int, data: bytes) -> Publish:
    body, qos = _Body(data), first >> 1 & 3
    topic = body.text()
    if not is_topic(topic):
        raise Malformed("a topic that is empty, or has wildcards")
    mid = body.mid() if qos else 0
    return Publish(topic, body.rest(), qos, retain=bool(first & 1), dup=bool(first & 8), mid=mid)


def _connect(body: _Body) -> Connect:
    if body.binary() != PROTOCOL:
        raise Malformed("another protocol")
    level, flags, keep_alive, client_id = body.byte(), body.byte(), body.number(), body.text()
    qos = flags >> 3 & 3
    without_will = not flags & WILL and flags & (WILL_RETAIN | 0x18)
    if flags & 1 or qos > MOST_QOS or without_will or (flags & PASSWORD and not flags & USER):
        raise Malformed("flags that do not fit together")
    will = None
    if flags & WILL:
        topic = body.text()
        if not is_topic(topic):
            raise Malformed("a topic that is empty, or has wildcards")
        will = Will(topic, body.binary(), qos, retain=bool(flags & WILL_RETAIN))
    user = body.text() if flags & USER else None
    password = body.binary() if flags & PASSWORD else None
    return Connect(client_id, bool(flags & CLEAN), keep_alive, will, user, password, level)


def _connack(body: _Body) -> ConnAck:
    flags, code = body.byte(), body.byte()
    if flags > 1:
        raise Malformed("reserved flags")
    return ConnAck(bool(flags), code)


def _suback(body: _Body) -> SubAck:
    mid, codes = body.mid(), tuple(body.rest())
    if not codes or any(code > MOST_QOS and code != REFUSED for code in codes):
        raise Malformed("codes that no filter can have")
    return SubAck(codes, mid)


def _subscription(kind: PacketType, body: _Body) -> Subscribe | Unsubscribe:
    mid = body.mid()
    wanted: list[tuple[bytes, int]] = []
    while body.more or not wanted:
        name = body.filter()
        qos = body.byte() if kind is PacketType.SUBSCRIBE else 0
        if qos > MOST_QOS:
            raise Malformed("QoS 3")
        wanted.append((name, qos))
    if kind is PacketType.SUBSCRIBE:
        return Subscribe(tuple(wanted), mid)
    return Unsubscribe(tuple(name for name, _ in wanted), mid)
