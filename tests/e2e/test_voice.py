"""Calls and USSD in the real command: over a pty, from ctl, beside a connection."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from onemo.cli.main import app
from onemo.errors import UsageError

from tests.e2e.started import AT_ONCE, Started


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Started]:
    (tmp_path / "sandbox.toml").write_text('[ussd]\n"*101#" = "余额"\n')
    arguments = ["ML307A-DSLN", "--sandbox", "--sandbox-file", str(tmp_path / "sandbox.toml"), "--json"]
    with Started([*arguments, "--control", "127.0.0.1:0", *AT_ONCE], tmp_path / "stderr") as started:
        told = json.loads(started.wait_ready().ready)
        monkeypatch.setenv("ONEMO_CONTROL", told["control"].removeprefix("http://"))
        monkeypatch.setattr(Started, "port", told["port"])
        yield started


def ctl(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> str:
    capsys.readouterr()
    assert app(["ctl", *words], result_action="return_value") == status
    return capsys.readouterr().out


def test_a_relay_hears_who_calls(running: Started, capsys: pytest.CaptureFixture[str]) -> None:
    with running.awake() as dte:
        dte.ask("AT+CLIP=1", "OK")
        assert json.loads(ctl(capsys, "call", "--from", "13800138000"))["heard"] == "ringing"
        dte.hears("RING", '+CLIP: "13800138000",129,,,,0')
        dte.ask("AT+CLCC", '+CLCC: 1,1,4,0,0,"13800138000",129', "OK")
        assert json.loads(ctl(capsys, "call", "--from", "10086"))["heard"] == "busy"
        assert json.loads(ctl(capsys, "show", "--json"))["calls"][0]["index"] == 1
        dte.hears("RING", '+CLIP: "13800138000",129,,,,0')
        ctl(capsys, "do", "call-end")
        dte.hears("NO CARRIER")
        dte.ask("AT+CLCC", "OK")
    steps = (
        "call from 13800138000: ringing",
        "call from 10086: busy",
        "call from 13800138000: ended by the other side",
    )
    assert ctl(capsys, "verify", *(word for step in steps for word in ("--step", f"event:{step}"))).endswith(
        "matched\n"
    )


def test_a_call_beside_a_connection(running: Started, capsys: pytest.CaptureFixture[str]) -> None:
    with running.awake() as dte:
        dte.ask('AT+MIPOPEN=1,"TCP","www.example.com",7', "OK", "+MIPOPEN: 1,0")
        ctl(capsys, "call")
        dte.hears("RING")
        dte.ask("ATA", "OK")
        dte.ask("AT+CLCC", "+CLCC: 1,1,0,0,0", "OK")
        dte.ask('AT+MIPSEND=1,5,"hello"', "+MIPSEND: 1,5", "OK", '+MIPURC: "rtcp",1,5,hello')
        dte.ask("ATH", "OK")
        dte.ask("AT+MIPCLOSE=1", "OK", "+MIPCLOSE: 1")


def test_ussd(running: Started) -> None:
    with running.awake() as dte:
        dte.ask('AT+CUSD=1,"*100#",15', "OK", '+CUSD: 0,"Balance: 42.50 CNY",15')
        dte.ask('AT+CUSD=1,"*101#",15', "OK", '+CUSD: 0,"4F59989D",72')
        dte.ask('AT+CUSD=1,"*999#",15', "OK", "+CUSD: 4")


def test_what_cannot_be_is_refused(running: Started) -> None:
    with pytest.raises(UsageError, match="up to 20 digits"):
        app(["ctl", "call", "--from", "abc"], result_action="return_value")
