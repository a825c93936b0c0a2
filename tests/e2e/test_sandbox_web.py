"""The sandbox's web server from outside: ``ctl web`` and the API."""

from __future__ import annotations

import json
import subprocess
import sys

import httpx

from tests.e2e.conftest import Start
from tests.e2e.dte import WAIT
from tests.e2e.started import ROOT


def test_answers_and_requests_by_ctl_and_the_api(start: Start) -> None:
    started = start("ML307R", "--sandbox", "--control", "127.0.0.1:0", "--json")
    ready = json.loads(started.ready)

    def ctl(*words: str) -> str:
        command = [sys.executable, "-m", "onemo", "ctl", *words, "--control", ready["control"]]
        return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, timeout=WAIT, text=True).stdout

    with (
        started.awake(ready["port"]) as dte,
        httpx.Client(base_url=ready["control"], timeout=WAIT, trust_env=False) as api,
    ):
        ctl("web", "answer", "/ota", '{"version": 7}', "--type", "application/json")
        dte.ask('AT+MHTTPCREATE="http://ota.example.com"', "+MHTTPCREATE: 0", "OK")
        dte.ask("AT+MHTTPREQUEST=0,1,0,/ota?id=1", "OK")
        dte.until(rb'\+MHTTPURC: "content",0,14,14,14,\{"version": 7\}\r\n')
        assert "ota.example.com 80 idle 0 0 0" in " ".join(ctl("show").split())
        assert ctl("web", "requests").split()[-5:] == ["GET", "ota.example.com", "/ota?id=1", "200", "0"]
        path = "/v1/modules/ML307R/web"
        (request,) = api.get(f"{path}/requests").json()
        assert request == {
            "method": "GET", "host": "ota.example.com", "path": "/ota?id=1", "body": "", "size": 0, "status": 200,
            "headers": {"Host": "ota.example.com", "Content-Length": "0"},
        }  # fmt: skip
        refused = api.post(f"{path}/answers", json={"path": "ota", "body": ""})
        assert refused.status_code == 409
        assert "path: is 'ota'; it begins with /" in refused.text
