"""The sandbox's MQTT broker from outside: ``ctl broker`` and the API, and its restart in mid-flow."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.e2e.conftest import Start
from tests.e2e.dte import WAIT, Dte
from tests.e2e.started import ROOT
from tests.e2e.test_mqtt import PATIENT, acknowledged

BROKER = "/v1/modules/ML307R/broker"


@contextmanager
def controlled(start: Start, *options: str) -> Iterator[tuple[Dte, httpx.Client]]:
    """A module in the sandbox, and the control API."""
    started = start("ML307R", "--sandbox", "--control", "127.0.0.1:0", "--json", *options)
    ready = json.loads(started.ready)
    with (
        started.awake(ready["port"]) as dte,
        httpx.Client(base_url=ready["control"], timeout=WAIT, trust_env=False) as api,
    ):
        yield dte, api


def test_by_ctl_and_the_api(start: Start) -> None:
    with controlled(start) as (dte, api):

        def ctl(*words: str) -> list[str]:
            command = [sys.executable, "-m", "onemo", "ctl", *words, "--control", str(api.base_url)]
            done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, timeout=WAIT, text=True)
            return done.stdout.split()

        dte.ask('AT+MQTTCONN=0,"mqtt.example.com",1883,"lamp"', "OK", '+MQTTURC: "conn",0,0')
        dte.ask('AT+MQTTSUB=0,"lamp/+",1', "+MQTTSUB: 0,1", "OK", '+MQTTURC: "suback",0,1,1')
        assert ctl("broker", "publish", "lamp/set", '{"on": "é"}', "--qos", "1")[-2:] == ["lamp/set", "1"]
        dte.hears('+MQTTURC: "publish",0,1,"lamp/set",12,12,{"on": "é"}'.encode().decode("latin-1"))
        assert "lamp" in ctl("broker", "clients")
        assert ctl("broker", "subscriptions")[-3:] == ["lamp", "lamp/+", "1"]
        assert "lamp/set" in ctl("broker", "published")
        client = "0 connected mqtt.example.com:1883 lamp topic=lamp/+ qos=1 0 0 0"
        assert " ".join(ctl("show")).count(client) == 1
        ctl("do", "mqtt-publish topic=lamp/set payload=off")
        dte.hears('+MQTTURC: "publish",0,0,"lamp/set",3,3,off')
        said = api.post(
            f"{BROKER}/publish", json={"topic": "lamp/x", "payload": "00ff", "encoding": "hex", "retain": 1}
        )
        assert said.json() == {"topic": "lamp/x", "clients": 1}
        dte.reads(b'\r\n+MQTTURC: "publish",0,0,"lamp/x",2,2,\x00\xff\r\n')
        assert [each["topic"] for each in api.get(f"{BROKER}/published").json()] == ["lamp/set", "lamp/set", "lamp/x"]
        newest = api.get(f"{BROKER}/published?bytes=1").json()[-1]
        assert (newest["payload"], newest["size"]) == ("\0", 2)
        assert api.get(f"{BROKER}/subscriptions").json() == [{"client_id": "lamp", "filter": "lamp/+", "qos": 1}]
        (client,) = api.get(f"{BROKER}/clients").json()
        assert (client["client_id"], client["connected"], client["clean"]) == ("lamp", True, False)
        refused = api.post(f"{BROKER}/publish", json={"topic": "lamp/#", "payload": ""})
        assert refused.status_code == 422
        refused = api.post(f"{BROKER}/publish", json={"topic": "t", "payload": "0", "encoding": "hex"})
        assert "is no hex" in refused.text


def test_a_restart_in_mid_flow_loses_nothing(start: Start) -> None:
    """Of QoS 1: what was not acknowledged comes again, and is flagged; the other way as well."""
    count, settled = 60, dict[int, int]()
    with controlled(start, "--speed", "40") as (dte, api):
        dte.ask(PATIENT, "OK")
        dte.ask('AT+MQTTCONN=0,"mqtt.example.com",1883,"c"', "OK", '+MQTTURC: "conn",0,0')
        dte.ask('AT+MQTTSUB=0,"down",1', "+MQTTSUB: 0,1", "OK", '+MQTTURC: "suback",0,1,1')
        down = set[bytes]()
        for number in range(count):
            api.post(f"{BROKER}/publish", json={"topic": "down", "payload": f"d{number:02}", "qos": 1})
            while True:
                dte.line(f'AT+MQTTPUB=0,"up",1,0,0,0,"u{number:02}"')
                if number % 20 == 10:
                    api.post(f"{BROKER}/restart", json={})
                answer = dte.until(rb"\r\n(OK|\+CME ERROR: \d+)\r\n")
                settled |= acknowledged(answer)
                down |= heard(answer)
                if b"+MQTTPUB" in answer:
                    break
                more = dte.until(rb'"conn",0,0\r\n')  # it connects again
                settled |= acknowledged(more)
                down |= heard(more)
        while len(settled) < count or len(down) < count:
            more = dte.until(rb'("puback",0,\d+,\d|,d\d\d)\r\n')
            settled |= acknowledged(more)
            down |= heard(more)
        assert down == {b"d%02d" % number for number in range(count)}
        assert set(settled.values()) <= {0, 1}
        published = [each["payload"] for each in api.get(f"{BROKER}/published").json()]
        assert [each for each in published if each == "u59"]


def heard(data: bytes) -> set[bytes]:
    """The payloads of messages in URCs."""
    return set(re.findall(rb",(d\d\d)\r\n", data))
