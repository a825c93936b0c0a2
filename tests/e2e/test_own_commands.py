"""Answers of one's own, the host's network card and the guide's sleep mode in the real command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from onemo.cli.main import app

from tests.e2e.started import AT_ONCE, Started

PROFILE = r"""
extends = "models/ml307r.toml"
source = "ours"
series = "MINE"

[answers]
"AT^BAND?" = { lines = ["^BAND: 3"], delay = 0.1 }
'AT\+NAME="([^"]*)"' = { pattern = true, lines = ["+NAME: {1}"] }
"""


def test_a_profile_answers_its_own_commands(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(PROFILE)
    with Started(["MINE", "--profiles", str(tmp_path), *AT_ONCE], tmp_path / "stderr") as started:
        started.wait_ready()
        with started.awake() as dte:
            dte.ask("AT^BAND?", "^BAND: 3", "OK")
            dte.ask('AT+NAME="pump"', "+NAME: pump", "OK")
            dte.ask("AT+NAME=pump", "ERROR")


def test_the_network_card_comes_by_itself_after_a_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["ML307R", "--sandbox", "--nv", str(tmp_path / "nv.json"), "--json", "--control", "127.0.0.1:0"]
    states = []
    for line, answer in (('AT+MDIALUPCFG="auto",1', ["OK"]), ('AT+MDIALUPCFG="auto"', ['+MDIALUPCFG: "auto",1', "OK"])):
        with Started([*arguments, *AT_ONCE], tmp_path / "stderr") as started:
            told = json.loads(started.wait_ready().ready)
            monkeypatch.setenv("ONEMO_CONTROL", told["control"].removeprefix("http://"))
            monkeypatch.setattr(Started, "port", told["port"])
            with started.awake() as dte:
                capsys.readouterr()
                assert app(["ctl", "show", "--json"], result_action="return_value") == 0
                states.append(json.loads(capsys.readouterr().out)["dialup"])
                dte.ask(line, *answer)
    assert states == ["down", "up"]


def test_the_network_card_s_addresses(tmp_path: Path) -> None:
    line = '+MDIALUP: 1,1,"10.93.120.16","","198.18.0.53"'
    with Started(["ML307R", "--sandbox", *AT_ONCE], tmp_path / "stderr") as started:
        started.wait_ready()
        with started.awake() as dte:
            dte.ask('AT+MDIALUPCFG="mode"', '+MDIALUPCFG: "mode",0', "OK")
            dte.ask("AT+MDIALUP=1,1", "OK", line)
            dte.ask("AT+MDIALUP?", line, "OK")
            dte.ask("AT+MDIALUP=1,0", "OK")


def test_the_guide_s_sleep_mode(tmp_path: Path) -> None:
    arguments = ["ML305U", "--sleep-default", "model", *AT_ONCE]
    with Started(arguments, tmp_path / "stderr") as started:
        started.wait_ready()
        with started.awake() as dte:
            dte.ask('AT+MLPMCFG="sleepmode"', '+MLPMCFG: "sleepmode",2', "OK")
