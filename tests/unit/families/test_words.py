"""The words for requests, answers and packets, in whatever pieces they cross a connection; nothing secret in them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from onemo.dialogue.words import ChannelWords
from onemo.families.http.words import HttpWords
from onemo.families.lwm2m.words import Lwm2mWords
from onemo.families.mqtt.words import MqttWords
from onemo.net.coap.message import CoapMessage, CoapType
from onemo.net.coap.message import encode as coap_bytes
from onemo.net.mqtt.decoder import Decoder
from onemo.net.mqtt.packets import (
    Bare,
    ConnAck,
    Connect,
    Packet,
    PacketType,
    Publish,
    SubAck,
    Subscribe,
    Unsubscribe,
    Will,
    encode,
)

from tests.unit.runtime.doubles import Bench
from tests.unit.runtime.test_trace import Notes

LOGIN = Connect(b"meter-1", True, 60, Will(b"gone", b"\xff", 1, retain=True), b"me", b"secret")


def asked(words: ChannelWords, data: bytes, size: int = 7) -> tuple[bytes, list[str]]:
    """Send data in pieces; return what a trace shows of it, and the words."""
    return _through(words.sent, data, size)


def answered(words: ChannelWords, data: bytes, size: int = 7) -> list[str]:
    shown, said = _through(words.received, data, size)
    assert shown == data
    return [*said, *words.ended()]


def _through(take, data: bytes, size: int) -> tuple[bytes, list[str]]:  # type: ignore[no-untyped-def]
    told = [take(data[at : at + size]) for at in range(0, len(data), size)]
    return b"".join(each.data for each in told), [line for each in told for line in each.words]


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n", "GET /x"),
        (b"POST /a b HTTP/1.1\r\nhost: h\r\ncontent-LENGTH: 5124\r\n\r\n" + b"x" * 5124, "POST /a b, 5,124 bytes"),
        (b"PUT /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "PUT /x, in chunks"),
        (b"GET http://me:pw@h/x HTTP/1.1\r\nAuthorization: Basic c2VjcmV0\r\n\r\n", "GET http://***@h/x"),
        (b"GET /\xe4\xbd\xa0 HTTP/1.1\r\n\r\n", "GET /\u4f60"),
        (b"what?\r\n\r\n", "no HTTP request"),
        (b"G" * 70_000, "no HTTP request"),
    ],
)
def test_a_request_is_named(request_: bytes, words: str, size: int) -> None:
    assert asked(HttpWords(), request_, size) == (request_, [words])


@pytest.mark.parametrize(
    ("method", "answer", "words"),
    [
        (b"GET", b"HTTP/1.1 200 OK\r\nContent-Length: 5124\r\n\r\n" + b"x" * 5124, ["200, 5,124 bytes"]),
        (b"GET", b"HTTP/1.1 200 OK\r\nContent-Length: 5124\r\n\r\n" + b"x" * 300, ["200, 300 of 5,124 bytes"]),
        (b"GET", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No\r\n\r\n", ["204, 0 bytes"]),
        (b"GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", ["200, 3 bytes"]),
        (b"GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", ["200, 3 bytes, and no end"]),
        (b"GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n", ["200, 0 bytes, and no end"]),
        (b"GET", b"HTTP/1.0 404 Not Found\r\n\r\nnone", ["404, 4 bytes"]),
        (b"HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 5124\r\n\r\n", ["200, 0 bytes"]),
        (b"GET", b"SSH-2.0-OpenSSH\r\n", ["no HTTP answer"]),
        (b"GET", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000, ["no HTTP answer"]),
        (b"GET", b"HTTP/1.1 200 OK\r\n", ["no HTTP answer"]),
    ],
)
def test_an_answer_is_named(method: bytes, answer: bytes, words: list[str]) -> None:
    told = HttpWords()
    asked(told, method + b" / HTTP/1.1\r\n\r\n")
    assert answered(told, answer) == words
    assert answered(told, b"more") == []


PUBCOMP = cast("Packet", next(Decoder(0).receive(b"p\2\0\x09")))
PACKETS: list[tuple[Packet, str]] = [
    (LOGIN, "CONNECT meter-1, keep-alive 60 s, clean session, user me, password ***, will gone QoS 1 retain: hex ff"),
    (Connect(b"", False, 0), "CONNECT, keep-alive 0 s"),
    (ConnAck(True, 0), "CONNACK 0, accepted, session present"),
    (ConnAck(False, 5), "CONNACK 5, not authorized"),
    (ConnAck(False, 77), "CONNACK 77, refused"),
    (Publish(b"a/b", b"21.5"), "PUBLISH a/b, 4 bytes: 21.5"),
    (Publish(b"a/b", b"", retain=True), "PUBLISH a/b, retain, empty"),
    (Publish(b"a", b"\0", 1, dup=True, mid=3), "PUBLISH a, QoS 1, mid 3, dup, 1 byte: hex 00"),
    (Publish(b"big", b"x" * 100_000, 2, mid=9), "PUBLISH big, QoS 2, mid 9, 100,000 bytes"),
    (PUBCOMP, "PUBCOMP 9"),
    (Subscribe(((b"a/#", 1), (b"b", 0)), 4), "SUBSCRIBE 4: a/# QoS 1, b QoS 0"),
    (SubAck((1, 128), 4), "SUBACK 4: QoS 1, refused"),
    (Unsubscribe(tuple(b"%d" % each for each in range(9)), 5), "UNSUBSCRIBE 5: 0, 1, 2, 3, 4, 5, 6, 7, ..."),
    (Bare(PacketType.PINGREQ), "PINGREQ"),
]


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_packets_are_named_both_ways(size: int) -> None:
    data = b"".join(encode(packet) for packet, _ in PACKETS)
    named = [words for _, words in PACKETS]
    shown, said = asked(MqttWords(), data, size)
    assert (shown, said) == (data.replace(b"secret", b"******"), named)
    assert answered(MqttWords(), data, size) == named


KEYED = b"\xc5\x00coap:" + b"\xc8\x05\x10cPYxj0cTs9qMVL72"
MESSAGES: list[tuple[CoapMessage, str]] = [
    (
        CoapMessage(
            CoapType.CON, 2, 7001, b"t", ((11, b"rd"), (15, b"ep=m;1"), (15, b"lt=300"), (12, b"(")), b"</3/0>"
        ),
        "CON 7001 POST /rd?ep=m;1&lt=300, links, 6 bytes: </3/0>",
    ),
    (CoapMessage(CoapType.ACK, 0x41, 7001, b"t", ((8, b"rd"), (8, b"5f"))), "ACK 7001 2.01, location /rd/5f"),
    (CoapMessage(CoapType.ACK, 0, 7001), "ACK 7001 empty"),
    (
        CoapMessage(CoapType.NON, 0x45, 1, b"", ((6, b"\1"), (12, b"-\x16")), b"\xc1\0\1"),
        "NON 1 2.05, observe 1, TLV, 3 bytes: hex c10001",
    ),
    (
        CoapMessage(CoapType.CON, 3, 2, b"", ((11, b"3"), (17, b""), (27, b"\x1d")), b"x"),
        "CON 2 PUT /3, accept text, block1 1 and more of 512, 1 byte: x",
    ),
    (CoapMessage(CoapType.CON, 1, 3, b"", ((23, b"\x07"),)), "CON 3 GET /, block2 malformed"),
    (CoapMessage(CoapType.CON, 4, 4, b"", ((11, b"rd"), (63, b"secret"))), "CON 4 DELETE /rd, authcode ***"),
    (
        CoapMessage(CoapType.CON, 3, 5, b"", ((11, b"0"), (11, b"1"), (12, b"-\x16")), KEYED),
        "CON 5 PUT /0/1, TLV, 26 bytes: hex " + KEYED.replace(b"cPYxj0cTs9qMVL72", b"*" * 16).hex(),
    ),
]


@pytest.mark.parametrize(("message", "words"), MESSAGES)
def test_coap_messages_are_named_both_ways(message: CoapMessage, words: str) -> None:
    data = coap_bytes(message)
    shown, said = asked(Lwm2mWords(63), data, len(data))
    assert shown == data.replace(b"secret", b"******").replace(b"cPYxj0cTs9qMVL72", b"*" * 16)
    assert said == [words]
    assert Lwm2mWords(63).received(data).words == (words,)


@pytest.mark.parametrize(
    ("options", "payload"),
    [
        (((12, b"-\x16"),), KEYED[:-1]),
        (((12, b"-\x16"), (27, b"\x08")), KEYED[:20]),
        (((12, b"-\x16"), (27, b"\x10")), KEYED[20:]),
        (((12, b"-\x17"),), b'{"e":[{"n":"5","sv":"cPYxj0cTs9qMVL72"}]}'),
        (((12, b""),), b"cPYxj0cTs9qMVL72"),
    ],
)
def test_keys_that_are_not_whole_tlv_are_masked(options: tuple[tuple[int, bytes], ...], payload: bytes) -> None:
    message = CoapMessage(CoapType.CON, 3, 5, b"", ((11, b"0"), (11, b"1"), *options), payload)
    told = Lwm2mWords(63).received(coap_bytes(message))
    assert len(told.data) == len(coap_bytes(message))
    for text in (told.data, *(words.encode() for words in told.words)):
        assert b"cPYx" not in text
        assert b"VL7" not in text
        assert b"cPYx".hex().encode() not in text


@given(st.binary(max_size=60))
def test_any_datagram_has_words(data: bytes) -> None:
    told = Lwm2mWords(63).received(data)
    assert len(told.data) == len(data)
    assert len(told.words) == 1


def test_what_is_no_packet_is_told_once_and_only_that_way() -> None:
    words = MqttWords()
    assert answered(words, b"\xf0\0" + encode(Bare(PacketType.PINGRESP))) == ["no MQTT: no packet has type 15"]
    assert answered(words, b"\xf0\0") == []
    assert asked(words, encode(Bare(PacketType.PINGREQ)))[1] == ["PINGREQ"]


_texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40).map(str.encode)


@given(
    st.booleans(),
    st.none() | st.builds(Will, st.just(b"gone"), st.binary(max_size=300), st.integers(0, 2), st.booleans()),
    _texts,
    _texts,
    st.binary(min_size=1, max_size=300),
    st.lists(st.integers(1, 40), min_size=1),
)
def test_a_password_is_masked_to_the_byte(
    clean: bool, will: Will | None, client: bytes, user: bytes, password: bytes, sizes: list[int]
) -> None:
    login = Connect(client, clean, 60, will, user, password)
    packet = encode(login)
    words, shown, at = MqttWords(), b"", 0
    for size in _cycled(sizes):
        if at >= len(packet):
            break
        shown += words.sent(packet[at : at + size]).data
        at += size
    assert shown == packet[: -len(password)] + b"*" * len(password)
    after = encode(Publish(b"t", password))
    assert words.sent(after).data == after


def _cycled(sizes: list[int]) -> Iterable[int]:
    while True:
        yield from sizes


@given(st.sampled_from([HttpWords, MqttWords]), st.lists(st.tuples(st.booleans(), st.binary(max_size=60)), max_size=20))
def test_any_bytes_are_taken_and_are_as_long_as_before(
    kind: type[HttpWords] | type[MqttWords], pieces: list[tuple[bool, bytes]]
) -> None:
    words = kind()
    for sent, data in pieces:
        told = words.sent(data) if sent else words.received(data)
        assert len(told.data) == len(data)
        assert all(line.isprintable() for line in told.words)
    assert all(line.isprintable() for line in words.ended())


@given(st.binary(max_size=60), st.binary(max_size=200))
def test_any_bytes_follow_what_began_well(head: bytes, data: bytes) -> None:
    for begun in (b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"):
        words = HttpWords()
        words.sent(b"GET /" + head + b" HTTP/1.1\r\n" + data)
        words.received(begun + data)
        words.ended()
    mqtt = MqttWords()
    assert len(mqtt.sent(b"\x10" + data).data) == 1 + len(data)


async def test_words_stand_behind_their_bytes(nursery: trio.Nursery) -> None:
    notes = Notes()
    bench = await Bench(nursery, trace=notes).start()
    await bench.ask('AT+MHTTPCREATE="http://peer"')
    await bench.ask('AT+MHTTPREQUEST=0,1,0,"/x"')
    await bench.heard()
    peer = bench.world.peers[-1]
    peer.sends(b"HTTP/1.1 200 OK\r\n\r\n", b"hello", b"")
    peer.closing.set()
    await bench.heard()
    told = [(event, str(label), detail) for event, label, detail in notes.events if not isinstance(detail, bytes)]
    assert told == [
        ("opened", "httpid 0", "peer:80"),
        ("sent", "httpid 0", "GET /x"),
        ("received", "httpid 0", "200, 5 bytes"),
        ("closed", "httpid 0", "peer:80 by the peer"),
    ]
    assert [event for event, _, detail in notes.events if isinstance(detail, bytes)] == ["sent", *["received"] * 2]


async def test_a_password_is_in_no_trace(nursery: trio.Nursery) -> None:
    notes = Notes()
    bench = await Bench(nursery, trace=notes).start()
    await bench.ask('AT+MQTTCONN=0,"peer",1883,"c","me","secret"')
    await bench.heard()
    assert b"secret" in bytes(bench.world.peers[-1].taken)
    sent = [detail for event, _, detail in notes.events if event == "sent"]
    assert sent[1] == "CONNECT c, keep-alive 120 s, user me, password ***"
    assert isinstance(sent[0], bytes)
    assert sent[0].endswith(b"\0\x02me\0\x06******")
