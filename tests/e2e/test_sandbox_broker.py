"""The sandbox's MQTT broker: two clients of one module talk through it, in TLS as well."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import Start
from tests.e2e.dte import Dte
from tests.e2e.test_sandbox_tls import exported
from tests.e2e.tls_peers import store


def connect(dte: Dte, number: int, name: str, port: int = 1883) -> None:
    ready = f'+MQTTURC: "conn",{number},0'
    dte.ask(f'AT+MQTTCONN={number},"mqtt.example.com",{port},"{name}"', "OK", ready)


@pytest.mark.parametrize("model", ["ML307R", "MN316"])
def test_two_clients(start: Start, model: str) -> None:
    with start(model, "--sandbox", "--offline").awake() as dte:
        connect(dte, 0, "a")
        dte.ask('AT+MQTTSUB=0,"t/#",2', "+MQTTSUB: 0,1", "OK", '+MQTTURC: "suback",0,1,2')
        connect(dte, 1, "b")
        dte.ask('AT+MQTTPUB=1,"t/0",0,1,0,4,"zero"', "+MQTTPUB: 1,1,11", "OK")
        dte.hears('+MQTTURC: "publish",0,0,"t/0",4,4,zero')
        # Who lasts misses nothing.
        dte.ask("AT+MQTTDISC=0", "OK", '+MQTTURC: "conn",0,2')
        settled = ('+MQTTURC: "pubrec",1,2,0', '+MQTTURC: "pubcomp",1,2,0')
        dte.ask('AT+MQTTPUB=1,"t/2",2,0,0,3,"two"', "+MQTTPUB: 1,2,12", "OK", *settled)
        connect(dte, 0, "a")
        dte.hears('+MQTTURC: "publish",0,1,"t/2",3,3,two')
        # What is retained is there for whoever comes.
        dte.ask('AT+MQTTSUB=1,"t/+",1', "+MQTTSUB: 1,3", "OK", '+MQTTURC: "suback",1,3,1')
        dte.hears('+MQTTURC: "publish",1,0,"t/0",4,4,zero')


def test_in_tls(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    ca = exported()
    with start("ML305U", "--sandbox", "--offline").awake() as dte:
        store(dte, "CERT", "ca.pem", ca)
        for setting in ("auth", "cert"):
            value = '"ca.pem"' if setting == "cert" else "1"
            dte.ask(f'AT+MSSLCFG="{setting}",0,{value}', "OK")
        dte.ask('AT+MQTTCFG="ssl",0,1', "OK")
        connect(dte, 0, "a", 8883)
        dte.ask('AT+MQTTSUB=0,"t",0', "+MQTTSUB: 0,1", "OK", '+MQTTURC: "suback",0,1,0')
        connect(dte, 1, "b")
        dte.ask('AT+MQTTPUB=1,"t",0,0,0,2,"hi"', "+MQTTPUB: 1,1,7", "OK", '+MQTTURC: "publish",0,0,"t",2,2,hi')
