"""The card in the real command: an eSIM manager's opening, and what a host for Wi-Fi calling asks it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from onemo.cli.main import app

from tests.e2e.started import AT_ONCE, Started

EID = "89033023001211360000000000000001"
K, OPC = "465B5CE8B199B49FAA5F0A2EE238A6BC", "CD63CB71954A9F4E48A5994E37A02BAF"
RAND, AUTN = "23553CBE9637A89D218AE64DAE47BF35", "55F328B43577B9B94A9FFAC354DFAFB3"
ANSWER = (
    "DB08A54211D5E3BA50BF10B40BA9A3C58B2A05BBF0D987B21BF8CB10F769BCD751044604127672711C6D344108EAE4BE823AF9A08B9000"
)
USIM, ISDR = "A0000000871002", "A0000005591010FFFFFFFF8900000100"


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Started]:
    (tmp_path / "card.toml").write_text(
        f'eid = "{EID}"\nk = "{K}"\nopc = "{OPC}"\n[files]\n6F07 = "084906103254769810"\n6F3E = "0A"\n'
    )
    arguments = ["ML307A-DSLN", "--sandbox", "--card", str(tmp_path / "card.toml"), "--nv", str(tmp_path / "nv.json")]
    arguments += ["--trace", str(tmp_path / "trace.jsonl"), "--json", "--control", "127.0.0.1:0", *AT_ONCE]
    with Started(arguments, tmp_path / "stderr") as started:
        told = json.loads(started.wait_ready().ready)
        monkeypatch.setenv("ONEMO_CONTROL", told["control"].removeprefix("http://"))
        monkeypatch.setattr(Started, "port", told["port"])
        yield started


def test_an_esim_manager_opens_what_is_not_there(tmp_path: Path) -> None:
    with Started(["ML307R", *AT_ONCE], tmp_path / "stderr") as started, started.wait_ready().awake() as dte:
        dte.ask('AT+CSIM=20,"80AA000005A903830107"', '+CSIM: 4,"9000"', "OK")
        dte.ask(f'AT+CCHO="{ISDR}"', "+CME ERROR: 4")


def test_an_esim_manager_reads_the_number(running: Started) -> None:
    with running.awake() as dte:
        dte.ask('AT+CSIM=20,"80AA000005A903830107"', '+CSIM: 4,"9000"', "OK")
        dte.ask(f'AT+CCHO="{ISDR}"', "1", "OK")
        dte.ask('AT+CGLA=1,22,"81E2910006BF3E035C015A"', '+CGLA: 4,"6115"', "OK")
        dte.ask('AT+CGLA=1,10,"81C0000015"', f'+CGLA: 46,"BF3E125A10{EID}9000"', "OK")
        dte.ask("AT+CCHC=1", "+CCHC", "OK")


def test_a_host_for_wi_fi_calling(running: Started, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running.awake() as dte:
        dte.ask("AT+CIMI", "460012345678901", "OK")
        dte.ask("AT+CRSM=176,28423,0,0,9", '+CRSM: 144,0,"084906103254769810"', "OK")
        dte.ask("AT+CRSM=176,28589,0,0,4", '+CRSM: 144,0,"00000002"', "OK")
        dte.ask("AT+CRSM=176,28478,0,0,1", '+CRSM: 144,0,"0A"', "OK")
        dte.ask(f'AT+CCHO="{USIM}"', "1", "OK")
        challenge = f'AT+CGLA=1,78,"8188008122{"10"}{RAND}{"10"}{AUTN}"'
        dte.ask(challenge, '+CGLA: 4,"6135"', "OK")
        dte.ask('AT+CGLA=1,10,"81C0000035"', f'+CGLA: 110,"{ANSWER}"', "OK")
        dte.ask(challenge, '+CGLA: 4,"6110"', "OK")
        dte.ask("AT+CCHC=1", "+CCHC", "OK")
        dte.ask(f'AT+CCHO="{USIM}"', "1", "OK")
        assert app(["ctl", "show", "--json"], result_action="return_value") == 0
        shown = capsys.readouterr().out
        assert [each["channel"] for each in json.loads(shown)["card"]["channels"]] == [0, 1]
        assert app(["ctl", "do", "card-file id=6F3E data=0B"], result_action="return_value") == 0
        dte.ask("AT+CRSM=176,28478,0,0,1", '+CRSM: 144,0,"0B"', "OK")
    kept = (tmp_path / "nv.json").read_text()
    assert json.loads(kept)["settings"]["sim"]["subscriber"]["sqn"] == 0xFF9BB4D0B607
    everything = shown + kept + (tmp_path / "trace.jsonl").read_text() + running.stderr()
    assert not any(key in everything.upper() for key in (K, OPC)), "a key is shown to nobody"


def test_a_mistake_in_the_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "card.toml").write_text('[files]\n6F07 = "zz"\n')
    command = [sys.executable, "-m", "onemo", "run", "ML307R", "--card", str(tmp_path / "card.toml")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    told = "card.toml: files.6F07: is 'zz', not 1 to 32767 octets in hex, two digits each\n"
    assert ended.stderr.endswith(told)
    assert ended.stderr.count("\n") == 1


def test_show_masks_the_keys(capsys: pytest.CaptureFixture[str]) -> None:
    app(["show", "ML307R", "CGLA"], result_action="return_value")
    shown = capsys.readouterr().out
    assert "A0000000871002FF86FF0389FFFFFFFF" in shown.replace("\n", "")
    assert K not in shown
    assert OPC not in shown
