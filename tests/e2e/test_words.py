"""Requests, answers and packets in words, in a trace, live and in the journal, in TLS as well; no password in them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.e2e.conftest import Start
from tests.e2e.dte import WAIT
from tests.e2e.started import PROMPT, ROOT

LOGIN = 'AT+MQTTCONN=0,"mqtt.example.com",8883,"meter-1","me","open sesame"'
PACKETS = (
    "* MQTT client 0: sent CONNECT meter-1, keep-alive 120 s, user me, password ***",
    "* MQTT client 0: received CONNACK 0, accepted",
    "* MQTT client 0: sent PUBLISH a/b, QoS 1, mid 1, 4 bytes: 21.5",
    "* MQTT client 0: received PUBACK 1",
)
REQUEST = ("* httpid 0: sent GET /bytes/5124", "* httpid 0: received 200, 5,124 bytes")


def test_words_beside_the_bytes(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    trace = tmp_path / "trace"
    options = ("--sandbox", "--offline", "--trace", str(trace), "-v", "--control", "127.0.0.1:0", "--json")
    module = start("ML307R", *options)
    ready = json.loads(module.ready)
    with module.awake(ready["port"]) as dte:
        dte.ask('AT+MQTTCFG="ssl",0,1,0', "OK")
        dte.ask(LOGIN, "OK", '+MQTTURC: "conn",0,0')
        dte.ask('AT+MQTTPUB=0,"a/b",1,0,0,4,"21.5"', "+MQTTPUB: 0,1,13", "OK", '+MQTTURC: "puback",0,1,0')
        dte.ask('AT+MHTTPCREATE="http://example.com"', "+MHTTPCREATE: 0", "OK")
        dte.ask('AT+MHTTPREQUEST=0,1,0,"/bytes/5124"', "OK")
        dte.until(rb'"content",0,5124,5124,')
        with httpx.Client(base_url=ready["control"], timeout=WAIT, trust_env=False) as api:
            entries = api.get("/v1/modules/ML307R/trace", params={"mqtt_id": 0}).json()["entries"]
    told = [f"* MQTT client 0: {each['event']} {each['detail']}" for each in entries if each["kind"] == "event"]
    assert [each for each in told if each in PACKETS] == list(PACKETS)
    assert any(each["kind"] == "payload" and each["data"].endswith("\0\x0b***********") for each in entries)
    assert module.signal(15) < PROMPT, "all of the trace is written then"
    command = [sys.executable, "-m", "onemo", "trace", str(trace)]
    read = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, timeout=WAIT, text=True).stdout
    live = module.stderr()
    for text in (read, live):
        lines = [line.partition("*")[2] for line in text.splitlines() if "*" in line]
        assert [f"*{line}" for line in lines if f"*{line}" in PACKETS + REQUEST] == [*PACKETS, *REQUEST]
        assert "sesame" not in text
    assert "sesame" not in trace.read_text()
