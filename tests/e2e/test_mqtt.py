"""The MQTT client against real brokers: mosquitto, with paho on its other side, and one that a test plays."""

from __future__ import annotations

import re
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from onemo.net.mqtt.packets import (
    MqttAcknowledgement,
    PacketType,
    Publish,
    SubAck,
    Subscribe,
    encode,
)

from tests.e2e.brokers import Mosquitto, Other, ScriptedBroker, needs_mosquitto
from tests.e2e.conftest import Start
from tests.e2e.dte import Dte
from tests.e2e.peers import IPV4, Peers
from tests.e2e.test_slow_dte import few_buffers, sending, stuff

_RESET = struct.pack("ii", 1, 0)
PATIENT = 'AT+MQTTCFG="retrans",0,60,3'
"""So long that no message times out on a busy host, where a sped-up module does not wait long."""
MANY = 10_000
PAYLOAD = 100


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path) as broker:
        yield broker


@pytest.fixture
def scripted(peers: Peers) -> ScriptedBroker:
    return ScriptedBroker(peers)


def connect(dte: Dte, port: int, *, host: str = IPV4, name: str = "module") -> None:
    dte.ask(f'AT+MQTTCONN=0,"{host}",{port},"{name}"', "OK", '+MQTTURC: "conn",0,0')


def connect_to(dte: Dte, broker: ScriptedBroker, *, session: bool = False) -> None:
    dte.ask(f'AT+MQTTCONN=0,"{IPV4}",{broker.port},"c"', "OK")
    broker.accept(session=session)
    dte.hears('+MQTTURC: "conn",0,0')


# mosquitto and paho.


@needs_mosquitto
@pytest.mark.parametrize("model", ["ML307R", "MN316", "ML307G"])
def test_every_qos_both_ways(start: Start, mosquitto: Mosquitto, model: str) -> None:
    with start(model).awake() as dte, Other(mosquitto.port) as other:
        other.subscribe("up/#")
        connect(dte, mosquitto.port)
        dte.ask('AT+MQTTSUB=0,"down/+",2', "+MQTTSUB: 0,1", "OK", '+MQTTURC: "suback",0,1,2')
        urcs: dict[int, tuple[str, ...]] = {
            0: (),
            1: ('+MQTTURC: "puback",0,3,0',),
            2: ('+MQTTURC: "pubrec",0,4,0', '+MQTTURC: "pubcomp",0,4,0'),
        }
        for qos in (0, 1, 2):
            length = 11 if qos == 0 else 13
            dte.ask(f'AT+MQTTPUB=0,"up/t",{qos},0,0,3,"q-{qos}"', f"+MQTTPUB: 0,{qos + 2},{length}", "OK", *urcs[qos])
            message = other.next()
            assert (message.topic, message.payload, message.qos) == ("up/t", f"q-{qos}".encode(), qos)
        for qos, mid in ((0, 0), (1, 1), (2, 2)):
            other.publish("down/t", f"q-{qos}", qos)
            dte.hears(f'+MQTTURC: "publish",0,{mid},"down/t",3,3,q-{qos}')
        dte.ask("AT+MQTTDISC=0", "OK", '+MQTTURC: "conn",0,2')


@needs_mosquitto
def test_retained_messages_and_the_will(start: Start, mosquitto: Mosquitto) -> None:
    with start("ML307R").awake() as dte, Other(mosquitto.port) as other:
        other.publish("kept", "before", 1, retain=True)
        other.subscribe("will/t")
        dte.ask('AT+MQTTCFG="willoption",0,1,1,0', "OK")
        dte.ask('AT+MQTTCFG="willpayload",0,"will/t","gone"', "OK")
        connect(dte, mosquitto.port)
        dte.ask('AT+MQTTSUB=0,"kept",0', "+MQTTSUB: 0,1", "OK", '+MQTTURC: "suback",0,1,0')
        dte.hears('+MQTTURC: "publish",0,0,"kept",6,6,before')
        dte.ask('AT+MQTTPUB=0,"kept",0,1,0,5,"after"', "+MQTTPUB: 0,2,13", "OK")
        dte.hears('+MQTTURC: "publish",0,0,"kept",5,5,after')
        dte.ask("AT+MQTTDISC=0", "OK", '+MQTTURC: "conn",0,2')
        assert other.nothing(), "no will after MQTTDISC"
        connect(dte, mosquitto.port)
        dte.line("AT+MREBOOT")
        assert other.next().payload == b"gone"


