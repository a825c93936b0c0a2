"""``onemo-emulator ctl`` against a running emulator."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from onemo.cli.main import app
from onemo.errors import EmulatorError

from tests.e2e.dte import WAIT
from tests.e2e.started import AT_ONCE, ROOT, Started
from tests.unit.cli.conftest import on_a_terminal


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    arguments = ["ML307R", "--name", "meter", "--sandbox", "--control", "127.0.0.1:0", "--json", *AT_ONCE]
    with Started(arguments, tmp_path_factory.mktemp("ctl") / "stderr") as started:
        yield started.wait_ready()


@pytest.fixture
def control(running: Started, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Its address, which the environment tells."""
    url = str(json.loads(running.ready)["control"])
    monkeypatch.setenv("ONEMO_CONTROL", url.removeprefix("http://"))
    yield url
    assert app(["ctl", "unfault", "--all"], result_action="return_value") == 0


@pytest.fixture
def ctl(control: str, capsys: pytest.CaptureFixture[str]) -> Ctl:
    return Ctl(capsys)


class Ctl:
    """The command, in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: str, status: int = 0) -> str:
        """Run a command of ``ctl``, and return what it prints."""
        self._capsys.readouterr()
        assert app(["ctl", *words], result_action="return_value") == status
        return self._capsys.readouterr().out


def dialogue(running: Started) -> None:
    with running.awake(json.loads(running.ready)["port"]) as dte:
        dte.ask('AT+MIPOPEN=1,"TCP","www.example.com",7', "OK", "+MIPOPEN: 1,0")
        dte.ask("AT+MIPCLOSE=1", "OK", "+MIPCLOSE: 1")


def test_the_modules(ctl: Ctl) -> None:
    head, row = ctl("modules").splitlines()
    assert head.split()[:3] == ["Name", "Model", "Port"]
    assert row.split()[::3] == ["meter", "ready", "0"]
    assert json.loads(ctl("modules", "--json"))[0]["name"] == "meter"


def test_the_state(ctl: Ctl) -> None:
    shown = ctl("show")
    assert shown == ctl("show", "meter")
    assert re.search(r"sim +present=yes state=ready", shown)
    rows = [line.split() for line in shown.splitlines()]
    assert ["MIPTKA", "0,1,2,3,4,5"] in [row[:2] for row in rows]
    assert ["lights", "network=100/1900", "state=off"] in rows
    assert ["Earfcn", "Pci", "Band", "Ci"] in [row[:4] for row in rows]
    assert ["Id", "Direction", "Pull", "Level", "Own", "World"] in rows
    assert ["6F3E", "FF"] in rows
    assert json.loads(ctl("show", "--json"))["sim"]["present"] is True


def test_faults_come_and_go(ctl: Ctl) -> None:
    armed = ctl("fault", "urc-drop urc=MIPOPEN times=1")
    number = armed.splitlines()[1].split()[0]
    assert ctl("faults") == ctl("faults", "meter") == armed
    assert ctl("unfault", "meter", number).endswith("disarmed\n")
    assert len(ctl("fault", "meter", "hostile").splitlines()) > 5
    ctl("unfault", "--all")
    assert json.loads(ctl("faults", "--json")) == []


def test_an_event(ctl: Ctl) -> None:
    assert "present=no state=absent" in ctl("do", "sim-remove")
    assert json.loads(ctl("do", "meter", "sim-insert", "--json"))["sim"]["present"] is True
    ctl("do", "reboot")


def test_the_trace_and_its_order(ctl: Ctl, running: Started) -> None:
    dialogue(running)
    told = [line.split(maxsplit=1)[1].partition("  (")[0] for line in ctl("trace", "--limit", "20").splitlines()]
    opened = told.index('> AT+MIPOPEN=1,"TCP","www.example.com",7')
    assert told[opened + 1] == "< OK"
    assert told[opened + 2].startswith("* connection 1: opened 127.0.0.1:")
    assert told[opened + 3 : opened + 6] == ["< +MIPOPEN: 1,0", "> AT+MIPCLOSE=1", "< OK"]
    assert ctl("trace", "--command", "MIPCLOSE").count("AT+MIPCLOSE=1") == 1
    assert "connection 1: opened" in (of_one := ctl("trace", "--connect-id", "1"))
    assert ctl("trace", "--connection", "1") == of_one
    assert ctl("trace", "--connect-id", "0") == ""
    assert "+MIPOPEN: 1,0" in ctl("trace", "--urc", "MIPOPEN", "--from", "module")
    steps = ("--step", "sent:AT+MIPOPEN*example", "--step", "0*event:refused", "--step", "received:+MIPCLOSE: 1")
    assert ctl("verify", *steps).endswith("\nmatched\n")
    assert ctl("verify", "meter", "--step", "9*sent:AT+MIPOPEN", status=1).endswith("not matched\n")


def test_errors_are_told_in_words(ctl: Ctl, control: str, running: Started) -> None:
    """Anywhere, and on a terminal in red; what a command prints has them on a terminal alone."""
    with running.awake(json.loads(running.ready)["port"]) as dte:
        dte.ask("AT+MIPCLOSE=0", "+CME ERROR: 551")
        dte.ask("AT+NONE", "ERROR")
    newest = ("trace", "--control", control, "--limit", "4")
    piped = [line.split(maxsplit=1)[1].rpartition("  (")[0] for line in ctl(*newest).splitlines()]
    assert piped[1::2] == ["< +CME ERROR: 551  (TCP/IP not used)", "< ERROR"]
    shown = on_a_terminal(200, "ctl", *newest)
    assert "< \x1b[31m+CME ERROR: 551\x1b[0m  (TCP/IP not used)  (" in shown[1]
    assert "< \x1b[31mERROR\x1b[0m  (" in shown[3]
    assert "\x1b" not in "".join(on_a_terminal(200, "ctl", *newest, NO_COLOR="1"))
    send = ("send", "AT+MIPCLOSE=0", "--control", control)
    assert ctl(*send, status=1) == "+CME ERROR: 551\n"
    told = on_a_terminal(200, "ctl", *send, status=1, NO_COLOR="1")
    assert told == ["+CME ERROR: 551  (TCP/IP not used)"]


def test_following_the_trace(control: str, running: Started) -> None:
    dialogue(running)
    command = [sys.executable, "-m", "onemo", "ctl", "trace", "-f", "--limit", "1", "--control", control]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, env=dict(os.environ)) as following:
        assert following.stdout is not None
        try:
            assert following.stdout.readline()  # what was newest before
            dialogue(running)
            while b"AT+MIPCLOSE" not in following.stdout.readline():
                assert following.poll() is None
        finally:
            following.send_signal(signal.SIGINT)
            following.wait(WAIT)
    assert following.returncode == 0


def test_the_kinds(ctl: Ctl) -> None:
    assert "urc-drop" in ctl("kinds")
    assert "rssi" in ctl("kinds", "signal")


def test_what_makes_sense_now(ctl: Ctl) -> None:
    def row(event: str) -> list[str]:
        return next(line.split(maxsplit=2) for line in ctl("events", "meter").splitlines() if line.startswith(event))

    assert row("sim-remove") == ["sim-remove", "yes"]
    assert row("sim-insert") == ["sim-insert", "no", "the card is in"]
    ctl("do", "sim-remove")
    assert row("sim-remove") == ["sim-remove", "no", "no card is in"]
    ctl("do", "sim-insert")
    listed = json.loads(ctl("events", "--json"))
    assert {"event": "sim-insert", "sense": False, "why": "the card is in"} in listed
    assert {each["event"] for each in listed} == {
        each["name"] for each in json.loads(ctl("kinds", "--json")) if each["event"]
    }


def test_readiness(ctl: Ctl) -> None:
    assert ctl("ready", "--wait", "5") == "ready: 1\n"


def test_it_is_not_ready_where_there_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert app(["ctl", "ready", "--control", "127.0.0.1:1"], result_action="return_value") == 1
    assert "is it started with --control?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("show", "other"), "there is no module 'other'; there are meter"),
        (("fault", "urc-drp"), "did you mean urc-drop"),
        (("fault",), "give a fault, like 'urc-drop urc=MIPOPEN times=1'; before it the name of the module"),
        (("unfault", "77"), "there is no fault 77 on meter"),
        (("unfault",), "the number that ctl faults tells, or --all"),
        (("do", "urc-drop"), "arm it as a fault"),
        (("do", "sim-remov"), "there is no event 'sim-remov'; did you mean sim-remove"),
        (("verify", "--step", "AT"), "write sent:TEXT"),
        (("kinds", "nothing"), "ctl kinds lists them"),
        (("trace", "-f", "--urc", "rtcp"), "leave the filters out"),
        (("show", "--control", "127.0.0.1:1"), "is it started with --control?"),
        (("show", "--control", "here"), "write HOST:PORT"),
        (("show", "--control", "http://[::1"), "write HOST:PORT"),
    ],
)
def test_what_is_wrong_is_told(words: tuple[str, ...], says: str, control: str) -> None:
    with pytest.raises(EmulatorError) as error:
        app(["ctl", *words], exit_on_error=False, print_error=False, result_action="return_value")
    assert says in str(error.value)


def test_without_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ONEMO_CONTROL", raising=False)
    with pytest.raises(EmulatorError, match="give --control HOST:PORT, or set ONEMO_CONTROL"):
        app(["ctl", "modules"], result_action="return_value")


def test_who_lacks_the_token_is_told_how_to_give_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ONEMO_CONTROL_TOKEN", raising=False)
    arguments = ["ML307R", "--control", "127.0.0.1:0", "--control-token", "s3cret", "--json", *AT_ONCE]
    with Started(arguments, tmp_path / "stderr") as started:
        control = json.loads(started.wait_ready().ready)["control"]
        for given, wrong in (((), "a token is needed"), (("--token", "other"), "the token is another one")):
            with pytest.raises(EmulatorError) as error:
                app(["ctl", "modules", "--control", control, *given], result_action="return_value", exit_on_error=False)
            told = f"{wrong}: give --token what --control-token says, or set ONEMO_CONTROL_TOKEN"
            assert str(error.value) == told
        assert app(["ctl", "modules", "--control", control, "--token", "s3cret"], result_action="return_value") == 0
