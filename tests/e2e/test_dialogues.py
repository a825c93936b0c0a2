"""A transcript is recorded from one module and judges another."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import serial

from tests.e2e.conftest import Start
from tests.e2e.started import ROOT

SCRIPT = """\
> ATE0
> AT+CGMM
> AT+MIPOPEN=0,"TCP","1.2.3.4",7777
wait 1
>> AT+MIPSEND=0,5,"hello"\\r
> AT+MIPCLOSE=0
"""


def onemo(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "onemo", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=30)


def test_a_script_is_recorded_and_replayed(start: Start, tmp_path: Path) -> None:
    script, out, trace = tmp_path / "s.at", tmp_path / "r.at", tmp_path / "t.jsonl"
    script.write_text(SCRIPT)
    module = start("ML307R", "--sandbox")
    with module.awake():
        pass
    recorded = onemo("record", module.port, "--script", script, "--out", out, "--quiet", "0.5", "--notes", "a test")
    assert (recorded.returncode, recorded.stderr) == (0, "")
    text = out.read_text()
    assert text.startswith("notes: a test\n> ATE0\n")
    assert "< +MIPOPEN: 0,0\n" in text
    assert '> AT+MIPSEND=0,5,"hello"\n< +MIPSEND: 0,5\n< OK\n' in text

    other = start("ML307R", "--sandbox", "--trace", str(trace))
    with other.awake():
        pass
    replayed = onemo("replay", out, "--port", other.port, "--timeout", "2")
    assert (replayed.returncode, replayed.stderr) == (0, ""), replayed.stdout
    assert ": 6 steps, no difference, " in replayed.stdout
    assert "> AT+CGMM\n" in onemo("trace", trace, "--from", "dte").stdout
    urcs = onemo("trace", trace, "--kind", "urc").stdout.splitlines()
    assert [line.split("< ")[1] for line in urcs] == [
        "+MATREADY  (URC)",
        "+MIPOPEN: 0,0  (URC)",
        '+MIPURC: "rtcp",0,5,hello  (URC)',
        "+MIPCLOSE: 0  (URC)",
    ]

    out.write_text(text.replace("< +MIPSEND: 0,5", "< +MIPSEND: 0,6"))
    differs = onemo("replay", out, "--port", other.port, "--timeout", "2")
    assert differs.returncode == 1
    assert '  > AT+MIPSEND=0,5,"hello"\n- < +MIPSEND: 0,6\n+ < +MIPSEND: 0,5\n  < OK\n' in differs.stdout


def test_who_has_seen_enough_of_the_differences(start: Start, tmp_path: Path) -> None:
    """``replay … | head -1``: no traceback, and the exit status of what was found."""
    transcript = tmp_path / "d.at"
    transcript.write_text("> ATE0\n...\n" + "> AT+CGMM\n< NONE\n< OK\n" * 3)
    module = start("ML307R")
    with module.awake():
        pass
    command = [sys.executable, "-m", "onemo", "replay", str(transcript), "--port", module.port, "--timeout", "0.3"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as player:
        assert player.stdout is not None
        assert player.stderr is not None
        assert player.stdout.readline().startswith(str(transcript))
        player.stdout.close()
        assert (player.wait(10), player.stderr.read()) == (1, "")


def test_a_dte_is_recorded(start: Start, tmp_path: Path) -> None:
    out, link = tmp_path / "r.at", tmp_path / "dte"
    module = start("ML307R")
    with module.awake():
        pass
    command = [sys.executable, "-m", "onemo", "record", module.port, "--link", str(link), "--out", str(out)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as recorder:
        assert recorder.stdout is not None
        ready = recorder.stdout.readline()
        assert ready == f"recording {module.port} on {os.readlink(link)} ({link})\n"
        with serial.Serial(str(link), timeout=5) as dte:
            dte.write(b"ATE1\rAT\r")
            assert dte.read_until(b"AT\r\r\nOK\r\n").endswith(b"\r\nOK\r\nAT\r\r\nOK\r\n")
        recorder.send_signal(signal.SIGTERM)
        assert recorder.wait(5) == 0
    assert not link.is_symlink()
    assert out.read_text().replace("> AT\n", "") == "> ATE1\n< OK\n= AT\\r\n< OK\n"


def test_what_differs_each_time_is_masked_by_its_usual_name(start: Start, tmp_path: Path) -> None:
    script, out = tmp_path / "s.at", tmp_path / "r.at"
    script.write_text("> ATE0\n> AT+CCLK?\n> AT+CGPADDR=1\n> AT+CGSN=1\n> AT+CIMI\n> AT+ICCID\n> AT+CSQ\n")
    values = [word for name in ("time", "address", "imei", "imsi", "iccid", "signal") for word in ("--value", name)]
    one, other = start("ML307R", "--sandbox"), start("ML307R", "--sandbox", "--name", "other", "--zone", "12")
    for module in (one, other):
        with module.awake():
            pass
    recorded = onemo("record", one.port, "--script", script, "--out", out, "--quiet", "0.1", *values)
    assert (recorded.returncode, recorded.stderr) == (0, "")
    text = out.read_text()
    for line in ('+CCLK: "{time}"', "+CGSN: {imei}", "< {imsi}", "+ICCID: {iccid}", "+CSQ: {signal}", '"{address}"'):
        assert line in text
    replayed = onemo("replay", out, "--port", other.port, "--timeout", "2")
    assert (replayed.returncode, replayed.stderr) == (0, ""), replayed.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("replay", "none.at", "--port", "x"), "none.at: No such file"),
        (("replay", "bad.at", "--port", "x"), "bad.at:1: "),
        (("replay", "s.at", "--port", "none"), "cannot use none"),
        (("replay", "s.at", "--port", "socket://127.0.0.1:1"), "cannot open socket://127.0.0.1:1"),
        (("replay", "s.at", "--port", "nosuch://x"), "cannot open nosuch://x"),
        (("record", "none", "--script", "s.at", "--out", "o.at"), "cannot use none"),
        (("record", "none", "--out", "o.at"), "needs either --link"),
        (
            ("record", "x", "--script", "s.at", "--out", "./s.at"),
            "--out s.at is the script itself",
        ),
        (("record", "x", "--script", "none.at", "--out", "o.at"), "none.at: No such file"),
        (("record", "x", "--script", "s.at", "--out", "no/o.at"), "--out no/o.at: No such"),
        (("record", "loop://", "--script", "s.at", "--out", "/dev/full"), "--out /dev/full takes no more: No space"),
        (("record", "x", "--script", "s.at", "--out", "o.at", "--value", "x=("), "--value x=("),
        (("record", "x", "--script", "s.at", "--out", "o.at", "--value", "hour"), "--value hour: write NAME=REGEX"),
    ],
)
def test_what_cannot_be_run(
    arguments: tuple[str, ...],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from onemo.cli.main import main

    (tmp_path / "s.at").write_text("> AT\n< OK\n")
    (tmp_path / "bad.at").write_text(">AT\n")
    (tmp_path / "o.at").write_text("# recorded before\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["onemo-emulator", *arguments])
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    err = capsys.readouterr().err
    assert told in err
    assert (tmp_path / "o.at").read_text() == "# recorded before\n"
    assert err.count("\n") == 1


def test_a_url_that_pyserial_knows(tmp_path: Path) -> None:
    """A module on ``loop://`` says what it is told."""
    file = tmp_path / "l.at"
    file.write_text(">> hello\n= hello\n>> x{y}\n= x{value}\\x7d\n")
    replayed = onemo("replay", file, "--port", "loop://", "--quiet", "0.1")
    assert (replayed.returncode, replayed.stderr) == (0, ""), replayed.stdout
