"""Short messages over real ports: a relay, a power cut, and the control."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from smspdudecoder.easy import read_incoming_sms

from tests.e2e.conftest import Start
from tests.e2e.dte import WAIT
from tests.e2e.started import PROMPT, ROOT

FAST = ("--speed", "1000")
HERE = ("--control", "127.0.0.1:0", "--json")
SUBMIT = "0011000D91683109000000F00008AA044F60597D"
"""`你好` to +8613900000000."""


def api(ready: str) -> httpx.Client:
    return httpx.Client(base_url=json.loads(ready)["control"], timeout=WAIT, trust_env=False)


def test_a_relay_is_told_what_the_control_sends(start: Start) -> None:
    module = start("ML307R", *HERE, *FAST)
    path = "/v1/modules/ML307R"
    with module.awake(json.loads(module.ready)["port"]) as dte, api(module.ready) as control:
        assert control.get(path).json()["sms"] == {
            "number": "+861440000000000",
            "centre": "+8613800230500",
            "stores": {"ME": {"used": 0, "total": 50}, "SM": {"used": 0, "total": 50}},
            "waiting": 0,
            "sent": [],
        }
        dte.ask("AT+CSMS=1", "+CSMS: 1,1,1", "OK")
        dte.ask("AT+CNMI=2,2,0,0,0", "OK")
        body = {"event": "sms", "from": "10086", "text": "你好 😀"}
        assert control.post(f"{path}/events", json=body).status_code < 300
        told = dte.until(rb"\+CMT: ,\d+\r\n[0-9A-F]+\r\n")
        assert read_incoming_sms(told.split(b"\r\n")[-2].decode())["content"] == "你好 😀"
        assert control.get(path).json()["sms"]["waiting"] == 1
        dte.ask("AT+CNMA=0", "OK")
        assert control.get(path).json()["sms"]["waiting"] == 0
        dte.line("AT+CMGS=19")
        dte.reads(b"\r\n> ")
        dte.write(f"{SUBMIT}\x1a".encode())
        dte.hears("+CMGS: 1", "OK")
        (sent,) = control.get(path).json()["sms"]["sent"]
        assert sent["time"] > 1_700_000_000
        assert {**sent, "time": 0} == {
            "to": "+8613900000000", "text": "你好", "encoding": "ucs2", "parts": 1, "of": 1, "time": 0, "report": None,
        }  # fmt: skip
        events = [entry for entry in control.get(f"{path}/trace").json()["entries"] if "sms" in str(entry)]
        assert any("to +8613900000000: 你好" in str(entry) for entry in events)
        assert any("from 10086: 你好 😀" in str(entry) for entry in events)
        for refused in (
            {"event": "sms", "from": "", "text": "x"},
            {"event": "sms", "from": "10086", "text": "x", "class": 4},
            {"event": "sms", "from": "10086", "text": "x", "encoding": "utf8"},
            {"event": "sms", "from": "10086", "text": "你", "encoding": "7bit"},
            {"event": "sms", "pdu": "zz"},
            {"event": "sms", "from": "1" * 30, "text": "x"},
        ):
            answer = control.post(f"{path}/events", json=refused)
            assert answer.status_code == 422, answer.text
            assert answer.json()["error"]


def test_a_model_without_messages_refuses(start: Start) -> None:
    module = start("ML307R-DL", *HERE)
    with api(module.ready) as control:
        (name,) = (row["name"] for row in control.get("/v1/modules").json())
        assert control.get(f"/v1/modules/{name}").json()["sms"] is None
        answer = control.post(f"/v1/modules/{name}/events", json={"event": "sms", "from": "1", "text": "x"})
        assert (answer.status_code, "has no short messages" in answer.json()["error"]) == (422, True)


def test_ctl_sends_a_text(start: Start) -> None:
    module = start("ML307R", *HERE, *FAST)
    told = json.loads(module.ready)
    command = [sys.executable, "-m", "onemo", "ctl", "do", "ML307R"]
    environment = {**os.environ, "ONEMO_CONTROL": told["control"].removeprefix("http://")}
    with module.awake(told["port"]) as dte:
        dte.ask("AT+CMGF=1;+CNMI=2,2", "OK")
        for event, status in (("sms from=10086 text='Hello you'", 0), ("sms text=x", 2)):
            done = subprocess.run(
                [*command, event], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=30, check=False
            )
            assert done.returncode == status, done.stderr
        dte.until(rb'\+CMT: "10086",,"[^"]+"\r\nHello you\r\n')
        dte.ask("AT+CMGF=0", "OK")
        dte.line("AT+CMGS=19")
        dte.reads(b"\r\n> ")
        dte.write(f"{SUBMIT}\x1a".encode())
        dte.hears("+CMGS: 1", "OK")
    for step, status in (("event:sms sent to +8613900000000*你好", 0), ("event:sms sent to +8613900000000*再见", 1)):
        verify = [*command[:4], "verify", "ML307R", "--step", step]
        done = subprocess.run(
            verify, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=30, check=False
        )
        assert done.returncode == status, done.stdout + done.stderr


def test_a_power_cut_loses_no_message(start: Start, tmp_path: Path) -> None:
    nv = ("--nv", str(tmp_path / "nv.json"))
    module = start("ML302A", *HERE, *FAST, *nv)
    with module.awake(json.loads(module.ready)["port"]) as dte, api(module.ready) as control:
        dte.ask("AT+CNMI=2,1", "OK")
        for number in range(1, 4):
            body = {"event": "sms", "from": "10086", "text": f"text {number}"}
            assert control.post("/v1/modules/ML302A/events", json=body).status_code < 300
            dte.hears(f'+CMTI: "ME",{number}')
        dte.ask("AT+CMGD=2", "OK")
        module.process.kill()
        module.process.wait()
        module.process.returncode = 0  # that end was ours
    module = start("ML302A", *FAST, *nv)
    with module.awake() as dte:
        dte.ask("AT+CMGF=1;+CMGD=?", "+CMGD: (1,3),(0-4)", "OK")
        dte.line("AT+CMGR=3")
        dte.until(rb'\+CMGR: "REC UNREAD","10086",,"[^"]+"\r\ntext 3\r\n\r\nOK\r\n')


@pytest.mark.parametrize("turn", range(3))
def test_a_message_that_is_told_of_survives_a_kill_at_once(start: Start, tmp_path: Path, turn: int) -> None:
    nv = ("--nv", str(tmp_path / "nv.json"))
    module = start("ML302A", *HERE, *FAST, *nv)
    with module.awake(json.loads(module.ready)["port"]) as dte, api(module.ready) as control:
        dte.ask("AT+CNMI=2,1", "OK")
        with ThreadPoolExecutor(1) as beside:
            sending = beside.submit(
                control.post, "/v1/modules/ML302A/events", json={"event": "sms", "from": "10086", "text": "k"}
            )
            dte.until(rb"\+CMTI")
            module.process.kill()
            module.process.wait()
            module.process.returncode = 0  # that end was ours
            sending.exception()
    module = start("ML302A", *FAST, *nv)
    with module.awake() as dte:
        dte.ask("AT+CMGD=?", "+CMGD: (1),(0-4)", "OK")


def test_a_damaged_memory_has_no_messages_and_is_kept_aside(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "nv.json"
    module = start("ML302A", *FAST, "--nv", str(file))
    with module.awake() as dte:
        dte.line("AT+CMGW=19")
        dte.reads(b"\r\n> ")
        dte.write(f"{SUBMIT}\x1a".encode())
        dte.hears("+CMGW: 1", "OK")
    assert module.signal(15) < PROMPT
    file.write_text(file.read_text().replace('"1": "', '"1": "zz'))
    module = start("ML302A", *FAST, "--nv", str(file))
    with module.awake() as dte:
        dte.ask("AT+CMGD=?", "+CMGD: (),(0-4)", "OK")
    assert re.search(r"the NV holds sms\.messages\.1", module.stderr())
