"""``ctl send``: commands at the desk's console of a running emulator, whose DTE notices nothing."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from onemo.cli.main import app
from onemo.errors import EmulatorError

from tests.e2e.dte import WAIT
from tests.e2e.started import AT_ONCE, ROOT, Started
from tests.e2e.test_ctl import Ctl
from tests.support import fences

OPEN = 'AT+MIPOPEN=0,"TCP","www.example.com",7'


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    arguments = ["ML307R", "--name", "meter", "--sandbox", "--control", "127.0.0.1:0", "--json", *AT_ONCE]
    with Started(arguments, tmp_path_factory.mktemp("send") / "stderr") as started:
        yield started.wait_ready()


@pytest.fixture
def control(running: Started, monkeypatch: pytest.MonkeyPatch) -> str:
    """Its address, which the environment tells."""
    address = str(json.loads(running.ready)["control"]).removeprefix("http://")
    monkeypatch.setenv("ONEMO_CONTROL", address)
    return address


@pytest.fixture
def ctl(control: str, capsys: pytest.CaptureFixture[str]) -> Ctl:
    return Ctl(capsys)


@pytest.fixture
def complaint(ctl: Ctl, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Sends something that ends with status 1; returns what stderr says of it."""

    def send(*words: str) -> str:
        capsys.readouterr()
        assert app(["ctl", "send", *words], result_action="return_value") == 1
        return capsys.readouterr().err

    return send


def test_the_answer_is_printed(ctl: Ctl) -> None:
    assert ctl("send", "AT+CSQ") == ctl("send", "meter", "AT+CSQ") == "+CSQ: 20,99\nOK\n"
    assert ctl("send", "AT+CSQ?", status=1) == "ERROR\n"
    assert ctl("send", "AT+CMEE=9", status=1) == "+CME ERROR: 50\n"
    said = json.loads(ctl("send", "AT", "--json"))
    assert said == {"console": 1, "lines": ["OK"], "ok": True, "state": "command", "problem": ""}
    assert json.loads(ctl("send", "AT+NONE", "--json", status=1))["lines"] == ["ERROR"]


def test_the_line_of_the_firmware_is_untouched(ctl: Ctl, running: Started) -> None:
    with running.awake(json.loads(running.ready)["port"]) as dte:
        dte.ask("AT+CMEE=2", "OK")
        assert ctl("send", "AT+CMEE=0;+CSQ") == "+CSQ: 20,99\nOK\n"
        ctl("send", OPEN)
        ctl("send", "AT+MIPCLOSE=0")
        dte.ask("AT+CMEE?", "+CMEE: 2", "OK")
        dte.alive()
    ctl("send", "AT+CMEE=1")
    told = ctl("trace", "--console", "1", "--limit", "1000")
    assert "1> AT+CMEE=0;+CSQ\n" in told
    assert "1< +MIPOPEN: 0,0\n" in told
    assert ctl("trace", "--console", "0", "--contains", "MIPOPEN") == ""


def test_the_lines_of_the_guide(ctl: Ctl) -> None:
    section = (ROOT / "docs" / "control.md").read_text().partition("## A console of the desk's own\n")[2]
    (block, *_) = fences.blocks(section, "console")
    steps = re.findall(r"^\$ onemo-emulator ctl (.*)\n((?:[^$].*\n)*)", block, re.MULTILINE)
    assert len(steps) == block.count("$ ")
    for command, printed in steps:
        assert ctl(*shlex.split(command)) == printed


def test_data_for_an_entry(ctl: Ctl, complaint: Callable[..., str]) -> None:
    ctl("send", OPEN)
    assert ctl("send", "AT+MIPSEND=0,5", "--data", "hello") == ">\n+MIPSEND: 0,5\nOK\n"
    assert ctl("send", "AT+MIPSEND=0", "--data", r"a\x00\r\x1a") == ">\n+MIPSEND: 0,3\nOK\n"
    assert "it asks for data: send it alone" in complaint("AT+MIPSEND=0,5")
    assert "console 1 waits for the data of AT+MIPSEND" in complaint("AT")
    assert ctl("send", "meter", "--data", "hello") == "+MIPSEND: 0,5\nOK\n"
    assert "console 1 asks for no data: send a command" in complaint("--data", "hello")
    ctl("send", "AT+MIPCLOSE=0")


def test_transparent_mode(ctl: Ctl, complaint: Callable[..., str]) -> None:
    ctl("send", OPEN)
    assert ctl("send", "AT+MIPMODE=0,1", "--data", "hello") == "OK\nCONNECT\n"
    assert "console 1 is in transparent mode" in complaint("AT")
    assert ctl("send", "+++") == "OK\n"
    ctl("send", "AT+MIPCLOSE=0")


