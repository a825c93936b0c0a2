"""The sandbox's MQTT broker from outside: from any thread, and as the operations of the API and ctl have it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import serial
from onemo.errors import FaultError, UsageError
from onemo.runtime.desk.broker import (
    OPERATIONS,
    BrokerClient,
    BrokerSubscription,
    PublishedMessage,
    PublishResult,
    SeenMessage,
)
from onemo.runtime.hosted import Hosted, HostedModule

PUBLISH, PUBLISHED, CLIENTS, SUBSCRIPTIONS, RESTART = OPERATIONS


@pytest.fixture
def module() -> Iterator[HostedModule]:
    with Hosted() as hosted:
        yield hosted.start(sandbox=True)


@pytest.fixture
def port(module: HostedModule) -> Iterator[serial.Serial]:
    """A firmware's end of the line, with a client 0 that is connected and subscribes."""
    with serial.serial_for_url(module.url, timeout=10) as port:
        port.write(b'AT+MQTTCONN=0,"h",1883,"c"\r')
        hears(port, b'"conn",0,0')
        port.write(b'AT+MQTTSUB=0,"lamp/#",1\r')
        hears(port, b'"suback",0,1,1')
        yield port


def hears(port: serial.Serial, words: bytes) -> None:
    said = port.read_until(words + b"\r\n")
    assert said.endswith(words + b"\r\n"), said


def test_what_is_published(module: HostedModule, port: serial.Serial) -> None:
    assert module.broker.published == []
    assert module.broker.publish("lamp/set", "an", 1) == PublishResult("lamp/set", 1)
    hears(port, b'"publish",0,1,"lamp/set",2,2,an')
    assert module.broker.publish("else", b"\xff", retain=True) == PublishResult("else", 0)
    port.write(b'AT+MQTTPUB=0,"up",0,0,0,2,"hi"\rAT+MQTTSUB=0,"else",0\r')
    hears(port, b'"publish",0,0,"else",1,1,\xff')
    assert module.broker.published == [
        PublishedMessage("", "lamp/set", b"an", 1, False),
        PublishedMessage("", "else", b"\xff", 0, True),
        PublishedMessage("c", "up", b"hi", 0, False),
    ]


def test_who_is_there(module: HostedModule, port: serial.Serial) -> None:
    lamp = BrokerSubscription("c", "lamp/#", 1)
    assert module.broker.subscriptions == [lamp]
    assert module.broker.clients == [BrokerClient("c", True, False, 1, 0)]
    port.write(b"AT+MQTTDISC=0\r")
    hears(port, b'"conn",0,2')
    module.broker.publish("lamp/set", "on", 1)
    assert module.broker.clients == [BrokerClient("c", False, False, 1, 1)]
    assert module.broker.subscriptions == [lamp]


def test_its_restart(module: HostedModule, port: serial.Serial) -> None:
    module.broker.restart()
    hears(port, b'"conn",0,1')
    (client,) = module.broker.clients
    assert not client.connected
    assert module.broker.published == []


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (("a/+", "x"), "'a/[+]' is no topic"),
        (("", "x"), "'' is no topic"),
        (("a" * 65536, "x"), "is no topic: give up to 65535 bytes"),
        (("\ud800", "x"), "is no topic"),
        ((b"t", "x"), "b't' is no topic"),
        ((None, "x"), "None is no topic"),
        (("t", "x", 3), "qos=3 is none"),
        (("t", "x", 1.0), "qos=1.0 is none"),
        (("t", "x", True), "qos=True is none"),
        (("t", 7), "int is no payload"),
        (("t", bytes((1 << 20) + 1)), "the payload has 1048577 bytes"),
    ],
)
def test_what_cannot_be_is_told(module: HostedModule, given: tuple[Any, ...], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        module.broker.publish(*given)
    assert module.broker.published == []


def test_without_a_sandbox_there_is_none() -> None:
    with Hosted() as hosted:
        module = hosted.start()
        with pytest.raises(UsageError, match="nothing leads to the sandbox"):
            module.broker.publish("t", "")
        with pytest.raises(UsageError, match="nothing leads to the sandbox"):
            _ = module.broker.published
        with pytest.raises(FaultError, match="nothing leads to the sandbox"):
            module.happen("mqtt-publish topic=t")


def test_the_event(module: HostedModule, port: serial.Serial) -> None:
    module.happen("mqtt-publish topic=lamp/set payload='a b' qos=2 retain=1")
    hears(port, b'"publish",0,1,"lamp/set",3,3,a b')
    module.happen("mqtt-publish", topic="lamp/raw", payload="00 ff", encoding="hex")
    hears(port, b'"publish",0,0,"lamp/raw",2,2,\x00\xff')
    module.happen("mqtt-publish topic=lamp/set retain=1")
    hears(port, b'"publish",0,0,"lamp/set",0,0,')
    with module.fault("mqtt-publish on=command:CSQ topic=lamp/set payload=now"):
        port.write(b"AT+CSQ\r")
        hears(port, b'"publish",0,0,"lamp/set",3,3,now')
    for wrong in ("topic=a/+", "payload=x", "topic=t payload=0 encoding=hex"):
        with pytest.raises(FaultError):
            module.happen(f"mqtt-publish {wrong}")
    with pytest.raises(FaultError, match="is no hex"), module.fault("mqtt-publish topic=t payload=0g encoding=hex"):
        pass


def test_the_operations(module: HostedModule, port: serial.Serial) -> None:
    values = PUBLISH.read({"topic": "lamp/set", "payload": "on", "qos": 1})
    assert PUBLISH.act(module, values) == PublishResult("lamp/set", 1)
    hears(port, b'"publish",0,1,"lamp/set",2,2,on')
    assert PUBLISHED.act(module, {"bytes": 1 << 20}) == (SeenMessage("", "lamp/set", "on", 1, False, 2),)
    assert PUBLISHED.act(module, {"bytes": 1}) == (SeenMessage("", "lamp/set", "o", 1, False, 2),)
    assert SUBSCRIPTIONS.act(module, {}) == (BrokerSubscription("c", "lamp/#", 1),)
    assert CLIENTS.act(module, {}) == tuple(module.broker.clients)
    for operation in OPERATIONS:
        assert operation.table is not None
    RESTART.act(module, {})
    assert [each.connected for each in module.broker.clients] == [False]
