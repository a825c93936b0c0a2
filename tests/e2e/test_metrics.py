"""``/metrics`` and the latency of commands, of a module and of a lab in several processes."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.conftest import Start
from tests.e2e.dte import WAIT, Dte, Transcript
from tests.e2e.started import Started
from tests.e2e.test_lab_processes import CONTENT, lab, ready
from tests.e2e.test_snapshot import ctl

TOKEN = {"authorization": "Bearer t"}


def series(client: httpx.Client) -> dict[str, float]:
    """The lines of /metrics that are no comments."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.text.endswith("\n")
    rows = (line.rpartition(" ") for line in answer.text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in rows}


@pytest.fixture
def module(start: Start) -> Started:
    arguments = ("--name", "meter", "--sandbox", "--json", "--control", "127.0.0.1:0", "--control-token", "t")
    return start("ML307R", *arguments)


@pytest.fixture
def client(module: Started) -> Iterator[httpx.Client]:
    url = json.loads(module.ready)["control"]
    with httpx.Client(base_url=url, timeout=WAIT, trust_env=False, headers=TOKEN) as client:
        yield client


def test_what_a_module_did_is_told(module: Started, client: httpx.Client) -> None:
    url = str(client.base_url.join("/metrics"))
    assert httpx.get(url, trust_env=False).status_code == 401
    assert httpx.get(url, trust_env=False, headers={"authorization": "Bearer s"}).status_code == 401
    assert client.post("/metrics").status_code == 405
    assert client.head("/metrics").content == b""
    client.post("/v1/modules/meter/faults", json={"fault": "command-answer command=CGMR cme=552 times=1"})
    with module.awake(json.loads(module.ready)["port"]) as dte:
        before = series(client)
        for _ in range(5):
            dte.ask("AT", "OK")
        dte.ask("AT+CGMR", "+CME ERROR: 552")
        dte.ask('AT+MIPOPEN=0,"TCP","www.example.com",7', "OK", "+MIPOPEN: 0,0")
        dte.ask('AT+MIPSEND=0,5,"hello"', "+MIPSEND: 0,5", "OK")
        dte.until(rb'"rtcp",0,5,hello\r\n')
        after = series(client)
    of = '{module="meter"'
    assert after['onemo_modules{condition="ready",power="ready",registration="home"}'] == 1
    assert after[f"onemo_commands_total{of}}}"] - before[f"onemo_commands_total{of}}}"] == 8
    assert after[f'onemo_command_errors_total{of},result="CME",number="552"}}'] == 1
    assert after[f'onemo_faults_fired_total{of},kind="command-answer"}}'] == 1
    assert after[f"onemo_urcs_total{of}}}"] - before[f"onemo_urcs_total{of}}}"] == 2
    assert after[f"onemo_connections{of}}}"] == 1
    assert after[f'onemo_connection_events_total{of},event="opened"}}'] == 1
    assert after[f'onemo_network_bytes_total{of},sender="module"}}'] == 5
    assert after[f'onemo_network_bytes_total{of},sender="network"}}'] == 5
    assert after[f'onemo_line_bytes_total{of},sender="dte"}}'] > before[f'onemo_line_bytes_total{of},sender="dte"}}']
    assert after['onemo_command_duration_seconds_bucket{command="AT",le="+Inf"}'] == 5
    assert 0 < after['onemo_command_duration_seconds_sum{command="AT"}'] < WAIT


def test_the_latency_of_each_command(module: Started, client: httpx.Client) -> None:
    with module.awake(json.loads(module.ready)["port"]) as dte:
        for _ in range(20):
            dte.ask("AT", "OK")
        dte.line("AT+COPS=?")
        dte.until(rb"\r\nOK\r\n")
        dte.ask("AT+NOTHING", "ERROR")
    rows = client.get("/v1/modules/meter/latency").json()
    assert [row["lines"] for row in rows] == sorted((row["lines"] for row in rows), reverse=True)
    by_command = {row.pop("command"): row for row in rows}
    assert (by_command["AT"]["lines"], by_command["AT"]["errors"]) == (20, 0)
    assert 0 < by_command["AT"]["p50"] <= by_command["AT"]["p99"] <= by_command["AT"]["max"] < 1
    assert by_command["AT+COPS"]["p50"] > 1, "a scan takes its time"
    assert by_command["other"]["errors"] == 1
    head, *shown = ctl(module, "latency", "--token", "t").splitlines()
    assert head.split() == ["Command", "Lines", "Errors", "p50", "p99", "max"]
    (row,) = [line.split() for line in shown if line.startswith("AT ")]
    assert row[:3] == ["AT", "20", "0"]
    assert row[4::2] == ["ms", "ms", "ms"]


def test_a_lab_in_processes_is_one(tmp_path: Path) -> None:
    with lab(tmp_path, CONTENT, "--control", "127.0.0.1:0", "--control-token", "t") as process:
        *modules, last = ready(process)
        for line in modules:
            with Dte(line["link"], Transcript(str)) as dte:
                dte.wake()
                dte.alive()
        assert httpx.get(f"{last['control']}/metrics", trust_env=False).status_code == 401
        with httpx.Client(base_url=last["control"], trust_env=False, headers=TOKEN) as client:
            found = series(client)
            assert client.get("/v1/modules/m5/latency").json()[0]["command"] in ("AT", "ATE")
            assert client.get("/v1/modules/m5/snapshot").json()["options"]["name"] == "m5"
        assert found['onemo_modules{condition="ready",power="ready",registration="home"}'] == 5
        for number in range(1, 6):
            assert found[f'onemo_commands_total{{module="m{number}"}}'] >= 2
        count = sum(found[f'onemo_commands_total{{module="m{number}"}}'] for number in range(1, 6))
        times = (value for name, value in found.items() if name.startswith("onemo_command_duration_seconds_count"))
        assert sum(times) == count
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=WAIT)[1] == ""
