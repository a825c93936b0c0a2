"""docs/texts.md: all that it shows happens."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from onemo.cli.main import app
from onemo.errors import EmulatorError
from onemo.families.sms.mailbox import SentMessage
from onemo.faults.presets import parse_faults
from onemo.runtime.desk.sms import TEXT, TextControls
from onemo.runtime.labfile import read_lab

from tests.e2e import guides
from tests.e2e.dte import WAIT
from tests.e2e.started import ROOT
from tests.support import fences

GUIDE = (ROOT / "docs" / "texts.md").read_text(encoding="utf-8")
RELAY, TEST = fences.blocks(GUIDE, "python")
BEGIN, ASK, MORE = (
    [line.removeprefix("$ ") for line in block.splitlines()] for block in fences.blocks(GUIDE, "console")
)


EARLY = [*BEGIN[:-1], ASK[0], BEGIN[-1], *ASK[1:], MORE[-1]]
"""The same, with a text that comes before the relay listens."""


@pytest.mark.parametrize("lines", [[*BEGIN, *ASK, "onemo-emulator ctl show", *MORE], EARLY], ids=["guide", "early"])
def test_a_relay_on_the_bench(tmp_path: Path, lines: list[str]) -> None:
    """The lines of the guide, as they are but for the port and the place of the link."""
    (tmp_path / "relay.py").write_text(RELAY)
    said = guides.run(tmp_path, "\n".join(lines), patience=2 * WAIT)
    assert "forwarding" in said


def test_the_same_as_a_test(tmp_path: Path) -> None:
    (tmp_path / "relay.py").write_text(RELAY)
    (tmp_path / "test_relay.py").write_text(TEST)
    command = [
        sys.executable,
        "-W",
        "error",
        "-m",
        "pytest",
        "-p",
        "onemo.pytest_plugin",
        "--strict-markers",
        "-q",
        ".",
    ]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_what_it_names_is_there(tmp_path: Path) -> None:
    for name in re.findall(r"`onemo\.sms\.(\w+)", GUIDE):
        assert hasattr(TextControls, name)
    for name in re.findall(r"`\.(\w+)`", GUIDE):
        assert name in SentMessage._fields
    faults = re.findall(r"^\| `([^`]+)` \| ", GUIDE.partition("## When things go wrong")[2], re.MULTILINE)
    assert len(faults) == 9
    assert all(parse_faults(text) for text in [*faults, "sms from=10086 text='Hello!' after=5s"])
    (lab,) = fences.blocks(GUIDE, "toml")
    file = tmp_path / "lab.toml"
    file.write_text(lab)
    assert [planned.spec.overrides.name for planned in read_lab(file)] == ["a", "b"]
    (body,) = fences.blocks(GUIDE, "json")
    assert TEXT.read(json.loads(body)) == json.loads(body)
    assert f"`{TEXT.method} /v1/modules/NAME{TEXT.path}`" in GUIDE
    with pytest.raises(EmulatorError):
        app(["ctl", "sms", "--from", "1"], exit_on_error=False, print_error=False, result_action="return_value")
