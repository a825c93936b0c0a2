"""docs/updates.md: every block of it, run."""

from __future__ import annotations

import re
import shlex
import time
from pathlib import Path
from typing import Any

import pytest
import serial
from onemo import Hosted
from onemo.cli.main import app
from onemo.errors import EmulatorError, UsageError
from onemo.faults.say import parse_fault

from tests.e2e.conftest import Start
from tests.e2e.started import ROOT
from tests.support import fences
from tests.support.pages import blocks_of

PAGE = ROOT / "docs" / "updates.md"
GUIDE = PAGE.read_text(encoding="utf-8")
RUN, PACKAGES = fences.blocks(GUIDE, "sh")
(DIALOGUE,) = (block.text for block in blocks_of(PAGE) if not block.language)
(TEST,) = fences.blocks(GUIDE, "python")


def test_a_first_upgrade(start: Start) -> None:
    (line,) = RUN.splitlines()
    module = start(*shlex.split(line)[2:], "--speed", "20")
    with module.awake() as dte:
        for line in DIALOGUE.splitlines():
            if line.startswith("AT"):
                if line == "AT+CGMR":
                    dte.wake()
                dte.line(line)
            else:
                dte.hears(line, within=20)


def test_the_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    for line in PACKAGES.splitlines():
        assert app(shlex.split(line)[1:], exit_on_error=False, result_action="return_value") == 0, line
    told = capsys.readouterr().out
    assert told == "fw.bin: upgrades ML307R-DC from ML307R-DC-MBRH0S01 to ML307R-DC-V2 (differential, 49630 bytes)\n"
    (tmp_path / "x").write_bytes(b"vendor")
    assert app(["firmware", "--inspect", "x"], exit_on_error=False, result_action="return_value") == 1
    for line in ("x --to V", "x --for M --to V --size 9", "x --for M --to V --fail never", "/ --for M --to V"):
        with pytest.raises((EmulatorError, SystemExit)):
            app(["firmware", *shlex.split(line)], exit_on_error=False, result_action="return_value")


class Device:
    """A firmware that updates itself."""

    def __init__(self, url: str) -> None:
        self._port = serial.serial_for_url(url, timeout=0.1)
        self._ask("ATE0")

    def update(self, url: str) -> None:
        self._ask(f'AT+MFWCFG="url","{url}"')
        self._ask("AT+MFWDLOAD", b"+MFWDLOAD: 2,")
        self._ask("AT+MFWUPGRADE", b"+MFWUPGRADE: ")
        self._ask("ATE0")

    def revision(self) -> str:
        return self._ask("AT+CGMR").split(b"\r\n")[1].decode()

    def _ask(self, line: str, end: bytes = b"OK\r\n") -> bytes:
        self._port.write(line.encode() + b"\r")
        told, until = b"", time.monotonic() + 20
        while end not in told and time.monotonic() < until:
            told += self._port.read(256)
        assert end in told, told
        return told


def test_the_test() -> None:
    with Hosted() as hosted:
        scope: dict[str, Any] = {"Device": Device}
        exec(TEST, scope)
        scope["test_the_device_takes_an_update"](hosted)
        (module,) = hosted.modules
        assert module.firmware(to="V 3", fail="power@50").endswith("/ML307R-DC/V%203?fail=power%4050")
        with pytest.raises(UsageError):
            module.firmware(to="")
        with pytest.raises(UsageError, match="no firmware upgrades"):
            hosted.start("MN316", sandbox=True).firmware(to="V3")
        with pytest.raises(UsageError, match="sandbox"):
            hosted.start("ML307R").firmware(to="V3")
        assert "?mini" in hosted.start("ML307R-DL", sandbox=True).firmware(to="V3")


def test_its_faults_are_faults() -> None:
    rows = re.findall(r"^\| `([a-z-]+(?: [^`]*)?)` \|", GUIDE, re.MULTILINE)
    assert len(rows) == 12
    for row in rows:
        parse_fault(row)
