"""``record --session fidelity`` asks a module what was only decided; ``replay`` shows where another differs.

The blocks of docs/hardware.md are run here, with less patience.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import serial

from tests.e2e import guides
from tests.e2e.conftest import Start
from tests.e2e.started import ROOT, Started
from tests.e2e.test_dialogues import onemo
from tests.support import fences

GUIDE = (ROOT / "docs" / "hardware.md").read_text()
HARDWARE = """\
extends = "models/{series}.toml"
source = "a module on a desk"
lacks = []

[commands.{command}]
{said}
"""


def module(start: Start, tmp_path: Path, model: str, said: str = "", *options: str) -> Started:
    """A module that stands for a real one: like the model's, but for what its profile says of a command."""
    if said:
        folder = tmp_path / "hardware"
        folder.mkdir(exist_ok=True)
        command, _, rest = said.partition(": ")
        text = HARDWARE.format(series=model.lower(), command=command, said=rest)
        (folder / f"{model.lower()}.toml").write_text(text)
        options = ("--profiles", str(folder), *options)
    return start(model, *options)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "said", "shown"),
    [
        ("ML307R", "MIPOPEN: params.address.max_length = 300", "\n+ < +CME ERROR: 50\n"),
        ("ML307R", "MLOCKFREQ: available = false", "- < ERROR\n+ < +MLOCKFREQ: "),
    ],
)
def test_a_module_is_asked_and_the_emulator_differs(
    start: Start, tmp_path: Path, model: str, said: str, shown: str
) -> None:
    out = tmp_path / "mine.at"
    hardware = module(start, tmp_path, model, said, "--imei", "860000000000004", "--sandbox")
    asked = onemo("record", hardware.port, "--session", "fidelity", "--out", out, "--quiet", "0.05")
    assert asked.returncode == 0, asked.stderr
    text = out.read_text()
    assert text.startswith(f"model: {model}\n")
    assert "firmware: " in text.splitlines()[1]
    assert "860000000000004" not in text
    other = module(start, tmp_path, model, "", "--sandbox")
    replayed = onemo("replay", out, "--port", other.port, "--timeout", "2")
    assert replayed.returncode == 1
    assert shown in replayed.stdout
    named = {match[1] for match in re.finditer(r"^  > AT\+(\w+)", replayed.stdout, re.MULTILINE)}
    assert named == {said.partition(":")[0]}
    if said.startswith("MLOCKFREQ"):
        (example,) = fences.blocks(GUIDE, "text")
        assert example in replayed.stdout
    same = module(start, tmp_path, model, said, "--sandbox")
    again = onemo("replay", out, "--port", same.port, "--timeout", "2")
    assert again.returncode == 0, again.stdout


@pytest.mark.slow
def test_the_guide(start: Start, tmp_path: Path) -> None:
    (tmp_path / "ask.at").write_text("> AT\n")
    hardware = start("ML307R")
    record, compare, script = fences.blocks(GUIDE, "sh")
    play = compare.replace("sleep 1\n", f"until [ -e {tmp_path}/modem ]; do sleep 0.1; done\n")
    record = record.replace("--out", "--quiet 0.05 --out")
    lines = f"{record}{play}{script}".replace("/dev/ttyUSB2", hardware.port)
    said = guides.run(tmp_path, lines, patience=120)
    assert ", no difference, " in said
    assert (tmp_path / "answers.at").read_text() == "> AT\n< OK\n"


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_it_is_ended_early(start: Start, tmp_path: Path, number: signal.Signals) -> None:
    """What it changed is put back, and what was asked so far is a transcript that the emulator plays."""
    out = tmp_path / "mine.at"
    hardware = start("ML307R")
    with serial.Serial(hardware.port, timeout=5) as dte:
        dte.write(b"ATE1\r")
        dte.read_until(b"OK\r\n")
    command = [sys.executable, "-m", "onemo", "record", hardware.port, "--session", "fidelity", "--out", str(out)]
    with subprocess.Popen([*command, "--quiet", "0.05"], cwd=ROOT, stderr=subprocess.PIPE, text=True) as recorder:
        assert recorder.stderr is not None
        while "goes off and on" not in (line := recorder.stderr.readline()):
            assert line
        with open(out) as transcript:
            while "wait 3" not in transcript.read():
                os.sched_yield()
                transcript.seek(0)
        recorder.send_signal(number)
        _, told = recorder.communicate(timeout=30)
    assert recorder.returncode == 0
    assert told == "onemo-emulator: ended early; what was asked so far is in the transcript\n"
    with serial.Serial(hardware.port, timeout=5) as dte:
        dte.write(b"AT+CFUN?;+CGEREP?;+CMEE?\r")
        answer = dte.read_until(b"OK\r\n")
    assert answer.startswith(b"AT+CFUN?")
    assert b"\r\n+CFUN: 1\r\n" in answer
    assert b"\r\n+CGEREP: 0,0\r\n" in answer
    text = out.read_text()
    assert "...\n> AT+CFUN=1\n" in text
    replayed = onemo("replay", out, "--port", start("ML307R").port, "--timeout", "2")
    assert (replayed.returncode, replayed.stderr) == (0, ""), replayed.stdout


@pytest.mark.slow
def test_a_model_that_no_profile_is_of_is_asked_everything(start: Start, tmp_path: Path) -> None:
    out = tmp_path / "mine.at"
    command = ["record", start("MN316").port, "--session", "fidelity", "--out", str(out), "--model", "ML399"]
    with subprocess.Popen(
        [sys.executable, "-m", "onemo", *command, "--quiet", "0.05"], cwd=ROOT, stderr=subprocess.PIPE, text=True
    ) as recorder:
        assert recorder.stderr is not None
        told = recorder.stderr.readline()
        assert told == "onemo-emulator: no profile is of ML399: it is asked what is asked of any\n"
        while "settings of AT+CPMS" not in recorder.stderr.readline():
            pass
        recorder.send_signal(signal.SIGINT)
        recorder.communicate(timeout=30)
    assert out.read_text().startswith("model: ML399\n")
    assert "> AT+CPMS=?\n" in out.read_text()


def test_a_port_without_a_module(wire: tuple[int, str], tmp_path: Path) -> None:
    """It says so, and what was in the file is still there."""
    out = tmp_path / "mine.at"
    out.write_text("> AT\n")
    asked = onemo("record", wire[1], "--session", "fidelity", "--out", out)
    assert (asked.returncode, out.read_text()) == (2, "> AT\n")
    assert "the module does not answer AT: see that this is its AT port" in asked.stderr
