"""What the README shows is what happens."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from emulator import Sandbox, load_model, parse_pattern, parse_route
from emulator.cli.main import app
from emulator.cli.show import check_file, show_model
from emulator.commands import DECLARATIONS
from emulator.errors import NetError
from emulator.net.interface import Family
from emulator.net.sandbox import load_config

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    """The contents of the fenced blocks in this language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def section(title: str) -> str:
    return README.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def runs(code: str) -> str:
    """What a program prints, with the command onemo-emulator within its reach."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, env={**os.environ, "PATH": path}, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def program(word: str) -> str:
    """The one Python block that says word."""
    (code,) = [block for block in blocks("python") if word in block]
    return code


# ---- The programs


def test_the_python_api_in_ten_lines() -> None:
    assert eval(runs(program("HostNetwork"))) == b"\r\n+MATREADY\r\n\r\nOK\r\n"


def test_a_module_started_by_a_test() -> None:
    assert runs(program("subprocess.Popen")) == ""


def test_pyserial_on_the_link(tmp_path: Path) -> None:
    link = tmp_path / "modem"
    command = [sys.executable, "-m", "emulator", "run", "--link", str(link)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as module:
        try:
            assert module.stdout is not None
            assert re.fullmatch(rf"ML307R ready on /dev/pts/\d+ \({link}\)\n", module.stdout.readline())
            code = program('"/tmp/modem"').replace("/tmp/modem", str(link))
            assert eval(runs(code)) == b"\r\n+MATREADY\r\n\r\nML307R\r\n\r\nOK\r\n"
        finally:
            module.terminate()
    assert module.returncode == 0


def test_there_is_no_program_that_nobody_ran() -> None:
    assert len(blocks("python")) == 3


# ---- Profiles of one's own


def test_the_profile(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (content,) = [block for block in blocks("toml") if block.startswith("# my-profiles")]
    directory = tmp_path / "profiles"
    directory.mkdir()
    file = directory / re.sub(r"^# my-profiles/(\S+)\n.*", r"\1", content, flags=re.DOTALL)
    file.write_text(content)
    assert check_file(file, ()) == 0
    assert capsys.readouterr().out.startswith(f"{file}: no mistakes")
    profile = load_model("ACME", (directory,)).profile
    assert profile.power.boot_time == 3.2
    assert profile.commands["MIPOPEN"].params["timeout"].out_of_range == "ignore"


def test_the_sandbox_file(tmp_path: Path) -> None:
    (content,) = [block for block in blocks("toml") if block.startswith("[hosts]")]
    file = tmp_path / "sandbox.toml"
    file.write_text(content)
    sandbox = Sandbox(load_config(file))
    assert sandbox.addresses("www.example.com", Family.IPV4) == ["192.0.2.80"]
    with pytest.raises(NetError):
        sandbox.addresses("gone.example.com", Family.IPV4)


def test_the_routes_are_routes() -> None:
    told = section("Without the real network")
    routes = re.findall(r"--route '([^']+)'", told)
    assert len(routes) >= 3
    assert [parse_route(text).target for text in routes]
    assert [parse_pattern(text) for text in re.findall(r"--deny '([^']+)'", told)]


# ---- What is claimed


def test_every_option_of_run_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    app(["run", "--help"], result_action="return_value")
    options = re.findall(r"^│ (--[a-z-]+)", capsys.readouterr().out, re.MULTILINE)
    assert "--boot-time" in options
    listed = re.findall(r"^\| .*?`(--[a-z-]+)", section("Options of `run`"), re.MULTILINE)
    assert listed == options


def test_the_parameters_that_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    (sample,) = [block for block in blocks("console") if "show MN316 MIPTKA" in block]
    show_model("MN316", "MIPTKA", ())
    printed = capsys.readouterr().out
    assert sample.partition("...\n")[2] in printed


def test_the_lines_of_a_trace() -> None:
    for line in blocks("json")[0].splitlines():
        assert {"time"} < json.loads(line).keys() <= {"time", "from", "to", "data", "event", "connect_id", "detail"}


def test_what_is_not_there_yet_is_not_there() -> None:
    """A command that was added has to leave the list."""
    told = set(re.findall(r"AT\+([A-Z]+)`", section("What is not there yet")))
    assert told
    assert told & {declaration.name for declaration in DECLARATIONS} == set()


def test_links_lead_somewhere() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if not link.startswith("http")]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_two_commands_are_at_the_top() -> None:
    first = blocks("sh")[0].splitlines()
    assert [line.split()[0] for line in first] == ["./scripts/run", "./scripts/test"]
    assert README.index(first[0]) < 500
