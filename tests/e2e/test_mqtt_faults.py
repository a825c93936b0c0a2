"""Faults of MQTT as a DTE meets them: against the sandbox's broker, and one that a test plays."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import httpx
import pytest
from onemo.net.mqtt.packets import MqttAcknowledgement, PacketType, Publish, SubAck, Subscribe

from tests.e2e.brokers import ScriptedBroker
from tests.e2e.conftest import Start
from tests.e2e.dte import WAIT, Dte
from tests.e2e.peers import IPV4, Peers

SPEED = 20
CONNECT = 'AT+MQTTCONN=0,"broker.example.com",1883,"c"'
CONNECTED = '+MQTTURC: "conn",0,0'


class Armed:
    """A module, and the control of its faults."""

    def __init__(self, dte: Dte, api: httpx.Client) -> None:
        self.dte = dte
        self._api = api

    def arm(self, *faults: str) -> None:
        path = "/v1/modules/ML307R/faults"
        assert self._api.delete(path).is_success
        for fault in faults:
            armed = self._api.post(path, json={"fault": fault})
            assert armed.status_code == 201, armed.text

    def connect(self) -> None:
        self.dte.ask(CONNECT, "OK", CONNECTED)

    def disconnect(self) -> None:
        self.dte.ask("AT+MQTTDISC=0", "OK", '+MQTTURC: "conn",0,2')


@pytest.fixture
def armed(start: Start) -> Iterator[Armed]:
    yield from _armed(start, "--sandbox", "--offline")


def _armed(start: Start, *way: str) -> Iterator[Armed]:
    started = start("ML307R", *way, "--json", "--control", "127.0.0.1:0", "--speed", str(SPEED))
    ready = json.loads(started.ready)
    with (
        started.awake(ready["port"]) as dte,
        httpx.Client(base_url=ready["control"], timeout=WAIT, trust_env=False) as api,
    ):
        yield Armed(dte, api)


def test_a_broker_that_refuses(armed: Armed) -> None:
    for code in range(1, 6):
        armed.arm(f"mqtt-refuse code={code} mqtt_id=0 host=broker.*")
        armed.dte.ask(CONNECT, "OK", '+MQTTURC: "conn",0,3')
    armed.arm("mqtt-refuse mqtt_id=1")
    armed.connect()
    armed.disconnect()


def test_packets_that_never_come(armed: Armed) -> None:
    dte = armed.dte
    armed.arm("mqtt-silence packet=connack")
    dte.ask(CONNECT, "OK", '+MQTTURC: "conn",0,6')
    armed.arm()
    armed.connect()
    for packet, line, answer, urcs in (
        ("suback", 'AT+MQTTSUB=0,"t",1', "+MQTTSUB: 0,1", ()),
        ("puback", 'AT+MQTTPUB=0,"t",1,0,0,1,"a"', "+MQTTPUB: 0,2,8", ()),
        ("pubrec", 'AT+MQTTPUB=0,"t",2,0,0,1,"a"', "+MQTTPUB: 0,3,8", ()),
        ("pubcomp", 'AT+MQTTPUB=0,"t",2,0,0,1,"a"', "+MQTTPUB: 0,4,8", ('+MQTTURC: "pubrec",0,4,0',)),
    ):
        armed.arm(f"mqtt-silence packet={packet}", "mqtt-silence packet=publish")
        mid = answer.split(",")[1] if packet != "suback" else "1"
        dte.ask(line, answer, "OK", *urcs, f'+MQTTURC: "timeout",0,{mid}')
    armed.disconnect()


def test_a_packet_that_is_late(armed: Armed) -> None:
    armed.connect()
    armed.arm("mqtt-late packet=suback seconds=600ms")
    began = time.monotonic()
    armed.dte.ask('AT+MQTTSUB=0,"t",1', "+MQTTSUB: 0,1", "OK", '+MQTTURC: "suback",0,1,1')
    assert time.monotonic() - began > 0.6
    armed.disconnect()


def test_messages_that_come_twice(armed: Armed) -> None:
    dte = armed.dte
    armed.connect()
    dte.ask('AT+MQTTSUB=0,"t",2', "+MQTTSUB: 0,1", "OK", '+MQTTURC: "suback",0,1,2')
    armed.arm("mqtt-duplicate")
    for qos, came in ((0, 1), (1, 2), (2, 1)):
        dte.line(f'AT+MQTTPUB=0,"t",{qos},0,0,2,"q{qos}"')
        for _ in range(came):
            dte.until(rb'"publish",0,\d+,"t",2,2,q%d\r\n' % qos)
    assert b"publish" not in dte.lull()
    armed.disconnect()


def test_the_broker_vanishes(armed: Armed) -> None:
    dte = armed.dte
    for line in ('AT+MQTTCFG="keepalive",0,60', 'AT+MQTTCFG="pingreq",0,60', 'AT+MQTTCFG="reconn",0,0'):
        dte.ask(line, "OK")
    armed.connect()
    armed.arm("mqtt-vanish mqtt_id=0 packet=publish")
    dte.ask('AT+MQTTPUB=0,"t",0,0,0,3,"end"', "+MQTTPUB: 0,1,8", "OK", '+MQTTURC: "conn",0,5')


def test_against_any_broker(start: Start, peers: Peers) -> None:
    """By route: a duplicate is acknowledged twice, and what the fault takes the broker has sent."""
    broker = ScriptedBroker(peers)
    for armed in _armed(start, "--route", f"broker.example.com:1883={IPV4}:{broker.port}"):
        dte = armed.dte
        armed.arm("mqtt-duplicate", "mqtt-silence packet=suback times=1")
        dte.ask(CONNECT, "OK")
        broker.accept()
        dte.hears(CONNECTED)
        dte.ask('AT+MQTTSUB=0,"t",1', "+MQTTSUB: 0,1", "OK")
        assert broker.next() == Subscribe(((b"t", 1),), 1)
        broker.send(SubAck((1,), 1), Publish(b"t", b"hello", 1, mid=9))
        dte.hears(*['+MQTTURC: "publish",0,9,"t",5,5,hello'] * 2)
        assert [broker.next(), broker.next()] == [MqttAcknowledgement(PacketType.PUBACK, 9)] * 2
