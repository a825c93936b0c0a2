"""docs/mqtt.md: all that it shows happens."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from onemo.faults.presets import parse_faults
from onemo.runtime.desk import broker

from tests.e2e import guides
from tests.e2e.brokers import MOSQUITTO, needs_mosquitto
from tests.e2e.conftest import Start
from tests.e2e.dte import WAIT
from tests.e2e.started import PROMPT, ROOT
from tests.e2e.test_sandbox_tls import trusts_the_sandbox
from tests.support import fences
from tests.support.pages import blocks_of

PAGE = ROOT / "docs" / "mqtt.md"
GUIDE = PAGE.read_text(encoding="utf-8")
LAMP, SWITCH, TEST = fences.blocks(GUIDE, "python")
ROUTED, END, SANDBOX = fences.blocks(GUIDE, "console")
*DIALOGUES, WORDS, TLS = [block.text for block in blocks_of(PAGE) if not block.language]


def run(folder: Path, block: str, port: str) -> str:
    """Run the lines of a block, at another port of the broker; return what they say."""
    (folder / "lamp.py").write_text(LAMP)
    (folder / "switch.py").write_text(SWITCH.replace("1883", port))
    return guides.run(folder, guides.lines_of(block).replace("1883", port), {"mosquitto": f'{MOSQUITTO} "$@"'})


@needs_mosquitto
def test_a_device_against_mosquitto(tmp_path: Path) -> None:
    assert "the lamp is on" in run(tmp_path, f"{ROUTED}{END}", guides.free_port())


def test_a_device_in_the_sandbox(tmp_path: Path) -> None:
    said = run(tmp_path, SANDBOX, "1883")
    assert "lamp/state" in said


def test_the_same_as_a_test(tmp_path: Path) -> None:
    (tmp_path / "lamp.py").write_text(LAMP)
    (tmp_path / "test_lamp.py").write_text(TEST)
    options = ["-W", "error", "-m", "pytest", "-p", "onemo.pytest_plugin", "--strict-markers", "-q", "."]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, *options]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=90)
    assert "3 passed" in done.stdout, done.stdout + done.stderr


def test_its_dialogues_and_their_words(start: Start, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    module = start("ML307R", "--sandbox", "--offline", "--trace", str(trace))
    with module.awake() as dte:
        for block in DIALOGUES:
            for exchange in re.split(r"^> ", block, flags=re.MULTILINE)[1:]:
                line, *answers = exchange.splitlines()
                dte.ask(line, *(answer.removeprefix("< ") for answer in answers))
    assert module.signal(signal.SIGTERM) < PROMPT  # it writes the rest of the trace
    shown = [sys.executable, "-m", "onemo", "trace", str(trace)]
    told = subprocess.run(shown, capture_output=True, text=True, timeout=WAIT, check=True).stdout
    passed = iter(told.splitlines())
    for words in WORDS.splitlines():
        assert any(line.endswith(words) for line in passed), words


def test_its_tls(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with start("ML307R", "--sandbox", "--offline").awake() as dte:
        dte.ask(trusts_the_sandbox(dte, TLS), "OK", '+MQTTURC: "conn",0,0')


def test_what_it_names_is_there() -> None:
    for name in re.findall(r"`onemo\.broker\.(\w+)", GUIDE):
        assert hasattr(broker.BrokerDesk, name)
    rows = re.findall(r"^\| `(broker \w+)[^|]*\|[^|]*\| `(\w+) (\S+)` \|", GUIDE, re.MULTILINE)
    assert sorted(rows) == sorted((each.command, each.method, each.path) for each in broker.OPERATIONS)
    (fault,) = re.findall(r"--fault '([^']+)'", GUIDE)
    assert parse_faults(fault.replace("\n", " "))
    (body,) = fences.blocks(GUIDE, "json")
    assert broker.OPERATIONS[0].read(json.loads(body))["qos"] == 1
    fields = {*broker.PublishedMessage._fields, *broker.BrokerClient._fields, *broker.BrokerSubscription._fields}
    assert fields >= set(re.findall(r"`\.(\w+)`", GUIDE))
