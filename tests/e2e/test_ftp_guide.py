"""docs/ftp.md: every block and every row of it, run."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
import serial
from onemo import Hosted
from onemo.faults.presets import parse_faults

from tests.e2e.conftest import Start
from tests.e2e.sinks import escape
from tests.e2e.started import ROOT
from tests.e2e.test_ftp import free
from tests.support import fences

GUIDE = (ROOT / "docs" / "ftp.md").read_text(encoding="utf-8")
(RUN,) = fences.blocks(GUIDE, "sh")
(DIALOGUE,) = re.findall(r"^```\n(AT.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
(TEST,) = fences.blocks(GUIDE, "python")
ROWS = re.findall(r"^\| `([^`]+)` \| (.*) \|$", GUIDE, re.MULTILINE)


def test_a_session(start: Start) -> None:
    (line,) = RUN.splitlines()
    with start(*shlex.split(line)[2:]).awake() as dte:
        for said in DIALOGUE.splitlines():
            if said.startswith("AT"):
                dte.line(said)
            else:
                dte.hears(said)


def test_the_ways_up(start: Start) -> None:
    """Each row of the table, with what its way wants."""
    ways = [typed for typed, _ in ROWS if typed.startswith("AT+MFTPSTOR")]
    assert len(ways) == 5
    with start("ML307R", "--sandbox").awake() as dte:
        dte.ask('AT+MFTPCONN=0,"h"', "OK", "+MFTPCONN: 0,0")
        dte.ask('AT+MFPUT="/usr/f",5,"hello"', "+MFPUT: 5", "OK")
        for typed, then in zip(ways, (None, b"hello", b"hello\x1a", b"", None), strict=True):
            if '"/usr/f"' in typed:
                dte.ask('AT+MFTPCFG=0,"local_fs",1', "OK")
            dte.line(typed)
            if then:
                dte.reads(b"\r\n>")
                dte.write(then)
            if then == b"":
                dte.reads(b"\r\nCONNECT\r\n")
                dte.write(b"hello")
                escape(dte)
                free(dte)
            else:
                dte.hears("OK", "+MFTPSTOR: 0,0,5")


class Meter:
    """A firmware that reports by FTP."""

    def __init__(self, url: str) -> None:
        self._port = serial.serial_for_url(url, timeout=10)
        self._ask("ATE0", b"OK\r\n")
        self._ask('AT+MFTPCONN=0,"ftp.example.com"', b"+MFTPCONN: 0,0\r\n")

    def configure(self) -> bytes:
        self._ask('AT+MFTPRETR=0,"/config.txt"', b"+MFTPRETR: 0,0,8,8,")
        return bytes(self._port.read(8))

    def report(self, text: bytes) -> None:
        self._ask('AT+MFTPMKD=0,"/log"', b"+MFTPMKD: 0,0\r\n")
        self._ask(f'AT+MFTPSTOR=0,"/log/report.txt",1,{len(text)},"{text.decode()}"', b"+MFTPSTOR: 0,0,4\r\n")

    def _ask(self, line: str, end: bytes) -> None:
        self._port.write(line.encode() + b"\r")
        assert self._port.read_until(end).endswith(end), line


def test_the_test() -> None:
    with Hosted() as hosted:
        scope: dict[str, Any] = {"Meter": Meter}
        exec(TEST, scope)
        scope["test_the_meter_reports"](hosted)


FAULTS = {
    "ftp-reply verb=PASS reply='530 no'": ([], 'AT+MFTPCONN=0,"h"'),
    "ftp-reply verb=STOR reply='452 no space' times=1": (['AT+MFTPCONN=0,"h"'], 'AT+MFTPSTOR=0,"f",1,1,"a"'),
    "ftp-silence verb=PWD": (['AT+MFTPCONN=0,"h"'], "AT+MFTPPWD=0"),
    "ftp-stall size=3000": (['AT+MFTPCONN=0,"h"', 'AT+MFTPSTOR=0,"f",1,4096'], 'AT+MFTPRETR=0,"f"'),
    "file-space free=0": (
        ['AT+MFTPCONN=0,"h"', 'AT+MFTPSTOR=0,"f",1,1,"a"', 'AT+MFTPCFG=0,"local_fs",1'],
        'AT+MFTPRETR=0,"f","/f"',
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_goes_wrong(start: Start, fault: str) -> None:
    """The first thing that its row tells is what comes."""
    (told,) = (re.findall(r"`(\+[^`]+)`", row)[0] for typed, row in ROWS if typed == fault)
    before, line = FAULTS[fault]
    with start("ML307R", "--sandbox", "--speed", "10", "--fault", fault).awake() as dte:
        for each in before:
            dte.line(each)
            if each.endswith(",4096"):
                dte.reads(b"\r\n>")
                dte.write(b"x" * 4096)
                dte.hears("OK", "+MFTPSTOR: 0,0,4096")
            elif "CFG" in each:
                dte.hears("OK")
            else:
                dte.until(rb"\r\nOK\r\n\r\n\+MFTP[A-Z]+: 0,0[^\r]*\r\n")
        dte.line(line)
        dte.until(rb"\r\nOK\r\n\r\n" + re.escape(told).encode() + rb"\r\n", within=20)


def test_its_faults_are_faults() -> None:
    rows = [typed for typed, _ in ROWS if not typed.startswith(("AT", "ctl", "ftp "))]
    assert len(rows) == 8
    for row in rows:
        assert parse_faults(row)