@needs_mosquitto
def test_in_tls(start: Start, peers: Peers, tmp_path: Path) -> None:
    """The CA is the module's own, and the name is verified."""
    authority = trustme.CA()
    certificate = authority.issue_cert("broker.example.com")
    (tmp_path / "key.pem").write_bytes(certificate.private_key_pem.bytes())
    (tmp_path / "chain.pem").write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    tls = (f"certfile {tmp_path}/chain.pem", f"keyfile {tmp_path}/key.pem")
    routes = [f"--route={name}.example.com={IPV4}" for name in ("broker", "other")]
    with Mosquitto(tmp_path, *tls) as broker, start("ML307R", *routes).awake() as dte:
        pem = authority.cert_pem.bytes()
        dte.line(f'AT+MSSLCERTWR="ca",0,{len(pem)}')
        dte.reads(b"\r\n>")
        dte.write(pem)
        dte.hears("OK")
        dte.ask('AT+MSSLCFG="cert",2,"ca"', "OK")
        dte.ask('AT+MSSLCFG="auth",2,1', "OK")
        dte.ask('AT+MQTTCFG="ssl",0,1,2', "OK")
        connect(dte, broker.port, host="broker.example.com")
        dte.ask('AT+MQTTSUB=0,"t",1', "+MQTTSUB: 0,1", "OK", '+MQTTURC: "suback",0,1,1')
        dte.ask('AT+MQTTPUB=0,"t",0,0,0,2,"hi"', "+MQTTPUB: 0,2,7", "OK", '+MQTTURC: "publish",0,0,"t",2,2,hi')
        dte.ask("AT+MQTTDISC=0", "OK", '+MQTTURC: "conn",0,2')
        failed = '+MQTTURC: "conn",0,6'
        dte.ask(f'AT+MQTTCONN=0,"other.example.com",{broker.port},"c"', "OK", failed)
        dte.ask('AT+MQTTCFG="ssl",0,0', "OK")
        dte.ask(f'AT+MQTTCONN=0,"{IPV4}",{broker.port},"c"', "OK", failed)


@needs_mosquitto
def test_a_restart_of_the_broker_loses_nothing(start: Start, mosquitto: Mosquitto) -> None:
    """In mid-flow with QoS 1: what was not acknowledged comes again, and is flagged."""
    count, settled = 60, dict[int, int]()
    with start("ML307R", "--speed", "40").awake() as dte, Other(mosquitto.port, clean=False) as other:
        other.subscribe("up", 1)
        dte.ask(PATIENT, "OK")
        connect(dte, mosquitto.port)
        sent = list[str]()
        for number in range(count):
            while True:
                dte.line(f'AT+MQTTPUB=0,"up",1,0,0,0,"n{number}"')
                answer = dte.until(rb"\r\n(OK|\+CME ERROR: \d+)\r\n")
                settled |= acknowledged(answer)
                if mid := re.search(rb"\+MQTTPUB: 0,(\d+),", answer):
                    sent.append(f"n{number}")
                    assert int(mid[1])
                    break
                if b"603" in answer:  # it connects again
                    settled |= acknowledged(dte.until(rb'"conn",0,0\r\n'))
            if number == count // 2:
                mosquitto.stop()
                settled |= acknowledged(dte.until(rb'"conn",0,1\r\n'))
                mosquitto.start()
        while len(settled) < count:
            settled |= acknowledged(dte.until(rb'"puback",0,\d+,\d\r\n'))
        heard = [other.next().payload.decode() for _ in range(count)]
        while set(heard) != set(sent):
            heard.append(other.next().payload.decode())
        assert sent == sorted(set(heard), key=heard.index)
        assert set(settled.values()) <= {0, 1}


@needs_mosquitto
def test_a_broker_that_is_killed_loses_nothing(start: Start, mosquitto: Mosquitto) -> None:
    """In mid-flow with QoS 1, and at once: it knows the sessions, and no message since it wrote them down."""
    count, middle = 40, 20
    with start("ML307R", "--speed", "40").awake() as dte, Other(mosquitto.port, clean=False) as other:
        other.subscribe("up", 1)
        dte.ask(PATIENT, "OK")
        connect(dte, mosquitto.port)
        mosquitto.save()
        heard, wanted = b"", {b"n%d" % number for number in range(count)}
        for number in range(count):
            while number == middle and len(wanted) > count - middle:  # what is settled has arrived
                wanted.discard(other.next().payload)
            while True:
                dte.line(f'AT+MQTTPUB=0,"up",1,0,0,0,"n{number}"')
                if number == middle and not heard.count(b'"conn",0,1'):
                    mosquitto.kill()
                heard += (answer := dte.until(rb"\r\n(OK|\+CME ERROR: 60[36])\r\n"))
                if not mosquitto.runs:
                    mosquitto.start()
                    heard += dte.until(rb'"conn",0,0\r\n')
                if answer.endswith(b"\r\nOK\r\n"):
                    break
        while len(settled := acknowledged(heard)) < count:
            heard += dte.until(rb'"puback",0,\d+,\d\r\n')
        assert heard.count(b'"conn",0,1') == 1
        wanted.discard(b"n%d" % middle)  # it may have been acknowledged, and have gone with the broker
        while wanted:
            wanted.discard(other.next().payload)
        assert set(settled.values()) <= {0, 1}


def acknowledged(data: bytes) -> dict[int, int]:
    """The messages that URCs settle: packet identifier and dup."""
    assert b'"timeout"' not in data, data
    return {int(mid): int(dup) for mid, dup in re.findall(rb'"puback",0,(\d+),(\d)', data)}


