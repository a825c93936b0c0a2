"""The sandbox's LwM2M server from outside: ``ctl lwm2m`` and the API."""

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

LWM2M = "/v1/modules/MN316/lwm2m"
NAME = "001017000000011;460001234567890"


@contextmanager
def registered(start: Start, *options: str) -> Iterator[tuple[Dte, httpx.Client]]:
    """A module whose device is registered in the sandbox, and the control API."""
    started = start("MN316", "--sandbox", "--control", "127.0.0.1:0", "--json", *options)
    ready = json.loads(started.ready)
    with (
        started.awake(ready["port"]) as dte,
        httpx.Client(base_url=ready["control"], timeout=WAIT, trust_env=False) as api,
    ):
        dte.ask('AT+MIPLCREATEEX="iot.example.com",0', "+MIPLCREATEEX: 0", "OK")
        dte.ask('AT+MIPLADDOBJ=0,3200,1,"1",0,1', "OK")
        dte.ask('AT+MIPLDISCOVERRSP=0,3200,1,14,"5500;5501;5750"', "OK")
        dte.ask("AT+MIPLOPEN=0,3000,30", "OK", "+MIPLEVENT: 0,6")
        yield dte, api


def ctl(api: httpx.Client, *words: str, status: int = 0) -> str:
    command = [sys.executable, "-m", "onemo", "ctl", *words, "--control", str(api.base_url)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=WAIT, text=True)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout if status == 0 else done.stderr


def test_by_ctl_and_the_api(start: Start) -> None:
    with registered(start) as (dte, api):
        assert NAME in ctl(api, "lwm2m", "list")
        assert ctl(api, "lwm2m", "read", "/3/0/0").split()[-4:] == ["2.05", "/3/0/0", "text", "CMCC"]
        assert ctl(api, "lwm2m", "read", "MN316", "/3/0/0", "--endpoint", NAME).split()[-1] == "CMCC"
        dte.until(rb"\+MIPLREAD: 0,\d+,3,0,0\r\n", times=2)
        assert "/3/0/9 100" in ctl(api, "lwm2m", "read", "/3/0")
        assert "</3200/0/5750>" in ctl(api, "lwm2m", "discover", "/3200/0")
        assert json.loads(ctl(api, "lwm2m", "observe", "/3200/0", "--json"))["code"] == "2.05"
        dte.until(rb"\+MIPLOBSERVE: 0,\d+,1,3200,0,-1\r\n")
        dte.ask('AT+MIPLNOTIFY=0,0,3200,0,5501,3,3,"-12",0,0,7', "OK", "+MIPLEVENT: 0,26,7")
        assert "/3200/0/5501 -12" in ctl(api, "lwm2m", "notifications")
        ctl(api, "lwm2m", "attributes", "/3200/0/5501", "pmin=18&pmax=90")
        dte.until(rb'"pmin=18;pmax=90"\r\n')
        ctl(api, "lwm2m", "cancel", "/3200/0")
        dte.until(rb"\+MIPLOBSERVE: 0,\d+,0,3200,0,-1\r\n")
        (client,) = api.get(f"{LWM2M}/clients").json()
        assert (client["endpoint"], client["paths"], client["observed"]) == (NAME, ["/3/0", "/3200/0"], [])
        assert "answered 4.04 for /9/0" in ctl(api, "lwm2m", "read", "/9/0", status=2)
        assert "/3200/0 of" in ctl(api, "lwm2m", "cancel", "/3200/0", status=2)
        assert "give PATH VALUE" in ctl(api, "lwm2m", "write", "/3200/0/5750", status=2)
        assert "give PATH [TEXT]" in ctl(api, "lwm2m", "execute", status=2)
        assert "path=3200 cannot be" in ctl(api, "lwm2m", "read", "3200", status=2)


def test_while_a_firmware_answers(start: Start) -> None:
    """What asks waits until the firmware has answered, or for as long as it says; all else goes on meanwhile."""
    with registered(start) as (dte, api):
        words = ["lwm2m", "execute", "/3200/0/5505", "now", "--control", str(api.base_url)]
        with subprocess.Popen(
            [sys.executable, "-m", "onemo", "ctl", *words], cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as asking:
            urc = dte.until(rb'\+MIPLEXECUTE: 0,\d+,3200,0,5505,3,"now"\r\n')
            assert api.get("/health").json() == {"alive": True}
            number = re.findall(rb"EXECUTE: 0,(\d+)", urc)[0].decode()
            dte.ask(f"AT+MIPLEXECUTERSP=0,{number},2", "OK")
            assert asking.stdout is not None
            assert "2.04" in asking.stdout.read()
        answer = api.post(f"{LWM2M}/read", json={"path": "/3200/0/5750", "timeout": "300ms"})
        assert (answer.status_code, answer.json()["error"]) == (409, f"{NAME} did not answer within 0.3 s")
        for body, status in (({"path": "x"}, 422), ({}, 422), ({"path": "/3/0", "endpoint": "nobody"}, 409)):
            assert api.post(f"{LWM2M}/read", json=body).status_code == status
