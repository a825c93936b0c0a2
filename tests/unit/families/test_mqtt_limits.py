"""What the MQTT client refuses, and by which number: lengths, topics, texts, on models with limits and without."""

from __future__ import annotations

import pytest
from onemo.net.mqtt.packets import ConnAck, encode

from tests.support.driver import Driver
from tests.support.world import Key

KEY: Key = ("mqtt_id", 0)
LIMITED, WIDE = ("ML307R", "ML307S", "ML305M", "ML307G"), ("MN316", "MN316A", "MN318")
OK, SYNTAX, PARAMETER, UNKNOWN = "OK", "+CME ERROR: 50", "+CME ERROR: 601", "ERROR"


def connected(model: str, *lines: str) -> Driver:
    driver = Driver(model).boot()
    for line in ("AT+CMEE=1", *lines, 'AT+MQTTCONN=0,"h",1883,"c"'):
        assert driver.answer(line) == ["OK"]
    driver.world.peer_sends(KEY, encode(ConnAck(False, 0)))
    driver.take()
    return driver


def publish(size: int, topic: int = 1, length: int | None = None) -> str:
    return f'AT+MQTTPUB=0,"{"t" * topic}",0,0,0,{size if length is None else length},"{"a" * size}"'


@pytest.mark.parametrize("model", [*LIMITED, *WIDE])
@pytest.mark.parametrize(
    ("line", "limited", "wide"),
    [
        (publish(1024), OK, OK),
        (publish(1025), PARAMETER, OK),
        (publish(1025, length=0), PARAMETER, OK),
        (publish(1, length=65536), PARAMETER, PARAMETER),
        (publish(1, topic=256), OK, OK),
        (publish(1, topic=257), PARAMETER, OK),
        ('AT+MQTTPUB=0,"t",0,0,0,1025', PARAMETER, SYNTAX),
        ('AT+MQTTPUB=0,"t",0,0,0,99999999999999999999,"a"', SYNTAX, SYNTAX),
        ('AT+MQTTPUB=6,"t",0,0,0,1,"a"', SYNTAX, SYNTAX),
        (f'AT+MQTTSUB=0,"{"t" * 257}",0', PARAMETER, OK),
        (f'AT+MQTTSUB=0,"{"t" * 3001}",0', PARAMETER, OK),
        (f'AT+MQTTUNSUB=0,"{"t" * 257}"', PARAMETER, OK),
        ('AT+MQTTSUB=0,"",0', PARAMETER, PARAMETER),
        ('AT+MQTTUNSUB=0,""', PARAMETER, PARAMETER),
        ('AT+MQTTSUB=0,"a",3', SYNTAX, SYNTAX),
        ('AT+MQTTSUB=0,"a",0,"b"', SYNTAX, SYNTAX),
        ('AT+MQTTSUB=0,"a+",0', OK, OK),
        ('AT+MQTTSUB=0,"\xff",0', PARAMETER, PARAMETER),
        ("AT+MQTTREAD=0,0", SYNTAX, UNKNOWN),
        ("AT+MQTTREAD=0,1", PARAMETER, UNKNOWN),
        *((f"AT+MQTT{name}=?", UNKNOWN, UNKNOWN) for name in ("SUB", "UNSUB", "PUB", "READ", "STATE", "DISC")),
        *((f"AT+MQTT{name}?", UNKNOWN, UNKNOWN) for name in ("CFG", "CONN", "SUB", "PUB", "READ", "STATE")),
    ],
)
def test_lengths_and_topics(model: str, line: str, limited: str, wide: str) -> None:
    assert connected(model).answer(line)[-1] == (limited if model in LIMITED else wide)


@pytest.mark.parametrize("model", ["ML307R", "MN316A"])
@pytest.mark.parametrize(
    ("form", "length", "message", "answer"),
    [
        (1, 2, '"686"', PARAMETER),
        (1, 0, '"686"', PARAMETER),
        (1, 1, "6g", PARAMETER),
        (1, 2, "686F", OK),
        (1, 4, '"686F"', PARAMETER),
        (2, 2, r'"\r"', OK),
        (2, 1, r'"\r"', PARAMETER),
        (2, 0, r'"\q"', PARAMETER),
        (2, 0, r'"\x4"', PARAMETER),
        (2, 4, r'"a\"b"', OK),
        (0, 1, '""', PARAMETER),
        (0, 0, '""', OK),
    ],
)
def test_encodings(model: str, form: int, length: int, message: str, answer: str) -> None:
    driver = connected(model, f'AT+MQTTCFG="encoding",0,{form}')
    assert driver.answer(f'AT+MQTTPUB=0,"t",0,0,0,{length},{message}')[-1] == answer


@pytest.mark.parametrize(
    ("setting", "answer"),
    [
        (f'"willpayload",0,"{"t" * 256}","{"m" * 256}"', OK),
        (f'"willpayload",0,"{"t" * 257}","m"', PARAMETER),
        (f'"willpayload",0,"t","{"m" * 257}"', PARAMETER),
        ('"willpayload",0,"t"', SYNTAX),
        ('"willpayload",0,"a/#","m"', PARAMETER),
        *((setting, SYNTAX) for setting in ('"version",0,3', '"retrans",0,19,0', '"retrans",0,20,4', '"nokey",0')),
        *((setting, SYNTAX) for setting in ('"keepalive",0,59', '"keepalive",0,65536', '"pingreq",0,86401')),
        *((setting, SYNTAX) for setting in ('"reconn",0,4', '"reconn",0,0,19', '"willoption",0,1,3', '"query",0,1')),
        *((setting, OK) for setting in ('"version",0,4', '"keepalive",0,0', '"willoption",0,1', '"reconn",0,0')),
    ],
)
def test_settings(setting: str, answer: str) -> None:
    driver = Driver("ML307R").boot()
    driver.ask("AT+CMEE=1")
    assert driver.answer(f"AT+MQTTCFG={setting}")[-1] == answer
    if setting == '"willoption",0,1':
        assert driver.answer('AT+MQTTCONN=0,"h"') == [PARAMETER], "a will without a topic"
