"""MQTT packets in words, for transcripts: ``PUBLISH 1 2 world 12345`` is QoS 1, packet identifier 2, topic and payload.

CONNACK CODE [session]                   SUBACK MID CODES          UNSUBACK MID         PINGRESP
PUBLISH QOS MID TOPIC PAYLOAD [dup] [retain], of which PAYLOAD is ``''`` for none, ``a*700`` for 700 letters
PUBACK | PUBREC | PUBREL | PUBCOMP MID
raw BYTES                                as they are, with a transcript's escapes
CONNECT ID KEEPALIVE [clean] [user=U] [password=P] [will=QOS,TOPIC,PAYLOAD] [will-retain]
SUBSCRIBE MID TOPIC/QOS...               UNSUBSCRIBE MID TOPIC...  PINGREQ   DISCONNECT
"""

from __future__ import annotations

from onemo.dialogue.escapes import escaped, unescaped
from onemo.net.mqtt.decoder import Decoder
from onemo.net.mqtt.packets import (
    Bare,
    ConnAck,
    Connect,
    MqttAcknowledgement,
    Packet,
    PacketType,
    Publish,
    PublishPart,
    PublishStart,
    SubAck,
    Subscribe,
    Unsubscribe,
    encode,
)

_LONG = 60


def read(text: str) -> bytes:
    """The bytes of packets, with semicolons between."""
    return b"".join(map(_bytes, text.split("; ")))


def told(data: bytes) -> str:
    """Packets in words."""
    return "; ".join(map(_words, Decoder(1 << 20).receive(data)))


def _bytes(text: str) -> bytes:
    name, *words = text.split(" ")
    if name == "raw":
        return unescaped(text.removeprefix("raw "))
    return encode(_packet(name, words))


def _packet(name: str, words: list[str]) -> Packet:
    kind = PacketType[name]
    if kind is PacketType.CONNACK:
        return ConnAck("session" in words, int(words[0]))
    if kind is PacketType.PUBLISH:
        qos, mid, topic, payload = words[:4]
        flags = words[4:]
        return Publish(unescaped(topic), _payload(payload), int(qos), "retain" in flags, "dup" in flags, int(mid))
    if kind is PacketType.SUBACK:
        return SubAck(tuple(map(int, words[1:])), int(words[0]))
    if kind is PacketType.PINGRESP:
        return Bare(kind)
    return MqttAcknowledgement(kind, int(words[0]))


def _payload(word: str) -> bytes:
    letter, times, count = word.partition("*")
    if word == "''":
        return b""
    return letter.encode() * int(count) if times else unescaped(word)


def _shown(payload: bytes) -> str:
    if len(payload) > _LONG and payload == payload[:1] * len(payload):
        return f"{payload[:1].decode()}*{len(payload)}"
    return escaped(payload) or "''"


def _words(packet: Packet | PublishStart | PublishPart) -> str:
    match packet:
        case Connect():
            return " ".join(_introduction(packet))
        case Publish(topic, payload, qos, retain, dup, mid):
            flags = " dup" * dup + " retain" * retain
            return f"PUBLISH {qos} {mid} {escaped(topic)} {_shown(payload)}{flags}"
        case Subscribe(filters, mid):
            return " ".join(["SUBSCRIBE", str(mid), *(f"{escaped(name)}/{qos}" for name, qos in filters)])
        case Unsubscribe(filters, mid):
            return " ".join(["UNSUBSCRIBE", str(mid), *map(escaped, filters)])
        case MqttAcknowledgement(kind, mid):
            return f"{kind.name} {mid}"
        case Bare(kind):
            return kind.name
    raise AssertionError(f"no client sends {packet!r}")


def _introduction(packet: Connect) -> list[str]:
    words = ["CONNECT", escaped(packet.client_id) or "''", str(packet.keep_alive)]
    words += ["clean"] * packet.clean
    words += [f"user={escaped(packet.user)}"] if packet.user is not None else []
    words += [f"password={escaped(packet.password)}"] if packet.password is not None else []
    if packet.will is not None:
        words.append(f"will={packet.will.qos},{escaped(packet.will.topic)},{escaped(packet.will.payload)}")
        words += ["will-retain"] * packet.will.retain
    return words
