"""MQTT packets to bytes and back, in pieces of any size; and bytes that are none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onemo.net.mqtt.decoder import Decoder
from onemo.net.mqtt.packets import (
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
    is_text,
    is_topic,
)

WHOLE = 100
MIDS = st.integers(1, 65535)
QOS = st.integers(0, 2)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20).map(str.encode)
FILTERS = TEXTS.filter(bool)
TOPICS = TEXTS.filter(is_topic)
PAYLOADS = st.binary(max_size=300)


@st.composite
def publishes(draw: st.DrawFn) -> Publish:
    qos = draw(QOS)
    dup, mid = (draw(st.booleans()), draw(MIDS)) if qos else (False, 0)
    return Publish(draw(TOPICS), draw(PAYLOADS), qos, retain=draw(st.booleans()), dup=dup, mid=mid)


@st.composite
def connects(draw: st.DrawFn) -> Connect:
    user = draw(st.none() | TEXTS)
    return Connect(
        client_id=draw(TEXTS),
        clean=draw(st.booleans()),
        keep_alive=draw(st.integers(0, 65535)),
        will=draw(st.none() | st.builds(Will, TOPICS, PAYLOADS, QOS, st.booleans())),
        user=user,
        password=draw(st.none() | PAYLOADS) if user is not None else None,
        level=draw(st.integers(0, 255)),
    )


ACKNOWLEDGEMENTS = [PacketType.PUBACK, PacketType.PUBREC, PacketType.PUBREL, PacketType.PUBCOMP, PacketType.UNSUBACK]
PACKETS: st.SearchStrategy[Packet] = st.one_of(
    connects(),
    publishes(),
    st.builds(ConnAck, st.booleans(), st.integers(0, 255)),
    st.builds(MqttAcknowledgement, st.sampled_from(ACKNOWLEDGEMENTS), MIDS),
    st.builds(Subscribe, st.lists(st.tuples(FILTERS, QOS), min_size=1, max_size=4).map(tuple), MIDS),
    st.builds(SubAck, st.lists(st.sampled_from([0, 1, 2, REFUSED]), min_size=1, max_size=4).map(tuple), MIDS),
    st.builds(Unsubscribe, st.lists(FILTERS, min_size=1, max_size=4).map(tuple), MIDS),
    st.builds(Bare, st.sampled_from([PacketType.PINGREQ, PacketType.PINGRESP, PacketType.DISCONNECT])),
)


def joined(found: Iterator[Packet | PublishStart | PublishPart]) -> Iterator[Packet]:
    """Packets, each long PUBLISH whole again."""
    start: PublishStart | None = None
    payload = b""
    for each in found:
        if isinstance(each, PublishStart):
            assert start is None
            assert each.length > WHOLE
            start, payload = each, b""
        elif isinstance(each, PublishPart):
            assert start is not None
            assert each.data
            payload += each.data
            assert each.last is (len(payload) == start.length)
            if each.last:
                topic, _, qos, retain, dup, mid = start
                yield Publish(topic, payload, qos, retain, dup, mid)
                start = None
        else:
            assert start is None
            yield each


@given(st.lists(PACKETS, max_size=6), st.lists(st.integers(1, 50), max_size=40))
def test_there_and_back_in_pieces_of_any_size(packets: list[Packet], sizes: list[int]) -> None:
    data = b"".join(map(encode, packets))
    decoder = Decoder(WHOLE)

    def pieces() -> Iterator[Packet | PublishStart | PublishPart]:
        rest = data
        for size in sizes:
            yield from decoder.receive(rest[:size])
            rest = rest[size:]
        yield from decoder.receive(rest)

    assert list(joined(pieces())) == packets


def canonical(data: bytes) -> bytes | None:
    """The bytes with which the packets in data are written, None where there are none."""
    try:
        return b"".join(map(encode, joined(Decoder(WHOLE).receive(data))))
    except Malformed:
        return None


@given(st.binary(max_size=60))
def test_any_bytes_are_packets_or_malformed(data: bytes) -> None:
    """What was read is written as it came, but for a remaining length with more bytes than it needs."""
    written = canonical(data)
    if written is not None:
        assert canonical(written) == written


@given(PACKETS, st.data())
def test_a_packet_with_a_changed_byte_is_one_or_malformed(packet: Packet, data: st.DataObject) -> None:
    sent = bytearray(encode(packet))
    sent[data.draw(st.integers(0, len(sent) - 1))] = data.draw(st.integers(0, 255))
    canonical(bytes(sent))


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00\x00",  # no type
        b"\xf0\x00",
        b"\x36\x05\0\x01a\0\x01",  # QoS 3
        b"\x38\x03\0\x01a",  # a duplicate of QoS 0
        b"\x32\x05\0\x01a\0\0",  # packet identifier 0
        b"\x30\x02\0\0",  # no topic
        b"\x30\x04\0\x02a#",  # wildcards
        b"\x30\x03\0\x05a",  # a string beyond its packet
        b"\x30\x03\0\x01\xff",  # no UTF-8
        b"\x30\x03\0\x01\0",  # U+0000
        b"\x30\x05\0\x03\xed\xa0\x80",  # a surrogate
        b"\x30\xff\xff\xff\xff",  # a length of five bytes
        b"\x41\x02\0\x01",  # reserved flags
        b"\x40\x03\0\x01\0",  # PUBACK of three bytes
        b"\x20\x02\x02\0",  # CONNACK with reserved flags
        b"\x90\x03\0\x01\x03",  # SUBACK with QoS 3
        b"\x90\x02\0\x01",  # SUBACK without a code
        b"\x90\xff\xff\x7f",  # SUBACK of 2 MB
        b"\x82\x02\0\x01",  # SUBSCRIBE without a filter
        b"\x82\x05\0\x01\0\0\0",  # SUBSCRIBE to ""
        b"\x10\x0c\0\x04MQTT\x04\x01\0\0\0\0",  # CONNECT with the reserved flag
        b"\x10\x0c\0\x04MQTT\x04\x40\0\0\0\0",  # a password without a user
        b"\x10\x0c\0\x04MQTX\x04\x02\0\0\0\0",  # another protocol
        b"\x10\x0d\0\x04MQTT\x04\x02\0\0\0\0x",  # bytes behind the last field
    ],
)
def test_what_mqtt_forbids_is_malformed(sent: bytes) -> None:
    with pytest.raises(Malformed):
        list(Decoder(WHOLE).receive(sent))


@given(st.integers(0, 2**28 - 1))
def test_a_length_claims_no_memory(length: int) -> None:
    """A PUBLISH of 256 MB is read in parts, and what is kept of it is what has come."""
    head, rest = bytearray(b"\x30"), length + 3
    if rest >= 2**28:
        return
    while True:
        rest, low = divmod(rest, 128)
        head.append(low | 0x80 if rest else low)
        if not rest:
            break
    decoder = Decoder(WHOLE)
    found = list(decoder.receive(bytes(head) + b"\0\x01a" + b"x" * min(length, 5000)))
    assert len(found) == (1 if length <= WHOLE else 2)


@given(st.binary(max_size=20))
def test_a_text_is_what_python_reads(data: bytes) -> None:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        assert not is_text(data)
    else:
        assert is_text(data) is ("\0" not in text)
