"""The README and the guides by hand: what they show and name is so, where playing their blocks does not tell."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import serial
from onemo import Hosted, load_model
from onemo.at.registry import declarations
from onemo.cli.main import app
from onemo.families import FAMILIES
from onemo.families.sockets.profile import OPEN_RESULTS
from onemo.runtime.labfile import read_lab
from onemo.runtime.labtable import KEYS

from scripts.option_tables import FILES, written
from tests.support.pages import ROOT, blocks_of, section_of

README = "README.md"
BY_ITSELF = "tests/unit/test_readme.py"


def blocks(page: str) -> list[str]:
    """The blocks of a page that are played here, in order."""
    return [block.text for block in blocks_of(ROOT / page) if block.player == BY_ITSELF]


def test_the_tests_of_a_firmware(tmp_path: Path) -> None:
    """They pass; turned around, they fail, one with the dialogue that is shown."""
    code, shown = blocks("docs/pytest.md")
    (tmp_path / "test_firmware.py").write_text(code)
    (tmp_path / "test_failing.py").write_text(code.replace("not report", "report"))
    command = [sys.executable, "-W", "error", "-m", "pytest", "-p", "onemo.pytest_plugin", "--strict-markers", "."]
    without = {
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONPATH": os.pathsep.join([str(ROOT / "emulator"), str(ROOT)]),
    }
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env={**os.environ, **without}, timeout=60
    )
    assert "4 failed, 6 passed" in done.stdout
    assert shown in done.stdout


def test_every_attribute_of_the_fixture_is_there() -> None:
    told = section_of("docs/pytest.md", "The module")
    named = re.findall(r"`(?:onemo)?\.?([a-z_]+)(?:\(.*?\))?`", told[told.index("\n|") : told.rindex("\n|")])
    assert len(named) > 20
    with Hosted() as lab:
        module = lab.start()
        seen = (module, module.trace, module.fault("net-reset"))
        missing = {name for name in named if not any(hasattr(each, name) for each in seen)}
    assert missing == {"str", "serial_for_url"}  # which are Python's and pyserial's


# ---- The first session


def told_lines(block: str) -> list[str]:
    """The lines of a dialogue without their times; the host's own ports as N."""
    lines = [re.sub(r"^[0-9:.]+ ", "", line) for line in block.splitlines()]
    return [re.sub(r"(127\.0\.0\.1):\d+", r"\1:N", line) for line in lines]


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """``run`` with these arguments, ended whatever happens."""
    command = [sys.executable, "-m", "onemo", "run", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as module:
        try:
            yield module
        finally:
            module.terminate()


def test_the_first_session(tmp_path: Path) -> None:
    start, picocom, commands, dialogue = blocks(README)
    first = start.splitlines()[0].removeprefix("$ ./scripts/run ").replace("/tmp/modem", str(tmp_path / "modem"))
    ready = start.splitlines()[1].replace("/tmp/modem", str(tmp_path / "modem"))
    with started(*first.split(), "--register-time", "0") as module:  # nobody types as fast as this test
        assert module.stdout is not None
        assert re.sub(r"pts/\d+", "", module.stdout.readline().strip()) == re.sub(r"pts/\d+", "", ready)
        with serial.Serial(str(tmp_path / "modem"), timeout=5) as dte:
            typed, _, answer = picocom.partition("\n")[2].partition("\n")
            dte.write(typed.encode() + b"\r")
            assert dte.read_until(b"OK\r\n").decode().replace("\r\n", "\n") == answer
            for line, end in zip(commands.splitlines(), (b"+MIPOPEN: 0,0\r\n", b"hello\r\n"), strict=True):
                dte.write(line.encode() + b"\r")
                read = dte.read_until(end)
                assert read.endswith(end)
        module.terminate()
        lines = told_lines(module.communicate()[1])
    wanted = told_lines(dialogue)
    at = lines.index(wanted[0])
    assert lines[at : at + len(wanted)] == wanted


# ---- What is claimed


@pytest.mark.parametrize("series", ["ML307R", "MN316"])
def test_the_numbers_of_what_fails(series: str) -> None:
    """The text says of MIPOPEN's results what the profiles say."""
    profile = load_model(series).profile
    results = profile.table(OPEN_RESULTS)
    shown = [results.other, results.name, results.not_registered, results.no_context]
    numbers = [profile.cme[result].number if isinstance(result, str) else result for result in shown]
    assert numbers == ([1, 1, 1, 1] if profile.family == "NB" else [559, 580, 571, 570])
    assert {"559", "580"} <= set(re.findall(r"\d+", section_of("docs/network.md", "Denials")))
    assert {"571", "570"} <= set(re.findall(r"\d+", section_of("docs/firmware.md", "How a module starts")))


def test_the_lab(tmp_path: Path) -> None:
    (content,) = [block.text for block in blocks_of(ROOT / "docs/lab.md") if block.named == "lab.toml"]
    file = tmp_path / "lab.toml"
    file.write_text(content)
    planned = read_lab(file)
    assert [each.spec.overrides.name for each in planned] == [*(f"meter-{n:03}" for n in range(1, 51)), "gateway-1"]
    assert planned[0].spec.cable.link == tmp_path / "meter-001"
    assert len(planned) == int(re.findall(r'\{"ready": (\d+), ', section_of("docs/lab.md", "A file"))[0])


@pytest.mark.parametrize("name", FILES)
def test_the_tables_of_options_are_what_the_script_writes(name: str) -> None:
    page = (ROOT / name).read_text()
    assert written(name, page) == page, "write them anew: .venv/bin/python -m scripts.option_tables"


def test_every_key_of_a_lab_is_listed() -> None:
    heads = re.findall(r"^\| (`.*?) \|", section_of("docs/lab.md", "Keys of a module"), re.MULTILINE)
    assert sorted(re.findall(r"`(\w+)`", " ".join(heads))) == sorted(KEYS)


def test_every_option_of_run_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    app(["run", "--help"], result_action="return_value")
    options = re.findall(r"^│ (--[a-z-]+)", capsys.readouterr().out, re.MULTILINE)
    assert "--boot-time" in options
    listed = re.findall(r"^\| .*?`(--[a-z-]+)", section_of("docs/command-line.md", "Options of `run`"), re.MULTILINE)
    assert listed == options


def test_the_lines_of_a_trace() -> None:
    (shown,) = blocks("docs/command-line.md")
    for line in shown.splitlines():
        assert (
            {"time"}
            < json.loads(line).keys()
            <= {"time", "from", "to", "data", "kind", "event", "connect_id", "detail"}
        )


def test_what_is_not_there_is_not_there() -> None:
    """A command that was added has to leave the list; two are named for what they have."""
    told = set(re.findall(r"`AT\+([A-Z]+)`", section_of("docs/limits.md", "What answers otherwise than a module")))
    assert told & set(declarations(FAMILIES)) == {"MDIALUP", "MLBSLOC"}