def test_who_waits_in_vain_is_told(ctl: Ctl, complaint: Callable[..., str]) -> None:
    ctl("fault", "command-silence command=CSQ times=1")
    assert "no final result code within 0.2 s" in complaint("AT+CSQ", "--timeout", "200ms")
    assert ctl("send", "AT+CSQ") == "+CSQ: 20,99\nOK\n"
    ctl("fault", "command-delay command=CGMM seconds=2 times=1")
    assert "within 0.1 s: the command goes on" in complaint("AT+CGMM", "--timeout", "0.1")
    assert "console 1 is busy with AT+CGMM: try again, or wait longer" in complaint("AT", "--timeout", "0.1")
    assert ctl("send", "AT") == "OK\n"


def test_several_at_once(control: str) -> None:
    """Each has its own answer."""
    commands = ("AT+CGMM", "AT+CSQ", "AT+CMEE=9", "AT+CGSN")

    def ask(command: str) -> list[str]:
        answer = httpx.post(f"http://{control}/v1/modules/meter/console", json={"command": command}, trust_env=False)
        return list(answer.json()["lines"])

    with ThreadPoolExecutor(16) as pool:
        said = list(pool.map(ask, commands * 8))
    assert said == said[:4] * 8
    assert said[:3] == [["ML307R", "OK"], ["+CSQ: 20,99", "OK"], ["+CME ERROR: 50"]]


def test_the_commands_of_the_model(ctl: Ctl) -> None:
    rows = {line.split()[0]: line.split(maxsplit=1)[1] for line in ctl("commands").splitlines() if " " in line.strip()}
    assert rows["AT+CSQ"] == "+CSQ: (0-31,99),(0-7,99)"
    listed = json.loads(ctl("commands", "meter", "--json"))
    assert {"name": "AT+CSQ", "forms": ["", "=?"], "test": ["+CSQ: (0-31,99),(0-7,99)"]} in [
        {**each, "forms": sorted(each["forms"])} for each in listed
    ]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("CSQ",), "command=CSQ cannot be. A command line as it stands"),
        (("meter", "--timeout", "1"), "there is nothing to send: give a command like AT+CSQ, data, or both"),
        (("meter", "hello"), "command=hello cannot be. A command line as it stands"),
        (("AT", "--data", r"\x"), "data=\\x is not a text, with"),
        (("AT", "--timeout", "0"), "out of range"),
        ((), "there is nothing to send: give a command like AT+CSQ, data, or both"),
        (("other", "AT"), "there is no module 'other'; there are meter"),
    ],
)
def test_what_is_wrong_is_told(words: tuple[str, ...], says: str, control: str) -> None:
    with pytest.raises(EmulatorError) as error:
        app(["ctl", "send", *words], exit_on_error=False, print_error=False, result_action="return_value")
    assert says in str(error.value)


def test_the_api(control: str) -> None:
    with httpx.Client(base_url=f"http://{control}/v1/modules/meter", timeout=WAIT, trust_env=False) as api:
        said = api.post("/console", json={"command": "AT+CSQ"})
        assert (said.status_code, said.json()["lines"]) == (200, ["+CSQ: 20,99", "OK"])
        assert api.post("/console", json={"command": "CSQ"}).status_code == 422
        assert api.post("/console", json={}).status_code == 422
        api.post("/events", json={"event": "power-off"})
        off = api.post("/console", json={"command": "AT"}).json()
        assert (off["state"], off["problem"]) == ("off", "the module is off: give it its supply first")
        api.post("/events", json={"event": "power-on"})
        assert api.post("/console", json={"command": "AT"}).json()["lines"] == ["OK"]


def test_a_lab_in_several_processes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "lab.toml").write_text('[[module]]\nname = "m{n}"\ncount = 2\nboot_time = 0\nregister_time = 0\n')
    arguments = [str(tmp_path / "lab.toml"), "--processes", "2", "--control", "127.0.0.1:0"]
    with Started(arguments, tmp_path / "stderr", command="lab") as lab:
        told = [json.loads(lab.wait_ready().ready) for _ in range(3)]
        control = told[0]["control"]
        for name in ("m1", "m2"):
            words = ["ctl", "send", name, "AT+CGMM", "--control", control]
            assert app(words, result_action="return_value") == 0
        assert capsys.readouterr().out == "ML307R\nOK\n" * 2
