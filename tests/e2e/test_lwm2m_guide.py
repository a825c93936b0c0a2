"""docs/lwm2m.md: all that it shows happens."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

from onemo.net.sandbox import load_config
from onemo.runtime.desk import lwm2m, lwm2m_results
from onemo.runtime.desk.lwm2m_desk import Lwm2mDesk

from tests.e2e import guides
from tests.e2e.conftest import Start
from tests.e2e.lwm2m_servers import MODULES, NODE, needs_node_library
from tests.e2e.started import ROOT
from tests.support import fences
from tests.support.pages import blocks_of

PAGE = ROOT / "docs" / "lwm2m.md"
GUIDE = PAGE.read_text(encoding="utf-8")
METER, TEST = fences.blocks(GUIDE, "python")
SANDBOX, ROUTED = fences.blocks(GUIDE, "console")
(SERVER,) = fences.blocks(GUIDE, "javascript")
(FILE,) = fences.blocks(GUIDE, "toml")
DIALOGUES = [block.text for block in blocks_of(PAGE) if not block.language]


def run(folder: Path, block: str, port: str) -> str:
    """Run the lines of a block, at another port of the server; return what they say."""
    (folder / "meter.py").write_text(METER)
    (folder / "server.js").write_text(SERVER)
    script = guides.lines_of(block)
    script = script.replace("127.0.0.1:5683", f"127.0.0.1:{port}").replace("server.js 5683", f"server.js {port}")
    programs = {"node": f'"{NODE}" --no-warnings "$@"', "npm": f'ln -s "{MODULES}" node_modules'}
    return guides.run(folder, script, programs)


def test_a_device_in_the_sandbox(tmp_path: Path) -> None:
    said = run(tmp_path, SANDBOX, "5683")
    assert re.search(r"2\.05 +/3303/0/5700 +text +21\.5", said), said
    assert "</3303/0/5605>" in said
    assert said.count("2.04") == 2
    assert re.search(r"/3303/0/5700 .*text +0\.0", said), said


@needs_node_library
def test_a_device_against_a_server(tmp_path: Path) -> None:
    assert "observe 1 3303 0 5700 0.0" in run(tmp_path, ROUTED, guides.free_port(socket.SOCK_DGRAM))
    told = (tmp_path / "told").read_text()
    assert "read 1 3303 0 5700 21.5\n" in told
    assert "execute 1 3303 0 5605 now done\n" in told


def test_the_same_as_a_test(tmp_path: Path) -> None:
    (tmp_path / "meter.py").write_text(METER)
    (tmp_path / "test_meter.py").write_text(TEST)
    options = ["-W", "error", "-m", "pytest", "-p", "onemo.pytest_plugin", "--strict-markers", "-q", "."]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, *options]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=90)
    assert "4 passed" in done.stdout, done.stdout + done.stderr


def test_its_dialogues(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "sandbox.toml"
    file.write_text(FILE)
    assert load_config(file).lwm2m.greets
    greeted, bootstrapped = DIALOGUES
    for block, options in ((greeted, ["--sandbox-file", str(file)]), (bootstrapped, [])):
        with start("MN316", "--sandbox", "--offline", *options).awake() as dte:
            for exchange in re.split(r"^> ", block, flags=re.MULTILINE)[1:]:
                line, *answers = exchange.splitlines()
                dte.ask(line, *(answer.removeprefix("< ") for answer in answers))


def test_what_it_names_is_there() -> None:
    for name in re.findall(r"`onemo\.lwm2m\.(\w+)", GUIDE):
        assert hasattr(Lwm2mDesk, name)
    rows = re.findall(r"^\| `(lwm2m \w+)[^|]*\|[^|]*\| `(\w+) (\S+)` \|", GUIDE, re.MULTILINE)
    assert sorted(rows) == sorted((each.command, each.method, each.path) for each in lwm2m.OPERATIONS)
    (body,) = fences.blocks(GUIDE, "json")
    assert lwm2m.OPERATIONS[2].read(json.loads(body))["timeout"] == 5
    told = lwm2m_results.Lwm2mRegistration, lwm2m_results.Lwm2mReport, lwm2m_results.Lwm2mAddress
    fields = {"code", *(field for each in told for field in each._fields)}
    assert fields >= set(re.findall(r"`\.(\w+)`", GUIDE))
