"""The README: all that it shows happens."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import serial
from onemo import Hosted, Sandbox, load_model, parse_pattern, parse_route
from onemo.at.registry import declarations
from onemo.cli.main import app
from onemo.cli.show import check_file, show_model
from onemo.errors import NetError
from onemo.families import FAMILIES
from onemo.families.sockets.profile import OPEN_RESULTS
from onemo.net.interface import AddressFamily
from onemo.net.sandbox import load_config
from onemo.runtime.labfile import read_lab
from onemo.runtime.labtable import KEYS

from scripts.option_tables import written
from tests.support import fences

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    """The README's blocks in this language, in order."""
    return fences.blocks(README, language)


def section(title: str) -> str:
    return README.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def runs(code: str) -> str:
    """Run a program with the command onemo-emulator within its reach, and return what it prints."""
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
    command = [sys.executable, "-m", "onemo", "run", "--link", str(link)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as module:
        try:
            assert module.stdout is not None
            assert re.fullmatch(rf"ML307R ready on /dev/pts/\d+ \({link}\)\n", module.stdout.readline())
            code = program('"/tmp/modem"').replace("/tmp/modem", str(link))
            assert eval(runs(code)) == b"\r\n+MATREADY\r\n\r\nML307R\r\n\r\nOK\r\n"
        finally:
            module.terminate()
    assert module.returncode == 0


def test_the_tests_of_a_firmware(tmp_path: Path) -> None:
    """They pass; turned around, they fail, one with the dialogue that is shown."""
    code = program("# test_firmware.py")
    (tmp_path / "test_firmware.py").write_text(code)
    (tmp_path / "test_failing.py").write_text(code.replace("not report", "report"))
    command = [sys.executable, "-W", "error", "-m", "pytest", "-p", "onemo.pytest_plugin", "--strict-markers", "."]
    without = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env={**os.environ, **without}, timeout=60
    )
    assert "4 failed, 6 passed" in done.stdout
    (shown,) = re.findall(r"^```\n(-+ onemo .*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert shown in done.stdout


def test_a_module_in_a_thread() -> None:
    assert runs(program("with Hosted()")).startswith("/dev/pts/")


def test_every_attribute_of_the_fixture_is_there() -> None:
    told = section("From CI")
    named = re.findall(
        r"`(?:onemo)?\.?([a-z_]+)(?:\(.*?\))?`", told[told.index("\n|") : told.index("A test that fails")]
    )
    assert len(named) > 20
    with Hosted() as lab:
        module = lab.start()
        seen = (module, module.trace, module.fault("net-reset"))
        missing = {name for name in named if not any(hasattr(each, name) for each in seen)}
    assert missing == {"str", "serial_for_url"}  # which are Python's and pyserial's


def test_there_is_no_program_that_nobody_ran() -> None:
    assert len(blocks("python")) == 5


# ---- The dialogues


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
    told = section("A first session")
    fenced = re.findall(r"^```(?:console)?\n(.*?)^```$", told, re.MULTILINE | re.DOTALL)
    start, picocom, commands, dialogue = [block for block in fenced if "import" not in block]
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


@pytest.mark.parametrize("series", ["ML307R", "MN316"])
def test_the_numbers_of_what_fails(series: str) -> None:
    """The text says of MIPOPEN's results what the profiles say."""
    profile = load_model(series).profile
    results = profile.table(OPEN_RESULTS)
    shown = [results.other, results.name, results.not_registered, results.no_context]
    numbers = [profile.cme[result].number if isinstance(result, str) else result for result in shown]
    assert numbers == ([1, 1, 1, 1] if profile.family == "NB" else [559, 580, 571, 570])
    assert {"559", "580"} <= set(re.findall(r"\d+", section("Without the real network")))
    assert {"571", "570"} <= set(re.findall(r"\d+", section("How a module starts")))


def test_the_ways_to_start_are_understood(tmp_path: Path) -> None:
    told = section("How a module starts").replace("state/", str(tmp_path)).replace("--boot-time 4", "--boot-time 0")
    lines = [line.partition("#")[0].split() for line in re.findall(r"^onemo-emulator (.*)$", told, re.MULTILINE)]
    assert len(lines) == 7
    for arguments in lines:
        with started(*arguments[1:]) as module:
            assert module.stdout is not None
            assert re.match("ML30(7R|5U) ready on ", module.stdout.readline())
            module.terminate()
            assert module.communicate()[1] == ""


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
    assert sandbox.addresses("www.example.com", AddressFamily.IPV4) == ["192.0.2.80"]
    with pytest.raises(NetError):
        sandbox.addresses("gone.example.com", AddressFamily.IPV4)


def test_the_lab(tmp_path: Path) -> None:
    (content,) = [block for block in blocks("toml") if block.startswith("# lab.toml")]
    file = tmp_path / "lab.toml"
    file.write_text(content)
    planned = read_lab(file)
    assert [each.spec.overrides.name for each in planned] == [*(f"meter-{n:03}" for n in range(1, 51)), "gateway-1"]
    assert planned[0].spec.cable.link == tmp_path / "meter-001"
    assert len(planned) == int(re.findall(r'\{"ready": (\d+), ', section("A lab"))[0])


def test_the_tables_of_options_are_what_the_script_writes() -> None:
    assert written(README) == README, "write them anew: .venv/bin/python -m scripts.option_tables"


def test_every_key_of_a_lab_is_listed() -> None:
    heads = re.findall(r"^\| (`.*?) \|", section("A lab"), re.MULTILINE)
    assert sorted(re.findall(r"`(\w+)`", " ".join(heads))) == sorted(KEYS)


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
        assert (
            {"time"}
            < json.loads(line).keys()
            <= {"time", "from", "to", "data", "kind", "event", "connect_id", "detail"}
        )


def test_what_is_not_there_yet_is_not_there() -> None:
    """A command that was added has to leave the list."""
    told = set(re.findall(r"AT\+([A-Z]+)`", section("What is not there yet")))
    assert told
    assert told & set(declarations(FAMILIES)) == set()


def test_the_session_with_the_control(tmp_path: Path) -> None:
    """Each command prints what is shown; the port is one that is free."""
    (session,) = fences.blocks(section("Control"), "console")
    (start, _), (export, _), *steps = re.findall(r"^\$ (.*)\n((?:[^$].*\n)*)", session, re.MULTILINE)
    assert export == "export ONEMO_CONTROL=127.0.0.1:8080"
    arguments = start.removeprefix("onemo-emulator run ").removesuffix(" &").replace(":8080", ":0").split()
    with started(*arguments, "--json") as module:
        assert module.stdout is not None
        environment = {**os.environ, "ONEMO_CONTROL": json.loads(module.stdout.readline())["control"]}
        for command, printed in steps:
            words = [sys.executable, "-m", "onemo", *shlex.split(command)[1:]]
            done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, env=environment, timeout=60)
            assert (done.stdout, done.stderr) == (printed, ""), command


def test_links_lead_somewhere() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if not link.startswith("http")]
    assert links
    files = [link for link in links if not link.startswith("#")]
    assert [link for link in files if not (ROOT / link).exists()] == []
    titles = [f"#{title.lower().replace(' ', '-')}" for title in re.findall(r"^## (.+)$", README, re.MULTILINE)]
    assert [link for link in links if link.startswith("#") and link not in titles] == []


def test_the_order_of_a_first_reading() -> None:
    first = blocks("sh")[0].splitlines()
    assert [line.split()[0] for line in first] == ["./scripts/run", "./scripts/test"]
    titles = re.findall(r"^## (.*)", README, re.MULTILINE)
    read_first = ["Why", "Two commands", "A first session", "From firmware", "From CI", "From docker", "Models"]
    assert titles[:7] == read_first
    assert titles[-1] == "Contributing"