@needs_mosquitto
def test_a_thousand_up_and_ten_thousand_down(start: Start, mosquitto: Mosquitto) -> None:
    """None is lost, and the order holds."""
    with start("ML307R").awake() as dte, Other(mosquitto.port) as other:
        other.subscribe("up", 0)
        connect(dte, mosquitto.port)
        for number in range(1000):
            payload = f"{number:0{PAYLOAD}}"
            dte.ask(f'AT+MQTTPUB=0,"up",0,0,0,{PAYLOAD},"{payload}"', f"+MQTTPUB: 0,{number + 1},{PAYLOAD + 6}", "OK")
        assert [int(other.next().payload) for _ in range(1000)] == list(range(1000))
        dte.ask('AT+MQTTSUB=0,"down",0', "+MQTTSUB: 0,1001", "OK", '+MQTTURC: "suback",0,1001,0')
        for number in range(MANY):
            other.client.publish("down", f"{number:0{PAYLOAD}}")
        size = len(f'\r\n+MQTTURC: "publish",0,0,"down",{PAYLOAD},{PAYLOAD},\r\n') + PAYLOAD
        data = dte.count(MANY * size, within=60)
        assert [int(number) for number in re.findall(rb",(\d{%d})\r" % PAYLOAD, data)] == list(range(MANY))


# A broker that the test plays.


def test_a_dte_that_does_not_read_slows_the_broker(start: Start, scripted: ScriptedBroker) -> None:
    """Every message comes, in order, and is acknowledged only then; the connection lives through it."""
    with start("ML307R").awake() as dte:
        connect_to(dte, scripted)
        payloads = [b"%0500d" % number for number in range(2000)]
        data = b"".join(encode(Publish(b"t", each, 1, mid=number + 1)) for number, each in enumerate(payloads))
        sent = stuff(few_buffers(scripted.sock), data)
        assert sent < len(data) / 2
        with sending(scripted.sock, data[sent:]):
            lines = [
                f'+MQTTURC: "publish",0,{number + 1},"t",500,500,{each.decode()}'
                for number, each in enumerate(payloads)
            ]
            dte.hears(*lines, within=60)
        assert [scripted.next() for _ in payloads] == [
            MqttAcknowledgement(PacketType.PUBACK, number + 1) for number in range(len(payloads))
        ]


@pytest.mark.parametrize("size", [8192, 8193, 300_000])
def test_a_long_message_comes_in_pieces(start: Start, scripted: ScriptedBroker, size: int) -> None:
    with start("ML307S").awake() as dte:
        connect_to(dte, scripted)
        payload = bytes(65 + number % 26 for number in range(size))
        scripted.send(Publish(b"t", payload, 2, mid=7))
        found = b""
        while len(found) < size:
            head = dte.until(rb'\+MQTTURC: "publish",0,7,"t",%d,\d+,' % size)
            found += dte.count(int(head.rstrip(b",").rsplit(b",", 1)[1]))
            dte.reads(b"\r\n")
        assert found == payload
        assert scripted.next() == MqttAcknowledgement(PacketType.PUBREC, 7)


def test_what_was_not_acknowledged_comes_again(start: Start, scripted: ScriptedBroker) -> None:
    with start("ML307R", "--speed", "40").awake() as dte:
        dte.ask(PATIENT, "OK")
        connect_to(dte, scripted)
        dte.ask('AT+MQTTSUB=0,"a",1', "+MQTTSUB: 0,1", "OK")
        assert scripted.next() == Subscribe(((b"a", 1),), 1)
        scripted.send(SubAck((1,), 1))
        dte.hears('+MQTTURC: "suback",0,1,1')
        dte.ask('AT+MQTTPUB=0,"t",1,0,0,2,"hi"', "+MQTTPUB: 0,2,9", "OK")
        message = Publish(b"t", b"hi", 1, mid=2)
        assert scripted.next() == message
        scripted.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        scripted.sock.close()
        dte.hears('+MQTTURC: "conn",0,1')
        scripted.accept(session=True)
        assert scripted.next() == message._replace(dup=True)
        scripted.send(MqttAcknowledgement(PacketType.PUBACK, 2))
        dte.hears('+MQTTURC: "conn",0,0', '+MQTTURC: "puback",0,2,1')
        dte.ask("AT+MQTTSUB=0", '+MQTTSUB: "a",1', "OK")


@pytest.mark.parametrize("noise", [b"\x00" * 40, b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\xff" * 4, b"\xc0\x00"])
def test_noise_ends_the_connection(start: Start, scripted: ScriptedBroker, noise: bytes) -> None:
    with start("ML307R").awake() as dte:
        dte.ask('AT+MQTTCFG="reconn",0,0', "OK")
        connect_to(dte, scripted)
        scripted.sock.sendall(noise)
        dte.hears('+MQTTURC: "conn",0,255')
        dte.ask("AT+MQTTSTATE=0", "+MQTTSTATE: 3", "OK")
